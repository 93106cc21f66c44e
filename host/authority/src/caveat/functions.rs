use std::collections::BTreeSet;
use std::fmt;
use std::str::FromStr;

use super::{CaveatError, Crossing, METHOD_NAMES};

/// The functions that may be called.
///
/// Written `list,make-directory`, in a plugin's spelling or in that of the object network (`makeDirectory`): both are
/// the same function.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Functions(BTreeSet<String>);

/// The most functions that one caveat lists.
const MOST: usize = 256;

impl Functions {
    /// Lists functions.
    ///
    /// # Errors
    ///
    /// If there is none, or one is no name of a function.
    pub fn new<'a>(names: impl IntoIterator<Item = &'a str>) -> Result<Self, CaveatError> {
        let mut functions = BTreeSet::new();
        for name in names {
            functions.insert(method(name)?);
            if functions.len() > MOST {
                return Err(CaveatError::new(name, format!("at most {MOST} functions can be listed")));
            }
        }
        if functions.is_empty() {
            return Err(CaveatError::new("", "no function is listed"));
        }
        Ok(Self(functions))
    }

    /// Whether a function is listed.
    pub fn contains(&self, function: &str) -> bool {
        self.0.contains(function)
    }

    pub(super) fn check(&self, call: &dyn Crossing) -> Result<(), String> {
        if self.contains(call.function()) || (call.function() == METHOD_NAMES && call.filters_names()) {
            return Ok(());
        }
        Err(format!("the grant allows {self}, not {}", crate::text::clean_line(call.function())))
    }

    pub(super) fn is_within(&self, parent: &Self) -> bool {
        self.0.is_subset(&parent.0)
    }
}

impl FromStr for Functions {
    type Err = CaveatError;

    fn from_str(text: &str) -> Result<Self, CaveatError> {
        Self::new(text.split(',').map(str::trim))
    }
}

impl fmt::Display for Functions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names: Vec<_> = self.0.iter().map(String::as_str).collect();
        f.write_str(&names.join(","))
    }
}

/// The method that a function's name stands for: `make-directory` is `makeDirectory`.
pub(super) fn method(name: &str) -> Result<String, CaveatError> {
    let fits = name.len() <= 128
        && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'$'))
        && !name.starts_with('-')
        && !name.ends_with('-')
        && !name.is_empty();
    if !fits {
        return Err(CaveatError::new(name, "this is no name of a function"));
    }
    let mut words = name.split('-');
    let mut method = words.next().unwrap_or_default().to_owned();
    for word in words {
        let mut letters = word.chars();
        method.extend(letters.next().map(|first| first.to_ascii_uppercase()));
        method.push_str(letters.as_str());
    }
    Ok(method)
}

/// Functions that change nothing, of Endo's objects and of names that the user designated. What is not listed here may
/// change something.
const READING: &[&str] = &[
    "__getInterfaceGuard__",
    "__getMethodNames__",
    "followLocatorNameChanges",
    "followNameChanges",
    "follow",
    "getTypeName",
    "groups",
    "has",
    "help",
    "identify",
    "json",
    "list",
    "listIdentifiers",
    "listLocators",
    "locate",
    "lookup",
    "maybeLookup",
    "maybeReadText",
    "next",
    "open",
    "read",
    "readText",
    "reverseIdentify",
    "reverseLocate",
    "reverseLookup",
    "sha256",
    "streamBase64",
    "text",
];

/// Whether a function is known to change nothing.
pub fn is_reading(function: &str) -> bool {
    READING.contains(&function)
}
