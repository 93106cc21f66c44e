use powerbox_core::text::{is_plain, must_be_spelled, spell_bytes};

use super::{Dialect, Quote};

/// A text as it must be written inside of a quote, which is open before it and after it.
///
/// What bash would do at an exclamation mark it does in double quotes, too, and a backslash does not prevent it there
/// without staying itself. Neither can a character that is not seen be written in quotes; for these the quote is left
/// for a moment.
pub(crate) fn inserted(dialect: Dialect, quote: Quote, text: &str) -> String {
    let mut written = String::with_capacity(text.len() + 8);
    // Those that are spelled byte by byte stand together.
    let mut spelling = false;
    for (place, character) in text.char_indices() {
        let spelled = must_be_spelled(text, place, character);
        if spelled != spelling && quote != Quote::Ansi {
            written.push_str(match (spelled, quote) {
                (true, Quote::Single) => "'$'",
                (true, Quote::Double) => "\"$'",
                (true, _) => "$'",
                (false, Quote::Single) => "''",
                (false, Quote::Double) => "'\"",
                (false, _) => "'",
            });
        }
        spelling = spelled;
        match (quote, character) {
            _ if spelled => spell_bytes(character, &mut written),
            // Readline takes any such mark for the end of the quote.
            (Quote::Ansi, '\'') => written.push_str("\\x27"),
            (Quote::Ansi, '\\') => written.push_str("\\\\"),
            (Quote::Single, '\'') => written.push_str("'\\''"),
            (Quote::Double, '!') if dialect == Dialect::Bash => written.push_str("\"'!'\""),
            (Quote::Double, '"' | '\\' | '$' | '`') => written.extend(['\\', character]),
            (Quote::Bare, character) if character.is_ascii() && !is_plain(character) => {
                written.extend(['\\', character])
            }
            _ => written.push(character),
        }
    }
    if spelling && quote != Quote::Ansi {
        written.push_str(match quote {
            Quote::Single => "''",
            Quote::Double => "'\"",
            _ => "'",
        });
    }
    written
}

/// A whole word, in the quotes with which it was begun.
pub(crate) fn finished(dialect: Dialect, opened: Quote, text: &str) -> String {
    let written = inserted(dialect, opened, text);
    match opened {
        Quote::Bare if text.is_empty() => "''".to_owned(),
        Quote::Bare => written,
        Quote::Single => format!("'{written}'"),
        Quote::Double => format!("\"{written}\""),
        Quote::Ansi => format!("$'{written}'"),
    }
}

#[cfg(test)]
mod tests {
    use super::super::{read, split};
    use super::*;

    const HOSTILE: &[&str] = &[
        "plain",
        "my file",
        "fi$(touch pwned)",
        "`touch pwned`",
        "it's",
        "\"quoted\"",
        "a\\b\\",
        "-x",
        "!!",
        "!$ wow!",
        "~",
        "*?[a]{b,c}",
        "a;b&c|d>e<f",
        "#x",
        "$'x'",
        "two\nlines\n",
        "\u{1b}[2J\u{9b}31m\u{7}",
        "\u{202e}gpj.exe",
        "👩‍🔬 می‌خواهم",
        "\u{3164}\u{ad}",
        "%1 ^a^b =ls",
    ];

    #[test]
    fn what_is_written_is_read_as_it_was_meant() {
        for text in HOSTILE {
            for (open, quote) in
                [("", Quote::Bare), ("'", Quote::Single), ("\"", Quote::Double), ("$'", Quote::Ansi)]
            {
                for dialect in [Dialect::Bash, Dialect::Prompt] {
                    let written = inserted(dialect, quote, text);
                    assert!(!written.contains(char::is_control), "{written:?}");
                    let read = read(dialect, &format!("rm {open}{written}")).unwrap();
                    assert_eq!((read.word.as_str(), read.quote), (*text, quote), "{dialect:?} {written}");
                    let finished = finished(dialect, quote, text);
                    assert_eq!(split(&finished), Some(vec![vec![(*text).to_owned()]]), "{finished}");
                }
            }
        }
    }

    #[test]
    fn plain_names_stay_as_they_are() {
        assert_eq!(inserted(Dialect::Bash, Quote::Bare, "notes/to do"), "notes/to\\ do");
        assert_eq!(inserted(Dialect::Bash, Quote::Bare, "left=a:b"), "left=a:b");
        assert_eq!(inserted(Dialect::Bash, Quote::Double, "fi$(x)!"), "fi\\$(x)\"'!'\"");
        assert_eq!(inserted(Dialect::Bash, Quote::Single, "it's"), "it'\\''s");
        assert_eq!(inserted(Dialect::Bash, Quote::Bare, "a\nb"), "a$'\\x0a'b");
        assert_eq!(finished(Dialect::Prompt, Quote::Double, "wow!"), "\"wow!\"");
    }
}
