//! Pet names, special names, and paths of them.

use powerbox_passable::Text;

use crate::quote::{quoted, quoted_list};

/// A name that an owner may give: 1 to 255 UTF-16 units without `/`, `@` or NUL, and neither `.` nor `..`.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct PetName(String);

/// Any single name: one given by the owner, or one that the daemon gives, such as `@self`.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Name {
    Pet(PetName),
    Special(String),
}

/// A path to a name that can be written: where to go, and the pet name there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct PetPath {
    pub(crate) prefix: Vec<Name>,
    pub(crate) name: PetName,
}

/// A name or path is not well formed. The words are Endo's, which clients may know.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum InvalidName {
    /// Neither a pet name nor a special name.
    #[error("Invalid name {}", quoted(.0))]
    Name(String),
    /// Not a pet name, where only those can be written.
    #[error("Invalid pet name {}", quoted(.0))]
    PetName(String),
    /// A special name that this hub does not have.
    #[error("Invalid pet name {} and not one of {}", quoted(.name), .known.join(", "))]
    Special {
        /// The name.
        name: String,
        /// The special names that the hub has.
        known: Vec<&'static str>,
    },
    /// A path of no names.
    #[error("Invalid name path")]
    Path,
}

impl PetName {
    const MAX_UNITS: usize = 255;

    /// Checks a pet name.
    pub(crate) fn new(text: &str) -> Result<Self, InvalidName> {
        if is_pet_name(text) { Ok(Self(text.to_owned())) } else { Err(InvalidName::PetName(text.to_owned())) }
    }

    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }
}

fn is_pet_name(text: &str) -> bool {
    !text.is_empty()
        && !matches!(text, "." | "..")
        && !text.contains(['/', '@', '\0'])
        && (text.len() <= PetName::MAX_UNITS || text.encode_utf16().count() <= PetName::MAX_UNITS)
}

fn is_special_name(text: &str) -> bool {
    text.strip_prefix('@').is_some_and(|rest| {
        rest.len() <= 128
            && rest.starts_with(|c: char| c.is_ascii_lowercase())
            && rest.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-')
    })
}

impl Name {
    /// Checks a name of either kind.
    ///
    /// A text with a lone surrogate is refused, though JavaScript would take it: it has no form in UTF-8, hence none
    /// on disk.
    pub(crate) fn new(text: &Text) -> Result<Self, InvalidName> {
        let Some(text) = text.as_str() else {
            return Err(InvalidName::Name(text.to_string()));
        };
        if is_pet_name(text) {
            Ok(Self::Pet(PetName(text.to_owned())))
        } else if is_special_name(text) {
            Ok(Self::Special(text.to_owned()))
        } else {
            Err(InvalidName::Name(text.to_owned()))
        }
    }

    pub(crate) fn as_str(&self) -> &str {
        match self {
            Self::Pet(name) => name.as_str(),
            Self::Special(name) => name,
        }
    }

    /// Gives the pet name, or the error of writing to a special one.
    pub(crate) fn into_pet_name(self) -> Result<PetName, InvalidName> {
        match self {
            Self::Pet(name) => Ok(name),
            Self::Special(name) => Err(InvalidName::PetName(name)),
        }
    }
}

impl AsRef<str> for Name {
    fn as_ref(&self) -> &str {
        self.as_str()
    }
}

/// Checks each name of a list that may be empty.
pub(crate) fn names(texts: &[Text]) -> Result<Vec<Name>, InvalidName> {
    texts.iter().map(Name::new).collect()
}

/// Checks a path to read: at least one name.
pub(crate) fn path(texts: &[Text]) -> Result<Vec<Name>, InvalidName> {
    if texts.is_empty() { Err(InvalidName::Path) } else { names(texts) }
}

/// Checks a path to write: its last name is a pet name.
pub(crate) fn pet_path(texts: &[Text]) -> Result<PetPath, InvalidName> {
    let (last, prefix) = texts.split_last().ok_or(InvalidName::Path)?;
    let prefix = names(prefix)?;
    let name = match last.as_str() {
        Some(last) => PetName::new(last)?,
        None => return Err(InvalidName::PetName(last.to_string())),
    };
    Ok(PetPath { prefix, name })
}

/// Displays a path in an error message.
pub(crate) fn quoted_path(path: &[Name]) -> String {
    quoted_list(path).to_string()
}

/// Gives the bytes by which names sort as JavaScript sorts them: UTF-16 code units, big end first.
pub(crate) fn sort_key(name: &str) -> Vec<u8> {
    name.encode_utf16().flat_map(u16::to_be_bytes).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pet_names_are_nearly_any_text() {
        for name in ["a", "index.html", "Two Words", "é", "…", "-", &"x".repeat(255), &"é".repeat(255)] {
            assert!(PetName::new(name).is_ok(), "{name}");
        }
        for name in ["", ".", "..", "a/b", "a@b", "@self", "a\0", &"x".repeat(256), &"𝄞".repeat(128)] {
            let error = PetName::new(name).expect_err(name);
            assert!(error.to_string().starts_with("Invalid pet name \""), "{error}");
        }
    }

    #[test]
    fn special_names_can_be_read_but_not_written() {
        let texts = ["@pins", "@x-1"].map(Text::from);
        assert_eq!(names(&texts).map(|names| names.len()), Ok(2));
        assert_eq!(pet_path(&texts), Err(InvalidName::PetName("@x-1".to_owned())));
        for name in ["@", "@A", "@1", "@a_b", "@@a"] {
            assert_eq!(names(&[Text::from(name)]), Err(InvalidName::Name(name.to_owned())));
        }
    }

    #[test]
    fn lone_surrogates_are_refused() {
        assert!(matches!(Name::new(&Text::from_utf16(&[0xd800])), Err(InvalidName::Name(_))));
    }

    #[test]
    fn names_sort_by_utf16_code_unit() {
        // U+10000 is written with surrogates, which sort before U+FFFF.
        assert!(sort_key("\u{10000}") < sort_key("\u{ffff}"));
        assert!(sort_key("a") < sort_key("aa"));
    }
}
