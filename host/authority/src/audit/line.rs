use std::borrow::Cow;

use serde::Deserialize;

use super::content::number;
use super::event::{End, Event};
use super::hash::{Hash, Head};
use super::{Act, Crossing, Decision, Record};

/// The longest line, in bytes, its line feed included.
pub(super) const MAX_LINE: usize = 64 * 1024;

const BEFORE_HASH: &[u8] = b",\"hash\":\"";
const AFTER_HASH: &[u8] = b"\"}";

/// Appends a whole line, and gives its hash.
pub(super) fn write(out: &mut Vec<u8>, seq: u64, middle: &[u8], previous: &Hash) -> Hash {
    let start = out.len();
    number(out, "{\"seq\":", seq);
    out.extend_from_slice(middle);
    out.extend_from_slice(b",\"prev\":\"");
    previous.write(out);
    out.push(b'"');
    let hash = Hash::of(out.get(start..).unwrap_or_default());
    out.extend_from_slice(BEFORE_HASH);
    hash.write(out);
    out.extend_from_slice(AFTER_HASH);
    out.push(b'\n');
    hash
}

/// How many bytes a line has besides its middle, at most.
pub(super) const FRAME: u64 = 256;

/// A line as it is read.
#[derive(Debug, Deserialize)]
pub(super) struct Line<'a> {
    pub(super) seq: u64,
    time: u64,
    pub(super) kind: Kind,
    prev: &'a str,
    hash: &'a str,
    #[serde(borrow, default)]
    principal: Cow<'a, str>,
    agent: Option<String>,
    #[serde(rename = "agentKey")]
    agent_key: Option<String>,
    #[serde(borrow, default)]
    plugin: Cow<'a, str>,
    #[serde(default)]
    invocation: u64,
    #[serde(borrow, default)]
    slot: Cow<'a, str>,
    grant: Option<u64>,
    #[serde(borrow, default)]
    function: Cow<'a, str>,
    #[serde(borrow, default)]
    arguments: Cow<'a, str>,
    #[serde(borrow, default)]
    digest: Cow<'a, str>,
    decision: Option<Decision>,
    #[serde(borrow, default)]
    outcome: Cow<'a, str>,
    micros: Option<u64>,
    /// The number of the line whose crossing this one ends.
    pub(super) ends: Option<u64>,
    #[serde(borrow, default)]
    who: Cow<'a, str>,
    #[serde(borrow, default)]
    what: Cow<'a, str>,
    #[serde(borrow, default)]
    detail: Cow<'a, str>,
    /// How many bytes before this line are no line.
    pub(super) torn: Option<u64>,
    /// With which line the log begins since segments were removed.
    pub(super) begins: Option<u64>,
}

/// What a line is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) enum Kind {
    Begin,
    End,
    Crossing,
    Act,
    Continued,
    Repaired,
    Pruned,
    /// Written by a later version.
    #[serde(other)]
    Other,
}

impl<'a> Line<'a> {
    /// Reads a line without its line feed. Whether it is genuine is another question: [`Line::is_sealed`].
    pub(super) fn parse(bytes: &'a [u8]) -> Option<Self> {
        serde_json::from_slice(bytes).ok()
    }

    /// Reads a line that is as it was written, on its own account.
    pub(super) fn genuine(bytes: &'a [u8]) -> Option<Self> {
        Self::parse(bytes).filter(|line| line.is_sealed(bytes))
    }

    /// Tells whether the line, which was read from `bytes`, ends with the hash of what comes before.
    pub(super) fn is_sealed(&self, bytes: &[u8]) -> bool {
        let sealed = || {
            let rest = bytes.strip_suffix(AFTER_HASH)?;
            let (rest, hash) = rest.split_at_checked(rest.len().checked_sub(Hash::DIGITS)?)?;
            let content = rest.strip_suffix(BEFORE_HASH)?;
            Some(hash == self.hash.as_bytes() && self.hash() == Some(Hash::of(content)))
        };
        sealed().unwrap_or(false)
    }

    /// The hash of the line before, as this line says.
    pub(super) fn previous(&self) -> Option<Hash> {
        Hash::parse(self.prev)
    }

    /// The hash of this line, as it says itself.
    pub(super) fn hash(&self) -> Option<Hash> {
        Hash::parse(self.hash)
    }

    /// The chain's state after this line.
    pub(super) fn head(&self) -> Option<Head> {
        Some(Head { seq: self.seq, hash: self.hash()? })
    }

    /// What the line means for a reader.
    pub(super) fn event(self) -> Event {
        match self.kind {
            Kind::Begin => Event::Begun(self.crossing(Decision::Allowed, super::UNFINISHED.to_owned(), None)),
            Kind::Crossing => {
                let (decision, micros) = (self.decision.unwrap_or(Decision::Denied), self.micros);
                let outcome = self.outcome.clone().into_owned();
                Event::Whole(Record::Crossing(self.crossing(decision, outcome, micros)))
            }
            Kind::Act => Event::Whole(Record::Act(Act {
                number: self.seq,
                time: self.time,
                who: self.who.into_owned(),
                what: self.what.into_owned(),
                grant: self.grant,
                detail: self.detail.into_owned(),
            })),
            Kind::End => match self.ends {
                Some(begin) => {
                    Event::Ended(End { begin, outcome: self.outcome.into_owned(), micros: self.micros })
                }
                None => Event::Nothing,
            },
            Kind::Continued => Event::Continued(self.seq.saturating_add(1)),
            Kind::Repaired | Kind::Pruned | Kind::Other => Event::Nothing,
        }
    }

    fn crossing(self, decision: Decision, outcome: String, micros: Option<u64>) -> Crossing {
        Crossing {
            number: self.seq,
            time: self.time,
            principal: self.principal.into_owned(),
            agent: self.agent,
            agent_key: self.agent_key,
            plugin: self.plugin.into_owned(),
            invocation: self.invocation,
            slot: self.slot.into_owned(),
            grant: self.grant,
            function: self.function.into_owned(),
            arguments: self.arguments.into_owned(),
            digest: self.digest.into_owned(),
            decision,
            outcome,
            micros,
        }
    }
}
