//! Frames that are none, or too large, or not JSON: each ends the connection, with a word.

use super::attacker::Server;

#[tokio::test]
async fn malformed_frames_end_the_connection() {
    let server = Server::start().await;
    for (bytes, words) in [
        (&b"x5:hello,"[..], "length prefix"),
        (b":,", "length prefix"),
        (b"-1:,", "length prefix"),
        (b"0000000002:{},", "too long"),
        (b"2:{}x", "separator"),
        (b"\n", "length prefix"),
    ] {
        let mut attacker = server.connect().await;
        attacker.goes_on().await;
        attacker.say_bytes(bytes).await;
        attacker.cut_off(words).await;
        server.is_clean().await;
    }
}

#[tokio::test]
async fn frames_that_are_not_json_end_the_connection() {
    let server = Server::start().await;
    for text in
        ["", "nonsense", "{", "{\"type\":\"CTP_BOOTSTRAP\"", "{}{}", "{\"a\":01}", "[1,]", "\"\u{1}\"", "NaN"]
    {
        let mut attacker = server.connect().await;
        attacker.say_text(text.as_bytes()).await;
        attacker.cut_off("not JSON").await;
        server.is_clean().await;
    }
}

/// The control: white space, a byte order mark and leading zeros are no fault.
#[tokio::test]
async fn odd_but_legal_frames_are_taken() {
    let server = Server::start().await;
    let mut attacker = server.connect().await;
    let ping = r#"{"type":"CTP_CALL","questionID":"q-2","target":"o-1","method":{"body":" [ \"ping\" , [ 1 ] ] ","slots":[ ]}}"#;
    for frame in [
        format!("{:09}:{ping},", ping.len()),
        format!("{}:\t{ping}\n,", ping.len() + 2),
        format!("{}:\u{feff}{ping},", ping.len() + 3),
    ] {
        attacker.say_bytes(frame.as_bytes()).await;
        assert_eq!(attacker.answer("q-2").await["result"]["body"], "1");
    }
    attacker.leave().await;
    server.is_clean().await;
}

#[tokio::test]
async fn an_oversize_frame_is_refused_before_its_data() {
    let server = Server::start().await;
    let mut attacker = server.connect().await;
    attacker.say_bytes(b"16777217:").await;
    attacker.cut_off("too big").await;
    server.is_clean().await;
}

/// The control: a frame of many megabytes is taken.
#[tokio::test]
async fn a_large_frame_is_taken() {
    let server = Server::start().await;
    let mut attacker = server.connect().await;
    let text = "x".repeat(8 << 20);
    attacker.call("q-2", &format!(r#"["ping",["{text}"]]"#), &[]).await;
    assert_eq!(attacker.answer("q-2").await["result"]["body"].as_str().unwrap().len(), text.len() + 2);
    attacker.leave().await;
    server.is_clean().await;
}

/// An answer larger than a frame may be is an error, and not a frame that a peer would have to refuse.
#[tokio::test]
async fn an_answer_too_large_to_send_is_an_error() {
    let server = Server::start().await;
    let mut attacker = server.connect().await;
    let text = "x".repeat(9 << 20);
    attacker.call("q-2", &format!(r#"["hold",["{text}"]]"#), &[]).await;
    assert_eq!(attacker.answer("q-2").await["result"]["slots"].as_array().unwrap().len(), 0);
    attacker.call("q-3", &format!(r#"["hold",["{text}"]]"#), &[]).await;
    attacker.answer("q-3").await;
    attacker.call("q-4", r#"["held",[]]"#, &[]).await;
    attacker.refused("q-4", "bytes of a message").await;
    attacker.goes_on().await;
    attacker.leave().await;
    server.is_clean().await;
}

/// Announcing much and sending little costs little.
#[tokio::test]
async fn half_a_frame_is_no_reason_to_wait_for_ever() {
    let server = Server::start().await;
    let mut attacker = server.connect().await;
    attacker.say_bytes(b"16000000:{\"type\":").await;
    server.works_for_others().await;
    drop(attacker);
    server.is_clean().await;
}
