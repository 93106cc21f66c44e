use std::iter::Peekable;
use std::str::Chars;

use super::{Dialect, Quote};

/// A line as far as it is typed.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Typed {
    /// The finished words of the last command on it, as they are meant.
    pub(crate) words: Vec<String>,
    /// The word that goes on where the line ends, as it is meant; empty if none is begun.
    pub(crate) word: String,
    /// Where that word begins, in bytes.
    pub(crate) start: usize,
    /// What the end is inside of.
    pub(crate) quote: Quote,
    /// What the word began with.
    pub(crate) opened: Quote,
}

/// Reads a line of which the last word is still being typed. `None` if it holds what only the shell itself can follow:
/// expansions and substitutions, or a further command.
pub(crate) fn read(dialect: Dialect, line: &str) -> Option<Typed> {
    let mut reader = Reader::new(dialect, line);
    while reader.step()? {}
    if reader.comment {
        return None;
    }
    let word = reader.word.unwrap_or_else(|| Word::at(line.len()));
    if word.expands {
        return None;
    }
    Some(Typed {
        words: reader.words,
        word: String::from_utf8(word.bytes).ok()?,
        start: word.start,
        quote: reader.quote,
        opened: word.opened,
    })
}

/// Splits what was typed at the prompt into commands, one a line, and these into words. `None` if a quote is not
/// closed.
pub(crate) fn split(text: &str) -> Option<Vec<Vec<String>>> {
    let mut reader = Reader::new(Dialect::Prompt, text);
    while reader.step()? {}
    if reader.quote != Quote::Bare || reader.escaping {
        return None;
    }
    reader.end_line();
    Some(reader.lines)
}

/// A word that is being read. An escape may stand for any byte, so it is text only at its end.
struct Word {
    bytes: Vec<u8>,
    start: usize,
    opened: Quote,
    /// Whether the shell would put something else in its place.
    expands: bool,
}

impl Word {
    fn at(start: usize) -> Self {
        Self { bytes: Vec::new(), start, opened: Quote::Bare, expands: false }
    }
}

struct Reader<'a> {
    dialect: Dialect,
    rest: Peekable<Chars<'a>>,
    place: usize,
    quote: Quote,
    word: Option<Word>,
    words: Vec<String>,
    lines: Vec<Vec<String>>,
    comment: bool,
    /// Whether it ended in a backslash with nothing behind it.
    escaping: bool,
}

impl<'a> Reader<'a> {
    fn new(dialect: Dialect, line: &'a str) -> Self {
        Self {
            dialect,
            rest: line.chars().peekable(),
            place: 0,
            quote: Quote::Bare,
            word: None,
            words: Vec::new(),
            lines: Vec::new(),
            comment: false,
            escaping: false,
        }
    }

    fn next(&mut self) -> Option<char> {
        let character = self.rest.next()?;
        self.place += character.len_utf8();
        Some(character)
    }

    fn next_if(&mut self, wanted: impl Fn(char) -> bool) -> Option<char> {
        let character = *self.rest.peek()?;
        if wanted(character) { self.next() } else { None }
    }

    /// Reads on. `Some(false)` at the end, `None` if it cannot be followed.
    fn step(&mut self) -> Option<bool> {
        let start = self.place;
        let Some(character) = self.next() else { return Some(false) };
        match self.quote {
            _ if self.comment => {
                if character == '\n' {
                    self.comment = false;
                    self.end_line();
                }
            }
            Quote::Bare => self.bare(character, start)?,
            Quote::Single => self.single(character),
            Quote::Double => self.double(character)?,
            Quote::Ansi => self.ansi(character),
        }
        Some(true)
    }

    fn bare(&mut self, character: char, start: usize) -> Option<()> {
        let shell = self.dialect != Dialect::Prompt;
        match character {
            '\n' if shell => return None,
            '\n' => self.end_line(),
            ' ' | '\t' | '\r' => self.end_word(),
            '#' if self.word.is_none() => {
                if shell {
                    return None;
                }
                self.comment = true;
            }
            ';' | '|' | '&' | '<' | '>' | '(' | ')' if shell => return None,
            '`' if self.dialect == Dialect::Bash => return None,
            '\'' => self.open(Quote::Single, start),
            '"' => self.open(Quote::Double, start),
            '$' if self.dialect != Dialect::Fish && self.rest.peek() == Some(&'\'') => {
                self.next();
                self.open(Quote::Ansi, start);
            }
            '$' if shell => self.expansion(start)?,
            '\\' => match self.next() {
                None => {
                    self.begin(start);
                    self.escaping = true;
                }
                // The line goes on in the next one.
                Some('\n') => {}
                Some(escaped) if self.dialect == Dialect::Fish => {
                    self.begin(start);
                    self.escape(escaped, false);
                }
                Some(escaped) => {
                    self.begin(start);
                    self.push(escaped);
                }
            },
            _ => {
                self.begin(start);
                self.push(character);
            }
        }
        Some(())
    }

    fn single(&mut self, character: char) {
        match character {
            '\'' => self.quote = Quote::Bare,
            '\\' if self.dialect == Dialect::Fish => match self.next_if(|next| matches!(next, '\'' | '\\')) {
                Some(escaped) => self.push(escaped),
                None => self.push('\\'),
            },
            _ => self.push(character),
        }
    }

    fn double(&mut self, character: char) -> Option<()> {
        match character {
            '"' => self.quote = Quote::Bare,
            '`' if self.dialect == Dialect::Bash => return None,
            '$' if self.dialect != Dialect::Prompt => self.expansion(self.place)?,
            '\\' => match self.rest.peek().copied() {
                None => self.escaping = true,
                Some('\n') => {
                    self.next();
                }
                Some(next)
                    if matches!(next, '$' | '"' | '\\') || next == '`' && self.dialect != Dialect::Fish =>
                {
                    self.next();
                    self.push(next);
                }
                Some(_) => self.push('\\'),
            },
            _ => self.push(character),
        }
        Some(())
    }

    fn ansi(&mut self, character: char) {
        match character {
            '\'' => self.quote = Quote::Bare,
            '\\' => match self.next() {
                Some(escaped) => self.escape(escaped, true),
                None => self.escaping = true,
            },
            _ => self.push(character),
        }
    }

    /// What follows a dollar sign. Names of variables are only noted; what may hold words of its own is not followed.
    fn expansion(&mut self, start: usize) -> Option<()> {
        if matches!(self.rest.peek(), Some('(' | '{' | '[' | '"')) {
            return None;
        }
        self.begin(start);
        self.push('$');
        if let Some(word) = &mut self.word {
            word.expands = true;
        }
        Some(())
    }

    /// An escape as in C; `unknown` says whether the backslash of one that means nothing stays.
    fn escape(&mut self, escaped: char, unknown: bool) {
        let byte = match escaped {
            'a' => 0x07,
            'b' => 0x08,
            'e' | 'E' => 0x1b,
            'f' => 0x0c,
            'n' => b'\n',
            'r' => b'\r',
            't' => b'\t',
            'v' => 0x0b,
            'c' => match self.next() {
                Some(letter) => u8::try_from(letter).map_or(b'?', |letter| letter & 0x1f),
                None => return,
            },
            'x' | 'X' => match self.number(16, 2) {
                Some(number) => u8::try_from(number).unwrap_or_default(),
                None => return self.push(escaped),
            },
            '0'..='7' if unknown => {
                let first = escaped.to_digit(8).unwrap_or_default();
                let rest = self.digits(8, 2);
                let number = rest
                    .chars()
                    .filter_map(|digit| digit.to_digit(8))
                    .fold(first, |all, digit| all * 8 + digit);
                u8::try_from(number & 0xff).unwrap_or_default()
            }
            'u' | 'U' => {
                // As we spell characters ourselves where they would not be seen: `\u{1b}`.
                let braces = self.dialect == Dialect::Prompt && self.next_if(|next| next == '{').is_some();
                let number = self.number(16, if escaped == 'U' || braces { 8 } else { 4 });
                if braces {
                    self.next_if(|next| next == '}');
                }
                return self.push(number.and_then(char::from_u32).unwrap_or(char::REPLACEMENT_CHARACTER));
            }
            '\'' | '"' | '\\' | '?' => return self.push(escaped),
            _ => {
                if unknown {
                    self.push('\\');
                }
                return self.push(escaped);
            }
        };
        if let Some(word) = &mut self.word {
            word.bytes.push(byte);
        }
    }

    fn digits(&mut self, radix: u32, most: usize) -> String {
        let mut digits = String::new();
        while digits.len() < most
            && let Some(digit) = self.next_if(|next| next.is_digit(radix))
        {
            digits.push(digit);
        }
        digits
    }

    fn number(&mut self, radix: u32, most: usize) -> Option<u32> {
        u32::from_str_radix(&self.digits(radix, most), radix).ok()
    }

    fn begin(&mut self, start: usize) {
        self.word.get_or_insert_with(|| Word::at(start));
    }

    fn open(&mut self, quote: Quote, start: usize) {
        self.word.get_or_insert_with(|| Word { opened: quote, ..Word::at(start) });
        self.quote = quote;
    }

    fn push(&mut self, character: char) {
        if let Some(word) = &mut self.word {
            word.bytes.extend_from_slice(character.encode_utf8(&mut [0; 4]).as_bytes());
        }
    }

    fn end_word(&mut self) {
        if let Some(word) = self.word.take() {
            self.words.push(String::from_utf8_lossy(&word.bytes).into_owned());
        }
    }

    fn end_line(&mut self) {
        self.end_word();
        let words = std::mem::take(&mut self.words);
        if !words.is_empty() {
            self.lines.push(words);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn meant(dialect: Dialect, line: &str) -> Option<(Vec<String>, String, Quote)> {
        read(dialect, line).map(|typed| (typed.words, typed.word, typed.quote))
    }

    fn words(words: &[&str]) -> Vec<String> {
        words.iter().map(|word| (*word).to_owned()).collect()
    }

    #[test]
    fn a_word_is_read_inside_of_what_it_stands() {
        for dialect in [Dialect::Bash, Dialect::Fish, Dialect::Prompt] {
            for (line, before, word, quote) in [
                ("", &[][..], "", Quote::Bare),
                ("remove ", &["remove"], "", Quote::Bare),
                ("remove my\\ fi", &["remove"], "my fi", Quote::Bare),
                ("remove \"my fi", &["remove"], "my fi", Quote::Double),
                ("remove 'my fi", &["remove"], "my fi", Quote::Single),
                ("remove 'a b'\"c d", &["remove"], "a bc d", Quote::Double),
                ("remove fi\\", &["remove"], "fi", Quote::Bare),
                ("'a b' c", &["a b"], "c", Quote::Bare),
                ("a '' ", &["a", ""], "", Quote::Bare),
                ("a \"\\$x\\\\\\\"\"", &["a"], "$x\\\"", Quote::Bare),
            ] {
                let expected = Some((words(before), word.to_owned(), quote));
                assert_eq!(meant(dialect, line), expected, "{dialect:?} {line:?}");
            }
        }
        for dialect in [Dialect::Bash, Dialect::Prompt] {
            let expected = Some((words(&["rm"]), "a\u{1b}'b\u{e9}".to_owned(), Quote::Ansi));
            assert_eq!(meant(dialect, r"rm $'a\x1b\'b\xc3\xa9"), expected);
        }
        assert_eq!(read(Dialect::Bash, "rm a'b c").map(|typed| typed.start), Some(3));
    }

    #[test]
    fn what_only_the_shell_can_follow_is_left_to_it() {
        for line in [
            "rm $(ls) a",
            "rm `ls` a",
            "rm \"$(ls",
            "rm \"`ls",
            "rm ${x} a",
            "rm $x",
            "rm \"$x",
            "rm a; rm b",
            "rm a > b",
            "rm a & b",
            "rm (a",
            "rm # a",
            "rm a\nb",
            "rm $\"a",
        ] {
            assert_eq!(read(Dialect::Bash, line), None, "{line:?}");
        }
        // A variable in a word before is somebody else's.
        assert!(read(Dialect::Bash, "rm $x a").is_some());
        for line in ["rm (ls) a", "rm \"$(ls", "rm $x", "rm a; b", "rm # a"] {
            assert_eq!(read(Dialect::Fish, line), None, "{line:?}");
        }
        for (line, word) in [("rm $(touch", "$(touch"), ("rm a;b", "a;b"), ("rm \"`x", "`x"), ("rm $x", "$x")]
        {
            assert_eq!(read(Dialect::Prompt, line).map(|typed| typed.word).as_deref(), Some(word));
        }
    }

    #[test]
    fn a_text_is_split_into_lines_and_words() {
        let text = "mkdir a\n\n  # nothing\nstore 'a\nb' --text \"x # y\" # and so on\nrm a\\\n b\n";
        let expected =
            [words(&["mkdir", "a"]), words(&["store", "a\nb", "--text", "x # y"]), words(&["rm", "a", "b"])];
        assert_eq!(split(text), Some(expected.to_vec()));
        assert_eq!(split(r"rm $'odd\u{1b}[2J\u{202e}'"), Some(vec![words(&["rm", "odd\u{1b}[2J\u{202e}"])]));
        assert_eq!(split("a #b"), Some(vec![words(&["a"])]));
        assert_eq!(split("a#b"), Some(vec![words(&["a#b"])]));
        for open in ["rm 'a", "rm \"a", "rm $'a", "rm a\\"] {
            assert_eq!(split(open), None, "{open:?}");
        }
    }
}
