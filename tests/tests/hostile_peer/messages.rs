//! Messages that are none, and parts of messages that mean nothing.

use serde_json::{Value as Json, json};

use super::attacker::{Server, call};

#[tokio::test]
async fn json_that_is_no_message_is_ignored() {
    let server = Server::start().await;
    let mut attacker = server.connect().await;
    for message in [
        Json::Null,
        json!([]),
        json!("hi"),
        json!(5),
        json!({}),
        json!({"type": 5}),
        json!({"type": "CTP_NOPE"}),
        json!({"type": {"type": "CTP_BOOTSTRAP"}}),
        json!({"type": "CTP_RETURN"}),
        json!({"type": "CTP_RETURN", "answerID": "q-99", "result": {"body": "1", "slots": []}}),
        json!({"type": "CTP_RETURN", "answerID": {"q": 1}, "result": 5}),
        json!({"type": "CTP_RESOLVE", "promiseID": "p-99", "res": {"body": "1", "slots": []}}),
        json!({"type": "CTP_RESOLVE", "promiseID": ["p-1"]}),
        json!({"type": "CTP_DROP"}),
        json!({"type": "CTP_DROP", "slotID": "o+1", "decRefs": 1}),
        json!({"type": "CTP_DROP", "slotID": "o-999", "decRefs": -5}),
        json!({"type": "CTP_DROP", "slotID": "x", "decRefs": "many"}),
        json!({"type": "CTP_DROP", "slotID": 7, "decRefs": 1e308}),
        json!({"type": "CTP_TRAP_ITERATE", "questionID": "q-5", "serialized": {"body": "[]", "slots": []}}),
    ] {
        attacker.say(&message).await;
        attacker.goes_on().await;
    }
    attacker.leave().await;
    server.is_clean().await;
}

#[tokio::test]
async fn calls_that_mean_nothing_are_answered_with_an_error() {
    let server = Server::start().await;
    let mut attacker = server.connect().await;
    let with = |key: &str, value: Json| {
        let mut message = call("q-2", "o-1", r#"["ping",[1]]"#, &[]);
        message[key] = value;
        message
    };
    let slot = r#"["ping",[{"@qclass":"slot","index":0}]]"#;
    for (message, words) in [
        (with("target", json!("o-77")), "Unknown export"),
        (with("target", json!("q-77")), "Unknown export"),
        (with("target", json!("x-1")), "Unknown slot type"),
        (with("target", json!("")), "Unknown slot type"),
        (with("target", json!("é+1")), "Unknown slot type"),
        (with("target", json!("o-1x")), "Unknown export"),
        (with("target", json!("o-99999999999999999999999")), "Unknown export"),
        (with("target", json!(null)), "target"),
        (with("target", json!({"o": 1})), "target"),
        (with("method", json!(null)), "body and slots"),
        (with("method", json!({})), "body"),
        (with("method", json!({"body": 5, "slots": []})), "body"),
        (with("method", json!({"body": "[\"ping\",[]]"})), "slots"),
        (with("method", json!({"body": "[\"ping\",[]]", "slots": "o+1"})), "slots"),
        (with("trap", json!(true)), "Trap"),
        (call("q-2", "o-1", "{bad", &[]), ""),
        (call("q-2", "o-1", "", &[]), ""),
        (call("q-2", "o-1", "5", &[]), "list"),
        (call("q-2", "o-1", r#"["ping",5]"#, &[]), "iterable"),
        (call("q-2", "o-1", r#"[{"a":1},[]]"#, &[]), "name of a method"),
        (call("q-2", "o-1", r#"["ping",[{"@qclass":"nope"}]]"#, &[]), ""),
        (call("q-2", "o-1", r##"#["ping",["#nope"]]"##, &[]), ""),
        (call("q-2", "o-1", slot, &[]), ""),
        (call("q-2", "o-1", slot, &["o-9"]), "Unknown export"),
        (call("q-2", "o-1", slot, &["p-9"]), "Unknown export"),
        (call("q-2", "o-1", slot, &["q-1"]), "Unknown export"),
        (call("q-2", "o-1", slot, &["q+1"]), "Unknown slot type"),
        (call("q-2", "o-1", slot, &["x+1"]), "Unknown slot type"),
        (call("q-2", "o-1", slot, &["o"]), "Unknown export"),
        (call("q-2", "o-1", slot, &[""]), "Unknown slot type"),
        (call("q-2", "o-1", r#"["ping",[{"@qclass":"slot","iface":"Foo","index":0}]]"#, &["o+1"]), "Alleged"),
        (call("q-2", "o-1", r##"#["ping",["&0"]]"##, &["o+1"]), "kind"),
    ] {
        attacker.say(&message).await;
        attacker.refused("q-2", words).await;
        attacker.goes_on().await;
    }
    // The control: the very same call, with a slot that means something.
    attacker.call("q-2", slot, &["o+1"]).await;
    assert_eq!(attacker.answer("q-2").await["result"]["slots"], json!(["o-1"]));
    attacker.leave().await;
    server.is_clean().await;
}

#[tokio::test]
async fn depth_bombs() {
    let server = Server::start().await;
    let mut attacker = server.connect().await;
    let nested = |depth: usize| format!("{}1{}", "[".repeat(depth), "]".repeat(depth));
    for depth in [2_000, 100_000, 4_000_000] {
        // As an argument, as the list itself, as tags, and around the message.
        attacker.call("q-2", &format!(r#"["ping",[{}]]"#, nested(depth)), &[]).await;
        attacker.refused("q-2", "nesting").await;
        attacker.say_text(nested(depth).as_bytes()).await;
        let message =
            format!(r#"{{"type":"CTP_DROP","slotID":{},"reason":{}}}"#, nested(depth), nested(depth));
        attacker.say_text(message.as_bytes()).await;
        attacker.goes_on().await;
    }
    let tagged =
        format!("{}1{}", r#"{"@qclass":"tagged","tag":"t","payload":"#.repeat(50_000), "}".repeat(50_000));
    attacker.call("q-2", &format!(r#"["ping",[{tagged}]]"#), &[]).await;
    attacker.refused("q-2", "nesting").await;
    // The control: a value that is merely deep.
    attacker.call("q-2", &format!(r#"["ping",[{}]]"#, nested(900)), &[]).await;
    assert_eq!(attacker.answer("q-2").await["result"]["body"], nested(900));
    attacker.leave().await;
    server.is_clean().await;
}

#[tokio::test]
async fn huge_bigints() {
    let server = Server::start().await;
    let mut attacker = server.connect().await;
    let ping = |digits: &str| format!(r#"["ping",[{{"@qclass":"bigint","digits":"{digits}"}}]]"#);
    attacker.call("q-2", &ping(&"9".repeat(5_000_000)), &[]).await;
    attacker.refused("q-2", "digits").await;
    attacker.goes_on().await;
    // The control.
    let digits = "9".repeat(10_000);
    attacker.call("q-2", &ping(&digits), &[]).await;
    assert!(attacker.answer("q-2").await["result"]["body"].as_str().unwrap().contains(&digits));
    attacker.leave().await;
    server.is_clean().await;
}

#[tokio::test]
async fn text_that_is_not_unicode() {
    let server = Server::start().await;
    let mut attacker = server.connect().await;
    // Bytes that are not UTF-8 become U+FFFD, as in JavaScript.
    let mut message = call("q-2", "o-1", r#"["ping",["AAAA"]]"#, &[]).to_string().into_bytes();
    let at = message.windows(4).position(|window| window == b"AAAA").unwrap();
    message[at..at + 4].copy_from_slice(b"a\xff\xfeb");
    attacker.say_text(&message).await;
    assert_eq!(attacker.answer("q-2").await["result"]["body"], "\"a\u{fffd}\u{fffd}b\"");
    // Lone surrogates survive, escaped once or twice.
    for escaped in [r"\\ud83d", r"\ud83d"] {
        let text = format!(
            r#"{{"type":"CTP_CALL","questionID":"q-3","target":"o-1","method":{{"body":"[\"ping\",[\"x{escaped}y\"]]","slots":[]}}}}"#
        );
        attacker.say_text(text.as_bytes()).await;
        assert_eq!(attacker.answer("q-3").await["result"]["body"], r#""x\ud83dy""#);
    }
    attacker.leave().await;
    server.is_clean().await;
}

#[tokio::test]
async fn question_ids_used_again_and_of_any_kind() {
    let server = Server::start().await;
    let mut attacker = server.connect().await;
    // Two are open under one name; both are answered, and calls go to the later one.
    attacker.call("q-2", r#"["wait",[{"@qclass":"slot","index":0}]]"#, &["p+1"]).await;
    attacker.call("q-2", r#"["make",["second"]]"#, &[]).await;
    assert_eq!(attacker.answer("q-2").await["result"]["slots"], json!(["o+2"]));
    attacker.say(&call("q-3", "q-2", r#"["label",[]]"#, &[])).await;
    assert_eq!(attacker.answer("q-3").await["result"]["body"], "\"second\"");
    attacker
        .say(&json!({"type": "CTP_RESOLVE", "promiseID": "p-1", "res": {"body": "\"first\"", "slots": []}}))
        .await;
    assert_eq!(attacker.answer("q-2").await["result"]["body"], "\"first\"");
    for id in [json!(null), json!(77), json!({"a": [1]}), json!("é\"\\"), json!(""), json!(true)] {
        let mut message = call("", "o-1", r#"["ping",[1]]"#, &[]);
        message["questionID"] = id.clone();
        attacker.say(&message).await;
        assert_eq!(attacker.answer(id).await["result"]["body"], "1");
    }
    attacker.leave().await;
    server.is_clean().await;
}

#[tokio::test]
async fn drops_of_more_than_there_is() {
    let server = Server::start().await;
    let mut attacker = server.connect().await;
    attacker.call("q-2", r#"["make",["x"]]"#, &[]).await;
    attacker.answer("q-2").await;
    for mentions in [json!(1_000_000), json!(1), json!(1e300), json!(-3)] {
        attacker.say(&json!({"type": "CTP_DROP", "slotID": "o-2", "decRefs": mentions})).await;
    }
    attacker.say(&call("q-3", "o-2", r#"["label",[]]"#, &[])).await;
    attacker.refused("q-3", "Unknown export").await;
    // Dropped to the last, the fixture itself comes back under a slot that works.
    attacker.say(&json!({"type": "CTP_DROP", "slotID": "o-1", "decRefs": 99})).await;
    attacker.say(&call("q-4", "q-1", r#"["self",[]]"#, &[])).await;
    let slot = attacker.answer("q-4").await["result"]["slots"][0].as_str().unwrap().replace('+', "-");
    attacker.say(&call("q-5", &slot, r#"["ping",[5]]"#, &[])).await;
    assert_eq!(attacker.answer("q-5").await["result"]["body"], "5");
    attacker.leave().await;
    server.is_clean().await;
}

#[tokio::test]
async fn promises_that_go_in_circles() {
    let server = Server::start().await;
    let mut attacker = server.connect().await;
    attacker.call("q-2", r#"["wait",[{"@qclass":"slot","index":0}]]"#, &["p+1"]).await;
    let resolve = |promise: &str, slot: &str| {
        json!({"type": "CTP_RESOLVE", "promiseID": promise,
               "res": {"body": r#"{"@qclass":"slot","index":0}"#, "slots": [slot]}})
    };
    attacker.say(&resolve("p-1", "p+2")).await;
    attacker.say(&resolve("p-2", "p+1")).await;
    attacker.say(&call("q-3", "q-2", r#"["label",[]]"#, &[])).await;
    attacker.call("q-4", r#"["later",[{"@qclass":"slot","index":0},"x",[]]]"#, &["p+3"]).await;
    // A call on a promise goes to who made it, at once.
    assert_eq!(attacker.hear().await.unwrap()["target"], "p-3");
    attacker.say(&resolve("p-3", "p+3")).await;
    attacker.goes_on().await;
    attacker.leave().await;
    server.is_clean().await;
}
