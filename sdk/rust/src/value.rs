//! Values with references in them, and their smallcaps text.

use std::{
    borrow::Cow,
    fmt,
    hash::{Hash, Hasher},
    rc::Rc,
};

use powerbox_passable::{Limits, Mentions, ReadSlot, SlotError, SlotKind, WriteSlot, WrittenSlot, smallcaps};

use crate::{Object, Passable, Problem};

/// Any value that CapTP can carry.
pub type Value = powerbox_passable::Value<Reference>;

/// A reference in a [`Value`]. Clones are the same reference, not further ones.
#[derive(Clone)]
pub struct Reference(Rc<Held>);

struct Held {
    object: Object,
    kind: SlotKind,
    interface: Option<String>,
}

impl Reference {
    /// Gives the object, to be called or passed on.
    pub fn object(&self) -> &Object {
        &self.0.object
    }

    /// What the object's maker calls it, as far as the value says. A claim, not a fact.
    pub fn interface(&self) -> Option<&str> {
        self.0.interface.as_deref()
    }
}

impl From<Object> for Reference {
    fn from(object: Object) -> Self {
        Self(Rc::new(Held { object, kind: SlotKind::Object, interface: None }))
    }
}

/// Equal if they are clones of each other. Two references to one object are not: ask [`Object::same_as`].
impl PartialEq for Reference {
    fn eq(&self, other: &Self) -> bool {
        Rc::ptr_eq(&self.0, &other.0)
    }
}

impl Eq for Reference {}

impl Hash for Reference {
    fn hash<H: Hasher>(&self, state: &mut H) {
        Rc::as_ptr(&self.0).hash(state);
    }
}

impl fmt::Debug for Reference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Reference").field(&self.interface()).finish()
    }
}

impl Passable {
    /// Gives the text, if the value is one.
    pub fn to_text(&self) -> Option<String> {
        crate::smallcaps::to_text(&self.body)
    }

    /// Gives the value as JSON, if JSON has such a value.
    pub fn to_json(&self) -> Option<String> {
        crate::smallcaps::to_json(&self.body)
    }

    /// Reads the value.
    pub fn decode(self) -> Result<Value, Problem> {
        let mut slots = Slots { objects: self.slots.into_iter().map(Some).collect(), read: Vec::new() };
        slots.read.resize(slots.objects.len(), None);
        smallcaps::decode(&self.body, &mut slots, &Limits::default())
            .map_err(|error| Problem::invalid(error.to_string()))
    }

    /// Writes a value.
    ///
    /// References that the value shares with others are duplicated, which makes a plugin use `object.duplicate`.
    pub fn encode(value: Value) -> Result<Self, Problem> {
        let (body, slots) = encode(&value)?;
        drop(value);
        let own = |slot: Reference| match Rc::try_unwrap(slot.0) {
            Ok(held) => held.object,
            Err(shared) => shared.object.duplicate(),
        };
        Ok(Self { body, slots: slots.into_iter().map(own).collect() })
    }
}

impl Object {
    /// Calls a method with values and reads the answer.
    pub async fn call_with(&self, method: &str, arguments: Vec<Value>) -> Result<Value, Problem> {
        let (body, slots) = encode(&Value::List(arguments))?;
        let slots = slots.iter().map(Reference::object).collect();
        self.call(method.to_owned(), body, slots).await?.decode()
    }
}

/// Gives the smallcaps text of a value, and the references that it mentions.
pub(crate) fn encode(value: &Value) -> Result<(String, Vec<Reference>), Problem> {
    let mut slots = Written(Mentions::default());
    let mut body = String::new();
    smallcaps::encode(value, &mut slots, &mut body).map_err(|error| Problem::invalid(error.to_string()))?;
    Ok((body, slots.0.into_order()))
}

struct Slots {
    objects: Vec<Option<Object>>,
    read: Vec<Option<Reference>>,
}

impl ReadSlot<Reference> for Slots {
    fn read_slot(
        &mut self,
        index: usize,
        kind: Option<SlotKind>,
        interface: Option<&str>,
    ) -> Result<Reference, SlotError> {
        let known = self.read.get_mut(index).ok_or(SlotError::Missing(index))?;
        if let Some(reference) = known {
            return Ok(reference.clone());
        }
        let object = self.objects.get_mut(index).and_then(Option::take).ok_or(SlotError::Missing(index))?;
        let kind = kind.unwrap_or(SlotKind::Object);
        let reference = Reference(Rc::new(Held { object, kind, interface: interface.map(str::to_owned) }));
        Ok(known.insert(reference).clone())
    }
}

struct Written(Mentions<Reference>);

impl WriteSlot<Reference> for Written {
    fn write_slot(&mut self, reference: &Reference) -> Result<WrittenSlot<'_>, SlotError> {
        let (index, first) = self.0.mention(reference);
        let interface = reference.interface().filter(|_| first);
        let iface = interface.map(|interface| Cow::Owned(interface.to_owned()));
        Ok(WrittenSlot { index, kind: reference.0.kind, iface })
    }
}
