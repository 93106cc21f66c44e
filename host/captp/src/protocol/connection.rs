use std::borrow::Cow;
use std::collections::{BTreeSet, VecDeque};
use std::sync::Arc;
use std::time::Instant;

use powerbox_passable::Value;
use tracing::debug;

use super::answers::{Answers, Settled, Size};
use super::drops::Drops;
use super::embedding::{CallError, Embedding, Event, Failure, Settlement, Target};
use super::exports::Exports;
use super::imports::Imports;
use super::incoming::Incoming;
use super::int_map::IntMap;
use super::slot::{AnswerId, ExportId, QuestionId};
use super::{json, outgoing};
use crate::{Limits, Reason, Release, netstring};

/// One connection, seen from one side.
///
/// There are four kinds of methods:
/// - `handle_*` take what comes in: frames, the end of the stream, the time;
/// - plain verbs do what the owner wants: [`call`](Self::call), [`answer`](Self::answer), [`abort`](Self::abort) …;
/// - `poll_*` give what the owner must now do: act on events, send bytes, come back at a time;
/// - getters tell.
///
/// After each use of the first two kinds the owner polls events until there are none, sends what
/// [`poll_transmit`](Self::poll_transmit) gives, and drops what [`take_garbage`](Self::take_garbage) gives, in any
/// order but outside any lock that dropping could need. Events and bytes come in the order of their causes.
pub struct Connection<E: Embedding> {
    pub(super) name: Arc<str>,
    pub(super) limits: Limits,
    pub(super) drops: Drops,
    /// Whether the peer is a program of ours, whose reserved ids of errors are kept.
    pub(super) believes: bool,
    pub(super) exports: Exports<E::Ref>,
    pub(super) imports: Imports<E>,
    pub(super) answers: Answers<E::Ref>,
    pub(super) questions: IntMap<QuestionId, Question<E::Waiter>>,
    pub(super) asked: u64,
    pub(super) deadlines: BTreeSet<(Instant, u64)>,
    /// How many messages came; also tells apart the messages that mention a slot.
    pub(super) came: u64,
    /// How many bodies were written; also tells apart those that mention a slot.
    pub(super) written: u64,
    pub(super) errors: u64,
    pub(super) outbox: Vec<u8>,
    /// How many bytes of the outbox are there because of what the peer said: answers, settlements and drops.
    pub(super) answer_bytes: usize,
    pub(super) events: VecDeque<Event<E>>,
    pub(super) garbage: Garbage<E::Ref>,
    closed: Option<Reason>,
    // Buffers that are used again for each message.
    pub(super) frame: String,
    pub(super) body: String,
}

pub(super) struct Question<W> {
    pub(super) waiter: W,
    pub(super) deadline: Option<Instant>,
    /// It asks for the bootstrap, whose answer says what the peer is.
    pub(super) bootstrap: bool,
}

/// What a connection let go of. Dropping it may run code of the owner.
pub struct Garbage<R> {
    pub(super) references: Vec<R>,
    pub(super) answers: Vec<Settled<R>>,
}

/// What a session holds and has done.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Stats {
    /// Objects and promises of this side that the peer can name.
    pub exports: usize,
    /// Objects and promises of the peer that are held here.
    pub imports: usize,
    /// Our calls that are not answered.
    pub questions: usize,
    /// Calls of the peer that are not answered.
    pub peer_questions: usize,
    /// Answered calls of the peer that are kept for calls on them.
    pub kept_answers: usize,
    /// Bytes that wait to be sent.
    pub queued_bytes: usize,
    /// Messages that came.
    pub messages_received: u64,
}

impl<E: Embedding> Connection<E> {
    /// Makes a connection on which nothing has been said.
    pub fn new(name: Arc<str>, limits: Limits, release: Release) -> Self {
        Self {
            name,
            limits,
            drops: Drops::new(release),
            believes: false,
            exports: Exports::new(),
            imports: Imports::new(),
            answers: Answers::new(),
            questions: IntMap::default(),
            asked: 0,
            deadlines: BTreeSet::new(),
            came: 0,
            written: 0,
            errors: 0,
            outbox: Vec::new(),
            answer_bytes: 0,
            events: VecDeque::new(),
            garbage: Garbage { references: Vec::new(), answers: Vec::new() },
            closed: None,
            frame: String::new(),
            body: String::new(),
        }
    }

    /// Keeps reserved ids of the peer's errors from here on.
    pub fn believe(&mut self) {
        self.believes = true;
    }

    /// Tells why the connection is at its end, if it is.
    pub fn closed(&self) -> Option<&Reason> {
        self.closed.as_ref()
    }

    /// Counts what is held.
    pub fn stats(&self) -> Stats {
        Stats {
            exports: self.exports.len(),
            imports: self.imports.len(),
            questions: self.questions.len(),
            peer_questions: self.answers.pending(),
            kept_answers: self.answers.kept(),
            queued_bytes: self.outbox.len(),
            messages_received: self.came,
        }
    }

    /// Tells whether the peer holds a promise of ours that has not settled.
    pub fn is_open(&self, id: ExportId) -> bool {
        self.exports.is_open(id)
    }

    /// Counts our calls that are not answered.
    pub fn outstanding(&self) -> usize {
        self.questions.len()
    }

    /// Counts the bytes that wait to be taken by [`poll_transmit`](Self::poll_transmit).
    pub fn queued_bytes(&self) -> usize {
        self.outbox.len()
    }

    /// Counts those of them that are answers.
    pub fn queued_answer_bytes(&self) -> usize {
        self.answer_bytes
    }

    /// Takes one frame.
    pub fn handle_frame(&mut self, frame: &[u8], embedding: &E) {
        if self.closed.is_some() {
            return;
        }
        self.came += 1;
        // JavaScript replaces what is not UTF-8, too.
        let text = std::str::from_utf8(frame).map_or_else(|_| String::from_utf8_lossy(frame), Cow::Borrowed);
        let text = text.strip_prefix('\u{feff}').unwrap_or(&text);
        let incoming = match Incoming::read(text, self.limits.slots) {
            Ok(incoming) => incoming,
            Err(problem) => return self.fault(&problem.to_string()),
        };
        match incoming {
            Incoming::Call { question, target, method, trap } => {
                self.handle_call(question, target, method, trap, text.len(), embedding);
            }
            Incoming::Return { answer, data, ours } => self.handle_return(answer, data, ours, embedding),
            Incoming::Resolve { promise, data } => {
                self.handle_resolve(promise, data, text.len(), embedding);
            }
            Incoming::Bootstrap { question, ours } => {
                self.handle_bootstrap(question, ours, text.len(), embedding);
            }
            Incoming::Drop { slot, mentions } => self.handle_drop(slot, mentions),
            Incoming::Disconnect { reason } => {
                // The same message goes back.
                netstring::append(&mut self.outbox, text.trim().as_bytes());
                self.close(Reason::Peer(self.name.clone(), reason.map(Arc::from)));
            }
            Incoming::TrapIterate => debug!("CTP_TRAP_ITERATE without a trap"),
            Incoming::Unknown(kind) => debug!(?kind, "unknown message type"),
        }
    }

    /// Takes the end of what the peer says. It may still listen, and is told that this side ends too.
    pub fn handle_end(&mut self, reason: Reason) {
        self.disconnect(None, reason);
    }

    /// Takes the time: questions whose deadline is over fail. The time must not go backwards.
    pub fn handle_timeout(&mut self, now: Instant) {
        while let Some(&(deadline, question)) = self.deadlines.first()
            && deadline <= now
        {
            self.deadlines.pop_first();
            if let Some(question) = self.questions.remove(&QuestionId(question)) {
                let outcome = Err(Failure::Deadline);
                self.events.push_back(Event::Returned { waiter: question.waiter, outcome, frees: false });
            }
        }
    }

    /// Asks for the bootstrap of the peer.
    pub fn bootstrap(
        &mut self,
        deadline: Option<Instant>,
        waiter: impl FnOnce(QuestionId) -> E::Waiter,
    ) -> Result<(), CallError> {
        let question = self.next_question()?;
        self.frame.clear();
        outgoing::bootstrap(&mut self.frame, question, self.drops.offers());
        self.send().map_err(CallError::Limit)?;
        self.ask(question, deadline, true, waiter);
        Ok(())
    }

    /// Calls something of the peer. The message is the list that the wire calls `method`.
    pub fn call(
        &mut self,
        target: &Target,
        message: &Value<E::Ref>,
        deadline: Option<Instant>,
        embedding: &E,
        waiter: impl FnOnce(QuestionId) -> E::Waiter,
    ) -> Result<(), CallError> {
        let question = self.next_question()?;
        let written = self.write_body(message, embedding).map_err(CallError::Unwritable)?;
        self.frame.clear();
        outgoing::call(&mut self.frame, question, |out| match target {
            Target::Import(id) => json::write_string(out, &id.to_string()),
            Target::Question(id) => json::write_string(out, &id.to_string()),
        });
        self.send_with(written).map_err(CallError::Limit)?;
        self.ask(question, deadline, false, waiter);
        Ok(())
    }

    fn next_question(&mut self) -> Result<QuestionId, CallError> {
        if let Some(reason) = &self.closed {
            return Err(CallError::Closed(reason.clone()));
        }
        if self.questions.len() >= self.limits.questions {
            return Err(CallError::Limit("unanswered calls"));
        }
        if self.outbox.len() >= self.limits.queue_bytes {
            return Err(CallError::Limit("bytes that wait to be sent"));
        }
        self.asked += 1;
        Ok(QuestionId(self.asked))
    }

    fn ask(
        &mut self,
        id: QuestionId,
        deadline: Option<Instant>,
        bootstrap: bool,
        waiter: impl FnOnce(QuestionId) -> E::Waiter,
    ) {
        self.deadlines.extend(deadline.map(|deadline| (deadline, id.0)));
        self.questions.insert(id, Question { waiter: waiter(id), deadline, bootstrap });
    }

    /// Answers a call of the peer, once. The outcome is never itself a promise: whoever has one waits for it.
    ///
    /// Gives the promise that stood for the answer, if calls were made on it, and what it is to be settled with.
    #[must_use = "calls may wait for the answer"]
    pub fn answer(
        &mut self,
        id: AnswerId,
        outcome: Settlement<E::Ref>,
        embedding: &E,
    ) -> Option<(E::Ref, Settlement<E::Ref>)> {
        let Some(closed) = self.answers.close(id) else {
            self.garbage.answers.push(Arc::new(outcome));
            return None;
        };
        let before = self.outbox.len();
        let outcome = match self.send_answer(&closed, &outcome, embedding) {
            Ok(()) => outcome,
            Err(problem) => {
                self.garbage.answers.push(Arc::new(outcome));
                let error = Err(Value::error("Error", problem));
                if let Err(problem) = self.send_answer(&closed, &error, embedding) {
                    debug!(problem, "an answer could not be sent");
                }
                error
            }
        };
        let bytes = self.outbox.len() - before;
        self.answer_bytes += bytes;
        let is_object = matches!(outcome, Ok(Value::Capability(_)));
        let (kept, settled) = match closed.promise {
            None => (outcome, None),
            // Later calls go by the promise too, so that they do not overtake those that wait for it.
            Some(promise) => (Ok(Value::Capability(promise.clone())), Some((promise, outcome))),
        };
        let size = if is_object { Size::Object } else { Size::Data(bytes) };
        self.answers.keep(id, closed.key, kept, size, &self.limits, &mut self.garbage.answers);
        settled
    }

    /// Tells the peer what a promise of ours came to. That is not itself a promise, unless it is one of the peer.
    pub fn resolve(&mut self, id: ExportId, outcome: &Settlement<E::Ref>, embedding: &E) {
        // The peer may have dropped the promise.
        if !self.exports.is_open(id) {
            return;
        }
        let before = self.outbox.len();
        if let Err(problem) = self.send_resolve(id, outcome, embedding)
            && let Err(problem) = self.send_resolve(id, &Err(Value::error("Error", problem)), embedding)
        {
            debug!(problem, "a promise could not be resolved");
        }
        self.answer_bytes += self.outbox.len() - before;
        let forgotten = self.exports.settle(id, self.limits.kept_promises);
        self.garbage.references.extend(forgotten);
    }

    /// Ends the connection from this side; the reason, if there is one, is plain JSON.
    pub fn abort(&mut self, reason: Option<&str>) {
        let closed = Reason::Closed(self.name.clone(), reason.map(Arc::from));
        self.disconnect(reason, closed);
    }

    /// Ends the connection because the peer does not keep to the protocol.
    pub fn fault(&mut self, fault: &str) {
        let mut reason = String::new();
        json::write_string(&mut reason, fault);
        self.disconnect(Some(&reason), Reason::Protocol(fault.into()));
    }

    fn disconnect(&mut self, reason: Option<&str>, closed: Reason) {
        if self.closed.is_some() {
            return;
        }
        self.frame.clear();
        outgoing::disconnect(&mut self.frame, reason);
        if let Err(limit) = self.send() {
            debug!(limit, "the end could not be announced");
        }
        self.close(closed);
    }

    /// Gives the next thing that the owner is to act on.
    pub fn poll_event(&mut self) -> Option<Event<E>> {
        self.events.pop_front()
    }

    /// Exchanges the bytes that are to be sent, netstrings one after the other, for an empty buffer. Gives how many
    /// of them are answers.
    pub fn poll_transmit(&mut self, empty: &mut Vec<u8>) -> usize {
        std::mem::swap(&mut self.outbox, empty);
        std::mem::take(&mut self.answer_bytes)
    }

    /// Gives the time at which [`handle_timeout`](Self::handle_timeout) is due.
    pub fn poll_timeout(&self) -> Option<Instant> {
        self.deadlines.first().map(|&(deadline, _)| deadline)
    }

    /// Gives what was let go of, for the owner to drop.
    pub fn take_garbage(&mut self) -> Option<Garbage<E::Ref>> {
        let empty = self.garbage.references.is_empty() && self.garbage.answers.is_empty();
        (!empty).then(|| {
            std::mem::replace(&mut self.garbage, Garbage { references: Vec::new(), answers: Vec::new() })
        })
    }

    fn close(&mut self, reason: Reason) {
        if self.closed.is_some() {
            return;
        }
        self.closed = Some(reason.clone());
        self.deadlines.clear();
        let failure = || Failure::Closed(reason.clone());
        let mut questions: Vec<_> = std::mem::take(&mut self.questions).into_iter().collect();
        questions.sort_unstable_by_key(|(id, _)| id.0);
        for (_, question) in questions {
            let waiter = question.waiter;
            self.events.push_back(Event::Returned { waiter, outcome: Err(failure()), frees: false });
        }
        let (open, held) = self.imports.clear();
        for promise in open {
            self.events.push_back(Event::Resolved { promise, outcome: Err(failure()) });
        }
        let (kept, promises) = self.answers.clear();
        self.garbage.answers.extend(kept);
        self.garbage.references.extend(held);
        self.garbage.references.extend(promises);
        self.garbage.references.extend(self.exports.clear());
        self.events.push_back(Event::Closed(reason));
    }
}
