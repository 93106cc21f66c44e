//! Calls of the peer: from a frame to something that can be delivered, or to the error that answers it.

use powerbox_passable::Value;
use tracing::debug;

use super::Connection;
use super::answers::Found;
use super::embedding::{CallTarget, Embedding, Event};
use super::incoming::MaybeBody;
use super::slot::{Malformed, QuestionKey, Slot};
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

/// What a target of a call is.
enum Target {
    Answer(QuestionKey),
    Slot(Slot),
}

/// What is called, what it is to do, and whether it waits for something that is open.
type Call<R> = (CallTarget<R>, Message<R>, bool);

impl<E: Embedding> Connection<E> {
    pub(super) fn handle_bootstrap(
        &mut self,
        question: QuestionKey,
        ours: bool,
        bytes: usize,
        embedding: &E,
    ) {
        if self.answers.is_open(&question) {
            return self.fault_of_open(&question);
        }
        match self.answers.refuses(bytes, false, &self.limits) {
            Some(limit) => {
                self.refuse(question, Refusal::error(format!("limit reached: {limit}")), embedding);
            }
            None => {
                let answer = self.answers.open(question, bytes, false, &mut self.garbage.answers);
                if ours {
                    self.answers.mark_ours(answer);
                }
                self.hear_of_peer(ours);
                self.events.push_back(Event::Bootstrap(answer));
            }
        }
    }

    pub(super) fn handle_call(
        &mut self,
        question: QuestionKey,
        target: Option<&str>,
        method: Option<MaybeBody<'_>>,
        trap: bool,
        bytes: usize,
        embedding: &E,
    ) {
        if self.answers.is_open(&question) {
            return self.fault_of_open(&question);
        }
        let target = match target.map(|json| self.target(json)).transpose() {
            Ok(target) => target,
            Err(malformed) => return self.fault(&malformed.to_string()),
        };
        let bytes = bytes + method.as_ref().map_or(0, cost);
        match self.read_call(target, method.as_ref(), trap, bytes, embedding) {
            Ok((target, message, queued)) => {
                let answer = self.answers.open(question, bytes, queued, &mut self.garbage.answers);
                self.events.push_back(Event::Call { answer, target, message });
            }
            Err(refusal) => {
                self.refuse(question, refusal, embedding);
                if let Some(Ok(body)) = method {
                    self.forget(&body.slots, embedding);
                }
            }
        }
    }

    /// Ends the connection because a question was asked under the id of one that is not answered yet: the peer could
    /// not tell the two answers apart.
    fn fault_of_open(&mut self, question: &QuestionKey) {
        self.fault(&format!("the question id {question} is used again before its question is answered"));
    }

    /// Answers a call that can not be delivered. Calls on its answer then fail for the same reason.
    fn refuse(&mut self, question: QuestionKey, refusal: Refusal, embedding: &E) {
        let Refusal(class, message) = refusal;
        debug!(class, message, "a call that can not be delivered");
        if question == QuestionKey::Missing {
            return;
        }
        let answer = self.answers.open(question, 0, false, &mut self.garbage.answers);
        if let Some((promise, _)) = self.answer(answer, Err(Value::error(class, message)), embedding) {
            self.garbage.references.push(promise);
        }
    }

    fn read_call(
        &mut self,
        target: Option<Target>,
        method: Option<&MaybeBody<'_>>,
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
        let body = method.as_ref().map_err(|problem| Refusal::error(problem.message()))?;
        let list = self
            .read_body(body, embedding)
            .map_err(|problem| Refusal(problem.js_class(), problem.to_string()))?;
        Ok((target, message_of(list)?, queued))
    }

    /// Reads a target: a slot, or the id of a question whose answer is due or kept.
    fn target(&self, json: &str) -> Result<Target, Malformed> {
        match QuestionKey::known(json) {
            Some(key) if matches!(key, QuestionKey::Number(_)) || self.answers.has(&key) => {
                Ok(Target::Answer(key))
            }
            _ => Slot::of_peer(json).map(Target::Slot),
        }
    }

    fn find_target(&mut self, target: Target, embedding: &E) -> Result<(CallTarget<E::Ref>, bool), Refusal> {
        let key = match target {
            Target::Answer(key) => key,
            Target::Slot(slot) => {
                let queued = matches!(slot, Slot::Export(id) if self.exports.is_open(id));
                return self
                    .slot_reader(&[], embedding)
                    .find(&slot, None)
                    .map(|reference| (CallTarget::Reference(reference), queued))
                    .map_err(|problem| Refusal::error(problem.to_string()));
            }
        };
        let unknown = || Refusal::error(format!("Unknown export {key}"));
        match self.answers.find(&key).ok_or_else(unknown)? {
            Found::Settled(outcome) => Ok((
                match outcome.as_ref() {
                    Ok(Value::Capability(reference)) => CallTarget::Reference(reference.clone()),
                    _ => CallTarget::Answered(outcome),
                },
                false,
            )),
            Found::Pending(answer) => {
                let promise = self.answers.promise(answer).ok_or_else(unknown)?;
                let promise = promise.get_or_insert_with(|| embedding.pending(answer));
                Ok((CallTarget::Reference(promise.clone()), true))
            }
        }
    }
}

/// Reads the list that the wire calls `method`: the name of a method and its arguments, `null` and the arguments of a
/// function, or the name of a property.
///
/// JavaScript makes something of more than that: it turns any name into text, and any second element that is falsy into
/// the reading of a property. No sender means either, so a call like that is refused.
fn message_of<R>(list: Value<R>) -> Result<Message<R>, Refusal> {
    let Value::List(list) = list else {
        return Err(Refusal::type_error("the method of a call must be a list of a name and arguments"));
    };
    let mut list = list.into_iter();
    let Some(name) = list.next() else {
        return Err(Refusal::type_error(
            "the method of a call is an empty list, without a name and arguments",
        ));
    };
    let args = match list.next() {
        None | Some(Value::Undefined | Value::Null) => return property(name),
        Some(Value::List(args)) => args,
        // JavaScript spreads a text into its characters, and was recorded to.
        Some(Value::Text(text)) if !text.is_empty() => characters(&text),
        Some(_) => return Err(Refusal::type_error("args is not iterable: the arguments must be a list")),
    };
    Ok(match name {
        Value::Null | Value::Undefined => Message::Apply { args },
        Value::Symbol(symbol) => Message::Call { method: Method::Symbol(symbol), args },
        Value::Text(name) => {
            Message::Call { method: Method::Name(name.to_string_lossy().into_owned()), args }
        }
        _ => return Err(bad_name()),
    })
}

fn property<R>(name: Value<R>) -> Result<Message<R>, Refusal> {
    Ok(match name {
        Value::Text(property) => Message::Get { property },
        // No data has properties named by symbols.
        Value::Symbol(_) => Message::Get { property: "Symbol()".into() },
        _ => return Err(bad_name()),
    })
}

fn bad_name() -> Refusal {
    Refusal::type_error("the name of a method must be a text or a symbol")
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
fn cost(method: &MaybeBody<'_>) -> usize {
    let Ok(body) = method else { return 0 };
    let is_mark = |byte: u8| (byte == b',') | (byte == b'[') | (byte == b'{');
    // A block has at most as many marks as fit a byte, which the compiler counts in vectors.
    let count = |block: &[u8]| block.iter().map(|&byte| u8::from(is_mark(byte))).sum::<u8>();
    ITEM * body.text.as_bytes().chunks(128).map(|block| usize::from(count(block))).sum::<usize>()
}

/// What an item of a list takes as a value.
const ITEM: usize = 40;
