use std::borrow::Cow;

use super::json::{self, Scanner};
use super::slot::QuestionKey;

/// A frame, as far as it can be understood without the tables.
#[derive(Debug)]
pub(super) enum Incoming<'a> {
    Bootstrap {
        question: QuestionKey,
    },
    Call {
        question: QuestionKey,
        target: Option<&'a str>,
        method: Option<Raw<'a>>,
        trap: bool,
    },
    Return {
        answer: Option<Cow<'a, str>>,
        data: Option<Data<'a>>,
    },
    Resolve {
        promise: Option<Cow<'a, str>>,
        data: Option<Data<'a>>,
    },
    Drop {
        slot: Option<&'a str>,
        mentions: u64,
    },
    Disconnect {
        reason: Option<&'a str>,
    },
    TrapIterate,
    /// JSON that is no message; the text is its type, if it has one.
    Unknown(Option<Cow<'a, str>>),
}

/// A value or a value thrown, not yet read.
#[derive(Clone, Copy, Debug)]
pub(super) enum Data<'a> {
    Value(Raw<'a>),
    Thrown(Raw<'a>),
}

/// A `{"body": …, "slots": […]}`, as its JSON text.
#[derive(Clone, Copy, Debug)]
pub(super) enum Raw<'a> {
    /// It is something else.
    NoObject,
    Object {
        body: Option<&'a str>,
        slots: Option<&'a str>,
    },
}

/// A body and its slots, as far as they can be understood without the tables.
pub(super) struct Body<'a> {
    pub(super) text: Cow<'a, str>,
    /// The JSON text of each slot.
    pub(super) slots: Vec<&'a str>,
}

/// Why data is none.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum NoBody {
    Missing,
    Body,
    Slots,
    TooManySlots,
}

impl<'a> Incoming<'a> {
    /// Reads a frame. Members that are not known are ignored; of a member given twice the last counts.
    pub(super) fn read(frame: &'a str) -> Result<Self, json::NotJson> {
        let mut kind = None;
        let (mut question, mut answer, mut target, mut method) = (None, None, None, None);
        let (mut result, mut exception, mut promise, mut res, mut rej) = (None, None, None, None, None);
        let (mut slot, mut mentions, mut reason, mut trap) = (None, None, None, None);
        json::read(frame, |key, scanner| {
            let data = match key.as_ref() {
                "method" => Some(&mut method),
                "result" => Some(&mut result),
                "exception" => Some(&mut exception),
                "res" => Some(&mut res),
                "rej" => Some(&mut rej),
                _ => None,
            };
            if let Some(data) = data {
                *data = Some(Raw::read(scanner)?);
                return Ok(());
            }
            let value = scanner.value()?;
            let member = match key.as_ref() {
                "type" => &mut kind,
                "questionID" => &mut question,
                "answerID" => &mut answer,
                "target" => &mut target,
                "promiseID" => &mut promise,
                "slotID" => &mut slot,
                "decRefs" => &mut mentions,
                "reason" => &mut reason,
                "trap" => &mut trap,
                _ => return Ok(()),
            };
            *member = Some(value);
            Ok(())
        })?;
        let kind = kind.and_then(json::string);
        Ok(match kind.as_deref() {
            Some("CTP_BOOTSTRAP") => Self::Bootstrap { question: QuestionKey::of(question) },
            Some("CTP_CALL") => Self::Call {
                question: QuestionKey::of(question),
                target,
                method,
                trap: trap.is_some_and(|trap| !matches!(trap, "false" | "null" | "0" | "\"\"")),
            },
            Some("CTP_RETURN") => Self::Return {
                answer: answer.and_then(json::string),
                data: exception.map(Data::Thrown).or(result.map(Data::Value)),
            },
            Some("CTP_RESOLVE") => Self::Resolve {
                promise: promise.and_then(json::string),
                data: rej.map(Data::Thrown).or(res.map(Data::Value)),
            },
            Some("CTP_DROP") => Self::Drop { slot, mentions: mentions.map_or(0, count) },
            Some("CTP_DISCONNECT") => Self::Disconnect { reason },
            Some("CTP_TRAP_ITERATE") => Self::TrapIterate,
            _ => Self::Unknown(kind),
        })
    }
}

/// Reads a number of mentions; what is no such number counts as none, and no number is too large.
fn count(json: &str) -> u64 {
    // The conversion saturates, and makes NaN a zero.
    json.parse::<f64>().map_or(0, |number| number.ceil() as u64)
}

impl<'a> Raw<'a> {
    fn read(scanner: &mut Scanner<'a>) -> Result<Self, json::NotJson> {
        if !scanner.at_object() {
            scanner.value()?;
            return Ok(Self::NoObject);
        }
        let (mut body, mut slots) = (None, None);
        scanner.members(|key, scanner| {
            let value = scanner.value()?;
            match key.as_ref() {
                "body" => body = Some(value),
                "slots" => slots = Some(value),
                _ => {}
            }
            Ok(())
        })?;
        Ok(Self::Object { body, slots })
    }
}

impl<'a> Body<'a> {
    pub(super) fn read(data: Raw<'a>, most_slots: usize) -> Result<Self, NoBody> {
        let Raw::Object { body, slots } = data else { return Err(NoBody::Missing) };
        let text = body.and_then(json::string).ok_or(NoBody::Body)?;
        let mut list = Vec::new();
        json::items(slots.ok_or(NoBody::Slots)?, |slot| {
            list.push(slot);
            list.len() <= most_slots
        })
        .ok_or(if list.is_empty() { NoBody::Slots } else { NoBody::TooManySlots })?;
        Ok(Self { text, slots: list })
    }
}

impl NoBody {
    pub(super) fn message(self) -> &'static str {
        match self {
            Self::Missing => "data is not an object with body and slots",
            Self::Body => "unserialize() given non-capdata (.body is not a string)",
            Self::Slots => "unserialize() given non-capdata (.slots are not Array)",
            Self::TooManySlots => "the body lists too many slots",
        }
    }
}
