//! Quotes texts in error messages as JavaScript's `JSON.stringify` does, so that messages read as Endo's.

use std::fmt;

/// Displays a text in double quotes.
pub(crate) fn quoted(text: &str) -> impl fmt::Display {
    serde_json::Value::from(text)
}

/// Displays a list of texts as JSON.
pub(crate) fn quoted_list<T: AsRef<str>>(texts: &[T]) -> impl fmt::Display {
    texts.iter().map(|text| text.as_ref()).collect::<serde_json::Value>()
}
