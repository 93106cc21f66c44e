//! The only way from a compartment to anything outside, and back.
//!
//! Every call of a plugin's import arrives in [`Membrane`]'s implementation of the sandbox's `Host`. It checks that the
//! grant is alive, that the reference carries the right and that the values fit their types; makes the call; wraps
//! every reference in the answer; and appends one record to the [`Audit`]. A call that is under way when its grant is
//! revoked ends with `revoked` at once, whatever the object does later.
//!
//! Capability checks are made here and nowhere else.

mod answer;
mod audit;
mod blob;
mod crossing;
mod grant;
mod handle;
mod name;
mod problem;
mod types;

pub use audit::{Audit, Record};
pub use blob::Blob;
pub use crossing::{Membrane, Slot};
pub use grant::Grant;
pub use handle::{Handle, Rights};
pub use name::Name;
pub use problem::Problem;
