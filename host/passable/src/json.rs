//! JSON as JavaScript reads it, which is more than serde_json takes: lone surrogates, numbers of any size.
//!
//! Reading goes without recursion, and gives a flat list of nodes rather than a tree, so that neither making nor
//! dropping it depends on how deep the text is nested, and texts without escapes are not copied.

use std::cmp::Ordering;

use crate::{DecodeError, Limits, Text, scan::plain_prefix, text::compare};

/// One node of a text of JSON.
#[derive(Debug)]
pub(crate) enum Node<'a> {
    Null,
    Bool(bool),
    Number(f64),
    /// A string without escapes.
    Plain(&'a str),
    /// A string that has escapes.
    Escaped(Text),
    /// `items` items follow, up to but without the node `end`.
    List {
        items: usize,
        end: usize,
    },
    /// `members` keys follow, each before its value, up to but without the node `end`.
    Object {
        members: usize,
        end: usize,
    },
}

impl Node<'_> {
    /// Takes the text out, if this is one.
    pub(crate) fn take_text(&mut self) -> Option<Text> {
        match std::mem::replace(self, Node::Null) {
            Node::Plain(text) => Some(text.into()),
            Node::Escaped(text) => Some(text),
            other => {
                *self = other;
                None
            }
        }
    }

    /// Copies the text, if this is one.
    pub(crate) fn to_text(&self) -> Option<Text> {
        match self {
            Node::Plain(text) => Some((*text).into()),
            Node::Escaped(text) => Some(text.clone()),
            _ => None,
        }
    }

    /// Gives the text, if this is one that is well formed.
    pub(crate) fn as_str(&self) -> Option<&str> {
        match self {
            Node::Plain(text) => Some(text),
            Node::Escaped(text) => text.as_str(),
            _ => None,
        }
    }

    /// Compares two texts by UTF-16 code unit.
    pub(crate) fn compare_text(&self, other: &Self) -> Ordering {
        match (self.as_str(), other.as_str()) {
            (Some(a), Some(b)) => compare(a, b),
            _ => self.to_text().cmp(&other.to_text()),
        }
    }

    /// Gives the JavaScript type.
    pub(crate) fn type_of(&self) -> &'static str {
        match self {
            Node::Null | Node::List { .. } | Node::Object { .. } => "object",
            Node::Bool(_) => "boolean",
            Node::Number(_) => "number",
            Node::Plain(_) | Node::Escaped(_) => "string",
        }
    }

    /// Tells whether JavaScript takes this for false.
    pub(crate) fn is_falsy(&self) -> bool {
        match self {
            Node::Null | Node::Bool(false) => true,
            Node::Number(number) => *number == 0.0,
            _ => self.as_str().is_some_and(str::is_empty),
        }
    }
}

/// Reads one JSON value that must fill the whole text.
pub(crate) fn read<'a>(text: &'a str, limits: &Limits) -> Result<Vec<Node<'a>>, DecodeError> {
    if text.len() > limits.body_bytes {
        return Err(DecodeError::Limit { what: "bytes", most: limits.body_bytes });
    }
    let mut reader = Reader {
        text,
        at: 0,
        nodes: Vec::new(),
        open: Vec::new(),
        depth: limits.effective_depth(),
        most: limits.nodes,
    };
    reader.read()?;
    Ok(reader.nodes)
}

struct Reader<'a> {
    text: &'a str,
    at: usize,
    nodes: Vec<Node<'a>>,
    open: Vec<Open>,
    depth: usize,
    most: usize,
}

/// A list or object whose end has not been read yet.
struct Open {
    node: usize,
    object: bool,
    entries: usize,
}

impl<'a> Reader<'a> {
    fn read(&mut self) -> Result<(), DecodeError> {
        loop {
            // Here a value is expected.
            self.skip_space();
            match self.peek() {
                Some(b'"') => {
                    self.at += 1;
                    let text = self.string()?;
                    self.push(text)?;
                }
                Some(opening @ (b'[' | b'{')) => {
                    if self.begin(opening == b'{')? {
                        continue;
                    }
                }
                Some(b'-' | b'0'..=b'9') => {
                    let number = self.number()?;
                    self.push(Node::Number(number))?;
                }
                Some(b'n') => self.word("null", Node::Null)?,
                Some(b't') => self.word("true", Node::Bool(true))?,
                Some(b'f') => self.word("false", Node::Bool(false))?,
                Some(_) => return Err(self.error("unexpected character")),
                None => return Err(self.error("unexpected end")),
            }
            if self.after_value()? {
                return Ok(());
            }
        }
    }

    /// Reads the start of a list or object, and tells whether a value must follow.
    fn begin(&mut self, object: bool) -> Result<bool, DecodeError> {
        if self.open.len() >= self.depth {
            return Err(DecodeError::Limit { what: "levels of nesting", most: self.depth });
        }
        self.at += 1;
        self.skip_space();
        let node = self.nodes.len();
        let (close, empty) = if object {
            (b'}', Node::Object { members: 0, end: node + 1 })
        } else {
            (b']', Node::List { items: 0, end: node + 1 })
        };
        self.push(empty)?;
        if self.peek() == Some(close) {
            self.at += 1;
            return Ok(false);
        }
        self.open.push(Open { node, object, entries: 1 });
        if object {
            self.key()?;
        }
        Ok(true)
    }

    /// Reads what stands between a value and the next, and tells whether there is no next.
    fn after_value(&mut self) -> Result<bool, DecodeError> {
        loop {
            self.skip_space();
            let next = self.peek();
            let end = self.nodes.len();
            let Some(open) = self.open.last_mut() else {
                return match next {
                    None => Ok(true),
                    Some(_) => Err(self.error("unexpected text after the value")),
                };
            };
            match next {
                Some(b',') => {
                    open.entries += 1;
                    let object = open.object;
                    self.at += 1;
                    if object {
                        self.skip_space();
                        self.key()?;
                    }
                    return Ok(false);
                }
                Some(b']') if !open.object => {
                    let list = Node::List { items: open.entries, end };
                    self.end(list);
                }
                Some(b'}') if open.object => {
                    let object = Node::Object { members: open.entries, end };
                    self.end(object);
                }
                Some(_) => return Err(self.error("expected a comma or a bracket")),
                None => return Err(self.error("unexpected end")),
            }
        }
    }

    fn end(&mut self, complete: Node<'a>) {
        self.at += 1;
        let node = self.open.pop().and_then(|open| self.nodes.get_mut(open.node));
        if let Some(node) = node {
            *node = complete;
        }
    }

    fn key(&mut self) -> Result<(), DecodeError> {
        if self.peek() != Some(b'"') {
            return Err(self.error("expected a property name"));
        }
        self.at += 1;
        let key = self.string()?;
        self.push(key)?;
        self.skip_space();
        if self.peek() != Some(b':') {
            return Err(self.error("expected a colon"));
        }
        self.at += 1;
        Ok(())
    }

    fn word(&mut self, word: &str, node: Node<'a>) -> Result<(), DecodeError> {
        if !self.rest().starts_with(word) {
            return Err(self.error("unexpected character"));
        }
        self.at += word.len();
        self.push(node)
    }

    /// Reads the rest of a string after its opening quote.
    fn string(&mut self) -> Result<Node<'a>, DecodeError> {
        let plain = self.plain();
        if self.peek() == Some(b'"') {
            self.at += 1;
            return Ok(Node::Plain(plain));
        }
        let mut text = Unescaped { utf8: plain.to_owned(), utf16: None };
        loop {
            match self.peek() {
                Some(b'"') => {
                    self.at += 1;
                    return Ok(Node::Escaped(text.finish()));
                }
                Some(b'\\') => {
                    self.at += 1;
                    self.escape(&mut text)?;
                    text.push(self.plain());
                }
                Some(_) => return Err(self.error("control character in a string")),
                None => return Err(self.error("unterminated string")),
            }
        }
    }

    fn plain(&mut self) -> &'a str {
        let rest = self.rest();
        // What stops the prefix is below U+0080, so it stops at the border of a character.
        let plain = rest.get(..plain_prefix(rest.as_bytes())).unwrap_or_default();
        self.at += plain.len();
        plain
    }

    fn escape(&mut self, text: &mut Unescaped) -> Result<(), DecodeError> {
        let plain = match self.peek() {
            Some(b'"') => "\"",
            Some(b'\\') => "\\",
            Some(b'/') => "/",
            Some(b'b') => "\u{8}",
            Some(b'f') => "\u{c}",
            Some(b'n') => "\n",
            Some(b'r') => "\r",
            Some(b't') => "\t",
            Some(b'u') => {
                let unit = self.hex()?;
                // A pair of escapes is one character.
                if (0xD800..0xDC00).contains(&unit) && self.rest().starts_with("\\u") {
                    let before = self.at;
                    self.at += 1;
                    let low = self.hex()?;
                    if let Some(Ok(character)) = char::decode_utf16([unit, low]).next() {
                        text.push(character.encode_utf8(&mut [0; 4]));
                        return Ok(());
                    }
                    self.at = before;
                }
                match char::from_u32(unit.into()) {
                    Some(character) => text.push(character.encode_utf8(&mut [0; 4])),
                    None => text.push_lone(unit),
                }
                return Ok(());
            }
            _ => return Err(self.error("unknown escape in a string")),
        };
        self.at += 1;
        text.push(plain);
        Ok(())
    }

    /// Reads the `u` of an escape and its four digits.
    fn hex(&mut self) -> Result<u16, DecodeError> {
        let digits = self.text.get(self.at + 1..self.at + 5).unwrap_or_default();
        // Parsing alone would let a sign pass.
        if !digits.bytes().all(|digit| digit.is_ascii_hexdigit()) {
            return Err(self.error("bad escape in a string"));
        }
        let unit = u16::from_str_radix(digits, 16).map_err(|_| self.error("bad escape in a string"))?;
        self.at += 5;
        Ok(unit)
    }

    fn number(&mut self) -> Result<f64, DecodeError> {
        let start = self.at;
        let negative = self.peek() == Some(b'-');
        self.at += usize::from(negative);
        let (digits, integer) = self.digits();
        let leading_zero = digits > 1 && self.text.as_bytes().get(self.at - digits) == Some(&b'0');
        if digits == 0 || leading_zero {
            return Err(self.error("malformed number"));
        }
        let mut whole = true;
        if self.peek() == Some(b'.') {
            whole = false;
            self.at += 1;
            if self.digits().0 == 0 {
                return Err(self.error("malformed number"));
            }
        }
        if let Some(b'e' | b'E') = self.peek() {
            whole = false;
            self.at += 1;
            if let Some(b'+' | b'-') = self.peek() {
                self.at += 1;
            }
            if self.digits().0 == 0 {
                return Err(self.error("malformed number"));
            }
        }
        // Fifteen digits are exact as a double.
        if whole && digits <= 15 {
            let number = integer as f64;
            return Ok(if negative { -number } else { number });
        }
        let spelled = self.text.get(start..self.at).unwrap_or_default();
        spelled.parse().map_err(|_| self.error("malformed number"))
    }

    /// Skips digits; gives how many they are, and what they say if that fits.
    fn digits(&mut self) -> (usize, u64) {
        let start = self.at;
        let mut integer = 0_u64;
        while let Some(digit @ b'0'..=b'9') = self.peek() {
            integer = integer.wrapping_mul(10).wrapping_add(u64::from(digit - b'0'));
            self.at += 1;
        }
        (self.at - start, integer)
    }

    fn push(&mut self, node: Node<'a>) -> Result<(), DecodeError> {
        if self.nodes.len() >= self.most {
            return Err(DecodeError::Limit { what: "values", most: self.most });
        }
        self.nodes.push(node);
        Ok(())
    }

    fn skip_space(&mut self) {
        while let Some(b' ' | b'\t' | b'\n' | b'\r') = self.peek() {
            self.at += 1;
        }
    }

    fn peek(&self) -> Option<u8> {
        self.text.as_bytes().get(self.at).copied()
    }

    fn rest(&self) -> &'a str {
        self.text.get(self.at..).unwrap_or_default()
    }

    fn error(&self, problem: &'static str) -> DecodeError {
        DecodeError::Json { at: self.at, problem }
    }
}

/// A string with escapes, while it is read: UTF-8 until the first lone surrogate, UTF-16 from then on.
struct Unescaped {
    utf8: String,
    utf16: Option<Vec<u16>>,
}

impl Unescaped {
    fn push(&mut self, text: &str) {
        match &mut self.utf16 {
            None => self.utf8.push_str(text),
            Some(units) => units.extend(text.encode_utf16()),
        }
    }

    fn push_lone(&mut self, unit: u16) {
        self.utf16.get_or_insert_with(|| self.utf8.encode_utf16().collect()).push(unit);
    }

    fn finish(self) -> Text {
        self.utf16.map_or_else(|| self.utf8.into(), |units| Text::from_utf16(&units))
    }
}
