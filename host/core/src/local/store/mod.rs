//! `store`: what a plugin keeps between its commands and across its versions.

mod gate;
mod kept;
mod power;
mod spaces;

pub(crate) use gate::{Alone, Gate, Shared};
pub(crate) use kept::Kept;
pub use kept::{Amount, For, KeptData, KeptId, KeptSpace};
pub use power::StorePower;
pub use spaces::{Change, SpaceError, Spaces};

use std::fmt;

use powerbox_authority::grant::AgentKey;

/// Whose space it is: each slot of each plugin has one for each whom the plugin acts for.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Owner {
    /// The plugin.
    pub plugin: String,
    /// The agent that it acts for; none is the person.
    pub agent: Option<AgentKey>,
    /// Its slot.
    pub slot: String,
}

impl fmt::Display for Owner {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "the store of the plugin `{}`", self.plugin)
    }
}
