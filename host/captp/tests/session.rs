//! Two sessions of this crate, joined by a stream in memory.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "this is a test, helpers included"
)]

use std::borrow::Cow;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use powerbox_captp::{
    Answer, CallError, Config, Exo, Limits, Object, Reason, Release, Reply, Session, Value, promise,
    transport,
};
use tokio::task::yield_now;

/// Joins two sessions.
fn join(a: Config, b: Config) -> (Session, Session) {
    let (near, far) = transport::pair();
    (Session::start(near, a), Session::start(far, b))
}

/// Joins two sessions of which the second serves an object; gives that as the first sees it.
async fn serve(object: Object) -> (Object, Session, Session) {
    let (a, b) = join(
        Config::new("a").release(Release::AtOnce),
        Config::new("b").release(Release::AtOnce).bootstrap(object),
    );
    let Value::Capability(remote) = a.bootstrap().await.unwrap() else { panic!("no object") };
    (remote, a, b)
}

/// An object for all that is tried here.
struct Thing {
    dropped: Arc<AtomicUsize>,
    kept: Mutex<Vec<Value>>,
}

impl Thing {
    fn object() -> (Object, Arc<AtomicUsize>) {
        let dropped = Arc::new(AtomicUsize::new(0));
        (Self::counting(&dropped), dropped)
    }

    fn counting(dropped: &Arc<AtomicUsize>) -> Object {
        Object::exo(Arc::new(Self { dropped: dropped.clone(), kept: Mutex::default() }))
    }
}

impl Drop for Thing {
    fn drop(&mut self) {
        self.dropped.fetch_add(1, Ordering::SeqCst);
    }
}

impl Exo for Thing {
    fn interface(&self) -> Cow<'_, str> {
        "Alleged: Thing".into()
    }

    fn methods(&self) -> &'static [&'static str] {
        &["echo", "make", "panic", "panicLater", "never", "keep", "kept", "drop", "call", "slow"]
    }

    fn call(self: &Arc<Self>, method: &str, args: Vec<Value>) -> Reply {
        let first = args.first().cloned().unwrap_or(Value::Undefined);
        match method {
            "echo" => Reply::value(first),
            "make" => Reply::value(Self::counting(&self.dropped)),
            "panic" => panic!("on purpose"),
            "panicLater" => Reply::pending(async { panic!("on purpose") }),
            "never" => Reply::pending(std::future::pending()),
            "keep" => {
                self.kept.lock().unwrap().extend(args);
                Reply::undefined()
            }
            "kept" => Reply::value(Value::List(self.kept.lock().unwrap().clone())),
            "drop" => {
                self.kept.lock().unwrap().clear();
                Reply::undefined()
            }
            "call" => match first {
                Value::Capability(object) => Reply::Answer(object.call("echo", args[1..].to_vec())),
                _ => Reply::error(CallError::type_error("no object")),
            },
            _ => Reply::pending(async move {
                for _ in 0..10 {
                    yield_now().await;
                }
                Ok(first)
            }),
        }
    }
}

/// Waits until something holds that follows without delay.
async fn until(condition: impl Fn() -> bool) {
    for _ in 0..1_000 {
        if condition() {
            return;
        }
        yield_now().await;
    }
    panic!("it never holds");
}

#[tokio::test]
async fn dropping_the_last_reference_frees_both_ends() {
    let (thing, dropped) = Thing::object();
    let (remote, a, b) = serve(thing).await;
    let made = remote.call("make", vec![]).await.unwrap();
    let again = made.clone();
    assert_eq!((a.stats().imports, b.stats().exports), (2, 2));
    drop(made);
    assert_eq!(a.stats().imports, 2);
    drop(again);
    until(|| b.stats().exports == 1).await;
    assert_eq!(a.stats().imports, 1);
    // The window of kept answers still has it, until the session ends.
    a.disconnect(None);
    b.closed().await;
    until(|| dropped.load(Ordering::SeqCst) >= 1).await;
}

#[tokio::test]
async fn by_default_the_peer_is_told_of_no_drop() {
    let (thing, _) = Thing::object();
    let (a, b) = join(Config::new("a"), Config::new("b").bootstrap(thing));
    let Value::Capability(remote) = a.bootstrap().await.unwrap() else { panic!("no object") };
    drop(remote.call("make", vec![]).await.unwrap());
    remote.call("echo", vec![]).await.unwrap();
    assert_eq!((a.stats().imports, b.stats().exports), (1, 2));
}

#[tokio::test]
async fn a_panic_is_an_error_and_nothing_else() {
    let (thing, _) = Thing::object();
    let (remote, a, _b) = serve(thing).await;
    let pending = remote.call("slow", vec![1.0.into()]);
    for method in ["panic", "panicLater"] {
        let error = remote.call(method, vec![]).await.unwrap_err();
        let (class, message) = error.thrown_error().unwrap();
        assert_eq!(class, "Error");
        assert!(!message.contains("on purpose"), "{message}");
    }
    assert_eq!(pending.await.unwrap(), 1.0.into());
    assert_eq!(a.reason(), None);
}

#[tokio::test(start_paused = true)]
async fn a_deadline_ends_a_call_and_not_the_session() {
    let (thing, _) = Thing::object();
    let (a, _b) = join(Config::new("a").deadline(Duration::from_secs(5)), Config::new("b").bootstrap(thing));
    let Value::Capability(remote) = a.bootstrap().await.unwrap() else { panic!("no object") };
    let started = tokio::time::Instant::now();
    assert!(matches!(remote.call("never", vec![]).await, Err(CallError::Deadline)));
    assert_eq!(started.elapsed().as_secs(), 5);
    assert_eq!(remote.call("echo", vec![true.into()]).await.unwrap(), true.into());
    assert!(matches!(
        remote.call("never", vec![]).within(Duration::from_secs(1)).await,
        Err(CallError::Deadline)
    ));
    assert_eq!(started.elapsed().as_secs(), 6);
}

#[tokio::test]
async fn everything_pending_ends_with_the_session() {
    let (thing, _) = Thing::object();
    let (remote, a, b) = serve(thing).await;
    let (open, _resolver) = promise();
    let calls: Vec<Answer> = vec![
        remote.call("never", vec![]),
        remote.call("never", vec![]).call("more", vec![]),
        remote.call("echo", vec![open.into()]),
    ];
    until(|| b.stats().peer_questions == 5 - 1).await;
    b.disconnect(Some("enough"));
    for call in calls {
        let error = call.await.unwrap_err();
        assert!(
            matches!(&error, CallError::Disconnected(Reason::Peer(_, Some(reason))) if **reason == *"\"enough\"")
        );
    }
    assert!(matches!(a.closed().await, Reason::Peer(..)));
    assert!(matches!(b.closed().await, Reason::Closed(..)));
    assert!(matches!(remote.call("echo", vec![]).await, Err(CallError::Disconnected(_))));
    assert!(matches!(a.bootstrap().await, Err(CallError::Disconnected(_))));
    assert_eq!(a.stats().questions + b.stats().peer_questions, 0);
}

#[tokio::test]
async fn a_dropped_resolver_rejects() {
    let (thing, _) = Thing::object();
    let (remote, ..) = serve(thing).await;
    let (open, resolver) = promise();
    let answer = remote.call("echo", vec![open.clone().into()]);
    let local = open.settled();
    drop(resolver);
    assert!(answer.await.is_err());
    assert!(matches!(local.await, Err(CallError::Cancelled)));
}

#[tokio::test]
async fn calls_on_an_open_promise_wait_in_order() {
    let seen = Arc::new(Mutex::new(Vec::new()));
    let notes = seen.clone();
    let list = Object::function("Alleged: list", move |args| {
        notes.lock().unwrap().extend(args);
        Reply::undefined()
    });
    let (open, resolver) = promise();
    let calls: Vec<_> = (0..5).map(|number| open.apply(vec![f64::from(number).into()])).collect();
    assert!(seen.lock().unwrap().is_empty());
    resolver.resolve(list.into());
    for call in calls {
        call.await.unwrap();
    }
    assert_eq!(*seen.lock().unwrap(), (0..5).map(|n| Value::Number(n.into())).collect::<Vec<_>>());
}

#[tokio::test]
async fn local_chains_do_not_nest() {
    let (first, resolver) = promise();
    let mut last = first.settled();
    for _ in 0..50_000 {
        last = last.call("echo", vec![]);
    }
    resolver.reject("no".into());
    assert!(matches!(last.await, Err(CallError::Thrown(reason)) if reason == "no".into()));
}

#[tokio::test]
async fn an_object_of_one_session_is_passed_on_over_another() {
    let (thing, _) = Thing::object();
    let (far, ..) = serve(thing).await;
    let (middle, _) = Thing::object();
    let (remote, ..) = serve(middle).await;
    // What the middle calls goes on to the far end, and the answer comes back.
    let answer = remote.call("call", vec![far.clone().into(), "hello".into()]).await.unwrap();
    assert_eq!(answer, "hello".into());
    // It keeps its identity through the middle.
    assert_eq!(remote.call("echo", vec![far.clone().into()]).await.unwrap(), far.clone().into());
    // A promise for it does as well as the object.
    let pending = far.call("make", vec![]).object();
    let answer = remote.call("call", vec![pending.into(), 7.0.into()]).await.unwrap();
    assert_eq!(answer, 7.0.into());
}

#[tokio::test]
async fn calls_beyond_the_limit_fail_and_ready_waits() {
    let (thing, _) = Thing::object();
    let mut limits = Limits::default();
    limits.questions = 3;
    let (a, _b) = join(Config::new("a").limits(limits), Config::new("b").bootstrap(thing));
    let Value::Capability(remote) = a.bootstrap().await.unwrap() else { panic!("no object") };
    let calls: Vec<_> = (0..3).map(|_| remote.call("slow", vec![])).collect();
    assert!(matches!(remote.call("slow", vec![]).await, Err(CallError::Limit(_))));
    a.ready().await;
    assert!(a.stats().questions < 3);
    assert!(remote.call("slow", vec![]).await.is_ok());
    drop(calls);
}

#[tokio::test]
async fn the_end_of_the_stream_ends_the_session() {
    let (near, far) = transport::pair();
    let a = Session::start(near, Config::new("a"));
    let asking = tokio::spawn({
        let a = a.clone();
        async move { a.bootstrap().await }
    });
    until(|| a.stats().questions == 1).await;
    drop(far);
    assert_eq!(a.closed().await, Reason::StreamEnded);
    assert!(matches!(asking.await.unwrap(), Err(CallError::Disconnected(Reason::StreamEnded))));
}

#[tokio::test]
async fn an_object_knows_what_it_is() {
    let (thing, _) = Thing::object();
    let (remote, ..) = serve(thing.clone()).await;
    assert_eq!(remote.interface().as_deref(), Some("Alleged: Thing"));
    assert!(remote.is_remote() && !remote.is_promise() && !thing.is_remote());
    assert!(thing.downcast::<Thing>().is_some() && remote.downcast::<Thing>().is_none());
    assert_eq!(remote.settled().await.unwrap(), remote.clone().into());
    let names = remote.call("__getMethodNames__", vec![]).await.unwrap();
    assert_eq!(names.as_list().unwrap()[0], "__getMethodNames__".into());
    let error = remote.call("nope", vec![]).await.unwrap_err().to_string();
    assert!(error.starts_with("TypeError: target has no method \"nope\", has ["), "{error}");
}

/// Handlers of a session that ended are dropped with all they hold.
#[tokio::test]
async fn a_handler_is_dropped_with_its_session() {
    let held = Arc::new(());
    let watch = Arc::downgrade(&held);
    let waits = Object::function("Alleged: wait", move |_| {
        let held = held.clone();
        Reply::pending(async move {
            std::future::pending::<()>().await;
            drop(held);
            Ok(Value::Undefined)
        })
    });
    let (remote, a, b) = serve(waits).await;
    let call = remote.apply(vec![]);
    until(|| b.stats().peer_questions == 1).await;
    assert_eq!(watch.strong_count(), 2);
    a.disconnect(None);
    b.closed().await;
    until(|| watch.strong_count() == 0).await;
    assert!(call.await.is_err());
}
