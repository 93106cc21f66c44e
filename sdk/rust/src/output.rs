//! What commands say.

use crate::{Output, Passable, Problem, Table, bindings::powerbox::plugin::output};

impl Output {
    /// Makes a sentence about what was done; it has no period at the end.
    pub fn message(sentence: impl Into<String>) -> Self {
        Self::Message(sentence.into())
    }

    /// Makes text to print as it is.
    pub fn text(text: impl Into<String>) -> Self {
        Self::Text(text.into())
    }

    /// Makes a list of things of one kind, one a line.
    pub fn lines<T: Into<String>>(lines: impl IntoIterator<Item = T>) -> Self {
        Self::Lines(lines.into_iter().map(Into::into).collect())
    }

    /// Makes a table of rows under headings.
    pub fn table<T: Into<String>>(
        columns: impl IntoIterator<Item = T>,
        rows: impl IntoIterator<Item = Vec<String>>,
    ) -> Self {
        Self::Table(Table {
            columns: columns.into_iter().map(Into::into).collect(),
            rows: rows.into_iter().collect(),
        })
    }
}

/// A command that returns `()` has nothing to say.
impl From<()> for Output {
    fn from((): ()) -> Self {
        Self::Nothing
    }
}

impl From<Passable> for Output {
    fn from(value: Passable) -> Self {
        Self::Value(value)
    }
}

impl From<Table> for Output {
    fn from(table: Table) -> Self {
        Self::Table(table)
    }
}

/// Shows a piece of output now, while the command goes on. Ends when the front end has taken it.
///
/// Using it makes a plugin ask for the local power `output`.
pub async fn emit(piece: impl Into<Output>) -> Result<(), Problem> {
    output::emit(piece.into()).await
}

/// Tells how far a long command is: `done` out of `total` if that is known.
///
/// Using it makes a plugin ask for the local power `output`.
pub fn progress(done: u64, total: Option<u64>, what: &str) {
    output::progress(done, total, what);
}
