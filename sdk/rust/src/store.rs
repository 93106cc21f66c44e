//! What a plugin keeps between commands and across its versions: a key-value space of its own.
//!
//! Using anything of this module makes a plugin ask for the local power `store`. A plugin that wants several spaces, or
//! a name for one, imports `powerbox:plugin/store` under names of its own and uses [`slots!`](crate::slots).

pub use crate::bindings::powerbox::plugin::store::{Change, apply, get, keys, remove, replace, set};

use crate::Problem;

/// Gives the text of a key, or nothing if there is none.
///
/// # Errors
///
/// As [`get`], and `invalid` if what is there is no text.
pub async fn get_text(key: &str) -> Result<Option<String>, Problem> {
    let Some(bytes) = get(key.to_owned()).await? else { return Ok(None) };
    let text = String::from_utf8(bytes);
    text.map(Some).map_err(|_| Problem::invalid(format!("what is stored under {key:?} is no text")))
}

/// Stores text under a key, in place of what was there.
///
/// # Errors
///
/// As [`set`].
pub async fn set_text(key: &str, text: &str) -> Result<(), Problem> {
    set(key.to_owned(), text.as_bytes().to_vec()).await
}

/// Lists all keys that begin with a prefix, sorted by their bytes.
///
/// # Errors
///
/// As [`keys`].
pub async fn all_keys(prefix: &str) -> Result<Vec<String>, Problem> {
    let mut all: Vec<String> = Vec::new();
    loop {
        let more = keys(prefix.to_owned(), all.last().cloned()).await?;
        if more.is_empty() {
            return Ok(all);
        }
        all.extend(more);
    }
}
