//! The resources of `powerbox:plugin/types`: the functions of the contract that the host itself answers.

use std::sync::Arc;

use powerbox_authority::grant::Grant;
use powerbox_captp::Value as OuterValue;
use powerbox_passable::Value;

use super::act::{Act, Begun, Paths, Weight, names};
use super::blob::Blob;
use super::crossing::Inner;
use super::handle::{Handle, Kind, ObjectRef, Rights};
use super::name::{DESIGNATED, Name};
use super::place::{self, Check};
use super::problem::Problem;
use super::understand::{Understood, permit};
use crate::bridge::{Reference as _, camel_case, read_body};
use crate::registry::NameRight;

type Outcome = Result<Value<Handle>, Problem>;

/// What the audit calls the thing that a handle stands for.
pub(super) fn label(handle: &Handle) -> String {
    let what = handle.grant().map_or("callbacks", |grant| grant.what());
    match handle.kind() {
        Kind::Name(name) => format!("{what} `{}`", crate::text::clean_line(name.text())),
        _ => what.to_owned(),
    }
}

/// What the user wrote for what he designated, so that records and questions tell one thing from another.
pub(super) fn named(handle: &Handle) -> Option<String> {
    match handle.kind() {
        Kind::Name(name) => Some(name.text().to_owned()),
        _ => handle
            .grant()?
            .what()
            .strip_prefix(DESIGNATED)?
            .strip_prefix(" `")?
            .strip_suffix('`')
            .map(str::to_owned),
    }
}

/// What the user wrote for a name that is an argument.
pub(super) fn designated(arg: &Value<Handle>) -> Option<String> {
    Some(handle_name(arg.as_capability()?)?.text().to_owned())
}

/// Answers what a plugin can find out by looking at its own handles; `None` for functions that do more.
pub(super) fn look(resource: &str, function: &str, args: &[Value<Handle>]) -> Option<Outcome> {
    let handle = match args.first() {
        Some(Value::Capability(handle)) => handle,
        _ => return None,
    };
    Some(Ok(match (resource, function) {
        ("object", "interface-name") => match handle.interface() {
            Some(interface) => Value::text(crate::text::clean_line(&interface)),
            None => Value::Undefined,
        },
        ("object", "same-as") => {
            let other = args.get(1).and_then(Value::as_capability)?;
            Value::Bool(match (handle.unwrapped(), other.unwrapped()) {
                (None, None) => handle == other,
                (one, other) => one == other,
            })
        }
        ("object", "duplicate") => Value::Capability(handle.clone()),
        ("name", "text") => Value::text(handle_name(handle)?.text()),
        _ => return None,
    }))
}

fn handle_name(handle: &Handle) -> Option<&Name> {
    if let Kind::Name(name) = handle.kind() { Some(name) } else { None }
}

/// Understands a call of any other function of the contract's resources.
pub(super) fn understand(
    membrane: &Arc<Inner>,
    resource: &str,
    function: &str,
    args: &[Value<Handle>],
) -> Result<Understood, Problem> {
    let Some(Value::Capability(handle)) = args.first() else { return Err(misfit()) };
    match (handle.kind(), resource) {
        (Kind::Object(_) | Kind::Own(_), "object") => object(membrane, function, args),
        (Kind::Name(name), "name") => name_act(membrane, name, function, args).map(Understood::Act),
        (Kind::Blob(blob), "blob") if function == "read" => Ok(Understood::Act(read(blob))),
        (Kind::Changes(reference), "changes") if function == "next" => {
            Ok(Understood::Act(next_change(membrane, reference)?))
        }
        _ => Err(unknown(resource, function)),
    }
}

fn misfit() -> Problem {
    Problem::Invalid("the arguments are not those of the contract".to_owned())
}

fn unknown(resource: &str, function: &str) -> Problem {
    Problem::Invalid(format!("`{resource}.{function}` is no function of this version of the contract"))
}

fn text_arg(args: &[Value<Handle>], index: usize) -> Result<&str, Problem> {
    args.get(index).and_then(Value::as_str).ok_or_else(misfit)
}

/// Reads `body` and `slots` from two arguments.
fn body_arg(args: &[Value<Handle>], body: usize) -> Result<Value<Handle>, Problem> {
    let slots = args.get(body + 1).and_then(Value::as_list).ok_or_else(misfit)?;
    let slots: Option<Vec<Handle>> = slots.iter().map(|slot| slot.as_capability().cloned()).collect();
    read_body(text_arg(args, body)?, &slots.ok_or_else(misfit)?, &powerbox_passable::Limits::default())
        .map_err(|mismatch| Problem::Invalid(mismatch.to_string()))
}

fn object(membrane: &Arc<Inner>, function: &str, args: &[Value<Handle>]) -> Result<Understood, Problem> {
    let method = text_arg(args, 1)?.to_owned();
    let Value::List(items) = body_arg(args, 2)? else {
        return Err(Problem::Invalid("the body is not a list of arguments".to_owned()));
    };
    let call: Vec<_> = args.iter().take(1).cloned().chain(items).collect();
    let mut understood = membrane.object_act(method, &call)?;
    match (function, &mut understood) {
        ("call", _) | ("send", Understood::Promise(_)) => Ok(understood),
        ("send", Understood::Act(act)) => {
            let make = std::mem::replace(&mut act.make, Box::new(|| Err(misfit())));
            let unanswered = Arc::clone(&membrane.unanswered);
            act.make = Box::new(move || match make()? {
                // The answer is dropped: nobody asked for it.
                Begun::Awaited(answered, _) => {
                    drop(unanswered.until(answered));
                    Ok(Begun::Done(Ok(Value::Undefined)))
                }
                begun => Ok(begun),
            });
            Ok(understood)
        }
        _ => Err(unknown("object", function)),
    }
}

/// A call through a name: judged by the path that the user wrote, made with the agent that he is.
fn name_act(
    membrane: &Arc<Inner>,
    name: &Name,
    function: &str,
    args: &[Value<Handle>],
) -> Result<Act, Problem> {
    let other = || args.get(1).and_then(Value::as_capability).ok_or_else(misfit);
    let (this, to) = (name.clone(), Arc::clone(&name.grant));
    let mut also = Vec::new();
    let mut paths = vec![name];
    // Before anything is written or sent: what the parameter does not declare is refused.
    match function {
        "replacing" => name.need(NameRight::Replace)?,
        "place-for" => name.need(NameRight::Write)?,
        "holds" => name.need(NameRight::Read).or_else(|_| name.need(NameRight::Write))?,
        "lookup" | "open" | "identify" | "list" | "follow" => name.need(NameRight::Read)?,
        "remove" => name.need(NameRight::Remove)?,
        "cancel" => name.need(NameRight::Cancel)?,
        "make-directory" | "store-value" | "store-blob" | "copy-from" | "move-from" => {
            name.need(NameRight::Write)?;
        }
        _ => return Err(unknown("name", function)),
    }
    let mut source = None;
    let make: Make = match function {
        "replacing" => {
            let replacing = Value::Capability(Handle::name(name.replacing()?));
            Box::new(move || Ok(Begun::Done(Ok(replacing))))
        }
        "holds" => {
            let unanswered = Arc::clone(&membrane.unanswered);
            Box::new(move || Ok(Begun::Later(Box::pin(place::holds(this, unanswered)))))
        }
        "place-for" => {
            let source = handle_name(other()?).ok_or_else(misfit)?;
            also.push(Arc::clone(&source.grant));
            paths.push(source);
            let (source, unanswered) = (source.clone(), Arc::clone(&membrane.unanswered));
            Box::new(move || Ok(Begun::Later(Box::pin(place::place_for(this, source, unanswered)))))
        }
        "lookup" => begin(move || this.lookup()),
        "identify" => begin(move || this.identify()),
        "list" => begin(move || this.list()),
        "make-directory" => begin(move || this.make_directory()),
        "remove" => begin(move || this.remove()),
        "cancel" => {
            let reason = args.get(1).and_then(Value::as_str).map(str::to_owned);
            begin(move || this.cancel(reason.as_deref()))
        }
        "open" => {
            let membrane = Arc::clone(membrane);
            Box::new(move || open(&membrane, &this))
        }
        "follow" => {
            let membrane = Arc::clone(membrane);
            Box::new(move || follow(&membrane, &this))
        }
        "store-value" => {
            let (membrane, value) = (Arc::clone(membrane), body_arg(args, 1)?);
            begin(move || this.store_value(membrane.stored(value, &to)?))
        }
        "store-blob" => match other()?.kind() {
            Kind::Blob(blob) => {
                let blob = blob.clone();
                also.push(Arc::clone(&blob.grant));
                begin(move || this.store_blob(&blob))
            }
            _ => return Err(misfit()),
        },
        "copy-from" | "move-from" => {
            let from = handle_name(other()?).ok_or_else(misfit)?;
            also.push(Arc::clone(&from.grant));
            paths.push(from);
            source = Some(from);
            let (source, copies) = (from.clone(), function == "copy-from");
            source.need(if copies { NameRight::Read } else { NameRight::Move })?;
            begin(move || if copies { this.copy_from(&source) } else { this.move_from(&source) })
        }
        _ => return Err(unknown("name", function)),
    };
    let check = Check::of(function, name, source)?;
    Ok(Act {
        grant: Arc::clone(&name.grant),
        also,
        method: camel_case(function),
        direct: true,
        paths: names(paths),
        listed: None,
        weight: if function == "replacing" { Weight::AtOnce } else { Weight::Call },
        make: match check {
            Some(check) => after(membrane, &name.grant, check, make),
            None => make,
        },
    })
}

type Make = Box<dyn FnOnce() -> Result<Begun, Problem> + Send>;

/// Makes a call once it is known that it does what the user expects, and reads a refusal as the user named the place.
fn after(membrane: &Arc<Inner>, grant: &Arc<Grant>, check: Check, make: Make) -> Make {
    let (membrane, grant) = (Arc::clone(membrane), Arc::clone(grant));
    Box::new(move || {
        Ok(Begun::Later(Box::pin(async move {
            check.run(&membrane.unanswered).await?;
            match make()? {
                Begun::Done(outcome) => outcome,
                Begun::Later(outcome) => outcome.await,
                Begun::Awaited(answer, rights) => {
                    let outcome = membrane.unanswered.until(answer).await;
                    let outcome = outcome.map_err(|error| check.explain(error))?;
                    Ok(membrane.wrap_value(outcome, &rights, &grant))
                }
            }
        })))
    })
}

fn begin(call: impl FnOnce() -> Result<powerbox_captp::Answer, Problem> + Send + 'static) -> Make {
    Box::new(move || Ok(Begun::Awaited(call()?, Rights::Opaque)))
}

/// Opens what a name holds: bytes if it can stream them, a value otherwise.
fn open(membrane: &Arc<Inner>, name: &Name) -> Result<Begun, Problem> {
    let lookup = membrane.unanswered.until(name.lookup()?);
    let (membrane, grant) = (Arc::clone(membrane), Arc::clone(&name.grant));
    Ok(Begun::Later(Box::pin(async move {
        let value = membrane.wrap(lookup.await, &Rights::Opaque, &grant)?;
        if let Some(object) = value.as_capability().and_then(Handle::unwrapped) {
            match membrane.unanswered.until(object.call("streamBase64", vec![])).await {
                Ok(OuterValue::Capability(iterator)) => {
                    let blob = Handle::blob(Blob::remote(iterator, grant));
                    return Ok(Value::record([("blob", Value::Capability(blob))]));
                }
                Ok(_) => return Err(Problem::Other("the daemon gave no stream of bytes".to_owned())),
                Err(error) if lacks_method(&error) => {}
                Err(error) => return Err(error.into()),
            }
        }
        Ok(Value::record([("value", value)]))
    })))
}

/// Whether an object answered that it has no such method.
fn lacks_method(error: &powerbox_captp::CallError) -> bool {
    error
        .thrown_error()
        .is_some_and(|(class, message)| class == "TypeError" && message.contains("has no method"))
}

fn follow(membrane: &Arc<Inner>, name: &Name) -> Result<Begun, Problem> {
    let iterator = membrane.unanswered.until(name.follow()?);
    let grant = Arc::clone(&name.grant);
    Ok(Begun::Later(Box::pin(async move {
        match iterator.await? {
            OuterValue::Capability(object) => {
                let reference = ObjectRef { object, rights: Rights::All, grant, direct: false };
                Ok(Value::Capability(Handle::new(Kind::Changes(reference))))
            }
            _ => Err(Problem::Other("the daemon gave no stream of changes".to_owned())),
        }
    })))
}

/// A call of something that the user's designation led to.
fn led_to(
    grant: &Arc<Grant>,
    method: &str,
    make: impl FnOnce() -> Result<Begun, Problem> + Send + 'static,
) -> Act {
    Act {
        grant: Arc::clone(grant),
        also: Vec::new(),
        method: method.to_owned(),
        direct: false,
        paths: Paths::Arguments(&[]),
        listed: None,
        weight: Weight::Call,
        make: Box::new(make),
    }
}

fn read(blob: &Blob) -> Act {
    let (grant, blob) = (Arc::clone(&blob.grant), blob.clone());
    led_to(&grant, "read", move || {
        Ok(Begun::Later(Box::pin(async move {
            use base64::Engine as _;
            Ok(match blob.read().await? {
                Some(bytes) => Value::text(base64::engine::general_purpose::STANDARD.encode(bytes)),
                None => Value::Undefined,
            })
        })))
    })
}

fn next_change(membrane: &Arc<Inner>, reference: &ObjectRef) -> Result<Act, Problem> {
    permit(reference, "next")?;
    let (object, unanswered) = (reference.object.clone(), Arc::clone(&membrane.unanswered));
    Ok(led_to(&reference.grant, "next", move || {
        let answer = unanswered.until(object.call("next", vec![]));
        Ok(Begun::Later(Box::pin(async move {
            let step = answer.await?;
            if step.get("done").and_then(OuterValue::as_bool) == Some(true) {
                return Ok(Value::Undefined);
            }
            let change = step.get("value");
            let text = |key| change.and_then(|change| change.get(key)).and_then(OuterValue::as_str);
            match (text("add"), text("remove")) {
                (Some(added), None) => Ok(Value::record([("added", Value::text(added))])),
                (None, Some(removed)) => Ok(Value::record([("removed", Value::text(removed))])),
                _ => Err(Problem::Other("the daemon sent something other than a change".to_owned())),
            }
        })))
    }))
}
