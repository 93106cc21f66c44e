//! Delivering messages: to Rust objects, to peers, to promises, and to plain data.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use powerbox_passable::Text;

use crate::object::{Kind, Object, Receiver};
use crate::promise::{Outcome, Promise, Route};
use crate::{Answer, CallError, Message, Reply, Value, turn};

/// Delivers a message to an object.
pub(crate) fn deliver(object: &Object, message: Message) -> Answer {
    Answer::of(match &object.0 {
        Kind::Remote(remote) => remote.call(message),
        Kind::Promise(promise) => promise.deliver(message),
        Kind::Local(receiver) => {
            let answer = Promise::new(Route::Queue);
            let (receiver, settle) = (receiver.clone(), answer.clone());
            turn::run(move || reply_to_promise(&settle, receive(receiver, message)));
            answer
        }
    })
}

/// Delivers a message to what a promise has come to.
pub(crate) fn to_outcome(outcome: Outcome, message: Message) -> Arc<Promise> {
    match outcome {
        Ok(Value::Capability(object)) => deliver(&object, message).into_promise(),
        Ok(data) => Promise::settled(to_data(&data, &message)),
        Err(error) => Promise::settled(Err(error)),
    }
}

/// Has a receiver take a message; a panic of it becomes an error.
pub(crate) fn receive(receiver: Arc<dyn Receiver>, message: Message) -> Reply {
    catch_unwind(AssertUnwindSafe(|| receiver.receive(message)))
        .unwrap_or_else(|_| Reply::Ready(Err(panicked())))
}

fn reply_to_promise(promise: &Arc<Promise>, reply: Reply) {
    match reply {
        Reply::Ready(outcome) => promise.resolve(outcome),
        Reply::Answer(answer) => promise.follow_answer(answer.into_promise()),
        Reply::Pending(future) => {
            let promise = promise.clone();
            let spawned = spawn({
                let promise = promise.clone();
                async move { promise.resolve(guard(future).await) }
            });
            if !spawned {
                promise.resolve(Err(CallError::Cancelled));
            }
        }
    }
}

/// Runs a future to its end; a panic of it becomes an error.
pub(crate) async fn guard(future: BoxFuture<'static, Outcome>) -> Outcome {
    AssertUnwindSafe(future).catch_unwind().await.unwrap_or_else(|_| Err(panicked()))
}

/// Spawns a task, if there is a runtime to spawn it on.
pub(crate) fn spawn(task: impl Future<Output = ()> + Send + 'static) -> bool {
    match tokio::runtime::Handle::try_current() {
        Ok(runtime) => {
            runtime.spawn(task);
            true
        }
        Err(_) => false,
    }
}

fn panicked() -> CallError {
    CallError::fault("a method panicked")
}

/// Delivers a message to plain data, which has properties but no methods.
pub(crate) fn to_data(data: &Value, message: &Message) -> Outcome {
    match message {
        Message::Get { property } => property_of(data, property),
        Message::Call { method, .. } => Err(CallError::type_error(match data {
            Value::Undefined | Value::Null => {
                format!("Cannot deliver \"{method}\" to target; typeof target is \"{}\"", type_of(data))
            }
            _ => format!("target has no method \"{method}\", has []"),
        })),
        Message::Apply { .. } => Err(CallError::type_error(format!(
            "Cannot invoke target as a function; typeof target is \"{}\"",
            type_of(data)
        ))),
    }
}

fn property_of(data: &Value, property: &Text) -> Outcome {
    let found = match data {
        Value::Undefined | Value::Null => {
            return Err(CallError::type_error(format!(
                "Cannot read properties of {} (reading '{property}')",
                if data.is_undefined() { "undefined" } else { "null" }
            )));
        }
        Value::Record(record) => {
            record.iter().find(|(key, _)| *key == property).map(|(_, value)| value.clone())
        }
        Value::List(items) if *property == "length" => Some(Value::Number(items.len() as f64)),
        Value::List(items) => index(property).and_then(|index| items.get(index)).cloned(),
        Value::Text(text) if *property == "length" => Some(Value::Number(text.utf16_units().count() as f64)),
        Value::Text(text) => index(property)
            .and_then(|index| text.utf16_units().nth(index))
            .map(|unit| Value::Text(Text::from_utf16(&[unit]))),
        Value::Error(error) if *property == "message" => Some(Value::Text(error.message.clone())),
        Value::Error(error) if *property == "name" => Some(Value::Text(error.name.clone())),
        Value::Tagged(tagged) if *property == "payload" => Some(tagged.payload.clone()),
        _ => None,
    };
    Ok(found.unwrap_or(Value::Undefined))
}

/// Reads an index in decimal digits as JavaScript does: without sign or leading zeros.
fn index(property: &Text) -> Option<usize> {
    let digits = property.as_str()?;
    let canonical = digits == "0" || (!digits.starts_with('0') && digits.bytes().all(|b| b.is_ascii_digit()));
    canonical.then(|| digits.parse().ok())?
}

/// What `typeof` says of a value.
fn type_of(data: &Value) -> &'static str {
    match data {
        Value::Undefined => "undefined",
        Value::Bool(_) => "boolean",
        Value::Number(_) => "number",
        Value::BigInt(_) => "bigint",
        Value::Text(_) => "string",
        Value::Symbol(_) => "symbol",
        _ => "object",
    }
}
