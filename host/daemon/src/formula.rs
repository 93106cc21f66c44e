//! Formulas: how to make a value again, which is all that is kept of it.

use powerbox_authority::grant::GrantId;
use serde::{Deserialize, Serialize};

use crate::id::{ContentHash, FormulaId};

/// What a value is made from.
///
/// On disk, a type and a JSON body. The names of types are Endo's.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "kebab-case")]
pub(crate) enum Formula {
    /// The bootstrap object.
    Endo {},
    /// The root host.
    Host {},
    /// A confined agent; its names are kept apart, under its number.
    #[serde(rename_all = "camelCase")]
    Guest {
        /// Its mail address.
        handle: FormulaId,
        /// The agent that made it.
        host_agent: FormulaId,
        /// The mail address of that agent, which is all of it that the guest has.
        host_handle: FormulaId,
    },
    /// The mail address of an agent.
    Handle { agent: FormulaId },
    /// A directory; its names are kept apart, under its number.
    Directory {},
    /// Passable data with references to other values.
    Marshal {
        /// Smallcaps text.
        body: String,
        /// What the references in the body stand for.
        slots: Vec<FormulaId>,
    },
    /// Bytes.
    ReadableBlob { content: ContentHash },
    /// The agent that may do nothing.
    LeastAuthority {},
    /// Shows how the named values of an agent are made.
    PetInspector {},
    /// Passes on to another object what a grant allows. Not a type of Endo's.
    Attenuated {
        /// The other object.
        target: FormulaId,
        /// The grant's number in the user's ledger.
        grant: GrantId,
    },
}

impl Formula {
    /// Gives the name of the type, as locators have it.
    pub(crate) fn type_name(&self) -> &'static str {
        match self {
            Self::Endo {} => "endo",
            Self::Host {} => "host",
            Self::Guest { .. } => "guest",
            Self::Handle { .. } => "handle",
            Self::Directory {} => "directory",
            Self::Marshal { .. } => "marshal",
            Self::ReadableBlob { .. } => "readable-blob",
            Self::LeastAuthority {} => "least-authority",
            Self::PetInspector {} => "pet-inspector",
            Self::Attenuated { .. } => "attenuated",
        }
    }

    /// Tells whether the value is a directory or agent, so that names are kept under the formula's number.
    pub(crate) fn keeps_names(&self) -> bool {
        matches!(self, Self::Host {} | Self::Guest { .. } | Self::Directory {})
    }

    /// Gives the values that it is made of, as the inspector shows them: of guests only, since Endo shows nothing of
    /// the other kinds either.
    pub(crate) fn parts(&self) -> Vec<(&'static str, FormulaId)> {
        match self {
            Self::Guest { host_agent, host_handle, .. } => {
                vec![("hostAgent", *host_agent), ("hostHandle", *host_handle)]
            }
            _ => Vec::new(),
        }
    }
}

/// Tells whether Endo knows a type of formulas, whether or not this daemon can make its values, or it is this daemon's own.
pub(crate) fn is_formula_type(name: &str) -> bool {
    const TYPES: &[&str] = &[
        "attenuated",
        "channel",
        "directory",
        "endo",
        "eval",
        "guest",
        "handle",
        "host",
        "invitation",
        "known-peers-store",
        "least-authority",
        "lookup",
        "loopback-network",
        "mail-hub",
        "mailbox-store",
        "make-archive",
        "make-bundle",
        "make-from-tree",
        "make-unconfined",
        "marshal",
        "message",
        "mount",
        "peer",
        "pet-inspector",
        "pet-store",
        "promise",
        "readable-blob",
        "readable-tree",
        "resolver",
        "scratch-mount",
        "timer",
        "worker",
    ];
    TYPES.binary_search(&name).is_ok()
}

macro_rules! serde_as_text {
    ($($name:ty: $read:expr;)*) => {$(
        impl Serialize for $name {
            fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.collect_str(self)
            }
        }

        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                let text = String::deserialize(deserializer)?;
                let read: fn(&str) -> Option<Self> = $read;
                read(&text).ok_or_else(|| serde::de::Error::custom(concat!("not a ", stringify!($name))))
            }
        }
    )*};
}

serde_as_text! {
    FormulaId: |text| text.parse().ok();
    ContentHash: Self::from_hex;
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::id::{FormulaNumber, NodeId};

    #[test]
    fn a_formula_reads_back_as_it_is_written() {
        let id = FormulaId { number: FormulaNumber::from_bytes([1; 32]), node: NodeId::from_bytes([2; 32]) };
        for formula in [
            Formula::Endo {},
            Formula::Host {},
            Formula::Guest { handle: id, host_agent: id, host_handle: id },
            Formula::Handle { agent: id },
            Formula::Directory {},
            Formula::Marshal { body: "#{\"a\":1}".to_owned(), slots: vec![id] },
            Formula::ReadableBlob { content: ContentHash::from_bytes([3; 32]) },
            Formula::LeastAuthority {},
            Formula::PetInspector {},
        ] {
            let json = serde_json::to_value(&formula).expect("JSON");
            assert_eq!(json["type"], formula.type_name());
            assert!(is_formula_type(formula.type_name()));
            assert_eq!(serde_json::from_value::<Formula>(json).expect("a formula"), formula);
        }
    }
}
