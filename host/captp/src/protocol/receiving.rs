//! What comes in besides calls: answers and settlements, and the bodies of all of them.

use std::sync::Arc;

use powerbox_passable::Value;
use tracing::debug;

use super::Connection;
use super::body::SlotReader;
use super::embedding::{Embedding, Event, Failure};
use super::incoming::{Body, Data};
use super::slot::{ImportId, QuestionId, Slot};

impl<E: Embedding> Connection<E> {
    pub(super) fn handle_return(
        &mut self,
        answer: Option<QuestionId>,
        data: Option<Data<'_>>,
        ours: bool,
        embedding: &E,
    ) {
        // What mentions nothing costs the peer so little that it may keep it for a while.
        let frees =
            data.as_ref().and_then(|data| data.body.as_ref().ok()).is_some_and(|b| !b.slots.is_empty());
        let question = answer.and_then(|id| self.questions.remove(&id).map(|question| (question, id)));
        let Some((question, id)) = question else {
            debug!(?answer, "an answer to a question that was not asked, or is over");
            // The things that a late answer brings are let go of like any others.
            if let Some(id) = answer.filter(|id| id.0 <= self.asked && frees && self.drops.may_come()) {
                if let Ok(value) | Err(Failure::Thrown(value)) = self.read_data(data, embedding) {
                    self.garbage.answers.push(Arc::new(Ok(value)));
                }
                self.drop_answer(id);
            }
            return;
        };
        if let Some(deadline) = question.deadline {
            self.deadlines.remove(&(deadline, id.0));
        }
        if question.bootstrap {
            self.hear_of_peer(ours);
        }
        let outcome = self.read_data(data, embedding);
        let frees = frees && self.drops.may_come();
        self.events.push_back(Event::Returned { waiter: question.waiter, outcome, frees });
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
            if let Some(Data { body: Ok(body), .. }) = data {
                self.forget(&body.slots, embedding);
            }
            return;
        };
        let outcome = self.read_data(data, embedding);
        if !self.drops.at_once() {
            let most = (self.limits.kept_promises, self.limits.kept_promise_bytes);
            let left = self.imports.keep(id, serial, reference.clone(), bytes, most);
            self.garbage.references.extend(left);
        }
        self.events.push_back(Event::Resolved { promise: reference, outcome });
    }

    /// Reads the value or the thrown value of an answer or settlement.
    fn read_data(&mut self, data: Option<Data<'_>>, embedding: &E) -> Result<Value<E::Ref>, Failure<E::Ref>> {
        let unreadable = |problem: String| Failure::Unreadable(format!("unreadable answer: {problem}"));
        let Some(Data { thrown, body }) = data else {
            return Err(unreadable("it has neither a result nor an exception".to_owned()));
        };
        let body = body.map_err(|problem| unreadable(problem.message().to_owned()))?;
        let value = match self.read_body(&body, embedding) {
            Ok(value) => value,
            Err(problem) => {
                self.forget(&body.slots, embedding);
                return Err(unreadable(problem.to_string()));
            }
        };
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
