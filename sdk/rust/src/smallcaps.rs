//! Smallcaps text of plain data, without reading it as a [`Value`](crate::Value).
//!
//! Smallcaps is JSON with a `#` before it, in which a text that begins with one of ``! " # $ % & ' ( ) * + , -`` means
//! something other than itself, unless a further `!` stands before it. So texts and JSON need no parsing on their way,
//! numbers stay as they were written, and a plugin that uses nothing but this is a third of the size.

use std::fmt::Write as _;

use crate::Problem;

/// Gives the smallcaps text of what JSON text stands for.
///
/// Texts are found and marked; that the rest is JSON is for the host to check, which says so if it is not.
pub fn from_json(json: &str) -> Result<String, Problem> {
    let json = json.trim();
    if json.is_empty() {
        return Err(Problem::invalid("the JSON is empty"));
    }
    let mut body = String::with_capacity(json.len() + 8);
    body.push('#');
    let whole = each_text(json, &mut body, |text, body| {
        if text.is_marked {
            body.push('!');
        }
        body.push_str(text.written);
        Some(())
    });
    whole.map(|()| body).ok_or_else(|| Problem::invalid("the JSON has a text without an end"))
}

/// Gives the JSON text of a smallcaps text, or nothing if JSON has no such value.
pub fn to_json(body: &str) -> Option<String> {
    let body = body.strip_prefix('#')?;
    let mut json = String::with_capacity(body.len());
    each_text(body, &mut json, |text, json| {
        json.push_str(text.unmarked()?);
        Some(())
    })?;
    Some(json)
}

/// Gives the smallcaps text of a text.
pub fn from_text(text: &str) -> String {
    let mut body = String::with_capacity(text.len() + 8);
    body.push_str("#\"");
    if text.bytes().next().is_some_and(is_mark) {
        body.push('!');
    }
    for c in text.chars() {
        match c {
            '"' => body.push_str("\\\""),
            '\\' => body.push_str("\\\\"),
            c if c < ' ' => {
                let _ = write!(body, "\\u{:04x}", u32::from(c));
            }
            c => body.push(c),
        }
    }
    body.push('"');
    body
}

/// Gives the text that a smallcaps text stands for, or nothing if it stands for anything else.
///
/// A lone surrogate, which a text of JavaScript may have, becomes U+FFFD.
pub fn to_text(body: &str) -> Option<String> {
    let written = body.strip_prefix("#\"")?;
    let text = Text::read(written)?;
    if text.written.len() != written.trim_end().len() {
        return None;
    }
    unescape(text.unmarked()?.strip_suffix('"')?)
}

/// A text as it is written: what follows the quote that begins it, with the quote that ends it.
struct Text<'a> {
    written: &'a str,
    is_marked: bool,
}

impl<'a> Text<'a> {
    fn read(rest: &'a str) -> Option<Self> {
        let mut escaped = false;
        let end = rest.bytes().position(|byte| {
            let ends = byte == b'"' && !escaped;
            escaped = byte == b'\\' && !escaped;
            ends
        })?;
        let written = rest.get(..=end)?;
        let first = match written.as_bytes() {
            [_] => None,
            [b'\\', b'"', ..] => Some(b'"'),
            [b'\\', b'u', ..] => u8::try_from(code_unit(written.get(2..6)?)?).ok(),
            [first, ..] => Some(*first),
            [] => None,
        };
        Some(Self { written, is_marked: first.is_some_and(is_mark) })
    }

    /// Gives what the text stands for in smallcaps, if that is a text.
    fn unmarked(&self) -> Option<&'a str> {
        if !self.is_marked {
            return Some(self.written);
        }
        self.written.strip_prefix('!').or_else(|| self.written.strip_prefix("\\u0021"))
    }
}

/// Copies `json` to `out`, all but its texts, which `copy` copies.
fn each_text(
    json: &str,
    out: &mut String,
    mut copy: impl FnMut(Text<'_>, &mut String) -> Option<()>,
) -> Option<()> {
    let mut rest = json;
    while let Some((before, after)) = rest.split_once('"') {
        out.push_str(before);
        out.push('"');
        let text = Text::read(after)?;
        rest = after.get(text.written.len()..)?;
        copy(text, out)?;
    }
    out.push_str(rest);
    Some(())
}

fn is_mark(first: u8) -> bool {
    (b'!'..=b'-').contains(&first)
}

fn code_unit(digits: &str) -> Option<u16> {
    u16::from_str_radix(digits, 16).ok()
}

fn unescape(written: &str) -> Option<String> {
    let mut text = String::with_capacity(written.len());
    let mut rest = written;
    while let Some((before, escape)) = rest.split_once('\\') {
        text.push_str(before);
        let mut chars = escape.chars();
        let simple = match chars.next()? {
            'b' => '\u{8}',
            'f' => '\u{c}',
            'n' => '\n',
            'r' => '\r',
            't' => '\t',
            'u' => {
                rest = unescape_units(escape, &mut text)?;
                continue;
            }
            c => c,
        };
        text.push(simple);
        rest = chars.as_str();
    }
    text.push_str(rest);
    Some(text)
}

/// Reads all `uXXXX` escapes that follow each other, since two of them may be one character, and gives what is left.
fn unescape_units<'a>(mut escape: &'a str, text: &mut String) -> Option<&'a str> {
    let mut units = Vec::new();
    loop {
        units.push(code_unit(escape.get(1..5)?)?);
        let rest = escape.get(5..)?;
        match rest.strip_prefix('\\') {
            Some(next) if next.starts_with('u') => escape = next,
            _ => {
                text.push_str(&String::from_utf16_lossy(&units));
                return Some(rest);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn json_goes_both_ways_without_being_parsed() {
        let cases = [
            ("1e2", "#1e2"),
            ("[true, null]", "#[true, null]"),
            (r#""plain""#, r##"#"plain""##),
            (r#""""#, r##"#"""##),
            (r##"{"#tag":"+5","a":["!x","-","."]}"##, r##"#{"!#tag":"!+5","a":["!!x","!-","."]}"##),
            (r#"["\u0023undefined","\"q","a\\",", no"]"#, r##"#["!\u0023undefined","!\"q","a\\","!, no"]"##),
        ];
        for (json, smallcaps) in cases {
            assert_eq!(from_json(json).unwrap(), smallcaps, "{json}");
            assert_eq!(to_json(smallcaps).unwrap(), json, "{smallcaps}");
        }
        assert_eq!(from_json(" 1 ").unwrap(), "#1");
        for wrong in ["", "  ", r#""open"#, r#""open\""#, r#""\u00"#] {
            assert!(from_json(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn what_json_has_no_words_for_does_not_become_json() {
        for body in [
            r##"#"#undefined""##,
            r##"#["+5"]"##,
            r##"#{"#tag":"x","payload":1}"##,
            r##"#"$0""##,
            "1",
            r##"#"open"##,
        ] {
            assert_eq!(to_json(body), None, "{body}");
            assert_eq!(to_text(body), None, "{body}");
        }
    }

    #[test]
    fn texts_go_both_ways() {
        for text in ["", "plain", "!bang", "#undefined", "\"q\" \\ \n\u{1} é 🐈", "-"] {
            assert_eq!(to_text(&from_text(text)).unwrap(), text);
        }
        assert_eq!(from_text("+5"), r##"#"!+5""##);
        assert_eq!(to_text(r##"#"\ud83d\udc08\n\/\ud83d""##).unwrap(), "🐈\n/\u{fffd}");
        for not_text in ["#1", r##"#["a"]"##, r##"#"a","b""##] {
            assert_eq!(to_text(not_text), None, "{not_text}");
        }
    }
}
