//! Words as they are typed.

use std::fmt::Write as _;

use super::unseen::is_unseen;

/// Spells a word so that a shell, and the prompt, take it as it is: a name in a command that is shown for typing.
///
/// What a reader would not see is spelled `$'…'`, byte by byte, as bash, zsh and the prompt read it. A word that begins
/// with a hyphen is still an option to the program that gets it.
///
/// ```
/// # use powerbox_authority::text::word;
/// assert_eq!(word("notes/todo"), "notes/todo");
/// assert_eq!(word("my file"), "'my file'");
/// assert_eq!(word("it's; $(rm)"), r"'it'\''s; $(rm)'");
/// assert_eq!(word("a\u{1b}b"), r"$'a\x1bb'");
/// ```
pub fn word(text: &str) -> String {
    if !text.is_empty() && text.chars().all(is_plain) && !text.starts_with('=') {
        return text.to_owned();
    }
    let unseen = has_unseen(text);
    let mut word = String::with_capacity(text.len() + 8);
    word.push_str(if unseen { "$'" } else { "'" });
    for (place, character) in text.char_indices() {
        match character {
            '\'' if unseen => word.push_str("\\'"),
            '\'' => word.push_str("'\\''"),
            '\\' if unseen => word.push_str("\\\\"),
            _ if unseen && must_be_spelled(text, place, character) => spell_bytes(character, &mut word),
            _ => word.push(character),
        }
    }
    word.push('\'');
    word
}

/// Whether a character means nothing but itself to every shell, wherever it stands in a word but at its beginning.
pub fn is_plain(character: char) -> bool {
    match character {
        'a'..='z' | 'A'..='Z' | '0'..='9' | '_' | '.' | '/' | ',' | '+' | '@' | '%' | ':' | '=' | '-' => true,
        _ => !character.is_ascii() && character.is_alphanumeric() && !is_unseen("", character, ""),
    }
}

/// Whether a character at a place of a text has to be spelled in a word: line feeds and tabs end or move a line.
pub fn must_be_spelled(text: &str, place: usize, character: char) -> bool {
    let before = text.get(..place).unwrap_or_default();
    let after = text.get(place + character.len_utf8()..).unwrap_or_default();
    character.is_control() || is_unseen(before, character, after)
}

/// Spells a character as the escapes of its bytes, as within `$'…'`.
pub fn spell_bytes(character: char, word: &mut String) {
    for byte in character.encode_utf8(&mut [0; 4]).bytes() {
        // Writing to a string does not fail.
        let _ = write!(word, "\\x{byte:02x}");
    }
}

fn has_unseen(text: &str) -> bool {
    text.char_indices().any(|(place, character)| must_be_spelled(text, place, character))
}

#[cfg(test)]
mod tests {
    use super::word;

    #[test]
    fn words_that_a_shell_would_read_otherwise_are_quoted() {
        for plain in ["notes", "a/b.c", "left=notes", "oci://host/x:1", "@agent", "größe", "メモ"] {
            assert_eq!(word(plain), plain);
        }
        for (text, typed) in [
            ("", "''"),
            ("~", "'~'"),
            ("=ls", "'=ls'"),
            ("a b", "'a b'"),
            ("`x`", "'`x`'"),
            ("!!", "'!!'"),
            ("*?[x]{a,b}", "'*?[x]{a,b}'"),
            ("#x", "'#x'"),
            ("a&b;c|d>e", "'a&b;c|d>e'"),
            ("\"'\\", r#"'"'\''\'"#),
            ("two\nlines", r"$'two\x0alines'"),
            ("a\u{202e}'\\", r"$'a\xe2\x80\xae\'\\'"),
        ] {
            assert_eq!(word(text), typed, "{text:?}");
        }
    }
}
