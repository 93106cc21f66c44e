//! What plugins were granted: which slot of which plugin reaches what, for whom.
//!
//! A plugin that acts for the person, and the same plugin that acts for an agent, are two holders with nothing in
//! common. What an agent's plugins hold comes of the agent's own grant, so that taking that back takes back everything.

mod attenuate;
mod giving;
mod held;
mod keeping;

pub use attenuate::IfTaken;
pub use giving::{Gift, GiveError};
pub(crate) use held::{Book, Held, HeldGrant, PERSON, record_act};
pub use keeping::Keeper;
pub(crate) use keeping::{Keeping, Kept};
