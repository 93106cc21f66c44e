use std::fmt;

use serde::{Deserialize, Serialize};

/// Who holds a grant: a chain of principals without the person at its head, whose host this is.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Holder(String);

impl Holder {
    /// An agent, by its path in the person's names.
    pub fn agent(path: &str) -> Self {
        Self(format!("agent {}", link(path)))
    }

    /// A plugin that acts for an agent, or for the person.
    pub fn plugin(agent: Option<&str>, plugin: &str) -> Self {
        match agent {
            Some(agent) => Self(format!("{} > plugin {}", Self::agent(agent), link(plugin))),
            None => Self(format!("plugin {}", link(plugin))),
        }
    }

    /// Whoever has an attenuated reference, by the name under which it was made.
    pub fn reference(name: &str) -> Self {
        Self(format!("reference {}", link(name)))
    }

    /// In words.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Takes it as it was stored.
    pub(crate) fn stored(text: String) -> Self {
        Self(text)
    }

    /// The plugin at the end of the chain.
    pub fn plugin_name(&self) -> Option<&str> {
        self.0.rsplit(" > ").next()?.strip_prefix("plugin ")
    }

    /// The agent at the head of the chain.
    pub fn agent_name(&self) -> Option<&str> {
        self.0.split(" > ").next()?.strip_prefix("agent ")
    }
}

/// One link of the chain. A name is not taken for two links, whatever is in it.
fn link(name: &str) -> String {
    crate::text::clean_line(name).replace('>', "\\u{3e}")
}

impl fmt::Display for Holder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}
