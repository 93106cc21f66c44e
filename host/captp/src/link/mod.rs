//! The link between a connection and the objects at this end of it. No I/O happens here.

mod embedding;

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use tokio::sync::Notify;

use crate::delivery;
use crate::object::{Kind, Object};
use crate::promise::{Outcome, Promise, Route, Watcher};
use crate::protocol::{
    AnswerId, CallTarget, Connection, Event, ExportId, Failure, ImportId, QuestionId, Refusal, Serial, Stats,
    Target,
};
use crate::session::Output;
use crate::{Answer, CallError, Config, Limits, Message, Method, Reason, Reply, Value, turn};

/// A connection with the objects of this side.
///
/// Locks: `connection` is held while messages are read and written, and never while anything else is called: what
/// happened is collected under the lock and acted on after it. Releases come from wherever a reference is dropped,
/// so they have a lock of their own, which is taken last.
pub(crate) struct Link {
    connection: Mutex<Connection<Arc<Link>>>,
    releases: Mutex<Vec<Gone>>,
    released: AtomicBool,
    name: Arc<str>,
    limits: Limits,
    deadline: Option<Duration>,
    bootstrap: Mutex<Option<Value>>,
    pub(crate) output: Output,
    /// Told when the connection is at its end.
    ended: Notify,
}

/// Something of the peer's that is no longer used here.
enum Gone {
    Import(ImportId, Serial),
    Answer(QuestionId),
}

/// What came of a visit to the connection.
struct Visit<T> {
    result: T,
    first: Option<Event<Arc<Link>>>,
    rest: Vec<Event<Arc<Link>>>,
    queued: bool,
}

impl Link {
    pub(crate) fn new(config: Config, output: Output) -> Arc<Self> {
        let name: Arc<str> = config.name.into();
        Arc::new(Self {
            connection: Mutex::new(Connection::new(name.clone(), config.limits, config.release)),
            releases: Mutex::new(Vec::new()),
            released: AtomicBool::new(false),
            name,
            limits: config.limits,
            deadline: config.deadline,
            bootstrap: Mutex::new(config.bootstrap),
            output,
            ended: Notify::new(),
        })
    }

    pub(crate) fn name(&self) -> &str {
        &self.name
    }

    pub(crate) fn limits(&self) -> &Limits {
        &self.limits
    }

    pub(crate) fn stats(&self) -> Stats {
        self.lock().stats()
    }

    pub(crate) fn closed(&self) -> Option<Reason> {
        self.lock().closed().cloned()
    }

    pub(crate) fn believe(&self) {
        self.lock().believe();
    }

    pub(crate) fn outstanding(&self) -> usize {
        self.lock().outstanding()
    }

    /// Waits for the end of the connection.
    pub(crate) async fn ended(&self) -> Reason {
        loop {
            let ended = self.ended.notified();
            if let Some(reason) = self.closed() {
                return reason;
            }
            ended.await;
        }
    }

    fn lock(&self) -> MutexGuard<'_, Connection<Arc<Self>>> {
        self.connection.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Does something with the connection, and then what follows from it.
    fn enter<T>(self: &Arc<Self>, visit: impl FnOnce(&mut Connection<Arc<Self>>) -> T) -> T {
        let (visit, garbage) = {
            let mut connection = self.lock();
            self.settle_releases(&mut connection);
            let result = visit(&mut connection);
            let first = connection.poll_event();
            let mut rest = Vec::new();
            if first.is_some() {
                rest.extend(std::iter::from_fn(|| connection.poll_event()));
            }
            let queued = connection.queued_bytes() > 0;
            (Visit { result, first, rest, queued }, connection.take_garbage())
        };
        if visit.queued {
            self.output.queued();
        }
        drop(garbage);
        for event in visit.first.into_iter().chain(visit.rest) {
            self.act(event);
        }
        // What was dropped during the visit could not be told then.
        if self.released.load(Ordering::Acquire) {
            self.tell_releases();
        }
        visit.result
    }

    fn settle_releases(&self, connection: &mut Connection<Arc<Self>>) {
        if self.released.swap(false, Ordering::AcqRel) {
            let mut releases = self.releases.lock().unwrap_or_else(PoisonError::into_inner);
            for gone in releases.drain(..) {
                match gone {
                    Gone::Import(id, serial) => connection.release(&id, serial),
                    Gone::Answer(question) => connection.drop_answer(question),
                }
            }
        }
    }

    /// Takes note that a reference to something of the peer is gone.
    pub(crate) fn release(&self, id: &ImportId, serial: Serial) {
        self.note(Gone::Import(id.clone(), serial));
    }

    /// Takes note that nobody can call the answer to a question any more.
    pub(crate) fn release_answer(&self, question: QuestionId) {
        self.note(Gone::Answer(question));
    }

    fn note(&self, gone: Gone) {
        self.releases.lock().unwrap_or_else(PoisonError::into_inner).push(gone);
        self.released.store(true, Ordering::Release);
        self.tell_releases();
    }

    /// Tells the connection of releases, unless somebody is visiting it, who then does so at the end.
    fn tell_releases(&self) {
        if let Ok(mut connection) = self.connection.try_lock() {
            self.settle_releases(&mut connection);
            let queued = connection.queued_bytes() > 0;
            drop(connection);
            if queued {
                self.output.queued();
            }
        }
    }

    /// Tells whether a promise that the peer was sent may have to be settled.
    pub(crate) fn may_be_open(&self, id: ExportId) -> bool {
        self.connection.try_lock().map_or(true, |connection| connection.is_open(id))
    }

    /// Takes one frame, and acts on it.
    pub(crate) fn handle_frame(self: &Arc<Self>, frame: &[u8]) {
        self.enter(|connection| connection.handle_frame(frame, self));
    }

    /// Takes the end of the stream.
    pub(crate) fn handle_end(self: &Arc<Self>, reason: Reason) {
        self.enter(|connection| connection.handle_end(reason));
    }

    pub(crate) fn handle_timeout(self: &Arc<Self>, now: Instant) {
        self.enter(|connection| connection.handle_timeout(now));
    }

    pub(crate) fn poll_timeout(&self) -> Option<Instant> {
        self.lock().poll_timeout()
    }

    pub(crate) fn fault(self: &Arc<Self>, fault: &str) {
        self.enter(|connection| connection.fault(fault));
    }

    pub(crate) fn abort(self: &Arc<Self>, reason: Option<&str>) {
        self.enter(|connection| connection.abort(reason));
    }

    /// Exchanges the bytes to be sent for an empty buffer; gives how many of them are answers.
    pub(crate) fn poll_transmit(&self, empty: &mut Vec<u8>) -> usize {
        self.lock().poll_transmit(empty)
    }

    pub(crate) fn queued(&self) -> (usize, usize) {
        let connection = self.lock();
        (connection.queued_bytes(), connection.queued_answer_bytes())
    }

    /// Asks for the bootstrap of the peer.
    pub(crate) fn bootstrap(self: &Arc<Self>) -> Answer {
        Answer::of(self.ask(|connection, deadline, waiter| connection.bootstrap(deadline, waiter)))
    }

    /// Calls something of the peer.
    pub(crate) fn call(self: &Arc<Self>, target: &Target, message: Message) -> Arc<Promise> {
        // The list outlives the visit: dropping it may drop objects.
        let list = list_of(message);
        self.ask(|connection, deadline, waiter| connection.call(target, &list, deadline, self, waiter))
    }

    pub(crate) fn call_question(self: &Arc<Self>, question: QuestionId, message: Message) -> Arc<Promise> {
        self.call(&Target::Question(question), message)
    }

    fn ask(
        self: &Arc<Self>,
        ask: impl FnOnce(
            &mut Connection<Arc<Self>>,
            Option<Instant>,
            &mut dyn FnMut(QuestionId) -> Arc<Promise>,
        ) -> Result<(), Refusal>,
    ) -> Arc<Promise> {
        let deadline = self.deadline.map(|deadline| tokio::time::Instant::now().into_std() + deadline);
        let mut promise = None;
        let mut waiter =
            |question| promise.insert(Promise::new(Route::Question(self.clone(), question))).clone();
        let (asked, timer) = self.enter(|connection| {
            let idle = deadline.is_some() && connection.poll_timeout().is_none();
            (ask(connection, deadline, &mut waiter), idle)
        });
        if timer {
            self.output.wake();
        }
        match (asked, promise) {
            (Ok(()), Some(promise)) => promise,
            (Err(refusal), _) => Promise::settled(Err(refusal.into())),
            (Ok(()), None) => Promise::settled(Err(CallError::Cancelled)),
        }
    }

    fn act(self: &Arc<Self>, event: Event<Arc<Self>>) {
        match event {
            Event::Call { answer, target, message } => {
                let reply = match target {
                    CallTarget::Reference(Object(Kind::Local(receiver))) => {
                        turn::enter(|| delivery::receive(receiver, message))
                    }
                    CallTarget::Reference(object) => Reply::Answer(object.deliver(message)),
                    CallTarget::Answered(outcome) => Reply::Ready(match outcome.as_ref() {
                        Ok(data) => delivery::to_data(data, &message),
                        Err(thrown) => Err(CallError::Thrown(thrown.clone())),
                    }),
                };
                self.reply(answer, reply);
            }
            Event::Returned { waiter, outcome, frees } => {
                if frees {
                    waiter.tell_when_gone();
                }
                waiter.resolve(outcome.map_err(CallError::from));
            }
            Event::Resolved { promise, outcome } => {
                if let Kind::Promise(promise) = promise.0 {
                    promise.resolve(outcome.map_err(CallError::from));
                }
            }
            Event::Exported(id, promise) => {
                if let Kind::Promise(promise) = promise.0 {
                    promise.watch(Watcher::Export(Arc::downgrade(self), id));
                }
            }
            Event::Bootstrap(answer) => {
                let bootstrap = self.bootstrap.lock().unwrap_or_else(PoisonError::into_inner).clone();
                self.answer(answer, Ok(bootstrap.unwrap_or(Value::Undefined)));
            }
            Event::Closed(_) => {
                let bootstrap = self.bootstrap.lock().unwrap_or_else(PoisonError::into_inner).take();
                drop(bootstrap);
                self.ended.notify_waiters();
                self.output.wake();
            }
        }
    }

    fn reply(self: &Arc<Self>, id: AnswerId, reply: Reply) {
        match reply {
            Reply::Ready(outcome) => self.answer(id, outcome),
            Reply::Answer(answer) => {
                let promise = answer.into_promise();
                match promise.outcome() {
                    Some(outcome) => self.answer(id, outcome),
                    None => promise.watch(Watcher::Answer(Arc::downgrade(self), id)),
                }
            }
            Reply::Pending(future) => {
                let link = self.clone();
                let spawned = delivery::spawn(async move {
                    let outcome = tokio::select! {
                        outcome = delivery::guard(future) => outcome,
                        // Nobody is there to be answered: what the future holds is let go.
                        _ = link.ended() => return,
                    };
                    link.room_for_answer().await;
                    link.answer(id, outcome);
                });
                if !spawned {
                    self.answer(id, Err(CallError::Cancelled));
                }
            }
        }
    }

    /// Waits while more answers wait to be sent than a peer that reads would leave.
    async fn room_for_answer(&self) {
        self.output
            .wait_until(|unsent| {
                unsent + self.queued().1 <= self.limits.answer_bytes || self.closed().is_some()
            })
            .await;
    }

    /// Answers a call of the peer, if need be after waiting for a promise.
    pub(crate) fn answer(self: &Arc<Self>, id: AnswerId, outcome: Outcome) {
        if let Ok(Value::Capability(Object(Kind::Promise(promise)))) = &outcome {
            promise.watch(Watcher::Answer(Arc::downgrade(self), id));
            return;
        }
        let outcome = outcome.map_err(CallError::into_thrown);
        if let Some((promise, outcome)) = self.enter(|connection| connection.answer(id, outcome, self))
            && let Kind::Promise(promise) = promise.0
        {
            promise.resolve(outcome.map_err(CallError::Thrown));
        }
    }

    /// Tells the peer what a promise of ours came to.
    pub(crate) fn resolve(self: &Arc<Self>, id: ExportId, outcome: Outcome) {
        let outcome = outcome.map_err(CallError::into_thrown);
        self.enter(|connection| connection.resolve(id, &outcome, self));
    }

    /// Sends what waits, for somebody now waits for its answer.
    pub(crate) fn flush_for_waiter(self: &Arc<Self>) {
        self.output.flush_for_waiter(self);
    }
}

/// Gives the list that the wire calls `method`.
fn list_of(message: Message) -> Value {
    Value::List(match message {
        Message::Call { method: Method::Name(name), args } => vec![Value::text(name), Value::List(args)],
        Message::Call { method: Method::Symbol(symbol), args } => {
            vec![Value::Symbol(symbol), Value::List(args)]
        }
        Message::Apply { args } => vec![Value::Null, Value::List(args)],
        Message::Get { property } => vec![Value::Text(property)],
    })
}

impl From<Failure<Object>> for CallError {
    fn from(failure: Failure<Object>) -> Self {
        match failure {
            Failure::Thrown(value) => Self::Thrown(value),
            Failure::Unreadable(problem) => Self::Invalid(problem),
            Failure::Closed(reason) => Self::Disconnected(reason),
            Failure::Deadline => Self::Deadline,
        }
    }
}

impl From<Refusal> for CallError {
    fn from(refusal: Refusal) -> Self {
        match refusal {
            Refusal::Closed(reason) => Self::Disconnected(reason),
            Refusal::Limit(limit) => Self::Limit(limit.into()),
            Refusal::Unwritable(problem) => Self::Invalid(problem),
        }
    }
}
