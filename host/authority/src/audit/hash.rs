use std::fmt;
use std::str::FromStr;

use serde::{Serialize, Serializer};
use sha2::{Digest as _, Sha256};

/// The hash of a line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Hash([u8; 32]);

impl Hash {
    /// What the first line names as the hash of the line before it.
    pub(super) const NONE: Self = Self([0; 32]);
    /// How many characters it has in hexadecimal.
    pub(super) const DIGITS: usize = 64;

    pub(super) fn of(bytes: &[u8]) -> Self {
        Self(Sha256::digest(bytes).into())
    }

    /// Appends it in hexadecimal.
    pub(super) fn write(&self, out: &mut Vec<u8>) {
        for byte in self.0 {
            out.extend([digit(byte >> 4), digit(byte & 15)]);
        }
    }

    pub(super) fn parse(text: &str) -> Option<Self> {
        let mut hash = [0; 32];
        let (pairs, []) = text.as_bytes().as_chunks::<2>() else { return None };
        if pairs.len() != hash.len() {
            return None;
        }
        for (byte, [high, low]) in hash.iter_mut().zip(pairs) {
            *byte = value(*high)? << 4 | value(*low)?;
        }
        Some(Self(hash))
    }
}

/// Writes bytes in hexadecimal.
pub(super) fn hex(bytes: &[u8]) -> String {
    bytes.iter().flat_map(|byte| [digit(byte >> 4), digit(byte & 15)]).map(char::from).collect()
}

fn digit(nibble: u8) -> u8 {
    if nibble < 10 { b'0' + nibble } else { b'a' + nibble - 10 }
}

fn value(digit: u8) -> Option<u8> {
    match digit {
        b'0'..=b'9' => Some(digit - b'0'),
        b'a'..=b'f' => Some(digit - b'a' + 10),
        _ => None,
    }
}

/// The end of the log at some time: the number of a line and its hash.
///
/// It stands for all lines up to that one. Noted where those who can write the log cannot, it proves later that none
/// of them was changed or cut off. As text it is `NUMBER:HASH`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Head {
    pub(super) seq: u64,
    pub(super) hash: Hash,
}

impl Head {
    /// Gives the number of the line.
    pub fn number(&self) -> u64 {
        self.seq
    }
}

impl fmt::Display for Head {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.seq, hex(&self.hash.0))
    }
}

/// The text is not a [`Head`].
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is not the head of an audit log; it is a number, a colon and 64 hexadecimal digits")]
pub struct ParseHeadError(String);

impl FromStr for Head {
    type Err = ParseHeadError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let parse = || {
            let (seq, hash) = text.trim().split_once(':')?;
            Some(Self { seq: seq.parse().ok()?, hash: Hash::parse(hash)? })
        };
        parse().ok_or_else(|| ParseHeadError(text.chars().take(100).collect()))
    }
}

impl Serialize for Head {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}
