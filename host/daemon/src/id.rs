//! Formula numbers, nodes and formula identifiers: what the outside may know of where a value is kept.

use std::fmt;
use std::str::FromStr;

use crate::quote::quoted;

const HEX_DIGITS: usize = 64;

macro_rules! hex_256 {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub struct $name([u8; 32]);

        impl $name {
            /// Takes the bytes as they are.
            pub fn from_bytes(bytes: [u8; 32]) -> Self {
                Self(bytes)
            }

            /// The bytes.
            pub fn as_bytes(&self) -> &[u8; 32] {
                &self.0
            }

            /// Reads 64 lowercase hex digits.
            pub fn from_hex(text: &str) -> Option<Self> {
                bytes_from_hex(text).map(Self)
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write_hex(&self.0, f)
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write_hex(&self.0, f)
            }
        }
    };
}

hex_256! {
    /// Names a formula within the daemon that keeps it: 256 random bits.
    FormulaNumber
}

hex_256! {
    /// Names a daemon or an agent: the public half of its Ed25519 key.
    NodeId
}

hex_256! {
    /// Names a blob: the SHA-256 of its bytes.
    ContentHash
}

impl FormulaNumber {
    /// Draws a number that nobody can guess.
    pub fn random() -> Result<Self, getrandom::Error> {
        let mut bytes = [0; 32];
        getrandom::fill(&mut bytes)?;
        Ok(Self(bytes))
    }
}

/// Names a formula anywhere: its number, and the node that answers for it.
///
/// Written `<number>:<node>`. Whoever has an agent can look up what an identifier names, so it is a key to the value,
/// not just a name.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct FormulaId {
    /// The formula.
    pub number: FormulaNumber,
    /// The daemon, or the agent of a daemon, that keeps it.
    pub node: NodeId,
}

/// Something that was given as a formula identifier is none.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("Invalid formula identifier {}", quoted(.0))]
pub struct InvalidId(pub String);

impl FromStr for FormulaId {
    type Err = InvalidId;

    fn from_str(text: &str) -> Result<Self, InvalidId> {
        text.split_once(':')
            .and_then(|(number, node)| {
                Some(Self { number: FormulaNumber::from_hex(number)?, node: NodeId::from_hex(node)? })
            })
            .ok_or_else(|| InvalidId(text.to_owned()))
    }
}

impl fmt::Display for FormulaId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.number, self.node)
    }
}

impl fmt::Debug for FormulaId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

fn bytes_from_hex(text: &str) -> Option<[u8; 32]> {
    if text.len() != HEX_DIGITS {
        return None;
    }
    let mut digits = text.bytes().map(|digit| match digit {
        b'0'..=b'9' => Some(digit - b'0'),
        b'a'..=b'f' => Some(digit - b'a' + 10),
        _ => None,
    });
    let mut bytes = [0; 32];
    for byte in &mut bytes {
        *byte = (digits.next()?? << 4) | digits.next()??;
    }
    Some(bytes)
}

fn write_hex(bytes: &[u8; 32], f: &mut fmt::Formatter<'_>) -> fmt::Result {
    bytes.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_identifier_reads_back_as_it_is_written() {
        let id = FormulaId {
            number: FormulaNumber::from_bytes([0x0f; 32]),
            node: NodeId::from_bytes(std::array::from_fn(|i| i as u8)),
        };
        assert_eq!(id.to_string().len(), 129);
        assert_eq!(id.to_string().parse(), Ok(id));
    }

    #[test]
    fn anything_else_is_refused_with_the_words_of_endo() {
        let digits = "a".repeat(64);
        for text in
            ["", "x", &digits, &format!("{digits}:{}", "A".repeat(64)), &format!("{digits}:{digits}:")]
        {
            let error = text.parse::<FormulaId>().expect_err(text);
            assert_eq!(error.to_string(), format!("Invalid formula identifier \"{text}\""));
        }
    }
}
