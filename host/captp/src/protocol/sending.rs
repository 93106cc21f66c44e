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
        outgoing::data(&mut self.frame, &self.body, &written.slots);
        self.frame.push('}');
        if let Err(limit) = self.send() {
            self.unmention(&written.exported);
            return Err(limit);
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
        // One big message shall not keep its room for the life of the connection.
        self.frame.shrink_to(SCRATCH);
        self.body.shrink_to(SCRATCH);
        Ok(())
    }
}

/// How much room is kept between messages for composing them.
const SCRATCH: usize = 256 << 10;
