//! Caveats: what a grant does not allow.
//!
//! | caveat | in words | asks |
//! |---|---|---|
//! | [`Functions`] | `functions list,lookup` | is the function one of these? |
//! | `read-only` | `read-only` | does the function only read, as far as this program knows? |
//! | [`PathPrefix`] | `path notes/work` | does every path in the call begin with these names? |
//! | [`ArgumentRule`] | `arg send.to in ["bob","eve"]` | is this argument of this function as told? |
//! | [`Expiry`] | `expires 2026-12-01T00:00:00Z` | is it earlier than this? |
//! | [`CallCount`] | `calls 10` | were there fewer calls? |
//! | [`Rate`] | `rate 5/1m` | were there fewer calls lately? |
//! | [`ByteBudget`] | `bytes 1MiB` | did the calls carry less? |
//! | `confirm` | `confirm` | does the person agree to this very call? |
//!
//! A caveat holds for every call through its grant: on the object that was granted and on whatever that answered with.
//! `path` and `arg` speak of the granted object's own functions. Where a caveat cannot be judged, the answer is no.

mod argument;
mod budget;
mod expiry;
mod functions;
mod named;
mod path;
#[cfg(test)]
mod tests;
mod text;

pub use argument::{ArgumentRule, Condition, Which};
pub use budget::{ByteBudget, CallCount, Rate};
pub use expiry::Expiry;
pub use functions::{Functions, is_reading};
pub use named::paths_named;
pub use path::PathPrefix;
pub use text::CaveatError;

use std::time::Duration;

use powerbox_passable::Value;

/// One restriction on a grant.
#[derive(Clone, Debug, PartialEq, serde::Serialize, serde::Deserialize)]
#[serde(into = "String", try_from = "String")]
pub enum Caveat {
    /// Only these functions.
    Functions(Functions),
    /// Only functions that are known to change nothing.
    ReadOnly,
    /// Only paths under this one.
    Path(PathPrefix),
    /// Only calls whose argument is as told.
    Argument(ArgumentRule),
    /// Only until then.
    Expires(Expiry),
    /// Only so many calls.
    Calls(CallCount),
    /// Only so many calls in a while.
    Rate(Rate),
    /// Only so many bytes in all calls and answers together.
    Bytes(ByteBudget),
    /// Only what the person agrees to, call by call.
    Confirm,
}

impl Caveat {
    /// Whether what it lets through is counted, so that it allows less and less.
    pub fn is_counted(&self) -> bool {
        matches!(self, Self::Calls(_) | Self::Rate(_) | Self::Bytes(_))
    }
}

/// What applying an object as a function is called; no caveat can list it as allowed.
pub const APPLY: &str = "(apply)";
/// What reading a property is called; its name is the only argument. No caveat can list it as allowed.
pub const GET: &str = "(get)";
/// Asks an object for the names of its methods.
pub const METHOD_NAMES: &str = "__getMethodNames__";

/// One call, as caveats judge it.
pub trait Crossing {
    /// The method, in camelCase, whatever the caller's language calls it.
    fn function(&self) -> &str;

    /// Whether it is called on the granted object itself, not on something that this answered with.
    fn is_direct(&self) -> bool;

    /// The paths that the call names, each as a list of names; `None` if that is not known of this function.
    fn paths(&self) -> Option<Vec<Vec<String>>>;

    /// An argument that is plain data; `None` if it is not there, or holds references.
    fn argument(&self, which: &Which) -> Option<Value<()>>;

    /// About how many bytes its arguments are.
    fn bytes(&self) -> u64;

    /// A digest of the exact call, in hexadecimal: what the person agrees to when asked.
    fn digest(&self) -> String;

    /// Whether the answer to [`METHOD_NAMES`] will hold those names only that
    /// [`Grant::allows_function`](crate::grant::Grant::allows_function) lets through. A `functions` caveat then need
    /// not list it.
    fn filters_names(&self) -> bool {
        false
    }
}

impl Caveat {
    /// Judges what can be judged by looking at the call; an error says which rule refuses it.
    ///
    /// Expiry, counts and budgets are the ledger's, and `confirm` is the person's.
    ///
    /// # Errors
    ///
    /// The rule that refuses the call, in words.
    pub fn check(&self, call: &dyn Crossing) -> Result<(), String> {
        match self {
            Self::Functions(functions) => functions.check(call),
            Self::ReadOnly if is_reading(call.function()) => Ok(()),
            Self::ReadOnly => {
                Err(format!("the grant is read-only, and `{}` is not known to only read", call.function()))
            }
            Self::Path(path) => path.check(call),
            Self::Argument(rule) => rule.check(call),
            Self::Expires(_) | Self::Calls(_) | Self::Rate(_) | Self::Bytes(_) | Self::Confirm => Ok(()),
        }
    }

    /// Whether it lets a function through that is called with whatever fits.
    pub fn allows_function(&self, function: &str) -> bool {
        match self {
            Self::Functions(functions) => functions.contains(function),
            Self::ReadOnly => is_reading(function),
            _ => true,
        }
    }

    /// Tells whether it allows something that `parents` refuse, which a child grant must not say.
    ///
    /// Each kind is compared with the parents' of its kind. Where nothing is comparable it only adds, which is fine.
    ///
    /// # Errors
    ///
    /// What would be wider, in words.
    pub fn within(&self, parents: &[Self]) -> Result<(), String> {
        for parent in parents {
            let wider = match (self, parent) {
                (Self::Functions(own), Self::Functions(parent)) => !own.is_within(parent),
                (Self::Path(own), Self::Path(parent)) => !own.is_within(parent),
                (Self::Argument(own), Self::Argument(parent)) => !own.is_within(parent),
                (Self::Expires(own), Self::Expires(parent)) => own > parent,
                (Self::Calls(own), Self::Calls(parent)) => own > parent,
                (Self::Rate(own), Self::Rate(parent)) => !own.is_within(parent),
                (Self::Bytes(own), Self::Bytes(parent)) => own > parent,
                _ => false,
            };
            if wider {
                return Err(format!("`{self}` would be wider than the parent's `{parent}`"));
            }
        }
        Ok(())
    }

    /// Whether judging it needs what is kept in the ledger.
    pub fn is_metered(&self) -> bool {
        matches!(self, Self::Calls(_) | Self::Rate(_) | Self::Bytes(_) | Self::Expires(_))
    }

    /// An expiry that lies `after` from `now` (milliseconds since 1970).
    ///
    /// # Errors
    ///
    /// If that is no time that can be written.
    pub fn expires_in(after: Duration, now: u64) -> Result<Self, CaveatError> {
        Expiry::after(after, now).map(Self::Expires)
    }
}
