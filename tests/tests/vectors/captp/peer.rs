//! The other side of a recording: says what it said, and checks what it heard.

use std::path::Path;
use std::time::Duration;

use powerbox_captp::netstring::{Decoder, append};
use powerbox_captp::{Config, Session, transport};
use serde_json::Value as Json;
use tokio::io::{AsyncReadExt, AsyncWriteExt, DuplexStream};

/// One recorded message.
pub(super) struct Line {
    pub(super) from: String,
    pub(super) message: Json,
}

/// Reads a recording, without its first line.
pub(super) fn recording(name: &str) -> Vec<Line> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("vectors/captp-{name}.jsonl"));
    let text = std::fs::read_to_string(path).unwrap();
    text.lines()
        .skip(1)
        .map(|line| {
            let mut line: Json = serde_json::from_str(line).unwrap();
            Line { from: line["from"].as_str().unwrap().to_owned(), message: line["msg"].take() }
        })
        .collect()
}

/// Plays one side of a recording against a session of ours.
pub(super) struct Peer {
    stream: DuplexStream,
    decoder: Decoder,
}

impl Peer {
    /// Starts a session of ours, and the other side of it.
    pub(super) fn new(config: Config) -> (Self, Session) {
        let (near, far) = transport::pair();
        (Self { stream: near, decoder: Decoder::new(1 << 20) }, Session::start(far, config))
    }

    pub(super) async fn say(&mut self, message: &Json) {
        let mut frame = Vec::new();
        append(&mut frame, message.to_string().as_bytes());
        self.stream.write_all(&frame).await.unwrap();
    }

    /// Hears the next message, or `None` at the end of the stream.
    pub(super) async fn hear(&mut self) -> Option<Json> {
        loop {
            if let Some(frame) = self.decoder.next_frame().unwrap() {
                return Some(serde_json::from_slice(frame).unwrap());
            }
            let mut bytes = [0; 4096];
            let read = self.stream.read(&mut bytes);
            let count =
                tokio::time::timeout(Duration::from_secs(20), read).await.expect("a message").unwrap();
            if count == 0 {
                return None;
            }
            self.decoder.push(&bytes[..count]);
        }
    }

    pub(super) async fn expect(&mut self, message: &Json) {
        let heard = self.hear().await.expect("a message");
        assert_eq!(normal(&heard), normal(message), "heard {heard}\nnot {message}");
    }

    /// Says the lines of `side` and expects the others, in their order.
    pub(super) async fn play(&mut self, lines: &[Line], side: &str) {
        for line in lines {
            if line.from == side {
                self.say(&line.message).await;
            } else {
                self.expect(&line.message).await;
            }
        }
    }

    /// Shows that nothing but the answer to one more question is to be heard.
    pub(super) async fn expect_quiet(&mut self) {
        self.say(&serde_json::json!({"type": "CTP_BOOTSTRAP", "epoch": 0, "questionID": "quiet"})).await;
        let heard = self.hear().await.expect("an answer");
        assert_eq!(heard["answerID"], "quiet", "heard {heard}");
    }
}

/// A message with its bodies read, and without what is in errors for logs only.
pub(super) fn normal(message: &Json) -> Json {
    match message {
        Json::Object(members) => members
            .iter()
            .map(|(key, value)| {
                let value = match (key.as_str(), value) {
                    ("body", Json::String(body)) => {
                        serde_json::from_str(body).map_or(value.clone(), |b| normal(&b))
                    }
                    ("errorId", _) => Json::Null,
                    _ => normal(value),
                };
                (key.clone(), value)
            })
            .collect(),
        Json::Array(items) => items.iter().map(normal).collect(),
        other => other.clone(),
    }
}

/// Hears that a question is answered with an error.
pub(super) async fn expect_refusal(peer: &mut Peer, question: &Json) {
    let heard = peer.hear().await.expect("an answer");
    assert_eq!(heard["answerID"], *question, "heard {heard}");
    assert_eq!(normal(&heard)["exception"]["body"]["@qclass"], "error", "heard {heard}");
}
