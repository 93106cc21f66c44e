use powerbox_captp::{CallError, Value};

use super::Unrecorded;
use crate::grant::{Ending, Grant, Refusal};

/// Why a message does not pass.
#[derive(Debug, thiserror::Error)]
pub(super) enum Refused {
    /// The grant says so.
    #[error(transparent)]
    Grant(#[from] Refusal),
    /// Nobody is there who could be asked.
    #[error("this call needs the person's word, who cannot be asked here; its digest is {0}")]
    Unasked(String),
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
}

/// As the caller meets it: an error of class `Revoked` or `Denied`.
impl From<Refused> for CallError {
    fn from(refused: Refused) -> Self {
        let class =
            if matches!(refused, Refused::Grant(Refusal::Ended { .. })) { "Revoked" } else { "Denied" };
        Self::Thrown(Value::error(class, refused.to_string()))
    }
}
