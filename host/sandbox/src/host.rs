//! What a compartment's imports reach.

use std::sync::Arc;

use futures_util::future::BoxFuture;

use crate::usage::Usage;
use crate::wit::{Function, Val};

/// The other side of a compartment's imports. One is given per invocation, so it knows for whom it answers.
///
/// # Handles
///
/// `H` is whatever the host uses to name an object. Each `H` that goes into a compartment (in a parameter of an
/// invocation or of a call by [`Caller`](crate::Caller), or in the answer to a call) comes out exactly once: given
/// away by the guest as an owned handle (in an argument of a call, or in the result of the invocation or of a call),
/// or reported to [`dropped`](Host::dropped). A borrowed handle that the guest passes in a call is a clone, and the
/// original stays in.
pub trait Host<H>: Send + Sync + 'static {
    /// Answers a call of an import.
    ///
    /// Calls come in the order in which the guest makes them, and each is started before the next comes. The answer
    /// must have the type that [`Function::result`] says; anything else ends the invocation with
    /// [`Failure::Host`](crate::Failure::Host). For an `async func` a [`Reply::Later`] lets the guest go on meanwhile;
    /// for a plain `func` it makes the guest wait.
    fn call(&self, function: &Arc<Function>, params: Vec<Val<H>>) -> Reply<H>;

    /// Learns what the invocation used, however it ended: called once for each compartment, as the last thing that
    /// happens in it.
    ///
    /// Must neither block nor panic, like [`dropped`](Host::dropped).
    fn finished(&self, usage: &Usage) {
        let _ = usage;
    }

    /// Takes back a handle that the guest dropped, or that the compartment still held when it ended.
    ///
    /// Must neither block nor panic: it is also called while a compartment is torn down.
    fn dropped(&self, handle: H) {
        drop(handle);
    }
}

/// The answer to a call, there already or to come.
pub enum Reply<H> {
    /// The answer.
    Now(Result<Option<Val<H>>, HostError>),
    /// The answer to come. Dropped unfinished when the invocation ends early.
    Later(BoxFuture<'static, Result<Option<Val<H>>, HostError>>),
}

impl<H> Reply<H> {
    /// An answer that is there already.
    pub fn value(value: Val<H>) -> Reply<H> {
        Reply::Now(Ok(Some(value)))
    }

    /// The end of the invocation.
    pub fn error(error: impl Into<HostError>) -> Reply<H> {
        Reply::Now(Err(error.into()))
    }

    /// An answer to come.
    pub fn later(
        future: impl Future<Output = Result<Option<Val<H>>, HostError>> + Send + 'static,
    ) -> Reply<H> {
        Reply::Later(Box::pin(future))
    }
}

/// The host could not answer a call in its type. It ends the invocation.
///
/// What a plugin can act on belongs into the function's own `result`; this is for the rest.
#[derive(Clone, Debug)]
pub struct HostError {
    message: String,
    source: Option<Arc<dyn std::error::Error + Send + Sync>>,
}

impl std::fmt::Display for HostError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for HostError {
    /// What caused it, itself: a derived one would give the `Arc` around it, which is not of its type.
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        self.source.as_deref().map(|source| source as _)
    }
}

impl HostError {
    /// An error in the host's own words.
    pub fn new(message: impl Into<String>) -> HostError {
        HostError { message: message.into(), source: None }
    }

    /// The same, with what caused it. It can be had back from [`source`](std::error::Error::source).
    pub fn caused_by(
        message: impl Into<String>,
        source: impl std::error::Error + Send + Sync + 'static,
    ) -> HostError {
        HostError { message: message.into(), source: Some(Arc::new(source)) }
    }
}

impl From<String> for HostError {
    fn from(message: String) -> HostError {
        HostError::new(message)
    }
}

impl From<&str> for HostError {
    fn from(message: &str) -> HostError {
        HostError::new(message)
    }
}
