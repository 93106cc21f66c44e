//! What the daemon's methods answer when they cannot do what they are asked.
//!
//! Classes and words are those of Endo's daemon, which people and programs know; that is why they begin with a
//! capital.

use powerbox_captp::{CallError, Value};

use crate::id::{FormulaNumber, InvalidId, NodeId};
use crate::locator::InvalidLocator;
use crate::name::InvalidName;
use crate::quote::quoted;
use crate::store::{FormulaError, NameError, StoreError};

/// Why a method has no result.
#[derive(Clone, Debug, thiserror::Error)]
pub(crate) enum Failure {
    /// A path begins with a name that is not there.
    #[error("Unknown pet name: {}", quoted(.0))]
    UnknownPetName(String),
    /// The inspector has no such name.
    #[error("Unknown pet name {0}")]
    NothingToInspect(String),
    /// A name that should go away, or be exchanged, is not there.
    #[error("Formula does not exist for pet name {}", quoted(.0))]
    NoFormulaForName(String),
    /// A path that should be copied or moved leads nowhere; the text is the path as JSON.
    #[error("Unknown name: {0}")]
    UnknownPath(String),
    /// A name that must not be replaced stands for something.
    #[error("Name taken: {} ({kind})", quoted(.name))]
    NameTaken {
        /// The name.
        name: String,
        /// The type of the formula that it stands for.
        kind: String,
    },
    /// A name or path is not well formed.
    #[error(transparent)]
    InvalidName(#[from] InvalidName),
    /// A formula identifier is not well formed.
    #[error(transparent)]
    InvalidId(#[from] InvalidId),
    /// A locator is not well formed.
    #[error(transparent)]
    InvalidLocator(#[from] InvalidLocator),
    /// A text that does not even look like a locator was given to `storeLocator`.
    #[error("storeLocator requires an endo:// locator, got {}", quoted(.0))]
    NotALocator(String),
    /// There is no such formula.
    #[error("No formula exists for number \"{0}\"")]
    NoFormula(FormulaNumber),
    /// The formula is another daemon's, and this one knows no other daemons yet.
    #[error("No peer found for node identifier \"{0}\".")]
    NoPeer(NodeId),
    /// A value to be stored refers to something that the daemon did not make.
    #[error("No corresponding formula for (an object)")]
    NoCorrespondingFormula,
    /// The arguments are not what the method takes.
    #[error("{0}")]
    Guard(String),
    /// Names are to be introduced to what is no agent; the words are what Endo's JavaScript makes of that.
    #[error("agent.storeIdentifier is not a function")]
    NoAgent,
    /// The object has no authority at all.
    #[error("not allowed")]
    NotAllowed,
    /// A limit of the daemon forbids it.
    #[error("the daemon allows at most {most} {what}")]
    Limit {
        /// How many.
        most: u64,
        /// Of what.
        what: &'static str,
    },
    /// A blob is no JSON text.
    #[error("{0}")]
    Json(String),
    /// What a reader handed over is not what readers hand over.
    #[error("{0}")]
    Reader(&'static str),
    /// Changes were not asked for and could not be kept any longer.
    #[error("changes were lost because they were not read in time")]
    ChangesLost,
    /// The value can not be stored or read back.
    #[error("{0}")]
    Value(String),
    /// The disk or the database failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl Failure {
    /// Gives the JavaScript class of the error.
    fn class(&self) -> &'static str {
        match self {
            Self::UnknownPetName(_) | Self::NoAgent => "TypeError",
            Self::NoFormula(_) => "ReferenceError",
            Self::Limit { .. } => "RangeError",
            Self::Json(_) => "SyntaxError",
            _ => "Error",
        }
    }
}

impl From<FormulaError> for Failure {
    fn from(error: FormulaError) -> Self {
        match error {
            FormulaError::Absent(number) => Self::NoFormula(number),
            FormulaError::Foreign(node) => Self::NoPeer(node),
            FormulaError::Store(error) => error.into(),
        }
    }
}

impl From<NameError> for Failure {
    fn from(error: NameError) -> Self {
        match error {
            NameError::Absent(name) => Self::NoFormulaForName(name),
            NameError::Full(most) => Self::Limit { most: most as u64, what: "names in a directory" },
            NameError::Store(error) => error.into(),
        }
    }
}

impl From<Failure> for CallError {
    fn from(failure: Failure) -> Self {
        if let Failure::Store(error) = &failure {
            tracing::error!(%error, source = ?std::error::Error::source(error), "the store failed");
        }
        Self::Thrown(Value::error(failure.class(), failure.to_string()))
    }
}
