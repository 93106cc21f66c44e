use std::borrow::Cow;
use std::fmt;
use std::sync::Arc;

use crate::Value;

/// Why a call has no result.
#[derive(Debug, Clone, thiserror::Error)]
pub enum CallError {
    /// The receiver threw this value: mostly an error, but anything that can be passed can be thrown.
    #[error("{}", Thrown(.0))]
    Thrown(Value),
    /// The session ended before the answer came, or had ended before the call was made.
    #[error("{0}")]
    Disconnected(Reason),
    /// The answer did not come in time; the call may still have its effect.
    #[error("no answer within the deadline")]
    Deadline,
    /// Nobody can give the answer any more, for example because a resolver was dropped.
    #[error("the call was cancelled")]
    Cancelled,
    /// A limit of the session forbids it; the text names the limit.
    #[error("limit reached: {0}")]
    Limit(Cow<'static, str>),
    /// The arguments cannot be sent, or the answer cannot be understood.
    #[error("{0}")]
    Invalid(String),
}

impl CallError {
    /// Makes an error of class `Error`.
    pub fn error(message: impl Into<String>) -> Self {
        Self::Thrown(Value::error("Error", message.into()))
    }

    /// Makes an error of class `TypeError`.
    pub fn type_error(message: impl Into<String>) -> Self {
        Self::Thrown(Value::error("TypeError", message.into()))
    }

    /// Makes an error of class `RangeError`.
    pub fn range_error(message: impl Into<String>) -> Self {
        Self::Thrown(Value::error("RangeError", message.into()))
    }

    /// Makes the error for a fault of this side, such as a file that can't be opened. What happened goes to the log;
    /// the caller, whose business it is not, learns only that it did.
    pub fn fault(fault: impl fmt::Display) -> Self {
        tracing::warn!(%fault, "a call failed by a fault of this side");
        Self::error("internal error")
    }

    /// Gives what a peer is told: the value that was thrown, or an error that says what happened.
    pub fn into_thrown(self) -> Value {
        match self {
            Self::Thrown(value) => value,
            other => Value::error("Error", other.to_string()),
        }
    }

    /// Gives the class and message, if an error was thrown.
    pub fn thrown_error(&self) -> Option<(String, String)> {
        match self {
            Self::Thrown(Value::Error(error)) => Some((
                error.name.to_string_lossy().into_owned(),
                error.message.to_string_lossy().into_owned(),
            )),
            _ => None,
        }
    }
}

/// Why a session ended.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Reason {
    /// This side, which has the name given, ended it; the reason is plain JSON.
    Closed(Arc<str>, Option<Arc<str>>),
    /// The peer of the side with the name given ended it; the reason is plain JSON.
    Peer(Arc<str>, Option<Arc<str>>),
    /// The stream ended without a CTP_DISCONNECT.
    StreamEnded,
    /// The stream failed.
    Io(Arc<str>),
    /// The peer sent what is not a message.
    Protocol(Arc<str>),
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Closed(name, None) | Self::Peer(name, None) => write!(f, "\"{name}\" connection closed"),
            Self::Closed(name, Some(reason)) => write!(f, "\"{name}\" connection closed: {reason}"),
            Self::Peer(name, Some(reason)) => write!(f, "\"{name}\" connection closed by the peer: {reason}"),
            Self::StreamEnded => f.write_str("connection stream ended"),
            Self::Io(error) => write!(f, "connection failed: {error}"),
            Self::Protocol(fault) => write!(f, "connection closed: {fault}"),
        }
    }
}

/// Shows a thrown value: class and message of an error, and a debug form of anything else.
struct Thrown<'a>(&'a Value);

impl fmt::Display for Thrown<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            Value::Error(error) => write!(f, "{}: {}", error.name, error.message),
            Value::Text(text) => write!(f, "{text}"),
            other => write!(f, "{other:?}"),
        }
    }
}
