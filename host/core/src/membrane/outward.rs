//! References on their way out. What goes back where it came from is taken out of its handle; anything else leaves
//! behind the membrane an object that keeps to the handle's rights and ends with its grant.

use std::borrow::Cow;
use std::collections::HashMap;
use std::sync::{Arc, PoisonError, Weak};

use powerbox_authority::forward;
use powerbox_authority::grant::{Ending, Grant, Refusal};
use powerbox_authority::identifiers::{Said, Texts, without};
use powerbox_captp::{CallError, Message, Method, Object, Receiver, Reply, Value as OuterValue};
use powerbox_passable::{Limits, Value};
use powerbox_sandbox::{Type, Val};

use super::act::{Act, Begun, Paths, Weight, size};
use super::crossing::{Inner, finish_callback};
use super::handle::{Handle, Kind, ObjectRef, Own, Rights};
use super::problem::Problem;
use crate::bridge::{from_wit, write_body};

/// What left the compartment as something else than what it is at home.
#[derive(Default)]
pub(super) struct Passed {
    out: HashMap<(Handle, usize), Object>,
    back: HashMap<Object, Handle>,
}

/// How many references one invocation may pass on under limits. Each costs a few hundred bytes for as long as it runs.
const MOST_PASSED: usize = 10_000;

impl Passed {
    pub(super) fn home(&self, object: &Object) -> Option<Handle> {
        self.back.get(object).cloned()
    }

    /// The object that stands for a handle towards whoever holds a grant; the same one each time.
    fn object(
        &mut self,
        handle: &Handle,
        to: &Arc<Grant>,
        make: impl FnOnce() -> Object,
    ) -> Result<Object, Problem> {
        let key = (handle.clone(), Arc::as_ptr(to) as usize);
        if let Some(object) = self.out.get(&key) {
            return Ok(object.clone());
        }
        if self.out.len() >= MOST_PASSED {
            return Err(Problem::Limit(format!("a command may pass on {MOST_PASSED} references")));
        }
        let object = make();
        self.out.insert(key, object.clone());
        self.back.insert(object.clone(), handle.clone());
        Ok(object)
    }
}

impl Inner {
    pub(super) fn outward_all(
        self: &Arc<Self>,
        args: Vec<Value<Handle>>,
        to: &Arc<Grant>,
        to_host: bool,
    ) -> Result<Vec<OuterValue>, Problem> {
        args.into_iter().map(|arg| self.outward(arg, to, to_host)).collect()
    }

    /// Takes the references in a value out of their handles, for whoever is behind the grant `to`. The host itself
    /// (`to_host`) only shows them.
    pub(super) fn outward(
        self: &Arc<Self>,
        value: Value<Handle>,
        to: &Arc<Grant>,
        to_host: bool,
    ) -> Result<OuterValue, Problem> {
        value.try_map(&mut |handle: Handle| match handle.kind() {
            Kind::Object(reference) => {
                alive(&reference.grant)?;
                if to_host || returns(reference, to) {
                    Ok(reference.object.clone())
                } else {
                    self.limited(&handle, reference, to)
                }
            }
            Kind::Own(own) => self.own(&handle, own, to),
            Kind::Name(_) | Kind::Blob(_) | Kind::Changes(_) => Err(Problem::Invalid(
                "a name, blob or stream of changes cannot be passed to an object".to_owned(),
            )),
        })
    }

    /// An object that passes on what a handle allows.
    fn limited(
        self: &Arc<Self>,
        handle: &Handle,
        reference: &ObjectRef,
        to: &Arc<Grant>,
    ) -> Result<Object, Problem> {
        let methods = match &reference.rights {
            Rights::All => None,
            Rights::Methods(methods) => Some(Arc::clone(methods)),
            Rights::Opaque => return Err(opaque()),
        };
        let mut passed = self.passed.lock().unwrap_or_else(PoisonError::into_inner);
        passed.object(handle, to, || {
            let recorder = forward::AuditRecorder {
                audit: Arc::clone(&self.audit),
                principal: format!("{} > whoever has the reference", self.whose.principal),
                agent: self.whose.agent.clone(),
                agent_key: self.whose.agent_key.clone(),
                plugin: self.whose.plugin.clone(),
                slot: reference.grant.what().to_owned(),
            };
            let grant = Arc::clone(&reference.grant);
            forward::Membrane::new(reference.object.clone(), grant, methods, Arc::new(recorder)).outside()
        })
    }

    /// The object of the plugin's own, towards whoever holds a grant: what they pass to it comes under that grant.
    fn own(self: &Arc<Self>, handle: &Handle, own: &Own, to: &Arc<Grant>) -> Result<Object, Problem> {
        let mut passed = self.passed.lock().unwrap_or_else(PoisonError::into_inner);
        passed.object(handle, to, || {
            Object::new(Callback { membrane: Arc::downgrade(self), own: own.clone(), grant: Arc::clone(to) })
        })
    }

    /// The plugin makes an object of its own.
    pub(super) fn own_act(
        self: &Arc<Self>,
        grant: Arc<Grant>,
        args: &[Value<Handle>],
    ) -> Result<Act, Problem> {
        let id = match args.first() {
            Some(Value::BigInt(id)) => u64::try_from(id).ok(),
            _ => None,
        };
        let (Some(id), Some(interface)) = (id, args.get(1).and_then(Value::as_str)) else {
            return Err(Problem::Invalid("the arguments are not those of the contract".to_owned()));
        };
        let interface = format!("Alleged: {}", crate::text::clean_line(interface));
        let handle = Handle::own(Own { id, interface: interface.into() });
        Ok(Act {
            grant,
            also: Vec::new(),
            method: "make".to_owned(),
            direct: true,
            paths: Paths::Arguments(&[]),
            listed: None,
            weight: Weight::AtOnce,
            said: Said::default(),
            make: Box::new(move || Ok(Begun::Done(Ok(Value::Capability(handle))))),
        })
    }
}

/// Checks that the references in arguments may leave, before the call is recorded as one that is made.
pub(super) fn may_leave(args: &[Value<Handle>], to_host: bool) -> Result<(), Problem> {
    args.iter().try_for_each(|arg| match arg {
        Value::Capability(handle) => match handle.kind() {
            Kind::Object(reference) => {
                alive(&reference.grant)?;
                let stays = reference.rights == Rights::Opaque && !to_host;
                if stays { Err(opaque()) } else { Ok(()) }
            }
            _ => Ok(()),
        },
        Value::List(items) => may_leave(items, to_host),
        Value::Record(record) => {
            record.iter().try_for_each(|(_, value)| may_leave(std::slice::from_ref(value), to_host))
        }
        Value::Tagged(tagged) => may_leave(std::slice::from_ref(&tagged.payload), to_host),
        _ => Ok(()),
    })
}

/// Whether a reference goes back where it came from.
fn returns(reference: &ObjectRef, to: &Arc<Grant>) -> bool {
    reference.rights == Rights::All && reference.grant.is_akin(to)
}

fn opaque() -> Problem {
    Problem::denied("what is read from a name can be shown, not passed to an object")
}

pub(super) fn alive(grant: &Arc<Grant>) -> Result<(), Problem> {
    grant.alive().map_err(|refusal| Problem::refused(refusal, grant))
}

/// An object of the plugin's own, as others see it.
struct Callback {
    membrane: Weak<Inner>,
    own: Own,
    /// The right through which it was handed out: it ends with that, and what is passed to it comes under that.
    grant: Arc<Grant>,
}

impl Receiver for Callback {
    fn receive(self: Arc<Self>, message: Message) -> Reply {
        let Message::Call { method: Method::Name(method), args } = message else {
            return Reply::Ready(Err(CallError::type_error("this object has methods only")));
        };
        let Some(membrane) = self.membrane.upgrade() else {
            return Reply::Ready(Err(revoked(&self.grant)));
        };
        Reply::Pending(Box::pin(async move {
            // The audit has what crosses as it is.
            let recorded = Said { texts: Texts::Ours, objects: Texts::Told };
            let mut entry = membrane.entry_of(
                self.grant.what().to_owned(),
                format!("(callback) {}", crate::text::clean_line(&method)),
                &args
                    .iter()
                    .cloned()
                    .map(|arg| membrane.wrap_value(arg, &Rights::All, &self.grant, recorded))
                    .collect::<Vec<_>>(),
            );
            entry.grant = self.grant.id().map(|id| id.get());
            let outcome = match self.grant.alive() {
                Err(refusal) => Err(Problem::refused(refusal, &self.grant)),
                Ok(()) => match entry.begin() {
                    Err(problem) => Err(problem),
                    Ok(()) => tokio::select! {
                        biased;
                        ending = self.grant.ended() => Err(super::crossing::ended(&self.grant, ending)),
                        outcome = membrane.call_own(&self.own, &method, args, &self.grant) => outcome,
                    },
                },
            };
            finish_callback(entry, outcome)
        }))
    }

    fn interface(&self) -> Option<Cow<'_, str>> {
        Some(Cow::Borrowed(&self.own.interface))
    }
}

fn revoked(grant: &Arc<Grant>) -> CallError {
    let refusal = Refusal::Ended { grant: grant.id(), ending: Ending::Revoked };
    CallError::error(Problem::refused(refusal, grant).to_string())
}

/// What a plugin exports that makes objects of its own.
pub(crate) const RECEIVER: &str = "powerbox:plugin/receiver";

impl Inner {
    /// Has the plugin's `receiver` take a message.
    async fn call_own(
        self: &Arc<Self>,
        own: &Own,
        method: &str,
        args: Vec<OuterValue>,
        grant: &Arc<Grant>,
    ) -> Result<OuterValue, Problem> {
        let (caller, result) =
            self.caller.get().ok_or_else(|| Problem::Other("the plugin receives nothing".to_owned()))?;
        // What the plugin is told so counts like what it asks for.
        let told =
            |bytes: u64| grant.admit_answer(|| bytes).map_err(|refusal| Problem::refused(refusal, grant));
        told(args.iter().map(size).sum())?;
        let args = self.wrap_value(Value::List(args), &Rights::All, grant, Said::default());
        let (body, slots) = write_body(&args).map_err(|mismatch| Problem::Invalid(mismatch.to_string()))?;
        let params = vec![
            Val::U64(own.id),
            Val::String(without(method, Texts::Told).into_owned()),
            Val::String(body),
            Val::List(slots.into_iter().map(Val::Handle).collect()),
        ];
        let answered = caller.call(RECEIVER, "receive", params).await;
        let answered = answered.map_err(|failure| Problem::Other(failure.to_string()))?;
        let (Type::Result(types), Some(Val::Result(outcome))) = (result, answered) else {
            return Err(Problem::Other("the plugin's receiver does not keep to the contract".to_owned()));
        };
        let limits = Limits::default();
        match (outcome, &types.ok, &types.err) {
            (Ok(Some(val)), Some(ty), _) => {
                let value: Value<Handle> =
                    from_wit(ty, *val, &limits).map_err(|mismatch| Problem::Invalid(mismatch.to_string()))?;
                told(size(&value))?;
                self.outward(value, grant, false)
            }
            (Err(Some(val)), _, Some(ty)) => {
                let value: Value<Handle> =
                    from_wit(ty, *val, &limits).map_err(|mismatch| Problem::Invalid(mismatch.to_string()))?;
                Err(Problem::from_value(&value))
            }
            _ => Err(Problem::Other("the plugin's receiver gave nothing".to_owned())),
        }
    }
}
