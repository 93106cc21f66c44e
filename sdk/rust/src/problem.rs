//! Problems: what commands fail with.

use std::fmt::Write as _;

use crate::{Denial, Problem};

impl Problem {
    /// Makes a problem for arguments that do not fit.
    pub fn invalid(why: impl Into<String>) -> Self {
        Self::Invalid(why.into())
    }

    /// Makes a problem for a name that holds nothing.
    pub fn not_found(name: impl Into<String>) -> Self {
        Self::NotFound(name.into())
    }

    /// Makes a problem for going beyond a limit of the command's own.
    pub fn limit(which: impl Into<String>) -> Self {
        Self::Limit(which.into())
    }

    /// Makes a problem that fits no other case.
    pub fn other(what: impl Into<String>) -> Self {
        Self::Other(what.into())
    }

    /// Says the problem in words, without a period.
    ///
    /// `Display`, which `wit-bindgen` provides, shows the structure instead.
    pub fn explain(&self) -> String {
        match self {
            Self::Denied(Denial { rule, remedy }) => {
                let mut text = format!("not allowed: {rule}");
                if let Some(remedy) = remedy {
                    let _ = write!(text, " ({remedy})");
                }
                text
            }
            Self::Revoked => "the grant was revoked".to_owned(),
            Self::NotFound(name) => format!("there is nothing named {name:?}"),
            Self::Invalid(why) | Self::Other(why) => why.clone(),
            Self::Remote(error) => format!("{}: {}", error.name, error.message),
            Self::Limit(which) => format!("limit reached: {which}"),
            Self::Cancelled => "cancelled".to_owned(),
            Self::Disconnected => {
                "the daemon went away before it answered; the call may have taken effect".to_owned()
            }
            Self::Unbound(slot) => format!("the slot {slot:?} is not bound to anything"),
        }
    }
}
