//! What a plugin is told of an error that it did not make: the sentence, without the places and identifiers of this
//! machine that no right of its covers. The audit keeps the whole.

/// The longest message that a plugin is told, in characters.
const MOST: usize = 1000;
/// As long as this, hexadecimal digits are an identifier.
const IDENTIFIER: usize = 32;

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

/// An absolute path of at least two parts, or a URL of a file.
fn is_place(word: &str) -> bool {
    let path = word.split_once(":/").map_or(word, |(_, rest)| rest);
    let absolute = word.starts_with('/') || word.contains("file:/");
    absolute && path.trim_start_matches('/').contains('/') || windows(word)
}

fn windows(word: &str) -> bool {
    let mut letters = word.chars();
    letters.next().is_some_and(|letter| letter.is_ascii_alphabetic())
        && letters.next() == Some(':')
        && letters.next() == Some('\\')
}

fn has_identifier(word: &str) -> bool {
    word.split(|character: char| !character.is_ascii_hexdigit()).any(|run| run.len() >= IDENTIFIER)
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
