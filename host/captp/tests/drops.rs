//! What two programs of ours hold of each other goes back to nothing, and other peers are told of no drop.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "this is a test, helpers included"
)]

use std::borrow::Cow;
use std::sync::Arc;
use std::time::Duration;

use powerbox_captp::netstring::{Decoder, append};
use powerbox_captp::{CallError, Config, Exo, Object, Release, Reply, Session, Stats, Value, promise};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::UnixStream;

/// How many times everything is done.
const ROUNDS: usize = 100;

/// Does what makes either side hold something of the other's.
struct Maker;

impl Exo for Maker {
    fn interface(&self) -> Cow<'_, str> {
        "Alleged: Maker".into()
    }

    fn methods(&self) -> &'static [&'static str] {
        &["make", "echo", "throw", "promises", "callBack", "late", "self"]
    }

    fn call(self: &Arc<Self>, method: &str, args: Vec<Value>) -> Reply {
        let made = || Value::from(Object::exo(Arc::new(Self)));
        match method {
            "make" => Reply::value(made()),
            "echo" => Reply::value(Value::List(args)),
            "throw" => Reply::error(CallError::Thrown(Value::List(vec![made()]))),
            "promises" => {
                let ((now, resolver), (later, other)) = (promise(), promise());
                resolver.resolve(made());
                tokio::spawn(async move {
                    tokio::task::yield_now().await;
                    other.reject(Value::List(vec![Object::exo(Arc::new(Self)).into()]));
                });
                Reply::value(Value::List(vec![now.into(), later.into()]))
            }
            "callBack" => match args.into_iter().next() {
                Some(Value::Capability(object)) => {
                    Reply::Answer(object.call("echo", vec![made(), object.clone().into()]))
                }
                _ => Reply::error(CallError::type_error("no object")),
            },
            "late" => Reply::pending(async move {
                tokio::time::sleep(Duration::from_millis(30)).await;
                Ok(made())
            }),
            _ => Reply::value(Object::exo(self.clone())),
        }
    }
}

/// Joins two sessions by a real socket.
fn join(a: Config, b: Config) -> (Session, Session) {
    let (near, far) = UnixStream::pair().unwrap();
    (Session::start(near, a), Session::start(far, b.bootstrap(Object::exo(Arc::new(Maker)))))
}

async fn everything(maker: &Object) {
    let mine = || Value::from(Object::exo(Arc::new(Maker)));
    drop(maker.call("make", vec![]).await.unwrap());
    // The same thing several times in one message, in several messages, and back home.
    let object = mine();
    let echoed = maker.call("echo", vec![object.clone(), object.clone()]).await.unwrap();
    assert_eq!(echoed, Value::List(vec![object.clone(), object]));
    let theirs = maker.call("make", vec![]).await.unwrap();
    assert_eq!(maker.call("echo", vec![theirs.clone()]).await.unwrap(), Value::List(vec![theirs]));
    // Errors with things in them.
    assert!(maker.call("throw", vec![mine()]).await.is_err());
    // Calls on what is not there yet, and a call that the other side makes.
    assert!(maker.call("make", vec![]).call("make", vec![]).call("self", vec![mine()]).await.is_ok());
    assert!(maker.call("callBack", vec![mine()]).await.is_ok());
    // Promises of either side, which settle before and after they are sent.
    let Value::List(promises) = maker.call("promises", vec![]).await.unwrap() else { panic!("no list") };
    for promise in promises {
        let Value::Capability(promise) = promise else { panic!("no promise") };
        let _ = promise.settled().await;
    }
    let (open, resolver) = promise();
    let answer = maker.call("echo", vec![open.clone().into(), mine()]);
    resolver.resolve(maker.call("make", vec![]).object().into());
    answer.await.unwrap();
    open.settled().await.unwrap();
    // A call that is refused before its arguments are read, and one that nobody waits for.
    assert!(maker.call("throw", vec![]).call("never", vec![mine()]).await.is_err());
    assert!(maker.call("nonesuch", vec![mine()]).await.is_err());
    maker.send("make", vec![mine()]);
}

/// Waits until two sessions hold nothing of each other's but so many objects.
async fn hold_no_more_than(objects: usize, a: &Session, b: &Session) {
    let held = |stats: Stats| (stats.exports, stats.imports, stats.questions, stats.peer_questions);
    let expected = [(0, objects, 0, 0), (objects, 0, 0, 0)];
    let deadline = tokio::time::Instant::now() + Duration::from_secs(20);
    while [held(a.stats()), held(b.stats())] != expected {
        assert!(tokio::time::Instant::now() < deadline, "{a:?} and {b:?} hold more");
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
}

async fn bootstrap(session: &Session) -> Object {
    match session.bootstrap().await.unwrap() {
        Value::Capability(object) => object,
        other => panic!("{other:?} is no object"),
    }
}

#[tokio::test]
async fn nothing_is_held_after_many_calls_between_programs_of_ours() {
    for asking in [Release::Offered, Release::AtOnce] {
        let (a, b) = join(Config::new("a").release(asking), Config::new("b"));
        let maker = bootstrap(&a).await;
        for _ in 0..ROUNDS {
            everything(&maker).await;
        }
        hold_no_more_than(1, &a, &b).await;
        // Of answers, only data is kept for a while.
        let (kept, mentions) = (b.stats().kept_answers, a.stats().kept_answers);
        assert!(kept <= 2 * ROUNDS + 1 && mentions == 0, "{kept} and {mentions}");
        // Nothing was dropped that is still in use.
        everything(&maker).await;
        drop(maker);
        hold_no_more_than(0, &a, &b).await;
        // What was dropped to the last can be had again.
        everything(&bootstrap(&a).await).await;
        hold_no_more_than(0, &a, &b).await;
    }
}

/// The control: a peer that says nothing of itself, as JavaScript does, is told of no drop.
#[tokio::test]
async fn a_peer_that_says_nothing_of_itself_is_told_of_no_drop() {
    for asking in [Release::Agreed, Release::Never] {
        let (a, b) = join(Config::new("a").release(asking), Config::new("b"));
        let maker = bootstrap(&a).await;
        for _ in 0..ROUNDS {
            everything(&maker).await;
        }
        assert!(b.stats().exports >= 5 * ROUNDS && a.stats().exports >= 5 * ROUNDS);
    }
}

#[tokio::test]
async fn late_answers_are_let_go_of_too() {
    let config = Config::new("a").release(Release::Offered).deadline(Duration::from_millis(20));
    let (a, b) = join(config, Config::new("b"));
    let maker = bootstrap(&a).await;
    for _ in 0..10 {
        assert!(matches!(maker.call("late", vec![]).await, Err(CallError::Deadline)));
    }
    tokio::time::sleep(Duration::from_millis(50)).await;
    hold_no_more_than(1, &a, &b).await;
}

/// A peer made by hand.
struct Raw(UnixStream, Decoder);

impl Raw {
    fn start(config: Config) -> (Self, Session) {
        let (near, far) = UnixStream::pair().unwrap();
        let session = Session::start(far, config.bootstrap(Object::exo(Arc::new(Maker))));
        (Self(near, Decoder::new(1 << 20)), session)
    }

    async fn say(&mut self, message: &str) {
        let mut frame = Vec::new();
        append(&mut frame, message.as_bytes());
        self.0.write_all(&frame).await.unwrap();
    }

    async fn hear(&mut self) -> String {
        loop {
            if let Some(frame) = self.1.next_frame().unwrap() {
                return String::from_utf8(frame.to_vec()).unwrap();
            }
            let read = tokio::time::timeout(Duration::from_secs(20), self.0.read_buf(self.1.room()));
            assert!(read.await.expect("a message").unwrap() > 0);
        }
    }
}

#[tokio::test]
async fn a_program_of_ours_says_so_only_to_whoever_does() {
    for (asked, answers) in [
        (r#"{"type":"CTP_BOOTSTRAP","epoch":0,"questionID":"q-1"}"#, false),
        (r#"{"type":"CTP_BOOTSTRAP","epoch":0,"questionID":"q-1","powerbox":1}"#, true),
        // Another version is another thing.
        (r#"{"type":"CTP_BOOTSTRAP","epoch":0,"questionID":"q-1","powerbox":2}"#, false),
        (r#"{"type":"CTP_BOOTSTRAP","epoch":0,"questionID":"q-1","powerbox":"1"}"#, false),
        (r#"{"type":"CTP_BOOTSTRAP","epoch":0,"questionID":"q-1","powerbox":true}"#, false),
    ] {
        let (mut raw, _session) = Raw::start(Config::new("b"));
        raw.say(asked).await;
        assert_eq!(raw.hear().await.contains(r#","powerbox":1,"#), answers, "{asked}");
        // It is told that the object it brought is not used any more if it said that it is one of ours.
        raw.say(r#"{"type":"CTP_CALL","questionID":"q-2","target":"o-1","method":{"body":"[\"self\",[{\"@qclass\":\"slot\",\"index\":0}]]","slots":["o+5"]}}"#).await;
        let next = raw.hear().await;
        assert_eq!(next == r#"{"type":"CTP_DROP","slotID":"o-5","decRefs":1,"epoch":0}"#, answers, "{next}");
    }
    for (release, says) in
        [(Release::Never, false), (Release::Agreed, false), (Release::Offered, true), (Release::AtOnce, true)]
    {
        let (mut raw, session) = Raw::start(Config::new("b").release(release));
        tokio::spawn(async move { session.bootstrap().await });
        assert_eq!(raw.hear().await.contains(r#""powerbox":1"#), says, "{release:?}");
    }
}

/// What was let go of before the peer had said what it is, is made up for.
#[tokio::test]
async fn what_was_let_go_of_before_the_peer_was_known_is_dropped_then() {
    let (mut raw, session) = Raw::start(Config::new("b").release(Release::Offered));
    let asking = tokio::spawn({
        let session = session.clone();
        async move { session.bootstrap().await }
    });
    raw.hear().await;
    for _ in 0..2 {
        raw.say(r#"{"type":"CTP_CALL","questionID":"q-1","target":"o+7","method":{"body":"[\"m\",[{\"@qclass\":\"slot\",\"index\":0}]]","slots":["o-9"]}}"#).await;
        assert!(raw.hear().await.contains("Unknown export"));
    }
    raw.say(r#"{"type":"CTP_RETURN","answerID":"q-1","result":{"body":"1","slots":[]},"powerbox":1}"#).await;
    assert_eq!(raw.hear().await, r#"{"type":"CTP_DROP","slotID":"o-7","decRefs":2,"epoch":0}"#);
    asking.await.unwrap().unwrap();
    drop(session);
}

/// Whoever is about to call an answer by its question must not find it let go of, because it came just then.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn an_answer_is_kept_for_whoever_calls_it_as_it_comes() {
    let config = |name: &str| Config::new(name).release(Release::AtOnce);
    let (near, _far) = join(config("a"), config("b"));
    let Value::Capability(maker) = near.bootstrap().await.unwrap() else { panic!() };
    for _ in 0..200 {
        let made = maker.call("make", vec![]).object();
        let callers: Vec<_> = (0..4)
            .map(|_| {
                let made = made.clone();
                tokio::spawn(async move {
                    for _ in 0..10 {
                        made.call("echo", vec![]).await.unwrap();
                    }
                })
            })
            .collect();
        drop(made);
        for caller in callers {
            caller.await.unwrap();
        }
    }
}
