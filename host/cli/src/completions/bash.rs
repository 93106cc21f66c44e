//! What bash replaces at Tab, and what it makes of what it gets.

use crate::quoting::{Dialect, Quote, Typed, inserted, read};

/// The end of a line that is replaced.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Place {
    /// What stands before it in the same word, as it is meant.
    before: String,
    /// What it is inside of.
    quote: Quote,
    /// Whether it begins right behind the mark that opened the quote.
    opens: bool,
}

impl Place {
    /// Reads a line as far as it is typed, of which bash replaces `part` at the end: what stands behind the last open
    /// quote, or behind the last character that takes words apart.
    ///
    /// `None` if that is not surely the end of one word, in which readline and bash see the same open quote. Readline,
    /// which closes it, knows less of quotes than bash.
    pub(super) fn read(line: &str, part: &str) -> Option<(Typed, Self)> {
        let before = line.strip_suffix(part)?;
        let (typed, kept) = (read(Dialect::Bash, line)?, read(Dialect::Bash, before)?);
        let same_word = typed.words == kept.words && typed.word.starts_with(&kept.word);
        let same_quote = typed.quote == kept.quote
            && readline_quote(line) == mark(typed.quote)
            && readline_quote(before) == mark(kept.quote);
        let opens = mark(kept.quote).is_some_and(|mark| before.ends_with(mark));
        (same_word && same_quote).then_some((typed, Self { before: kept.word, quote: kept.quote, opens }))
    }

    /// A word as it is inserted. `None` if it does not begin as it must.
    ///
    /// Readline closes the quote behind it, but not where a mark stands already, whatever that one is. And it takes a mark
    /// at the beginning for the one that stands before it, and puts one in the place of both.
    pub(super) fn inserted(&self, word: &str) -> Option<String> {
        let mut inserted = inserted(Dialect::Bash, self.quote, word.strip_prefix(self.before.as_str())?);
        let closing = mark(self.quote).filter(|mark| inserted.ends_with(*mark));
        inserted.extend(closing);
        if let Some(mark) = mark(self.quote).filter(|mark| self.opens && inserted.starts_with(*mark)) {
            inserted.insert(0, mark);
        }
        Some(inserted)
    }
}

fn mark(quote: Quote) -> Option<char> {
    match quote {
        Quote::Bare => None,
        Quote::Single | Quote::Ansi => Some('\''),
        Quote::Double => Some('"'),
    }
}

/// The quote that readline takes to be open at the end of a line, and closes behind what it inserts.
fn readline_quote(line: &str) -> Option<char> {
    let (mut open, mut characters) = (None, line.chars());
    while let Some(character) = characters.next() {
        match open {
            _ if character == '\\' && open != Some('\'') => drop(characters.next()),
            Some(quote) if character == quote => open = None,
            None if matches!(character, '\'' | '"') => open = Some(character),
            _ => {}
        }
    }
    open
}

#[cfg(test)]
mod tests {
    use super::*;

    fn inserts(line: &str, part: &str, word: &str) -> Option<String> {
        Place::read(line, part)?.1.inserted(word)
    }

    #[test]
    fn a_name_is_inserted_for_where_it_stands() {
        for (line, part, inserted) in [
            ("powerbox rm ", "", "fi\\$\\(x\\)\\ \\'\\!"),
            ("powerbox rm fi", "fi", "fi\\$\\(x\\)\\ \\'\\!"),
            ("powerbox rm fi\\$", "fi\\$", "fi\\$\\(x\\)\\ \\'\\!"),
            ("powerbox rm fi\\", "fi\\", "fi\\$\\(x\\)\\ \\'\\!"),
            ("powerbox rm \"fi", "fi", "fi\\$(x) '\"'!'\"\""),
            ("powerbox rm 'fi", "fi", "fi$(x) '\\''!"),
            ("powerbox rm $'fi", "fi", "fi$(x) \\x27!"),
            ("powerbox rm 'f'\"i", "i", "i\\$(x) '\"'!'\"\""),
        ] {
            let found = inserts(line, part, "fi$(x) '!");
            assert_eq!(found.as_deref(), Some(inserted), "{line:?}");
        }
        assert_eq!(
            inserts("powerbox grant add storage agent=no", "no", "agent=no;tes").as_deref(),
            Some("no\\;tes")
        );
        assert_eq!(inserts("powerbox show \"", "", "say \"hi\"").as_deref(), Some("say \\\"hi\\\"\""));
        assert_eq!(inserts("powerbox show '", "", "it'").as_deref(), Some("it'\\'''"));
        assert_eq!(inserts("powerbox show '", "", "a\n").as_deref(), Some("a'$'\\x0a'''"));
        // What begins with the mark that is open already.
        assert_eq!(inserts("powerbox show \"", "", "!;x").as_deref(), Some("\"\"'!'\";x"));
        assert_eq!(inserts("powerbox show '", "", "\u{200b};x").as_deref(), Some("''$'\\xe2\\x80\\x8b'';x"));
        assert_eq!(inserts("powerbox show \"!", "!", "!;x").as_deref(), Some("\"\"'!'\";x"));
        assert_eq!(inserts("powerbox show \"a", "a", "a!;x").as_deref(), Some("a\"'!'\";x"));
        assert_eq!(inserts("powerbox show a:", "", "a:b").as_deref(), Some("b"));
    }

    #[test]
    fn a_place_that_bash_and_readline_see_differently_is_left_alone() {
        for (line, part) in [
            // Readline takes the escaped quote for the end, and would close what is open.
            ("powerbox rm $'it\\'s fi", "fi"),
            ("powerbox rm \"$(ls fi", "fi"),
            ("powerbox rm `ls fi", "fi"),
            // What is replaced is not the end of the line, or more than a word.
            ("powerbox rm fi", "other"),
            ("powerbox rm fi", "rm fi"),
        ] {
            assert_eq!(Place::read(line, part), None, "{line:?} {part:?}");
        }
    }
}
