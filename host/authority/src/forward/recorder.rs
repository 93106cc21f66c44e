use powerbox_captp::Value;

use crate::grant::Grant;

/// Where crossings are recorded.
pub trait Recorder: Send + Sync {
    /// Records a call before it is made.
    ///
    /// # Errors
    ///
    /// If it cannot be recorded: the call is then not made.
    fn begin(&self, crossing: &Crossed<'_>) -> Result<Ticket, Unrecorded>;

    /// Records a call that is not made, and the rule that refuses it.
    fn refused(&self, crossing: &Crossed<'_>, rule: &str);
}

/// Records what came of a call that has begun, in words, and how many microseconds it took; once, before its answer
/// is passed on. If that fails the answer is withheld.
pub type Ticket = Box<dyn FnOnce(&str, u64) -> Result<(), Unrecorded> + Send>;

/// A call that crosses a membrane, as it is recorded.
#[derive(Debug)]
pub struct Crossed<'a> {
    /// The grant that it crosses by.
    pub grant: &'a Grant,
    /// Who calls whom.
    pub way: Way,
    /// The method, or [`APPLY`](crate::caveat::APPLY) or [`GET`](crate::caveat::GET).
    pub function: &'a str,
    /// The arguments as the caller gave them.
    pub arguments: &'a [Value],
}

/// Who calls whom.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Way {
    /// The holder calls what was granted, or something that this led to.
    In,
    /// What was granted calls an object that the holder passed in.
    Out,
}

/// A call cannot be recorded.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("what crosses here cannot be recorded, so nothing may cross: {0}")]
pub struct Unrecorded(pub String);
