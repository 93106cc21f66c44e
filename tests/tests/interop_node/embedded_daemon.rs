//! A JavaScript client, made of Endo's packages alone, drives the embedded daemon.

use std::time::Duration;

use powerbox_tests::{
    node::{self, Server},
    program::{Home, built},
};
use serde_json::{Value, json};

const LIMIT: Duration = Duration::from_secs(120);

/// Starts the daemon in a home and runs the client against it.
fn client(home: &Home) -> Value {
    let socket = home.path("run/embedded.sock");
    let state = home.path("state/embedded");
    let mut command = home.command(built("embedded-daemon").unwrap());
    let _daemon = Server::start(command.arg(state).arg(&socket)).unwrap();
    let address = format!("unix:{}", socket.display());
    let first = node::report(home, "client.mjs", &[&address], LIMIT).unwrap();
    // It removes what it makes, so it finds the same when it comes again.
    let second = node::report(home, "client.mjs", &[&address], LIMIT).unwrap();
    assert_eq!(first, second);
    first
}

#[test]
fn a_javascript_client_drives_the_embedded_daemon() {
    let home = Home::new().unwrap();
    let results = client(&home);
    let of = |step: &str| {
        let result = &results[step];
        assert!(result.is_object() && result.get("scenarioFailed").is_none(), "{step}: {result}");
        result.clone()
    };

    assert_eq!(of("bootstrap")["ping"], "pong");
    assert_eq!(of("bootstrap")["bootstrap"], json!({"remotable": "Alleged: Endo"}));
    for (step, wanted) in [
        ("bootstrap", &["__getMethodNames__", "host", "nodeId", "ping"][..]),
        (
            "host",
            &["copy", "followNameChanges", "identify", "list", "lookup", "makeDirectory", "move", "remove"],
        ),
        ("makeDirectory", &["copy", "followNameChanges", "has", "list", "lookup", "remove"]),
    ] {
        let methods = of(step)["methods"].as_array().unwrap().clone();
        for method in wanted {
            assert!(methods.contains(&json!(method)), "{step} lacks {method}: {methods:?}");
        }
    }
    assert_eq!(of("host")["same"], true);
    let special = of("list")["special"].as_array().unwrap().clone();
    for name in ["@agent", "@endo", "@host", "@nets", "@none", "@pins", "@self"] {
        assert!(special.contains(&json!(name)), "{name} is missing: {special:?}");
    }
    assert_eq!(of("list")["sorted"], true);
    assert_eq!(of("makeDirectory")["directory"], json!({"remotable": "Alleged: EndoDirectory"}));
    assert_eq!(of("makeDirectory")["same"], true, "one directory is one presence");
    assert_eq!(of("makeDirectory")["list"], json!(["inner"]));
    assert_eq!(
        of("storeValue"),
        json!({
            "text": "milk",
            "record": {
                "n": {"bigint": "1"},
                "list": ["a", {"undefined": true}, {"number": "NaN"}, null],
                "deep": {"yes": true},
            },
            "identified": "string",
            "has": true,
        })
    );
    assert_eq!(of("copy"), json!({"value": "milk", "sameIdentifier": true}));
    assert_eq!(of("move"), json!({"value": "milk", "left": []}));
    assert_eq!(of("pipelined"), json!({"names": ["inner", "record"], "length": 2}));
    assert_eq!(of("blob")["text"], "hello, world");
    assert_eq!(
        of("followNameChanges"),
        json!({
            "iterator": {"remotable": "Alleged: AsyncIterator"},
            "sameAsList": true,
            "done": [false, false],
            "added": "js-followed",
            "addedHas": ["id", "node", "number"],
            "removed": "js-followed",
        })
    );
    assert_eq!(of("followInDirectory"), json!({"initial": ["inner", "record"], "added": "late"}));
    assert_eq!(of("remove"), json!({"left": []}));
    assert_eq!(of("disconnect")["waiting"]["name"], "Error");
}

/// The classes and words are those that both branches of Endo's daemon use.
#[test]
fn errors_are_those_of_endo() {
    let home = Home::new().unwrap();
    let results = client(&home);
    let errors = &results["errors"];
    for (step, name, message) in [
        ("lookupAbsent", "TypeError", r#"Unknown pet name: "js-absent""#),
        ("lookupBelowAbsent", "TypeError", r#"Unknown pet name: "js-absent""#),
        ("pipelinedOnFailure", "TypeError", r#"Unknown pet name: "js-absent""#),
        ("removeAbsent", "Error", r#"Formula does not exist for pet name "js-absent""#),
        ("moveAbsent", "Error", r#"Formula does not exist for pet name "js-absent""#),
        ("copyAbsent", "Error", r#"Unknown name: ["js-absent"]"#),
    ] {
        assert_eq!(errors[step], json!({"name": name, "message": message}), "{step}");
    }
    assert_eq!(errors["badName"]["name"], "Error");
    assert_eq!(errors["noSuchMethod"]["name"], "TypeError");
    let message = errors["noSuchMethod"]["message"].as_str().unwrap();
    assert!(message.starts_with(r#"target has no method "noSuchMethod", has ["#), "{message}");
    assert_eq!(errors["identifyAbsent"], json!({"value": {"undefined": true}}));
}
