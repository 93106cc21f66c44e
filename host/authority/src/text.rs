//! Text from plugins and peers is data: it never moves a terminal's cursor, turns the direction of reading, says
//! something that is not seen, or runs in a shell that it is copied to.

mod unseen;
mod word;

use self::unseen::is_unseen;
pub use self::word::{is_plain, must_be_spelled, spell_bytes, word};

/// Replaces every control, bidirectional-override and invisible character but line feed and tab by its escape.
///
/// What counts as invisible is Unicode's data (`Default_Ignorable_Code_Point` and the category `Format`), and the few
/// characters without ink that it does not list, such as U+2800. Joiners and variation selectors stay where the writing
/// needs them, as in emoji and Persian.
pub fn clean(text: &str) -> String {
    spelled(text, |character, cleaned| cleaned.extend(character.escape_unicode()))
}

/// Like [`clean`], for text that must stay on one line.
pub fn clean_line(text: &str) -> String {
    let cleaned = clean(text);
    if cleaned.contains(['\n', '\t']) { cleaned.replace('\n', "\\n").replace('\t', "\\t") } else { cleaned }
}

/// Spells what [`clean`] replaces as JSON's own escapes: of JSON text, which means the same afterwards.
pub fn clean_json(json: &str) -> String {
    spelled(json, |character, cleaned| {
        let mut units = [0; 2];
        cleaned.extend(character.encode_utf16(&mut units).iter().map(|unit| format!("\\u{unit:04x}")));
    })
}

fn spelled(text: &str, spell: impl Fn(char, &mut String)) -> String {
    // Most text is this, and it is asked at each call.
    if text.bytes().all(|byte| matches!(byte, b' '..=b'~' | b'\n' | b'\t')) {
        return text.to_owned();
    }
    let mut cleaned = String::with_capacity(text.len());
    for (place, character) in text.char_indices() {
        let (before, after) = text.split_at(place);
        if is_unseen(before, character, after.get(character.len_utf8()..).unwrap_or_default()) {
            spell(character, &mut cleaned);
        } else {
            cleaned.push(character);
        }
    }
    cleaned
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

    #[test]
    fn what_is_not_seen_is_spelled_out_wherever_it_stands() {
        let listed = [
            '\u{ad}',
            '\u{34f}',
            '\u{61c}',
            '\u{115f}',
            '\u{1160}',
            '\u{17b4}',
            '\u{17b5}',
            '\u{180b}',
            '\u{180e}',
            '\u{200b}',
            '\u{200c}',
            '\u{200d}',
            '\u{200e}',
            '\u{2028}',
            '\u{2060}',
            '\u{2065}',
            '\u{206a}',
            '\u{2800}',
            '\u{3164}',
            '\u{fe00}',
            '\u{fe0e}',
            '\u{fe0f}',
            '\u{feff}',
            '\u{ffa0}',
            '\u{fff0}',
            '\u{fff9}',
            '\u{16fe4}',
            '\u{1bca0}',
            '\u{1d159}',
            '\u{1d173}',
            '\u{e0001}',
            '\u{e0100}',
            '\u{e01ef}',
            '\u{e0fff}',
        ];
        for character in listed {
            let escape = character.escape_unicode().to_string();
            for (before, after) in [("", ""), ("a", "b"), ("7", "7"), ("木", "木"), (" ", " ")] {
                assert_eq!(
                    clean(&format!("{before}{character}{after}")),
                    format!("{before}{escape}{after}"),
                    "{escape}"
                );
            }
        }
    }

    #[test]
    fn honest_text_stays_as_it_is() {
        for text in [
            "❤️ ☎️ ⭐️ 1️⃣ #️⃣ ©️ ✈︎",
            "👨‍👩‍👧‍👦 🏳️‍🌈 🕵🏽‍♂️ 🐈‍⬛ 👍🏿",
            "می‌خواهم نوشته‌ها",
            "क्‍ष ක්‍ෂ",
            "ᠠ\u{180b}",
            "⠓⠑⠇⠇⠕⠀⠺⠕⠗⠇⠙",
            "\u{600}١٢ ۝",
            "e\u{301} ő ñ",
            "한글 日本語 ไทย",
            "a\u{a0}b\u{202f}!",
        ] {
            assert_eq!(clean(text), text);
        }
    }

    #[test]
    fn joiners_and_selectors_that_join_nothing_are_spelled_out() {
        for text in [
            "pay\u{200d}pal",
            "a\u{200c}b",
            "👩\u{200d}\u{200d}🔬",
            "👩\u{200d}a",
            "👩\u{fe0f}\u{fe0f}",
            "7\u{fe0f}7",
            "م\u{200c} x",
            "⠓⠀⠀⠀⠑",
        ] {
            assert_ne!(clean(text), *text, "{text:?}");
        }
    }
}
