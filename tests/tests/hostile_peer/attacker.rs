//! A raw peer that says whatever it likes, and the server it says it to.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use powerbox_captp::netstring::{Decoder, append};
use powerbox_captp::{Config, Object, Session, Value, transport};
use powerbox_tests::fixture::{Rendezvous, config};
use serde_json::{Value as Json, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{UnixListener, UnixStream};

/// A fixture on a Unix socket, and a well-behaved client of it.
pub(super) struct Server {
    folder: tempfile::TempDir,
    sessions: Arc<Mutex<Vec<Session>>>,
    bystander: Object,
}

/// How long anything may take before it counts as hanging.
const PATIENCE: Duration = Duration::from_secs(30);

impl Server {
    pub(super) async fn start() -> Self {
        Self::with(|config| config).await
    }

    /// Starts a server whose configuration is changed.
    pub(super) async fn with(change: impl Fn(Config) -> Config + Send + 'static) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("fixture");
        let listener = UnixListener::bind(&path).unwrap();
        let sessions = Arc::new(Mutex::new(Vec::new()));
        let started = sessions.clone();
        tokio::spawn(async move {
            let rendezvous: Arc<Rendezvous> = Arc::default();
            loop {
                let (stream, _) = listener.accept().await.unwrap();
                started.lock().unwrap().push(Session::start(stream, change(config(&rendezvous))));
            }
        });
        let bystander = transport::unix::connect(&path, Config::new("bystander")).await.unwrap();
        let Ok(Value::Capability(bystander)) = bystander.bootstrap().await else { panic!("no bootstrap") };
        Self { folder, sessions, bystander }
    }

    pub(super) async fn connect(&self) -> Attacker {
        let stream = UnixStream::connect(self.folder.path().join("fixture")).await.unwrap();
        let mut attacker = Attacker { stream, decoder: Decoder::new(64 << 20) };
        attacker.say(&json!({"type": "CTP_BOOTSTRAP", "epoch": 0, "questionID": "q-1"})).await;
        assert_eq!(attacker.hear().await.unwrap()["result"]["slots"], json!(["o+1"]));
        attacker
    }

    /// The server's side of the attack.
    pub(super) fn session(&self) -> Session {
        self.sessions.lock().unwrap().last().unwrap().clone()
    }

    /// Shows that others notice nothing.
    pub(super) async fn works_for_others(&self) {
        let answer = self.bystander.call("ping", vec!["still there".into()]).within(PATIENCE).await;
        assert_eq!(answer.unwrap(), "still there".into());
    }

    /// Shows that the attacked session ended, and left nothing behind.
    pub(super) async fn is_clean(&self) {
        let session = self.session();
        tokio::time::timeout(PATIENCE, session.closed()).await.expect("the session ends");
        let stats = session.stats();
        let held = (stats.exports, stats.imports, stats.questions, stats.peer_questions, stats.kept_answers);
        assert_eq!(held, (0, 0, 0, 0, 0));
        assert_eq!(stats.queued_bytes, 0);
        self.works_for_others().await;
    }
}

/// A scripted peer that has had the bootstrap as `o-1`.
pub(super) struct Attacker {
    pub(super) stream: UnixStream,
    decoder: Decoder,
}

impl Attacker {
    pub(super) async fn say(&mut self, message: &Json) {
        self.say_text(message.to_string().as_bytes()).await;
    }

    /// Says a frame that need not be a message.
    pub(super) async fn say_text(&mut self, text: &[u8]) {
        let mut frame = Vec::new();
        append(&mut frame, text);
        self.say_bytes(&frame).await;
    }

    /// Says bytes that need not be a frame. The server may have hung up.
    pub(super) async fn say_bytes(&mut self, bytes: &[u8]) {
        let _ = tokio::time::timeout(PATIENCE, self.stream.write_all(bytes)).await.expect("the server reads");
    }

    /// Calls the fixture with a body written by hand.
    pub(super) async fn call(&mut self, question: &str, body: &str, slots: &[&str]) {
        self.say(&call(question, "o-1", body, slots)).await;
    }

    /// Hears the next message, or `None` at the end of the stream.
    pub(super) async fn hear(&mut self) -> Option<Json> {
        loop {
            if let Some(frame) = self.decoder.next_frame().unwrap() {
                return Some(serde_json::from_slice(frame).unwrap());
            }
            let mut bytes = vec![0; 64 << 10];
            let read = tokio::time::timeout(PATIENCE, self.stream.read(&mut bytes)).await;
            let count = read.expect("the server answers").unwrap_or(0);
            if count == 0 {
                return None;
            }
            self.decoder.push(&bytes[..count]);
        }
    }

    /// Hears the answer to a question, which must be next.
    pub(super) async fn answer(&mut self, question: impl Into<Json>) -> Json {
        let heard = self.hear().await.expect("an answer");
        assert_eq!(heard["answerID"], question.into(), "heard {heard}");
        heard
    }

    /// Hears that a question is answered with an error that says `words`.
    pub(super) async fn refused(&mut self, question: impl Into<Json>, words: &str) {
        let heard = self.answer(question).await;
        let body = heard["exception"]["body"].as_str().unwrap_or_default();
        assert!(body.contains("\"@qclass\":\"error\"") && body.contains(words), "heard {heard}");
    }

    /// Shows that this connection goes on.
    pub(super) async fn goes_on(&mut self) {
        self.call("goes-on", r#"["ping",[7]]"#, &[]).await;
        assert_eq!(self.answer("goes-on").await["result"]["body"], "7");
    }

    /// Hears the server disconnect, with a reason that says `words`, and hang up.
    pub(super) async fn cut_off(&mut self, words: &str) {
        let heard = self.hear().await.expect("a last word");
        assert_eq!(heard["type"], "CTP_DISCONNECT", "heard {heard}");
        assert!(heard["reason"].as_str().unwrap_or_default().contains(words), "heard {heard}");
        assert_eq!(self.hear().await, None);
    }

    /// Ends the connection as one should, and waits for the echo and the end.
    pub(super) async fn leave(mut self) {
        self.say(&json!({"type": "CTP_DISCONNECT", "epoch": 0})).await;
        while let Some(message) = self.hear().await {
            if message["type"] == "CTP_DISCONNECT" {
                return;
            }
        }
        panic!("no echo");
    }
}

/// A call with a body written by hand.
pub(super) fn call(question: &str, target: &str, body: &str, slots: &[&str]) -> Json {
    json!({"type": "CTP_CALL", "epoch": 0, "questionID": question, "target": target,
           "method": {"body": body, "slots": slots}})
}
