//! The only way from a compartment to anything outside, and back.
//!
//! Every call of a plugin's import arrives in [`Membrane`]'s implementation of the sandbox's `Host`. It checks that the
//! reference carries the right and that every grant of its chain allows the call; asks the person where a grant wants
//! that; writes the record; makes the call; and wraps every reference in the answer. A call that is under way when its
//! grant is revoked ends with `revoked` at once, whatever the object does later. References that leave the compartment
//! again are taken out of their handles, or leave behind an object that keeps to their limits.
//!
//! Capability checks are made here and nowhere else.

mod act;
mod answer;
mod blob;
mod consent;
mod crossing;
mod entry;
mod exact;
mod handle;
mod inward;
mod name;
mod outward;
mod pace;
mod place;
mod problem;
mod scrub;
mod storing;
mod streams;
mod told;
mod types;
mod unanswered;
mod understand;

pub(crate) use answer::answer;
pub use blob::{Blob, ByteSource};
pub use consent::{Consent, Word};
pub use crossing::{Membrane, Setting, Slot};
pub use handle::{Handle, Rights};
pub(crate) use name::DESIGNATED;
pub use name::Name;
pub(crate) use outward::RECEIVER;
pub use pace::Pace;
pub use powerbox_authority::grant::Grant;
pub use problem::Problem;
pub use streams::Streams;
pub use told::Speaker;
pub(crate) use unanswered::Paced;
pub use unanswered::Unanswered;
