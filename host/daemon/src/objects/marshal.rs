//! Stored values: smallcaps text, with formulas in the places of references.

use std::collections::HashMap;

use powerbox_captp::{Object, Value};
use powerbox_passable::{Limits as BodyLimits, SlotError, SlotKind, WriteSlot, WrittenSlot, smallcaps};

use crate::failure::Failure;
use crate::formula::Formula;
use crate::id::FormulaId;

/// Makes the formula of a value. References must be to what the daemon made: `id_of` knows those.
pub(crate) fn formula_of(
    value: &Value,
    most_bytes: usize,
    id_of: impl Fn(&Object) -> Option<FormulaId>,
) -> Result<Formula, Failure> {
    let mut slots = Slots { id_of, ids: Vec::new(), places: HashMap::new(), unknown: false };
    let mut body = String::new();
    let written = smallcaps::encode(value, &mut slots, &mut body);
    if slots.unknown {
        return Err(Failure::NoCorrespondingFormula);
    }
    written.map_err(|error| Failure::Value(format!("the value cannot be stored: {error}")))?;
    if body.len() > most_bytes {
        return Err(Failure::Limit { most: most_bytes as u64, what: "bytes in a stored value" });
    }
    Ok(Formula::Marshal { body, slots: slots.ids })
}

/// Makes the value of a formula again; `slots` are the objects of its identifiers, in their order.
pub(crate) fn value_of(body: &str, slots: &[Object]) -> Result<Value, Failure> {
    let mut read = |index: usize, _: Option<SlotKind>, _: Option<&str>| {
        slots.get(index).cloned().ok_or(SlotError::Missing(index))
    };
    // What was stored has been bounded by its bytes.
    let limits = BodyLimits { body_bytes: usize::MAX, nodes: usize::MAX, ..BodyLimits::default() };
    smallcaps::decode(body, &mut read, &limits)
        .map_err(|error| Failure::Value(format!("the stored value cannot be read: {error}")))
}

struct Slots<F> {
    id_of: F,
    ids: Vec<FormulaId>,
    places: HashMap<FormulaId, usize>,
    unknown: bool,
}

impl<F: Fn(&Object) -> Option<FormulaId>> WriteSlot<Object> for Slots<F> {
    fn write_slot(&mut self, object: &Object) -> Result<WrittenSlot<'_>, SlotError> {
        let Some(id) = (self.id_of)(object) else {
            self.unknown = true;
            return Err(SlotError::Refused("the daemon did not make it".to_owned()));
        };
        let next = self.ids.len();
        let index = *self.places.entry(id).or_insert(next);
        let first = index == next;
        if first {
            self.ids.push(id);
        }
        let iface = object.interface().filter(|_| first).map(Into::into);
        Ok(WrittenSlot { index, kind: SlotKind::Object, iface })
    }
}
