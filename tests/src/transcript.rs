//! A scripted peer that plays the daemon's half of a recorded session.
//!
//! `transcripts/` holds what went over the wire between Endo's own clients and real daemons of two branches. A
//! [`Player`] listens on a Unix socket, expects the calls that the recorded client made, and answers each as the
//! recorded daemon did. In the end its [`Verdict`] says which calls were made, which never came and which were not in
//! the recording. So a command of ours is shown to say to a daemon what Endo's own command says, without that daemon.
//!
//! Nothing here uses our own protocol crates: what plays the other side must not share their mistakes. It is no
//! daemon either; it knows nothing but the recording, and a call that is not in there is answered with an error.
//!
//! What counts as the same call is written down in `matching.rs`. In short, only what a daemon can not see is left
//! out of account: how questions and exports are numbered, whether a call was sent ahead to an answer or later to
//! the object that the answer turned out to be, and what differs from run to run (identifiers, dates, error ids).

mod detection;
mod frame;
mod matching;
mod message;
mod player;
mod recording;
mod script;
#[cfg(test)]
mod tests;
mod verdict;

pub use detection::{Dialect, Extra};
pub use frame::{read_frame, write_frame};
pub use player::Player;
pub use recording::Recording;
pub use script::Script;
pub use verdict::Verdict;
