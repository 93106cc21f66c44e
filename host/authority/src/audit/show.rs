use std::fmt::Write as _;

use powerbox_passable::{ErrorValue, Symbol, Text, Value};
use sha2::{Digest as _, Sha256};

use super::Redactor;
use super::redact::SECRET;

/// The longest form of arguments, in characters.
const MAX_SHOWN: usize = 200;
/// The longest text that is shown as it is, in characters.
const MAX_TEXT: usize = 64;
/// The largest integer that is shown as it is, in bits.
const MAX_BITS: u64 = 128;

/// Writes arguments in a short form, and digests them in full.
///
/// Each value goes into the digest as a letter for its kind, the number of what follows where that varies, and its
/// content, so that different arguments have different digests.
pub(super) struct Show<'a> {
    redactor: &'a Redactor,
    shown: String,
    /// How many characters may still be shown.
    room: usize,
    /// Whether something was left out.
    cut: bool,
    hasher: Sha256,
}

/// What is still to be written. A list of them takes the place of recursion, however deep a value is.
enum Step<'v, C> {
    Value(&'static str, &'v Value<C>),
    Property(&'static str, &'v Text, &'v Value<C>),
    Close(&'static str),
}

impl<'a> Show<'a> {
    pub(super) fn new(redactor: &'a Redactor) -> Self {
        Self { redactor, shown: String::new(), room: MAX_SHOWN, cut: false, hasher: Sha256::new() }
    }

    pub(super) fn arguments<C>(&mut self, args: &[Value<C>], name: &dyn Fn(&C) -> Option<String>) {
        self.digest(b'(', args.len());
        let mut steps = Vec::new();
        push_items(&mut steps, args);
        while let Some(step) = steps.pop() {
            match step {
                Step::Close(text) => self.push(text),
                Step::Value(before, value) => {
                    self.push(before);
                    self.value(value, name, &mut steps);
                }
                Step::Property(before, key, value) => {
                    self.push(before);
                    self.name(key);
                    self.push(": ");
                    self.value(value, name, &mut steps);
                }
            }
        }
    }

    pub(super) fn finish(mut self) -> (String, [u8; 32]) {
        if self.cut {
            self.shown.push('…');
        }
        (self.shown, self.hasher.finalize().into())
    }

    fn value<'v, C>(
        &mut self,
        value: &'v Value<C>,
        name: &dyn Fn(&C) -> Option<String>,
        steps: &mut Vec<Step<'v, C>>,
    ) {
        match value {
            Value::Undefined => self.plain(b'u', "undefined"),
            Value::Null => self.plain(b'0', "null"),
            Value::Bool(true) => self.plain(b't', "true"),
            Value::Bool(false) => self.plain(b'f', "false"),
            Value::Number(number) => self.number(*number),
            Value::BigInt(integer) => {
                if integer.bits() > MAX_BITS {
                    // To write a number of a million digits takes long. As bytes it is digested anyway.
                    self.bytes(b'i', &integer.to_signed_bytes_le());
                    self.push("(a large bigint)");
                } else {
                    let text = integer.to_string();
                    if self.kept(&text) {
                        self.bytes(b'i', &integer.to_signed_bytes_le());
                        self.push(&text);
                    }
                }
            }
            Value::Text(text) => self.text(text),
            Value::Symbol(Symbol::Registered(name)) => {
                self.plain(b'y', "Symbol.for(");
                self.text(name);
                self.push(")");
            }
            Value::Symbol(Symbol::WellKnown(name)) => {
                self.plain(b'w', "Symbol.");
                self.name(name);
            }
            Value::List(items) => {
                self.digest(b'[', items.len());
                self.push("[");
                steps.push(Step::Close("]"));
                push_items(steps, items);
            }
            Value::Record(record) => {
                self.digest(b'{', record.len());
                self.push("{");
                steps.push(Step::Close("}"));
                let start = steps.len();
                let properties = record.iter().enumerate();
                steps.extend(properties.map(|(n, (key, value))| Step::Property(separator(n), key, value)));
                reverse(steps, start);
            }
            Value::Tagged(tagged) => {
                self.plain(b'#', "");
                self.name(&tagged.tag);
                steps.push(Step::Close(")"));
                steps.push(Step::Value("(", &tagged.payload));
            }
            Value::Error(error) => self.error(error, steps),
            Value::Capability(reference) => match name(reference) {
                Some(name) => self.reference(&name),
                None => self.plain(b'c', "a reference"),
            },
        }
    }

    fn error<'v, C>(&mut self, error: &'v ErrorValue<C>, steps: &mut Vec<Step<'v, C>>) {
        let parts = error.errors.as_deref();
        self.plain(b'e', "");
        self.hasher.update([u8::from(error.cause.is_some()), u8::from(parts.is_some())]);
        self.digest(b'p', parts.map_or(0, <[_]>::len));
        self.name(&error.name);
        self.push("(");
        self.text(&error.message);
        // The id is not part of the value, yet it came with it.
        match &error.error_id {
            Some(id) => self.identify(id),
            None => self.hasher.update(b"-"),
        }
        steps.push(Step::Close(")"));
        if let Some(parts) = parts {
            steps.push(Step::Close("]"));
            push_items(steps, parts);
            steps.push(Step::Close(", errors: ["));
        }
        if let Some(cause) = &error.cause {
            steps.push(Step::Value(", cause: ", cause));
        }
    }

    /// Writes the name of a reference.
    fn reference(&mut self, name: &str) {
        if self.kept(name) {
            self.bytes(b'n', name.as_bytes());
            self.push("`");
            self.push(&crate::text::clean_line(name));
            self.push("`");
        }
    }

    fn identify(&mut self, id: &Text) {
        let lossy = id.to_string_lossy();
        if self.redactor.is_secret(&lossy) {
            self.hasher.update(b"s");
        } else {
            self.digest_text(id);
        }
    }

    /// Writes a text in quotes, or its length if it is long.
    fn text(&mut self, text: &Text) {
        let lossy = text.to_string_lossy();
        if !self.kept(&lossy) {
            return;
        }
        self.digest_text(text);
        match length_above(&lossy, MAX_TEXT) {
            Some(length) => self.push(&format!("(text of {length} characters)")),
            None => self.push(&quote(&lossy)),
        }
    }

    /// Writes a property's name, a tag or a class.
    fn name(&mut self, name: &Text) {
        let lossy = name.to_string_lossy();
        if !self.kept(&lossy) {
            return;
        }
        self.digest_text(name);
        match length_above(&lossy, MAX_TEXT) {
            Some(length) => self.push(&format!("(name of {length} characters)")),
            None => self.push(&crate::text::clean_line(&lossy)),
        }
    }

    fn number(&mut self, number: f64) {
        let mut text = String::new();
        // A text written to memory cannot fail.
        let _ = match number {
            _ if number.is_infinite() && number > 0.0 => write!(text, "Infinity"),
            _ if number.is_infinite() => write!(text, "-Infinity"),
            _ if number != 0.0 && !(1e-6..1e21).contains(&number.abs()) && !number.is_nan() => {
                write!(text, "{number:e}")
            }
            _ => write!(text, "{number}"),
        };
        if self.kept(&text) {
            let bits = if number.is_nan() { f64::NAN.to_bits() } else { number.to_bits() };
            self.hasher.update(b"d");
            self.hasher.update(bits.to_le_bytes());
            self.push(&text);
        }
    }

    /// Tells whether something holds no secret. If it does, that is written instead of it.
    fn kept(&mut self, text: &str) -> bool {
        let secret = self.redactor.is_secret(text);
        if secret {
            self.plain(b's', SECRET);
        }
        !secret
    }

    fn plain(&mut self, kind: u8, shown: &str) {
        self.hasher.update([kind]);
        self.push(shown);
    }

    fn digest(&mut self, kind: u8, length: usize) {
        self.hasher.update([kind]);
        self.hasher.update((length as u64).to_le_bytes());
    }

    fn bytes(&mut self, kind: u8, bytes: &[u8]) {
        self.digest(kind, bytes.len());
        self.hasher.update(bytes);
    }

    fn digest_text(&mut self, text: &Text) {
        if let Some(text) = text.as_str() {
            self.bytes(b'x', text.as_bytes());
        } else {
            self.digest(b'z', text.utf16_units().count());
            text.utf16_units().for_each(|unit| self.hasher.update(unit.to_le_bytes()));
        }
    }

    /// Shows as much of a text as there is room for.
    fn push(&mut self, text: &str) {
        if text.is_empty() || self.cut {
            return;
        }
        let length = text.chars().count();
        if length <= self.room {
            self.shown.push_str(text);
            self.room -= length;
        } else {
            self.shown.extend(text.chars().take(self.room));
            self.room = 0;
            self.cut = true;
        }
    }
}

/// Adds items, to be taken from the first to the last.
fn push_items<'v, C>(steps: &mut Vec<Step<'v, C>>, items: &'v [Value<C>]) {
    let start = steps.len();
    steps.extend(items.iter().enumerate().map(|(n, item)| Step::Value(separator(n), item)));
    reverse(steps, start);
}

fn reverse<C>(steps: &mut [Step<'_, C>], start: usize) {
    if let Some(added) = steps.get_mut(start..) {
        added.reverse();
    }
}

fn separator(index: usize) -> &'static str {
    if index == 0 { "" } else { ", " }
}

/// The number of characters, if it is larger than that.
fn length_above(text: &str, most: usize) -> Option<usize> {
    if text.len() <= most {
        return None;
    }
    Some(text.chars().count()).filter(|length| *length > most)
}

/// Puts a text in quotes, each character that is not plain as an escape.
fn quote(text: &str) -> String {
    let mut quoted = String::with_capacity(text.len() + 2);
    quoted.push('"');
    // Whole pieces are cleaned: what is seen of a joiner depends on what stands beside it.
    for piece in text.split_inclusive(['"', '\\']) {
        let plain = piece.strip_suffix(['"', '\\']).unwrap_or(piece);
        quoted.push_str(&crate::text::clean_line(plain));
        quoted.extend(piece.get(plain.len()..).unwrap_or_default().chars().flat_map(|mark| ['\\', mark]));
    }
    quoted.push('"');
    quoted
}
