use std::time::Duration;

use crate::{Limits, Value};

/// How a session is set up.
#[derive(Clone, Debug)]
pub struct Config {
    /// The name of this side: it appears in error ids and in the default names of objects, nowhere else.
    pub name: String,
    /// What the peer gets when it asks for the bootstrap; `undefined` if there is none. May be a promise.
    pub bootstrap: Option<Value>,
    /// What the peer may cost.
    pub limits: Limits,
    /// Whether the peer is told of objects that are no longer used here.
    pub release: Release,
    /// How long a call may stay unanswered before it fails; for ever by default.
    pub deadline: Option<Duration>,
}

/// When the peer is told that one of its objects is no longer used here.
///
/// Not every peer may be told: JavaScript, after a drop, sends the same object under its old slot, where it can no
/// longer be called. Programs of ours export anew, and say so to each other when one asks the other for its bootstrap.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Release {
    /// Never. The peer's objects live until the session ends.
    Never,
    /// As soon as the last reference is dropped, if the peer has said that it is a program of ours. This side says so
    /// when it is asked, and not before. To any other peer it looks and acts like [`Never`](Self::Never), as Endo's
    /// daemons do.
    #[default]
    Agreed,
    /// The same, and this side says so first when it asks for the bootstrap. For whoever asks a daemon that may or may
    /// not be ours; others ignore it.
    Offered,
    /// As soon as the last reference is dropped, whatever the peer has said. For whoever knows by other means that the
    /// peer is a program of ours. This side says so, too, when it asks for the bootstrap.
    AtOnce,
}

impl Config {
    /// Makes a configuration without bootstrap, with the default limits and no deadline.
    pub fn new(name: impl Into<String>) -> Self {
        Self {
            name: name.into(),
            bootstrap: None,
            limits: Limits::default(),
            release: Release::default(),
            deadline: None,
        }
    }

    /// Serves a bootstrap, usually an [`Object`](crate::Object).
    #[must_use]
    pub fn bootstrap(mut self, bootstrap: impl Into<Value>) -> Self {
        self.bootstrap = Some(bootstrap.into());
        self
    }

    /// Sets the limits.
    #[must_use]
    pub fn limits(mut self, limits: Limits) -> Self {
        self.limits = limits;
        self
    }

    /// Sets when drops are sent.
    #[must_use]
    pub fn release(mut self, release: Release) -> Self {
        self.release = release;
        self
    }

    /// Sets the deadline of all calls.
    #[must_use]
    pub fn deadline(mut self, deadline: Duration) -> Self {
        self.deadline = Some(deadline);
        self
    }
}
