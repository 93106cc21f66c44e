//! Two connections joined by a wire that delivers one message at a time, and only when told to.

use std::borrow::Cow;
use std::cell::{Cell, RefCell};
use std::collections::VecDeque;
use std::hash::{Hash, Hasher};
use std::rc::{Rc, Weak};
use std::sync::Arc;
use std::time::Instant;

use powerbox_passable::Value;

use crate::netstring::Decoder;
use crate::protocol::{
    AnswerId, CallTarget, Connection, Embedding, Event, ExportId, Failure, ImportId, QuestionId, Serial,
    Settlement, Target,
};
use crate::{Limits, Message, Release};

/// What a side calls things: its own by number, the peer's by slot.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) enum Ref {
    Object(u32),
    Promise(u32),
    /// Stands for an answer that was called before it was there.
    Answer(u32),
    Import(ImportId, Rc<StandIn>),
}

/// Lives as long as something refers to it, and then says so.
#[derive(Debug)]
pub(super) struct StandIn {
    id: ImportId,
    serial: u64,
    dropped: Rc<RefCell<Vec<(ImportId, u64)>>>,
}

impl PartialEq for StandIn {
    fn eq(&self, other: &Self) -> bool {
        (&self.id, self.serial) == (&other.id, other.serial)
    }
}

impl Eq for StandIn {}

impl Hash for StandIn {
    fn hash<H: Hasher>(&self, state: &mut H) {
        (&self.id, self.serial).hash(state);
    }
}

impl Drop for StandIn {
    fn drop(&mut self) {
        self.dropped.borrow_mut().push((self.id.clone(), self.serial));
    }
}

#[derive(Default)]
pub(super) struct Ends {
    answers: Cell<u32>,
    /// Stand-ins that are gone, which the connection was not told yet.
    dropped: Rc<RefCell<Vec<(ImportId, u64)>>>,
}

pub(super) enum Found {
    Own(Ref),
    Import(ImportId, Weak<StandIn>),
}

impl Embedding for Ends {
    type Ref = Ref;
    type Weak = Found;
    type Waiter = u64;

    fn import(&self, id: &ImportId, serial: Serial, _: Option<&str>) -> Ref {
        let stand_in = StandIn { id: id.clone(), serial: serial.0, dropped: Rc::clone(&self.dropped) };
        Ref::Import(id.clone(), Rc::new(stand_in))
    }

    fn pending(&self, _: AnswerId) -> Ref {
        self.answers.set(self.answers.get() + 1);
        Ref::Answer(self.answers.get())
    }

    fn downgrade(&self, reference: &Ref) -> Found {
        match reference {
            Ref::Import(id, stand_in) => Found::Import(id.clone(), Rc::downgrade(stand_in)),
            own => Found::Own(own.clone()),
        }
    }

    fn upgrade(&self, weak: &Found) -> Option<Ref> {
        match weak {
            Found::Own(own) => Some(own.clone()),
            Found::Import(id, stand_in) => Some(Ref::Import(id.clone(), stand_in.upgrade()?)),
        }
    }

    fn imported(&self, reference: &Ref) -> Option<ImportId> {
        match reference {
            Ref::Import(id, _) => Some(id.clone()),
            _ => None,
        }
    }

    fn is_promise(&self, reference: &Ref) -> bool {
        match reference {
            Ref::Object(_) => false,
            Ref::Promise(_) | Ref::Answer(_) => true,
            Ref::Import(id, _) => id.is_promise(),
        }
    }

    fn interface<'a>(&self, _: &'a Ref) -> Cow<'a, str> {
        "Remotable".into()
    }
}

/// How a question of ours, or a promise of the peer's, turned out.
pub(super) type Outcome = Result<Value<Ref>, Failure<Ref>>;

/// A call that waits for its answer.
#[derive(Debug)]
pub(super) struct Asked {
    pub(super) answer: AnswerId,
    pub(super) target: CallTarget<Ref>,
    pub(super) message: Message<Ref>,
}

/// One side, and what has happened to it.
pub(super) struct Side {
    pub(super) connection: Connection<Ends>,
    pub(super) ends: Ends,
    /// Frames for it that were not delivered yet.
    pub(super) inbox: VecDeque<Vec<u8>>,
    pub(super) bootstraps: Vec<AnswerId>,
    pub(super) asked: Vec<Asked>,
    pub(super) returned: Vec<(u64, Outcome)>,
    pub(super) resolved: Vec<(Ref, Outcome)>,
    pub(super) exported: Vec<(ExportId, Ref)>,
    pub(super) closed: usize,
}

/// Two sides; the first is usually the one that asks.
pub(super) struct Pair {
    pub(super) sides: [Side; 2],
}

impl Pair {
    pub(super) fn new() -> Self {
        Self::with(Limits::default(), Release::AtOnce)
    }

    pub(super) fn with(limits: Limits, release: Release) -> Self {
        let side = |name: &str| Side {
            connection: Connection::new(Arc::from(name), limits, release),
            ends: Ends::default(),
            inbox: VecDeque::new(),
            bootstraps: Vec::new(),
            asked: Vec::new(),
            returned: Vec::new(),
            resolved: Vec::new(),
            exported: Vec::new(),
            closed: 0,
        };
        Self { sides: [side("a"), side("b")] }
    }

    /// Tells a side which stand-ins are gone, moves what it has to send to the other's inbox, and takes its events.
    pub(super) fn collect(&mut self, side: usize) {
        let from = &mut self.sides[side];
        // What the connection held of its own goes with it, and may be the last that referred to something.
        loop {
            drop(from.connection.take_garbage());
            let dropped = from.ends.dropped.take();
            if dropped.is_empty() {
                break;
            }
            dropped.iter().for_each(|(id, serial)| from.connection.release(id, Serial(*serial)));
        }
        let mut bytes = Vec::new();
        self.sides[side].connection.poll_transmit(&mut bytes);
        let mut decoder = Decoder::new(1 << 30);
        decoder.push(&bytes);
        while let Some(frame) = decoder.next_frame().unwrap() {
            self.sides[1 - side].inbox.push_back(frame.to_vec());
        }
        self.sides[side].take_events();
    }

    /// Delivers one message to a side, if there is one.
    pub(super) fn deliver(&mut self, side: usize) -> bool {
        self.collect(1 - side);
        let to = &mut self.sides[side];
        let Some(frame) = to.inbox.pop_front() else { return false };
        to.connection.handle_frame(&frame, &to.ends);
        self.collect(side);
        true
    }

    /// Delivers until there is nothing left to deliver.
    pub(super) fn drive(&mut self) {
        while self.deliver(0) | self.deliver(1) {}
    }

    /// Gives the first side the object 1 of the second as its bootstrap.
    pub(super) fn bootstrap(&mut self) -> Ref {
        self.sides[0].connection.bootstrap(None, |_| 0).unwrap();
        self.drive();
        let answer = self.sides[1].bootstraps.pop().unwrap();
        self.answer(1, answer, Ok(Value::Capability(Ref::Object(1))));
        self.drive();
        match self.sides[0].returned.pop() {
            Some((0, Ok(Value::Capability(reference)))) => reference,
            other => panic!("{other:?}"),
        }
    }

    /// Has a side call something of the other; the question is its own waiter.
    pub(super) fn call(&mut self, side: usize, target: &Ref, args: Vec<Value<Ref>>) -> u64 {
        let Ref::Import(id, _) = target else { panic!("{target:?} is not the peer's") };
        self.call_target(side, &Target::Import(id.clone()), args)
    }

    pub(super) fn call_target(&mut self, side: usize, target: &Target, args: Vec<Value<Ref>>) -> u64 {
        self.try_call(side, target, args, None).unwrap()
    }

    pub(super) fn try_call(
        &mut self,
        side: usize,
        target: &Target,
        args: Vec<Value<Ref>>,
        deadline: Option<Instant>,
    ) -> Result<u64, super::super::Refusal> {
        let list = Value::list([Value::text("m"), Value::List(args)]);
        let from = &mut self.sides[side];
        let mut asked = 0;
        from.connection.call(target, &list, deadline, &from.ends, |question| {
            asked = question.0;
            asked
        })?;
        self.collect(side);
        Ok(asked)
    }

    pub(super) fn answer(
        &mut self,
        side: usize,
        answer: AnswerId,
        outcome: Settlement<Ref>,
    ) -> Option<(Ref, Settlement<Ref>)> {
        let from = &mut self.sides[side];
        let promise = from.connection.answer(answer, outcome, &from.ends);
        self.collect(side);
        promise
    }

    pub(super) fn resolve(&mut self, side: usize, promise: ExportId, outcome: Settlement<Ref>) {
        let from = &mut self.sides[side];
        from.connection.resolve(promise, &outcome, &from.ends);
        self.collect(side);
    }

    /// Drops a reference of a side.
    pub(super) fn release(&mut self, side: usize, reference: Ref) {
        drop(reference);
        self.collect(side);
    }
}

impl Side {
    fn take_events(&mut self) {
        while let Some(event) = self.connection.poll_event() {
            match event {
                Event::Bootstrap(answer) => self.bootstraps.push(answer),
                Event::Call { answer, target, message } => self.asked.push(Asked { answer, target, message }),
                Event::Returned { waiter, outcome, frees } => {
                    if frees {
                        self.connection.drop_answer(QuestionId(waiter));
                    }
                    self.returned.push((waiter, outcome));
                }
                Event::Resolved { promise, outcome } => self.resolved.push((promise, outcome)),
                Event::Exported(id, promise) => self.exported.push((id, promise)),
                Event::Closed(_) => self.closed += 1,
            }
        }
    }
}
