//! From what the user wrote to what the command receives: each word of a designating kind becomes a handle to just
//! that thing, with just the right that the parameter declares.

mod designate;
mod words;

pub(crate) use designate::lookup;
pub use designate::{DesignationError, designate};
pub use words::{UsageError, Word, Words, check_defaults, parse, parse_path};
