//! Replacing an installed plugin while the host runs: a file that asks for no more is live for the next invocation,
//! running ones finish on the old version, and one that asks for more, or is broken, leaves the old one in place.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test fails by panicking, in its helpers too"
)]

mod daemon;
mod files;

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use futures_util::future::BoxFuture;
use powerbox_authority::audit::{Decision, Filter, Reader};
use powerbox_authority::grant::Holder;
use powerbox_core::local::{FrontEnd, Output};
use powerbox_core::plugin::{Data, Signatures};
use powerbox_core::{Allowances, Event, Host, HostConfig, InvokeError, Principal, Request, Watch};
use powerbox_sandbox::EngineOptions;
use powerbox_tests::powerbox::component;
use tempfile::TempDir;
use tokio::sync::broadcast::Receiver;

use self::daemon::Gate;

/// Longer than anything takes on a busy machine.
const LIMIT: Duration = Duration::from_secs(60);

struct Silent;

impl FrontEnd for Silent {
    fn emit(&self, _: Output) -> BoxFuture<'_, ()> {
        Box::pin(async {})
    }
}

/// A host with the plugin `reload` installed from a file that the test can replace.
struct Bench {
    host: Host,
    gate: Arc<Gate>,
    file: PathBuf,
    events: Receiver<Event>,
    _watch: Watch,
    folder: TempDir,
}

impl Bench {
    async fn new() -> Self {
        Self::installed_from("plugin.wasm").await
    }

    /// With the plugin's file at this place in the folder.
    async fn installed_from(place: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join(place);
        std::fs::create_dir_all(file.parent().unwrap()).unwrap();
        replace(&file, "reload-v1");
        let (host, gate) = open(folder.path()).await;
        let bind = [("home".to_owned(), "home".to_owned())];
        let installation = host.prepare_install(&file, &bind).await.unwrap();
        host.install(installation).await.unwrap();
        let watch = host.watch().unwrap();
        let events = host.events();
        Self { host, gate, file, events, _watch: watch, folder }
    }

    async fn next_event(&mut self) -> Event {
        tokio::time::timeout(LIMIT, self.events.recv()).await.unwrap().unwrap()
    }

    async fn is_swapped(&mut self) {
        let event = self.next_event().await;
        assert!(files::swapped(&event), "{event:?}");
    }

    async fn version(&self) -> String {
        said(run(&self.host, &["version"]).await)
    }
}

async fn open(folder: &Path) -> (Host, Arc<Gate>) {
    let (connect, gate) = daemon::connect();
    let config = HostConfig {
        state: folder.join("state"),
        data: folder.join("data"),
        cache: folder.join("cache"),
        bundled: vec![],
        connect,
        allowances: Allowances::default(),
        signatures: Signatures::default(),
        engine: EngineOptions::default(),
        authority: None,
    };
    (Host::open(config).await.unwrap(), gate)
}

async fn run(host: &Host, words: &[&str]) -> Result<Output, InvokeError> {
    let (command, words) = words.split_first().unwrap();
    let request = Request {
        principal: Principal::person(),
        command: (*command).to_owned(),
        words: words.iter().map(|word| (*word).to_owned()).collect(),
    };
    tokio::time::timeout(LIMIT, host.invoke(request, Arc::new(Silent))).await.unwrap()
}

fn said(outcome: Result<Output, InvokeError>) -> String {
    match outcome {
        Ok(Output::Message(message)) => message,
        other => panic!("{other:?}"),
    }
}

/// Puts a component in a file's place, as build tools do: beside it first, then in one step.
fn replace(file: &Path, name: &str) {
    let aside = file.with_extension("new");
    std::fs::copy(component(name).unwrap(), &aside).unwrap();
    std::fs::rename(&aside, file).unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_version_that_asks_for_no_more_is_live_for_the_next_invocation() {
    let mut bench = Bench::new().await;
    assert_eq!(bench.version().await, "one");
    replace(&bench.file, "reload-v2");
    let event = bench.next_event().await;
    let Event::Swapped { digest, difference, .. } = &event else { panic!("{event:?}") };
    assert_eq!(*digest, bench.host.registry().plugin("reload").unwrap().digest().to_string());
    assert!(difference.is_empty(), "{difference:?}");
    assert_eq!(bench.version().await, "two");
    // Written over in place, as a copy does, it is taken as well.
    std::fs::copy(component("reload-v1").unwrap(), &bench.file).unwrap();
    loop {
        match bench.next_event().await {
            // A copy in pieces may be seen half done.
            Event::Broken { kept: true, .. } => {}
            event => break assert!(files::swapped(&event), "{event:?}"),
        }
    }
    assert_eq!(bench.version().await, "one");
}

#[tokio::test(flavor = "multi_thread")]
async fn running_invocations_finish_on_the_version_they_began_with() {
    let mut bench = Bench::new().await;
    let host = bench.host.clone();
    let running = tokio::spawn(async move { run(&host, &["slow", "gate"]).await });
    tokio::time::timeout(LIMIT, bench.gate.reached()).await.unwrap();
    replace(&bench.file, "reload-v2");
    bench.is_swapped().await;
    assert_eq!(bench.version().await, "two");
    bench.gate.open();
    assert!(said(running.await.unwrap()).starts_with("one"));
    assert!(said(run(&bench.host, &["slow", "note"]).await).starts_with("two"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_version_that_asks_for_more_waits_until_it_is_installed_again() {
    let mut bench = Bench::new().await;
    replace(&bench.file, "reload-more");
    let Event::Waiting { plugin, wants, remedy } = bench.next_event().await else {
        panic!("it did not wait")
    };
    assert_eq!(plugin, "reload");
    assert!(wants.iter().any(|want| want.contains("new slot `attic`")), "{wants:?}");
    assert!(remedy.contains("powerbox plugin install"), "{remedy}");
    assert_eq!(bench.version().await, "one");
    let installation = bench.host.prepare_install(&bench.file, &[]).await.unwrap();
    bench.host.install(installation).await.unwrap();
    assert_eq!(bench.version().await, "two");
    // The slot that it was bound to before stays bound; the new one was not bound to anything.
    assert!(said(run(&bench.host, &["slow", "note"]).await).starts_with("two"));
    let unbound = run(&bench.host, &["tidy", "x"]).await.unwrap_err();
    assert!(unbound.to_string().contains("`attic` is bound to nothing"), "{unbound}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_broken_version_leaves_the_old_one_in_place() {
    let mut bench = Bench::new().await;
    for broken in [&b"not a component"[..], b"", b"\0asm\x0d\0\x01\0\x07"] {
        let aside = bench.file.with_extension("new");
        std::fs::write(&aside, broken).unwrap();
        std::fs::rename(&aside, &bench.file).unwrap();
        let event = bench.next_event().await;
        assert!(matches!(event, Event::Broken { kept: true, .. }), "{event:?}");
        assert_eq!(bench.version().await, "one");
    }
    replace(&bench.file, "reload-v2");
    bench.is_swapped().await;
    assert_eq!(bench.version().await, "two");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_that_changed_while_nobody_watched_is_considered_at_the_next_start() {
    let bench = Bench::new().await;
    let Bench { host, file, folder, .. } = bench;
    host.disconnect().await;
    drop(host);
    replace(&file, "reload-v2");
    let (host, _gate) = open(folder.path()).await;
    let events = host.take_startup_events();
    assert!(matches!(&events[..], [event] if files::swapped(event)), "{events:?}");
    assert_eq!(said(run(&host, &["version"]).await), "two");
    replace(&file, "reload-more");
    for expected in [1, 0] {
        // What is waiting is said once.
        let (host, _gate) = open(folder.path()).await;
        assert_eq!(host.take_startup_events().len(), expected);
        assert_eq!(said(run(&host, &["version"]).await), "two");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_version_that_came_for_a_visit_goes_when_its_process_was_killed() {
    let bench = Bench::new().await;
    let Bench { host, file, folder, .. } = bench;
    let before = host.installed().list().unwrap().remove(0);
    let slots = host.ledger().list(false).unwrap().len();
    let reached = |host: &Host| {
        let held = host.ledger().held_by(&Holder::plugin(None, "reload")).unwrap();
        held.into_iter()
            .map(|record| (record.slot, record.target))
            .collect::<std::collections::BTreeMap<_, _>>()
    };
    let reached_before = reached(&host);
    let held = host.ledger().held_by(&Holder::plugin(None, "reload")).unwrap();
    let grants: Vec<_> = held.iter().map(|record| record.id).collect();
    let visit = host.installed().begin_visit("reload", Some(&before), &grants).unwrap().unwrap();
    let other = folder.path().join("other.wasm");
    replace(&other, "reload-more");
    // A slot that it did not have, and one that reached something else.
    let bind =
        [("attic", "home"), ("home", "elsewhere")].map(|(slot, name)| (slot.to_owned(), name.to_owned()));
    let installation = host.prepare_install(&other, &bind).await.unwrap();
    host.install(installation).await.unwrap();
    // While its process lives, others have it too.
    let (second, _gate) = open(folder.path()).await;
    assert_eq!(said(run(&second, &["version"]).await), "two");
    assert_eq!(second.ledger().list(false).unwrap().len(), slots + 1);
    assert_ne!(reached(&second)["home"], reached_before["home"]);
    // The lock goes with the process.
    drop((visit, host, second));
    let (host, _gate) = open(folder.path()).await;
    assert_eq!(said(run(&host, &["version"]).await), "one");
    assert_eq!(host.ledger().list(false).unwrap().len(), slots, "what it was granted beyond that is gone");
    assert_eq!(reached(&host), reached_before, "and each slot reaches what it did");
    assert_eq!(host.installed().list().unwrap().remove(0).source, before.source);
    drop(file);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_another_process_does_to_the_records_is_followed() {
    let mut bench = Bench::new().await;
    let (other, _gate) = open(bench.folder.path()).await;
    other.remove_plugin("reload", Data::Delete).await.unwrap();
    assert_eq!(bench.next_event().await, Event::Removed { plugin: "reload".into() });
    assert!(matches!(run(&bench.host, &["version"]).await, Err(InvokeError::Unknown(_))));
}

#[tokio::test(flavor = "multi_thread")]
async fn revoking_ends_the_calls_under_way_and_those_that_follow() {
    let bench = Bench::new().await;
    let host = bench.host.clone();
    let running = tokio::spawn(async move { run(&host, &["slow", "gate"]).await });
    tokio::time::timeout(LIMIT, bench.gate.reached()).await.unwrap();
    let host = &bench.host;
    for record in host.ledger().held_by(&Holder::plugin(None, "reload")).unwrap() {
        host.revoke_grant(record.id).unwrap();
    }
    // The object never answers: only the revocation can end the call.
    let ended = running.await.unwrap().unwrap_err();
    assert!(ended.to_string().contains("revoked"), "{ended}");
    let after = run(&bench.host, &["slow", "note"]).await.unwrap_err();
    assert!(after.to_string().contains("revoked"), "{after}");
    let denied = Filter { decision: Some(Decision::Denied), ..Filter::default() };
    let records = Reader::open(bench.host.audit().folder().unwrap(), &denied).unwrap();
    assert!(records.map(|record| format!("{record:?}")).any(|record| record.contains("revoked")));
    // Installed and bound again, it begins anew.
    let bind = [("home".to_owned(), "home".to_owned())];
    let installation = bench.host.prepare_install(&bench.file, &bind).await.unwrap();
    bench.host.install(installation).await.unwrap();
    assert!(said(run(&bench.host, &["slow", "note"]).await).starts_with("one"));
}
