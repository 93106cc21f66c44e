//! A plugin that brings WASI along: what it finds there, what it does not, and who decides.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test fails by panicking, in its helpers too"
)]

use std::sync::Arc;
use std::time::{SystemTime, UNIX_EPOCH};

use powerbox_authority::audit::{Decision, Filter};
use powerbox_core::InstallError;
use powerbox_tests::powerbox::{Powerbox, component};
use powerbox_tests::world::{LIMIT, World};

const EAR: &str = "test:spy/ear@0.1.0";

/// A world where the plugin is installed, with a virtual WASI, and a directory for its third party's interface.
async fn world() -> World {
    let world = World::new().await.unwrap();
    world.run("mkdir box").await.unwrap();
    world.run("mkdir box/thing").await.unwrap();
    world.install("virtual-wasi", &[("wasi", "virtual"), (EAR, "box")]).await.unwrap();
    world
}

async fn said(world: &World, line: &str) -> String {
    world.run(line).await.unwrap_or_else(|error| panic!("{line}: {error}")).text()
}

async fn refused(world: &World, line: &str) -> String {
    world.run(line).await.unwrap_err().to_string()
}

#[tokio::test(flavor = "multi_thread")]
async fn there_is_nothing_of_the_machine_in_it() {
    let world = world().await;
    assert_eq!(said(&world, "environment").await, "([], [], None)");
    assert_eq!(said(&world, "files").await, "0");
    assert_eq!(said(&world, "terminal").await, "false");
    assert_eq!(said(&world, "input").await, "Err(StreamError::Closed)");
    assert_eq!(said(&world, "splice").await, "Err(StreamError::Closed)");
    for command in ["socket", "resolve"] {
        let answer = said(&world, command).await;
        assert!(answer.contains("access-denied"), "{command}: {answer}");
    }
    let web = refused(&world, "web").await;
    assert!(web.contains("has no web") && web.contains("powerbox:plugin/http"), "{web}");
    let quit = refused(&world, "virtual-wasi:quit").await;
    assert!(quit.contains("ended its own process"), "{quit}");
    world.close().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn the_clocks_go_and_timers_come() {
    let world = world().await;
    let before = SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs();
    let time = said(&world, "time").await;
    let (seconds, rest) = time.split_once('.').unwrap();
    assert!((before..before + 60).contains(&seconds.parse().unwrap()), "{time}, and it was {before}");
    assert!(rest.ends_with("000000 by 1000000"), "{time}: no finer than milliseconds");
    let slept: u64 = said(&world, "nap 20").await.parse().unwrap();
    assert!((20..10_000).contains(&slept), "{slept}");
    let nothing: u64 = said(&world, "nap 0").await.parse().unwrap();
    assert!(nothing < 10_000, "{nothing}");
    assert_eq!(said(&world, "race").await, "[1] false");
    world.close().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn randomness_is_random_and_bounded() {
    let world = world().await;
    assert_eq!(said(&world, "dice 0").await, "0 false");
    assert_eq!(said(&world, "dice 65536").await, "65536 true");
    assert!(refused(&world, "dice 65537").await.contains("65536"));
    world.close().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn it_is_not_granted_by_silence() {
    let world = World::new().await.unwrap();
    world.run("mkdir box").await.unwrap();
    let file = component("virtual-wasi").unwrap();
    let bind = [(EAR.to_owned(), "box".to_owned())];
    let mut installation = world.host.prepare_install(&file, &bind).await.unwrap();
    assert!(installation.wants_wasi());
    installation.grant_wasi();
    assert!(!installation.wants_wasi());
    let silent = world.host.prepare_install(&file, &bind).await.unwrap();
    let refused = world.host.install(silent).await.unwrap_err();
    assert!(matches!(refused, InstallError::Wasi), "{refused}");
    assert!(world.host.installed().list().unwrap().is_empty());
    // The control: with the grant it is installed.
    world.host.install(installation).await.unwrap();
    assert_eq!(said(&world, "files").await, "0");
    world.close().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_taken_back_is_gone_for_those_that_run_too() {
    let world = Arc::new(world().await);
    let waiting = tokio::spawn({
        let world = Arc::clone(&world);
        async move { refused(&world, "forever").await }
    });
    // It reads the time before it waits.
    let begun =
        || world.crossings(&Filter::default()).unwrap().iter().any(|one| one.function == "wall-clock-now");
    while !begun() {
        tokio::task::yield_now().await;
    }
    let id = world.grant("virtual-wasi", "wasi").unwrap().id;
    world.host.revoke_grant(id).unwrap();
    let ended = tokio::time::timeout(LIMIT, waiting).await.unwrap().unwrap();
    assert!(ended.contains("revoked"), "{ended}");
    for line in ["environment", "files", "time", "dice 1", "say x", "socket", "nap 0", "virtual-wasi:quit"] {
        assert!(refused(&world, line).await.contains("revoked"), "{line}");
    }
    let gift = powerbox_core::grants::Gift {
        plugin: "virtual-wasi".into(),
        agent: None,
        slot: "wasi".into(),
        name: None,
        parent: None,
        caveats: Vec::new(),
    };
    world.host.give(&gift).await.unwrap();
    assert_eq!(said(&world, "files").await, "0");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_part_of_it_can_be_granted() {
    let world = world().await;
    world.narrow("virtual-wasi", "wasi", &["functions random-get-random-bytes"]).unwrap();
    assert_eq!(said(&world, "dice 9").await.split(' ').next(), Some("9"));
    for line in ["time", "say x", "socket", "virtual-wasi:quit"] {
        let denied = refused(&world, line).await;
        assert!(denied.contains("denied"), "{line}: {denied}");
    }
    // What there is not is told under every grant that lives.
    assert_eq!(said(&world, "files").await, "0");
    world.narrow("virtual-wasi", "wasi", &["calls 2"]).unwrap();
    said(&world, "dice 1").await;
    assert_eq!(said(&world, "environment").await, "([], [], None)");
    said(&world, "dice 1").await;
    assert!(refused(&world, "dice 1").await.contains("used up"));
    world.close().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn an_agent_has_its_own() {
    let world = world().await;
    world.guest("scout", &[]).await.unwrap();
    let none = world.run_as("scout", "files").await.unwrap_err().to_string();
    assert!(none.contains("`wasi` is bound to nothing"), "{none}");
    let gift = powerbox_core::grants::Gift {
        plugin: "virtual-wasi".into(),
        agent: Some("scout".into()),
        slot: "wasi".into(),
        name: Some("virtual".into()),
        parent: None,
        caveats: Vec::new(),
    };
    world.host.give(&gift).await.unwrap();
    assert_eq!(world.run_as("scout", "files").await.unwrap().text(), "0");
    world.close().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn an_object_of_the_daemon_does_not_pass_for_one_of_wasi() {
    let world = world().await;
    let polled = refused(&world, "foreign thing").await;
    assert!(polled.contains("only pollables of this WASI"), "{polled}");
    // By itself it is called as what it is, under its own grant, and has no such method.
    let alone = refused(&world, "foreign thing --alone").await;
    assert!(alone.contains("has no method"), "{alone}");
    // It is judged and recorded as what it is, whatever the plugin's author calls it.
    let crossing = world.crossings(&Filter::default()).unwrap().pop().unwrap();
    assert!(crossing.slot.contains("spy") && crossing.function.contains("block"), "{crossing:?}");
    world.narrow("virtual-wasi", EAR, &["calls 1"]).unwrap();
    let judged = refused(&world, "foreign thing --alone").await;
    assert!(judged.contains("used up"), "{judged}");
    world.close().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn what_it_gets_is_on_record_and_what_there_is_not_is_no_noise() {
    let world = world().await;
    for line in ["environment", "files", "terminal", "input", "nap 0", "time", "dice 3", "socket", "say x"] {
        said(&world, line).await;
    }
    let of_it = |crossing: &powerbox_authority::audit::Crossing| crossing.slot == "wasi";
    let crossings = world.crossings(&Filter::default()).unwrap();
    let recorded: Vec<_> =
        crossings.iter().filter(|one| of_it(one)).map(|one| one.function.clone()).collect();
    assert_eq!(
        recorded,
        [
            "monotonic-clock-now",
            "monotonic-clock-subscribe-instant",
            "monotonic-clock-now",
            "wall-clock-now",
            "random-get-random-bytes",
            "tcp-create-socket-create-tcp-socket",
        ],
    );
    let socket = crossings.iter().rfind(|one| one.function.contains("socket")).unwrap();
    assert!(socket.outcome.contains("access-denied"), "{socket:?}");
    // What is refused is on record, whatever it is.
    world.host.revoke_grant(world.grant("virtual-wasi", "wasi").unwrap().id).unwrap();
    refused(&world, "files").await;
    let denied = world.denials().unwrap().pop().unwrap();
    assert_eq!((denied.function.as_str(), denied.decision), ("preopens-get-directories", Decision::Denied));
    world.close().await.unwrap();
}

fn user() -> Powerbox {
    let user = Powerbox::embedded().unwrap();
    user.ok(&["mkdir", "box"]).unwrap();
    user
}

fn install(user: &Powerbox, more: &[&str]) -> powerbox_tests::program::Finished {
    let file = component("virtual-wasi").unwrap();
    let bind = format!("{EAR}=box");
    let command = ["plugin", "install", "--yes", file.to_str().unwrap(), "--bind", &bind];
    user.run(&[&command[..], more].concat()).unwrap()
}

#[test]
fn what_is_written_goes_to_the_log_in_lines() {
    let user = user();
    assert_eq!(install(&user, &["--wasi", "virtual"]).status, Some(0));
    assert_eq!(user.run(&["say", "grüße\u{1b}[31m\nund"]).unwrap().stdout, "");
    assert_eq!(user.run(&["lines"]).unwrap().status, Some(0));
    let flooded = user.run(&["flood"]).unwrap();
    assert!(flooded.stderr.contains("65536"), "{flooded:?}");
    let log = std::fs::read_to_string(user.path("state/powerbox/plugins.log")).unwrap();
    let notes: Vec<_> =
        log.lines().map(|line| line.split_once("Z ").unwrap().1.trim_start().to_owned()).collect();
    let plugin = "plugin=\"virtual-wasi\"";
    let expected = |level: &str, note: &str| format!("{level} {note} {plugin}");
    assert_eq!(
        notes[..5],
        [
            // The terminal's control character is shown, not obeyed.
            expected("INFO", "grüße\\u{1b}[31m"),
            expected("INFO", "und"),
            expected("WARN", "one"),
            expected("WARN", "two"),
            expected("WARN", "three"),
        ],
    );
    assert_eq!(notes.iter().filter(|note| **note == expected("INFO", "water")).count(), 1000);
    assert_eq!(notes.len(), 1005);
}

#[test]
fn a_person_sees_what_it_is_before_and_after() {
    let user = user();
    let silent = install(&user, &[]);
    assert_eq!(silent.status, Some(1), "{silent:?}");
    insta::assert_snapshot!("install-silent", silent.stderr);
    let file = component("virtual-wasi").unwrap();
    let seen = |name: &str| {
        let all = user.ok(&["plugin", "inspect", name]).unwrap();
        let slots = all.split_once("\nslots\n").unwrap().1;
        slots.split_once("\ncommands\n").unwrap().0.to_owned()
    };
    insta::assert_snapshot!("inspect-file", seen(file.to_str().unwrap()));
    let granted = install(&user, &["--wasi", "virtual"]);
    insta::assert_snapshot!("install-granted", granted.stderr);
    insta::assert_snapshot!("inspect-installed", seen("virtual-wasi"));
    let why = user.ok(&["why", "virtual-wasi"]).unwrap();
    assert!(why.contains("wasi → virtual-wasi of this host"), "{why}");
}
