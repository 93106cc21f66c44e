//! Text from plugins and peers is data: it never moves a terminal's cursor, turns the direction of reading, or says
//! something that is not seen.

/// Replaces every control, bidirectional-override and invisible character but line feed and tab by its escape.
pub fn clean(text: &str) -> String {
    if !text.chars().any(is_unsafe) {
        return text.to_owned();
    }
    let mut cleaned = String::with_capacity(text.len() + 8);
    for character in text.chars() {
        if is_unsafe(character) {
            cleaned.extend(character.escape_unicode());
        } else {
            cleaned.push(character);
        }
    }
    cleaned
}

/// Like [`clean`], for text that must stay on one line.
pub fn clean_line(text: &str) -> String {
    let cleaned = clean(text);
    if cleaned.contains(['\n', '\t']) { cleaned.replace('\n', "\\n").replace('\t', "\\t") } else { cleaned }
}

/// Spells what [`clean`] replaces as JSON's own escapes: of JSON text, which means the same afterwards.
pub fn clean_json(json: &str) -> String {
    if !json.chars().any(is_unsafe) {
        return json.to_owned();
    }
    let mut cleaned = String::with_capacity(json.len() + 8);
    for character in json.chars() {
        if is_unsafe(character) {
            let mut units = [0; 2];
            cleaned.extend(character.encode_utf16(&mut units).iter().map(|unit| format!("\\u{unit:04x}")));
        } else {
            cleaned.push(character);
        }
    }
    cleaned
}

fn is_unsafe(character: char) -> bool {
    let control = character.is_control() && !matches!(character, '\n' | '\t');
    // Marks, embeddings, overrides and isolates (Unicode annex 9), and the two separators that terminals take as
    // line ends.
    let direction = matches!(
        character,
        '\u{061c}' | '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}'
            | '\u{2028}' | '\u{2029}' | '\u{feff}'
    );
    // What takes no room and joins nothing: two texts that differ in it look the same. Tags can spell whole sentences.
    let invisible = matches!(
        character,
        '\u{180e}' | '\u{200b}' | '\u{2060}'..='\u{2064}' | '\u{206a}'..='\u{206f}' | '\u{fff9}'..='\u{fffb}'
            | '\u{e0000}'..='\u{e007f}'
    );
    control || direction || invisible
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn escape_sequences_and_overrides_are_spelled_out() {
        assert_eq!(clean("a\u{1b}[31mred\u{202e}txt"), "a\\u{1b}[31mred\\u{202e}txt");
        assert_eq!(clean("plain – ünïcode\n\tkept"), "plain – ünïcode\n\tkept");
        assert_eq!(clean("a\u{200b}b\u{e0041}"), "a\\u{200b}b\\u{e0041}");
        assert_eq!(clean("👩‍🔬 می‌خواهم"), "👩‍🔬 می‌خواهم", "joiners are part of what is written");
        assert_eq!(clean_json("[\"a\u{9b}\u{e0041}\"]\n"), "[\"a\\u009b\\udb40\\udc41\"]\n");
        assert_eq!(clean_line("two\nlines"), "two\\nlines");
    }
}
