//! Side a: ours calls as the recording did, and the recorded answers come.

use std::sync::{Arc, Mutex};

use powerbox_captp::{CallError, Config, Method, Object, Reply, Session, Value, promise};
use powerbox_passable::Symbol;

use super::far::{Far, object};
use super::peer::{Peer, recording};

/// Runs `act` on the bootstrap of a recorded side b; all that ours says must be what the recorded side a said.
async fn acts<F: Future<Output = ()> + Send + 'static>(
    name: &str,
    bootstrap: impl Into<Value>,
    act: impl FnOnce(Session, Object) -> F + Send + 'static,
) {
    let (mut peer, session) = Peer::new(Config::new("a").bootstrap(bootstrap));
    let acting = tokio::spawn(async move {
        let bootstrap = object(session.bootstrap().await.unwrap());
        act(session, bootstrap).await;
    });
    peer.play(&recording(name), "b").await;
    acting.await.unwrap();
}

fn number(value: f64) -> Value {
    Value::Number(value)
}

fn class(error: &CallError) -> String {
    let (class, message) = error.thrown_error().unwrap();
    format!("{class}: {message}")
}

#[tokio::test]
async fn pipeline() {
    acts("pipeline", Value::Undefined, |_, source| async move {
        let counter = source.call("getCounter", vec![]);
        let answers = [
            counter.call("incr", vec![]),
            counter.call("incr", vec![]),
            counter.call("read", vec![]),
            counter.call("self", vec![]).call("read", vec![]),
        ];
        let mut results = Vec::new();
        for answer in answers {
            results.push(answer.await.unwrap());
        }
        assert_eq!(results, [1.0, 2.0, 2.0, 2.0].map(number));
    })
    .await;
}

#[tokio::test]
async fn pipeline_rejected() {
    acts("pipeline-rejected", Value::Undefined, |_, source| async move {
        let fail = source.call("fail", vec![]).call("next", vec![]).call("again", vec![]).await.unwrap_err();
        assert_eq!(class(&fail), "TypeError: no luck");
        let none = source.call("none", vec![]).call("next", vec![]).await.unwrap_err();
        assert!(class(&none).contains("Cannot deliver"));
    })
    .await;
}

#[tokio::test]
async fn same_presence() {
    acts("bootstrap", Value::Undefined, |session, first| async move {
        assert_eq!(object(session.bootstrap().await.unwrap()), first);
    })
    .await;
    acts("return-remotable", Value::Undefined, |_, source| async move {
        let one = object(source.call("getCounter", vec![]).await.unwrap());
        let two = object(source.call("getCounter", vec![]).await.unwrap());
        assert_eq!(one, two);
        assert_eq!(one.interface().as_deref(), Some("Alleged: Counter"));
        assert_eq!(one.call("incr", vec![]).await.unwrap(), number(1.0));
        assert_eq!(one.call("incr", vec![]).await.unwrap(), number(2.0));
    })
    .await;
}

#[tokio::test]
async fn functions() {
    acts("apply-function", Value::Undefined, |_, maker| async move {
        let fifteen = maker.call("adder", vec![number(10.0)]).apply(vec![number(5.0)]);
        assert_eq!(fifteen.await.unwrap(), number(15.0));
        let twice = Object::function("Alleged: twice", |args| Reply::value(2.0 * args[0].as_f64().unwrap()));
        let applied = maker.call("apply", vec![twice.into(), number(21.0)]);
        assert_eq!(applied.await.unwrap(), number(42.0));
    })
    .await;
}

#[tokio::test]
async fn callback_and_home() {
    acts("callback", Value::Undefined, |_, caller| async move {
        let listener = Far::new("Alleged: Listener")
            .method("ping", |args| Reply::value(format!("pong {}", args[0].as_str().unwrap())))
            .object();
        let answer = caller.call("notify", vec![listener.clone().into()]).await.unwrap();
        assert_eq!(answer, "pong x".into());
        assert_eq!(caller.call("keep", vec![]).await.unwrap(), listener.into());
    })
    .await;
    acts("send-home", Value::Undefined, |_, source| async move {
        let counter = source.call("getCounter", vec![]).await.unwrap();
        let home = source.call("isMine", vec![counter.clone(), counter]).await.unwrap();
        assert_eq!(home, true.into());
    })
    .await;
}

#[tokio::test]
async fn promises_as_arguments() {
    acts("call-on-promise", Value::Undefined, |_, eager| async move {
        let (late, resolver) = promise();
        let answer = eager.call("use", vec![late.into()]);
        // The recorded side b calls the promise at once; ours resolves it when that has come.
        let pong = Far::new("Alleged: Late")
            .method("ping", |args| Reply::value(format!("pong {}", args[0].as_f64().unwrap())))
            .object();
        let resolving = tokio::spawn(async move {
            tokio::task::yield_now().await;
            resolver.resolve(pong.into());
        });
        let both = answer.await.unwrap();
        resolving.await.unwrap();
        assert_eq!(both, Value::texts(["pong 1", "pong 2"]));
    })
    .await;
    acts("promise-argument-rejected", Value::Undefined, |_, waiter| async move {
        let (late, resolver) = promise();
        let answer = waiter.call("wait", vec![late.into()]);
        resolver.reject(Value::error("RangeError", "too far"));
        assert_eq!(class(&answer.await.unwrap_err()), "RangeError: too far");
    })
    .await;
    acts("promise-echo", Value::Undefined, |_, echo| async move {
        let (mine, _resolver) = promise();
        let list = Value::list([mine.into()]);
        assert_eq!(echo.call("echo", vec![list.clone()]).await.unwrap(), list);
    })
    .await;
}

/// Better than the recording: a settled promise goes out under a new slot, and is resolved again.
#[tokio::test]
async fn a_settled_promise_is_sent_anew() {
    let (mut peer, session) = Peer::new(Config::new("a"));
    let acting = tokio::spawn(async move {
        let waiter = object(session.bootstrap().await.unwrap());
        let (late, resolver) = promise();
        let first = waiter.call("wait", vec![late.clone().into()]);
        resolver.resolve("done".into());
        assert_eq!(first.await.unwrap(), "done".into());
        assert_eq!(waiter.call("wait", vec![late.into()]).await.unwrap(), "done".into());
    });
    let mut lines = recording("promise-argument");
    for line in &mut lines {
        if line.from == "a" && line.message["questionID"] == "q-3" {
            line.message["method"]["slots"] = serde_json::json!(["p+2"]);
        }
    }
    let (before, last) = lines.split_at(lines.len() - 1);
    peer.play(before, "b").await;
    peer.expect(&serde_json::json!({"type": "CTP_RESOLVE", "promiseID": "p-2",
                                    "res": {"body": "\"done\"", "slots": []}}))
        .await;
    peer.play(last, "b").await;
    acting.await.unwrap();
}

#[tokio::test]
async fn promises_in_an_answer() {
    acts("promise-result", Value::Undefined, |_, later| async move {
        let record = later.call("later", vec![]).await.unwrap();
        let part = |key: &str| object(record.get(key).unwrap().clone());
        assert_eq!(part("ready").settled().await.unwrap(), "already".into());
        later.call("go", vec![]).await.unwrap();
        assert_eq!(part("good").settled().await.unwrap(), "good".into());
        assert_eq!(class(&part("bad").settled().await.unwrap_err()), "Error: bad");
    })
    .await;
    // The resolution of a promise that never came is no harm.
    acts("unsent-promise", Value::Undefined, |_, broken| async move {
        assert!(broken.call("broken", vec![]).await.is_err());
    })
    .await;
}

#[tokio::test]
async fn a_pending_answer_as_argument() {
    acts("pass-pending-answer", Value::Undefined, |_, source| async move {
        let counter = source.call("getCounter", vec![]);
        let taken = source.call("take", vec![counter.object().into()]);
        assert_eq!(taken.await.unwrap(), number(1.0));
    })
    .await;
}

#[tokio::test]
async fn gets() {
    acts("get", Value::Undefined, |_, data| async move {
        assert_eq!(data.call("list", vec![]).get("length").await.unwrap(), number(3.0));
        let inner = data.call("rec", vec![]).get("inner").call("hello", vec!["x".into()]);
        assert_eq!(inner.await.unwrap(), "hello x".into());
        assert!(data.get("nonesuch").await.unwrap().is_undefined());
        assert!(data.get("list").await.is_err());
    })
    .await;
}

#[tokio::test]
async fn symbols_and_order() {
    acts("symbol-method", Value::Undefined, |_, symbols| async move {
        let iterator = Method::Symbol(Symbol::WellKnown("asyncIterator".into()));
        assert_eq!(symbols.call(iterator, vec![]).await.unwrap(), "iter".into());
        let x = Method::Symbol(Symbol::Registered("x".into()));
        assert_eq!(symbols.call(x, vec![]).await.unwrap(), "x".into());
    })
    .await;
    acts("out-of-order", Value::Undefined, |_, gate| async move {
        let slow = gate.call("slow", vec![]);
        assert_eq!(gate.call("fast", vec![]).await.unwrap(), "fast".into());
        gate.call("open", vec![]).await.unwrap();
        assert_eq!(slow.await.unwrap(), "slow".into());
    })
    .await;
}

/// What is pending ends with an error, on this side too.
#[tokio::test]
async fn disconnecting() {
    let ended = Arc::new(Mutex::new(None));
    let end = ended.clone();
    acts("disconnect-text", Value::Undefined, move |session, slow| async move {
        let pending = slow.call("never", vec![]);
        let waiting = tokio::spawn(pending);
        tokio::task::yield_now().await;
        session.disconnect(Some("bye"));
        *end.lock().unwrap() = Some(waiting.await.unwrap());
        assert!(slow.call("never", vec![]).await.is_err());
    })
    .await;
    let outcome = ended.lock().unwrap().take().unwrap();
    assert!(matches!(outcome, Err(CallError::Disconnected(_))), "{outcome:?}");
}
