//! The translation between WIT and passable values: one rule for each type, the same both ways, for every interface.
//!
//! | WIT | passable |
//! |---|---|
//! | function or method name in kebab-case | method name in camelCase |
//! | parameters | arguments in order |
//! | `record` | copyRecord with camelCase keys; unknown keys are ignored when reading |
//! | `record passable { body: string, slots: list<object> }` | whatever value the body spells |
//! | `list<T>`, `tuple<…>` | copyArray |
//! | `list<u8>` | base64 text; a copyArray of numbers is read too |
//! | `option<T>` | the value, or `undefined`; as a property it is absent; `null` is read as none too |
//! | `option<option<T>>` | `undefined`, or a copyArray of the one inner value |
//! | `u64`, `s64` | bigint; a whole number is read too |
//! | smaller integers | number; a bigint in range is read too |
//! | `f32`, `f64` | number |
//! | `string`, `char` | string |
//! | `bool` | boolean |
//! | `enum`, case of a `variant` without payload | the case's name in camelCase |
//! | case of a `variant` with payload | copyRecord with one property: the case's name in camelCase |
//! | `result<T, E>` inside a value | as a variant with the cases `ok` and `err` |
//! | `flags` | copyArray of the names that are set, in camelCase |
//! | `own<R>`, `borrow<R>` | the remotable or promise |
//!
//! The outermost `result` of a function is not a value: it is a fulfilled or rejected answer (see
//! [`crate::membrane`]). A variant case that the component does not know is read as its `other(string)` case, if it
//! has one. What does not fit is a [`Mismatch`] that says where and why, never a trap.

mod from_wit;
mod json;
mod names;
mod passable_record;
mod to_wit;

pub use from_wit::from_wit;
pub use json::{from_json, plain_json};
pub use names::{camel_case, kebab_case};
pub use passable_record::{read_body, write_body};
pub(crate) use to_wit::kind;
pub use to_wit::to_wit;

use std::borrow::Cow;
use std::fmt;
use std::hash::Hash;

use powerbox_passable::SlotKind;

/// What the bridge must know of the references that it carries.
pub trait Reference: Clone + Eq + Hash {
    /// Whether it is to an object or to a promise.
    fn slot_kind(&self) -> SlotKind;
    /// The interface name that the object's maker alleges.
    fn interface(&self) -> Option<Cow<'_, str>>;
}

/// A value does not fit a type.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{}expected {expected}, got {found}", At(path))]
pub struct Mismatch {
    /// Where in the value, from the outside in, such as `value.names[3]`.
    pub path: Vec<Step>,
    /// What the type asks for.
    pub expected: String,
    /// What was there.
    pub found: String,
}

/// One step into a value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Step {
    /// A property, parameter or case.
    Key(String),
    /// An item of a list.
    Index(usize),
}

impl Mismatch {
    pub(crate) fn new(expected: impl Into<String>, found: impl Into<String>) -> Self {
        Self { path: Vec::new(), expected: expected.into(), found: found.into() }
    }

    /// The same, seen from one step further out.
    #[must_use]
    pub(crate) fn at(mut self, step: Step) -> Self {
        self.path.insert(0, step);
        self
    }

    pub(crate) fn at_key(self, key: &str) -> Self {
        self.at(Step::Key(key.to_owned()))
    }
}

struct At<'a>(&'a [Step]);

impl fmt::Display for At<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, step) in self.0.iter().enumerate() {
            match step {
                Step::Key(key) if index == 0 => f.write_str(key)?,
                Step::Key(key) => write!(f, ".{key}")?,
                Step::Index(item) => write!(f, "[{item}]")?,
            }
        }
        if self.0.is_empty() { Ok(()) } else { f.write_str(": ") }
    }
}

#[cfg(test)]
mod tests;
