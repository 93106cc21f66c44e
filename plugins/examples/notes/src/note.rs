//! A note, and its form in the store.

/// What stands before the number in the key of a note.
pub(crate) const PREFIX: &str = "note/";

/// A note.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Note {
    /// When it was made, in milliseconds since 1970.
    pub(crate) made: u64,
    pub(crate) text: String,
}

impl Note {
    /// The time in a line, then the text as it is.
    pub(crate) fn to_bytes(&self) -> Vec<u8> {
        format!("{}\n{}", self.made, self.text).into_bytes()
    }

    pub(crate) fn read(bytes: &[u8]) -> Option<Self> {
        let (made, text) = std::str::from_utf8(bytes).ok()?.split_once('\n')?;
        Some(Self { made: made.parse().ok()?, text: text.to_owned() })
    }

    pub(crate) fn first_line(&self) -> &str {
        self.text.lines().next().unwrap_or_default()
    }
}

/// The key of a note. Numbers are filled up, so that keys sort as numbers do.
pub(crate) fn key(number: u64) -> String {
    format!("{PREFIX}{number:010}")
}

/// The number in a key.
pub(crate) fn number(key: &str) -> Option<u64> {
    key.strip_prefix(PREFIX)?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_note_comes_back_as_it_was() {
        let note = Note { made: 17, text: "water\nthe plants – ä".to_owned() };
        assert_eq!(Note::read(&note.to_bytes()).as_ref(), Some(&note));
        assert_eq!(note.first_line(), "water");
        assert_eq!(Note::read(b"no number\nx"), None);
        assert_eq!(Note::read(&[0xff]), None);
    }

    #[test]
    fn keys_sort_as_their_numbers() {
        assert!(key(9) < key(10) && key(99) < key(100));
        assert_eq!(number(&key(42)), Some(42));
        assert_eq!(number("next"), None);
    }
}
