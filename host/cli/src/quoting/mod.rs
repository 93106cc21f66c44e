//! How words are written on a line, in each shell and at the prompt: reading what is typed so far, and writing a name so
//! that the place where it is inserted takes it as it is.

mod read;
mod write;

pub(crate) use self::read::{Typed, read, split};
pub(crate) use self::write::{finished, inserted};

/// Whose line it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Dialect {
    Bash,
    Fish,
    /// Ours: quotes as in bash, and nothing that expands or separates but the end of a line.
    Prompt,
}

/// What a place on a line is inside of.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Quote {
    /// Nothing.
    #[default]
    Bare,
    /// `'…`
    Single,
    /// `"…`
    Double,
    /// `$'…`, where escapes are read as in C.
    Ansi,
}
