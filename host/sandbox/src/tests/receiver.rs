//! A plugin written with the SDK whose objects are called. The one component here that is not made by the tests:
//! `cargo xtask components` builds it.

use std::collections::BTreeSet;
use std::path::PathBuf;
use std::sync::{Arc, OnceLock};

use super::fixture::{Object, Recorder, failed, load, object};
use crate::{Called, Caller, Failure, Limits, Manifest, Reply, Val};

const COMMANDS: &str = "powerbox:plugin/commands@0.1.0";
const RECEIVER: &str = "powerbox:plugin/receiver@0.1.0";

fn built(name: &str) -> Vec<u8> {
    let folder = match std::env::var_os("POWERBOX_COMPONENTS") {
        Some(folder) => PathBuf::from(folder),
        None => PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../target/components"),
    };
    let path = folder.join(format!("{name}.wasm"));
    std::fs::read(&path)
        .unwrap_or_else(|error| panic!("{}: {error}: run `cargo xtask components`", path.display()))
}

/// One call of an object by the plugin: the method, its body and the objects in it.
type Message<'a> = (&'a str, &'a str, &'a [Val<Object>]);

/// Runs a command with one object, whose methods `answer` answers; it may call the plugin's own objects.
async fn run<F>(
    command: &str,
    answer: impl Fn(Caller<Object>, Message<'_>) -> F + Send + Sync + 'static,
) -> (Result<Option<Val<Object>>, Failure>, Arc<Recorder>, Caller<Object>)
where
    F: Future<Output = Val<Object>> + Send + 'static,
{
    let component = load(built("receiver")).await;
    let limits = Limits::default();
    let (caller, calls) = Caller::channel(&limits);
    let given = OnceLock::from(caller.clone());
    let host = Recorder::new(move |function, params| match (&*function.item, params) {
        ("make", [Val::U64(id), Val::String(name)]) => Reply::value(object(&format!("{name} {id}"))),
        ("call" | "send", [_, Val::String(method), Val::String(body), Val::List(slots)]) => {
            let caller = given.get().unwrap().clone();
            let answer = answer(caller, (method, body, slots));
            // Whoever sends is told only that it was sent.
            let answers = &*function.item == "call";
            Reply::later(async move {
                let answer = answer.await;
                Ok(Some(Val::ok(answers.then_some(answer))))
            })
        }
        _ => failed("not expected"),
    });
    let arguments = Val::record([
        ("name", Val::string("object")),
        ("values", Val::List(vec![Val::variant("object", Some(object("target")))])),
    ]);
    let invocation =
        Val::record([("command", Val::string(command)), ("arguments", Val::List(vec![arguments]))]);
    let invoked = component.invoke_with(COMMANDS, "run", vec![invocation], host.clone(), &limits, calls);
    (invoked.await, host, caller)
}

fn send(caller: &Caller<Object>, id: u64, method: &str, body: &str, slots: &[&str]) -> Called<Object> {
    let slots = Val::List(slots.iter().map(|name| object(name)).collect());
    caller.call(RECEIVER, "receive", vec![Val::U64(id), Val::string(method), Val::string(body), slots])
}

fn passable(body: &str, slots: &[&str]) -> Val<Object> {
    let slots = slots.iter().map(|name| object(name)).collect();
    Val::record([("body", Val::string(body)), ("slots", Val::List(slots))])
}

fn undefined() -> Val<Object> {
    passable("#\"#undefined\"", &[])
}

fn invalid(why: &str) -> Val<Object> {
    Val::err(Some(Val::variant("invalid", Some(Val::string(why)))))
}

#[tokio::test]
async fn a_plugins_own_object_hears_messages_while_its_command_waits() {
    let (ended, host, _) = run("listen", |caller, (method, body, slots)| {
        assert_eq!((method, body, slots), ("subscribe", "#[\"$0\"]", &[object("Listener 0")][..]));
        async move {
            let heard = Some(Val::ok(Some(undefined())));
            assert_eq!(send(&caller, 0, "changed", "#[1,\"a\"]", &[]).await.unwrap(), heard);
            assert_eq!(send(&caller, 0, "ended", "#[]", &[]).await.unwrap(), heard);
            let refused = send(&caller, 0, "changed", "#[\"$0\"]", &["x"]).await.unwrap();
            assert_eq!(refused, Some(invalid("only JSON is listened to")));
            let unknown = send(&caller, 7, "changed", "#[]", &[]).await.unwrap();
            assert_eq!(unknown, Some(invalid("this plugin made no object 7")));
            undefined()
        }
    })
    .await;
    let lines = ["changed[1,\"a\"]", "ended[]"].map(Val::string).to_vec();
    assert_eq!(ended.unwrap(), Some(Val::ok(Some(Val::variant("lines", Some(Val::List(lines)))))));
    assert!(host.calls()[0].starts_with("powerbox:plugin/callbacks@0.1.0.make("), "{:?}", host.calls());
    assert_eq!(host.dropped(), ["Listener 0", "target", "x"]);
}

#[tokio::test]
async fn messages_are_answered_beside_each_other_with_references_both_ways() {
    let both = Arc::new(tokio::sync::Barrier::new(2));
    let (ended, host, _) = run("relay", move |caller, (method, body, slots)| {
        let (both, subscribes) = (Arc::clone(&both), method == "subscribe");
        if !subscribes {
            assert_eq!((method, body), ("echo", "#[\"$0\",5]"));
        }
        let answer = format!("answer to {slots:?}");
        async move {
            if subscribes {
                let first = send(&caller, 0, "echo", "#[\"$0\",5]", &["a"]);
                let second = send(&caller, 0, "echo", "#[\"$0\",5]", &["b"]);
                for (call, slot) in [(first, "a"), (second, "b")] {
                    let slots = format!("answer to {:?}", [object(slot)]);
                    let answered = Val::ok(Some(passable("#\"$0\"", &[&slots])));
                    assert_eq!(call.await.unwrap(), Some(answered));
                }
                undefined()
            } else {
                // Neither is answered before both are asked.
                both.wait().await;
                passable("#\"$0\"", &[&answer])
            }
        }
    })
    .await;
    assert_eq!(ended.unwrap(), Some(Val::ok(Some(Val::variant("message", Some(Val::string("relayed")))))));
    assert_eq!(host.dropped(), ["Relay 0", "a", "b", "target"]);
}

#[tokio::test]
async fn a_plugins_own_object_ends_with_its_command() {
    let (ended, host, caller) = run("vanish", |_, _| async { undefined() }).await;
    assert_eq!(ended.unwrap(), Some(Val::ok(Some(Val::variant("message", Some(Val::string("gone")))))));
    let late = send(&caller, 0, "changed", "#[]", &["late"]).await;
    assert!(matches!(late, Err(Failure::Ended)), "{late:?}");
    assert_eq!(host.dropped(), ["Listener 0", "late", "target"]);
}

#[test]
fn only_a_plugin_that_makes_objects_asks_for_that() {
    let names = |name: &str| {
        let manifest = Manifest::read(&built(name)).unwrap();
        let imports: Vec<_> = manifest.imports.iter().map(|import| import.slot.clone()).collect();
        let exports: BTreeSet<_> = manifest.exports.iter().map(|export| export.slot.clone()).collect();
        (imports, exports)
    };
    let (imports, exports) = names("receiver");
    assert!(imports.contains(&"powerbox:plugin/callbacks@0.1.0".to_owned()), "{imports:?}");
    assert_eq!(exports, BTreeSet::from([RECEIVER, COMMANDS].map(str::to_owned)));
    let (imports, exports) = names("empty");
    assert!(!imports.iter().any(|import| import.contains("callbacks")), "{imports:?}");
    assert_eq!(exports, BTreeSet::from([COMMANDS.to_owned()]));
}
