//! Side b of recordings in which side a is a script: forms that are odd, and messages that mean nothing.

use std::sync::{Arc, Mutex};

use powerbox_captp::{Object, Reply, Value};
use serde_json::{Value as Json, json};

use super::far::{Far, first, object};
use super::peer::{expect_refusal, recording};
use super::serving::serve;

/// Better than the recording: a call that is lost there is delivered.
#[tokio::test]
async fn a_call_on_the_pending_bootstrap() {
    let (mut peer, _session) = serve(bob());
    let answer = json!({"type": "CTP_RETURN", "epoch": 0, "answerID": "q-2",
                        "result": {"body": "\"hello x\"", "slots": []}});
    let lines = recording("raw-bootstrap-pipelined");
    peer.play(&lines[..3], "a").await;
    peer.expect(&answer).await;
    peer.play(&lines[3..], "a").await;
}

fn bob() -> Object {
    let kept = Arc::new(Mutex::new(Value::Undefined));
    let keep = kept.clone();
    Far::new("Alleged: Bob")
        .method("hello", |args| Reply::value(format!("hello {}", first(args).as_str().unwrap())))
        .returns_argument("echo")
        .method("keep", move |args| {
            *keep.lock().unwrap() = first(args);
            Reply::undefined()
        })
        .method("use", move |mut args| {
            let arguments = args.split_off(1);
            let method = first(args).as_str().unwrap().to_owned();
            Reply::Answer(object(kept.lock().unwrap().clone()).call(method, arguments))
        })
        // Rust objects inherit nothing, so this one has it of its own.
        .gives("hasOwnProperty", true)
        .object()
}

/// Better than the recordings: these calls, which JavaScript only logs, are answered with an error.
const REFUSED: [&str; 16] = [
    "q-2", "q-3", "q-4", "q-5", "q-6", "q-7", "q-8", "q-9", "q-10", "q-11", "q-12", "q-13", "q-14", "q-15",
    "q-16", "q-17",
];

#[tokio::test]
async fn malformed() {
    let (mut peer, session) = serve(bob());
    let lines = recording("raw-malformed");
    let answered = |id: &Json| lines.iter().any(|line| line.from == "b" && line.message["answerID"] == *id);
    for (index, line) in lines.iter().enumerate() {
        if line.from == "b" {
            peer.expect(&line.message).await;
            continue;
        }
        peer.say(&line.message).await;
        let message = &line.message;
        let question = &message["questionID"];
        if message["type"] == "CTP_CALL" && !answered(question) && index < lines.len() - 1 {
            match question.as_str().unwrap() {
                // This one waits for its argument, a promise whose resolution cannot be read.
                "q-18" => {}
                // This one waits for an answer that cannot be read.
                "q-20" => {}
                id => {
                    assert!(REFUSED.contains(&id), "{id}");
                    expect_refusal(&mut peer, question).await;
                }
            }
        }
        // Better than the recording: what cannot be read settles what waits for it.
        let unreadable =
            message["res"]["slots"] == json!(["o-999"]) || message["result"]["slots"] == json!(["o-999"]);
        if unreadable {
            let waiting = if message["type"] == "CTP_RESOLVE" { "q-18" } else { "q-20" };
            expect_refusal(&mut peer, &waiting.into()).await;
        }
    }
    assert_eq!(peer.hear().await, None);
    assert_eq!(session.stats().peer_questions, 0);
}

/// Better than the recording: the call on the object that was dropped is answered; and the drop of an answer frees it.
#[tokio::test]
async fn foreign() {
    let (mut peer, _session) = serve(bob());
    let lines = recording("raw-foreign");
    for line in &lines {
        if line.from == "b" && line.message["answerID"] == "q-21" {
            expect_refusal(&mut peer, &"q-21".into()).await;
        } else if line.from == "b" {
            peer.expect(&line.message).await;
        } else {
            peer.say(&line.message).await;
            if line.message["questionID"] == "q-19" {
                expect_refusal(&mut peer, &"q-19".into()).await;
            }
        }
    }
}
