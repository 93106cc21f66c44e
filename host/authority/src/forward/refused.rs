use powerbox_captp::{CallError, Value};
use powerbox_passable::{ErrorValue, RESERVED_ID};

use super::Unrecorded;
use crate::grant::{Ending, Grant, GrantId, Refusal};
use crate::question::TooLong;

/// Why a message does not pass.
#[derive(Debug, thiserror::Error)]
pub(super) enum Refused {
    /// The grant says so.
    #[error(transparent)]
    Grant(#[from] Refusal),
    /// Nobody is there who could be asked.
    #[error("this call needs the person's word, who cannot be asked here; its digest is {digest}")]
    Unasked {
        /// The grant that wants the word.
        grant: Option<GrantId>,
        /// The call.
        digest: String,
    },
    /// The person could not be shown all of it.
    #[error("this call needs the person's word, and {0}")]
    TooLong(#[from] TooLong),
    /// The reference was made for other methods.
    #[error("the reference allows {allowed}, not {function}")]
    Method {
        /// Those it was made for.
        allowed: String,
        /// The one that was called.
        function: String,
    },
    /// It would give what the grant leads to away without the grant.
    #[error(
        "`{0}` tells identifiers, which are as good as references; a reference that was lent keeps them to itself"
    )]
    Identifying(String),
    /// It would pass without a record.
    #[error(transparent)]
    Unrecorded(#[from] Unrecorded),
}

impl Refused {
    /// The grant has ended, by now or while something was under way.
    pub(super) fn ended(grant: &Grant, ending: Ending) -> Self {
        Self::Grant(Refusal::Ended { grant: grant.id(), ending })
    }

    /// What marks the error as a refusal of this program's: see [`Refusing`].
    fn mark(&self) -> Option<String> {
        let numbered = |kind: &str, grant: &Option<GrantId>| {
            let grant = grant.map_or_else(String::new, |grant| grant.to_string());
            format!("{RESERVED_ID}{kind}:{grant}")
        };
        Some(match self {
            Self::Grant(Refusal::Ended { grant, .. }) => numbered(ENDED, grant),
            Self::Grant(Refusal::Denied { grant, .. }) => numbered(DENIED, grant),
            Self::Unasked { grant, digest } => format!("{}:{digest}", numbered(UNASKED, grant)),
            Self::Method { .. } | Self::Identifying(_) | Self::TooLong(_) => numbered(DENIED, &None),
            // That is a fault, and no rule.
            Self::Grant(Refusal::Ledger(_)) | Self::Unrecorded(_) => return None,
        })
    }
}

/// As the caller meets it: an error of class `Revoked` or `Denied`.
impl From<Refused> for CallError {
    fn from(refused: Refused) -> Self {
        let class =
            if matches!(refused, Refused::Grant(Refusal::Ended { .. })) { "Revoked" } else { "Denied" };
        let mut error = ErrorValue::new(class, refused.to_string());
        error.error_id = refused.mark().map(Into::into);
        Self::Thrown(Value::Error(Box::new(error)))
    }
}

const DENIED: &str = "denied";
const ENDED: &str = "ended";
const UNASKED: &str = "unasked";

/// A refusal by a forwarder, as its error tells it to programs of ours.
///
/// The mark is a [reserved id](RESERVED_ID), which no peer can put on an error: sessions drop those of peers that are
/// no programs of ours, and these write their own only. So an error that bears one was made by a forwarder, here or in
/// the embedded daemon, however many objects of theirs passed it on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refusing {
    /// The grant whose rule it was, if that is known.
    pub grant: Option<GrantId>,
    /// What kind of rule.
    pub rule: Rule,
    /// The rule in words.
    pub words: String,
}

/// What kind of rule refused a call.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Rule {
    /// A caveat, or what the reference was made for.
    Denied,
    /// The grant has ended.
    Ended,
    /// The person has to be asked about the call with this digest.
    Unasked(String),
}

impl Refusing {
    /// Reads it from what a call ended with; `None` if that is another error.
    pub fn of(error: &CallError) -> Option<Self> {
        let CallError::Thrown(Value::Error(error)) = error else { return None };
        let id = error.error_id.as_ref()?.as_str()?.strip_prefix(RESERVED_ID)?;
        let mut parts = id.split(':');
        let kind = parts.next()?;
        let grant = parts.next().and_then(|number| number.parse().ok());
        let rule = match kind {
            DENIED => Rule::Denied,
            ENDED => Rule::Ended,
            UNASKED => Rule::Unasked(parts.next()?.to_owned()),
            _ => return None,
        };
        Some(Self { grant, rule, words: error.message.to_string_lossy().into_owned() })
    }
}
