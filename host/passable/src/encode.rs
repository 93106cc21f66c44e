//! What writing capdata and smallcaps has in common: walking a value without recursion.

use crate::{
    BigInt, EncodeError, ErrorValue, Limits, Symbol, Text, Value, WriteSlot, WrittenSlot,
    decode::{MARK, is_well_known},
    number,
    reorder::{Reordered, reorder},
    scan::plain_prefix,
    slot::is_reserved,
    value::Record,
};

/// How one format writes what JSON alone can not say.
pub(crate) trait Spelling {
    /// What a body starts with.
    const START: &str;
    const UNDEFINED: &str;
    const NAN: &str;
    const INFINITY: &str;
    const NEGATIVE_INFINITY: &str;
    /// What a tagged value starts with, up to its tag.
    const TAG: &str;
    /// Whether the above and the like are objects, and objects with a property `@qclass` thus need care.
    const MARKS_ARE_OBJECTS: bool;

    fn text(text: &Text, out: &mut String);
    fn bigint(value: &BigInt, out: &mut String);
    /// Writes a symbol; `prefix` is to be put in front of the name.
    fn symbol(prefix: &str, name: &Text, out: &mut String);
    fn slot(slot: &WrittenSlot<'_>, out: &mut String);
    fn error(name: &Text, message: &Text, id: Option<&Text>, out: &mut String);
}

/// Appends the body of a value in the spelling `F`.
pub(crate) fn encode<C, S: WriteSlot<C>, F: Spelling>(
    value: &Value<C>,
    slots: &mut S,
    out: &mut String,
) -> Result<(), EncodeError> {
    let start = out.len();
    out.push_str(F::START);
    let mut writer = Writer { out, slots, frames: Vec::new(), reordered: Vec::new() };
    let written = writer.write::<F>(value);
    let reordered = writer.reordered;
    match written {
        Ok(()) => reorder(out, start, reordered),
        Err(_) => out.truncate(start),
    }
    written
}

struct Writer<'v, 'o, C, S> {
    out: &'o mut String,
    slots: &'o mut S,
    frames: Vec<Frame<'v, C>>,
    reordered: Vec<Reordered>,
}

/// A list or object that has been opened and not closed.
enum Frame<'v, C> {
    List(std::slice::Iter<'v, Value<C>>),
    Record {
        entries: std::slice::Iter<'v, (Text, Value<C>)>,
        hidden: Option<&'v Text>,
        first: bool,
    },
    /// A record whose members must change places when they have been written; see [`Reordered`].
    Shuffled {
        entries: std::slice::Iter<'v, (Text, Value<C>)>,
        hidden: Option<&'v Text>,
        places: Reordered,
    },
    /// A record that has a property `@qclass`, which has been written.
    Hilbert(&'v Record<C>, &'v Text),
    /// An object of which only the bracket is missing.
    Close,
}

impl<'v, C, S: WriteSlot<C>> Writer<'v, '_, C, S> {
    fn write<F: Spelling>(&mut self, value: &'v Value<C>) -> Result<(), EncodeError> {
        let mut next = Some(value);
        loop {
            // Values that are whole at once leave nothing to be visited next.
            while let Some(value) = next {
                next = self.open::<F>(value)?;
            }
            let Some(frame) = self.frames.pop() else { return Ok(()) };
            next = self.resume::<F>(frame)?;
        }
    }

    /// Writes as much of a value as comes before another, and gives that one.
    fn open<F: Spelling>(&mut self, value: &'v Value<C>) -> Result<Option<&'v Value<C>>, EncodeError> {
        match value {
            Value::Null => self.out.push_str("null"),
            Value::Bool(true) => self.out.push_str("true"),
            Value::Bool(false) => self.out.push_str("false"),
            Value::Number(number) if number.is_finite() => number::write(*number, self.out),
            Value::Text(text) => F::text(text, self.out),
            Value::List(items) => {
                self.out.push('[');
                self.push(Frame::List(items.iter()))?;
                // The first item has no comma.
                if let Some(Frame::List(items)) = self.frames.last_mut() {
                    return Ok(items.next());
                }
            }
            Value::Record(record) => match record.entry(MARK) {
                Some((key, value)) if F::MARKS_ARE_OBJECTS => {
                    self.out.push_str(r#"{"@qclass":"hilbert","original":"#);
                    self.push(Frame::Hilbert(record, key))?;
                    return Ok(Some(value));
                }
                _ => self.record(record, None)?,
            },
            Value::Tagged(tagged) => {
                self.out.push_str(F::TAG);
                F::text(&tagged.tag, self.out);
                self.out.push_str(r#","payload":"#);
                self.push(Frame::Close)?;
                return Ok(Some(&tagged.payload));
            }
            Value::Error(error) => self.error::<F>(error)?,
            _ => self.mark::<F>(value)?,
        }
        Ok(None)
    }

    /// Writes what JSON can not say.
    fn mark<F: Spelling>(&mut self, value: &Value<C>) -> Result<(), EncodeError> {
        if F::MARKS_ARE_OBJECTS {
            self.check_depth()?;
        }
        match value {
            Value::Number(number) => self.out.push_str(match number {
                _ if number.is_nan() => F::NAN,
                _ if *number > 0.0 => F::INFINITY,
                _ => F::NEGATIVE_INFINITY,
            }),
            Value::BigInt(integer) => F::bigint(integer, self.out),
            Value::Symbol(Symbol::WellKnown(name)) if !is_well_known(name) => {
                return Err(EncodeError::Symbol(name.to_string()));
            }
            Value::Symbol(Symbol::WellKnown(name)) => F::symbol("@@", name, self.out),
            Value::Symbol(Symbol::Registered(name)) => {
                F::symbol(if name.strip_prefix("@@").is_some() { "@@" } else { "" }, name, self.out);
            }
            Value::Capability(capability) => {
                let slot = self.slots.write_slot(capability)?;
                F::slot(&slot, self.out);
            }
            _ => self.out.push_str(F::UNDEFINED),
        }
        Ok(())
    }

    /// Writes class, message and id of an error; Endo sends nothing else of it.
    fn error<F: Spelling>(&mut self, error: &ErrorValue<C>) -> Result<(), EncodeError> {
        self.check_depth()?;
        let own = || self.slots.error_id().map(Text::from);
        let id = error.error_id.clone().filter(is_reserved).or_else(own).or_else(|| error.error_id.clone());
        F::error(&error.name, &error.message, id.as_ref(), self.out);
        Ok(())
    }

    fn record(&mut self, record: &'v Record<C>, hidden: Option<&'v Text>) -> Result<(), EncodeError> {
        let entries = record.entries().iter();
        let bracket = self.out.len();
        self.out.push('{');
        if moves(record) {
            let places = Reordered::new(bracket);
            self.push(Frame::Shuffled { entries, hidden, places })
        } else {
            self.push(Frame::Record { entries, hidden, first: true })
        }
    }

    /// Goes on with what is open after one of its parts, and gives the next part.
    fn resume<F: Spelling>(&mut self, frame: Frame<'v, C>) -> Result<Option<&'v Value<C>>, EncodeError> {
        match frame {
            Frame::List(mut items) => match items.next() {
                Some(item) => {
                    self.out.push(',');
                    self.frames.push(Frame::List(items));
                    return Ok(Some(item));
                }
                None => self.out.push(']'),
            },
            Frame::Record { mut entries, hidden, first } => {
                match entries.find(|(key, _)| Some(key) != hidden) {
                    Some((key, value)) => {
                        if !first {
                            self.out.push(',');
                        }
                        F::text(key, self.out);
                        self.out.push(':');
                        self.frames.push(Frame::Record { entries, hidden, first: false });
                        return Ok(Some(value));
                    }
                    None => self.out.push('}'),
                }
            }
            Frame::Shuffled { mut entries, hidden, mut places } => {
                match entries.find(|(key, _)| Some(key) != hidden) {
                    Some((key, value)) => {
                        places.begin(key.as_str().and_then(number::array_index), self.out.len());
                        F::text(key, self.out);
                        self.out.push(':');
                        self.frames.push(Frame::Shuffled { entries, hidden, places });
                        return Ok(Some(value));
                    }
                    None => {
                        places.end(self.out.len());
                        self.reordered.push(places);
                        self.out.push('}');
                    }
                }
            }
            Frame::Hilbert(record, mark) => {
                if record.len() > 1 {
                    self.out.push_str(r#","rest":"#);
                    self.frames.push(Frame::Close);
                    self.record(record, Some(mark))?;
                } else {
                    self.out.push('}');
                }
            }
            Frame::Close => self.out.push('}'),
        }
        Ok(None)
    }

    fn push(&mut self, frame: Frame<'v, C>) -> Result<(), EncodeError> {
        self.check_depth()?;
        self.frames.push(frame);
        Ok(())
    }

    // There is a frame for each bracket that is open, so readers will count the same.
    fn check_depth(&self) -> Result<(), EncodeError> {
        if self.frames.len() >= Limits::MAX_DEPTH {
            return Err(EncodeError::TooDeep(Limits::MAX_DEPTH));
        }
        Ok(())
    }
}

/// Tells whether JavaScript puts the properties of a record in another order than that of their keys.
fn moves<C>(record: &Record<C>) -> bool {
    let mut previous = None;
    let in_order = record.entries().iter().all(|(key, _)| {
        let index = key.as_str().and_then(number::array_index);
        let place = (index.is_none(), index);
        let ascends = previous.is_none_or(|previous| previous <= place);
        previous = Some(place);
        ascends
    });
    !in_order
}

/// Writes a JSON string of `prefix` and `text`; nothing in the prefix needs an escape.
pub(crate) fn write_text(prefix: &str, text: &Text, out: &mut String) {
    out.push('"');
    out.push_str(prefix);
    match text.as_str() {
        Some(text) => escape(text, out),
        None => {
            for character in char::decode_utf16(text.utf16_units()) {
                match character {
                    Ok(character) => escape(character.encode_utf8(&mut [0; 4]), out),
                    Err(lone) => escape_unit(lone.unpaired_surrogate(), out),
                }
            }
        }
    }
    out.push('"');
}

fn escape(mut text: &str, out: &mut String) {
    loop {
        // What stops the prefix is below U+0080, so it stops at the border of a character.
        let (plain, rest) = text.split_at_checked(plain_prefix(text.as_bytes())).unwrap_or((text, ""));
        out.push_str(plain);
        let Some(&special) = rest.as_bytes().first() else { return };
        match special {
            b'"' => out.push_str("\\\""),
            b'\\' => out.push_str("\\\\"),
            8 => out.push_str("\\b"),
            12 => out.push_str("\\f"),
            b'\n' => out.push_str("\\n"),
            b'\r' => out.push_str("\\r"),
            b'\t' => out.push_str("\\t"),
            other => escape_unit(other.into(), out),
        }
        text = rest.get(1..).unwrap_or_default();
    }
}

fn escape_unit(unit: u16, out: &mut String) {
    out.push_str("\\u");
    for shift in [12, 8, 4, 0] {
        out.extend(char::from_digit(u32::from(unit >> shift & 0xF), 16));
    }
}
