use std::fmt;
use std::sync::Arc;

use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

/// The formula identifier of an agent, which is who the agent is. Its names can change, and can be given to others.
///
/// Whoever knows it can look the agent up, so it is kept and compared but not shown; [`AgentKey`] stands for it where
/// people or records need something to read.
#[derive(Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct AgentId(Arc<str>);

/// A text that is not a formula identifier was given as one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("this is not a formula identifier")]
pub struct NotAnIdentifier;

impl AgentId {
    /// The fewest hexadecimal digits of a number or node.
    const FEWEST: usize = 32;
    /// The most: Endo's `master` branch has 128.
    const MOST: usize = 128;

    /// Reads an identifier as daemons write it: a number and a node in hexadecimal, with a colon between.
    ///
    /// # Errors
    ///
    /// If the text is anything else, such as a pet name.
    pub fn parse(text: &str) -> Result<Self, NotAnIdentifier> {
        let is_number = |part: &str| {
            (Self::FEWEST..=Self::MOST).contains(&part.len())
                && part.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'))
        };
        match text.split_once(':') {
            Some((number, node)) if is_number(number) && is_number(node) => Ok(Self(text.into())),
            _ => Err(NotAnIdentifier),
        }
    }

    /// The identifier as the daemon knows it.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// What stands for it in records.
    pub fn key(&self) -> AgentKey {
        /// 128 bits: nobody finds two agents of one key.
        const BYTES: usize = 16;
        let digest = Sha256::digest(self.0.as_bytes());
        let key: String = digest.iter().take(BYTES).map(|byte| format!("{byte:02x}")).collect();
        AgentKey(key.into())
    }
}

impl TryFrom<String> for AgentId {
    type Error = NotAnIdentifier;

    fn try_from(text: String) -> Result<Self, NotAnIdentifier> {
        Self::parse(&text)
    }
}

impl From<AgentId> for String {
    fn from(id: AgentId) -> Self {
        id.0.as_ref().to_owned()
    }
}

impl fmt::Debug for AgentId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "AgentId({})", self.key())
    }
}

/// A digest of an agent's identifier. It tells agents apart and does not give access to any.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct AgentKey(Arc<str>);

impl AgentKey {
    /// How many hexadecimal digits it has.
    const DIGITS: usize = 32;

    /// Reads a key that was kept; `None` if the text is anything else.
    pub fn stored(text: &str) -> Option<Self> {
        let is_key =
            text.len() == Self::DIGITS && text.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'));
        is_key.then(|| Self(text.into()))
    }

    /// The key as it is kept, in hexadecimal.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The first digits, to tell a few agents apart that have no names.
    pub fn short(&self) -> &str {
        self.0.get(..8).unwrap_or(&self.0)
    }
}

impl Serialize for AgentKey {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.0)
    }
}

impl fmt::Display for AgentKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// An agent that was found: who it is, and the path by which the person named it.
///
/// Two of them are equal if they are the same agent, whatever it was called.
#[derive(Clone, Debug)]
pub struct Agent {
    id: AgentId,
    key: AgentKey,
    name: Arc<str>,
}

impl Agent {
    /// The agent of an identifier, as it is called now.
    pub fn new(id: AgentId, name: &str) -> Self {
        Self { key: id.key(), id, name: name.into() }
    }

    /// Who it is.
    pub fn id(&self) -> &AgentId {
        &self.id
    }

    /// What stands for it in records.
    pub fn key(&self) -> &AgentKey {
        &self.key
    }

    /// Its path in the person's names, for people to read. Nothing is decided by it.
    pub fn name(&self) -> &str {
        &self.name
    }
}

impl PartialEq for Agent {
    fn eq(&self, other: &Self) -> bool {
        self.id == other.id
    }
}

impl Eq for Agent {}

impl std::hash::Hash for Agent {
    fn hash<H: std::hash::Hasher>(&self, state: &mut H) {
        self.id.hash(state);
    }
}
