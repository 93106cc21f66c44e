use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use super::{Holder, Target};
use crate::caveat::Caveat;

/// The number of a grant. Numbers are never used again.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct GrantId(pub(crate) i64);

impl GrantId {
    /// The number.
    pub fn get(self) -> u64 {
        self.0.unsigned_abs()
    }
}

impl fmt::Display for GrantId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.0)
    }
}

impl FromStr for GrantId {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, &'static str> {
        let digits = text.bytes().all(|byte| byte.is_ascii_digit());
        let number = text.parse().ok().filter(|number| digits && *number > 0);
        number.map(Self).ok_or("a grant is named by its number; `powerbox grant list` shows them")
    }
}

/// How a grant ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Ending {
    /// It was taken back, or what it came from was.
    Revoked,
    /// Its time is over.
    Expired,
    /// Its holder was removed; one that comes in its place starts anew.
    Removed,
}

/// How much a grant was used.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Use {
    /// Calls that were let through.
    pub calls: u64,
    /// When the last was, in milliseconds since 1970.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub last: Option<u64>,
}

/// A grant as the ledger keeps it.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Record {
    /// Its number.
    pub id: GrantId,
    /// The grant that it came from; none if the person gave it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub parent: Option<GrantId>,
    /// Who holds it.
    pub holder: Holder,
    /// The slot that it fills, [`Record::DESIGNATION`], or the name of a reference.
    pub slot: String,
    /// To what.
    pub target: Target,
    /// What it does not allow, beyond what its parents do not.
    pub caveats: Vec<Caveat>,
    /// Who gave it.
    pub giver: String,
    /// When, in milliseconds since 1970.
    pub made: u64,
    /// Whether it has ended, and how.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ended: Option<Ending>,
    /// How much it was used.
    pub used: Use,
}

impl Record {
    /// In place of a slot: what the user names in commands.
    pub const DESIGNATION: &'static str = "@named";
    /// In place of a slot: an agent itself, from which come all grants to plugins that act for it.
    pub const AGENT: &'static str = "@agent";
}
