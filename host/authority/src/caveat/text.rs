//! Caveats as text: how they are typed, stored and shown.

use std::fmt;
use std::str::FromStr;

use super::Caveat;

/// Text that is no caveat.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{}` is no caveat: {reason}", crate::text::clean_line(.text))]
pub struct CaveatError {
    /// What was given.
    pub text: String,
    /// What is wrong with it.
    pub reason: String,
}

impl CaveatError {
    pub(crate) fn new(text: &str, reason: impl Into<String>) -> Self {
        // It is shown: a long text helps nobody.
        Self { text: text.chars().take(100).collect(), reason: reason.into() }
    }
}

impl FromStr for Caveat {
    type Err = CaveatError;

    fn from_str(text: &str) -> Result<Self, CaveatError> {
        let (kind, rest) = match text.split_once(' ') {
            Some((kind, rest)) => (kind, Some(rest.trim())),
            None => (text, None),
        };
        let value = || {
            let given = rest.filter(|rest| !rest.is_empty());
            given.ok_or_else(|| CaveatError::new(text, format!("`{kind}` needs a value")))
        };
        match kind {
            "functions" => value()?.parse().map(Self::Functions),
            "path" => value()?.parse().map(Self::Path),
            "arg" => value()?.parse().map(Self::Argument),
            "expires" => value()?.parse().map(Self::Expires),
            "calls" => value()?.parse().map(Self::Calls),
            "rate" => value()?.parse().map(Self::Rate),
            "bytes" => value()?.parse().map(Self::Bytes),
            "read-only" if rest.is_none() => Ok(Self::ReadOnly),
            "confirm" if rest.is_none() => Ok(Self::Confirm),
            "read-only" | "confirm" => Err(CaveatError::new(text, format!("`{kind}` takes no value"))),
            _ => Err(CaveatError::new(
                text,
                "known are functions, read-only, path, arg, expires, calls, rate, bytes, confirm",
            )),
        }
    }
}

impl fmt::Display for Caveat {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Functions(functions) => write!(f, "functions {functions}"),
            Self::ReadOnly => f.write_str("read-only"),
            Self::Path(path) => write!(f, "path {path}"),
            Self::Argument(rule) => write!(f, "arg {rule}"),
            Self::Expires(expiry) => write!(f, "expires {expiry}"),
            Self::Calls(count) => write!(f, "calls {count}"),
            Self::Rate(rate) => write!(f, "rate {rate}"),
            Self::Bytes(budget) => write!(f, "bytes {budget}"),
            Self::Confirm => f.write_str("confirm"),
        }
    }
}

impl From<Caveat> for String {
    fn from(caveat: Caveat) -> Self {
        caveat.to_string()
    }
}

impl TryFrom<String> for Caveat {
    type Error = CaveatError;

    fn try_from(text: String) -> Result<Self, CaveatError> {
        text.parse()
    }
}

/// Reads a count as people write it: digits only, at least one of them, not zero, and no more than fits.
pub(super) fn positive(text: &str) -> Result<u64, CaveatError> {
    let digits = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    let number = if digits { text.parse().ok() } else { None };
    match number {
        // SQLite's integers are signed, so is what a count may be.
        Some(number) if number > 0 && i64::try_from(number).is_ok() => Ok(number),
        _ => Err(CaveatError::new(text, "a whole number above zero is needed")),
    }
}
