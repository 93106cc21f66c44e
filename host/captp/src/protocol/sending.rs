//! What goes out: bodies are written, framed and queued; what can not be sent leaves no trace.

use powerbox_passable::{Value, capdata};

use super::answers::Closed;
use super::body::{SlotWriter, Written};
use super::embedding::{Embedding, Event, Settlement};
use super::slot::ExportId;
use super::{Connection, outgoing};
use crate::netstring;

impl<E: Embedding> Connection<E> {
    pub(super) fn send_answer(
        &mut self,
        closed: &Closed<E::Ref>,
        outcome: &Settlement<E::Ref>,
        embedding: &E,
    ) -> Result<(), String> {
        let (Ok(value) | Err(value)) = outcome;
        let written = self.write_body(value, embedding)?;
        self.frame.clear();
        outgoing::answer(&mut self.frame, &closed.key, closed.ours, outcome.is_err());
        self.send_with(written).map_err(|limit| format!("limit reached: {limit}"))
    }

    pub(super) fn send_resolve(
        &mut self,
        id: ExportId,
        outcome: &Settlement<E::Ref>,
        embedding: &E,
    ) -> Result<(), String> {
        let (Ok(value) | Err(value)) = outcome;
        let written = self.write_body(value, embedding)?;
        self.frame.clear();
        outgoing::resolve(&mut self.frame, id, outcome.is_err());
        self.send_with(written).map_err(|limit| format!("limit reached: {limit}"))
    }

    /// Writes a value to `self.body`; after an error the peer has learnt of nothing.
    pub(super) fn write_body(
        &mut self,
        value: &Value<E::Ref>,
        embedding: &E,
    ) -> Result<Written<E::Ref>, String> {
        self.written += 1;
        self.body.clear();
        let mut writer = SlotWriter {
            message: self.written,
            most_exports: self.limits.exports,
            exports: &mut self.exports,
            imports: &mut self.imports,
            embedding,
            name: &self.name,
            errors: &mut self.errors,
            written: Written::new(),
        };
        let result = capdata::encode(value, &mut writer, &mut self.body);
        let written = writer.written;
        result.map_err(|problem| {
            self.unmention(&written.exported);
            problem.to_string()
        })?;
        Ok(written)
    }

    fn unmention(&mut self, exported: &[ExportId]) {
        for id in exported {
            self.garbage.references.extend(self.exports.unmention(*id));
        }
    }

    /// Sends the message that was started in `self.frame` and has its data in `self.body`.
    pub(super) fn send_with(&mut self, written: Written<E::Ref>) -> Result<(), &'static str> {
        let (start, head, body) = (self.outbox.len(), &self.frame, &self.body);
        // Escaping makes most bodies a little longer.
        let about = head.len() + body.len() + written.slots.len() + DATA;
        let length = netstring::append_with(&mut self.outbox, about, |out| {
            out.extend_from_slice(head.as_bytes());
            outgoing::data(out, body, &written.slots);
            out.push(b'}');
        });
        self.body.shrink_to(SCRATCH);
        if length > self.limits.frame_bytes {
            self.outbox.truncate(start);
            self.outbox.shrink_to(SCRATCH.max(start));
            self.unmention(&written.exported);
            return Err("bytes of a message");
        }
        let promises = written.promises.into_iter();
        self.events.extend(promises.map(|(id, promise)| Event::Exported(id, promise)));
        Ok(())
    }

    /// Sends `self.frame`.
    pub(super) fn send(&mut self) -> Result<(), &'static str> {
        if self.frame.len() > self.limits.frame_bytes {
            return Err("bytes of a message");
        }
        netstring::append(&mut self.outbox, self.frame.as_bytes());
        Ok(())
    }
}

/// How much room is kept between messages for composing them.
const SCRATCH: usize = 256 << 10;

/// What the members of data take besides what they hold, and what escapes there are in a short body.
const DATA: usize = 32;
