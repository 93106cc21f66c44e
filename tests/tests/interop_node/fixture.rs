//! A JavaScript client calls every method of the fixture: Endo's CapTP against ours, both as caller and as callee.

use std::{sync::OnceLock, time::Duration};

use powerbox_tests::{
    node::{self, Server},
    program::{Home, built},
};
use serde_json::{Value, json};

const LIMIT: Duration = Duration::from_secs(120);

/// Runs the client once for all tests here; they look at one part of what it found each.
fn found(scenario: &str) -> Value {
    static RESULTS: OnceLock<Value> = OnceLock::new();
    let results = RESULTS.get_or_init(|| {
        let home = Home::new().unwrap();
        let address = format!("unix:{}", home.path("fixture.sock").display());
        let _fixture = Server::start(home.command(built("captp-fixture").unwrap()).arg(&address)).unwrap();
        node::report(&home, "fixture-client.mjs", &[&address], LIMIT).unwrap()
    });
    let result = &results[scenario];
    assert!(result.is_object() && result.get("scenarioFailed").is_none(), "{scenario}: {result}");
    result.clone()
}

#[test]
fn calls_are_answered() {
    let calls = found("calls");
    assert_eq!(calls["ping"], "hello");
    let methods = calls["methods"].as_array().unwrap();
    assert!(methods.iter().map(Value::as_str).is_sorted(), "{methods:?}");
    for method in ["__getMethodNames__", "echo", "failWith", "pending", "ping"] {
        assert!(methods.contains(&json!(method)), "{methods:?}");
    }
}

#[test]
fn every_kind_of_value_comes_back_as_it_went() {
    let values = found("values");
    assert_eq!(values["values"], values["sent"]);
    assert_eq!(values["loneSurrogate"], true);
    assert_eq!(values["symbols"], json!(["Symbol(foo)", "Symbol(Symbol.asyncIterator)"]));
    assert_eq!(values["tagged"], json!({"tag": "demo", "payload": [{"bigint": "1"}]}));
    assert_eq!(values["error"], json!({"error": {"name": "RangeError", "message": "as data"}}));
    assert_eq!(values["long"], 1 << 20);
}

#[test]
fn calls_sent_ahead_reach_what_the_answers_become() {
    let pipelining = found("pipelining");
    assert_eq!(
        pipelining,
        json!({
            "label": "label",
            "me": "through self",
            "a": 1,
            "throughRecord": "through record",
            "chain": "after eight",
            "applied": 42,
            "onFailure": {"name": "Error", "message": "first"},
        })
    );
}

#[test]
fn calls_on_one_object_arrive_in_order() {
    assert_eq!(found("order"), json!({"inOrder": true, "count": 100}));
}

#[test]
fn answers_come_when_they_are_ready() {
    assert_eq!(found("outOfOrder"), json!({"finished": ["quick", "slow"]}));
}

#[test]
fn promises_of_javascript_are_awaited() {
    assert_eq!(
        found("promisesToThem"),
        json!({
            "waited": {"answer": {"bigint": "42"}},
            "rejected": {"name": "TypeError", "message": "broken on purpose"},
            "settled": "at once",
            "ofTheirs": "a pending answer",
        })
    );
}

#[test]
fn promises_of_ours_are_awaited_and_called() {
    assert_eq!(
        found("promisesFromThem"),
        json!({
            "isPromise": true,
            "resolved": "resolved",
            "rejected": {"name": "Error", "message": "rejected"},
            "label": "pipelined on a promise",
            "homeLabel": "came home",
            "homeIsMine": true,
        })
    );
}

#[test]
fn objects_of_javascript_are_called_back() {
    let callbacks = found("callbacks");
    assert_eq!(callbacks["called"], 3);
    assert_eq!(callbacks["bigints"], json!({"bigint": "3"}));
    assert_eq!(callbacks["later"], 42);
    assert_eq!(callbacks["calls"].as_array().unwrap().len(), 3);
    assert_eq!(callbacks["failed"], json!({"name": "RangeError", "message": "thrown at home"}));
    assert_eq!(callbacks["absent"]["name"], "TypeError");
    assert_eq!(callbacks["recursive"], "there and back and there and back");
}

#[test]
fn one_object_is_one_presence_in_both_directions() {
    let identity = found("identity");
    assert_eq!(
        identity,
        json!({
            "selfIsSelf": true,
            "same": true,
            "notSame": false,
            "mineComesHome": true,
            "held": [true, true, true],
            "dropped": [],
            "equal": true,
            "unequal": false,
            "recordHoldsItself": true,
            "madeAreDistinct": true,
        })
    );
}

#[test]
fn errors_keep_class_and_words_and_tell_no_secrets() {
    let errors = found("errors");
    assert_eq!(errors["fail"], json!({"name": "Error", "message": "on purpose"}));
    assert_eq!(errors["failWithData"], json!({"thrown": {"code": {"bigint": "7"}}}));
    assert_eq!(errors["failWithError"], json!({"name": "TypeError", "message": "a class of its own"}));
    for step in ["absentMethod", "onData", "onUndefined", "applied"] {
        assert_eq!(errors[step]["name"], "TypeError", "{step}: {}", errors[step]);
    }
    let secret = errors["failSecret"].to_string();
    assert!(!secret.contains("secret-path") && errors["failSecret"]["name"].is_string(), "{secret}");
}

#[test]
fn connections_meet_and_part_without_harm() {
    assert_eq!(
        found("betweenConnections"),
        json!({"value": "from the other connection", "stillHere": "still here"})
    );
    let ended = found("disconnectByUs");
    assert_eq!(ended["others"], "unharmed");
    assert_eq!(ended["never"]["name"], "Error");
    assert_eq!(found("disconnectWithReason"), json!({"never": {"thrown": "enough"}, "others": "unharmed"}));
}
