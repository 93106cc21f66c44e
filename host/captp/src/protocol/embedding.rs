use std::borrow::Cow;
use std::hash::Hash;
use std::sync::Arc;

use powerbox_passable::Value;

use super::slot::{AnswerId, ExportId, ImportId, QuestionId};
use crate::{Message, Reason};

/// What the owner of a [`Connection`](super::Connection) calls its objects and promises.
pub trait Embedding: Sized {
    /// Names an object or promise, of either side. Equality is identity.
    type Ref: Clone + Eq + Hash;
    /// Finds a `Ref` while it lives.
    type Weak;
    /// Waits for the answer to a question.
    type Waiter;

    /// Makes the stand-in for something of the peer. Once its last reference is gone, the owner says so by
    /// [`release`](super::Connection::release), with this serial number.
    fn import(&self, id: &ImportId, serial: Serial, interface: Option<&str>) -> Self::Ref;

    /// Makes the promise that stands for an answer of ours which is not there yet.
    fn pending(&self, id: AnswerId) -> Self::Ref;

    /// Gives what finds a reference while it lives.
    fn downgrade(&self, reference: &Self::Ref) -> Self::Weak;

    /// Finds a reference, if it still lives.
    fn upgrade(&self, weak: &Self::Weak) -> Option<Self::Ref>;

    /// Tells which thing of the peer a reference stands for, if it was made by `import` of this connection.
    fn imported(&self, reference: &Self::Ref) -> Option<ImportId>;

    /// Tells whether a reference is a promise, settled or not.
    fn is_promise(&self, reference: &Self::Ref) -> bool;

    /// Gives the interface name of an object, in one of the forms that are legal on the wire.
    fn interface<'a>(&self, reference: &'a Self::Ref) -> Cow<'a, str>;
}

/// Tells apart stand-ins that were made one after another for the same thing of the peer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Serial(pub(super) u64);

/// How a call or promise turned out: a value, or one that was thrown.
pub type Settlement<R> = Result<Value<R>, Value<R>>;

/// What happened, for the owner to act on.
#[derive(Debug)]
pub enum Event<E: Embedding> {
    /// The peer asks for the bootstrap; it is owed an answer.
    Bootstrap(AnswerId),
    /// The peer calls; it is owed an answer.
    Call {
        /// What to answer.
        answer: AnswerId,
        /// What is called.
        target: CallTarget<E::Ref>,
        /// What it is to do.
        message: Message<E::Ref>,
    },
    /// A question of ours is answered, or will never be.
    Returned {
        /// Who asked.
        waiter: E::Waiter,
        /// The answer.
        outcome: Result<Value<E::Ref>, Failure<E::Ref>>,
        /// Whether the peer is to be told, by [`drop_answer`](super::Connection::drop_answer), when nobody can call the
        /// answer by its question any more.
        frees: bool,
    },
    /// A promise of the peer is settled, or will never be.
    Resolved {
        /// The stand-in for the promise.
        promise: E::Ref,
        /// What it came to.
        outcome: Result<Value<E::Ref>, Failure<E::Ref>>,
    },
    /// The peer has learnt of a promise of ours: once it is settled, that is to be told by
    /// [`resolve`](super::Connection::resolve).
    Exported(ExportId, E::Ref),
    /// The connection is at its end; nothing more comes or goes.
    Closed(Reason),
}

/// What a peer calls.
#[derive(Clone, Debug)]
pub enum CallTarget<R> {
    /// An object or promise.
    Reference(R),
    /// An answer that was given earlier: a value, or one that was thrown.
    Answered(Arc<Settlement<R>>),
}

/// What we call.
#[derive(Clone, Debug)]
pub enum Target {
    /// An object or promise of the peer.
    Import(ImportId),
    /// The answer to an earlier question.
    Question(QuestionId),
}

/// Why there is no value.
#[derive(Clone, Debug)]
pub enum Failure<R> {
    /// The peer threw this.
    Thrown(Value<R>),
    /// What the peer sent can not be understood.
    Unreadable(String),
    /// The connection ended.
    Closed(Reason),
    /// The time for the answer is over.
    Deadline,
}

/// Why a call was not sent.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CallError {
    /// The connection is at its end.
    #[error("{0}")]
    Closed(Reason),
    /// Too much is outstanding, or the message is too large.
    #[error("limit reached: {0}")]
    Limit(&'static str),
    /// The arguments can not be written.
    #[error("{0}")]
    Unwritable(String),
}
