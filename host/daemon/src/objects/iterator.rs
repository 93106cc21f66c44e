use std::borrow::Cow;
use std::sync::Arc;

use powerbox_captp::{CallError, Exo, Reply, Value};

use crate::interface::{Interface, Method, Shape, may_take, takes};

/// Where an iterator takes its values from.
pub(crate) trait Source: Send + Sync + 'static {
    /// Answers one call of `next`. Several may wait at a time and are answered in order.
    fn next(self: &Arc<Self>) -> Reply;

    /// Ends the iteration: calls that wait are told at once that it is done, and so are later ones.
    fn end(&self);
}

/// An iterator as Endo's daemon hands them out.
///
/// Unlike Endo's, `return` and `throw` are answered at once even while a `next` waits.
pub(crate) struct IteratorRef<S>(Arc<S>);

impl<S: Source> IteratorRef<S> {
    pub(crate) fn new(source: Arc<S>) -> Arc<Self> {
        Arc::new(Self(source))
    }
}

pub(super) static INTERFACE: Interface = Interface::new("AsyncIterator", &[METHODS]);

const METHODS: &[Method] = &[
    takes("next", &[], ""),
    may_take("return", &[], &[Shape::Any], ""),
    may_take("throw", &[], &[Shape::Any], ""),
];

impl<S: Source> Exo for IteratorRef<S> {
    fn interface(&self) -> Cow<'_, str> {
        Cow::Borrowed("Alleged: AsyncIterator")
    }

    fn methods(&self) -> &'static [&'static str] {
        INTERFACE.methods()
    }

    fn call(self: &Arc<Self>, method: &str, args: Vec<Value>) -> Reply {
        INTERFACE.call(INTERFACE.name, method, args, |mut args| match method {
            "next" => self.0.next(),
            "return" => {
                self.0.end();
                Reply::value(done(args.value()))
            }
            "throw" => {
                self.0.end();
                Reply::error(CallError::Thrown(args.value()))
            }
            _ => Reply::undefined(),
        })
    }
}

/// Makes the answer to `next` that brings a value.
pub(crate) fn item(value: Value) -> Value {
    Value::record([("done", Value::Bool(false)), ("value", value)])
}

/// Makes the answer to `next` that brings the end.
pub(crate) fn done(value: Value) -> Value {
    Value::record([("done", Value::Bool(true)), ("value", value)])
}
