use crate::SlotError;

/// Why a body can not be read.
///
/// Texts of the body that are quoted here are cut to a bounded length.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum DecodeError {
    /// The body is not JSON.
    #[error("{problem} at byte {at} of the body")]
    Json {
        /// Where reading stopped.
        at: usize,
        /// What was found or expected there.
        problem: &'static str,
    },
    /// The body goes beyond one of the [`Limits`](crate::Limits).
    #[error("the body has more than {most} {what}")]
    Limit {
        /// What there is too much of.
        what: &'static str,
        /// How much is accepted.
        most: usize,
    },
    /// Something is of the wrong type, or missing.
    #[error("{what} must be {expected}, not {found}")]
    Type {
        /// What was looked at.
        what: &'static str,
        /// What it should have been.
        expected: &'static str,
        /// What it is.
        found: &'static str,
    },
    /// Something is not there at all, not even with a wrong type.
    #[error("there is no {0}")]
    Missing(&'static str),
    /// The body marks a value in a way that has no meaning.
    #[error("unrecognized {what} {found:?}")]
    Unrecognized {
        /// What kind of mark it is.
        what: &'static str,
        /// The mark.
        found: String,
    },
    /// A property stands where only others may.
    #[error("unexpected property {name:?} of {of}")]
    Property {
        /// What has the property.
        of: &'static str,
        /// The name of the property.
        name: String,
    },
    /// A text does not spell a bigint.
    #[error("can not convert {0:?} to a bigint")]
    BigInt(String),
    /// A slot is numbered by something other than a natural number.
    #[error("slot index {0} is not a natural number")]
    SlotIndex(String),
    /// A slot can not be used.
    #[error(transparent)]
    Slot(#[from] SlotError),
}

impl DecodeError {
    /// Gives the class of the error that JavaScript throws in this case; limits are ours and give `RangeError`.
    pub fn js_class(&self) -> &'static str {
        match self {
            Self::Json { .. } | Self::BigInt(_) => "SyntaxError",
            Self::Limit { .. } | Self::SlotIndex(_) => "RangeError",
            Self::Type {
                what: "the index of a slot" | "the id of an error" | "the errors of an error",
                ..
            }
            | Self::Missing(_) => "TypeError",
            Self::Unrecognized { what: "@qclass" | "constant", .. } => "TypeError",
            Self::Slot(SlotError::Missing(_)) => "TypeError",
            _ => "Error",
        }
    }

    /// Tells whether the body was refused for its size, whatever it says.
    pub fn is_limit(&self) -> bool {
        matches!(self, Self::Limit { .. })
    }
}

/// Why a value can not be written.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum EncodeError {
    /// The value is nested deeper than any reader of this crate accepts.
    #[error("the value is nested deeper than {0} levels")]
    TooDeep(usize),
    /// JavaScript has no such symbol.
    #[error("there is no well-known symbol {0:?}")]
    Symbol(String),
    /// A capability can not be written.
    #[error(transparent)]
    Slot(#[from] SlotError),
}

/// Cuts a text to what can be quoted in a message.
pub(crate) fn excerpt(text: &str) -> String {
    const MOST: usize = 80;
    match text.char_indices().nth(MOST) {
        Some((end, _)) => format!("{}…", text.get(..end).unwrap_or_default()),
        None => text.to_owned(),
    }
}
