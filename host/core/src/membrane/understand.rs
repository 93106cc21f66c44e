//! From a call of an import to what it asks for: through which grant, which method, with what.

use std::sync::Arc;

use powerbox_authority::grant::Grant;
use powerbox_authority::identifiers::Texts;
use powerbox_captp::{Answer, Object, Value as OuterValue};
use powerbox_passable::Value;
use powerbox_sandbox::Function;
use powerbox_sandbox::wit::{FunctionKind, interface_matches};

use super::act::{Act, Begun, Paths, Weight};
use super::crossing::Inner;
use super::exact::mark;
use super::handle::{Handle, Kind, ObjectRef, Rights};
use super::outward::may_leave;
use super::problem::Problem;
use super::types;
use crate::bridge::camel_case;
use crate::daemon::{Binding, put};
use crate::local::wasi::{self, Method, VIRTUAL_WASI, is_wasi};
use crate::plugin::slot_of;

/// A call, as far as it is understood.
pub(super) enum Understood {
    /// It can be judged.
    Act(Act),
    /// It is of a promise.
    Promise(ObjectRef),
}

impl Inner {
    /// What a plugin wants by calling one of its imports.
    ///
    /// # Errors
    ///
    /// If that is nothing that there is, or its reference does not carry the right.
    pub(super) fn understand(
        self: &Arc<Self>,
        function: &Function,
        args: &[Value<Handle>],
    ) -> Result<Understood, Problem> {
        match &function.kind {
            FunctionKind::Free => self.slot_act(function, args).map(Understood::Act),
            FunctionKind::Method(resource) => {
                if interface_matches(resource.interface(), "powerbox:plugin/types") {
                    types::understand(self, resource.name(), &function.item, args)
                } else {
                    self.object_act(camel_case(&function.item), args)
                }
            }
            // There are no constructors in the virtual WASI but those of the web, which it has not.
            FunctionKind::Static(_) | FunctionKind::Constructor(_) if is_wasi(&function.interface) => {
                self.slot_act(function, args).map(Understood::Act)
            }
            FunctionKind::Static(_) | FunctionKind::Constructor(_) => {
                Err(Problem::Invalid(format!("`{function}` makes objects, which no slot can")))
            }
        }
    }

    fn slot_act(self: &Arc<Self>, function: &Function, args: &[Value<Handle>]) -> Result<Act, Problem> {
        let name = slot_of(function);
        let slot = self.slots.get(name).cloned();
        let slot = slot.ok_or_else(|| match self.ended.contains(name) {
            true => Problem::Revoked,
            false => Problem::Unbound(name.to_owned()),
        })?;
        if slot.power == Some("powerbox:plugin/callbacks") {
            return self.own_act(slot.grant, args);
        }
        let (interface, _) = function.interface.split_once('@').unwrap_or((&function.interface, ""));
        let (binding, weight) = match slot.power {
            Some(VIRTUAL_WASI) => {
                let binding = wasi_binding(function)?;
                let weight = wasi::gives(&binding.method).into();
                (binding, weight)
            }
            Some(_) => (self.dialect.binding(interface, &function.item), Weight::AtOnce),
            None => (self.dialect.binding(interface, &function.item), Weight::Call),
        };
        no_reference_by_text(&binding.method)?;
        // The other powers only show references; this one calls what it is given to wait for.
        let shows = slot.power.is_some_and(|power| power != VIRTUAL_WASI);
        if slot.power.is_none() && STORING.contains(&&*binding.method) {
            self.may_be_stored(args, &slot.grant)?;
        }
        may_leave(args, shows)?;
        let (this, args) = (Arc::clone(self), args.to_vec());
        let (grant, method) = (Arc::clone(&slot.grant), binding.method.clone());
        let source = if slot.power.is_some() { Texts::Ours } else { Texts::Told };
        Ok(Act {
            grant: Arc::clone(&grant),
            also: Vec::new(),
            method: binding.method,
            direct: true,
            paths: Paths::Arguments(binding.args),
            listed: None,
            weight,
            said: source.answer(&method),
            make: Box::new(move || {
                let put = move |args| {
                    put(args, binding.args).map_err(|mismatch| Problem::Invalid(mismatch.to_string()))
                };
                let call = Call { object: slot.object, method, grant, source };
                if shows {
                    let args = put(this.outward_all(args, &call.grant, shows)?)?;
                    return Ok(Begun::Awaited(call.object.call(call.method, args), Rights::All));
                }
                this.begin_call(call, args, put)
            }),
        })
    }

    /// A call of a method of an object that the plugin holds: the object is the first argument.
    pub(super) fn object_act(
        self: &Arc<Self>,
        method: String,
        args: &[Value<Handle>],
    ) -> Result<Understood, Problem> {
        let mut args = args.iter().cloned();
        let Some(Value::Capability(handle)) = args.next() else {
            return Err(Problem::Invalid("the first argument is not a reference".to_owned()));
        };
        let (Kind::Object(reference) | Kind::Changes(reference)) = handle.kind() else {
            return Err(Problem::Invalid("this is not a reference to an object of others".to_owned()));
        };
        if reference.object.is_promise() {
            return Ok(Understood::Promise(reference.clone()));
        }
        permit(reference, &method)?;
        let (this, reference, args) = (Arc::clone(self), reference.clone(), args.collect::<Vec<_>>());
        if reference.texts != Texts::Ours && STORING.contains(&&*method) {
            self.may_be_stored(&args, &reference.grant)?;
        }
        may_leave(&args, false)?;
        Ok(Understood::Act(Act {
            grant: Arc::clone(&reference.grant),
            also: Vec::new(),
            method: method.clone(),
            direct: reference.direct,
            paths: Paths::Arguments(&[]),
            listed: Some(args.clone()),
            weight: wasi::gives_part(&reference.object, &method).map_or(Weight::Call, Weight::from),
            said: reference.texts.answer(&method),
            make: Box::new(move || {
                let ObjectRef { object, grant, texts: source, .. } = reference;
                this.begin_call(Call { object, method, grant, source }, args, Ok)
            }),
        }))
    }
}

/// A call that is allowed.
struct Call {
    object: Object,
    method: String,
    grant: Arc<Grant>,
    /// What the object's answers are.
    source: Texts,
}

impl Inner {
    /// Makes a call. Two kinds need more than to be sent: what tells an identifier, and what stores references.
    fn begin_call(
        self: Arc<Self>,
        call: Call,
        args: Vec<Value<Handle>>,
        put: impl FnOnce(Vec<OuterValue>) -> Result<Vec<OuterValue>, Problem> + Send + 'static,
    ) -> Result<Begun, Problem> {
        let Call { object, method, grant, source } = call;
        if source == Texts::Ours {
            let args = put(self.outward_all(args, &grant, false)?)?;
            return Ok(Begun::Awaited(object.call(method, args), Rights::All));
        }
        if STORING.contains(&method.as_str()) {
            let named = args.last().map(path_in_words).unwrap_or_default();
            let place = self.place(&format!("{}: {named}", grant.what()));
            let call = move |args| Ok(object.call(method, put(args)?));
            return self.store(args, &grant, place, Rights::All, call);
        }
        let args = put(self.outward_all(args, &grant, false)?)?;
        let tells = method == "identify";
        let answered = object.call(method, args);
        Ok(if tells { self.marked(answered) } else { Begun::Awaited(answered, Rights::All) })
    }

    /// A place in the names of whoever the plugin acts for, in words.
    pub(super) fn place(&self, text: &str) -> String {
        match &self.whose.agent {
            Some(agent) => format!("{agent}: {text}"),
            None => text.to_owned(),
        }
    }

    /// Waits for an identifier, and answers with a mark in its place.
    pub(super) fn marked(self: &Arc<Self>, answered: Answer) -> Begun {
        let answered = self.unanswered.until(answered);
        Begun::Later(Box::pin(async move {
            Ok(match answered.await? {
                OuterValue::Text(id) => Value::text(mark(&id.to_string_lossy())),
                other => {
                    let nothing = other.is_undefined() || matches!(other, OuterValue::Null);
                    if nothing { Value::Undefined } else { Value::text(mark(&format!("{other:?}"))) }
                }
            })
        }))
    }
}

/// A path or name that is an argument, as people write it.
fn path_in_words(path: &Value<Handle>) -> String {
    match path {
        Value::List(names) => names.iter().filter_map(Value::as_str).collect::<Vec<_>>().join("/"),
        path => path.as_str().unwrap_or_default().to_owned(),
    }
}

/// A call of the virtual WASI itself.
fn wasi_binding(function: &Function) -> Result<Binding, Problem> {
    match (&function.kind, wasi::method(function)) {
        (FunctionKind::Free, Method::Free(method)) => Ok(Binding { method, args: &[] }),
        _ => Err(Problem::denied(wasi::NO_WEB)),
    }
}

/// Checks that a reference carries the right to a method.
pub(super) fn permit(reference: &ObjectRef, method: &str) -> Result<(), Problem> {
    reference.grant.alive().map_err(|refusal| Problem::refused(refusal, &reference.grant))?;
    match &reference.rights {
        Rights::All => Ok(()),
        Rights::Methods(methods) if methods.iter().any(|allowed| allowed == method) => Ok(()),
        Rights::Methods(methods) => {
            let allowed = methods.join(", ");
            Err(Problem::denied(format!(
                "the parameter allows {allowed}, not {}",
                crate::text::clean_line(method)
            )))
        }
        Rights::Opaque => Err(Problem::denied("what is read from a name can be shown, not called")),
    }?;
    no_reference_by_text(method)
}

/// Refuses methods by which a text becomes a reference.
fn no_reference_by_text(method: &str) -> Result<(), Problem> {
    if !BY_TEXT.contains(&method) {
        return Ok(());
    }
    Err(Problem::denied(format!(
        "`{method}` makes a reference of an identifier, and no text is a reference here"
    )))
}

/// The methods of Endo's objects by which a text becomes a reference. With them, a plugin that may only look at what
/// has an identifier could use it.
const BY_TEXT: &[&str] = &["lookupById", "storeIdentifier", "storeLocator"];

/// The methods of Endo's objects that keep the references in their arguments, for whoever looks them up later.
const STORING: &[&str] = &["storeValue"];
