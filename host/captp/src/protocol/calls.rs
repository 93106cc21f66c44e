//! Calls of the peer: from a frame to something that can be delivered, or to the error that answers it.

use powerbox_passable::Value;
use tracing::debug;

use super::answers::Found;
use super::body::quoted;
use super::embedding::{CallTarget, Embedding, Event};
use super::incoming::{Body, Raw};
use super::slot::{QuestionKey, Slot};
use super::{Connection, json};
use crate::{Message, Method};

/// The class and message of the error that answers a call.
struct Refusal(&'static str, String);

impl Refusal {
    fn error(message: impl Into<String>) -> Self {
        Self("Error", message.into())
    }

    fn type_error(message: impl Into<String>) -> Self {
        Self("TypeError", message.into())
    }
}

/// What is called, what it is to do, and whether it waits for something that is open.
type Call<R> = (CallTarget<R>, Message<R>, bool);

impl<E: Embedding> Connection<E> {
    pub(super) fn handle_bootstrap(&mut self, question: QuestionKey, bytes: usize, embedding: &E) {
        match self.answers.refuses(bytes, false, &self.limits) {
            Some(limit) => {
                self.refuse(question, Refusal::error(format!("limit reached: {limit}")), embedding);
            }
            None => {
                let answer = self.answers.open(question, bytes, false);
                self.events.push_back(Event::Bootstrap(answer));
            }
        }
    }

    pub(super) fn handle_call(
        &mut self,
        question: QuestionKey,
        target: Option<&str>,
        method: Option<Raw<'_>>,
        trap: bool,
        bytes: usize,
        embedding: &E,
    ) {
        let bytes = bytes + method.map_or(0, cost);
        match self.read_call(target, method, trap, bytes, embedding) {
            Ok((target, message, queued)) => {
                let answer = self.answers.open(question, bytes, queued);
                self.events.push_back(Event::Call { answer, target, message });
            }
            Err(refusal) => self.refuse(question, refusal, embedding),
        }
    }

    /// Answers a call that can not be delivered. Calls on its answer then fail for the same reason.
    fn refuse(&mut self, question: QuestionKey, refusal: Refusal, embedding: &E) {
        let Refusal(class, message) = refusal;
        debug!(class, message, "a call that can not be delivered");
        if question == QuestionKey::Missing {
            return;
        }
        let answer = self.answers.open(question, 0, false);
        if let Some((promise, _)) = self.answer(answer, Err(Value::error(class, message)), embedding) {
            self.garbage.references.push(promise);
        }
    }

    fn read_call(
        &mut self,
        target: Option<&str>,
        method: Option<Raw<'_>>,
        trap: bool,
        bytes: usize,
        embedding: &E,
    ) -> Result<Call<E::Ref>, Refusal> {
        let target = target.ok_or_else(|| Refusal::type_error("the call has no target"))?;
        let (target, queued) = self.find_target(target, embedding)?;
        if trap {
            return Err(Refusal::error(
                "Refused Trap((an object)) because target was not registered with makeTrapHandler",
            ));
        }
        if let Some(limit) = self.answers.refuses(bytes, queued, &self.limits) {
            return Err(Refusal::error(format!("limit reached: {limit}")));
        }
        let method = method.ok_or_else(|| Refusal::type_error("the call has no method"))?;
        let body =
            Body::read(method, self.limits.slots).map_err(|problem| Refusal::error(problem.message()))?;
        let list = self
            .read_body(&body, embedding)
            .map_err(|problem| Refusal(problem.js_class(), problem.to_string()))?;
        Ok((target, message_of(list)?, queued))
    }

    /// Finds a target, first among answers, then among slots.
    fn find_target(&mut self, json: &str, embedding: &E) -> Result<(CallTarget<E::Ref>, bool), Refusal> {
        let text = json::string(json).ok_or_else(|| Refusal::type_error("the target is not a string"))?;
        match self.answers.find(&QuestionKey::of(Some(json))) {
            Some(Found::Settled(outcome)) => {
                return Ok((
                    match outcome.as_ref() {
                        Ok(Value::Capability(reference)) => CallTarget::Reference(reference.clone()),
                        _ => CallTarget::Answered(outcome),
                    },
                    false,
                ));
            }
            Some(Found::Pending(answer)) => {
                let promise = self
                    .answers
                    .promise(answer)
                    .ok_or_else(|| Refusal::error(format!("Unknown export {}", quoted(&text))))?;
                let promise = promise.get_or_insert_with(|| embedding.pending(answer));
                return Ok((CallTarget::Reference(promise.clone()), true));
            }
            None => {}
        }
        let slot = Slot::of_peer(&text);
        let queued = matches!(slot, Slot::Export(id) if self.exports.is_open(id));
        self.slot_reader(&[], embedding)
            .find(&slot, None, &text)
            .map(|reference| (CallTarget::Reference(reference), queued))
            .map_err(|problem| Refusal::error(problem.to_string()))
    }
}

/// Reads the list that the wire calls `method`, the way JavaScript does.
fn message_of<R>(list: Value<R>) -> Result<Message<R>, Refusal> {
    let Value::List(list) = list else {
        return Err(Refusal::type_error("the method of a call must be a list"));
    };
    let mut list = list.into_iter();
    let name = list.next().unwrap_or(Value::Undefined);
    let args = match list.next() {
        None => return property(name),
        Some(falsy) if is_falsy(&falsy) => return property(name),
        Some(Value::List(args)) => args,
        // JavaScript spreads a text into its characters.
        Some(Value::Text(text)) => characters(&text),
        Some(_) => return Err(Refusal::type_error("args is not iterable")),
    };
    Ok(match name {
        Value::Null => Message::Apply { args },
        Value::Symbol(symbol) => Message::Call { method: Method::Symbol(symbol), args },
        name => Message::Call { method: Method::Name(property_key(name)?), args },
    })
}

fn property<R>(name: Value<R>) -> Result<Message<R>, Refusal> {
    Ok(match name {
        Value::Text(property) => Message::Get { property },
        // No data has properties named by symbols.
        Value::Symbol(_) => Message::Get { property: "Symbol()".into() },
        name => Message::Get { property: property_key(name)?.into() },
    })
}

/// Turns a name into text, as JavaScript does with property keys.
fn property_key<R>(name: Value<R>) -> Result<String, Refusal> {
    Ok(match name {
        Value::Text(text) => text.to_string_lossy().into_owned(),
        Value::Undefined => "undefined".to_owned(),
        Value::Null => "null".to_owned(),
        Value::Bool(value) => value.to_string(),
        Value::Number(0.0) => "0".to_owned(),
        Value::Number(number) => number.to_string(),
        Value::BigInt(integer) => integer.to_string(),
        _ => return Err(Refusal::type_error("the name of a method must be a string or symbol")),
    })
}

fn is_falsy<R>(value: &Value<R>) -> bool {
    match value {
        Value::Undefined | Value::Null | Value::Bool(false) => true,
        Value::Number(number) => *number == 0.0 || number.is_nan(),
        Value::BigInt(integer) => integer.sign() == num_bigint::Sign::NoSign,
        Value::Text(text) => text.is_empty(),
        _ => false,
    }
}

fn characters<R>(text: &powerbox_passable::Text) -> Vec<Value<R>> {
    let units: Vec<u16> = text.utf16_units().collect();
    let one = |unit: Result<char, std::char::DecodeUtf16Error>| match unit {
        Ok(character) => Value::text(character.encode_utf8(&mut [0; 4]) as &str),
        Err(lone) => Value::Text(powerbox_passable::Text::from_utf16(&[lone.unpaired_surrogate()])),
    };
    char::decode_utf16(units).map(one).collect()
}

/// Estimates what a body takes as a value, beyond its text: a list of zeros is many times as large as it looks.
fn cost(method: Raw<'_>) -> usize {
    let Raw::Object { body: Some(body), .. } = method else { return 0 };
    let is_mark = |byte: &u8| matches!(byte, b',' | b'[' | b'{');
    ITEM * body.as_bytes().iter().filter(|byte| is_mark(byte)).count()
}

/// What an item of a list takes as a value.
const ITEM: usize = 40;
