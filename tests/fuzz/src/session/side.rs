//! One side of a session: a connection, what it holds, and what has happened to it.

use std::borrow::Cow;
use std::cell::{Cell, RefCell};
use std::collections::{HashSet, VecDeque};
use std::hash::{Hash, Hasher};
use std::rc::{Rc, Weak};
use std::time::Instant;

use powerbox_captp::netstring::Decoder;
use powerbox_captp::protocol::{
    AnswerId, CallTarget, Connection, Embedding, Event, ExportId, ImportId, QuestionId, Serial, Settlement,
};
use powerbox_captp::{Limits, Message, Release};
use powerbox_passable::Value;

/// What a side calls things: its own by number, the peer's by what stands for them.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) enum Ref {
    Object(u8),
    Promise(u8),
    /// Stands for an answer that was called before it was there.
    Answer(u32),
    Import(Rc<StandIn>),
}

/// Says so when nothing refers to it any more.
#[derive(Debug)]
pub(super) struct StandIn {
    pub(super) id: ImportId,
    serial: Serial,
    dropped: Rc<RefCell<Vec<(ImportId, Serial)>>>,
}

impl PartialEq for StandIn {
    fn eq(&self, other: &Self) -> bool {
        (&self.id, self.serial) == (&other.id, other.serial)
    }
}

impl Eq for StandIn {}

impl Hash for StandIn {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.id.hash(state);
    }
}

impl Drop for StandIn {
    fn drop(&mut self) {
        self.dropped.borrow_mut().push((self.id.clone(), self.serial));
    }
}

#[derive(Debug, Default)]
pub(super) struct Ends {
    answers: Cell<u32>,
    dropped: Rc<RefCell<Vec<(ImportId, Serial)>>>,
}

#[derive(Debug)]
pub(super) enum Found {
    Own(Ref),
    Import(Weak<StandIn>),
}

impl Embedding for Ends {
    type Ref = Ref;
    type Weak = Found;
    type Waiter = QuestionId;

    fn import(&self, id: &ImportId, serial: Serial, _: Option<&str>) -> Ref {
        Ref::Import(Rc::new(StandIn { id: id.clone(), serial, dropped: Rc::clone(&self.dropped) }))
    }

    fn pending(&self, _: AnswerId) -> Ref {
        self.answers.set(self.answers.get() + 1);
        Ref::Answer(self.answers.get())
    }

    fn downgrade(&self, reference: &Ref) -> Found {
        match reference {
            Ref::Import(stand_in) => Found::Import(Rc::downgrade(stand_in)),
            own => Found::Own(own.clone()),
        }
    }

    fn upgrade(&self, weak: &Found) -> Option<Ref> {
        match weak {
            Found::Own(own) => Some(own.clone()),
            Found::Import(stand_in) => stand_in.upgrade().map(Ref::Import),
        }
    }

    fn imported(&self, reference: &Ref) -> Option<ImportId> {
        match reference {
            Ref::Import(stand_in) => Some(stand_in.id.clone()),
            _ => None,
        }
    }

    fn is_promise(&self, reference: &Ref) -> bool {
        reference.is_promise()
    }

    fn interface<'a>(&self, _: &'a Ref) -> Cow<'a, str> {
        "Remotable".into()
    }
}

impl Ref {
    pub(super) fn is_promise(&self) -> bool {
        match self {
            Self::Object(_) => false,
            Self::Promise(_) | Self::Answer(_) => true,
            Self::Import(stand_in) => stand_in.id.is_promise(),
        }
    }
}

/// One side, and what must hold for it.
pub(super) struct Side {
    pub(super) connection: Connection<Ends>,
    pub(super) ends: Ends,
    limits: Limits,
    /// Frames for it that were not delivered yet.
    pub(super) inbox: VecDeque<Vec<u8>>,
    /// Calls and bootstraps that it owes an answer.
    pub(super) owed: Vec<AnswerId>,
    seen: HashSet<AnswerId>,
    /// Its own questions that are not answered.
    pub(super) asked: HashSet<QuestionId>,
    /// Its promises that the peer waits for.
    pub(super) exported: Vec<ExportId>,
    /// Things of the peer that it holds.
    pub(super) held: Vec<Ref>,
    /// The ids of the peer's questions that are not answered.
    open: HashSet<String>,
    /// A frame was taken that this model cannot read.
    unread: bool,
    taken: usize,
    returned: usize,
    closed: bool,
}

impl Side {
    pub(super) fn new(name: &str, limits: Limits, release: Release) -> Self {
        Self {
            connection: Connection::new(name.into(), limits, release),
            ends: Ends::default(),
            limits,
            inbox: VecDeque::new(),
            owed: Vec::new(),
            seen: HashSet::new(),
            asked: HashSet::new(),
            exported: Vec::new(),
            held: Vec::new(),
            open: HashSet::new(),
            unread: false,
            taken: 0,
            returned: 0,
            closed: false,
        }
    }

    /// Takes the next frame that was sent to it.
    pub(super) fn take(&mut self) -> bool {
        let Some(frame) = self.inbox.pop_front() else { return false };
        self.taken += 1;
        self.unread |= read(&frame).is_none();
        self.connection.handle_frame(&frame, &self.ends);
        if self.connection.closed().is_none()
            && let Some(id) = text(&frame, &["CTP_BOOTSTRAP", "CTP_CALL"], "questionID")
        {
            assert!(self.open.insert(id.clone()), "the id {id} is in use and was taken again");
        }
        true
    }

    pub(super) fn answer(&mut self, id: AnswerId, outcome: Settlement<Ref>) {
        drop(self.connection.answer(id, outcome.clone(), &self.ends));
        // Once more says nothing more.
        let queued = self.connection.queued_bytes();
        assert!(self.connection.answer(id, outcome, &self.ends).is_none(), "{id} is answered twice");
        assert_eq!(self.connection.queued_bytes(), queued, "{id} is answered twice");
    }

    pub(super) fn advance(&mut self, now: Instant) {
        self.connection.handle_timeout(now);
    }

    /// Acts on what has happened, and gives the frames that go out.
    pub(super) fn collect(&mut self) -> Vec<Vec<u8>> {
        while let Some(event) = self.connection.poll_event() {
            self.act(event);
        }
        // What is let go of may be the last that held something of the peer.
        loop {
            drop(self.connection.take_garbage());
            let dropped = self.ends.dropped.take();
            if dropped.is_empty() {
                break;
            }
            dropped.iter().for_each(|(id, serial)| self.connection.release(id, *serial));
        }
        let mut bytes = Vec::new();
        self.connection.poll_transmit(&mut bytes);
        let mut decoder = Decoder::new(self.limits.frame_bytes);
        decoder.push(&bytes);
        let mut frames = Vec::new();
        while let Some(frame) = decoder.next_frame().expect("what goes out are frames") {
            self.returned += usize::from(frame.starts_with(br#"{"type":"CTP_RETURN""#));
            if let Some(id) = text(frame, &["CTP_RETURN"], "answerID") {
                let known = self.open.remove(&id) || self.unread;
                assert!(known, "the question {id} is answered twice, or was never asked");
            }
            frames.push(frame.to_vec());
        }
        decoder.finish().expect("what goes out are whole frames");
        self.check();
        frames
    }

    fn act(&mut self, event: Event<Ends>) {
        assert!(!self.closed, "{event:?} after the end");
        match event {
            Event::Bootstrap(id) => self.owe(id),
            Event::Call { answer, target, message } => {
                self.owe(answer);
                if let CallTarget::Reference(reference) = target {
                    self.hold(Value::Capability(reference));
                }
                if let Message::Call { args, .. } | Message::Apply { args } = message {
                    args.into_iter().for_each(|arg| self.hold(arg));
                }
            }
            Event::Returned { waiter, outcome, frees } => {
                if frees {
                    self.connection.drop_answer(waiter);
                }
                assert!(self.asked.remove(&waiter), "{waiter} is answered twice, or was never asked");
                if let Ok(value) = outcome {
                    self.hold(value);
                }
            }
            Event::Resolved { promise, outcome } => {
                assert!(promise.is_promise(), "{promise:?} is no promise");
                if let Ok(value) = outcome {
                    self.hold(value);
                }
            }
            Event::Exported(id, _) => self.exported.push(id),
            Event::Closed(_) => self.closed = true,
        }
    }

    fn owe(&mut self, id: AnswerId) {
        assert!(self.seen.insert(id), "{id} is owed twice");
        self.owed.push(id);
    }

    fn hold(&mut self, value: Value<Ref>) {
        let _ = value.try_map(&mut |reference: Ref| {
            if matches!(reference, Ref::Import(_)) && !self.held.contains(&reference) {
                self.held.push(reference);
            }
            Ok::<_, ()>(())
        });
    }

    fn check(&self) {
        let (stats, limits) = (self.connection.stats(), &self.limits);
        assert!(stats.exports <= limits.exports, "{stats:?}");
        assert!(stats.imports <= limits.imports, "{stats:?}");
        assert!(stats.questions <= limits.questions, "{stats:?}");
        assert!(stats.peer_questions <= limits.peer_questions, "{stats:?}");
        assert!(stats.kept_answers <= limits.kept_answers + limits.kept_objects, "{stats:?}");
        // Each question comes in a frame of its own.
        assert!(self.returned <= self.taken, "{} answers to {} frames", self.returned, self.taken);
        assert_eq!(stats.questions, self.asked.len(), "{stats:?}");
    }

    /// Shows that nothing is left after the end.
    pub(super) fn is_clean(&self) {
        assert!(self.closed && self.asked.is_empty());
        let stats = self.connection.stats();
        let held = (stats.exports, stats.imports, stats.questions, stats.peer_questions, stats.kept_answers);
        assert_eq!(held, (0, 0, 0, 0, 0));
    }
}

/// Reads a frame as the connection does. It gives up on a lone surrogate, which the connection takes.
fn read(frame: &[u8]) -> Option<serde_json::Value> {
    serde_json::from_str(String::from_utf8_lossy(frame).trim_start_matches('\u{feff}')).ok()
}

/// Gives the text of a member of a message that is one of some types.
fn text(frame: &[u8], types: &[&str], key: &str) -> Option<String> {
    let message = read(frame)?;
    let kind = message.get("type")?.as_str()?;
    if !types.contains(&kind) {
        return None;
    }
    message.get(key)?.as_str().map(str::to_owned)
}
