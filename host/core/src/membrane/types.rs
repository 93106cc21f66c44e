//! The resources of `powerbox:plugin/types`: the functions of the contract that the host itself answers.

use std::sync::Arc;

use powerbox_captp::Value as OuterValue;
use powerbox_passable::Value;

use super::blob::Blob;
use super::crossing::{Begun, alive, object_call, outward, permit, settle};
use super::handle::{Handle, Kind, ObjectRef, Rights};
use super::name::Name;
use super::problem::Problem;
use crate::bridge::{Reference as _, read_body};

type Outcome = Result<Value<Handle>, Problem>;

/// What the audit calls the thing that a handle stands for.
pub(super) fn label(handle: &Handle) -> String {
    match handle.kind() {
        Kind::Object(reference) | Kind::Changes(reference) => reference.grant.what().to_owned(),
        Kind::Name(name) => format!("{} `{}`", name.grant.what(), crate::text::clean_line(name.text())),
        Kind::Blob(blob) => blob.grant.what().to_owned(),
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
            Value::Bool(handle.unwrapped() == other.unwrapped())
        }
        ("object", "duplicate") => Value::Capability(handle.clone()),
        ("name", "text") => Value::text(handle_name(handle)?.text()),
        _ => return None,
    }))
}

fn handle_name(handle: &Handle) -> Option<&Name> {
    if let Kind::Name(name) = handle.kind() { Some(name) } else { None }
}

/// Begins a call of any other function of the contract's resources.
pub(super) fn begin(resource: &str, function: &str, args: Vec<Value<Handle>>) -> Result<Begun, Problem> {
    let Some(Value::Capability(handle)) = args.first() else { return Err(misfit()) };
    match (handle.kind(), resource) {
        (Kind::Object(_), "object") => object(function, args),
        (Kind::Name(name), "name") => name_call(name, function, &args),
        (Kind::Blob(blob), "blob") if function == "read" => Ok(read(blob)?),
        (Kind::Changes(reference), "changes") if function == "next" => next_change(reference),
        _ => Err(Problem::Invalid(format!(
            "`{resource}.{function}` is no function of this version of the contract"
        ))),
    }
}

fn misfit() -> Problem {
    Problem::Invalid("the arguments are not those of the contract".to_owned())
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

fn object(function: &str, args: Vec<Value<Handle>>) -> Result<Begun, Problem> {
    let method = text_arg(&args, 1)?.to_owned();
    let Value::List(items) = body_arg(&args, 2)? else {
        return Err(Problem::Invalid("the body is not a list of arguments".to_owned()));
    };
    let call = args.into_iter().take(1).chain(items).collect();
    match (function, object_call(&method, call)?) {
        ("call", begun) => Ok(begun),
        // The answer is dropped: nobody asked for it.
        ("send", _) => Ok(Begun::Done(Ok(Value::Undefined))),
        _ => Err(misfit()),
    }
}

fn name_call(name: &Name, function: &str, args: &[Value<Handle>]) -> Result<Begun, Problem> {
    alive(&name.grant)?;
    let other = || args.get(1).and_then(Value::as_capability).ok_or_else(misfit);
    let grant = Arc::clone(&name.grant);
    let answer = match function {
        "lookup" => name.lookup()?,
        "identify" => name.identify()?,
        "list" => name.list()?,
        "open" => return open(name),
        "follow" => return follow(name),
        "make-directory" => name.make_directory()?,
        "store-value" => name.store_value(outward(body_arg(args, 1)?, true)?)?,
        "store-blob" => match other()?.kind() {
            Kind::Blob(blob) => {
                alive(&blob.grant)?;
                name.store_blob(blob)?
            }
            _ => return Err(misfit()),
        },
        "copy-from" | "move-from" => {
            let source = handle_name(other()?).ok_or_else(misfit)?;
            alive(&source.grant)?;
            if function == "copy-from" { name.copy_from(source)? } else { name.move_from(source)? }
        }
        "remove" => name.remove()?,
        "cancel" => name.cancel(args.get(1).and_then(Value::as_str))?,
        _ => {
            return Err(Problem::Invalid(format!(
                "`name.{function}` is no function of this version of the contract"
            )));
        }
    };
    Ok(Begun::Awaited(answer, Rights::Opaque, grant))
}

/// Opens what a name holds: bytes if it can stream them, a value otherwise.
fn open(name: &Name) -> Result<Begun, Problem> {
    let lookup = name.lookup()?;
    let grant = Arc::clone(&name.grant);
    let later = {
        let grant = Arc::clone(&grant);
        async move {
            let value = settle(lookup, &Rights::Opaque, &grant).await?;
            if let Some(object) = value.as_capability().and_then(Handle::unwrapped) {
                match object.call("streamBase64", vec![]).await {
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
        }
    };
    Ok(Begun::Later(Box::pin(later), grant))
}

/// Whether an object answered that it has no such method.
fn lacks_method(error: &powerbox_captp::CallError) -> bool {
    error
        .thrown_error()
        .is_some_and(|(class, message)| class == "TypeError" && message.contains("has no method"))
}

fn follow(name: &Name) -> Result<Begun, Problem> {
    let iterator = name.follow()?;
    let grant = Arc::clone(&name.grant);
    let later = {
        let grant = Arc::clone(&grant);
        async move {
            match iterator.await? {
                OuterValue::Capability(object) => {
                    let reference = ObjectRef { object, rights: Rights::All, grant };
                    Ok(Value::Capability(Handle::new(Kind::Changes(reference))))
                }
                _ => Err(Problem::Other("the daemon gave no stream of changes".to_owned())),
            }
        }
    };
    Ok(Begun::Later(Box::pin(later), grant))
}

fn read(blob: &Blob) -> Result<Begun, Problem> {
    alive(&blob.grant)?;
    let grant = Arc::clone(&blob.grant);
    let blob = blob.clone();
    let later = async move {
        use base64::Engine as _;
        Ok(match blob.read().await? {
            Some(bytes) => Value::text(base64::engine::general_purpose::STANDARD.encode(bytes)),
            None => Value::Undefined,
        })
    };
    Ok(Begun::Later(Box::pin(later), grant))
}

fn next_change(reference: &ObjectRef) -> Result<Begun, Problem> {
    permit(reference, "next")?;
    let answer = reference.object.call("next", vec![]);
    let later = async move {
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
    };
    Ok(Begun::Later(Box::pin(later), Arc::clone(&reference.grant)))
}
