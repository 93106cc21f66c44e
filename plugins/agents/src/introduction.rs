//! What a new guest gets from its maker.

use powerbox_sdk::Problem;

/// Reads names to introduce: each one of the maker's, and what the guest calls it.
pub(crate) fn introductions(words: Vec<String>) -> Result<Vec<(String, String)>, Problem> {
    let mut introductions: Vec<(String, String)> = Vec::with_capacity(words.len());
    for word in words {
        let (name, its_name) = word.split_once('=').unwrap_or((&word, &word));
        if name.is_empty() || its_name.is_empty() {
            return Err(Problem::invalid(format!("`{word}` must be NAME or NAME=ITS-NAME")));
        }
        if name.contains('/') || its_name.contains('/') {
            return Err(Problem::invalid(format!(
                "`{word}` has a path in it; only names in your own directory can be introduced"
            )));
        }
        // A record has each of its keys once, and a directory each of its names: one of them would be lost.
        if introductions.iter().any(|(known, its_known)| known == name || its_known == its_name) {
            return Err(Problem::invalid(format!("`{word}` repeats a name that is introduced before")));
        }
        introductions.push((name.to_owned(), its_name.to_owned()));
    }
    Ok(introductions)
}

/// Text as JSON writes it.
pub(crate) fn quoted(text: &str) -> String {
    let mut quoted = String::from("\"");
    for character in text.chars() {
        match character {
            '"' | '\\' => quoted.extend(['\\', character]),
            character if character.is_control() => {
                quoted.push_str(&format!("\\u{:04x}", u32::from(character)))
            }
            character => quoted.push(character),
        }
    }
    quoted.push('"');
    quoted
}
