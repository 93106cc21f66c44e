use std::fmt;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use powerbox_passable::Text;

use crate::object::{Kind, Object};
use crate::promise::{Outcome, Promise, Route};
use crate::{CallError, Message, Method, Value};

/// The pending result of a call: a future, and a target for further calls before it is there.
///
/// Dropping it forgets the answer; the call is not undone.
#[derive(Clone)]
#[must_use = "use `Object::send` where the answer does not matter"]
pub struct Answer(Arc<Promise>);

impl Answer {
    pub(crate) fn of(promise: Arc<Promise>) -> Self {
        Self(promise)
    }

    pub(crate) fn into_promise(self) -> Arc<Promise> {
        self.0
    }

    /// Makes an answer that is already there.
    pub fn ready(outcome: Result<Value, CallError>) -> Self {
        let promise = Promise::new(Route::Queue);
        promise.resolve(outcome);
        Self(promise)
    }

    /// Calls a method of what the answer will be, without waiting for it.
    pub fn call(&self, method: impl Into<Method>, args: Vec<Value>) -> Self {
        self.deliver(Message::Call { method: method.into(), args })
    }

    /// Calls what the answer will be as a function, without waiting for it.
    pub fn apply(&self, args: Vec<Value>) -> Self {
        self.deliver(Message::Apply { args })
    }

    /// Reads a property of what the answer will be, without waiting for it.
    pub fn get(&self, property: impl Into<Text>) -> Self {
        self.deliver(Message::Get { property: property.into() })
    }

    /// Delivers a message to what the answer will be.
    pub fn deliver(&self, message: Message) -> Self {
        Self(self.0.deliver(message))
    }

    /// Gives a promise for the answer, which may be passed as an argument.
    pub fn object(&self) -> Object {
        Object(Kind::Promise(self.0.clone()))
    }

    /// Gives the outcome, if it is there.
    pub fn outcome(&self) -> Option<Result<Value, CallError>> {
        self.0.outcome()
    }

    /// Waits for the answer, at most so long. The call itself goes on.
    pub async fn within(self, time: std::time::Duration) -> Result<Value, CallError> {
        tokio::time::timeout(time, self).await.unwrap_or(Err(CallError::Deadline))
    }
}

impl Future for Answer {
    type Output = Outcome;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Outcome> {
        if let Some(outcome) = self.0.take() {
            return Poll::Ready(outcome);
        }
        let poll = self.0.poll(cx);
        if poll.is_pending()
            && let Route::Question(link, _) = self.0.route()
        {
            link.flush_for_waiter();
        }
        poll
    }
}

impl fmt::Debug for Answer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0.outcome() {
            Some(outcome) => f.debug_tuple("Answer").field(&outcome).finish(),
            None => f.write_str("Answer(pending)"),
        }
    }
}
