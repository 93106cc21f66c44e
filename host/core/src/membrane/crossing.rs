use std::collections::{HashMap, HashSet};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::time::Instant;

use futures_util::future::BoxFuture;
use powerbox_authority::audit::{Audit, Redactor};
use powerbox_authority::grant::{Admission, Ending, Grant, Refusal, Target};
use powerbox_authority::identifiers::{Said, described};
use powerbox_authority::question::{Question, Questions, whole};
use powerbox_captp::Object;
use powerbox_passable::{Limits, Value};
use powerbox_sandbox::wit::{FunctionKind, interface_matches};
use powerbox_sandbox::{Caller, Function, Host, HostError, Reply, Type, Usage, Val};

use super::act::{Act, Begun, Judged, Weight, size};
use super::answer::answer;
use super::consent::{Asking, Consent};
use super::entry::{Entry, State, Whose};
use super::exact::{Once, can_be_repeated};
use super::handle::{Handle, Kind, ObjectRef};
use super::pace::Pace;
use super::problem::Problem;
use super::scrub::scrub;
use super::streams::Streams;
use super::told::{Speaker, Told};
use super::types;
use super::unanswered::Unanswered;
use super::understand::Understood;
use crate::bridge::from_wit;
use crate::daemon::Dialect;
use crate::grants::Keeper;
use crate::journal::Used;
use crate::local::FrontEnd;
use crate::local::wasi::{self, WASI};
use crate::plugin::slot_of;
use crate::principal::Principal;

/// What the imports of one invocation's compartment reach.
#[derive(Clone)]
pub struct Membrane(pub(super) Arc<Inner>);

/// With what a membrane is made.
pub struct Setting {
    /// For whom.
    pub principal: Principal,
    /// What each slot reaches, by the slot's name. A slot that is not here is unbound.
    pub slots: HashMap<String, Slot>,
    /// The slots for which there was something that was taken back.
    pub ended: HashSet<String>,
    /// How the daemon at the other end wants to be called.
    pub dialect: Dialect,
    /// Where crossings are recorded.
    pub audit: Arc<Audit>,
    /// Who asks the person.
    pub front_end: Arc<dyn FrontEnd>,
    /// Where questions are kept that nobody was there to answer.
    pub questions: Questions,
    /// How fast crossings may come.
    pub pace: Arc<Pace>,
    /// How many calls may be unanswered.
    pub unanswered: Arc<Unanswered>,
    /// How many streams of changes may be open.
    pub streams: Arc<Streams>,
    /// What the user gave as secrets: it is nowhere recorded.
    pub secrets: Vec<String>,
    /// Who keeps references with their limits, if the daemon can.
    pub keeper: Option<Arc<Keeper>>,
}

/// What a slot reaches.
#[derive(Clone, Debug)]
pub struct Slot {
    /// The object.
    pub object: Object,
    /// The right to it.
    pub grant: Arc<Grant>,
    /// The interface, without its version, if a part of the host is behind it, which may see references that a plugin
    /// can only show.
    pub power: Option<&'static str>,
}

pub(super) struct Inner {
    pub(super) slots: HashMap<String, Slot>,
    pub(super) ended: HashSet<String>,
    pub(super) dialect: Dialect,
    pub(super) audit: Arc<Audit>,
    pub(super) whose: Arc<Whose>,
    pub(super) redactor: Arc<Redactor>,
    pub(super) asking: Asking,
    /// Whether the user gave any.
    has_secrets: bool,
    pub(super) pace: Arc<Pace>,
    pub(super) unanswered: Arc<Unanswered>,
    streams: Arc<Streams>,
    pub(super) keeper: Option<Arc<Keeper>>,
    /// What the plugin was told of problems.
    told: Told,
    /// What the user designated, by identity: it keeps its rights however it comes back.
    pub(super) designated: Mutex<HashMap<Object, Handle>>,
    /// What was passed on: as what, and what it is at home.
    pub(super) passed: Mutex<super::outward::Passed>,
    /// How the plugin's own objects are reached, and what that gives.
    pub(super) caller: OnceLock<(Caller<Handle>, Type)>,
    used: Used,
}

impl Membrane {
    /// Makes the membrane of one invocation.
    pub fn new(setting: Setting) -> Self {
        let whose = Whose {
            principal: setting.principal.to_string(),
            agent: setting.principal.agent().map(|agent| agent.name().to_owned()),
            agent_key: setting.principal.agent().map(|agent| agent.key().to_string()),
            plugin: setting.principal.plugin().unwrap_or_default().to_owned(),
            invocation: setting.principal.invocation(),
        };
        let has_secrets = !setting.secrets.is_empty();
        Self(Arc::new(Inner {
            slots: setting.slots,
            ended: setting.ended,
            dialect: setting.dialect,
            audit: setting.audit,
            whose: Arc::new(whose),
            redactor: Arc::new(Redactor::new(setting.secrets)),
            asking: Asking::new(setting.front_end, setting.questions),
            has_secrets,
            pace: setting.pace,
            unanswered: setting.unanswered,
            streams: setting.streams,
            keeper: setting.keeper,
            told: Told::default(),
            designated: Mutex::default(),
            passed: Mutex::default(),
            caller: OnceLock::new(),
            used: Used::default(),
        }))
    }

    /// Tells it what the user designated in this invocation.
    pub fn designate(&self, arguments: &Value<Handle>) {
        let mut designated = self.0.designated.lock().unwrap_or_else(PoisonError::into_inner);
        let _: Result<Value<()>, std::convert::Infallible> =
            arguments.clone().try_map(&mut |handle: Handle| {
                match handle.kind() {
                    Kind::Object(reference) => {
                        designated.insert(reference.object.clone(), handle.clone());
                    }
                    Kind::Name(name) => self.0.told.named(name.text()),
                    _ => {}
                }
                Ok(())
            });
    }

    /// The first call that was refused, or a slot that had been taken back, in words: what this run did is then not all
    /// that it was to do.
    pub(crate) fn first_refusal(&self) -> Option<String> {
        self.0.told.refusal()
    }

    /// Whether a slot reaches something.
    pub(crate) fn reaches(&self, slot: &str) -> bool {
        self.0.slots.contains_key(slot)
    }

    /// A problem that the plugin's command fails with: the host's that it passes on, or else the plugin's own, without
    /// what would be shown as the host's advice.
    pub(crate) fn problem(&self, given: Problem) -> (Problem, Speaker) {
        self.0.told.or_own(given)
    }

    /// Where it puts what the compartment used, when that is over.
    pub(crate) fn used(&self) -> Used {
        self.0.used.clone()
    }

    /// Tells it how to reach the objects of the plugin's own, and what type its `receiver` answers with.
    pub fn set_receiver(&self, caller: Caller<Handle>, result: Type) {
        // There is one compartment, so this is done once.
        let _ = self.0.caller.set((caller, result));
    }
}

impl Host<Handle> for Membrane {
    fn finished(&self, usage: &Usage) {
        self.0.used.set(usage);
    }

    fn call(&self, function: &Arc<Function>, params: Vec<Val<Handle>>) -> Reply<Handle> {
        let mut args = Vec::with_capacity(params.len());
        for (param, val) in function.params.iter().zip(params) {
            match from_wit(&param.ty, val, &Limits::default()) {
                Ok(value) => args.push(value),
                Err(mismatch) => {
                    let problem = Problem::Invalid(mismatch.at_key(&param.name).to_string());
                    let entry = self.0.entry(function, &args);
                    let outcome = finish(entry, &args, Err(problem));
                    return Reply::Now(self.0.answer(function, outcome));
                }
            }
        }
        if let FunctionKind::Method(resource) = &function.kind
            && interface_matches(resource.interface(), "powerbox:plugin/types")
            && let Some(value) = types::look(resource.name(), &function.item, &args)
        {
            // Nothing crosses: the plugin looks at what it holds.
            return Reply::Now(self.0.answer(function, value));
        }
        let wait = self.0.pace.take();
        let (inner, function) = (Arc::clone(&self.0), Arc::clone(function));
        if let Some(wait) = wait {
            return Reply::later(async move {
                tokio::time::sleep(wait).await;
                let outcome = inner.cross(&function, args).finished().await;
                inner.answer(&function, outcome)
            });
        }
        match inner.cross(&function, args) {
            Crossed::Now(outcome) => Reply::Now(inner.answer(&function, outcome)),
            Crossed::Later(outcome) => Reply::later(async move { inner.answer(&function, outcome.await) }),
        }
    }
}

/// What came, or will come, of a crossing.
enum Crossed {
    Now(Outcome),
    Later(BoxFuture<'static, Outcome>),
}

type Outcome = Result<Value<Handle>, Problem>;

impl Crossed {
    async fn finished(self) -> Outcome {
        match self {
            Self::Now(outcome) => outcome,
            Self::Later(outcome) => outcome.await,
        }
    }
}

impl Inner {
    /// Answers the plugin.
    fn answer(&self, function: &Function, outcome: Outcome) -> Result<Option<Val<Handle>>, HostError> {
        if let Err(problem) = &outcome {
            self.told.note(problem);
        }
        answer(function.result.as_ref(), outcome)
    }

    /// The whole of a crossing: understood, judged, recorded, made.
    fn cross(self: &Arc<Self>, function: &Arc<Function>, args: Vec<Value<Handle>>) -> Crossed {
        let mut entry = self.entry(function, &args);
        let act = match self.understand(function, &args) {
            Ok(Understood::Act(act)) => act,
            Ok(Understood::Promise(reference)) => {
                // Nothing is decided, so nothing is recorded yet.
                entry.state = State::Written;
                return Crossed::Later(Box::pin(Arc::clone(self).cross_promise(
                    Arc::clone(function),
                    args,
                    reference,
                )));
            }
            Err(problem) => return Crossed::Now(finish(entry, &args, Err(problem))),
        };
        entry.grant = act.grant.id().map(|id| id.get());
        let once = Once::new(self.has_secrets);
        match judge(&act, function, &args, &once, None) {
            Err(problem) => Crossed::Now(finish(entry, &args, Err(problem))),
            Ok(Admission::Granted) => self.make(act, entry, args),
            Ok(Admission::Ask { grant, digest }) => {
                let consent = match self.question(&act, function, &args, &entry) {
                    Ok(question) => {
                        let repeatable = can_be_repeated(&args, &once);
                        let Question { principal, slot, function, arguments } = question;
                        Consent { principal, slot, function, arguments, digest, repeatable, grant }
                    }
                    Err(problem) => return Crossed::Now(finish(entry, &args, Err(problem))),
                };
                let (this, function) = (Arc::clone(self), Arc::clone(function));
                Crossed::Later(Box::pin(async move {
                    let agreed = tokio::select! {
                        biased;
                        ending = act.grant.ended() => Err(ended(&act.grant, ending)),
                        agreed = this.asking.ask(&consent) => agreed,
                    };
                    // The person took his time: everything is judged again.
                    let judged =
                        agreed.and_then(|()| judge(&act, &function, &args, &once, Some(&consent.digest)));
                    match judged {
                        Ok(Admission::Granted) => this.make(act, entry, args).finished().await,
                        Ok(Admission::Ask { .. }) => {
                            let problem = Problem::denied("the call changed while the person was asked");
                            finish(entry, &args, Err(problem))
                        }
                        Err(problem) => finish(entry, &args, Err(problem)),
                    }
                }))
            }
        }
    }

    /// What the person is asked about a call: all of it, whatever the audit writes of it.
    fn question(
        &self,
        act: &Act,
        function: &Function,
        args: &[Value<Handle>],
        entry: &Entry,
    ) -> Result<Question, Problem> {
        let (target, args) = match (&function.kind, args.split_first()) {
            (FunctionKind::Method(_), Some((Value::Capability(target), args))) => (Some(target), args),
            _ => (None, args),
        };
        let slot = match (target, act.grant.chain().find_map(Grant::target)) {
            (Some(target), _) => types::in_words(target),
            // By its name alone the person could not tell what it reaches.
            (None, Some(reached @ Target::Object { .. })) => format!("{} → {reached}", entry.slot),
            (None, _) => entry.slot.clone(),
        };
        let (method, args) = match &act.listed {
            Some(listed) => (crate::text::clean_line(&act.method), listed.as_slice()),
            None => (entry.function.clone(), args),
        };
        let arguments =
            whole(args, &self.redactor, &types::in_words).map_err(|too_long| Problem::Denied {
                rule: format!("the person has to confirm each call, and {too_long}"),
                remedy: Some("have it do less at once".to_owned()),
            })?;
        Ok(Question { principal: self.whose.principal.clone(), slot, function: method, arguments })
    }

    /// Makes a call that is allowed.
    fn make(self: &Arc<Self>, act: Act, mut entry: Entry, args: Vec<Value<Handle>>) -> Crossed {
        if let Err(problem) = self.unanswered.room() {
            return Crossed::Now(finish(entry, &args, Err(problem)));
        }
        let stream = match self.streams.open(&act.method) {
            Ok(stream) => stream,
            Err(problem) => return Crossed::Now(finish(entry, &args, Err(problem))),
        };
        let opened = move |outcome: Outcome| match stream {
            Some(stream) => outcome.map(|value| match value {
                Value::Capability(handle) => Value::Capability(handle.streaming(stream)),
                value => value,
            }),
            None => outcome,
        };
        let (grant, said) = (act.grant, act.said);
        match act.weight {
            Weight::Nothing | Weight::Noted => entry.state = State::Written,
            Weight::AtOnce => {}
            Weight::Call => {
                if let Err(problem) = entry.begin() {
                    entry.state = State::Written;
                    return Crossed::Now(Err(problem));
                }
            }
        }
        let (answered, rights) = match (act.make)() {
            Err(problem) => return Crossed::Now(finish(entry, &args, Err(problem))),
            Ok(Begun::Done(outcome)) => {
                let outcome = admitted(opened(outcome), &grant);
                return Crossed::Now(finish(entry, &args, outcome));
            }
            Ok(Begun::Later(future)) => {
                return Crossed::Later(Box::pin(async move {
                    let outcome = tokio::select! {
                        biased;
                        ending = grant.ended() => Err(ended(&grant, ending)),
                        outcome = future => admitted(opened(outcome), &grant),
                    };
                    finish(entry, &args, outcome)
                }));
            }
            Ok(Begun::Awaited(answered, rights)) => (answered, rights),
        };
        if let Some(outcome) = answered.outcome() {
            let outcome = admitted(opened(self.wrap(outcome, &rights, &grant, said)), &grant);
            return Crossed::Now(finish(entry, &args, outcome));
        }
        let this = Arc::clone(self);
        let answered = self.unanswered.until(answered);
        Crossed::Later(Box::pin(async move {
            let outcome = tokio::select! {
                biased;
                ending = grant.ended() => Err(ended(&grant, ending)),
                outcome = answered => admitted(opened(this.wrap(outcome, &rights, &grant, said)), &grant),
            };
            finish(entry, &args, outcome)
        }))
    }

    /// A call of a promise is decided on what the promise comes to: it may be something with narrower rights.
    async fn cross_promise(
        self: Arc<Self>,
        function: Arc<Function>,
        mut args: Vec<Value<Handle>>,
        reference: ObjectRef,
    ) -> Outcome {
        let grant = Arc::clone(&reference.grant);
        let outcome = tokio::select! {
            biased;
            ending = grant.ended() => Err(ended(&grant, ending)),
            outcome = reference.object.settled() => {
                let said = Said { texts: reference.texts, objects: reference.texts };
                self.wrap(outcome, &reference.rights, &grant, said)
            }
        };
        let settled = match outcome {
            Ok(Value::Capability(handle)) if !handle.is_promise() => handle,
            Ok(_) => {
                let problem = Problem::Invalid("the promise came to something that is no object".to_owned());
                return finish(self.entry(&function, &args), &args, Err(problem));
            }
            Err(problem) => return finish(self.entry(&function, &args), &args, Err(problem)),
        };
        if let Some(first) = args.first_mut() {
            *first = Value::Capability(settled);
        }
        self.cross(&function, args).finished().await
    }

    pub(super) fn entry(&self, function: &Function, args: &[Value<Handle>]) -> Entry {
        let slot = match args.first() {
            Some(Value::Capability(handle)) if !matches!(function.kind, FunctionKind::Free) => {
                types::label(handle)
            }
            _ => slot_of(function).to_owned(),
        };
        let name = if slot == WASI { wasi::label(function) } else { function.name.to_string() };
        self.entry_of(slot, name, args)
    }

    pub(super) fn entry_of(&self, slot: String, function: String, args: &[Value<Handle>]) -> Entry {
        let (arguments, digest) = self.redactor.arguments_named(args, &types::named);
        Entry {
            audit: Arc::clone(&self.audit),
            whose: Arc::clone(&self.whose),
            redactor: Arc::clone(&self.redactor),
            slot,
            grant: None,
            function,
            arguments,
            digest,
            began: Instant::now(),
            state: State::Unwritten,
        }
    }
}

/// Asks every grant of the chain.
fn judge(
    act: &Act,
    function: &Function,
    args: &[Value<Handle>],
    once: &Once,
    agreed: Option<&str>,
) -> Result<Admission, Problem> {
    for grant in &act.also {
        grant.alive().map_err(|refusal| Problem::refused(refusal, grant))?;
    }
    if act.weight == Weight::Nothing {
        act.grant.check().map_err(|refusal| Problem::refused(refusal, &act.grant))?;
        return Ok(Admission::Granted);
    }
    let judged = Judged { act, function, args, once };
    act.grant.admit(&judged, agreed).map_err(|refusal| Problem::refused(refusal, &act.grant))
}

/// Lets an answer in, if the grant still lives and its budget suffices.
fn admitted(outcome: Outcome, grant: &Arc<Grant>) -> Outcome {
    if matches!(outcome, Err(Problem::Cancelled)) {
        // A part of the host may have seen the grant end a moment before this did.
        grant.alive().map_err(|refusal| Problem::refused(refusal, grant))?;
    }
    let value = outcome?;
    grant.admit_answer(|| size(&value)).map_err(|refusal| Problem::refused(refusal, grant))?;
    Ok(value)
}

pub(super) fn ended(grant: &Arc<Grant>, ending: Ending) -> Problem {
    Problem::refused(Refusal::Ended { grant: grant.id(), ending }, grant)
}

/// Records the outcome, and gives it as the plugin is told it: with names as the user wrote them, since a daemon that
/// misses a name says only the last part of its path, and without what is none of its business.
pub(super) fn finish(mut entry: Entry, args: &[Value<Handle>], outcome: Outcome) -> Outcome {
    let outcome = outcome.map_err(|problem| match problem {
        Problem::NotFound(name) => {
            let written = args.iter().filter_map(types::designated);
            let mut written = written.filter(|text| text.rsplit('/').next() == Some(name.as_str()));
            Problem::NotFound(written.next().unwrap_or(name))
        }
        problem => problem,
    });
    entry.end(outcome.as_ref().map(drop))?;
    outcome.map_err(|problem| match problem {
        Problem::Remote { name, message } => Problem::Remote { name, message: scrub(&message) },
        Problem::NotFound(name) => Problem::NotFound(scrub(&name)),
        Problem::Invalid(message) => Problem::Invalid(described(&message).into_owned()),
        Problem::Limit(message) => Problem::Limit(described(&message).into_owned()),
        problem => problem,
    })
}

/// Records how a call of the plugin's own object ended, and gives that to whoever called.
pub(super) fn finish_callback(
    mut entry: Entry,
    outcome: Result<powerbox_captp::Value, Problem>,
) -> Result<powerbox_captp::Value, powerbox_captp::CallError> {
    let outcome = entry.end(outcome.as_ref().map(drop)).and(outcome);
    outcome.map_err(|problem| powerbox_captp::CallError::error(problem.to_string()))
}
