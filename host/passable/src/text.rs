use std::{borrow::Cow, cmp::Ordering, fmt};

/// A JavaScript string: UTF-16 code units that need not be well-formed Unicode.
///
/// Nearly every text is well formed and is kept as UTF-8. One with a lone surrogate is kept as its code units, so
/// that it goes back over the wire as it came.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct Text(Repr);

// Invariant: `IllFormed` holds at least one lone surrogate, so that each text has one representation.
#[derive(Clone, PartialEq, Eq, Hash)]
enum Repr {
    WellFormed(Box<str>),
    IllFormed(Box<[u16]>),
}

impl Text {
    /// Makes a text of UTF-16 code units.
    pub fn from_utf16(units: &[u16]) -> Self {
        match String::from_utf16(units) {
            Ok(text) => Self::from(text),
            Err(_) => Self(Repr::IllFormed(units.into())),
        }
    }

    /// Gives the text as UTF-8, or `None` if it has a lone surrogate.
    pub fn as_str(&self) -> Option<&str> {
        match &self.0 {
            Repr::WellFormed(text) => Some(text),
            Repr::IllFormed(_) => None,
        }
    }

    /// Gives the text as UTF-8 with each lone surrogate replaced by U+FFFD.
    pub fn to_string_lossy(&self) -> Cow<'_, str> {
        match &self.0 {
            Repr::WellFormed(text) => Cow::Borrowed(text),
            Repr::IllFormed(units) => Cow::Owned(String::from_utf16_lossy(units)),
        }
    }

    /// Gives the text without a prefix, or `None` if it does not start with it.
    pub fn strip_prefix(&self, prefix: &str) -> Option<Self> {
        match &self.0 {
            Repr::WellFormed(text) => text.strip_prefix(prefix).map(Self::from),
            Repr::IllFormed(units) => {
                let mut left = units.iter();
                let starts = prefix.encode_utf16().all(|unit| left.next() == Some(&unit));
                starts.then(|| Self::from_utf16(left.as_slice()))
            }
        }
    }

    /// Iterates over the UTF-16 code units.
    pub fn utf16_units(&self) -> impl Iterator<Item = u16> + '_ {
        let (text, units): (&str, &[u16]) = match &self.0 {
            Repr::WellFormed(text) => (text, &[]),
            Repr::IllFormed(units) => ("", units),
        };
        text.encode_utf16().chain(units.iter().copied())
    }

    /// Tells whether the text has no code unit.
    pub fn is_empty(&self) -> bool {
        matches!(&self.0, Repr::WellFormed(text) if text.is_empty())
    }
}

impl From<&str> for Text {
    fn from(text: &str) -> Self {
        Self(Repr::WellFormed(text.into()))
    }
}

impl From<String> for Text {
    fn from(text: String) -> Self {
        Self(Repr::WellFormed(text.into_boxed_str()))
    }
}

impl From<Cow<'_, str>> for Text {
    fn from(text: Cow<'_, str>) -> Self {
        Self(Repr::WellFormed(text.into()))
    }
}

impl From<&Text> for Text {
    fn from(text: &Text) -> Self {
        text.clone()
    }
}

impl Default for Text {
    fn default() -> Self {
        Self::from("")
    }
}

impl PartialEq<str> for Text {
    fn eq(&self, other: &str) -> bool {
        self.as_str() == Some(other)
    }
}

impl PartialEq<&str> for Text {
    fn eq(&self, other: &&str) -> bool {
        self.as_str() == Some(*other)
    }
}

/// Texts sort by UTF-16 code unit, as JavaScript sorts them.
impl Ord for Text {
    fn cmp(&self, other: &Self) -> Ordering {
        match (&self.0, &other.0) {
            (Repr::WellFormed(a), Repr::WellFormed(b)) => compare(a, b),
            (Repr::IllFormed(a), Repr::IllFormed(b)) => a.cmp(b),
            _ => self.utf16_units().cmp(other.utf16_units()),
        }
    }
}

/// Compares two texts by UTF-16 code unit.
pub(crate) fn compare(a: &str, b: &str) -> Ordering {
    // Bytes of UTF-8 sort by code point. The one difference is that code points above U+FFFF, whose first byte is
    // 0xF0 or more, sort as their surrogates do: before U+E000, whose first byte is 0xEE.
    let rank = |byte: u8| match byte {
        0xEE | 0xEF => byte + 0x10,
        0xF0.. => byte - 0x02,
        _ => byte,
    };
    let difference = a.bytes().zip(b.bytes()).find(|(a, b)| a != b);
    difference.map_or_else(|| a.len().cmp(&b.len()), |(a, b)| rank(a).cmp(&rank(b)))
}

impl PartialOrd for Text {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl fmt::Display for Text {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.to_string_lossy())
    }
}

impl fmt::Debug for Text {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0 {
            Repr::WellFormed(text) => fmt::Debug::fmt(text, f),
            Repr::IllFormed(units) => write!(f, "utf16{units:04x?}"),
        }
    }
}
