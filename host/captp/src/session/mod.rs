//! The driver: a session joins a stream to a link.
//!
//! One task reads, and acts on what it reads: handlers that answer at once run in it, and their answers go out
//! together when all that has come is done. Calls are written by the task that waits for their answer; what nobody
//! waits for is written by the reading task, which is woken for it.

mod driver;
mod output;

use std::any::Any;
use std::fmt;
use std::sync::Arc;

use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpStream, UnixStream};

pub(crate) use output::Output;

use crate::link::Link;
use crate::{CallError, Config, Reason, Stats, Value};

/// One CapTP connection. A clone is the same session.
///
/// The session lives until one of its sides ends it or the stream ends, also when this handle is dropped.
#[derive(Clone)]
pub struct Session(Arc<Link>);

type Reader = Box<dyn AsyncRead + Send + Unpin>;
type Writer = Box<dyn AsyncWrite + Send + Unpin>;

impl Session {
    /// Starts to speak CapTP, in netstrings, over a stream. Spawns a task on the current tokio runtime.
    pub fn start(stream: impl AsyncRead + AsyncWrite + Send + 'static, config: Config) -> Self {
        let (reader, writer) = split(stream);
        let link = Link::new(config, Output::new(writer));
        tokio::spawn(driver::run(link.clone(), reader));
        Self(link)
    }

    /// Asks the peer for its bootstrap. Wait for it before calling it: a JavaScript peer may lose calls that come
    /// too early.
    pub async fn bootstrap(&self) -> Result<Value, CallError> {
        self.0.bootstrap().await
    }

    /// Waits until there is room for one more call; calls made without room fail.
    pub async fn ready(&self) {
        let limits = self.0.limits();
        self.0
            .output
            .wait_until(|unsent| {
                self.0.outstanding() < limits.questions && unsent + self.0.queued().0 < limits.queue_bytes
                    || self.0.closed().is_some()
            })
            .await;
    }

    /// Ends the session. All that is pending on either side fails; the peer is told the reason.
    pub fn disconnect(&self, reason: Option<&str>) {
        let json = reason.map(|reason| serde_json::Value::from(reason).to_string());
        self.0.abort(json.as_deref());
    }

    /// Takes the peer at its word from here on where an error bears a
    /// [reserved id](powerbox_passable::RESERVED_ID): for peers that are programs of ours, who drop such ids of others.
    pub fn believe_reserved_ids(&self) {
        self.0.believe();
    }

    /// Tells why the session ended, if it has.
    pub fn reason(&self) -> Option<Reason> {
        self.0.closed()
    }

    /// Waits for the end of the session, and until what was to be sent before it has left.
    pub async fn closed(&self) -> Reason {
        let reason = self.0.ended().await;
        self.0.output.finished().await;
        reason
    }

    /// Counts what the session holds.
    pub fn stats(&self) -> Stats {
        self.0.stats()
    }
}

impl fmt::Debug for Session {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Session").field("name", &self.0.name()).field("stats", &self.stats()).finish()
    }
}

impl PartialEq for Session {
    fn eq(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.0, &other.0)
    }
}

impl Eq for Session {}

/// Splits a stream; sockets without a lock between their halves.
fn split<S: AsyncRead + AsyncWrite + Send + 'static>(stream: S) -> (Reader, Writer) {
    let mut stream = Some(stream);
    let any: &mut dyn Any = &mut stream;
    if let Some(socket) = any.downcast_mut::<Option<UnixStream>>().and_then(Option::take) {
        let (reader, writer) = socket.into_split();
        return (Box::new(reader), Box::new(writer));
    }
    if let Some(socket) = any.downcast_mut::<Option<TcpStream>>().and_then(Option::take) {
        // Messages are written in batches already; waiting for more would only delay them.
        let _ = socket.set_nodelay(true);
        let (reader, writer) = socket.into_split();
        return (Box::new(reader), Box::new(writer));
    }
    match stream {
        Some(stream) => {
            let (reader, writer) = tokio::io::split(Box::pin(stream));
            (Box::new(reader), Box::new(writer))
        }
        None => (Box::new(tokio::io::empty()), Box::new(tokio::io::empty())),
    }
}
