//! More of something than anybody needs.

use powerbox_captp::{Limits, netstring};
use serde_json::json;

use super::attacker::{Attacker, Server, call};

/// Says many messages, then hears so many answers; gives how many of them say `words`.
async fn flood(
    attacker: &mut Attacker,
    messages: Vec<serde_json::Value>,
    answers: usize,
    words: &str,
) -> usize {
    for batch in messages.chunks(100) {
        let mut bytes = Vec::new();
        for message in batch {
            netstring::append(&mut bytes, message.to_string().as_bytes());
        }
        attacker.say_bytes(&bytes).await;
    }
    let mut refused = 0;
    for _ in 0..answers {
        refused += usize::from(attacker.hear().await.unwrap().to_string().contains(words));
    }
    refused
}

#[tokio::test]
async fn exports_are_limited() {
    let mut limits = Limits::default();
    limits.exports = 500;
    let server = Server::with(move |config| config.limits(limits)).await;
    let mut attacker = server.connect().await;
    let calls = (0..1_000).map(|n| call(&format!("m-{n}"), "o-1", r#"["make",["x"]]"#, &[])).collect();
    // The fixture itself is one.
    assert_eq!(flood(&mut attacker, calls, 1_000, "limit reached").await, 501);
    assert_eq!(server.session().stats().exports, 500);
    // The control: dropping makes room.
    attacker.say(&json!({"type": "CTP_DROP", "slotID": "o-2", "decRefs": 1})).await;
    attacker.call("q-2", r#"["make",["x"]]"#, &[]).await;
    assert_eq!(attacker.answer("q-2").await["result"]["slots"].as_array().unwrap().len(), 1);
    attacker.leave().await;
    server.is_clean().await;
}

#[tokio::test]
async fn imports_are_limited_while_they_are_held() {
    let mut limits = Limits::default();
    limits.imports = 500;
    let server = Server::with(move |config| config.limits(limits)).await;
    let mut attacker = server.connect().await;
    let hold = |method: &str| {
        let method = method.to_owned();
        move |n: usize| {
            call(
                &format!("{method}-{n}"),
                "o-1",
                &format!(r#"["{method}",[{{"@qclass":"slot","index":0}}]]"#),
                &[&format!("o+{}{n}", method.len())],
            )
        }
    };
    assert_eq!(
        flood(&mut attacker, (0..1_000).map(hold("hold")).collect(), 1_000, "limit reached").await,
        500
    );
    attacker.call("q-2", r#"["drop",[]]"#, &[]).await;
    attacker.answer("q-2").await;
    // The control: what is not held is no burden, however many there are.
    assert_eq!(flood(&mut attacker, (0..1_000).map(hold("same")).collect(), 1_000, "limit reached").await, 0);
    assert_eq!(server.session().stats().imports, 0);
    attacker.leave().await;
    server.is_clean().await;
}

#[tokio::test]
async fn unanswered_calls_are_limited() {
    let server = Server::start().await;
    let mut attacker = server.connect().await;
    let most = Limits::default().peer_questions;
    let calls =
        (0..most + 1_000).map(|n| call(&format!("q-{}", n + 2), "o-1", r#"["never",[]]"#, &[])).collect();
    assert_eq!(flood(&mut attacker, calls, 1_000, "limit reached").await, 1_000);
    assert_eq!(server.session().stats().peer_questions, most);
    server.works_for_others().await;
    attacker.leave().await;
    server.is_clean().await;
}

#[tokio::test]
async fn queued_calls_are_limited() {
    let server = Server::start().await;
    let mut attacker = server.connect().await;
    attacker.call("q-2", r#"["never",[]]"#, &[]).await;
    let most = Limits::default().queued_calls;
    // A long chain, each call on the answer of the last.
    let chain =
        (0..most + 1_000).map(|n| call(&format!("q-{}", n + 3), &format!("q-{}", n + 2), r#"["x",[]]"#, &[]));
    assert_eq!(flood(&mut attacker, chain.collect(), 1_000, "limit reached").await, 1_000);
    server.works_for_others().await;
    attacker.leave().await;
    server.is_clean().await;
}

/// The control: a chain below the limit is answered to its end, without a stack as deep as the chain.
#[tokio::test]
async fn a_long_chain_unwinds() {
    let server = Server::start().await;
    let mut attacker = server.connect().await;
    attacker.call("q-2", r#"["wait",[{"@qclass":"slot","index":0}]]"#, &["p+1"]).await;
    let length = 10_000;
    let chain =
        (0..length).map(|n| call(&format!("q-{}", n + 3), &format!("q-{}", n + 2), r#"["self",[]]"#, &[]));
    flood(&mut attacker, chain.collect(), 0, "").await;
    attacker
        .say(&json!({"type": "CTP_RESOLVE", "promiseID": "p-1",
                     "res": {"body": r#"{"@qclass":"slot","index":0}"#, "slots": ["o-1"]}}))
        .await;
    for n in 0..=length {
        assert_eq!(attacker.answer(format!("q-{}", n + 2)).await["result"]["slots"], json!(["o+1"]));
    }
    attacker.leave().await;
    server.is_clean().await;
}

#[tokio::test]
async fn bytes_of_unanswered_calls_are_limited() {
    let mut limits = Limits::default();
    limits.peer_question_bytes = 1 << 20;
    let server = Server::with(move |config| config.limits(limits)).await;
    let mut attacker = server.connect().await;
    let body = format!(r#"["never",["{}"]]"#, "x".repeat(100_000));
    let calls = (0..20).map(|n| call(&format!("q-{}", n + 2), "o-1", &body, &[])).collect();
    assert_eq!(flood(&mut attacker, calls, 10, "limit reached").await, 10);
    attacker.goes_on().await;
    attacker.leave().await;
    server.is_clean().await;
}

#[tokio::test]
async fn slots_of_one_body_are_limited() {
    let server = Server::start().await;
    let mut attacker = server.connect().await;
    let slots: Vec<_> = (0..70_000).map(|n| format!("o+{n}")).collect();
    let slots: Vec<_> = slots.iter().map(String::as_str).collect();
    attacker.call("q-2", r#"["ping",[1]]"#, &slots).await;
    attacker.refused("q-2", "too many slots").await;
    // The control: many slots, each mentioned twice.
    let mention = |n: usize| format!(r#"{{"@qclass":"slot","index":{n}}}"#);
    let mentions: Vec<_> = (0..5_000).chain(0..5_000).map(mention).collect();
    attacker.call("q-3", &format!(r#"["echo",[{}]]"#, mentions.join(",")), &slots[..5_000]).await;
    assert_eq!(attacker.answer("q-3").await["result"]["slots"].as_array().unwrap().len(), 5_000);
    attacker.leave().await;
    server.is_clean().await;
}

/// Answers that nobody will call are kept in a window, whatever their number.
#[tokio::test]
async fn finished_calls_keep_nothing() {
    let server = Server::start().await;
    let mut attacker = server.connect().await;
    let text = "x".repeat(2_000);
    let calls =
        (0..5_000).map(|n| call(&format!("q-{}", n + 2), "o-1", &format!(r#"["ping",["{text}"]]"#), &[]));
    flood(&mut attacker, calls.collect(), 5_000, "never").await;
    let stats = server.session().stats();
    assert!(stats.kept_answers <= Limits::default().kept_answers + 1, "{stats:?}");
    attacker.leave().await;
    server.is_clean().await;
}
