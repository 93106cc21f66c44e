use serde::Serialize;

use super::Decision;

/// The outcome of a crossing of which no end is recorded: the call still runs, or its process was killed.
pub const UNFINISHED: &str = "unfinished";

/// One thing that happened.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(tag = "kind", rename_all = "camelCase")]
pub enum Record {
    /// Something crossed the membrane, or was kept from it.
    Crossing(Crossing),
    /// The person changed what may cross it.
    Act(Act),
}

/// One crossing of the membrane, from its beginning to its end.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Crossing {
    /// The number of the line with which it began.
    pub number: u64,
    /// When it began, in milliseconds since 1970.
    pub time: u64,
    /// For whom: the chain in words.
    pub principal: String,
    /// What the agent was called whose names counted; `None` is the person's own.
    pub agent: Option<String>,
    /// The [key](crate::grant::AgentKey) of that agent; records of earlier versions have none.
    pub agent_key: Option<String>,
    /// The plugin that called.
    pub plugin: String,
    /// Which run of it.
    pub invocation: u64,
    /// Through which slot, or parameter of the command.
    pub slot: String,
    /// The grant by which it was judged.
    pub grant: Option<u64>,
    /// What was called.
    pub function: String,
    /// The arguments, redacted.
    pub arguments: String,
    /// The digest of the arguments in full, in hexadecimal.
    pub digest: String,
    /// Whether it was let through.
    pub decision: Decision,
    /// The rule that denied it, or what came of it, or [`UNFINISHED`].
    pub outcome: String,
    /// How long it took, in microseconds; `None` if it is unfinished.
    pub micros: Option<u64>,
}

/// An act of the person's: a grant added, narrowed or revoked, a plugin installed or removed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Act {
    /// The number of its line.
    pub number: u64,
    /// When it was done, in milliseconds since 1970.
    pub time: u64,
    /// By whom: the chain in words.
    pub who: String,
    /// What was done, as a short verb.
    pub what: String,
    /// To which grant.
    pub grant: Option<u64>,
    /// More about it.
    pub detail: String,
}

impl Record {
    /// The number of the line with which it began. Later records have larger ones.
    pub fn number(&self) -> u64 {
        match self {
            Self::Crossing(crossing) => crossing.number,
            Self::Act(act) => act.number,
        }
    }

    /// When it began, in milliseconds since 1970.
    pub fn time(&self) -> u64 {
        match self {
            Self::Crossing(crossing) => crossing.time,
            Self::Act(act) => act.time,
        }
    }
}
