//! Our CapTP as a client of the real daemon of the npm package `@endo/daemon` 1.0.3.

use std::time::Duration;

use powerbox_captp::{CallError, Config, Object, Reason, Session, Value, transport};
use powerbox_tests::{node::NpmDaemon, powerbox::Powerbox, program::Home};

// The daemon forks a Node process for a worker, which takes a second or two.
const LIMIT: Duration = Duration::from_secs(60);

async fn within<T>(what: &str, future: impl IntoFuture<Output = T>) -> T {
    match tokio::time::timeout(LIMIT, future.into_future()).await {
        Ok(value) => value,
        Err(_) => panic!("{what} took longer than {LIMIT:?}"),
    }
}

async fn connected(daemon: &NpmDaemon) -> (Session, Object, Object) {
    let path = daemon.address().strip_prefix("unix:").unwrap();
    let session = transport::unix::connect(path, Config::new("npm-test")).await.unwrap();
    let facets = within("the bootstrap", session.bootstrap()).await.unwrap();
    let facet = |name: &str| facets.get(name).and_then(Value::as_capability).unwrap().clone();
    (session, facet("publicFacet"), facet("privateFacet"))
}

#[tokio::test(flavor = "multi_thread")]
async fn ping_a_worker_and_the_end() {
    let home = Home::new().unwrap();
    let daemon = NpmDaemon::start(&home).unwrap();
    let (session, public, private) = connected(&daemon).await;
    assert_eq!(public.interface().as_deref(), Some("Alleged: EndoPublicFacet"));
    assert_eq!(private.interface().as_deref(), Some("Alleged: EndoPrivateFacet"));
    let pong = within("ping", public.call("ping", vec![])).await.unwrap();
    assert_eq!(pong.as_str(), Some("pong"));

    // The record of a worker is pipelined upon, and one of its parts is a promise.
    let made = private.call("makeWorker", vec![]);
    let actions = made.get("actions");
    let worker = within("makeWorker", made).await.unwrap();
    let terminated = worker.get("terminated").and_then(Value::as_capability).unwrap().clone();
    assert!(terminated.is_promise());
    let methods = within("method names", actions.call("__getMethodNames__", vec![])).await.unwrap();
    assert_eq!(methods, Value::texts(["__getMethodNames__", "terminate"]));
    let ended = within("terminate of the worker", actions.call("terminate", vec![])).await.unwrap();
    assert!(ended.is_undefined());

    // The daemon never answers its own end: it says that it goes.
    let (second, other_public, _) = connected(&daemon).await;
    let end = within("terminate", private.call("terminate", vec![])).await;
    assert!(matches!(end, Err(CallError::Disconnected(_))), "{end:?}");
    let pending = within("the promise of the worker's end", terminated.settled()).await;
    assert!(matches!(pending, Err(CallError::Disconnected(_))), "{pending:?}");
    for session in [session, second] {
        let reason: Reason = within("the end of the session", session.closed()).await;
        assert_ne!(reason.to_string(), "");
    }
    let late = within("a call after the end", other_public.call("ping", vec![])).await;
    assert!(matches!(late, Err(CallError::Disconnected(_))), "{late:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn errors_have_their_class() {
    let home = Home::new().unwrap();
    let daemon = NpmDaemon::start(&home).unwrap();
    let (session, public, _) = connected(&daemon).await;
    let failure = within("a method that it lacks", public.call("list", vec![])).await.unwrap_err();
    // This daemon's texts are broken by its packaging; the class is right.
    assert_eq!(failure.thrown_error().unwrap().0, "TypeError");
    let failure =
        within("a call on that", public.call("list", vec![]).call("next", vec![])).await.unwrap_err();
    assert_eq!(failure.thrown_error().unwrap().0, "TypeError");
    session.disconnect(None);
    within("the end of the session", session.closed()).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_daemon_that_is_killed_ends_what_is_pending() {
    let home = Home::new().unwrap();
    let daemon = NpmDaemon::start(&home).unwrap();
    let (session, _, private) = connected(&daemon).await;
    let worker = within("makeWorker", private.call("makeWorker", vec![])).await.unwrap();
    let terminated = worker.get("terminated").and_then(Value::as_capability).unwrap().settled();
    drop(daemon);
    let pending = within("the promise of the worker's end", terminated).await;
    assert!(matches!(pending, Err(CallError::Disconnected(_))), "{pending:?}");
    within("the end of the session", session.closed()).await;
}

/// It listens where the embedded daemon does, as Endo's own does with `ENDO_SOCK` set to that place.
#[test]
fn in_the_embedded_daemons_place_it_is_refused_and_runs_on() {
    let (home, user) = (Home::new().unwrap(), Powerbox::embedded().unwrap());
    let daemon = NpmDaemon::start(&home).unwrap();
    let folder = user.path("run/powerbox");
    let mut builder = std::fs::DirBuilder::new();
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700).create(&folder).unwrap();
    let socket = folder.join("daemon.sock");
    let put = || {
        let there = daemon.address().strip_prefix("unix:").unwrap();
        std::os::unix::fs::symlink(there, &socket).unwrap();
    };
    let refused = || {
        for words in [&["list"][..], &["status"], &["up"]] {
            let finished = user.run(words).unwrap();
            assert_eq!(finished.status, Some(4), "{words:?}: {finished:?}");
            assert!(finished.stderr.contains("is not your embedded daemon"), "{words:?}: {finished:?}");
        }
    };
    put();
    refused();
    // The host is without its daemon until the place is free.
    std::fs::remove_file(&socket).unwrap();
    user.ok(&["mkdir", "notes"]).unwrap();
    // What is put there later is asked for nothing.
    std::fs::rename(&socket, folder.join("moved")).unwrap();
    put();
    assert!(user.ok(&["list"]).unwrap().contains("notes"));
    std::fs::remove_file(&socket).unwrap();
    std::fs::rename(folder.join("moved"), &socket).unwrap();
    user.ok(&["stop"]).unwrap();
    // It was not stopped.
    std::os::unix::net::UnixStream::connect(daemon.address().strip_prefix("unix:").unwrap()).unwrap();
}
