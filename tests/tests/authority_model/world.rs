//! What does happen.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use powerbox_authority::audit::{self, Audit, AuditBounds, Decision, Filter, Reader};
use powerbox_authority::caveat::Caveat;
use powerbox_authority::clock::Clock;
use powerbox_authority::forward::{AuditRecorder, Membrane};
use powerbox_authority::grant::{GrantId, Holder, Target};
use powerbox_authority::ledger::{AddError, Ledger, NewGrant, Origin};
use powerbox_captp::{CallError, Message, Object, Value};
use proptest::prelude::*;
use proptest::test_runner::TestCaseResult;

use crate::model::{Arg, INNER, Line, Model, NOW, OWN, Outcome, Ref};
use crate::record::{Both, Lines, Memory};
use crate::rules::{FUNCTIONS, MINUTE, PATHS, Rule};
use crate::steps::{Call, Step};
use crate::thing::{Seen, things};

/// Where crossings are recorded.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Record {
    InMemory,
    OnDisk,
}

pub(crate) struct World {
    folder: tempfile::TempDir,
    clock: Arc<AtomicU64>,
    record: Record,
    lines: Arc<Lines>,
    seen: Seen,
    /// What is on disk, by the model's numbers.
    ids: Vec<GrantId>,
    /// What a restart makes anew.
    run: Option<Run>,
    /// The digest of the call that was asked for last.
    asked: Option<String>,
    /// The last call.
    last: Option<(Ref, usize, Vec<Arg>)>,
    compared: usize,
}

/// One run of the program.
struct Run {
    ledger: Ledger,
    /// Another process.
    other: Ledger,
    audit: Arc<Audit>,
    things: Vec<Object>,
    /// What the holders have.
    held: Vec<Ref>,
    /// Each reference that was ever seen, on whatever side.
    known: BTreeMap<Ref, Object>,
    membranes: Vec<Arc<Membrane>>,
}

pub(crate) fn probes() -> Vec<Step> {
    vec![Step::Probe]
}

impl World {
    pub(crate) fn new(record: Record) -> Self {
        let mut world = Self {
            folder: folder(),
            clock: Arc::new(AtomicU64::new(NOW)),
            record,
            lines: Arc::default(),
            seen: Seen::default(),
            ids: Vec::new(),
            run: None,
            asked: None,
            last: None,
            compared: 0,
        };
        world.start();
        // A grant that ends some time, so that the time is remembered over restarts.
        let far = world.new_grant(
            Origin::Object(Target::OwnNames),
            "anchor",
            &["expires 9999-01-01T00:00:00Z".into()],
        );
        world.run().ledger.add(&far).unwrap();
        world
    }

    fn run(&self) -> &Run {
        self.run.as_ref().unwrap()
    }

    fn run_mut(&mut self) -> &mut Run {
        self.run.as_mut().unwrap()
    }

    fn start(&mut self) {
        let open = || {
            let clock = Arc::clone(&self.clock);
            Ledger::open(
                &self.folder.path().join("grants.sqlite"),
                Clock::with(move || clock.load(Ordering::SeqCst)),
            )
            .unwrap()
        };
        let audit = match self.record {
            Record::InMemory => Audit::discarding(),
            Record::OnDisk => Audit::open(&self.folder.path().join("audit"), AuditBounds::default()).unwrap(),
        };
        let things = things(&self.seen);
        let known =
            things.iter().cloned().enumerate().map(|(thing, object)| (Ref::Thing(thing), object)).collect();
        let held = (INNER..INNER + OWN).map(Ref::Thing).collect();
        let run = Run { ledger: open(), other: open(), audit, things, held, known, membranes: Vec::new() };
        self.run = Some(run);
    }

    fn restart(&mut self, model: &Model) {
        self.run = None;
        self.asked = None;
        self.last = None;
        self.start();
        for grant in 0..self.ids.len() {
            self.surround(grant, model.root(grant));
        }
    }

    fn surround(&mut self, number: usize, root: usize) {
        let run = self.run.as_mut().unwrap();
        let grant = run.ledger.grant(self.ids[number]).unwrap();
        let memory = Memory::new(&self.lines, number);
        let audited = (self.record == Record::OnDisk).then(|| AuditRecorder {
            audit: Arc::clone(&run.audit),
            principal: format!("person > {}", grant.holder()),
            agent: None,
            agent_key: None,
            plugin: "test".to_owned(),
            slot: grant.what().to_owned(),
        });
        let membrane =
            Membrane::new(run.things[root].clone(), grant, None, Arc::new(Both::new(memory, audited)));
        let reference = Ref::Out(number, Box::new(Ref::Thing(root)));
        run.known.insert(reference.clone(), membrane.outside());
        run.held.push(reference);
        run.membranes.push(membrane);
    }

    fn new_grant(&self, origin: Origin, slot: &str, caveats: &[String]) -> NewGrant {
        NewGrant {
            origin,
            holder: Holder::reference("test"),
            slot: slot.to_owned(),
            caveats: caveats.iter().map(|text| text.parse::<Caveat>().unwrap()).collect(),
            giver: "person".to_owned(),
        }
    }

    fn add(&mut self, origin: Origin, slot: &str, rules: &[Rule], root: impl FnOnce() -> usize) -> bool {
        let texts: Vec<_> = rules.iter().map(Rule::text).collect();
        let new = self.new_grant(origin, slot, &texts);
        match self.run().ledger.add(&new) {
            Ok(record) => {
                self.ids.push(record.id);
                self.surround(self.ids.len() - 1, root());
                true
            }
            Err(AddError::Ended(_) | AddError::Wider { .. } | AddError::Over(_)) => false,
            Err(error) => panic!("{error}"),
        }
    }

    pub(crate) async fn take(&mut self, step: &Step, model: &mut Model) -> TestCaseResult {
        match step {
            Step::Grant { root, slot, rules } => {
                let object = Origin::Object(Target::Object { name: vec![format!("thing-{root}")], id: None });
                let made = self.add(object, &format!("slot-{slot}"), rules, || *root);
                prop_assert_eq!(made, model.add(None, *root, Some(*slot), rules));
            }
            Step::Child { of, rules } if model.len() > 0 => {
                let parent = of.index(model.len());
                let origin = Origin::Child(self.ids[parent]);
                let made = self.add(origin, &format!("child-{}", model.len()), rules, || model.root(parent));
                prop_assert_eq!(made, model.add(Some(parent), 0, None, rules));
            }
            Step::Narrow { grant, rules, elsewhere } if model.len() > 0 => {
                let grant = grant.index(model.len());
                let caveats: Vec<Caveat> = rules.iter().map(|rule| rule.text().parse().unwrap()).collect();
                let ledger = if *elsewhere { &self.run().other } else { &self.run().ledger };
                let narrowed = ledger.narrow(self.ids[grant], &caveats).is_ok();
                prop_assert_eq!(narrowed, model.narrow(grant, rules));
            }
            Step::Revoke { grant, elsewhere } if model.len() > 0 => {
                let grant = grant.index(model.len());
                let ledger = if *elsewhere { &self.run().other } else { &self.run().ledger };
                ledger.revoke(self.ids[grant]).unwrap();
                model.end(grant);
            }
            Step::Call(call) => self.try_call(call, model).await?,
            Step::Approve => {
                let (asked, grant) = (self.asked.take(), model.approve());
                prop_assert_eq!(asked.is_some(), grant.is_some());
                if let (Some(digest), Some(grant)) = (asked, grant) {
                    self.run().ledger.approve(self.ids[grant], &digest).unwrap();
                }
            }
            Step::Again => {
                if let Some((target, function, args)) = self.last.clone() {
                    self.call(&target, function, args, model).await?;
                }
            }
            Step::Restart => {
                self.restart(model);
                model.restart();
            }
            Step::Clock(minutes) => {
                let time = NOW + minutes * MINUTE;
                self.clock.store(time, Ordering::SeqCst);
                model.now = model.now.max(time);
                prop_assert_eq!(self.run().ledger.clock().now(), model.now);
                prop_assert_eq!(self.run().other.clock().now(), model.now);
            }
            Step::Probe => {
                for target in self.run().held.clone() {
                    if matches!(target, Ref::Out(..)) {
                        for (function, args) in [
                            (0, vec![Arg::Number(0)]),
                            (2, vec![Arg::Number(3)]),
                            (5, vec![]),
                            (1, vec![Arg::Text("a")]),
                        ] {
                            self.call(&target, function, args, model).await?;
                        }
                    }
                }
            }
            Step::Child { .. } | Step::Narrow { .. } | Step::Revoke { .. } => {}
        }
        Ok(())
    }

    async fn try_call(&mut self, call: &Call, model: &mut Model) -> TestCaseResult {
        let held = &self.run().held;
        let targets: Vec<_> = held.iter().filter(|reference| matches!(reference, Ref::Out(..))).collect();
        if targets.is_empty() {
            return Ok(());
        }
        let target = (*call.target.get(&targets)).clone();
        let args = match FUNCTIONS[call.function] {
            "has" => PATHS[call.path].iter().map(|name| Arg::Text(name)).collect(),
            "put" | "tell" => vec![Arg::Ref(call.reference.get(held).clone())],
            "fetch" => vec![],
            "(get)" => vec![Arg::Text(FUNCTIONS[call.path])],
            _ => vec![Arg::Number(call.number)],
        };
        self.call(&target, call.function, args, model).await
    }

    /// Calls something in the world and in the model.
    async fn call(
        &mut self,
        target: &Ref,
        function: usize,
        args: Vec<Arg>,
        model: &mut Model,
    ) -> TestCaseResult {
        let name = FUNCTIONS[function];
        self.last = Some((target.clone(), function, args.clone()));
        let values: Vec<Value> = args.iter().map(|arg| self.value(arg)).collect();
        let message = match (name, values) {
            ("(apply)", args) => Message::Apply { args },
            ("(get)", args) => Message::Get { property: args[0].as_str().unwrap().into() },
            (name, args) => Message::Call { method: name.into(), args },
        };
        let outcome = self.run().known[target].deliver(message).await;
        let foretold = model.call(target, name, args.clone());
        match (outcome, foretold) {
            (Ok(value), Some(arg)) => {
                prop_assert!(self.is(&value, &arg), "{value:?} is not {arg:?}");
                if let Arg::Ref(reference) = arg {
                    // The holders have nothing but what is theirs or behind a membrane.
                    let theirs = matches!(reference, Ref::Out(..))
                        || matches!(reference, Ref::Thing(own) if own >= INNER);
                    prop_assert!(theirs, "{reference:?} reached a holder");
                    if !self.run().held.contains(&reference) {
                        self.run_mut().held.push(reference);
                    }
                }
            }
            (Err(error), None) => {
                prop_assert!(is_refusal(&error), "{error}");
                let text = error.to_string();
                if let Some((_, digest)) = text.split_once("its digest is ") {
                    self.asked = Some(digest.to_owned());
                }
            }
            (outcome, foretold) => {
                prop_assert!(
                    false,
                    "{name} {args:?} of {target:?}: {outcome:?}, but the model says {foretold:?}"
                );
            }
        }
        Ok(())
    }

    fn value(&self, arg: &Arg) -> Value {
        match arg {
            Arg::Number(number) => Value::Number((*number).into()),
            Arg::Text(text) => Value::text(*text),
            Arg::Ref(reference) => self.run().known[reference].clone().into(),
            Arg::Nothing => Value::Undefined,
        }
    }

    /// Whether a value is what the model says, references by their identity.
    fn is(&mut self, value: &Value, arg: &Arg) -> bool {
        match (value, arg) {
            (Value::Capability(object), Arg::Ref(reference)) => {
                let known = &mut self.run_mut().known;
                match known.get(reference) {
                    Some(known) => known == object,
                    // It is new, and nothing else.
                    None if known.values().any(|other| other == object) => false,
                    None => {
                        known.insert(reference.clone(), object.clone());
                        true
                    }
                }
            }
            (value, Arg::Ref(_)) => panic!("{value:?} is no reference"),
            (value, arg) => *value == self.value(arg),
        }
    }

    /// Compares what the objects saw with what they should have seen.
    pub(crate) fn compare_effects(&mut self, model: &Model) -> TestCaseResult {
        let seen = self.seen.lock().unwrap().split_off(0);
        let foretold = &model.effects[self.compared..];
        prop_assert_eq!(seen.len(), foretold.len(), "{:?} instead of {:?}", &seen, foretold);
        for ((thing, function, values), (at, named, args)) in seen.iter().zip(foretold) {
            prop_assert_eq!((thing, function, values.len()), (at, named, args.len()));
            for (value, arg) in values.iter().zip(args) {
                prop_assert!(self.is(value, arg), "{:?} is not {:?}", value, arg);
            }
        }
        self.compared = model.effects.len();
        Ok(())
    }

    /// Which grants the ledger says live.
    pub(crate) fn live(&self) -> BTreeSet<usize> {
        let live: Vec<_> =
            self.run().ledger.list(false).unwrap().into_iter().map(|record| record.id).collect();
        (0..self.ids.len()).filter(|number| live.contains(&self.ids[*number])).collect()
    }

    pub(crate) fn recorded(&self) -> Vec<Line> {
        self.lines.all()
    }

    /// Ends everything; gives what the audit log tells, if there is one.
    pub(crate) fn close(mut self) -> Option<Vec<Line>> {
        self.run = None;
        (self.record == Record::OnDisk).then(|| self.read(&self.folder.path().join("audit")))
    }

    fn read(&self, folder: &Path) -> Vec<Line> {
        let crossings =
            Reader::open(folder, &Filter::default()).unwrap().map(|record| match record.unwrap() {
                audit::Record::Crossing(crossing) => crossing,
                audit::Record::Act(act) => panic!("{act:?}"),
            });
        let lines = crossings.map(|crossing| Line {
            grant: self.ids.iter().position(|id| Some(id.get()) == crossing.grant).unwrap(),
            outcome: match (crossing.decision, &*crossing.outcome) {
                (Decision::Denied, _) => Outcome::Refused,
                (Decision::Allowed, "answered") => Outcome::Answered,
                (Decision::Allowed, _) => Outcome::Failed,
            },
            function: crossing.function,
            arrives: false,
        });
        lines.collect()
    }
}

/// A folder in memory where there is one: the disk is tried elsewhere.
fn folder() -> tempfile::TempDir {
    let memory = Path::new("/dev/shm");
    if memory.is_dir() {
        tempfile::tempdir_in(memory).or_else(|_| tempfile::tempdir())
    } else {
        tempfile::tempdir()
    }
    .unwrap()
}

/// Whether a call failed because it was not allowed.
fn is_refusal(error: &CallError) -> bool {
    error.thrown_error().is_some_and(|(class, _)| matches!(class.as_str(), "Denied" | "Revoked"))
}
