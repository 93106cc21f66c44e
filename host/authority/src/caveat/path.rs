use std::fmt;
use std::str::FromStr;

use super::{CaveatError, Crossing};

/// Names that every path in a call must begin with. Compared name by name and exactly: `notes` is a prefix of
/// `notes/todo`, not of `notes2`, `Notes` or `notes\0`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PathPrefix(Vec<String>);

/// The most names in a prefix, and the most bytes in one of them.
const MOST_NAMES: usize = 64;
const MOST_BYTES: usize = 255;

impl PathPrefix {
    /// Makes one of names.
    ///
    /// # Errors
    ///
    /// If there is none, or one could not be a name.
    pub fn new(names: Vec<String>) -> Result<Self, CaveatError> {
        let text = names.join("/");
        if names.is_empty() || names.len() > MOST_NAMES {
            return Err(CaveatError::new(&text, format!("a path of 1 to {MOST_NAMES} names is needed")));
        }
        for name in &names {
            if let Some(reason) = unfit(name) {
                return Err(CaveatError::new(&text, reason));
            }
            // What is stored and shown must be read as the same names again.
            if name.trim() != name || crate::text::clean_line(name) != *name {
                return Err(CaveatError::new(
                    &text,
                    "a name begins or ends with a space, or holds a mark of direction",
                ));
            }
        }
        Ok(Self(names))
    }

    /// Whether a path begins with this one, and has no names that some daemon could read in another way.
    pub fn covers(&self, path: &[String]) -> bool {
        path.len() >= self.0.len()
            && path.iter().zip(&self.0).all(|(name, own)| name == own)
            && path.iter().all(|name| unfit(name).is_none())
    }

    pub(super) fn check(&self, call: &dyn Crossing) -> Result<(), String> {
        if !call.is_direct() {
            // It was reached by a path that was checked.
            return Ok(());
        }
        match call.paths() {
            Some(paths) if !paths.is_empty() && paths.iter().all(|path| self.covers(path)) => Ok(()),
            Some(paths) if !paths.is_empty() => Err(format!("the grant allows paths under `{self}` only")),
            _ => Err(format!(
                "the grant allows paths under `{self}` only, and `{}` names none that can be judged",
                crate::text::clean_line(call.function())
            )),
        }
    }

    pub(super) fn is_within(&self, parent: &Self) -> bool {
        parent.covers(&self.0)
    }

    /// Whether a path as text, `notes/todo`, is under this one.
    pub(super) fn covers_text(&self, text: &str) -> bool {
        let path: Vec<String> = text.split('/').map(str::to_owned).collect();
        self.covers(&path)
    }
}

/// Why something cannot be a name in a path.
fn unfit(name: &str) -> Option<&'static str> {
    if name.is_empty() {
        Some("a name is empty")
    } else if name.len() > MOST_BYTES {
        Some("a name is too long")
    } else if matches!(name, "." | "..") {
        Some("`.` and `..` lead nowhere")
    } else if name.contains('/') || name.chars().any(char::is_control) {
        Some("a name holds a slash or a control character")
    } else {
        None
    }
}

impl FromStr for PathPrefix {
    type Err = CaveatError;

    fn from_str(text: &str) -> Result<Self, CaveatError> {
        Self::new(text.split('/').map(str::to_owned).collect())
    }
}

impl fmt::Display for PathPrefix {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0.join("/"))
    }
}
