//! Every case of `marshal.json`: bodies recorded from `@endo/marshal`.

// Here a panic is a failed test.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

use std::{collections::HashMap, fs};

use powerbox_passable::{
    BigInt, DecodeError, ErrorValue, Limits, Mentions, ReadSlot, SlotError, SlotKind, Symbol, Tagged, Text,
    Value, WriteSlot, WrittenSlot, capdata, decode, is_interface_name, smallcaps,
};
use serde_json::Value as Json;

/// A capability as the vectors tell it: its slot, and the interface of an object.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
struct Cap {
    slot: String,
    iface: Option<String>,
}

fn kind_of(slot: &str) -> SlotKind {
    if slot.starts_with('p') { SlotKind::Promise } else { SlotKind::Object }
}

/// Makes a capability of each slot when it is first mentioned, as captp does with slots that it has not seen.
struct Imports<'a> {
    slots: &'a [Json],
    made: HashMap<usize, Cap>,
}

impl ReadSlot<Cap> for Imports<'_> {
    fn read_slot(
        &mut self,
        index: usize,
        kind: Option<SlotKind>,
        iface: Option<&str>,
    ) -> Result<Cap, SlotError> {
        let slot = self.slots.get(index).and_then(Json::as_str).ok_or(SlotError::Missing(index))?;
        let real = kind_of(slot);
        if kind.is_some_and(|kind| kind != real) {
            return Err(SlotError::Kind(index));
        }
        if let Some(cap) = self.made.get(&index) {
            return Ok(cap.clone());
        }
        let iface = match (real, iface) {
            (SlotKind::Promise, _) => None,
            (SlotKind::Object, None) => Some(format!("Alleged: Presence vec {slot}")),
            (SlotKind::Object, Some(iface)) if is_interface_name(iface) => Some(iface.to_owned()),
            (SlotKind::Object, Some(iface)) => return Err(SlotError::Interface(iface.to_owned())),
        };
        let cap = Cap { slot: slot.to_owned(), iface };
        self.made.insert(index, cap.clone());
        Ok(cap)
    }
}

struct Exports {
    mentions: Mentions<Cap>,
    errors: Option<u32>,
}

impl WriteSlot<Cap> for Exports {
    fn write_slot(&mut self, cap: &Cap) -> Result<WrittenSlot<'_>, SlotError> {
        let (index, first) = self.mentions.mention(cap);
        let iface = cap.iface.clone().filter(|_| first).map(Into::into);
        Ok(WrittenSlot { index, kind: kind_of(&cap.slot), iface })
    }

    fn error_id(&mut self) -> Option<String> {
        self.errors = Some(self.errors? + 1);
        Some(format!("error:captp:vec#{}", self.errors?))
    }
}

fn vectors() -> Json {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/vectors/marshal.json");
    serde_json::from_str(&fs::read_to_string(path).unwrap()).unwrap()
}

fn cases(list: &str) -> Vec<Json> {
    let vectors = vectors();
    let cases = vectors[list].as_array().unwrap().clone();
    assert_eq!(cases.len() as u64, vectors["counts"][list].as_u64().unwrap(), "the file is complete");
    cases
}

fn text(json: &Json) -> Text {
    match json {
        Json::String(text) => text.as_str().into(),
        Json::Array(units) => {
            Text::from_utf16(&units.iter().map(|unit| unit.as_u64().unwrap() as u16).collect::<Vec<_>>())
        }
        other => panic!("{other} is no text"),
    }
}

/// Makes a value of the neutral form of the vectors.
fn neutral(json: &Json) -> Value<Cap> {
    let v = &json["v"];
    let list = |json: &Json| json.as_array().unwrap().iter().map(neutral).collect::<Vec<_>>();
    match json["t"].as_str().unwrap() {
        "undefined" => Value::Undefined,
        "null" => Value::Null,
        "boolean" => Value::Bool(v.as_bool().unwrap()),
        "number" => {
            Value::Number(f64::from_bits(u64::from_str_radix(json["bits"].as_str().unwrap(), 16).unwrap()))
        }
        "bigint" => Value::BigInt(v.as_str().unwrap().parse::<BigInt>().unwrap()),
        "string" => Value::Text(text(json.get("utf16").unwrap_or(v))),
        "symbol" if json["kind"] == "wellKnown" => Value::Symbol(Symbol::WellKnown(text(v))),
        "symbol" => Value::Symbol(Symbol::Registered(text(v))),
        "array" => Value::List(list(v)),
        "record" => {
            Value::record(v.as_array().unwrap().iter().map(|entry| (text(&entry[0]), neutral(&entry[1]))))
        }
        "tagged" => {
            Value::Tagged(Box::new(Tagged { tag: text(&json["tag"]), payload: neutral(&json["payload"]) }))
        }
        "error" => Value::Error(Box::new(ErrorValue {
            name: text(&json["name"]),
            message: text(&json["message"]),
            error_id: None,
            cause: json.get("cause").map(neutral),
            errors: json.get("errors").map(list),
        })),
        "remotable" => Value::Capability(Cap {
            slot: json["slot"].as_str().unwrap().to_owned(),
            iface: Some(json["iface"].as_str().unwrap().to_owned()),
        }),
        "promise" => Value::Capability(Cap { slot: json["slot"].as_str().unwrap().to_owned(), iface: None }),
        other => panic!("unknown type {other}"),
    }
}

fn read(body: &str, slots: &Json) -> Result<Value<Cap>, DecodeError> {
    let slots = slots.as_array().unwrap();
    decode(body, &mut Imports { slots, made: HashMap::new() }, &Limits::default())
}

fn write(value: &Value<Cap>, format: &str, tag_errors: bool) -> (String, Json) {
    let mut exports = Exports { mentions: Mentions::default(), errors: tag_errors.then_some(20_000) };
    let mut body = String::new();
    match format {
        "capdata" => capdata::encode(value, &mut exports, &mut body).unwrap(),
        _ => smallcaps::encode(value, &mut exports, &mut body).unwrap(),
    }
    (body, exports.mentions.order().iter().map(|cap| Json::from(cap.slot.as_str())).collect())
}

#[test]
fn values_are_written_byte_for_byte() {
    for case in cases("values") {
        for format in ["capdata", "smallcaps"] {
            let (body, slots) = write(&neutral(&case["value"]), format, case["name"] != "error untagged");
            assert_eq!(body, case[format]["body"].as_str().unwrap(), "{} in {format}", case["name"]);
            assert_eq!(slots, case[format]["slots"], "{} in {format}", case["name"]);
        }
    }
}

#[test]
fn values_are_read() {
    for case in cases("values") {
        let value = neutral(case.get("decoded").unwrap_or(&case["value"]));
        assert_eq!(case["roundtrip"], case.get("decoded").is_none(), "{}", case["name"]);
        for format in ["capdata", "smallcaps"] {
            let read = read(case[format]["body"].as_str().unwrap(), &case[format]["slots"]).unwrap();
            assert_eq!(read, value, "{} in {format}", case["name"]);
        }
    }
}

#[test]
fn bodies_that_are_never_written_are_read() {
    for case in cases("decodeOnly") {
        let body = case["body"].as_str().unwrap();
        assert_eq!(body.starts_with('#'), case["format"] == "smallcaps", "{}", case["name"]);
        let value = read(body, &case["slots"]).unwrap_or_else(|error| panic!("{}: {error}", case["name"]));
        assert_eq!(value, neutral(&case["value"]), "{}", case["name"]);
    }
}

#[test]
fn invalid_bodies_are_refused_with_an_error_of_the_same_class() {
    for case in cases("invalid") {
        if case["format"] == "envelope" {
            // Such a pair never gets as far as a body; that the protocol refuses it is tested with captp.
            assert!(
                !(case["data"]["body"].is_string() && case["data"]["slots"].is_array()),
                "{}",
                case["name"]
            );
            continue;
        }
        let error = match read(case["body"].as_str().unwrap(), &case["slots"]) {
            Ok(value) => panic!("{} gave {value:?}", case["name"]),
            Err(error) => error,
        };
        assert_eq!(error.js_class(), case["error"]["name"].as_str().unwrap(), "{}: {error}", case["name"]);
    }
}

/// What JavaScript's encoder refuses is not among the values of Rust: their types have no place for it.
#[test]
fn unencodable_values_do_not_exist() {
    let no_such_kind = ["byte array", "typed array", "array buffer", "map", "date", "regexp", "thenable"];
    let objects_are_marked = ["plain function", "object with methods", "null prototype", "nested odd error"];
    let data_is_plain =
        ["unregistered symbol", "accessor", "symbol key", "sparse array", "array with property", "cycle"];
    let mut known = [&no_such_kind[..], &objects_are_marked, &data_is_plain].concat();
    known.sort_unstable();
    let cases = cases("unencodable");
    let mut found: Vec<_> = cases.iter().map(|case| case["name"].as_str().unwrap()).collect();
    found.sort_unstable();
    assert_eq!(found, known);
}
