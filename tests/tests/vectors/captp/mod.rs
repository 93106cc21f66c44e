//! Recorded conversations between two JavaScript endpoints: ours plays each of them, and must say the same.
//!
//! `serving` and `raw` play side b, `calling` side a. Error ids and the texts of errors are not compared where the reference says that
//! nobody may depend on them. Where this crate deliberately does better than the recording, the test says so.

mod calling;
mod far;
mod peer;
mod raw;
mod serving;
