//! What the person is asked about: one exact call, shown whole.
//!
//! What the audit writes is short and decides nothing. A question shows everything, or the call is refused as too long
//! to be asked about.

mod asked;
mod whole;

pub use asked::{Question, Questions};
pub use whole::{MOST_SHOWN, TooLong, quote, whole};
