//! The types that parameters of commands can have.
//!
//! | type | kind | what the user gives |
//! |---|---|---|
//! | `String` | text, or choice with `#[choices("a", "b")]` | a word |
//! | `i64`, `u64` | integer | a number |
//! | `bool` | boolean | an option without a value |
//! | [`Duration`] | duration | `90s`, `2m` |
//! | [`Secret`] | secret | a word that is shown nowhere |
//! | [`Json`] | json | JSON |
//! | [`Source`] | source | program text |
//! | [`MessageNumber`] | message-number | the number of a message |
//! | [`EdgeName`], [`Locator`] | edge-name, locator | a word |
//! | [`File`](crate::File) | file | a file of the user's, or `-` |
//! | [`Object`] with `#[methods("a", "b")]` | object | a name; the command may call these methods of what it holds |
//! | [`Readable`](crate::Readable) | name: read | a name |
//! | [`Removable`](crate::Removable) | name: remove | a name |
//! | [`Movable`](crate::Movable) | name: move | a name |
//! | [`Cancellable`](crate::Cancellable) | name: cancel | a name |
//! | [`Name`] with `#[rights(read, remove)]` | name with just these | a name |
//! | [`NewName`](crate::NewName) | new-name | a name that the command will write, if it is free |
//! | [`Replaceable`](crate::Replaceable) | name: write, replace | a name that the command will write, with `--force` even if it holds something |
//! | [`Directory`](crate::Directory) | directory | the name of a directory |
//!
//! `Option<T>` may be left out. `Vec<T>` takes one or more, `Option<Vec<T>>` any number.

use std::time::Duration;

use crate::{
    Name, Object,
    description::{ArgumentValue, Kind},
};

/// A type that a parameter of a command can have.
#[diagnostic::on_unimplemented(
    message = "`{Self}` can not be the type of a command's parameter",
    note = "see the table in `powerbox_sdk::parameter` for the types that can"
)]
pub trait Parameter: Sized {
    /// Which attribute the declaration of such a parameter has.
    const TAKES: Takes = Takes::Nothing;

    /// The kind that the host is told.
    fn kind() -> Kind;

    /// Makes a value of what the host passes, unless that is of another kind.
    fn from_value(value: ArgumentValue) -> Option<Self>;

    /// Makes a value of text, for defaults. Kinds that designate have none: their defaults are the host's to resolve.
    fn from_text(_text: &str) -> Option<Self> {
        None
    }
}

/// Which attribute a type of parameter needs or accepts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Takes {
    /// None.
    Nothing,
    /// It may have `#[choices(…)]`.
    Choices,
    /// It must have `#[methods(…)]`.
    Methods,
    /// It must have `#[rights(…)]`.
    Rights,
}

/// Stops the compilation of a declaration with the wrong attributes.
#[doc(hidden)]
#[allow(clippy::panic, reason = "it is called by constants only, so it is the compiler that panics")]
pub const fn check_attributes(takes: Takes, choices: bool, methods: bool, rights: bool) {
    match takes {
        Takes::Methods if !methods => {
            panic!("an `Object` needs #[methods(\"…\")]: the methods that the command may call")
        }
        Takes::Rights if !rights => {
            panic!("a `Name` needs #[rights(…)]: some of read, write, remove, move, cancel, replace")
        }
        _ => {}
    }
    if methods && !matches!(takes, Takes::Methods) {
        panic!("#[methods(…)] is for parameters of type `Object`");
    }
    if rights && !matches!(takes, Takes::Rights) {
        panic!("#[rights(…)] is for parameters of type `Name`; the other types have theirs");
    }
    if choices && !matches!(takes, Takes::Choices) {
        panic!("#[choices(…)] is for parameters of type `String`");
    }
}

impl Parameter for String {
    const TAKES: Takes = Takes::Choices;

    fn kind() -> Kind {
        Kind::Text
    }

    fn from_value(value: ArgumentValue) -> Option<Self> {
        match value {
            ArgumentValue::Text(text) => Some(text),
            _ => None,
        }
    }

    fn from_text(text: &str) -> Option<Self> {
        Some(text.to_owned())
    }
}

/// Declares a type that is text to the host.
macro_rules! texts {
    ($($(#[$doc:meta])* $name:ident: $kind:ident;)*) => {$(
        $(#[$doc])*
        #[derive(Clone, PartialEq, Eq)]
        pub struct $name(pub String);

        impl Parameter for $name {
            fn kind() -> Kind {
                Kind::$kind
            }

            fn from_value(value: ArgumentValue) -> Option<Self> {
                String::from_value(value).map(Self)
            }

            fn from_text(text: &str) -> Option<Self> {
                Some(Self(text.to_owned()))
            }
        }
    )*};
}

texts! {
    /// A word that must not be shown: the host neither logs nor repeats it.
    Secret: Secret;
    /// JSON text. The host has checked that it is JSON.
    #[derive(Debug)]
    Json: Json;
    /// The text of a program.
    #[derive(Debug)]
    Source: Source;
    /// The name of one thing in a message.
    #[derive(Debug)]
    EdgeName: EdgeName;
    /// An `endo://` locator.
    #[derive(Debug)]
    Locator: Locator;
}

impl std::fmt::Debug for Secret {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Secret(…)")
    }
}

/// The number of a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct MessageNumber(pub u64);

impl Parameter for MessageNumber {
    fn kind() -> Kind {
        Kind::MessageNumber
    }

    fn from_value(value: ArgumentValue) -> Option<Self> {
        match value {
            ArgumentValue::MessageNumber(number) => Some(Self(number)),
            _ => None,
        }
    }

    fn from_text(text: &str) -> Option<Self> {
        text.parse().ok().map(Self)
    }
}

impl Parameter for i64 {
    fn kind() -> Kind {
        Kind::Integer
    }

    fn from_value(value: ArgumentValue) -> Option<Self> {
        match value {
            ArgumentValue::Integer(number) => Some(number),
            _ => None,
        }
    }

    fn from_text(text: &str) -> Option<Self> {
        text.parse().ok()
    }
}

/// Negative numbers are refused when the command starts.
impl Parameter for u64 {
    fn kind() -> Kind {
        Kind::Integer
    }

    fn from_value(value: ArgumentValue) -> Option<Self> {
        i64::from_value(value)?.try_into().ok()
    }

    fn from_text(text: &str) -> Option<Self> {
        text.parse().ok()
    }
}

impl Parameter for bool {
    fn kind() -> Kind {
        Kind::Boolean
    }

    fn from_value(value: ArgumentValue) -> Option<Self> {
        match value {
            ArgumentValue::Boolean(truth) => Some(truth),
            _ => None,
        }
    }

    fn from_text(text: &str) -> Option<Self> {
        text.parse().ok()
    }
}

impl Parameter for Duration {
    fn kind() -> Kind {
        Kind::Duration
    }

    fn from_value(value: ArgumentValue) -> Option<Self> {
        match value {
            ArgumentValue::Duration(nanoseconds) => Some(Self::from_nanos(nanoseconds)),
            _ => None,
        }
    }

    fn from_text(text: &str) -> Option<Self> {
        crate::duration::parse(text)
    }
}

impl Parameter for Object {
    const TAKES: Takes = Takes::Methods;

    fn kind() -> Kind {
        Kind::Object(Vec::new())
    }

    fn from_value(value: ArgumentValue) -> Option<Self> {
        match value {
            ArgumentValue::Object(object) => Some(object),
            _ => None,
        }
    }
}

impl Parameter for Name {
    const TAKES: Takes = Takes::Rights;

    fn kind() -> Kind {
        Kind::Name(crate::description::NameRights::empty())
    }

    fn from_value(value: ArgumentValue) -> Option<Self> {
        match value {
            ArgumentValue::Name(name) => Some(name),
            _ => None,
        }
    }
}
