//! Smallcaps: the format of stored values and plugin boundaries, which marks what JSON can not say with the first
//! character of a string. Bodies start with `#`.

use std::fmt::Write as _;

use crate::{
    BigInt, DecodeError, EncodeError, Limits, ReadSlot, SlotKind, Text, Value, WriteSlot, WrittenSlot,
    decode::{self, ErrorPart, Format, Frame, Object, Reader, Step},
    encode::{self, Spelling, write_text},
    error::excerpt,
    json::Node,
    number,
};

/// Reads a body.
pub fn decode<C>(body: &str, slots: &mut impl ReadSlot<C>, limits: &Limits) -> Result<Value<C>, DecodeError> {
    let json = body.strip_prefix('#').ok_or(DecodeError::Json { at: 0, problem: "expected `#`" })?;
    decode::decode::<C, _, Smallcaps>(json, slots, limits).map_err(|error| match error {
        DecodeError::Json { at, problem } => DecodeError::Json { at: at + 1, problem },
        other => other,
    })
}

/// Appends the body of a value to `out`, byte for byte as Endo does.
///
/// After an error nothing has been appended, but slots may have been numbered.
pub fn encode<C>(
    value: &Value<C>,
    slots: &mut impl WriteSlot<C>,
    out: &mut String,
) -> Result<(), EncodeError> {
    encode::encode::<C, _, Smallcaps>(value, slots, out)
}

struct Smallcaps;

/// Tells whether a string that starts with this means something else, or will one day.
fn is_special(first: u8) -> bool {
    (b'!'..=b'-').contains(&first)
}

fn first_unit(text: &Text) -> Option<u8> {
    text.utf16_units().next().and_then(|unit| u8::try_from(unit).ok())
}

/// Gives the text that a string without special meaning stands for, or `None` if it has one.
fn literal(node: &mut Node<'_>) -> Option<Text> {
    let first = match node {
        Node::Plain(text) => text.bytes().next(),
        Node::Escaped(text) => first_unit(text),
        _ => return None,
    };
    match first {
        Some(b'!') => node.to_text()?.strip_prefix("!"),
        Some(first) if is_special(first) => None,
        _ => node.take_text(),
    }
}

fn reserved(text: &Text) -> DecodeError {
    DecodeError::Unrecognized { what: "mark at the start of string", found: excerpt(&text.to_string_lossy()) }
}

impl Format for Smallcaps {
    fn string<C, S: ReadSlot<C>>(
        reader: &mut Reader<'_, '_, C, S, Self>,
        at: usize,
    ) -> Result<Value<C>, DecodeError> {
        if let Some(text) = reader.literal(at) {
            return Ok(Value::Text(text));
        }
        let text = reader.take_text(at)?;
        let lossy = text.to_string_lossy();
        Ok(match lossy.as_bytes().first() {
            Some(b'%') => decode::symbol(text.strip_prefix("%").unwrap_or_default())?,
            Some(b'#') => match lossy.as_ref() {
                "#undefined" => Value::Undefined,
                "#NaN" => Value::Number(f64::NAN),
                "#Infinity" => Value::Number(f64::INFINITY),
                "#-Infinity" => Value::Number(f64::NEG_INFINITY),
                _ => return Err(DecodeError::Unrecognized { what: "constant", found: excerpt(&lossy) }),
            },
            Some(b'+' | b'-') => reader.bigint(&lossy)?,
            Some(b'$') => slot(reader, SlotKind::Object, lossy.strip_prefix('$').unwrap_or_default())?,
            Some(b'&') => slot(reader, SlotKind::Promise, lossy.strip_prefix('&').unwrap_or_default())?,
            _ => return Err(reserved(&text)),
        })
    }

    fn key(node: &mut Node<'_>) -> Result<Text, DecodeError> {
        literal(node).ok_or_else(|| {
            let name = node.to_text().unwrap_or_default();
            DecodeError::Property { of: "a record", name: excerpt(&name.to_string_lossy()) }
        })
    }

    fn is_mark(key: &Node<'_>) -> bool {
        match key {
            Node::Plain(key) => key.starts_with('#'),
            Node::Escaped(key) => first_unit(key) == Some(b'#'),
            _ => false,
        }
    }

    fn marked<C, S: ReadSlot<C>>(
        reader: &mut Reader<'_, '_, C, S, Self>,
        object: Object,
    ) -> Result<Step<C>, DecodeError> {
        if let Some(tag) = reader.member(object, "#tag") {
            return tagged(reader, object, tag);
        }
        if reader.member(object, "#error").is_some() {
            return error(reader, object);
        }
        let mark = reader.keys(object).find(|(_, key)| Self::is_mark(key)).and_then(|(_, key)| key.to_text());
        let name = excerpt(&mark.unwrap_or_default().to_string_lossy());
        Err(DecodeError::Unrecognized { what: "record type", found: name })
    }
}

fn tagged<C, S: ReadSlot<C>>(
    reader: &mut Reader<'_, '_, C, S, Smallcaps>,
    object: Object,
    tag: usize,
) -> Result<Step<C>, DecodeError> {
    let known = |key: &Node<'_>| matches!(key.as_str(), Some("#tag" | "payload"));
    if let Some((_, key)) = reader.keys(object).find(|(_, key)| !known(key)) {
        let name = key.to_text().unwrap_or_default();
        return Err(DecodeError::Property { of: "a tagged value", name: excerpt(&name.to_string_lossy()) });
    }
    let payload =
        reader.member(object, "payload").ok_or(DecodeError::Missing("payload of a tagged value"))?;
    let found = match reader.node(tag)?.type_of() {
        "string" => "one that stands for something else",
        other => other,
    };
    let tag = reader.literal(tag).ok_or(DecodeError::Type {
        what: "the tag of a tagged value",
        expected: "a string",
        found,
    })?;
    Ok(Step::Enter(Frame::Tagged { tag }, payload))
}

fn error<C, S: ReadSlot<C>>(
    reader: &mut Reader<'_, '_, C, S, Smallcaps>,
    object: Object,
) -> Result<Step<C>, DecodeError> {
    if reader.member(object, "message").is_some() {
        return Err(DecodeError::Property { of: "an error", name: "message".to_owned() });
    }
    if reader.member(object, "name").is_none() {
        return Err(DecodeError::Missing("name of an error"));
    }
    reader.error(object, |key| {
        Some(match key.as_str() {
            Some("name") => ErrorPart::Name,
            Some("#error") => ErrorPart::Message,
            Some("errorId") => ErrorPart::Id,
            Some("cause") => ErrorPart::Cause,
            Some("errors") => ErrorPart::Errors,
            _ => ErrorPart::Other,
        })
    })
}

/// Reads what follows the mark of a slot: its index, and after a dot its interface.
fn slot<C, S: ReadSlot<C>>(
    reader: &mut Reader<'_, '_, C, S, Smallcaps>,
    kind: SlotKind,
    text: &str,
) -> Result<Value<C>, DecodeError> {
    let (index, iface) = match text.split_once('.') {
        Some((index, iface)) => (index, Some(iface)),
        None => (text, None),
    };
    let index = number::read_natural(index).ok_or_else(|| DecodeError::SlotIndex(excerpt(index)))?;
    reader.slot(index, Some(kind), iface)
}

impl<C, S: ReadSlot<C>> Reader<'_, '_, C, S, Smallcaps> {
    fn literal(&mut self, at: usize) -> Option<Text> {
        self.node_mut(at).and_then(literal)
    }
}

impl Spelling for Smallcaps {
    const START: &str = "#";
    const UNDEFINED: &str = r##""#undefined""##;
    const NAN: &str = r##""#NaN""##;
    const INFINITY: &str = r##""#Infinity""##;
    const NEGATIVE_INFINITY: &str = r##""#-Infinity""##;
    const TAG: &str = r##"{"#tag":"##;
    const MARKS_ARE_OBJECTS: bool = false;

    fn text(text: &Text, out: &mut String) {
        write_text(if first_unit(text).is_some_and(is_special) { "!" } else { "" }, text, out);
    }

    fn bigint(value: &BigInt, out: &mut String) {
        // Writing to a string does not fail.
        let _ = write!(out, r#""{value:+}""#);
    }

    fn symbol(prefix: &str, name: &Text, out: &mut String) {
        write_text(if prefix.is_empty() { "%" } else { "%@@" }, name, out);
    }

    fn slot(slot: &WrittenSlot<'_>, out: &mut String) {
        let mark = match slot.kind {
            SlotKind::Object => '$',
            SlotKind::Promise => '&',
        };
        let mut text = format!("{mark}{}", slot.index);
        if let Some(iface) = &slot.iface {
            text.push('.');
            text.push_str(iface);
        }
        write_text("", &text.into(), out);
    }

    fn error(name: &Text, message: &Text, id: Option<&Text>, out: &mut String) {
        out.push_str(r##"{"#error":"##);
        Self::text(message, out);
        if let Some(id) = id {
            out.push_str(r#","errorId":"#);
            Self::text(id, out);
        }
        out.push_str(r#","name":"#);
        Self::text(name, out);
        out.push('}');
    }
}
