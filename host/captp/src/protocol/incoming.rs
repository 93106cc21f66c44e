use std::borrow::Cow;

use super::json::{self, Scanner};
use super::slot::{ImportId, Malformed, QuestionId, QuestionKey, Slot, canonical_number};

/// A frame, as far as it can be understood without the tables. All names and numbers in it are well-formed.
#[derive(Debug)]
pub(super) enum Incoming<'a> {
    Bootstrap {
        question: QuestionKey,
        ours: bool,
    },
    Call {
        question: QuestionKey,
        target: Option<&'a str>,
        method: Option<MaybeBody<'a>>,
        trap: bool,
    },
    Return {
        answer: Option<QuestionId>,
        data: Option<Data<'a>>,
        ours: bool,
    },
    Resolve {
        promise: Option<ImportId>,
        data: Option<Data<'a>>,
    },
    Drop {
        slot: Option<Slot>,
        mentions: u64,
    },
    Disconnect {
        reason: Option<&'a str>,
    },
    TrapIterate,
    /// JSON that is no message; the text is its type, if it has one.
    Unknown(Option<Cow<'a, str>>),
}

/// Why a frame is no message, which ends the connection.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub(super) enum Unreadable {
    #[error("a frame is not JSON")]
    NotJson,
    #[error(transparent)]
    Malformed(#[from] Malformed),
}

impl From<json::NotJson> for Unreadable {
    fn from(_: json::NotJson) -> Self {
        Self::NotJson
    }
}

/// A value or a value thrown, not yet read.
#[derive(Debug)]
pub(super) struct Data<'a> {
    pub(super) thrown: bool,
    pub(super) body: MaybeBody<'a>,
}

/// A `{"body": …, "slots": […]}`, as its JSON text.
#[derive(Debug)]
enum Raw<'a> {
    /// It is something else.
    NoObject,
    Object {
        body: Option<Cow<'a, str>>,
        slots: Option<&'a str>,
    },
}

/// A body and its slots, as far as they can be understood without the tables.
#[derive(Debug)]
pub(super) struct Body<'a> {
    pub(super) text: Cow<'a, str>,
    pub(super) slots: Vec<Slot>,
}

pub(super) type MaybeBody<'a> = Result<Body<'a>, NoBody>;

/// The member by which programs of ours tell each other, in CTP_BOOTSTRAP and in the answer to it, that they export
/// anew what was dropped. JavaScript ignores it.
pub(super) const OURS: &str = "powerbox";

/// What that member holds, as JSON. A reader takes any other version for a peer that does not say so.
pub(super) const VERSION: &str = "1";

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
    pub(super) fn read(frame: &'a str, most_slots: usize) -> Result<Self, Unreadable> {
        let mut kind = None;
        let (mut question, mut answer, mut target, mut method) = (None, None, None, None);
        let (mut result, mut exception, mut promise, mut res, mut rej) = (None, None, None, None, None);
        let (mut slot, mut mentions, mut reason, mut trap, mut ours) = (None, None, None, None, None);
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
                OURS => &mut ours,
                _ => return Ok(()),
            };
            *member = Some(value);
            Ok(())
        })?;
        let ours = ours == Some(VERSION);
        let kind = kind.and_then(json::string);
        Ok(match kind.as_deref() {
            Some("CTP_BOOTSTRAP") => Self::Bootstrap { question: QuestionKey::of(question)?, ours },
            Some("CTP_CALL") => Self::Call {
                question: QuestionKey::of(question)?,
                target,
                method: method.map(|raw| raw.body(most_slots)).transpose()?,
                trap: trap.is_some_and(|trap| !matches!(trap, "false" | "null" | "0" | "\"\"")),
            },
            Some("CTP_RETURN") => Self::Return {
                answer: answer.map(Slot::question_in_our_view).transpose()?.flatten(),
                data: Data::of(exception, result, most_slots)?,
                ours,
            },
            Some("CTP_RESOLVE") => Self::Resolve {
                promise: promise.map(Slot::import_in_our_view).transpose()?.flatten(),
                data: Data::of(rej, res, most_slots)?,
            },
            Some("CTP_DROP") => Self::Drop {
                slot: slot.map(Slot::of_peer).transpose()?,
                mentions: mentions.map_or(Ok(0), |json| {
                    canonical_number(json).ok_or_else(|| Malformed::new("count of mentions", json))
                })?,
            },
            Some("CTP_DISCONNECT") => Self::Disconnect { reason },
            Some("CTP_TRAP_ITERATE") => {
                QuestionKey::of(question)?;
                Self::TrapIterate
            }
            _ => Self::Unknown(kind),
        })
    }
}

impl<'a> Data<'a> {
    /// Reads what was thrown, or else the value: what is thrown counts if both are there.
    fn of(
        thrown: Option<Raw<'a>>,
        value: Option<Raw<'a>>,
        most_slots: usize,
    ) -> Result<Option<Self>, Malformed> {
        let (thrown, raw) = match (thrown, value) {
            (Some(raw), _) => (true, raw),
            (None, Some(raw)) => (false, raw),
            (None, None) => return Ok(None),
        };
        Ok(Some(Self { thrown, body: raw.body(most_slots)? }))
    }
}

impl<'a> Raw<'a> {
    fn read(scanner: &mut Scanner<'a>) -> Result<Self, json::NotJson> {
        if !scanner.at_object() {
            scanner.value()?;
            return Ok(Self::NoObject);
        }
        let (mut body, mut slots) = (None, None);
        scanner.members(|key, scanner| {
            match key.as_ref() {
                // Nearly all of a long message is its body, so that is unescaped as it is walked over.
                "body" if scanner.at_string() => body = Some(scanner.text()?),
                "body" => {
                    scanner.value()?;
                    body = None;
                }
                "slots" => slots = Some(scanner.value()?),
                _ => {
                    scanner.value()?;
                }
            }
            Ok(())
        })?;
        Ok(Self::Object { body, slots })
    }

    /// Reads a body with the list of its slots, whether or not the body mentions all of them.
    fn body(self, most_slots: usize) -> Result<MaybeBody<'a>, Malformed> {
        let Self::Object { body, slots } = self else { return Ok(Err(NoBody::Missing)) };
        let mut list = Vec::new();
        let mut malformed = None;
        let read = slots.and_then(|slots| {
            json::items(slots, |slot| {
                match Slot::of_peer(slot) {
                    Ok(slot) => list.push(slot),
                    Err(problem) => malformed = Some(problem),
                }
                malformed.is_none() && list.len() <= most_slots
            })
        });
        if let Some(malformed) = malformed {
            return Err(malformed);
        }
        let Some(text) = body else { return Ok(Err(NoBody::Body)) };
        Ok(match read {
            Some(()) => Ok(Body { text, slots: list }),
            None if list.is_empty() => Err(NoBody::Slots),
            None => Err(NoBody::TooManySlots),
        })
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
