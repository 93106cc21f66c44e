//! The audit log: the record of everything that crossed the membrane, and of what the person changed about that.
//!
//! It is a folder of segments, files of JSON lines that are only ever appended to, by all processes of one user at
//! once. Each line holds the hash of the line before it and ends with its own, so that a line that was changed,
//! removed, moved or slipped in is found by [`verify`]. The hash is the SHA-256 of the line's bytes before `,"hash"`.
//! There is no key in it: who can write the files can make a whole new chain, and can cut off the end. Noting a
//! [`Head`] elsewhere and checking it with [`verify_until`] shows that too.
//!
//! What is acknowledged survives `kill -9`: a line is handed to the operating system in one piece before
//! [`Audit::begin`] and its like return. On power loss, lines of the last second can be lost. If a line cannot be
//! written the caller is told, and must refuse the call.
//!
//! [`Audit`] writes, [`Reader`] and [`Follow`] read, and the [`Redactor`] makes the form in which arguments appear.

mod appender;
mod bounds;
mod content;
mod entry;
mod error;
mod event;
mod filter;
mod follow;
mod hash;
mod last;
mod line;
mod lines;
mod log;
mod read;
mod record;
mod redact;
mod report;
mod segment;
mod show;
mod syncing;
mod tail;
#[cfg(test)]
mod tests;
mod verify;

pub use bounds::AuditBounds;
pub use entry::{Decision, Entry, Number};
pub use error::AuditError;
pub use filter::Filter;
pub use follow::Follow;
pub use hash::{Head, ParseHeadError};
pub use log::Audit;
pub use read::Reader;
pub use record::{Act, Crossing, Record, UNFINISHED};
pub use redact::Redactor;
pub use report::{Problem, Report};
pub use verify::{verify, verify_until};
