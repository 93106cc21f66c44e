use std::collections::HashMap;
use std::sync::Arc;
use std::time::Instant;

use futures_util::future::BoxFuture;
use powerbox_captp::{Answer, Object, Value as OuterValue};
use powerbox_passable::{Limits, Value};
use powerbox_sandbox::wit::{FunctionKind, interface_matches};
use powerbox_sandbox::{Function, Host, Reply, Val};

use super::answer::answer;
use super::audit::{Audit, Record, now, redact};
use super::grant::Grant;
use super::handle::{Handle, Kind, ObjectRef, Rights};
use super::problem::Problem;
use super::types;
use crate::bridge::{camel_case, from_wit};
use crate::daemon::{Dialect, put};
use crate::principal::Principal;

/// What the imports of one invocation's compartment reach.
pub struct Membrane {
    /// For whom.
    pub principal: Principal,
    /// What each slot is bound to, by the slot's name. A slot that is not here is unbound.
    pub slots: HashMap<String, Slot>,
    /// How the daemon at the other end wants to be called.
    pub dialect: Dialect,
    /// Where crossings are recorded.
    pub audit: Arc<Audit>,
}

/// What a slot is bound to.
#[derive(Clone, Debug)]
pub struct Slot {
    /// The object.
    pub object: Object,
    /// The right to it.
    pub grant: Arc<Grant>,
    /// Whether it is a local power: a part of the host, which may see references that a plugin can only show.
    pub local: bool,
}

/// A crossing that has begun.
pub(super) enum Begun {
    /// It is over already.
    Done(Result<Value<Handle>, Problem>),
    /// The answer is awaited; its references are wrapped with these rights under this grant.
    Awaited(Answer, Rights, Arc<Grant>),
    /// Something else is awaited, under this grant.
    Later(BoxFuture<'static, Result<Value<Handle>, Problem>>, Arc<Grant>),
}

impl Host<Handle> for Membrane {
    fn call(&self, function: &Arc<Function>, params: Vec<Val<Handle>>) -> Reply<Handle> {
        let mut args = Vec::with_capacity(params.len());
        for (param, val) in function.params.iter().zip(params) {
            match from_wit(&param.ty, val, &Limits::default()) {
                Ok(value) => args.push(value),
                Err(mismatch) => {
                    let problem = Problem::Invalid(mismatch.at_key(&param.name).to_string());
                    return Self::finish(function, self.entry(function, &args), Err(problem));
                }
            }
        }
        if let FunctionKind::Method(resource) = &function.kind
            && interface_matches(resource.interface(), "powerbox:plugin/types")
            && let Some(value) = types::look(resource.name(), &function.item, &args)
        {
            // Nothing crosses: the plugin looks at what it holds.
            return Reply::Now(answer(function.result.as_ref(), value));
        }

        let entry = self.entry(function, &args);
        let begun = match &function.kind {
            FunctionKind::Free => self.slot_call(function, args),
            FunctionKind::Method(resource) => {
                if interface_matches(resource.interface(), "powerbox:plugin/types") {
                    types::begin(resource.name(), &function.item, args)
                } else {
                    object_call(&camel_case(&function.item), args)
                }
            }
            FunctionKind::Static(_) | FunctionKind::Constructor(_) => {
                Err(Problem::Invalid(format!("`{function}` makes objects, which no slot can")))
            }
        };
        let (answered, rights, grant) = match begun {
            Err(problem) => return Self::finish(function, entry, Err(problem)),
            Ok(Begun::Done(outcome)) => return Self::finish(function, entry, outcome),
            Ok(Begun::Later(future, grant)) => {
                let function = Arc::clone(function);
                return Reply::later(async move {
                    let outcome = tokio::select! {
                        biased;
                        () = grant.revoked() => Err(Problem::Revoked),
                        outcome = future => outcome,
                    };
                    answer(function.result.as_ref(), entry.end(outcome))
                });
            }
            Ok(Begun::Awaited(answered, rights, grant)) => (answered, rights, grant),
        };
        if let Some(outcome) = answered.outcome() {
            return Self::finish(function, entry, wrap(outcome, &rights, &grant));
        }
        let function = Arc::clone(function);
        Reply::later(async move {
            let outcome = settle(answered, &rights, &grant).await;
            answer(function.result.as_ref(), entry.end(outcome))
        })
    }
}

impl Membrane {
    fn finish(function: &Function, entry: Entry, outcome: Result<Value<Handle>, Problem>) -> Reply<Handle> {
        Reply::Now(answer(function.result.as_ref(), entry.end(outcome)))
    }

    fn slot_call(&self, function: &Function, args: Vec<Value<Handle>>) -> Result<Begun, Problem> {
        let slot =
            self.slots.get(&*function.slot).ok_or_else(|| Problem::Unbound(function.slot.to_string()))?;
        alive(&slot.grant)?;
        let (interface, _) = function.interface.split_once('@').unwrap_or((&function.interface, ""));
        let binding = self.dialect.binding(interface, &function.item);
        let args = outward_all(args, slot.local)?;
        let args = put(args, binding.args).map_err(|mismatch| Problem::Invalid(mismatch.to_string()))?;
        let answer = slot.object.call(binding.method, args);
        Ok(Begun::Awaited(answer, Rights::All, Arc::clone(&slot.grant)))
    }

    fn entry(&self, function: &Function, args: &[Value<Handle>]) -> Entry {
        let (arguments, digest) = redact(args);
        let slot = match args.first() {
            Some(Value::Capability(handle)) if !matches!(function.kind, FunctionKind::Free) => {
                types::label(handle)
            }
            _ => function.slot.to_string(),
        };
        Entry {
            audit: Arc::clone(&self.audit),
            began: Instant::now(),
            designated: args.iter().filter_map(types::designated).collect(),
            record: Some(Record {
                time: now(),
                principal: self.principal.to_string(),
                slot,
                function: function.name.to_string(),
                arguments,
                digest,
                allowed: true,
                outcome: String::new(),
                micros: 0,
            }),
        }
    }
}

/// Calls a method of an object that the plugin holds: the object is the first argument.
pub(super) fn object_call(method: &str, args: Vec<Value<Handle>>) -> Result<Begun, Problem> {
    let mut args = args.into_iter();
    let Some(Value::Capability(handle)) = args.next() else {
        return Err(Problem::Invalid("the first argument is not a reference".to_owned()));
    };
    let (Kind::Object(reference) | Kind::Changes(reference)) = handle.kind() else {
        return Err(Problem::Invalid("this is not a reference to an object".to_owned()));
    };
    permit(reference, method)?;
    let args = outward_all(args.collect(), false)?;
    Ok(Begun::Awaited(reference.object.call(method, args), Rights::All, Arc::clone(&reference.grant)))
}

/// Checks that a reference carries the right to a method.
pub(super) fn permit(reference: &ObjectRef, method: &str) -> Result<(), Problem> {
    alive(&reference.grant)?;
    match &reference.rights {
        Rights::All => Ok(()),
        Rights::Methods(methods) if methods.iter().any(|allowed| allowed == method) => Ok(()),
        Rights::Methods(methods) => {
            let allowed = methods.join(", ");
            Err(Problem::denied(format!("the parameter allows {allowed}, not {method}")))
        }
        Rights::Opaque => {
            Err(Problem::denied("what is read from a name can be shown and stored, not called"))
        }
    }
}

pub(super) fn alive(grant: &Grant) -> Result<(), Problem> {
    if grant.is_revoked() { Err(Problem::Revoked) } else { Ok(()) }
}

pub(super) fn outward_all(args: Vec<Value<Handle>>, storing: bool) -> Result<Vec<OuterValue>, Problem> {
    args.into_iter().map(|arg| outward(arg, storing)).collect()
}

/// Takes the references in a value out of their handles, for the other side of the membrane.
///
/// A reference with less than full rights loses its limits on the way, so it goes only where it cannot be called by
/// the plugin's friends: into a store that the user named, or to the host itself (`storing`).
pub(super) fn outward(value: Value<Handle>, storing: bool) -> Result<OuterValue, Problem> {
    value.try_map(&mut |handle: Handle| match handle.kind() {
        Kind::Object(reference) => {
            alive(&reference.grant)?;
            if storing || reference.rights == Rights::All {
                Ok(reference.object.clone())
            } else {
                Err(Problem::denied("a reference with limited rights cannot be passed on"))
            }
        }
        Kind::Name(_) | Kind::Blob(_) | Kind::Changes(_) => Err(Problem::Invalid(
            "a name, blob or stream of changes cannot be passed to an object".to_owned(),
        )),
    })
}

/// Awaits an answer for as long as its grant lives, and wraps it.
pub(super) async fn settle(
    answer: Answer,
    rights: &Rights,
    grant: &Arc<Grant>,
) -> Result<Value<Handle>, Problem> {
    let outcome = tokio::select! {
        biased;
        () = grant.revoked() => return Err(Problem::Revoked),
        outcome = answer => outcome,
    };
    wrap(outcome, rights, grant)
}

/// Wraps every reference in an answer.
fn wrap(
    outcome: Result<OuterValue, powerbox_captp::CallError>,
    rights: &Rights,
    grant: &Arc<Grant>,
) -> Result<Value<Handle>, Problem> {
    let value = outcome?;
    let wrapped: Result<_, std::convert::Infallible> =
        value.try_map(&mut |object| Ok(Handle::object(object, rights.clone(), Arc::clone(grant))));
    match wrapped {
        Ok(value) => Ok(value),
        Err(never) => match never {},
    }
}

/// A crossing's place in the audit. If it is dropped before it ended, the invocation was: that is recorded too.
struct Entry {
    audit: Arc<Audit>,
    began: Instant,
    designated: Vec<String>,
    record: Option<Record>,
}

impl Entry {
    /// Records the outcome, and gives it back with names as the user wrote them: a daemon that misses a name says
    /// only the last part of its path.
    fn end(mut self, outcome: Result<Value<Handle>, Problem>) -> Result<Value<Handle>, Problem> {
        let outcome = outcome.map_err(|problem| match problem {
            Problem::NotFound(name) => {
                let written =
                    self.designated.iter().find(|text| text.rsplit('/').next() == Some(name.as_str()));
                Problem::NotFound(written.cloned().unwrap_or(name))
            }
            problem => problem,
        });
        let (allowed, said) = match &outcome {
            Ok(_) => (true, "answered".to_owned()),
            Err(problem) => {
                let refused =
                    matches!(problem, Problem::Denied { .. } | Problem::Revoked | Problem::Unbound(_));
                (!refused, problem.to_string())
            }
        };
        self.write(allowed, said);
        outcome
    }

    fn write(&mut self, allowed: bool, outcome: String) {
        if let Some(mut record) = self.record.take() {
            record.allowed = allowed;
            record.outcome = outcome;
            record.micros = u64::try_from(self.began.elapsed().as_micros()).unwrap_or(u64::MAX);
            self.audit.append(&record);
        }
    }
}

impl Drop for Entry {
    fn drop(&mut self) {
        self.write(true, "abandoned: the invocation ended first".to_owned());
    }
}
