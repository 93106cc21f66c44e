use std::fmt;

use serde::{Deserialize, Serialize};

/// A crossing of the membrane, as it is recorded. Each text is kept up to 1 KiB.
#[derive(Clone, Copy, Debug)]
pub struct Entry<'a> {
    /// For whom: the chain in words, such as `person > agent scout > plugin compare > invocation 7`.
    pub principal: &'a str,
    /// What the agent is called whose names count; `None` is the person's own.
    pub agent: Option<&'a str>,
    /// The [key](crate::grant::AgentKey) of that agent: its name may be another's later.
    pub agent_key: Option<&'a str>,
    /// The plugin that called.
    pub plugin: &'a str,
    /// Which run of it.
    pub invocation: u64,
    /// Through which slot, or parameter of the command.
    pub slot: &'a str,
    /// The grant by which the call was judged.
    pub grant: Option<u64>,
    /// What was called.
    pub function: &'a str,
    /// The arguments in the form that [`Redactor::arguments`](super::Redactor::arguments) made.
    pub arguments: &'a str,
    /// The digest that came with them, in hexadecimal.
    pub digest: &'a str,
}

/// Whether a crossing was let through.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Decision {
    /// It was.
    Allowed,
    /// It was not; the outcome names the rule.
    Denied,
}

/// The number of a line: 1 for the first one ever, and one more for each.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Number(pub(super) u64);

impl Number {
    /// Gives the number itself.
    pub fn get(self) -> u64 {
        self.0
    }
}

impl fmt::Display for Number {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}
