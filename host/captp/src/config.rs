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
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Release {
    /// Never: right for any peer, and what Endo's daemons do. Its objects live until the session ends.
    #[default]
    Never,
    /// As soon as the last reference is dropped. Only for peers that can export again what was dropped: those of
    /// this crate can, JavaScript can not.
    AtOnce,
}

impl Config {
    /// Makes a configuration without bootstrap, with the default limits, no drops and no deadline.
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
