use std::fmt;
use std::sync::Arc;

use crate::object::{Kind, Object};
use crate::promise::{Promise, Route};
use crate::{CallError, Value};

/// Settles a promise made with [`promise`]. Dropped before it has, it rejects the promise.
#[derive(Debug)]
pub struct Resolver(Option<ResolverCell>);

struct ResolverCell(Arc<Promise>);

/// Makes a promise and what settles it.
///
/// The promise can be passed around, also to peers, and be called while it is open: calls wait and are delivered in
/// order to what it comes to.
pub fn promise() -> (Object, Resolver) {
    let promise = Promise::new(Route::Queue);
    (Object(Kind::Promise(promise.clone())), Resolver(Some(ResolverCell(promise))))
}

impl Resolver {
    /// Fulfils the promise; with a promise as the value, settles it the way that one settles.
    pub fn resolve(mut self, value: Value) {
        if let Some(cell) = self.0.take() {
            cell.0.resolve(Ok(value));
        }
    }

    /// Rejects the promise with a value, usually an error.
    pub fn reject(mut self, reason: Value) {
        if let Some(cell) = self.0.take() {
            cell.0.resolve(Err(CallError::Thrown(reason)));
        }
    }

    /// Settles the promise as a call turned out.
    pub fn settle(mut self, outcome: Result<Value, CallError>) {
        if let Some(cell) = self.0.take() {
            cell.0.resolve(outcome);
        }
    }
}

impl Drop for Resolver {
    fn drop(&mut self) {
        if let Some(cell) = self.0.take() {
            cell.0.resolve(Err(CallError::Cancelled));
        }
    }
}

impl fmt::Debug for ResolverCell {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("open")
    }
}
