//! From what the user wrote to what the command receives: each word of a designating kind becomes a handle to just
//! that thing, with just the right that the parameter declares.

mod designate;
mod secrets;
mod words;

pub(crate) use designate::lookup;
pub use designate::{DesignationError, designate};
pub use secrets::{SecretSource, may_be_kept, takes_secrets};
pub use words::{UsageError, Word, Words, check_defaults, parse, parse_path};
