use std::borrow::Cow;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, OnceLock};

use powerbox_captp::{Answer, CallError, Exo, Object, Reply, Value, promise};
use powerbox_passable::{ErrorValue, Tagged, Value as Passable};
use tokio::sync::Notify;

use crate::caveat::Caveat;
use crate::clock::Clock;
use crate::forward::{Crossed, Membrane, Recorder, Ticket, Unrecorded, Way};
use crate::grant::{Grant, GrantId, Holder, Record, Target};
use crate::ledger::{Ledger, NewGrant, Origin};

/// An object for all that is tried here. It remembers what it was asked.
#[derive(Default)]
pub(super) struct Thing {
    pub(super) seen: Mutex<Vec<(String, Vec<Value>)>>,
    kept: Mutex<Option<Value>>,
    child: OnceLock<Arc<Thing>>,
    pub(super) go: Notify,
}

impl Thing {
    pub(super) fn new() -> Arc<Self> {
        Arc::default()
    }

    pub(super) fn object(self: &Arc<Self>) -> Object {
        Object::exo(Arc::clone(self))
    }

    pub(super) fn child(&self) -> &Arc<Self> {
        self.child.get_or_init(Self::new)
    }

    /// The names of the functions that it was asked for.
    pub(super) fn asked(&self) -> Vec<String> {
        self.seen.lock().unwrap().iter().map(|(function, _)| function.clone()).collect()
    }

    /// The arguments of the last call.
    pub(super) fn last(&self) -> Vec<Value> {
        self.seen.lock().unwrap().last().unwrap().1.clone()
    }
}

impl Exo for Thing {
    fn interface(&self) -> Cow<'_, str> {
        "Alleged: Thing".into()
    }

    fn methods(&self) -> &'static [&'static str] {
        &[
            "child",
            "echo",
            "fail",
            "has",
            "keep",
            "kept",
            "list",
            "me",
            "nested",
            "pass",
            "send",
            "slow",
            "take",
            "void",
            "writeText",
        ]
    }

    fn call(self: &Arc<Self>, method: &str, args: Vec<Value>) -> Reply {
        self.seen.lock().unwrap().push((method.to_owned(), args.clone()));
        let first = args.first().cloned().unwrap_or(Value::Undefined);
        let child = || Value::Capability(self.child().object());
        match method {
            "echo" => Reply::value(first),
            "me" => Reply::value(self.object()),
            "child" => Reply::value(child()),
            "nested" => Reply::value(Value::record([
                ("list", Value::list([child(), Value::Null])),
                ("tagged", Value::Tagged(Box::new(Tagged { tag: "t".into(), payload: child() }))),
                ("error", thrown(child())),
            ])),
            "fail" => Reply::error(CallError::Thrown(thrown(first))),
            "keep" => {
                *self.kept.lock().unwrap() = Some(first);
                Reply::undefined()
            }
            "kept" => Reply::value(self.kept.lock().unwrap().clone().unwrap()),
            // Passes to the object given its child and itself, and whatever else was given.
            "pass" => {
                let mut rest = args;
                let to = rest.remove(0);
                rest.splice(0..0, [child(), Value::Capability(self.object())]);
                Reply::Answer(to.as_capability().unwrap().call("take", rest))
            }
            "slow" => {
                let this = Arc::clone(self);
                Reply::pending(async move {
                    this.go.notified().await;
                    Ok(Value::text("at last"))
                })
            }
            "take" => Reply::value(Value::list(args)),
            _ => Reply::undefined(),
        }
    }
}

/// An error with a reference in it.
pub(super) fn thrown(cause: Value) -> Value {
    let mut error = ErrorValue::new("Error", "as asked");
    error.cause = Some(cause);
    Value::Error(Box::new(error))
}

/// A recorder in memory.
#[derive(Default)]
pub(super) struct Memory {
    pub(super) lines: Arc<Mutex<Vec<Line>>>,
    pub(super) is_broken: AtomicBool,
    pub(super) is_full: Arc<AtomicBool>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Line {
    pub(super) way: Way,
    pub(super) function: String,
    pub(super) outcome: String,
}

impl Recorder for Memory {
    fn begin(&self, crossing: &Crossed<'_>) -> Result<Ticket, Unrecorded> {
        if self.is_broken.load(Ordering::SeqCst) {
            return Err(Unrecorded("the disk is full".to_owned()));
        }
        let mut lines = self.lines.lock().unwrap();
        let number = lines.len();
        lines.push(Line {
            way: crossing.way,
            function: crossing.function.to_owned(),
            outcome: "unfinished".to_owned(),
        });
        let (lines, is_full) = (Arc::clone(&self.lines), Arc::clone(&self.is_full));
        Ok(Box::new(move |outcome, _| {
            if is_full.load(Ordering::SeqCst) {
                return Err(Unrecorded("the disk is full".to_owned()));
            }
            lines.lock().unwrap()[number].outcome = outcome.to_owned();
            Ok(())
        }))
    }

    fn refused(&self, crossing: &Crossed<'_>, rule: &str) {
        self.lines.lock().unwrap().push(Line {
            way: crossing.way,
            function: crossing.function.to_owned(),
            outcome: format!("refused: {rule}"),
        });
    }
}

impl Memory {
    pub(super) fn lines(&self) -> Vec<(String, String)> {
        self.lines.lock().unwrap().iter().map(|line| (line.function.clone(), line.outcome.clone())).collect()
    }
}

/// A thing, granted.
pub(super) struct Granted {
    pub(super) thing: Arc<Thing>,
    pub(super) membrane: Arc<Membrane>,
    pub(super) outside: Object,
    pub(super) recorder: Arc<Memory>,
}

/// Grants a thing with no restriction.
pub(super) fn granted() -> Granted {
    around(Grant::unlisted(Holder::reference("test"), "thing"), None)
}

pub(super) fn around(grant: Arc<Grant>, methods: Option<&[&str]>) -> Granted {
    let thing = Thing::new();
    let recorder = Arc::new(Memory::default());
    let methods = methods.map(|methods| methods.iter().map(|&method| method.to_owned()).collect());
    let membrane = Membrane::new(thing.object(), grant, methods, recorder.clone());
    Granted { outside: membrane.outside(), thing, membrane, recorder }
}

impl Granted {
    /// Calls the granted thing.
    pub(super) async fn call(&self, function: &str, args: Vec<Value>) -> Result<Value, CallError> {
        self.outside.call(function, args).await
    }

    /// Calls the granted thing for an object.
    pub(super) async fn object(&self, function: &str, args: Vec<Value>) -> Object {
        object(self.call(function, args).await)
    }

    /// How much the membrane remembers: forwarders outside, forwarders inside, open promises.
    pub(super) fn tables(&self) -> (usize, usize, usize) {
        self.membrane.sizes()
    }
}

/// A ledger of its own, and the time, which is for the test to set.
pub(super) struct Books {
    pub(super) ledger: Ledger,
    pub(super) time: Arc<AtomicU64>,
    _folder: tempfile::TempDir,
}

pub(super) const NOW: u64 = 1_700_000_000_000;

pub(super) fn books() -> Books {
    let folder = tempfile::tempdir().unwrap();
    let time = Arc::new(AtomicU64::new(NOW));
    let clock = Arc::clone(&time);
    let path = folder.path().join("grants.sqlite");
    let ledger = Ledger::open(&path, Clock::with(move || clock.load(Ordering::SeqCst))).unwrap();
    Books { ledger, time, _folder: folder }
}

impl Books {
    pub(super) fn add(&self, caveats: &[&str]) -> Record {
        let new = NewGrant {
            origin: Origin::Object(Target::Object { name: vec!["thing".to_owned()], id: None }),
            holder: Holder::reference("test"),
            slot: "thing".to_owned(),
            caveats: caveats.iter().map(|caveat| caveat.parse::<Caveat>().unwrap()).collect(),
            giver: "person".to_owned(),
        };
        self.ledger.add(&new).unwrap()
    }

    /// A thing, granted with caveats.
    pub(super) fn granted(&self, caveats: &[&str]) -> (Granted, GrantId) {
        let record = self.add(caveats);
        (around(self.ledger.grant(record.id).unwrap(), None), record.id)
    }

    pub(super) fn set_time(&self, time: u64) {
        self.time.store(time, Ordering::SeqCst);
    }
}

/// The object that was answered with.
pub(super) fn object(outcome: Result<Value, CallError>) -> Object {
    outcome.unwrap().as_capability().unwrap().clone()
}

/// The class and message of the error that was answered with.
pub(super) fn error(outcome: Result<Value, CallError>) -> (String, String) {
    outcome.unwrap_err().thrown_error().unwrap()
}

/// The class of the error, or the value as text.
pub(super) fn class(outcome: Result<Value, CallError>) -> String {
    match outcome {
        Ok(_) => "answered".to_owned(),
        Err(error) => error.thrown_error().map_or_else(|| error.to_string(), |(class, _)| class),
    }
}

/// All references in a value.
pub(super) fn references(value: &Value) -> Vec<Object> {
    let mut found = Vec::new();
    let mapped: Result<Passable<()>, ()> = value.clone().try_map(&mut |object| {
        found.push(object);
        Ok(())
    });
    mapped.unwrap();
    found
}

/// A promise that is open, and what settles it.
pub(super) fn open() -> (Value, powerbox_captp::Resolver) {
    let (promise, resolver) = promise();
    (Value::Capability(promise), resolver)
}

/// Whether an answer is there by now, once everybody has had his turn.
pub(super) async fn is_pending(answer: &Answer) -> bool {
    for _ in 0..20 {
        tokio::task::yield_now().await;
    }
    answer.outcome().is_none()
}
