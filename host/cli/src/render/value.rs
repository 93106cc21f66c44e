use num_bigint::BigInt;
use powerbox_captp::{Object, Value};
use powerbox_core::text::clean_line;
use powerbox_passable::{Mentions, SlotError, SlotKind, Symbol, WriteSlot, WrittenSlot, capdata};
use serde_json::Value as Json;

/// How deep a value is shown.
const DEPTH: usize = 12;
/// How wide a list or record may be to stay on one line.
const WIDTH: usize = 100;

/// Shows a value much as JavaScript's consoles do. Text that is the whole value stands as it is.
pub(crate) fn text(value: &Value) -> String {
    match value {
        Value::Text(text) => powerbox_core::text::clean(&text.to_string_lossy()),
        value => shown(value, 0),
    }
}

fn shown(value: &Value, depth: usize) -> String {
    match value {
        Value::Undefined => "undefined".to_owned(),
        Value::Null => "null".to_owned(),
        Value::Bool(flag) => flag.to_string(),
        Value::Number(number) => number_text(*number),
        Value::BigInt(integer) => format!("{}n", bigint_text(integer)),
        Value::Text(text) => quoted(&text.to_string_lossy()),
        Value::Symbol(Symbol::Registered(name)) => format!("Symbol.for({})", quoted(&name.to_string_lossy())),
        Value::Symbol(Symbol::WellKnown(name)) => format!("Symbol.{}", clean_line(&name.to_string_lossy())),
        Value::List(items) => {
            let items = items.iter().map(|item| shown_within(item, depth)).collect();
            enclosed("[", items, "]", depth)
        }
        Value::Record(record) => {
            let entries = record
                .iter()
                .map(|(key, value)| {
                    format!("{}: {}", key_text(&key.to_string_lossy()), shown_within(value, depth))
                })
                .collect();
            enclosed("{", entries, "}", depth)
        }
        Value::Tagged(tagged) => {
            let tag = clean_line(&tagged.tag.to_string_lossy());
            format!("{tag}({})", shown_within(&tagged.payload, depth))
        }
        Value::Error(error) => {
            format!(
                "{}: {}",
                clean_line(&error.name.to_string_lossy()),
                clean_line(&error.message.to_string_lossy())
            )
        }
        Value::Capability(object) => reference(object),
    }
}

fn shown_within(value: &Value, depth: usize) -> String {
    if depth >= DEPTH { "…".to_owned() } else { shown(value, depth + 1) }
}

fn reference(object: &Object) -> String {
    let interface = object.interface();
    let name = interface.as_deref().map(|name| name.strip_prefix("Alleged: ").unwrap_or(name));
    match (object.is_promise(), name) {
        (true, _) => "<promise>".to_owned(),
        (false, Some(name)) => format!("<{}>", clean_line(name)),
        (false, None) => "<object>".to_owned(),
    }
}

fn enclosed(open: &str, items: Vec<String>, close: &str, depth: usize) -> String {
    if items.is_empty() {
        return format!("{open}{close}");
    }
    let width: usize = items.iter().map(|item| item.chars().count() + 2).sum();
    if width + 2 * depth <= WIDTH && items.iter().all(|item| !item.contains('\n')) {
        let padding = if open == "{" { " " } else { "" };
        return format!("{open}{padding}{}{padding}{close}", items.join(", "));
    }
    let indent = "  ".repeat(depth + 1);
    format!("{open}\n{indent}{}\n{}{close}", items.join(&format!(",\n{indent}")), "  ".repeat(depth))
}

fn quoted(text: &str) -> String {
    Json::String(clean_line(text)).to_string()
}

fn key_text(key: &str) -> String {
    let plain = !key.is_empty()
        && !key.starts_with(|c: char| c.is_ascii_digit())
        && key.chars().all(|c| c.is_ascii_alphanumeric() || c == '_' || c == '$');
    if plain { key.to_owned() } else { quoted(key) }
}

fn number_text(number: f64) -> String {
    if number.is_nan() {
        "NaN".to_owned()
    } else if number.is_infinite() {
        if number > 0.0 { "Infinity".to_owned() } else { "-Infinity".to_owned() }
    } else if number == 0.0 && number.is_sign_negative() {
        "-0".to_owned()
    } else {
        number.to_string()
    }
}

/// Spelling a bigint takes time that grows with the square of its length.
fn bigint_text(integer: &BigInt) -> String {
    if integer.bits() > 100_000 {
        format!("(an integer of {} bits)", integer.bits())
    } else {
        integer.to_string()
    }
}

/// Spells a value as JSON. What JSON has no word for is spelled as Endo's capdata does, with `@qclass`; references
/// are shown by their interface names.
pub(crate) fn json(value: &Value) -> Json {
    let mut body = String::new();
    match capdata::encode(value, &mut Shown(Mentions::default()), &mut body) {
        // A lone surrogate is legal in capdata and not in JSON texts of Rust.
        Ok(()) => serde_json::from_str(&body).unwrap_or(Json::String(body)),
        Err(error) => serde_json::json!({ "error": error.to_string() }),
    }
}

struct Shown(Mentions<Object>);

impl WriteSlot<Object> for Shown {
    fn write_slot(&mut self, object: &Object) -> Result<WrittenSlot<'_>, SlotError> {
        let (index, first) = self.0.mention(object);
        let kind = if object.is_promise() { SlotKind::Promise } else { SlotKind::Object };
        let iface = if first { object.interface().map(Into::into) } else { None };
        Ok(WrittenSlot { index, kind, iface })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_read_like_a_console() {
        let value = Value::record([
            ("a", Value::bigint(1)),
            (
                "b c",
                Value::list([Value::Undefined, Value::Null, Value::Number(f64::NAN), Value::Number(-0.0)]),
            ),
            ("d", Value::text("two\nlines\u{1b}")),
        ]);
        assert_eq!(text(&value), r#"{ a: 1n, "b c": [undefined, null, NaN, -0], d: "two\\nlines\\u{1b}" }"#);
        assert_eq!(text(&Value::text("as\nit is")), "as\nit is");
    }

    #[test]
    fn json_keeps_what_json_has_no_word_for() {
        let value = Value::list([Value::bigint(12), Value::Undefined, Value::text("x")]);
        assert_eq!(
            json(&value).to_string(),
            r#"[{"@qclass":"bigint","digits":"12"},{"@qclass":"undefined"},"x"]"#
        );
    }
}
