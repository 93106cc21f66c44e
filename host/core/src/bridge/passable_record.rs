//! `record passable { body: string, slots: list<object> }`: any value, as smallcaps text and handles.

use powerbox_passable::{Limits, Mentions, SlotError, SlotKind, Value, WriteSlot, WrittenSlot, smallcaps};
use powerbox_sandbox::{Type, Val};

use super::{Mismatch, Reference};

/// Tells whether a record type is `passable`, by its shape: types have no names in a component.
pub(super) fn is_passable(ty: &Type) -> bool {
    let Type::Record(fields) = ty else { return false };
    let [body, slots] = fields.as_ref() else { return false };
    let slots_are_handles = match &slots.ty {
        Type::List(item) => matches!(item.as_ref(), Type::Own(_) | Type::Borrow(_)),
        _ => false,
    };
    &*body.name == "body" && body.ty == Type::String && &*slots.name == "slots" && slots_are_handles
}

/// Reads smallcaps text whose slots are handles.
///
/// # Errors
///
/// A [`Mismatch`] if the text is no smallcaps or mentions a slot that is not there.
pub fn read_body<H: Reference>(body: &str, slots: &[H], limits: &Limits) -> Result<Value<H>, Mismatch> {
    let mut read = |index: usize, kind: Option<SlotKind>, _: Option<&str>| {
        let handle = slots.get(index).ok_or(SlotError::Missing(index))?;
        match kind {
            Some(kind) if kind != handle.slot_kind() => Err(SlotError::Kind(index)),
            _ => Ok(handle.clone()),
        }
    };
    if !body.starts_with('#') {
        return Err(Mismatch::new("smallcaps text, which begins with `#`", "other text"));
    }
    smallcaps::decode(body, &mut read, limits)
        .map_err(|error| Mismatch::new("smallcaps text", error.to_string()))
}

/// Writes a value as smallcaps text, and the handles that it mentions.
///
/// # Errors
///
/// A [`Mismatch`] if the value is nested too deeply to be written.
pub fn write_body<H: Reference>(value: &Value<H>) -> Result<(String, Vec<H>), Mismatch> {
    let mut slots = Slots(Mentions::default());
    let mut body = String::new();
    smallcaps::encode(value, &mut slots, &mut body)
        .map_err(|error| Mismatch::new("a value that can be written", error.to_string()))?;
    Ok((body, slots.0.into_order()))
}

struct Slots<H>(Mentions<H>);

impl<H: Reference> WriteSlot<H> for Slots<H> {
    fn write_slot(&mut self, handle: &H) -> Result<WrittenSlot<'_>, SlotError> {
        let (index, first) = self.0.mention(handle);
        let kind = handle.slot_kind();
        let iface = match kind {
            SlotKind::Object if first => handle.interface().map(|iface| iface.into_owned().into()),
            _ => None,
        };
        Ok(WrittenSlot { index, kind, iface })
    }
}

pub(super) fn from_record<H: Reference>(
    fields: Vec<(String, Val<H>)>,
    limits: &Limits,
) -> Result<Value<H>, Mismatch> {
    let mut body = None;
    let mut slots = Vec::new();
    for (name, value) in fields {
        match (name.as_str(), value) {
            ("body", Val::String(text)) => body = Some(text),
            ("slots", Val::List(items)) => {
                for item in items {
                    let Val::Handle(handle) = item else {
                        return Err(Mismatch::new("a handle", item.kind()));
                    };
                    slots.push(handle);
                }
            }
            (other, value) => {
                return Err(Mismatch::new("body and slots", format!("{other}: {}", value.kind())));
            }
        }
    }
    let body = body.ok_or_else(|| Mismatch::new("a body", "none"))?;
    read_body(&body, &slots, limits)
}

pub(super) fn to_record<H: Reference>(value: &Value<H>) -> Result<Val<H>, Mismatch> {
    let (body, slots) = write_body(value)?;
    let slots = slots.into_iter().map(Val::Handle).collect();
    Ok(Val::record([("body", Val::String(body)), ("slots", Val::List(slots))]))
}
