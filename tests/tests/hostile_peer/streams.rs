//! Streams that end, or do not move.

use std::time::Duration;

use powerbox_captp::Limits;
use serde_json::json;
use tokio::io::AsyncWriteExt;

use super::attacker::{Server, call};

#[tokio::test]
async fn hanging_up_lets_go_of_what_was_pending() {
    let server = Server::start().await;
    let mut attacker = server.connect().await;
    attacker.call("q-2", r#"["never",[]]"#, &[]).await;
    attacker.call("q-3", r#"["get",["no such key"]]"#, &[]).await;
    attacker.call("q-4", r#"["hold",[{"@qclass":"slot","index":0}]]"#, &["o+1"]).await;
    attacker.answer("q-4").await;
    assert_eq!(server.session().stats().peer_questions, 2);
    drop(attacker);
    server.is_clean().await;
}

/// A peer that only stops talking still gets what was answered before, and the end.
#[tokio::test]
async fn a_half_open_stream_is_closed() {
    let server = Server::start().await;
    let mut attacker = server.connect().await;
    attacker.call("q-2", r#"["ping",[1]]"#, &[]).await;
    attacker.stream.shutdown().await.unwrap();
    attacker.answer("q-2").await;
    while let Some(message) = attacker.hear().await {
        assert_eq!(message["type"], "CTP_DISCONNECT");
    }
    server.is_clean().await;
}

/// A message that stops in the middle is not acted on.
#[tokio::test]
async fn the_end_within_a_frame_is_a_fault() {
    let server = Server::start().await;
    let mut attacker = server.connect().await;
    let message = call("q-2", "o-1", r#"["put",["half",1]]"#, &[]).to_string();
    attacker.say_bytes(format!("{}:{}", message.len(), &message[..message.len() - 9]).as_bytes()).await;
    attacker.stream.shutdown().await.unwrap();
    attacker.cut_off("dangling").await;
    server.is_clean().await;
}

/// A disconnect within a batch ends it: what follows is not heard.
#[tokio::test]
async fn nothing_is_taken_after_a_disconnect() {
    let server = Server::start().await;
    let mut attacker = server.connect().await;
    let mut bytes = Vec::new();
    for message in
        [json!({"type": "CTP_DISCONNECT", "reason": {"a": [1]}}), call("q-2", "o-1", r#"["ping",[1]]"#, &[])]
    {
        powerbox_captp::netstring::append(&mut bytes, message.to_string().as_bytes());
    }
    attacker.say_bytes(&bytes).await;
    assert_eq!(attacker.hear().await.unwrap(), json!({"type": "CTP_DISCONNECT", "reason": {"a": [1]}}));
    assert_eq!(attacker.hear().await, None);
    server.is_clean().await;
}

/// A peer that asks for much and reads nothing is read no further, and in the end cut off.
#[tokio::test]
async fn a_peer_that_never_reads_makes_nothing_grow() {
    let mut limits = Limits::default();
    limits.answer_bytes = 1 << 20;
    limits.stall = Duration::from_secs(2);
    let server = Server::with(move |config| config.limits(limits)).await;
    let mut attacker = server.connect().await;
    let text = "x".repeat(256 << 10);
    let mut frame = Vec::new();
    let message = call("q-2", "o-1", &format!(r#"["ping",["{text}"]]"#), &[]).to_string();
    powerbox_captp::netstring::append(&mut frame, message.as_bytes());
    let session = server.session();
    let mut said = 0;
    // The server stops reading when so much of its answers waits.
    while said < 200 {
        match tokio::time::timeout(Duration::from_millis(500), attacker.stream.write_all(&frame)).await {
            Ok(Ok(())) => said += 1,
            _ => break,
        }
    }
    assert!(said < 50, "{said} calls were taken");
    assert!(session.stats().queued_bytes < 4 << 20);
    server.works_for_others().await;
    server.is_clean().await;
}

/// The control: a peer that is slow, but reads, gets everything.
#[tokio::test]
async fn a_peer_that_reads_late_gets_its_answers() {
    let mut limits = Limits::default();
    limits.answer_bytes = 1 << 20;
    let server = Server::with(move |config| config.limits(limits)).await;
    let attacker = server.connect().await;
    let (reader, mut writer) = attacker.stream.into_split();
    let text = "x".repeat(256 << 10);
    let writing = tokio::spawn(async move {
        for number in 0..40 {
            let message =
                call(&format!("q-{number}"), "o-1", &format!(r#"["ping",["{text}"]]"#), &[]).to_string();
            let mut frame = Vec::new();
            powerbox_captp::netstring::append(&mut frame, message.as_bytes());
            writer.write_all(&frame).await.unwrap();
        }
        writer
    });
    server.works_for_others().await;
    let mut reader = tokio::io::BufReader::new(reader);
    let mut decoder = powerbox_captp::netstring::Decoder::new(1 << 20);
    let mut answered = 0;
    while answered < 40 {
        tokio::io::AsyncReadExt::read_buf(&mut reader, decoder.room()).await.unwrap();
        while decoder.next_frame().unwrap().is_some() {
            answered += 1;
        }
    }
    drop((reader, writing.await.unwrap()));
    server.is_clean().await;
}
