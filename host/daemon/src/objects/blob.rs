use std::borrow::Cow;
use std::sync::{Arc, Mutex, PoisonError};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use powerbox_captp::{CallError, Object, Reply, Value};
use tokio::sync::oneshot;

use super::Kind;
use super::iterator::{IteratorRef, Source, done, item};
use crate::arguments::Arguments;
use crate::failure::Failure;
use crate::hub::{begun, blocking};
use crate::id::ContentHash;
use crate::interface::{Interface, Method, takes};
use crate::world::World;

/// Bytes that can be read.
#[derive(Debug)]
pub(crate) struct Blob {
    world: Arc<World>,
    content: ContentHash,
}

pub(super) static INTERFACE: Interface =
    Interface::documented("EndoBlob", "Bytes that can be read, and never change.", &[METHODS]);

const METHODS: &[Method] = &[
    takes("json", &[], "json() - gives the bytes as JSON."),
    takes("sha256", &[], "sha256() - gives the SHA-256 of the bytes."),
    takes("streamBase64", &[], "streamBase64() - iterates over the bytes, as pieces in base64."),
    takes("text", &[], "text() - gives the bytes as text."),
];

impl Blob {
    pub(crate) fn new(world: Arc<World>, content: ContentHash) -> Self {
        Self { world, content }
    }

    async fn text(&self) -> Result<String, CallError> {
        let (content, hash, most) = (self.world.content.clone(), self.content, self.world.limits.text_bytes);
        let bytes = blocking(move || content.read_all(hash, most)).await?;
        let bytes = bytes
            .ok_or(Failure::Limit { most: most as u64, what: "bytes in a blob that is read as one text" })?;
        // As JavaScript's decoder does: a mark at the beginning is no part of the text, and wrong bytes are replaced.
        let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(&bytes);
        Ok(String::from_utf8_lossy(bytes).into_owned())
    }

    async fn json(&self) -> Result<Value, CallError> {
        let text = self.text().await?;
        let json = serde_json::from_str(&text).map_err(|error| Failure::Json(error.to_string()))?;
        Ok(value_of(json))
    }
}

/// Turns JSON into passable data.
fn value_of(json: serde_json::Value) -> Value {
    match json {
        serde_json::Value::Null => Value::Null,
        serde_json::Value::Bool(value) => Value::Bool(value),
        serde_json::Value::Number(number) => Value::Number(number.as_f64().unwrap_or(f64::NAN)),
        serde_json::Value::String(text) => Value::text(text),
        serde_json::Value::Array(items) => Value::list(items.into_iter().map(value_of)),
        serde_json::Value::Object(entries) => {
            Value::record(entries.into_iter().map(|(key, value)| (key, value_of(value))))
        }
    }
}

impl Kind for Blob {
    fn interface(&self) -> &'static Interface {
        &INTERFACE
    }

    fn title(&self) -> Cow<'_, str> {
        let hash = self.content.to_string();
        Cow::Owned(format!("Readable file with SHA-256 {}...", hash.get(..8).unwrap_or_default()))
    }

    fn call(self: Arc<Self>, method: &str, _args: Arguments) -> Reply {
        match method {
            "sha256" => Reply::value(self.content.to_string()),
            "text" => begun(async move { self.text().await.map(Value::text) }),
            "json" => begun(async move { self.json().await }),
            "streamBase64" => {
                let stream = Stream { blob: self, state: Mutex::default() };
                Reply::value(Object::exo(IteratorRef::new(Arc::new(stream))))
            }
            _ => Reply::undefined(),
        }
    }
}

/// The bytes of a blob, piece by piece. Nothing is read before it is asked for, and nothing stays open in between.
struct Stream {
    blob: Arc<Blob>,
    state: Mutex<StreamState>,
}

#[derive(Default)]
struct StreamState {
    /// Where the next piece begins, as far as calls have been accepted.
    offset: u64,
    ended: bool,
    waiting: usize,
    /// Tells when the last accepted call has its piece: calls are answered in order.
    last: Option<oneshot::Receiver<()>>,
}

/// How many bytes a piece has; a multiple of three would save padding, but clients expect what Node reads at a time.
const PIECE: usize = 1 << 16;

impl Stream {
    fn state(&self) -> std::sync::MutexGuard<'_, StreamState> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    async fn piece(&self, offset: u64) -> Result<Value, CallError> {
        let (content, hash) = (self.blob.world.content.clone(), self.blob.content);
        let piece = blocking(move || content.read_at(hash, offset, PIECE)).await?;
        if piece.is_empty() || self.state().ended {
            self.end();
            return Ok(done(Value::Undefined));
        }
        Ok(item(Value::text(STANDARD.encode(&piece))))
    }
}

impl Source for Stream {
    fn next(self: &Arc<Self>) -> Reply {
        let most = self.blob.world.limits.waiting_nexts;
        let mut state = self.state();
        if state.ended {
            return Reply::value(done(Value::Undefined));
        }
        if state.waiting >= most {
            return Reply::error(Failure::Limit { most: most as u64, what: "waiting calls of next" }.into());
        }
        state.waiting += 1;
        let offset = state.offset;
        state.offset = state.offset.saturating_add(PIECE as u64);
        let (finished, last) = oneshot::channel();
        let before = state.last.replace(last);
        drop(state);
        let turn = Turn { stream: self.clone(), _finished: finished };
        Reply::pending(async move {
            if let Some(before) = before {
                // Ends when the one before has been answered or dropped.
                _ = before.await;
            }
            turn.stream.piece(offset).await
        })
    }

    fn end(&self) {
        self.state().ended = true;
    }
}

/// One accepted call of `next`, until it is answered or its session is gone.
struct Turn {
    stream: Arc<Stream>,
    _finished: oneshot::Sender<()>,
}

impl Drop for Turn {
    fn drop(&mut self) {
        self.stream.state().waiting -= 1;
    }
}
