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
        json!({"type": "CTP_RETURN", "answerID": "o-1", "result": {"body": "1", "slots": []}}),
        json!({"type": "CTP_RESOLVE", "promiseID": "p-99", "res": {"body": "1", "slots": []}}),
        json!({"type": "CTP_RESOLVE", "promiseID": "o-1"}),
        json!({"type": "CTP_RESOLVE", "promiseID": "p+1"}),
        json!({"type": "CTP_DROP"}),
        json!({"type": "CTP_DROP", "slotID": "o+1", "decRefs": 1}),
        json!({"type": "CTP_DROP", "slotID": "o-999", "decRefs": 5}),
        json!({"type": "CTP_DROP", "slotID": "x-1", "decRefs": 1}),
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
        (with("target", json!("o-18446744073709551615")), "Unknown export"),
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
        (call("q-2", "o-1", r#"["ping",{"a":1}]"#, &[]), "iterable"),
        (call("q-2", "o-1", r#"["ping",false]"#, &[]), "iterable"),
        (call("q-2", "o-1", r#"["ping",0]"#, &[]), "iterable"),
        (call("q-2", "o-1", r#"["ping",""]"#, &[]), "iterable"),
        (call("q-2", "o-1", "[]", &[]), "empty list"),
        (call("q-2", "o-1", r#""ping""#, &[]), "list"),
        (call("q-2", "o-1", r#"{"0":"ping","1":[]}"#, &[]), "list"),
        (call("q-2", "o-1", r#"[{"a":1},[]]"#, &[]), "name of a method"),
        (call("q-2", "o-1", "[5,[]]", &[]), "name of a method"),
        (call("q-2", "o-1", "[true,[]]", &[]), "name of a method"),
        (call("q-2", "o-1", r#"[["ping"],[]]"#, &[]), "name of a method"),
        (call("q-2", "o-1", "[null]", &[]), "name of a method"),
        (call("q-2", "o-1", "[5]", &[]), "name of a method"),
        (call("q-2", "o-1", r#"["ping",[{"@qclass":"nope"}]]"#, &[]), ""),
        (call("q-2", "o-1", r##"#["ping",["#nope"]]"##, &[]), ""),
        (call("q-2", "o-1", slot, &[]), ""),
        (call("q-2", "o-1", slot, &["o-9"]), "Unknown export"),
        (call("q-2", "o-1", slot, &["p-9"]), "Unknown export"),
        (call("q-2", "o-1", slot, &["q-1"]), "Unknown export"),
        (call("q-2", "o-1", slot, &["q+1"]), "Unknown slot type"),
        (call("q-2", "o-1", slot, &["x+1"]), "Unknown slot type"),
        (call("q-2", "o-1", r#"["ping",[{"@qclass":"slot","iface":"Foo","index":0}]]"#, &["o+1"]), "Alleged"),
        (call("q-2", "o-1", r##"#["ping",["&0"]]"##, &["o+1"]), "kind"),
    ] {
        attacker.say(&message).await;
        attacker.refused("q-2", words).await;
        attacker.goes_on().await;
    }
    // A call that names no target has no number that could be wrong.
    let mut message = call("q-2", "o-1", r#"["ping",[1]]"#, &[]);
    message.as_object_mut().unwrap().remove("target");
    attacker.say(&message).await;
    attacker.refused("q-2", "no target").await;
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
            format!(r#"{{"type":"CTP_DROP","other":{},"reason":{}}}"#, nested(depth), nested(depth));
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

/// What is no number of 64 bits in plain digits.
const BROKEN: [&str; 18] = [
    "",
    "-1",
    "+1",
    "01",
    "00",
    "1x",
    "x1",
    " 1",
    "1 ",
    "1\n",
    "1.0",
    "1e0",
    "0x1",
    "1_0",
    "1-",
    "１",
    "١",
    "18446744073709551616",
];

/// Says a message to a server of its own, which ends the session for it, and shows that the one with the part changed
/// goes on.
async fn is_fault(server: &Server, message: &Json, words: &str) {
    let mut attacker = server.connect().await;
    attacker.say(message).await;
    attacker.cut_off(words).await;
    server.is_clean().await;
}

#[tokio::test]
async fn slots_without_a_number_or_with_a_broken_one_end_the_session() {
    let server = Server::start().await;
    let mention = r#"["ping",[{"@qclass":"slot","index":0}]]"#;
    let mut broken: Vec<String> =
        ["", "o", "p", "t", "q", "1", "-", "o1", "o.1", "o\u{2212}1", "é+1", "O+1", " o+1", "oo+1"]
            .map(str::to_owned)
            .to_vec();
    for start in ["o+", "o-", "p+", "p-", "t+", "q-", "x+"] {
        broken.extend(BROKEN.iter().map(|number| format!("{start}{number}")));
    }
    for slot in &broken {
        for body in [mention, r#"["ping",[1]]"#] {
            is_fault(&server, &call("q-2", "o-1", body, &["o+1", slot]), "malformed slot").await;
        }
        is_fault(&server, &call("q-2", slot, r#"["ping",[1]]"#, &[]), "malformed slot").await;
        for message in [
            json!({"type": "CTP_RETURN", "answerID": slot, "result": {"body": "1", "slots": []}}),
            json!({"type": "CTP_RETURN", "answerID": "q-9", "result": {"body": "1", "slots": [slot]}}),
            json!({"type": "CTP_RESOLVE", "promiseID": slot, "res": {"body": "1", "slots": []}}),
            json!({"type": "CTP_RESOLVE", "promiseID": "p-9", "rej": {"body": "1", "slots": [slot]}}),
            json!({"type": "CTP_DROP", "slotID": slot, "decRefs": 1}),
        ] {
            is_fault(&server, &message, "malformed slot").await;
        }
    }
    for slot in [json!(null), json!(1), json!(["o+1"]), json!({"o": 1}), json!(true)] {
        let mut message = call("q-2", "o-1", mention, &[]);
        message["method"]["slots"] = json!([slot]);
        is_fault(&server, &message, "malformed slot").await;
        message["target"] = slot;
        is_fault(&server, &message, "malformed slot").await;
    }
    // The control: the smallest and the largest number, and each letter.
    let mut attacker = server.connect().await;
    for slot in ["o+0", "o+18446744073709551615", "p+1", "t+10"] {
        attacker.call("q-2", r#"["echo",[{"@qclass":"slot","index":0}]]"#, &[slot]).await;
        assert_eq!(attacker.answer("q-2").await["result"]["slots"], json!([slot.replace('+', "-")]));
    }
    attacker.leave().await;
}

#[tokio::test]
async fn question_ids_with_a_broken_number_end_the_session() {
    let server = Server::start().await;
    let mut broken: Vec<Json> = BROKEN.iter().map(|number| json!(format!("q-{number}"))).collect();
    broken.extend(
        ["q", "q1", "q+1", "q\u{2212}1", "Q-1", " q-1", "\tq-1", "o-1", "o+1", "p", "t 1"].map(Json::from),
    );
    broken.extend([json!(-1), json!(1.5), json!(1e300), json!("x".repeat(1_000))]);
    for id in broken {
        let mut message = call("", "o-1", r#"["ping",[1]]"#, &[]);
        message["questionID"] = id.clone();
        is_fault(&server, &message, "malformed question id").await;
        is_fault(&server, &json!({"type": "CTP_BOOTSTRAP", "questionID": id}), "malformed question id").await;
    }
    // The control: ids that nobody could take for a slot are no more than names, as in JavaScript.
    let mut attacker = server.connect().await;
    for id in
        [json!(null), json!(77), json!({"a": [1]}), json!("é\"\\"), json!(""), json!(true), json!("quiet")]
    {
        let mut message = call("", "o-1", r#"["ping",[1]]"#, &[]);
        message["questionID"] = id.clone();
        attacker.say(&message).await;
        assert_eq!(attacker.answer(id).await["result"]["body"], "1");
    }
    attacker.leave().await;
}

#[tokio::test]
async fn drops_with_a_broken_count_end_the_session() {
    let server = Server::start().await;
    for count in ["-1", "-0", "1.5", "1e3", "\"1\"", "null", "18446744073709551616", "[1]"] {
        let mut attacker = server.connect().await;
        let text = format!(r#"{{"type":"CTP_DROP","slotID":"o-1","decRefs":{count}}}"#);
        attacker.say_text(text.as_bytes()).await;
        attacker.cut_off("malformed count").await;
        server.is_clean().await;
    }
}

#[tokio::test]
async fn a_question_id_that_is_in_use_ends_the_session() {
    let server = Server::start().await;
    let wait = call("q-2", "o-1", r#"["wait",[{"@qclass":"slot","index":0}]]"#, &["p+1"]);
    let calls = [
        call("q-2", "o-1", r#"["ping",[1]]"#, &[]),
        call("q-2", "q-2", r#"["ping",[1]]"#, &[]),
        call("q-2", "o-77", r#"["ping",[1]]"#, &[]),
        json!({"type": "CTP_BOOTSTRAP", "epoch": 0, "questionID": "q-2"}),
    ];
    for again in &calls {
        let mut attacker = server.connect().await;
        attacker.say(&wait).await;
        // To give the answer up beforehand makes no difference: it is still owed.
        attacker.say(&json!({"type": "CTP_DROP", "slotID": "q-2", "decRefs": 1})).await;
        attacker.say(again).await;
        attacker.cut_off("used again").await;
        server.is_clean().await;
    }
    // Two spellings of one string are one id.
    let mut attacker = server.connect().await;
    let mut named = wait.clone();
    named["questionID"] = json!("zebra");
    attacker.say(&named).await;
    let escaped = r#"{"type":"CTP_BOOTSTRAP","questionID":"z\u0065bra"}"#;
    attacker.say_text(escaped.as_bytes()).await;
    attacker.cut_off("used again").await;
}

/// The control: an id whose question is answered is free, and means the new question from then on.
#[tokio::test]
async fn a_question_id_is_used_again_after_its_answer() {
    let server = Server::start().await;
    let mut attacker = server.connect().await;
    for label in ["first", "second"] {
        attacker.call("q-2", &format!(r#"["make",["{label}"]]"#), &[]).await;
        attacker.answer("q-2").await;
        attacker.say(&call("q-3", "q-2", r#"["label",[]]"#, &[])).await;
        assert_eq!(attacker.answer("q-3").await["result"]["body"], format!("\"{label}\""));
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
    for mentions in [json!(1_000_000), json!(1), json!(u64::MAX), json!(0)] {
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
    attacker.say(&call("q-3", "q-2", r#"["label",[]]"#, &[])).await;
    attacker.say(&resolve("p-1", "p+2")).await;
    attacker.say(&resolve("p-2", "p+1")).await;
    attacker.refused("q-2", "promise cycle").await;
    attacker.refused("q-3", "promise cycle").await;
    attacker.call("q-4", r#"["later",[{"@qclass":"slot","index":0},"x",[]]]"#, &["p+3"]).await;
    // A call on a promise goes to who made it, at once.
    assert_eq!(attacker.hear().await.unwrap()["target"], "p-3");
    attacker.say(&resolve("p-3", "p+3")).await;
    attacker.goes_on().await;
    // The attacker is told at once of a promise of the server that follows one of its own, and closes the ring.
    attacker.call("q-5", r#"["pending",[]]"#, &[]).await;
    let pending = attacker.answer("q-5").await;
    let slot = |letter: &str| {
        let mut slots = pending["result"]["slots"].as_array().unwrap().iter();
        slots
            .find_map(|slot| slot.as_str().filter(|slot| slot.starts_with(letter)))
            .unwrap()
            .replace('+', "-")
    };
    let (theirs, resolver) = (slot("p"), slot("o"));
    let settle = r#"["resolve",[{"@qclass":"slot","index":0}]]"#;
    attacker.say(&call("q-6", &resolver, settle, &["p+6"])).await;
    let told = attacker.hear().await.unwrap();
    assert_eq!((&told["type"], &told["res"]["slots"]), (&json!("CTP_RESOLVE"), &json!(["p-6"])));
    attacker.answer("q-6").await;
    attacker.call("q-7", r#"["wait",[{"@qclass":"slot","index":0}]]"#, &[&theirs]).await;
    attacker.say(&resolve("p-6", &theirs)).await;
    attacker.refused("q-7", "promise cycle").await;
    attacker.leave().await;
    server.is_clean().await;
}
