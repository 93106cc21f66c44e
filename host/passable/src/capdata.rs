//! Capdata: the format of CapTP, which marks what JSON can not say with objects that have a property `@qclass`.

use std::fmt::Write as _;

use crate::{
    BigInt, DecodeError, EncodeError, Limits, ReadSlot, Text, Value, WriteSlot, WrittenSlot,
    decode::{self, ErrorPart, Format, Frame, MARK, Object, Reader, Step},
    encode::{self, Spelling, write_text},
    error::excerpt,
    json::Node,
};

/// Reads a body.
pub fn decode<C>(body: &str, slots: &mut impl ReadSlot<C>, limits: &Limits) -> Result<Value<C>, DecodeError> {
    decode::decode::<C, _, Capdata>(body, slots, limits)
}

/// Appends the body of a value to `out`, byte for byte as Endo does.
///
/// After an error nothing has been appended, but slots may have been numbered.
pub fn encode<C>(
    value: &Value<C>,
    slots: &mut impl WriteSlot<C>,
    out: &mut String,
) -> Result<(), EncodeError> {
    encode::encode::<C, _, Capdata>(value, slots, out)
}

struct Capdata;

impl Format for Capdata {
    fn string<C, S: ReadSlot<C>>(
        reader: &mut Reader<'_, '_, C, S, Self>,
        at: usize,
    ) -> Result<Value<C>, DecodeError> {
        reader.take_text(at).map(Value::Text)
    }

    fn key(node: &mut Node<'_>) -> Result<Text, DecodeError> {
        node.take_text().ok_or(DecodeError::Missing("key"))
    }

    fn is_mark(key: &Node<'_>) -> bool {
        key.as_str() == Some(MARK)
    }

    fn marked<C, S: ReadSlot<C>>(
        reader: &mut Reader<'_, '_, C, S, Self>,
        object: Object,
    ) -> Result<Step<C>, DecodeError> {
        let mark = text_of(reader, object, MARK, MARK)?;
        // Text that is not well formed is no mark either.
        let value = match mark.as_str().unwrap_or_default() {
            "undefined" => Value::Undefined,
            "NaN" => Value::Number(f64::NAN),
            "Infinity" => Value::Number(f64::INFINITY),
            "-Infinity" => Value::Number(f64::NEG_INFINITY),
            "bigint" => {
                let digits = text_of(reader, object, "digits", "the digits of a bigint")?;
                reader.bigint(&digits.to_string_lossy())?
            }
            // Deprecated: how the one symbol was written before there were others.
            "@@asyncIterator" => decode::symbol(mark)?,
            "symbol" => decode::symbol(text_of(reader, object, "name", "the name of a symbol")?)?,
            "tagged" => {
                let tag = text_of(reader, object, "tag", "the tag of a tagged value")?;
                return Ok(match reader.member(object, "payload") {
                    Some(payload) => Step::Enter(Frame::Tagged { tag }, payload),
                    None => {
                        Step::Done(Value::Tagged(Box::new(crate::Tagged { tag, payload: Value::Undefined })))
                    }
                });
            }
            "slot" => slot(reader, object)?,
            "error" => {
                return reader.error(object, |key| match key.as_str() {
                    Some(MARK) => None,
                    Some("name") => Some(ErrorPart::Name),
                    Some("message") => Some(ErrorPart::Message),
                    Some("errorId") => Some(ErrorPart::Id),
                    Some("cause") => Some(ErrorPart::Cause),
                    Some("errors") => Some(ErrorPart::Errors),
                    _ => Some(ErrorPart::Other),
                });
            }
            "hilbert" => return hilbert(reader, object),
            // A mark that once meant a value mentioned before.
            "ibid" => {
                return Err(DecodeError::Unrecognized { what: "@qclass of old", found: "ibid".to_owned() });
            }
            _ => {
                let found = excerpt(&mark.to_string_lossy());
                return Err(DecodeError::Unrecognized { what: MARK, found });
            }
        };
        Ok(Step::Done(value))
    }
}

fn text_of<C, S: ReadSlot<C>>(
    reader: &Reader<'_, '_, C, S, Capdata>,
    object: Object,
    name: &str,
    what: &'static str,
) -> Result<Text, DecodeError> {
    let node = reader.member(object, name).map(|at| reader.node(at)).transpose()?;
    node.and_then(Node::to_text).ok_or(DecodeError::Type {
        what,
        expected: "a string",
        found: node.map_or("undefined", Node::type_of),
    })
}

fn slot<C, S: ReadSlot<C>>(
    reader: &mut Reader<'_, '_, C, S, Capdata>,
    object: Object,
) -> Result<Value<C>, DecodeError> {
    let known = |key: &Node<'_>| matches!(key.as_str(), Some(MARK | "iface" | "index"));
    if let Some((_, key)) = reader.keys(object).find(|(_, key)| !known(key)) {
        let name = key.to_text().unwrap_or_default();
        return Err(DecodeError::Property { of: "a slot", name: excerpt(&name.to_string_lossy()) });
    }
    let index = reader.member(object, "index").ok_or(DecodeError::Missing("index of a slot"))?;
    let index = match reader.node(index)? {
        Node::Number(index) => *index,
        other => {
            return Err(DecodeError::Type {
                what: "the index of a slot",
                expected: "a number",
                found: other.type_of(),
            });
        }
    };
    let iface = match reader.member(object, "iface") {
        // What is no text is no interface name, but that matters for objects only.
        Some(iface) => Some(reader.node(iface)?.to_text().unwrap_or_default()),
        None => None,
    };
    reader.slot(index, None, iface.as_ref().map(Text::to_string_lossy).as_deref())
}

/// Reads a record that has a property `@qclass` of its own, which is kept apart from the rest.
fn hilbert<C, S: ReadSlot<C>>(
    reader: &mut Reader<'_, '_, C, S, Capdata>,
    object: Object,
) -> Result<Step<C>, DecodeError> {
    let original = reader.member(object, "original").ok_or(DecodeError::Type {
        what: "the original of a record",
        expected: "a value",
        found: "undefined",
    })?;
    let rest = reader.member(object, "rest");
    if let Some(rest) = rest
        && !matches!(reader.node(rest)?, Node::Object { members: 1.., .. })
    {
        return Err(DecodeError::Type {
            what: "the rest of a record",
            expected: "an object that is not empty",
            found: reader.node(rest)?.type_of(),
        });
    }
    Ok(Step::Enter(Frame::HilbertOriginal { rest }, original))
}

impl Spelling for Capdata {
    const START: &str = "";
    const UNDEFINED: &str = r#"{"@qclass":"undefined"}"#;
    const NAN: &str = r#"{"@qclass":"NaN"}"#;
    const INFINITY: &str = r#"{"@qclass":"Infinity"}"#;
    const NEGATIVE_INFINITY: &str = r#"{"@qclass":"-Infinity"}"#;
    const TAG: &str = r#"{"@qclass":"tagged","tag":"#;
    const MARKS_ARE_OBJECTS: bool = true;

    fn text(text: &Text, out: &mut String) {
        write_text("", text, out);
    }

    fn bigint(value: &BigInt, out: &mut String) {
        // Writing to a string does not fail.
        let _ = write!(out, r#"{{"@qclass":"bigint","digits":"{value}"}}"#);
    }

    fn symbol(prefix: &str, name: &Text, out: &mut String) {
        out.push_str(r#"{"@qclass":"symbol","name":"#);
        write_text(prefix, name, out);
        out.push('}');
    }

    fn slot(slot: &WrittenSlot<'_>, out: &mut String) {
        out.push_str(r#"{"@qclass":"slot","#);
        if let Some(iface) = &slot.iface {
            out.push_str(r#""iface":"#);
            write_text("", &Text::from(iface.as_ref()), out);
            out.push(',');
        }
        let _ = write!(out, r#""index":{}}}"#, slot.index);
    }

    fn error(name: &Text, message: &Text, id: Option<&Text>, out: &mut String) {
        out.push_str(r#"{"@qclass":"error","#);
        if let Some(id) = id {
            out.push_str(r#""errorId":"#);
            Self::text(id, out);
            out.push(',');
        }
        out.push_str(r#""message":"#);
        Self::text(message, out);
        out.push_str(r#","name":"#);
        Self::text(name, out);
        out.push('}');
    }
}
