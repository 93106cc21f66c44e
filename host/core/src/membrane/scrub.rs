//! What a plugin is told of an error that it did not make: the sentence, without the places and identifiers of this
//! machine that no right of its covers. The audit keeps the whole.

use std::borrow::Cow;

use powerbox_authority::identifiers::described;

/// The longest message that a plugin is told, in characters.
const MOST: usize = 1000;

/// Takes paths of this machine, formula identifiers and stack traces out of a message.
pub(super) fn scrub(message: &str) -> String {
    let mut scrubbed = String::new();
    for line in message.lines() {
        // A stack trace tells how the daemon is built, and where.
        if line.trim_start().starts_with("at ") {
            continue;
        }
        if !scrubbed.is_empty() {
            scrubbed.push('\n');
        }
        scrub_line(line, &mut scrubbed);
    }
    match scrubbed.char_indices().nth(MOST) {
        Some((end, _)) => format!("{}…", scrubbed.get(..end).unwrap_or_default()),
        None => scrubbed,
    }
}

fn scrub_line(line: &str, out: &mut String) {
    let mut rest = line;
    while !rest.is_empty() {
        let end = rest.find(is_boundary).unwrap_or(rest.len());
        let (word, after) = rest.split_at(end);
        if is_place(word) || has_identifier(word) {
            out.push('…');
        } else {
            out.push_str(word);
        }
        let boundary = after.chars().next();
        out.extend(boundary);
        rest = after.get(boundary.map_or(0, char::len_utf8)..).unwrap_or_default();
    }
}

fn is_boundary(character: char) -> bool {
    character.is_whitespace()
        || matches!(character, '"' | '\'' | '`' | '(' | ')' | '[' | ']' | '<' | '>' | ',' | ';')
}

/// An absolute path of at least two parts, by itself or after a sign as in `path=/srv/endo/x`, or a URL of a file.
fn is_place(word: &str) -> bool {
    if word.contains("file:/") || is_on_windows(word) {
        return true;
    }
    // Other URLs lead elsewhere.
    if word.contains("://") {
        return false;
    }
    let mut before = None;
    for (place, character) in word.char_indices() {
        let within_a_name =
            |before: char| before.is_alphanumeric() || matches!(before, '.' | '_' | '-' | '/');
        if character == '/' && !before.is_some_and(within_a_name) {
            return word.get(place..).is_some_and(|path| path.trim_start_matches('/').contains('/'));
        }
        before = Some(character);
    }
    false
}

fn is_on_windows(word: &str) -> bool {
    word.match_indices(":\\").any(|(place, _)| {
        word.get(..place)
            .and_then(|before| before.chars().next_back())
            .is_some_and(|drive| drive.is_ascii_alphabetic())
    })
}

fn has_identifier(word: &str) -> bool {
    matches!(described(word), Cow::Owned(_))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_identifiers_and_traces_are_taken_out() {
        let id = "0123456789abcdef".repeat(4);
        let message = format!(
            "ENOENT: no such file, open '/home/anna/.local/state/endo/x.json' for {id}:{id}\n    at Object.open (file:///srv/endo/src/daemon.js:12:3)"
        );
        assert_eq!(scrub(&message), "ENOENT: no such file, open '…' for …");
    }

    #[test]
    fn places_behind_a_sign_are_taken_out() {
        for place in
            ["path=/srv/endo/x", "read:/srv/endo/x", "~/endo/x", "in=C:\\endo\\x", "file:///srv/endo/x"]
        {
            assert_eq!(scrub(&format!("it failed {place} again")), "it failed … again");
        }
    }

    #[test]
    fn names_and_sentences_stay() {
        for message in [
            "Unknown pet name: \"notes/todo\"",
            "target has no method \"x\", has [\"list\"]",
            "and/or / none",
        ] {
            assert_eq!(scrub(message), message);
        }
    }
}
