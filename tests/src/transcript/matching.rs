//! When a call that our client makes is the call that was recorded.
//!
//! The same are: the method, the number of arguments, and their structure. What follows is not looked at, because it
//! differs from run to run or says nothing to a daemon:
//!
//! - *Numbers of questions and exports.* A question of ours stands for the recorded one that it was matched with; an
//!   export of ours stands for the recorded one in whose place it was first mentioned, and must from then on.
//! - *Timing.* An answer that came to an object, and that object, are one [`Thing`]: a call may be sent ahead to
//!   `q-3` or later to the `o-3` that it became. A promise that the recorded client resolved to an object, and that
//!   object, are one as well.
//! - *Identifiers and dates*: hexadecimal numbers of at least 32 digits, and ISO 8601 times.
//! - *Errors' ids and interface names*, which are only for logs and people.
//! - *Trailing `undefined` arguments*: absent and `undefined` are one to every method.
//! - *A name or a path of that one name*, at the places where the daemons document `name|path`.

use std::collections::HashMap;

use serde_json::Value;

use super::{
    message::{Data, qclass, slot_index},
    recording::Recording,
};

/// What a slot or a question stands for, whoever mentions it.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) enum Thing {
    /// An object or promise of the daemon, by its number as in `o3`.
    Daemon(String),
    /// An object or promise of the client, by its number in the recording.
    Client(String),
    /// What a recorded question came to, where that is not one object.
    Answer(String),
}

impl Thing {
    /// Gives the thing that a slot stands for, in the view of the client or of the daemon.
    pub(super) fn of_slot(slot: &str, in_clients_view: bool) -> Self {
        let number = slot.replace(['+', '-'], "");
        if slot.contains('+') == in_clients_view { Self::Client(number) } else { Self::Daemon(number) }
    }

    /// Gives the thing that the daemon exports under a slot.
    pub(super) fn of_daemon(slot: &str) -> Self {
        Self::of_slot(slot, false)
    }
}

/// What the numbers of our client stand for in the recording.
#[derive(Clone, Debug, Default)]
pub(super) struct Bindings {
    /// From our question to the recorded one.
    questions: HashMap<String, String>,
    live_questions: HashMap<String, String>,
    /// From our export to the thing in the recording; a promise may stand for an object of the daemon.
    exports: HashMap<String, Thing>,
    live_exports: HashMap<Thing, String>,
}

impl Bindings {
    pub(super) fn bind_question(&mut self, recorded: &str, live: &str) {
        self.questions.insert(live.to_owned(), recorded.to_owned());
        self.live_questions.insert(recorded.to_owned(), live.to_owned());
    }

    /// Gives our question that stands for a recorded one.
    pub(super) fn live_question(&self, recorded: &str) -> Option<&str> {
        self.live_questions.get(recorded).map(String::as_str)
    }

    /// Gives the number of our export that stands for a recorded one.
    pub(super) fn live_export(&self, recorded: &Thing) -> Option<&str> {
        self.live_exports.get(recorded).map(String::as_str)
    }

    /// Gives what one of our exports stands for, by its number.
    pub(super) fn export(&self, live: &str) -> Option<&Thing> {
        self.exports.get(live)
    }

    /// Gives what a target of our client stands for, if it is in the recording.
    pub(super) fn target(&self, live: &str, recording: &Recording) -> Option<Thing> {
        if live.starts_with('q') {
            return self.questions.get(live).map(|recorded| recording.thing_of_answer(recorded));
        }
        match Thing::of_slot(live, true) {
            Thing::Client(number) => self.exports.get(&number).cloned(),
            daemon => Some(daemon),
        }
    }

    /// Tells whether a slot of ours stands for a thing, and remembers it if it is a first mention.
    fn same_slot(&mut self, recorded: Thing, live: &str) -> bool {
        let Thing::Client(number) = Thing::of_slot(live, true) else {
            return Thing::of_slot(live, true) == recorded;
        };
        if let Some(known) = self.exports.get(&number) {
            return *known == recorded;
        }
        let fits = match &recorded {
            Thing::Client(other) => {
                other.get(..1) == number.get(..1) && !self.live_exports.contains_key(&recorded)
            }
            // A promise may turn out to be any thing; the script checks when it is resolved.
            Thing::Daemon(_) | Thing::Answer(_) => number.starts_with('p'),
        };
        if fits {
            self.live_exports.insert(recorded.clone(), number.clone());
            self.exports.insert(number, recorded);
        }
        fits
    }
}

/// Compares values of the recorded client with those of ours, and binds what they mention.
pub(super) struct Matching<'a> {
    pub(super) recording: &'a Recording,
    pub(super) bindings: Bindings,
}

impl Matching<'_> {
    /// Tells whether two `method` lists are the same call.
    pub(super) fn same_method(&mut self, recorded: &Data, live: &Data) -> bool {
        let (recorded_body, live_body) = (as_list(&recorded.body), as_list(&live.body));
        match (recorded_body, live_body) {
            ([name], [live_name]) => name == live_name,
            ([name, arguments], [live_name, live_arguments]) => {
                let (arguments, live_arguments) = (given(arguments), given(live_arguments));
                name == live_name
                    && arguments.len() == live_arguments.len()
                    && arguments.iter().zip(live_arguments).enumerate().all(|(place, (one, other))| {
                        if takes_name_or_path(name, place) {
                            let (one, other) = (only_name(one), only_name(other));
                            self.same(one, &recorded.slots, other, &live.slots)
                        } else {
                            self.same(one, &recorded.slots, other, &live.slots)
                        }
                    })
            }
            _ => false,
        }
    }

    /// Tells whether two values are the same.
    pub(super) fn same_data(&mut self, recorded: &Data, live: &Data) -> bool {
        self.same(&recorded.body, &recorded.slots, &live.body, &live.slots)
    }

    fn same(&mut self, recorded: &Value, slots: &[String], live: &Value, live_slots: &[String]) -> bool {
        match (recorded, live) {
            (Value::Array(items), Value::Array(live_items)) => {
                items.len() == live_items.len()
                    && items
                        .iter()
                        .zip(live_items)
                        .all(|(one, other)| self.same(one, slots, other, live_slots))
            }
            (Value::Object(_), Value::Object(_)) if slot_index(recorded).is_some() => {
                let slot = slot_index(recorded).and_then(|index| slots.get(index));
                let live_slot = slot_index(live).and_then(|index| live_slots.get(index));
                match (slot, live_slot) {
                    (Some(slot), Some(live_slot)) => {
                        self.bindings.same_slot(self.recording.thing_of_client_slot(slot), live_slot)
                    }
                    _ => false,
                }
            }
            (Value::Object(entries), Value::Object(live_entries)) => {
                let is_error = qclass(recorded) == Some("error");
                let counts = |key: &str| !(is_error && key == "errorId");
                live_entries.keys().filter(|key| counts(key)).all(|key| entries.contains_key(key))
                    && entries.iter().filter(|(key, _)| counts(key)).all(|(key, one)| {
                        live_entries.get(key).is_some_and(|other| self.same(one, slots, other, live_slots))
                    })
            }
            (Value::String(one), Value::String(other)) => one == other || normal(one) == normal(other),
            (Value::Number(one), Value::Number(other)) => one.as_f64() == other.as_f64(),
            _ => recorded == live,
        }
    }
}

fn as_list(value: &Value) -> &[Value] {
    value.as_array().map_or(&[], Vec::as_slice)
}

/// Gives the arguments without `undefined` ones at the end.
fn given(arguments: &Value) -> &[Value] {
    let mut arguments = as_list(arguments);
    while let [rest @ .., last] = arguments {
        if qclass(last) != Some("undefined") {
            break;
        }
        arguments = rest;
    }
    arguments
}

/// Tells where the daemons' methods take either a name or a path.
fn takes_name_or_path(method: &Value, place: usize) -> bool {
    let method = method.as_str().unwrap_or_default();
    match place {
        0 => matches!(
            method,
            "lookup"
                | "maybeLookup"
                | "makeDirectory"
                | "provideWorker"
                | "write"
                | "storeIdentifier"
                | "storeLocator"
                | "readText"
                | "maybeReadText"
                | "writeText"
                // On `llm` only; `master` takes one name, which the bindings' own tests hold us to.
                | "cancel"
        ),
        1 => matches!(method, "storeValue" | "storeBlob" | "storeTree"),
        _ => false,
    }
}

/// Gives the name, if this is a path of one.
fn only_name(value: &Value) -> &Value {
    match value.as_array().map(Vec::as_slice) {
        Some([name @ Value::String(_)]) => name,
        _ => value,
    }
}

/// Replaces what differs from run to run by what it is.
fn normal(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(first) = rest.chars().next() {
        let digits = rest.bytes().take_while(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f')).count();
        let (taken, replacement) = if digits >= 32 {
            (digits, "<id>")
        } else if let Some(length) = time_length(rest) {
            (length, "<time>")
        } else {
            // A shorter number is taken whole, lest its tail be read as the start of another.
            let taken = digits.max(first.len_utf8());
            (taken, rest.get(..taken).unwrap_or_default())
        };
        out.push_str(replacement);
        rest = rest.get(taken..).unwrap_or_default();
    }
    out
}

/// Gives the length of an ISO 8601 time, such as `2026-08-07T12:34:56.789Z`, that a text starts with.
fn time_length(text: &str) -> Option<usize> {
    const PATTERN: &[u8] = b"0000-00-00T00:00:00.000Z";
    let start = text.as_bytes().get(..PATTERN.len())?;
    let fits = start.iter().zip(PATTERN).all(|(byte, pattern)| match pattern {
        b'0' => byte.is_ascii_digit(),
        literal => byte == literal,
    });
    fits.then_some(PATTERN.len())
}

#[cfg(test)]
mod tests {
    use super::normal;

    #[test]
    fn identifiers_and_times_are_replaced_and_nothing_else() {
        let id = "0123456789abcdef".repeat(4);
        assert_eq!(normal(&format!("endo://{id}/?id={id}&type=eval")), "endo://<id>/?id=<id>&type=eval");
        assert_eq!(normal("at 2026-08-07T12:34:56.789Z sharp"), "at <time> sharp");
        for plain in ["", "abc", "dead-beef", "2026-08-07", "größer 🦀 face"] {
            assert_eq!(normal(plain), plain);
        }
    }
}
