//! Side b: ours serves, and answers what the recording asks.

use std::sync::{Arc, Mutex};

use powerbox_captp::{CallError, Config, Method, Object, Reply, Session, Value, promise};
use powerbox_passable::Symbol;
use serde_json::{Value as Json, json};

use super::far::{Far, Symbols, counter, first, object};
use super::peer::{Peer, expect_refusal, recording};

pub(super) fn serve(bootstrap: impl Into<Value>) -> (Peer, Session) {
    Peer::new(Config::new("b").bootstrap(bootstrap))
}

/// Plays side a of a whole recording; then nothing more is to be heard.
async fn plays(name: &str, bootstrap: impl Into<Value>) {
    let (mut peer, _session) = serve(bootstrap);
    peer.play(&recording(name), "a").await;
    peer.expect_quiet().await;
}

#[tokio::test]
async fn apply_function() {
    let maker = Far::new("Alleged: Maker")
        .method("adder", |args| {
            let base = first(args).as_f64().unwrap();
            Reply::value(Object::function("Alleged: adder", move |args| {
                Reply::value(base + first(args).as_f64().unwrap())
            }))
        })
        .method("apply", |mut args| {
            let argument = args.pop().unwrap();
            Reply::Answer(object(first(args)).apply(vec![argument]))
        });
    plays("apply-function", maker.object()).await;
}

#[tokio::test]
async fn async_iterator() {
    let step =
        |done: bool, value: Value| Reply::value(Value::record([("done", done.into()), ("value", value)]));
    let iterator = move |items: &'static [&'static str]| {
        let mut items = items.iter().copied();
        let next = Mutex::new(move || items.next());
        Far::new("Alleged: AsyncIterator")
            .method("next", move |args| {
                if !args.is_empty() {
                    return Reply::error(CallError::error(
                        "\"In \\\"next\\\" method of (AsyncIterator)\" accepts at most 0 arguments, not 1: (an object)",
                    ));
                }
                match next.lock().unwrap()() {
                    Some(item) => step(false, item.into()),
                    None => step(true, Value::Undefined),
                }
            })
            .method("return", move |args| step(true, first(args)))
            .method("throw", |args| Reply::error(CallError::Thrown(first(args))))
            .object()
    };
    let source = Far::new("Alleged: Source")
        .method("items", move |_| Reply::value(iterator(&["x", "y"])))
        .method("bytes", move |_| Reply::value(iterator(&["aGVsbG8=", "IHdvcmxk"])));
    plays("async-iterator", source.object()).await;
}

#[tokio::test]
async fn bootstrap() {
    plays("bootstrap", Far::new("Alleged: Hello").object()).await;
}

#[tokio::test]
async fn bootstrap_both() {
    let (mut peer, session) = serve(Far::new("Alleged: B").gives("who", "b").object());
    let lines = recording("bootstrap-both");
    let asking =
        tokio::spawn(async move { object(session.bootstrap().await.unwrap()).call("who", vec![]).await });
    // The recorded side makes its calls as soon as it can, before it takes the next message.
    let calls_first = async || {
        for _ in 0..10 {
            tokio::task::yield_now().await;
        }
    };
    calls_first().await;
    for line in &lines {
        peer.play(std::slice::from_ref(line), "a").await;
        calls_first().await;
    }
    assert_eq!(asking.await.unwrap().unwrap(), "a".into());
}

#[tokio::test]
async fn bootstrap_data() {
    let private = Far::new("Alleged: Private").object();
    let public = Far::new("Alleged: Public").gives("ping", "pong").object();
    plays(
        "bootstrap-data",
        Value::record([("privateFacet", private.into()), ("publicFacet", public.into())]),
    )
    .await;
}

#[tokio::test]
async fn call_data() {
    let echo = Far::new("Alleged: Echo")
        .returns_argument("echo")
        .method("add", |args| Reply::value(args.iter().map(|arg| arg.as_f64().unwrap()).sum::<f64>()))
        .method("nothing", |_| Reply::undefined());
    plays("call-data", echo.object()).await;
}

/// Calls `ping` twice on a promise, the second time once the first is answered.
fn eager() -> Object {
    let use_it = |args: Vec<Value>| {
        let target = object(first(args));
        let early = target.call("ping", vec![Value::Number(1.0)]);
        Reply::pending(async move {
            let early = early.await?;
            let settled = object(target.settled().await?);
            let late = settled.call("ping", vec![Value::Number(2.0)]).await?;
            Ok(Value::list([early, late]))
        })
    };
    Far::new("Alleged: Eager").method("use", use_it).object()
}

#[tokio::test]
async fn call_on_promise() {
    plays("call-on-promise", eager()).await;
}

#[tokio::test]
async fn call_on_promise_forwarded() {
    let eager = Far::new("Alleged: Eager")
        .gives("getCounter", counter())
        .method("use", |args| Reply::Answer(object(first(args)).call("incr", vec![])));
    plays("call-on-promise-forwarded", eager.object()).await;
}

#[tokio::test]
async fn callback() {
    let kept = Arc::new(Mutex::new(Value::Undefined));
    let keep = kept.clone();
    let caller = Far::new("Alleged: Caller")
        .method("notify", move |args| {
            let listener = first(args);
            *keep.lock().unwrap() = listener.clone();
            Reply::Answer(object(listener).call("ping", vec!["x".into()]))
        })
        .method("keep", move |_| Reply::value(kept.lock().unwrap().clone()));
    plays("callback", caller.object()).await;
}

fn slow() -> Object {
    Far::new("Alleged: Slow")
        .method("never", |_| Reply::pending(std::future::pending()))
        .method("callMe", |args| Reply::Answer(object(first(args)).call("never", vec![])))
        .object()
}

/// All three ways to disconnect are echoed, and then nothing is to be heard but the end.
#[tokio::test]
async fn disconnects() {
    for name in ["disconnect", "disconnect-error", "disconnect-text"] {
        let (mut peer, session) = serve(slow());
        peer.play(&recording(name), "a").await;
        assert_eq!(peer.hear().await, None, "{name}");
        assert_eq!(session.stats().questions, 0);
        assert!(session.bootstrap().await.is_err());
    }
}

#[tokio::test]
async fn errors() {
    let error = |class: &str, message: &str| Value::error(class, message);
    let fails = Far::new("Alleged: Fails")
        .throws("typeError", error("TypeError", "wrong type"))
        .throws("withCause", error("Error", "outer"))
        .throws("aggregate", error("AggregateError", "several"))
        .throws("text", "just text".into())
        .throws("nothing", Value::Undefined)
        .throws("record", Value::record([("code", Value::Number(7.0))]))
        .method("rejects", |_| {
            let (promise, resolver) = promise();
            resolver.reject(Value::error("Error", "later"));
            Reply::value(promise)
        })
        // Rust has no values that cannot be passed, so the error is the object's own.
        .throws(
            "badResult",
            error("Error", "Remotables must be explicitly declared: {\"f\":\"[Function f]\"}"),
        )
        .method("forward", |args| Reply::Answer(object(first(args)).call("fail", vec![])));
    let (mut peer, _session) = serve(fails.object());
    // What follows q-12 depends on how the recording's own call was answered; see its lines.
    peer.play(&recording("errors"), "a").await;
}

#[tokio::test]
async fn drops_are_taken() {
    let source = |counter: Object| Far::new("Alleged: Source").gives("getCounter", counter).object();
    plays("gc-drop", source(counter())).await;
    let taker = Far::new("Alleged: Taker")
        .method("poke", |_| Reply::undefined())
        .method("take", |args| Reply::Answer(object(first(args)).call("ping", vec![])));
    // Ours never drops by default, so the two drops of the recorded side b are not to be heard.
    let (mut peer, _session) = serve(taker.object());
    let lines = recording("gc-overcount");
    let (drops, rest) = lines.split_at(lines.len() - 2);
    peer.play(drops, "a").await;
    assert!(rest.iter().all(|line| line.message["type"] == "CTP_DROP"));
    peer.expect_quiet().await;
}

/// Better than the recording: an object that was dropped goes out under a slot that works.
#[tokio::test]
async fn a_dropped_object_is_exported_anew() {
    let source = Far::new("Alleged: Source").gives("getCounter", counter()).object();
    let (mut peer, _session) = serve(source);
    for line in recording("gc-reexport") {
        let mut message = line.message;
        if line.from == "a" {
            if message["target"] == "o-2" {
                message["target"] = "o-3".into();
            }
            peer.say(&message).await;
        } else {
            if message["answerID"] == "q-3" {
                message["result"]["slots"] = json!(["o+3"]);
            }
            peer.expect(&message).await;
        }
    }
    peer.expect(
        &json!({"type": "CTP_RETURN", "epoch": 0, "answerID": "q-4", "result": {"body": "1", "slots": []}}),
    )
    .await;
}

/// Better than the recording: a settled promise goes out under a new slot, and is resolved again.
#[tokio::test]
async fn a_dropped_promise_is_resolved_anew() {
    let (ready, resolver) = promise();
    resolver.resolve("ready".into());
    let source = Far::new("Alleged: Source").gives("getList", Value::list([ready.into()])).object();
    let (mut peer, _session) = serve(source);
    for line in recording("gc-repromise") {
        let mut message = line.message;
        if line.from == "a" {
            peer.say(&message).await;
        } else {
            if message["answerID"] == "q-3" {
                message["result"]["slots"] = json!(["p+2"]);
            }
            peer.expect(&message).await;
        }
    }
    peer.expect(
        &json!({"type": "CTP_RESOLVE", "promiseID": "p-2", "res": {"body": "\"ready\"", "slots": []}}),
    )
    .await;
}

#[tokio::test]
async fn get() {
    let hello = Far::new("Alleged: Hello")
        .method("hello", |args| Reply::value(format!("hello {}", first(args).as_str().unwrap())))
        .object();
    let data = Far::new("Alleged: Data")
        .gives("list", Value::list([1.0, 2.0, 3.0].map(Value::Number)))
        .gives("rec", Value::record([("inner", hello.into())]));
    plays("get", data.object()).await;
}

/// What is asked of objects and functions; guards are data of the object's own.
#[tokio::test]
async fn introspection() {
    let lines = recording("introspection");
    let thrown = |answer: &str| {
        let line = lines.iter().find(|line| line.message["answerID"] == answer).unwrap();
        let body: Json = serde_json::from_str(line.message["exception"]["body"].as_str().unwrap()).unwrap();
        Value::error("Error", body["message"].as_str().unwrap())
    };
    let hello = Far::new("Alleged: Hello").returns_argument("hello").object();
    let (bad, many) = (thrown("q-15"), thrown("q-17"));
    let guarded = move || {
        let (bad, many) = (bad.clone(), many.clone());
        Far::new("Alleged: Guarded")
            .gives("__getInterfaceGuard__", "a guard")
            .method("greet", move |args| {
                Reply::error(CallError::Thrown(if args.len() > 2 { many.clone() } else { bad.clone() }))
            })
            .object()
    };
    let bare =
        Far::new("Alleged: Bare").gives("__getInterfaceGuard__", Value::Undefined).returns_argument("greet");
    let zoo = Far::new("Alleged: Zoo")
        .gives("far", hello)
        .gives("fn", Object::function("Alleged: fn", |_| Reply::undefined()))
        .method("exo", move |_| Reply::value(guarded()))
        .gives("bare", bare.object());
    let (mut peer, _session) = serve(zoo.object());
    for line in &lines {
        if line.from == "a" {
            peer.say(&line.message).await;
        } else if line.message["answerID"] == "q-10" {
            // The guard itself is not this crate's business.
            assert_eq!(peer.hear().await.unwrap()["result"]["body"], "\"a guard\"");
        } else {
            peer.expect(&line.message).await;
        }
    }
}

#[tokio::test]
async fn out_of_order() {
    let (gate, resolver) = promise();
    let resolver = Mutex::new(Some(resolver));
    let object =
        Far::new("Alleged: Gate").gives("slow", gate).gives("fast", "fast").method("open", move |_| {
            let resolver = resolver.lock().unwrap().take().unwrap();
            // As in the recording, `open` is answered before what it lets go.
            Reply::pending(async move {
                tokio::spawn(async move { resolver.resolve("slow".into()) });
                Ok(Value::Undefined)
            })
        });
    plays("out-of-order", object.object()).await;
}

#[tokio::test]
async fn pass_pending_answer() {
    let source = Far::new("Alleged: Source")
        .gives("getCounter", counter())
        .method("take", |args| Reply::Answer(object(first(args)).call("incr", vec![])));
    plays("pass-pending-answer", source.object()).await;
}

#[tokio::test]
async fn pipelines() {
    let source = Far::new("Alleged: Source")
        .method("getCounter", |_| Reply::value(counter()))
        .throws("fail", Value::error("TypeError", "no luck"))
        .method("none", |_| Reply::undefined())
        .object();
    plays("pipeline", source.clone()).await;
    plays("pipeline-rejected", source).await;
}

fn waiter() -> Object {
    Far::new("Alleged: Waiter").returns_argument("wait").object()
}

#[tokio::test]
async fn promise_arguments() {
    plays("promise-argument", waiter()).await;
    plays("promise-argument-rejected", waiter()).await;
    plays("promise-echo", Far::new("Alleged: Echo").returns_argument("echo").object()).await;
}

#[tokio::test]
async fn promise_chain_stream() {
    let stream = |args: Vec<Value>| {
        let sync = object(first(args));
        Reply::pending(async move {
            let node = |value: &str, next: Value| Value::record([("promise", next), ("value", value.into())]);
            let (next, mut resolver) = promise();
            tokio::spawn(async move {
                let mut sync = object(sync.settled().await.unwrap().get("promise").unwrap().clone());
                let mut items = ["y"].into_iter();
                loop {
                    let release = sync.settled().await.unwrap();
                    match (release.get("promise").unwrap(), items.next()) {
                        (Value::Capability(following), Some(item)) => {
                            sync = following.clone();
                            let (next, following) = promise();
                            let settled = std::mem::replace(&mut resolver, following);
                            settled.resolve(node(item, next.into()));
                        }
                        _ => {
                            let last = release.get("value").unwrap().as_str().unwrap();
                            return resolver.resolve(node(last, Value::Null));
                        }
                    }
                }
            });
            Ok(node("x", next.into()))
        })
    };
    plays("promise-chain-stream", Far::new("Alleged: PassableReader").method("stream", stream).object())
        .await;
}

#[tokio::test]
async fn promise_result() {
    let (good, resolve_good) = promise();
    let (bad, reject_bad) = promise();
    let (ready, resolve_ready) = promise();
    resolve_ready.resolve("already".into());
    let resolvers = Mutex::new(Some((resolve_good, reject_bad)));
    let answer = Value::record([("ready", ready.into()), ("good", good.into()), ("bad", bad.into())]);
    let later = Far::new("Alleged: Later").gives("later", answer).method("go", move |_| {
        let (good, bad) = resolvers.lock().unwrap().take().unwrap();
        good.resolve("good".into());
        bad.reject(Value::error("Error", "bad"));
        Reply::undefined()
    });
    plays("promise-result", later.object()).await;
}

#[tokio::test]
async fn promise_to_object() {
    let the_counter = counter();
    let returned = the_counter.clone();
    let wait = move |args: Vec<Value>| {
        let promises: Vec<_> = first(args).as_list().unwrap().iter().map(|p| object(p.clone())).collect();
        let counter = the_counter.clone();
        Reply::pending(async move {
            let mut settled = Vec::new();
            for promise in promises {
                settled.push(object(promise.settled().await?));
            }
            let who = settled[0].call("who", vec![]).await?;
            Ok(Value::list([who, (settled[1] == counter).into(), (settled[2] == counter).into()]))
        })
    };
    let object = Far::new("Alleged: Waiter").gives("getCounter", returned).method("wait", wait);
    plays("promise-to-object", object.object()).await;
}

#[tokio::test]
async fn return_remotable_and_send_home() {
    let counter_object = counter();
    let mine = counter_object.clone();
    let source =
        Far::new("Alleged: Source").gives("getCounter", counter_object).method("isMine", move |args| {
            Reply::value(args.len() == 2 && args.iter().all(|arg| *arg == Value::from(mine.clone())))
        });
    let source = source.object();
    plays("send-home", source).await;
    plays("return-remotable", Far::new("Alleged: Source").gives("getCounter", counter()).object()).await;
}

#[tokio::test]
async fn send_only() {
    let log = Far::new("Alleged: Log")
        .method("log", |args| Reply::value(format!("logged {}", first(args).as_str().unwrap())))
        .throws("fail", Value::error("Error", "unseen"))
        .gives("fn", Object::function("Alleged: fn", |args| Reply::value(first(args))));
    plays("send-only", log.object()).await;
}

#[tokio::test]
async fn symbol_method() {
    let symbols = Symbols(vec![
        (Method::Symbol(Symbol::WellKnown("asyncIterator".into())), "iter".into()),
        (Method::Symbol(Symbol::Registered("x".into())), "x".into()),
    ]);
    plays("symbol-method", Object::new(symbols)).await;
}

/// Traps are refused, with an answer; the steps of one are not heard.
#[tokio::test]
async fn traps_are_refused() {
    let squarer = Far::new("Alleged: Squarer").returns_argument("square").object();
    let (mut peer, _session) = serve(Far::new("Alleged: Host").gives("getHandler", squarer).object());
    for line in recording("trap") {
        let mut message = line.message;
        if line.from == "a" {
            let trap = message["target"] == "t-1";
            if trap {
                message["target"] = "o-2".into();
            }
            peer.say(&message).await;
            if trap {
                expect_refusal(&mut peer, &message["questionID"]).await;
            }
        } else {
            if message["answerID"] == "q-2" {
                message["result"]["slots"] = json!(["o+2"]);
            }
            peer.expect(&message).await;
        }
    }
    peer.expect_quiet().await;
}
