//! The outer JSON of messages, as JavaScript reads and writes it.
//!
//! Reading finds where the members of an object lie, without recursion and without building anything, so that no
//! nesting can hurt. What members mean is for others to say.

use std::borrow::Cow;

/// A text is not JSON.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct NotJson;

/// Reads a text that must be one JSON value; gives `false` if it is no object.
///
/// For each member `each` is called with its key, and must read its value from the scanner.
pub(super) fn read<'a>(
    text: &'a str,
    each: impl FnMut(Cow<'a, str>, &mut Scanner<'a>) -> Result<(), NotJson>,
) -> Result<bool, NotJson> {
    let mut scanner = Scanner { text, at: 0 };
    scanner.skip_space();
    let is_object = scanner.peek() == Some(b'{');
    if is_object {
        scanner.members(each)?;
    } else {
        scanner.value()?;
    }
    scanner.skip_space();
    if scanner.at == text.len() { Ok(is_object) } else { Err(NotJson) }
}

/// Walks over the items of a list, which is known to be JSON. Gives `None` if it is no list; stops with `each`.
pub(super) fn items<'a>(text: &'a str, mut each: impl FnMut(&'a str) -> bool) -> Option<()> {
    let mut scanner = Scanner { text, at: 0 };
    if scanner.take() != Some(b'[') {
        return None;
    }
    loop {
        scanner.skip_space();
        if scanner.peek() == Some(b']') {
            return Some(());
        }
        let item = scanner.value().ok()?;
        if !each(item) {
            return None;
        }
        scanner.skip_space();
        if scanner.peek() == Some(b',') {
            scanner.at += 1;
        }
    }
}

/// Gives the text that a JSON string stands for, or `None` if this is no string.
pub(super) fn string(json: &str) -> Option<Cow<'_, str>> {
    let inner = json.strip_prefix('"')?.strip_suffix('"')?;
    Some(unescape(inner))
}

/// Appends a JSON string.
pub(super) fn write_string(out: &mut String, text: &str) {
    out.push('"');
    let mut rest = text;
    loop {
        let plain = plain_prefix(rest.as_bytes());
        let (before, from) = rest.split_at_checked(plain).unwrap_or((rest, ""));
        out.push_str(before);
        let mut characters = from.chars();
        let Some(special) = characters.next() else { break };
        match special {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            '\u{8}' => out.push_str("\\b"),
            '\u{c}' => out.push_str("\\f"),
            other => {
                out.push_str("\\u00");
                for digit in [u32::from(other) >> 4, u32::from(other) & 15] {
                    out.push(char::from_digit(digit, 16).unwrap_or('0'));
                }
            }
        }
        rest = characters.as_str();
    }
    out.push('"');
}

/// Undoes the escapes of the inside of a checked JSON string.
///
/// A lone surrogate has no place in UTF-8. It is left escaped: in a body, which is JSON itself, that means the same.
fn unescape(inner: &str) -> Cow<'_, str> {
    if plain_prefix(inner.as_bytes()) == inner.len() {
        return inner.into();
    }
    let mut out = String::with_capacity(inner.len());
    let mut rest = inner;
    loop {
        let (before, from) = rest.split_at_checked(plain_prefix(rest.as_bytes())).unwrap_or((rest, ""));
        out.push_str(before);
        let mut characters = from.chars();
        if characters.next().is_none() {
            return out.into();
        }
        let escape = characters.next();
        rest = characters.as_str();
        match escape {
            Some('n') => out.push('\n'),
            Some('r') => out.push('\r'),
            Some('t') => out.push('\t'),
            Some('b') => out.push('\u{8}'),
            Some('f') => out.push('\u{c}'),
            Some('u') => rest = unescape_unit(rest, &mut out),
            Some(itself) => out.push(itself),
            None => {}
        }
    }
}

/// Undoes an escape of the form `\uxxxx`, or a pair of them; gives what follows.
fn unescape_unit<'a>(digits: &'a str, out: &mut String) -> &'a str {
    let unit = |text: &str| text.get(..4).and_then(|hex| u16::from_str_radix(hex, 16).ok());
    let Some(first) = unit(digits) else { return digits };
    let rest = digits.get(4..).unwrap_or_default();
    if let Some(second) = rest.strip_prefix("\\u").and_then(unit)
        && (0xD800..0xDC00).contains(&first)
        && let Some(Ok(character)) = char::decode_utf16([first, second]).next()
    {
        out.push(character);
        return rest.get(6..).unwrap_or_default();
    }
    match char::from_u32(first.into()) {
        Some(character) => out.push(character),
        None => {
            out.push_str("\\u");
            out.push_str(digits.get(..4).unwrap_or_default());
        }
    }
    rest
}

/// Gives the length of the longest start that stands in a JSON string as it is.
fn plain_prefix(bytes: &[u8]) -> usize {
    // Whole blocks are tested without branches, which compiles to vector instructions; short texts by words.
    let special = |byte: u8| (byte < 0x20) | (byte == b'"') | (byte == b'\\');
    let mut plain = 0;
    for block in bytes.chunks_exact(BLOCK) {
        if block.iter().fold(false, |found, &byte| found | special(byte)) {
            break;
        }
        plain += BLOCK;
    }
    let mut left = bytes.get(plain..).unwrap_or_default();
    while let Some((word, rest)) = left.split_first_chunk::<8>() {
        let found = special_bytes(u64::from_le_bytes(*word));
        if found != 0 {
            return plain + (found.trailing_zeros() / 8) as usize;
        }
        plain += 8;
        left = rest;
    }
    plain + left.iter().position(|&byte| special(byte)).unwrap_or(left.len())
}

const BLOCK: usize = 32;

/// Sets the highest bit of the first byte that is special, and perhaps of later ones.
fn special_bytes(word: u64) -> u64 {
    const ONES: u64 = 0x0101_0101_0101_0101;
    const HIGH: u64 = 0x8080_8080_8080_8080;
    // A byte is zero if subtracting one borrows; a borrow can only spoil what comes after the first find.
    let zero = |word: u64| word.wrapping_sub(ONES) & !word & HIGH;
    let control = word.wrapping_sub(ONES * 0x20) & !word & HIGH;
    control | zero(word ^ (ONES * 0x22)) | zero(word ^ (ONES * 0x5c))
}

/// Walks over JSON text.
pub(super) struct Scanner<'a> {
    text: &'a str,
    at: usize,
}

impl<'a> Scanner<'a> {
    fn peek(&self) -> Option<u8> {
        self.text.as_bytes().get(self.at).copied()
    }

    fn take(&mut self) -> Option<u8> {
        let byte = self.peek()?;
        self.at += 1;
        Some(byte)
    }

    fn expect(&mut self, byte: u8) -> Result<(), NotJson> {
        if self.take() == Some(byte) { Ok(()) } else { Err(NotJson) }
    }

    fn skip_space(&mut self) {
        while let Some(b' ' | b'\t' | b'\n' | b'\r') = self.peek() {
            self.at += 1;
        }
    }

    fn since(&self, start: usize) -> &'a str {
        self.text.get(start..self.at).unwrap_or_default()
    }

    /// Tells whether the next value is an object.
    pub(super) fn at_object(&self) -> bool {
        self.peek() == Some(b'{')
    }

    /// Walks over an object; `each` must read the value of each member.
    pub(super) fn members(
        &mut self,
        mut each: impl FnMut(Cow<'a, str>, &mut Self) -> Result<(), NotJson>,
    ) -> Result<(), NotJson> {
        self.expect(b'{')?;
        self.skip_space();
        if self.peek() == Some(b'}') {
            self.at += 1;
            return Ok(());
        }
        loop {
            self.skip_space();
            let key = unescape(self.string()?);
            self.skip_space();
            self.expect(b':')?;
            self.skip_space();
            each(key, self)?;
            self.skip_space();
            match self.take() {
                Some(b',') => {}
                Some(b'}') => return Ok(()),
                _ => return Err(NotJson),
            }
        }
    }

    /// Skips a value of any depth and gives its text.
    pub(super) fn value(&mut self) -> Result<&'a str, NotJson> {
        let start = self.at;
        // The closing brackets that are owed.
        let mut open: Vec<u8> = Vec::new();
        loop {
            self.skip_space();
            match self.peek() {
                Some(b'"') => {
                    self.string()?;
                }
                Some(b'[') => {
                    self.at += 1;
                    self.skip_space();
                    if self.peek() != Some(b']') {
                        open.push(b']');
                        continue;
                    }
                    self.at += 1;
                }
                Some(b'{') => {
                    self.at += 1;
                    self.skip_space();
                    if self.peek() != Some(b'}') {
                        open.push(b'}');
                        self.key()?;
                        continue;
                    }
                    self.at += 1;
                }
                Some(b'-' | b'0'..=b'9') => self.number()?,
                _ => self.word()?,
            }
            // What may follow a value.
            loop {
                let Some(&close) = open.last() else { return Ok(self.since(start)) };
                self.skip_space();
                match self.take() {
                    Some(b',') => {
                        if close == b'}' {
                            self.key()?;
                        }
                        break;
                    }
                    Some(byte) if byte == close => {
                        open.pop();
                    }
                    _ => return Err(NotJson),
                }
            }
        }
    }

    fn key(&mut self) -> Result<(), NotJson> {
        self.skip_space();
        self.string()?;
        self.skip_space();
        self.expect(b':')
    }

    /// Skips a string, checks its escapes, and gives what is between the quotes.
    fn string(&mut self) -> Result<&'a str, NotJson> {
        self.expect(b'"')?;
        let start = self.at;
        loop {
            let rest = self.text.as_bytes().get(self.at..).unwrap_or_default();
            self.at += plain_prefix(rest);
            match self.take() {
                Some(b'"') => return Ok(self.text.get(start..self.at - 1).unwrap_or_default()),
                Some(b'\\') => match self.take() {
                    Some(b'"' | b'\\' | b'/' | b'b' | b'f' | b'n' | b'r' | b't') => {}
                    Some(b'u') => {
                        for _ in 0..4 {
                            if !self.take().is_some_and(|digit| digit.is_ascii_hexdigit()) {
                                return Err(NotJson);
                            }
                        }
                    }
                    _ => return Err(NotJson),
                },
                _ => return Err(NotJson),
            }
        }
    }

    fn number(&mut self) -> Result<(), NotJson> {
        if self.peek() == Some(b'-') {
            self.at += 1;
        }
        let zero = self.peek() == Some(b'0');
        if self.digits()? > 1 && zero {
            return Err(NotJson);
        }
        if self.peek() == Some(b'.') {
            self.at += 1;
            self.digits()?;
        }
        if let Some(b'e' | b'E') = self.peek() {
            self.at += 1;
            if let Some(b'+' | b'-') = self.peek() {
                self.at += 1;
            }
            self.digits()?;
        }
        Ok(())
    }

    fn digits(&mut self) -> Result<usize, NotJson> {
        let start = self.at;
        while let Some(b'0'..=b'9') = self.peek() {
            self.at += 1;
        }
        if self.at == start { Err(NotJson) } else { Ok(self.at - start) }
    }

    fn word(&mut self) -> Result<(), NotJson> {
        let rest = self.text.get(self.at..).unwrap_or_default();
        let word = ["true", "false", "null"].into_iter().find(|word| rest.starts_with(word));
        self.at += word.ok_or(NotJson)?.len();
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn members<'a>(text: &'a str, mut each: impl FnMut(Cow<'a, str>, &'a str)) -> Result<bool, NotJson> {
        read(text, |key, scanner| {
            each(key, scanner.value()?);
            Ok(())
        })
    }

    #[test]
    fn finds_members_in_any_order_and_keeps_escaped_keys() {
        let mut found = Vec::new();
        let text = r#" {"b":[1,{"x":[]}], "\u0061":"q" } "#;
        assert_eq!(members(text, |key, value| found.push((key.into_owned(), value))), Ok(true));
        assert_eq!(found, [("b".to_owned(), r#"[1,{"x":[]}]"#), ("a".to_owned(), r#""q""#)]);
    }

    #[test]
    fn other_json_is_no_object_and_other_text_no_json() {
        for json in ["null", "[]", "\"hi\"", "-0.5e+7", "[[],{\"a\":{}}]", " true "] {
            assert_eq!(members(json, |_, _| {}), Ok(false), "{json}");
        }
        for text in [
            "",
            "{",
            "{]",
            "[1,]",
            "{\"a\":1,}",
            "01",
            "+1",
            "\"\u{1}\"",
            "\"\\x\"",
            "nul",
            "{}{}",
            "[}",
            "1.",
        ] {
            assert_eq!(members(text, |_, _| {}), Err(NotJson), "{text}");
        }
    }

    #[test]
    fn deep_nesting_is_only_a_long_text() {
        let text = format!("{}{}", "[".repeat(1_000_000), "]".repeat(1_000_000));
        assert_eq!(members(&text, |_, _| {}), Ok(false));
    }

    #[test]
    fn strings_survive_both_ways() {
        for text in ["", "plain", "\"\\\n\r\t\u{8}\u{c}\u{1}\u{1f}é𝄞\u{7f}", &"long ".repeat(100)] {
            let mut out = String::new();
            write_string(&mut out, text);
            assert_eq!(string(&out).as_deref(), Some(text));
        }
        assert_eq!(string(r#""\ud834\udd1e""#).as_deref(), Some("𝄞"));
        assert_eq!(string(r#""a\ud834b""#).as_deref(), Some("a\\ud834b"));
    }
}
