use std::any::Any;
use std::borrow::Cow;
use std::fmt;
use std::hash::{Hash, Hasher};
use std::sync::Arc;

use powerbox_passable::Text;

use crate::delivery;
use crate::promise::Promise;
use crate::remote::Remote;
use crate::{Answer, Message, Method, Reply, Value};

/// Anything that can receive messages: a Rust object, an object of a peer, or a promise for either.
///
/// A clone is the same object. Equality is identity: the same Rust object, or the same object of the same session.
/// Dropping the last clone of a peer's object frees what this side keeps of it.
#[derive(Clone)]
pub struct Object(pub(crate) Kind);

#[derive(Clone)]
pub(crate) enum Kind {
    Local(Arc<dyn Receiver>),
    Remote(Arc<Remote>),
    Promise(Arc<Promise>),
}

/// What a Rust type must do to be an object. Most types rather implement [`Exo`](crate::Exo).
pub trait Receiver: Any + Send + Sync {
    /// Takes one message.
    ///
    /// Messages from one sender come in the order sent, those of several senders at the same time. This runs in the
    /// task that reads from the session: it must not block, and returns [`Reply::Pending`] for what takes time. A
    /// panic is caught and answered with an error.
    fn receive(self: Arc<Self>, message: Message) -> Reply;

    /// Names the kind of object for people, for instance `Alleged: Counter`. Never a ground for a decision.
    fn interface(&self) -> Option<Cow<'_, str>> {
        None
    }
}

impl Object {
    /// Makes an object of a receiver.
    pub fn new(receiver: impl Receiver) -> Self {
        Self::from_arc(Arc::new(receiver))
    }

    /// Makes an object of a shared receiver; the same `Arc` gives an equal object.
    pub fn from_arc(receiver: Arc<dyn Receiver>) -> Self {
        Self(Kind::Local(receiver))
    }

    /// Calls a method. The message is sent at once, in the order of the calls; the answer may be called in turn
    /// before it has come.
    pub fn call(&self, method: impl Into<Method>, args: Vec<Value>) -> Answer {
        self.deliver(Message::Call { method: method.into(), args })
    }

    /// Calls the object as a function.
    pub fn apply(&self, args: Vec<Value>) -> Answer {
        self.deliver(Message::Apply { args })
    }

    /// Reads a property.
    pub fn get(&self, property: impl Into<Text>) -> Answer {
        self.deliver(Message::Get { property: property.into() })
    }

    /// Calls a method without interest in the answer.
    pub fn send(&self, method: impl Into<Method>, args: Vec<Value>) {
        drop(self.call(method, args));
    }

    /// Delivers a message.
    pub fn deliver(&self, message: Message) -> Answer {
        delivery::deliver(self, message)
    }

    /// Gives the name that the object goes by, such as `Alleged: Counter`. It is a claim of its maker, no more.
    pub fn interface(&self) -> Option<String> {
        match &self.0 {
            Kind::Local(receiver) => receiver.interface().map(Cow::into_owned),
            Kind::Remote(remote) => Some(remote.interface().to_owned()),
            Kind::Promise(_) => None,
        }
    }

    /// Tells whether this is a promise, settled or not.
    pub fn is_promise(&self) -> bool {
        matches!(self.0, Kind::Promise(_))
    }

    /// Tells whether this is an object of a peer, or a promise that a peer settles.
    pub fn is_remote(&self) -> bool {
        match &self.0 {
            Kind::Local(_) => false,
            Kind::Remote(_) => true,
            Kind::Promise(promise) => promise.is_remote(),
        }
    }

    /// Gives what a promise comes to; an object gives itself.
    pub fn settled(&self) -> Answer {
        match &self.0 {
            Kind::Promise(promise) => Answer::of(promise.clone()),
            _ => Answer::ready(Ok(Value::Capability(self.clone()))),
        }
    }

    /// Gives the Rust object behind a local object.
    pub fn downcast<T: Receiver>(&self) -> Option<&T> {
        match &self.0 {
            Kind::Local(receiver) => (receiver.as_ref() as &dyn Any).downcast_ref(),
            _ => None,
        }
    }

    /// Where the object lies: its identity, for as long as it lives.
    fn address(&self) -> usize {
        match &self.0 {
            Kind::Local(receiver) => Arc::as_ptr(receiver).cast::<()>() as usize,
            Kind::Remote(remote) => Arc::as_ptr(remote) as usize,
            Kind::Promise(promise) => Arc::as_ptr(promise) as usize,
        }
    }
}

impl PartialEq for Object {
    fn eq(&self, other: &Self) -> bool {
        self.address() == other.address()
    }
}

impl Eq for Object {}

impl Hash for Object {
    fn hash<H: Hasher>(&self, state: &mut H) {
        state.write_usize(self.address());
    }
}

impl fmt::Debug for Object {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0 {
            Kind::Local(receiver) => {
                write!(f, "[{}]", receiver.interface().as_deref().unwrap_or("Remotable"))
            }
            Kind::Remote(remote) => write!(f, "[{} {}]", remote.interface(), remote.id()),
            Kind::Promise(_) => f.write_str("[promise]"),
        }
    }
}

impl From<Object> for Value {
    fn from(object: Object) -> Self {
        Self::Capability(object)
    }
}
