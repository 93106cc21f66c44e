//! What comes in besides calls: answers, settlements, drops, and the bodies of all of them.

use powerbox_passable::Value;
use tracing::debug;

use super::Connection;
use super::body::SlotReader;
use super::embedding::{Embedding, Event, Failure};
use super::incoming::{Body, Data};
use super::slot::{ImportId, QuestionId, QuestionKey, Slot};
use crate::Release;

impl<E: Embedding> Connection<E> {
    pub(super) fn handle_return(
        &mut self,
        answer: Option<QuestionId>,
        data: Option<Data<'_>>,
        embedding: &E,
    ) {
        let question = answer.and_then(|id| self.questions.remove(&id).map(|question| (question, id.0)));
        let Some((question, number)) = question else {
            debug!(?answer, "an answer to a question that was not asked, or is over");
            return;
        };
        if let Some(deadline) = question.deadline {
            self.deadlines.remove(&(deadline, number));
        }
        let outcome = self.read_data(data, embedding);
        self.events.push_back(Event::Returned { waiter: question.waiter, outcome });
    }

    pub(super) fn handle_resolve(
        &mut self,
        promise: Option<ImportId>,
        data: Option<Data<'_>>,
        bytes: usize,
        embedding: &E,
    ) {
        let settled = promise.and_then(|id| self.imports.settle(&id).map(|settled| (id, settled)));
        let Some((id, (reference, serial))) = settled else {
            debug!("a resolution of a promise that is not open");
            return;
        };
        let outcome = self.read_data(data, embedding);
        if self.release == Release::Never {
            let most = (self.limits.kept_promises, self.limits.kept_promise_bytes);
            let left = self.imports.keep(id, serial, reference.clone(), bytes, most);
            self.garbage.references.extend(left);
        }
        self.events.push_back(Event::Resolved { promise: reference, outcome });
    }

    pub(super) fn handle_drop(&mut self, slot: Option<Slot>, mentions: u64) {
        match slot {
            Some(Slot::Answer(number)) => {
                self.garbage.answers.extend(self.answers.free(&QuestionKey::Number(number)));
            }
            Some(Slot::Export(id)) => {
                self.garbage.references.extend(self.exports.drop_mentions(id, mentions));
            }
            _ => debug!("a drop of what is not exported"),
        }
    }

    /// Reads the value or the thrown value of an answer or settlement.
    fn read_data(&mut self, data: Option<Data<'_>>, embedding: &E) -> Result<Value<E::Ref>, Failure<E::Ref>> {
        let unreadable = |problem: String| Failure::Unreadable(format!("unreadable answer: {problem}"));
        let Some(Data { thrown, body }) = data else {
            return Err(unreadable("it has neither a result nor an exception".to_owned()));
        };
        let body = body.map_err(|problem| unreadable(problem.message().to_owned()))?;
        let value = self.read_body(&body, embedding).map_err(|problem| unreadable(problem.to_string()))?;
        if thrown { Err(Failure::Thrown(value)) } else { Ok(value) }
    }

    pub(super) fn read_body(
        &mut self,
        body: &Body<'_>,
        embedding: &E,
    ) -> Result<Value<E::Ref>, powerbox_passable::DecodeError> {
        let limits = self.limits.body();
        powerbox_passable::decode(&body.text, &mut self.slot_reader(&body.slots, embedding), &limits)
    }

    pub(super) fn slot_reader<'a>(&'a mut self, slots: &'a [Slot], embedding: &'a E) -> SlotReader<'a, E> {
        SlotReader {
            slots,
            message: self.came,
            most_imports: self.limits.imports,
            exports: &self.exports,
            imports: &mut self.imports,
            embedding,
            believes: self.believes,
        }
    }
}
