//! Slots within bodies: from the peer's list to references, and from references to our list.

use std::fmt::Write;

use powerbox_passable::{
    RESERVED_ID, ReadSlot, SlotError, SlotKind, Text, WriteSlot, WrittenSlot, is_interface_name,
};

use super::Embedding;
use super::exports::Exports;
use super::imports::Imports;
use super::slot::{ExportId, Kind, Slot, write_import};

/// Reads the slots of one message.
pub(super) struct SlotReader<'a, E: Embedding> {
    pub(super) slots: &'a [Slot],
    pub(super) message: u64,
    pub(super) most_imports: usize,
    pub(super) exports: &'a Exports<E::Ref>,
    pub(super) imports: &'a mut Imports<E>,
    pub(super) embedding: &'a E,
    /// Whether the peer's reserved ids of errors are kept.
    pub(super) believes: bool,
}

impl<E: Embedding> SlotReader<'_, E> {
    /// Gives what a slot stands for; an unknown one that the peer owns is new.
    pub(super) fn find(&mut self, slot: &Slot, interface: Option<&str>) -> Result<E::Ref, SlotError> {
        let unknown = |what| SlotError::Refused(format!("Unknown {what} \"{slot}\""));
        let id = match slot {
            Slot::Import(id) => id,
            Slot::Export(id) => return self.exports.get(*id).cloned().ok_or_else(|| unknown("export")),
            Slot::Answer(_) => return Err(unknown("export")),
            Slot::Unknown { .. } => return Err(unknown("slot type")),
        };
        if let Some(known) = self.imports.find(id, self.message, self.embedding) {
            return Ok(known);
        }
        // An interface on a promise means nothing, and one of a known object is not looked at.
        let interface = interface.filter(|_| !id.is_promise());
        if let Some(interface) = interface.filter(|interface| !is_interface_name(interface)) {
            return Err(SlotError::Interface(interface.chars().take(100).collect()));
        }
        if self.imports.len() >= self.most_imports {
            return Err(SlotError::Refused("limit reached: objects of the peer".to_owned()));
        }
        Ok(self.imports.make(id, interface, self.message, self.embedding))
    }
}

impl<E: Embedding> ReadSlot<E::Ref> for SlotReader<'_, E> {
    fn read_slot(
        &mut self,
        index: usize,
        kind: Option<SlotKind>,
        iface: Option<&str>,
    ) -> Result<E::Ref, SlotError> {
        let slots = self.slots;
        let slot = slots.get(index).ok_or(SlotError::Missing(index))?;
        let is_promise = match slot {
            Slot::Import(id) => id.is_promise(),
            Slot::Export(id) => id.is_promise(),
            Slot::Answer(_) | Slot::Unknown { .. } => false,
        };
        if kind.is_some_and(|kind| (kind == SlotKind::Promise) != is_promise) {
            return Err(SlotError::Kind(index));
        }
        self.find(slot, iface)
    }

    fn error_id(&mut self, id: Text) -> Option<Text> {
        (self.believes || id.strip_prefix(RESERVED_ID).is_none()).then_some(id)
    }
}

/// Writes the slots of one message.
pub(super) struct SlotWriter<'a, E: Embedding> {
    pub(super) message: u64,
    pub(super) most_exports: usize,
    pub(super) exports: &'a mut Exports<E::Ref>,
    pub(super) imports: &'a mut Imports<E>,
    pub(super) embedding: &'a E,
    /// The name of this side, for error ids.
    pub(super) name: &'a str,
    pub(super) errors: &'a mut u64,
    pub(super) written: Written<E::Ref>,
}

/// What writing a body came to, besides its text.
pub(super) struct Written<R> {
    /// The list of slots as JSON, without its brackets.
    pub(super) slots: String,
    pub(super) count: usize,
    /// Our things that are mentioned, to take that back if the message is not sent.
    pub(super) exported: Vec<ExportId>,
    /// Promises that the peer learns of by this message.
    pub(super) promises: Vec<(ExportId, R)>,
}

impl<R> Written<R> {
    pub(super) fn new() -> Self {
        Self { slots: String::new(), count: 0, exported: Vec::new(), promises: Vec::new() }
    }
}

impl<E: Embedding> WriteSlot<E::Ref> for SlotWriter<'_, E> {
    fn write_slot(&mut self, capability: &E::Ref) -> Result<WrittenSlot<'_>, SlotError> {
        let next = self.written.count;
        let (index, again, kind) = match self.embedding.imported(capability) {
            Some(id) => {
                let (index, again) = self
                    .imports
                    .mention(&id, self.message, next)
                    .ok_or_else(|| SlotError::Refused(format!("{id} is no longer known")))?;
                if !again {
                    self.comma();
                    write_import(&mut self.written.slots, &id);
                }
                (index, again, id.kind)
            }
            None => {
                let promise = self.embedding.is_promise(capability);
                let mention = self
                    .exports
                    .mention(capability, promise, self.message, next, self.most_exports)
                    .map_err(|_| SlotError::Refused("limit reached: objects held by the peer".to_owned()))?;
                if mention.index.is_none() {
                    self.comma();
                    // Writing to a string does not fail.
                    let _ = write!(self.written.slots, "\"{}\"", mention.id);
                    self.written.exported.push(mention.id);
                }
                if mention.new && promise {
                    self.written.promises.push((mention.id, capability.clone()));
                }
                (mention.index.unwrap_or(next), mention.index.is_some(), mention.id.kind)
            }
        };
        let kind = if kind == Kind::Promise { SlotKind::Promise } else { SlotKind::Object };
        let iface = (!again && kind == SlotKind::Object)
            .then(|| self.embedding.interface(capability).into_owned().into());
        self.written.count += usize::from(!again);
        Ok(WrittenSlot { index, kind, iface })
    }

    fn error_id(&mut self) -> Option<String> {
        *self.errors += 1;
        Some(format!("error:captp:{}#{}", self.name, FIRST_ERROR + *self.errors))
    }
}

/// Ids of errors count from here, as in JavaScript.
const FIRST_ERROR: u64 = 20_000;

impl<E: Embedding> SlotWriter<'_, E> {
    fn comma(&mut self) {
        if self.written.count > 0 {
            self.written.slots.push(',');
        }
    }
}
