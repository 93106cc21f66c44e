//! The outer JSON of messages, as JavaScript reads and writes it.
//!
//! Reading finds where the members of an object lie, without recursion and without building anything, so that no
//! nesting can hurt. What members mean is for others to say.

use std::borrow::Cow;

use powerbox_passable::plain_prefix;

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
    let mut scanner = Scanner { text: json, at: 0 };
    let text = scanner.text().ok()?;
    (scanner.at == json.len()).then_some(text)
}

/// What JSON is written to.
pub(super) trait Sink {
    fn push_str(&mut self, text: &str);
}

impl Sink for String {
    fn push_str(&mut self, text: &str) {
        self.push_str(text);
    }
}

impl Sink for Vec<u8> {
    fn push_str(&mut self, text: &str) {
        self.extend_from_slice(text.as_bytes());
    }
}

/// Appends a JSON string.
pub(super) fn write_string(out: &mut impl Sink, text: &str) {
    out.push_str("\"");
    let mut rest = text;
    loop {
        // What stops the prefix is below U+0080, so it stops at the border of a character.
        let (plain, from) = rest.split_at_checked(plain_prefix(rest.as_bytes())).unwrap_or((rest, ""));
        out.push_str(plain);
        let Some(&special) = from.as_bytes().first() else { break };
        match special {
            b'"' => out.push_str("\\\""),
            b'\\' => out.push_str("\\\\"),
            b'\n' => out.push_str("\\n"),
            b'\r' => out.push_str("\\r"),
            b'\t' => out.push_str("\\t"),
            8 => out.push_str("\\b"),
            12 => out.push_str("\\f"),
            other => {
                out.push_str("\\u00");
                for digit in [other >> 4, other & 15] {
                    let digit = char::from_digit(digit.into(), 16).unwrap_or('0');
                    out.push_str(digit.encode_utf8(&mut [0; 4]));
                }
            }
        }
        rest = from.get(1..).unwrap_or_default();
    }
    out.push_str("\"");
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

    /// Tells whether the next value is a string.
    pub(super) fn at_string(&self) -> bool {
        self.peek() == Some(b'"')
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
            let key = self.text()?;
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
                Some(b'"') => self.string()?,
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

    /// Skips a string and checks its escapes.
    fn string(&mut self) -> Result<(), NotJson> {
        self.expect(b'"')?;
        loop {
            self.plain();
            match self.take() {
                Some(b'"') => return Ok(()),
                Some(b'\\') => match self.take() {
                    Some(b'"' | b'\\' | b'/' | b'b' | b'f' | b'n' | b'r' | b't') => {}
                    Some(b'u') => {
                        self.unit()?;
                    }
                    _ => return Err(NotJson),
                },
                _ => return Err(NotJson),
            }
        }
    }

    /// Reads a string, and gives the text it stands for.
    ///
    /// A lone surrogate has no place in UTF-8. It is left escaped: in a body, which is JSON itself, that means the same.
    pub(super) fn text(&mut self) -> Result<Cow<'a, str>, NotJson> {
        self.expect(b'"')?;
        let plain = self.plain();
        if self.peek() == Some(b'"') {
            self.at += 1;
            return Ok(plain.into());
        }
        // Most of what is long is the body of a message, which ends near the end of it.
        let mut out = String::with_capacity(plain.len() + self.text.len() - self.at);
        out.push_str(plain);
        loop {
            match self.take() {
                Some(b'"') => return Ok(out.into()),
                Some(b'\\') => {}
                _ => return Err(NotJson),
            }
            match self.take() {
                Some(itself @ (b'"' | b'\\' | b'/')) => out.push(itself.into()),
                Some(b'n') => out.push('\n'),
                Some(b'r') => out.push('\r'),
                Some(b't') => out.push('\t'),
                Some(b'b') => out.push('\u{8}'),
                Some(b'f') => out.push('\u{c}'),
                Some(b'u') => self.character(&mut out)?,
                _ => return Err(NotJson),
            }
            out.push_str(self.plain());
        }
    }

    /// Reads the digits of an escape of the form `\uxxxx`, and the escape after it if the two are one character.
    fn character(&mut self, out: &mut String) -> Result<(), NotJson> {
        let start = self.at;
        let first = self.unit()?;
        let after = self.at;
        if (0xD800..0xDC00).contains(&first)
            && self.take() == Some(b'\\')
            && self.take() == Some(b'u')
            && let Ok(second) = self.unit()
            && let Some(Ok(character)) = char::decode_utf16([first, second]).next()
        {
            out.push(character);
            return Ok(());
        }
        self.at = after;
        match char::from_u32(first.into()) {
            Some(character) => out.push(character),
            None => {
                out.push_str("\\u");
                out.push_str(self.since(start));
            }
        }
        Ok(())
    }

    /// Reads four hexadecimal digits.
    fn unit(&mut self) -> Result<u16, NotJson> {
        let mut unit = 0;
        for _ in 0..4 {
            let digit = self.take().and_then(|digit| char::from(digit).to_digit(16)).ok_or(NotJson)?;
            unit = unit << 4 | digit as u16;
        }
        Ok(unit)
    }

    /// Skips what stands in a string as it is, and gives it.
    fn plain(&mut self) -> &'a str {
        let start = self.at;
        self.at += plain_prefix(self.text.as_bytes().get(start..).unwrap_or_default());
        self.since(start)
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
