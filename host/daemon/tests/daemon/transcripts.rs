//! Sessions recorded with Endo's llm branch, played to this daemon by the letter: what the client said is sent, and
//! what the daemon said must come back, but for identifiers.

use std::collections::HashMap;

use serde_json::Value as Json;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::UnixStream;

use crate::support::Home;

struct Player {
    /// Identifiers of the recorded daemon, and what they are here.
    known: HashMap<String, String>,
    home: Home,
}

struct Wire {
    stream: UnixStream,
    buffer: Vec<u8>,
}

impl Wire {
    async fn send(&mut self, message: &str) {
        self.stream.write_all(format!("{}:{message},", message.len()).as_bytes()).await.unwrap();
    }

    /// Gives the next message, or `None` at the end of the stream.
    async fn receive(&mut self) -> Option<String> {
        loop {
            if let Some(colon) = self.buffer.iter().position(|byte| *byte == b':') {
                let length: usize = std::str::from_utf8(&self.buffer[..colon]).unwrap().parse().unwrap();
                let end = colon + 1 + length;
                if self.buffer.len() > end {
                    let message = String::from_utf8(self.buffer[colon + 1..end].to_vec()).unwrap();
                    self.buffer.drain(..=end);
                    return Some(message);
                }
            }
            if self.stream.read_buf(&mut self.buffer).await.unwrap() == 0 {
                return None;
            }
        }
    }
}

fn is_hex(text: &str) -> bool {
    text.len() == 64 && text.bytes().all(|byte| byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte))
}

/// Splits a text into what may be identifiers and what lies between.
fn tokens(text: &str) -> Vec<&str> {
    let mut tokens = Vec::new();
    let mut rest = text;
    while !rest.is_empty() {
        let word = |c: char| c.is_ascii_alphanumeric();
        let end = rest.find(|c| word(c) != rest.starts_with(word)).unwrap_or(rest.len());
        let (token, after) = rest.split_at(end);
        tokens.push(token);
        rest = after;
    }
    tokens
}

/// Leaves out what differs from run to run.
fn normal(message: &str) -> String {
    let mut message: Json = serde_json::from_str(message).unwrap();
    for part in ["result", "exception", "method", "res"] {
        if let Some(body) = message.get_mut(part).and_then(|part| part.get_mut("body")) {
            let mut inner: Json = serde_json::from_str(body.as_str().unwrap()).unwrap();
            if let Some(error) = inner.as_object_mut().filter(|inner| inner.contains_key("errorId")) {
                error.remove("errorId");
                if error["message"].as_str().unwrap().starts_with("target has no method") {
                    error.insert("message".to_owned(), "…".into());
                }
            }
            *body = inner.to_string().into();
        }
    }
    if message["type"] == "CTP_DISCONNECT" {
        return "CTP_DISCONNECT".to_owned();
    }
    message.to_string()
}

/// A question about what this daemon does not have yet.
fn is_beyond_us(message: &str) -> bool {
    ["dismiss", "adopt", "gateway", "greeter", "evaluate", "request", "listMessages", "resolve"]
        .iter()
        .any(|method| message.contains(&format!("\\\"{method}\\\"")))
}

/// Takes out of what was recorded the special names that guests do not have here.
fn without_missing_names(recorded: &str) -> String {
    recorded.replace(
        r#"[\"@agent\",\"@host\",\"@mail\",\"@nets\",\"@self\","#,
        r#"[\"@agent\",\"@host\",\"@self\","#,
    )
}

impl Player {
    fn new(home: Home) -> Self {
        Self { known: HashMap::new(), home }
    }

    fn here(&self, text: &str) -> String {
        tokens(text).into_iter().map(|token| self.known.get(token).map_or(token, String::as_str)).collect()
    }

    /// Compares what was recorded with what came, learning which identifier stands for which.
    fn compare(&mut self, name: &str, recorded: &str, came: &str) {
        let (recorded, came) = (without_missing_names(&normal(recorded)), normal(came));
        let (a, b) = (tokens(&recorded), tokens(&came));
        for (old, new) in a.iter().zip(&b) {
            if is_hex(old) && is_hex(new) {
                self.known.entry((*old).to_owned()).or_insert_with(|| (*new).to_owned());
            }
        }
        assert_eq!(self.here(&recorded), came, "{name}");
    }

    async fn play(&mut self, name: &str, transcript: &str) {
        let stream = UnixStream::connect(self.home.socket()).await.unwrap();
        let mut wire = Wire { stream, buffer: Vec::new() };
        let mut skipped = Vec::new();
        for line in transcript.lines() {
            let line: Json = serde_json::from_str(line).unwrap();
            let message = &line["msg"];
            if line["dir"] == ">" {
                if is_beyond_us(&message.to_string()) {
                    skipped.push(message["questionID"].clone());
                    continue;
                }
                let mut message = self.here(&message.to_string());
                if message.contains("CTP_DISCONNECT") {
                    message = r#"{"type":"CTP_DISCONNECT","epoch":0,"reason":{}}"#.to_owned();
                }
                wire.send(&message).await;
            // All promises that the recorded daemon settles are parts of answers that are skipped.
            } else if message["type"] != "CTP_RESOLVE" && !skipped.contains(&message["answerID"]) {
                let came = wire.receive().await.unwrap_or_else(|| panic!("{name}: the daemon hung up"));
                self.compare(name, &message.to_string(), &came);
            }
        }
        assert_eq!(wire.receive().await, None, "{name}");
    }
}

macro_rules! play {
    ($player:ident: $($name:literal)*) => {
        $($player.play($name, include_str!(concat!("transcripts/", $name, ".jsonl"))).await;)*
    };
}

#[tokio::test]
async fn recorded_sessions_get_the_recorded_answers() {
    let home = Home::new();
    let daemon = home.start();
    let mut player = Player::new(home);
    play!(player: "store-text" "store-json" "store-bigint" "store-answer" "store-blob" "cat" "mkdir" "copy"
        "list-directory" "move" "remove" "remove-unknown" "show-unknown" "locate" "api-errors" "cancel");
    play!(player: "api-names" "api-blob" "api-follow-locator" "api-terminate");
    daemon.ended.await.unwrap().unwrap();
}

#[tokio::test]
async fn recorded_sessions_with_guests_get_the_recorded_answers() {
    // Each begins with no guest of its name.
    let home = Home::new();
    let daemon = home.start();
    let mut player = Player::new(home);
    play!(player: "store-text" "mkguest" "mkguest-again");
    daemon.stop().await;

    let home = Home::new();
    let daemon = home.start();
    let mut player = Player::new(home);
    play!(player: "store-text" "api-guest");
    daemon.stop().await;

    let home = Home::new();
    let daemon = home.start();
    let mut player = Player::new(home);
    play!(player: "chat-mkguest");
    daemon.stop().await;
}
