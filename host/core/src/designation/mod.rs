//! From what the user wrote to what the command receives: each word of a designating kind becomes a handle to just
//! that thing, with just the right that the parameter declares.

mod agent;
mod designate;
mod words;

pub(crate) use agent::must_be_agent;
pub(crate) use designate::lookup;
pub use designate::{DesignationError, designate};
pub use words::{UsageError, Word, Words, parse, parse_path};
