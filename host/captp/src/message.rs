use std::fmt;

use futures_util::future::BoxFuture;
use powerbox_passable::{Symbol, Text, Value as Passable};

use crate::{Answer, CallError, Object, Value};

/// What an object is asked to do.
#[derive(Clone, Debug, PartialEq)]
pub enum Message<C = Object> {
    /// Call a method.
    Call {
        /// Which method.
        method: Method,
        /// With what.
        args: Vec<Passable<C>>,
    },
    /// Call the object as a function.
    Apply {
        /// With what.
        args: Vec<Passable<C>>,
    },
    /// Read a property; of use on answers that are data.
    Get {
        /// Its name, or the index of a list in decimal digits.
        property: Text,
    },
}

/// The name of a method: text, or for a few methods a symbol.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Method {
    /// An ordinary name.
    Name(String),
    /// A symbol such as `Symbol.asyncIterator`.
    Symbol(Symbol),
}

/// What a receiver does about a message.
pub enum Reply {
    /// The answer is there: the cheapest reply, sent without a task.
    Ready(Result<Value, CallError>),
    /// The answer will come from this future, which runs as a task of its own.
    ///
    /// The future is dropped when the session that asked ends. Work that must be finished all the same belongs into
    /// a task that the receiver spawns itself.
    Pending(BoxFuture<'static, Result<Value, CallError>>),
    /// The answer is that of another call.
    Answer(Answer),
}

impl Reply {
    /// Answers with a value.
    pub fn value(value: impl Into<Value>) -> Self {
        Self::Ready(Ok(value.into()))
    }

    /// Answers with `undefined`, as methods without a result do.
    pub fn undefined() -> Self {
        Self::Ready(Ok(Value::Undefined))
    }

    /// Answers with an error.
    pub fn error(error: CallError) -> Self {
        Self::Ready(Err(error))
    }

    /// Answers with what a future comes to.
    pub fn pending(future: impl Future<Output = Result<Value, CallError>> + Send + 'static) -> Self {
        Self::Pending(Box::pin(future))
    }
}

impl From<Result<Value, CallError>> for Reply {
    fn from(result: Result<Value, CallError>) -> Self {
        Self::Ready(result)
    }
}

impl From<&str> for Method {
    fn from(name: &str) -> Self {
        Self::Name(name.to_owned())
    }
}

impl From<String> for Method {
    fn from(name: String) -> Self {
        Self::Name(name)
    }
}

impl From<Symbol> for Method {
    fn from(symbol: Symbol) -> Self {
        Self::Symbol(symbol)
    }
}

/// As Endo writes a method name in its error messages.
impl fmt::Display for Method {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Name(name) => f.write_str(name),
            Self::Symbol(Symbol::Registered(name)) => write!(f, "[Symbol({name})]"),
            Self::Symbol(Symbol::WellKnown(name)) => write!(f, "[Symbol(Symbol.{name})]"),
        }
    }
}

impl fmt::Debug for Reply {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Ready(result) => f.debug_tuple("Ready").field(result).finish(),
            Self::Pending(_) => f.write_str("Pending(..)"),
            Self::Answer(answer) => f.debug_tuple("Answer").field(answer).finish(),
        }
    }
}
