//! Recorded sessions that are no command's, played to our CapTP: each recorded call is made with the library's own API
//! on what the calls before it gave.

use std::{collections::HashMap, time::Duration};

use powerbox_captp::{CallError, Config, Object, Reply, Value, transport};
use powerbox_tests::{
    program::Home,
    transcript::{Player, Recording, Script},
};
use serde_json::Value as Json;

// Nothing here waits for anything but a thread of this process.
const LIMIT: Duration = Duration::from_secs(30);

/// Makes the calls of a recording whose arguments are plain data or objects that came before.
async fn repeat(name: &str) {
    let home = Home::new().unwrap();
    let recording = Recording::named(name).unwrap();
    let calls: Vec<(String, String, Json, Vec<String>)> = recording
        .messages()
        .filter(|(client, message)| *client && message["type"] == "CTP_CALL")
        .map(|(_, message)| {
            let text = |field: &Json| field.as_str().unwrap().to_owned();
            let body = serde_json::from_str(message["method"]["body"].as_str().unwrap()).unwrap();
            let slots = message["method"]["slots"].as_array().unwrap().iter().map(text).collect();
            (text(&message["questionID"]), text(&message["target"]), body, slots)
        })
        .collect();
    let script = Script::new(Recording::named(name).unwrap());
    let player = Player::start(script, &home.path("s")).unwrap();
    let session = transport::unix::connect(home.path("s"), Config::new("transcripts")).await.unwrap();
    let bootstrap = session.bootstrap().await.unwrap();

    // What the recording calls `o-1` and so on, in the order in which the daemon exported them.
    let mut objects: HashMap<String, Object> = HashMap::new();
    note(&bootstrap, &exports(&recording, "q-1"), &mut objects);
    let mut answers = HashMap::new();
    for (question, target, body, slots) in calls {
        let method = body[0].as_str().unwrap();
        let arguments: Vec<Value> = body[1]
            .as_array()
            .unwrap()
            .iter()
            .map(|argument| value(argument, &slots, &mut objects))
            .collect();
        let answer = match objects.get(&target) {
            Some(object) => object.call(method, arguments),
            None => {
                let asked: &powerbox_captp::Answer = answers.get(&target).unwrap();
                asked.call(method, arguments)
            }
        };
        if let Ok(result) = answer.clone().await {
            note(&result, &exports(&recording, &question), &mut objects);
        }
        answers.insert(question, answer);
    }
    session.disconnect(None);
    tokio::time::timeout(LIMIT, session.closed()).await.unwrap();
    let verdict = tokio::task::spawn_blocking(|| player.finish()).await.unwrap();
    assert!(verdict.is_clean() && verdict.disconnected, "{verdict}");
    assert!(verdict.extra.is_empty(), "{verdict}");
}

/// Gives the slots that the recorded daemon exported in an answer, as the client names them.
fn exports(recording: &Recording, question: &str) -> Vec<String> {
    let answer = recording.messages().find(|(client, message)| !*client && message["answerID"] == question);
    let slots = answer.map(|(_, message)| message["result"]["slots"].clone());
    let slots = slots.as_ref().and_then(Json::as_array).into_iter().flatten();
    slots.filter_map(Json::as_str).map(|slot| slot.replace('+', "-")).collect()
}

/// Remembers the objects of a value under the names of their slots.
fn note(value: &Value, slots: &[String], objects: &mut HashMap<String, Object>) {
    fn collect(value: &Value, found: &mut Vec<Object>) {
        match value {
            Value::Capability(object) if !found.contains(object) => found.push(object.clone()),
            Value::List(items) => items.iter().for_each(|item| collect(item, found)),
            Value::Record(record) => record.iter().for_each(|(_, each)| collect(each, found)),
            _ => {}
        }
    }
    let mut found = Vec::new();
    collect(value, &mut found);
    assert_eq!(found.len(), slots.len(), "{value:?}");
    objects.extend(slots.iter().cloned().zip(found));
}

fn value(recorded: &Json, slots: &[String], objects: &mut HashMap<String, Object>) -> Value {
    match recorded {
        Json::String(text) => Value::text(text.as_str()),
        Json::Number(number) => Value::Number(number.as_f64().unwrap()),
        Json::Bool(truth) => Value::Bool(*truth),
        Json::Null => Value::Null,
        Json::Array(items) => Value::list(items.iter().map(|item| value(item, slots, objects))),
        Json::Object(entries) => match recorded["@qclass"].as_str() {
            None => {
                Value::record(entries.iter().map(|(key, each)| (key.as_str(), value(each, slots, objects))))
            }
            Some("undefined") => Value::Undefined,
            Some("bigint") => Value::bigint(recorded["digits"].as_str().unwrap().parse::<i64>().unwrap()),
            Some("error") => {
                let text = |key: &str| recorded[key].as_str().unwrap();
                Value::error(text("name"), text("message"))
            }
            Some("slot") => {
                let slot = &slots[usize::try_from(recorded["index"].as_u64().unwrap()).unwrap()];
                if slot.starts_with("o+") {
                    let local = || Object::function("Alleged: Local", |_| Reply::undefined());
                    return Value::Capability(objects.entry(slot.clone()).or_insert_with(local).clone());
                }
                // A promise for what came before: the player takes the object itself for the same.
                let object = objects.get(slot).or_else(|| objects.get("o-3"));
                Value::Capability(object.unwrap().clone())
            }
            Some(other) => panic!("{other} is in no recording that is repeated"),
        },
    }
}

#[tokio::test]
async fn names_on_master() {
    repeat("master/api-names").await;
}

#[tokio::test]
async fn names_on_llm() {
    repeat("llm/api-names").await;
}

#[tokio::test]
async fn errors_on_both() {
    repeat("master/api-errors").await;
    repeat("llm/api-errors").await;
}

#[tokio::test]
async fn pings() {
    for name in ["npm/ping", "master/ping", "llm/ping"] {
        repeat(name).await;
    }
}

#[tokio::test]
async fn bootstraps() {
    for name in ["npm/bootstrap", "npm/method-names", "master/api-bootstrap", "llm/api-bootstrap"] {
        repeat(name).await;
    }
}

#[tokio::test]
async fn a_worker_of_the_npm_daemon() {
    repeat("npm/makeWorker").await;
    repeat("npm/worker-terminate").await;
}

#[tokio::test]
async fn methods_that_the_npm_daemon_lacks() {
    for method in ["evaluate", "list", "provideGuest", "request"] {
        repeat(&format!("npm/absent-privateFacet-{method}")).await;
    }
}

/// `terminate` is never answered: the daemon says that it goes, and the pending call ends with that.
#[tokio::test]
async fn terminate_ends_with_a_disconnect() {
    for name in ["npm/terminate", "master/api-terminate", "llm/api-terminate"] {
        let home = Home::new().unwrap();
        let script = Script::new(Recording::named(name).unwrap()).without("host");
        let player = Player::start(script, &home.path("s")).unwrap();
        let session = transport::unix::connect(home.path("s"), Config::new("transcripts")).await.unwrap();
        let target = match session.bootstrap().await.unwrap() {
            Value::Capability(endo) => endo,
            facets => {
                let facet = facets.as_record().and_then(|record| record.get("privateFacet")).unwrap();
                facet.as_capability().unwrap().clone()
            }
        };
        let ended = tokio::time::timeout(LIMIT, target.call("terminate", vec![])).await.unwrap();
        assert!(matches!(ended, Err(CallError::Disconnected(_))), "{name}: {ended:?}");
        tokio::time::timeout(LIMIT, session.closed()).await.unwrap();
        let verdict = tokio::task::spawn_blocking(|| player.finish()).await.unwrap();
        assert!(verdict.is_clean(), "{verdict}");
    }
}
