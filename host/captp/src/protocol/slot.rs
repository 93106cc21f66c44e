//! Slots: the short names that things have on one connection, and whose view they are written in.

use std::fmt::{self, Write};
use std::sync::Arc;

use super::json;

/// The first letter of a slot.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Kind {
    /// `o`: an object or function.
    Object,
    /// `p`: a promise.
    Promise,
    /// `t`: a trap handler, treated as an object.
    Trap,
}

impl Kind {
    fn letter(self) -> char {
        match self {
            Self::Object => 'o',
            Self::Promise => 'p',
            Self::Trap => 't',
        }
    }

    fn of(letter: char) -> Option<Self> {
        match letter {
            'o' => Some(Self::Object),
            'p' => Some(Self::Promise),
            't' => Some(Self::Trap),
            _ => None,
        }
    }
}

/// A thing of this side that the peer knows: `o+n` or `p+n` in our view.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct ExportId {
    /// Never [`Kind::Trap`]: this side makes no trap handlers.
    pub(super) kind: Kind,
    pub(super) number: u64,
}

/// A thing of the peer: `o-n`, `p-n` or `t-n` in our view. The peer numbers it.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct ImportId {
    pub(super) kind: Kind,
    pub(super) name: Name,
}

/// What follows the direction of a slot.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) enum Name {
    /// A decimal number without leading zeros, as all known peers write.
    Number(u64),
    /// A short word of ASCII letters, which JavaScript was recorded to take.
    Word(Arc<str>),
}

/// A call or bootstrap of this side that waits for its answer: `q-n`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct QuestionId(pub(super) u64);

/// A call or bootstrap of the peer that this side owes an answer. Unlike the question id that the peer chose, it is
/// never used twice.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct AnswerId(pub(super) u64);

impl ImportId {
    /// Tells whether this is a promise.
    pub fn is_promise(&self) -> bool {
        self.kind == Kind::Promise
    }
}

impl ExportId {
    /// Tells whether this is a promise.
    pub fn is_promise(self) -> bool {
        self.kind == Kind::Promise
    }
}

impl fmt::Display for ExportId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}+{}", self.kind.letter(), self.number)
    }
}

impl fmt::Display for ImportId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}-{}", self.kind.letter(), self.name)
    }
}

impl fmt::Display for QuestionId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "q-{}", self.0)
    }
}

impl fmt::Display for AnswerId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "answer {}", self.0)
    }
}

/// What a slot that the peer wrote means here.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Slot {
    /// Something of the peer.
    Import(ImportId),
    /// Something of ours, if it has this number.
    Export(ExportId),
    /// The answer to a question of the peer, which cannot be passed.
    Answer(u64),
    /// A slot whose letter and direction have no meaning.
    Unknown {
        /// Its letter.
        letter: char,
        /// Whether its direction is `+`.
        plus: bool,
        /// Its number.
        number: u64,
    },
}

/// A name or number of the peer's that is not exactly as the specification has it. It ends the connection: to guess
/// what was meant would give one thing several names.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("malformed {what}: {text}")]
pub(super) struct Malformed {
    what: &'static str,
    text: String,
}

impl Malformed {
    /// Tells of something that should have been there in place of some JSON.
    pub(super) fn new(what: &'static str, json: &str) -> Self {
        let text = json::string(json).map_or_else(|| cut(json), |text| format!("\"{}\"", cut(&text)));
        Self { what, text }
    }
}

impl Slot {
    /// Reads a slot written in the view of the peer.
    pub(super) fn of_peer(json: &str) -> Result<Self, Malformed> {
        read(json, |letter, plus, name| {
            let number = match name {
                Name::Number(number) => number,
                // Only the owner of a thing may give it another name than a number.
                Name::Word(_) => {
                    let kind = Kind::of(letter).filter(|_| plus)?;
                    return Some(Self::Import(ImportId { kind, name }));
                }
            };
            Some(match (Kind::of(letter), plus) {
                (Some(kind), true) => Self::Import(ImportId { kind, name }),
                (Some(kind), false) => Self::Export(ExportId { kind, number }),
                (None, false) if letter == QUESTION => Self::Answer(number),
                (None, _) => Self::Unknown { letter, plus, number },
            })
        })
    }

    /// Reads the name of an import written in our own view, as in CTP_RESOLVE; `None` if it is that of another thing.
    pub(super) fn import_in_our_view(json: &str) -> Result<Option<ImportId>, Malformed> {
        read(json, |letter, plus, name| {
            Some(Kind::of(letter).filter(|_| !plus).map(|kind| ImportId { kind, name }))
        })
    }

    /// Reads the number of a question of ours, as in CTP_RETURN; `None` if it is the name of another thing.
    pub(super) fn question_in_our_view(json: &str) -> Result<Option<QuestionId>, Malformed> {
        Ok(match Self::of_peer(json)? {
            Self::Answer(number) => Some(QuestionId(number)),
            _ => None,
        })
    }
}

/// Shows the slot as the peer wrote it.
impl fmt::Display for Slot {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Import(id) => write!(f, "{}+{}", id.kind.letter(), id.name),
            Self::Export(id) => write!(f, "{}-{}", id.kind.letter(), id.number),
            Self::Answer(number) => write!(f, "{QUESTION}-{number}"),
            Self::Unknown { letter, plus, number } => {
                write!(f, "{letter}{}{number}", if *plus { '+' } else { '-' })
            }
        }
    }
}

/// Takes a slot apart: a JSON string of a lower-case letter, a direction and a name, and nothing else.
fn read<T>(json: &str, make: impl FnOnce(char, bool, Name) -> Option<T>) -> Result<T, Malformed> {
    let malformed = || Malformed::new("slot", json);
    let text = json::string(json).ok_or_else(malformed)?;
    let mut characters = text.chars();
    let letter = characters.next().filter(char::is_ascii_lowercase).ok_or_else(malformed)?;
    let plus = match characters.next() {
        Some('+') => true,
        Some('-') => false,
        _ => return Err(malformed()),
    };
    let name = Name::of(characters.as_str()).ok_or_else(malformed)?;
    make(letter, plus, name).ok_or_else(malformed)
}

impl Name {
    fn of(text: &str) -> Option<Self> {
        if let Some(number) = canonical_number(text) {
            return Some(Self::Number(number));
        }
        let word = (1..=WORD).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_alphabetic());
        word.then(|| Self::Word(text.into()))
    }
}

impl fmt::Display for Name {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Number(number) => number.fmt(f),
            Self::Word(word) => word.fmt(f),
        }
    }
}

/// How many letters a word may have that stands for a number.
const WORD: usize = 32;

/// The letter of questions.
const QUESTION: char = 'q';

/// How much of a text of the peer's is repeated in messages.
const QUOTED: usize = 64;

/// Cuts a text of the peer to a bounded length, and escapes what could disturb a log.
fn cut(text: &str) -> String {
    let end = text.char_indices().nth(QUOTED).map_or(text.len(), |(end, _)| end);
    let start = text.get(..end).unwrap_or_default().escape_debug();
    format!("{start}{}", if end < text.len() { "…" } else { "" })
}

/// Reads a decimal number of 64 bits without sign, blanks or leading zeros.
pub(super) fn canonical_number(text: &str) -> Option<u64> {
    let digits = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    let canonical = digits && (text == "0" || !text.starts_with('0'));
    canonical.then(|| text.parse().ok())?
}

/// What the peer calls one of its questions: mostly a number, but as in JavaScript anything that is not mistakable for
/// a slot, or nothing at all.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) enum QuestionKey {
    /// `"q-n"`, as all known peers write.
    Number(u64),
    /// The JSON text of anything else; strings are spelled in one way only.
    Json(Box<str>),
    /// The call has no question id; its answer has none either, and cannot be called.
    Missing,
}

/// How long the JSON text of a question id may be: ids are kept with their answers.
const KEY: usize = 256;

impl QuestionKey {
    /// Reads the JSON text of a question id.
    pub(super) fn of(json: Option<&str>) -> Result<Self, Malformed> {
        let Some(json) = json else { return Ok(Self::Missing) };
        Self::known(json).ok_or_else(|| Malformed::new("question id", json))
    }

    /// Reads the JSON text of something that may be a question id.
    pub(super) fn known(json: &str) -> Option<Self> {
        if json.len() > KEY {
            return None;
        }
        match json.as_bytes().first()? {
            b'"' => {
                // A lone surrogate is an error here.
                let text: String = serde_json::from_str(json).ok()?;
                if let Some(name) = text.strip_prefix("q-") {
                    return canonical_number(name).map(Self::Number);
                }
                let mut spelled = String::with_capacity(json.len());
                json::write_string(&mut spelled, &text);
                (!resembles_slot(&text)).then(|| Self::Json(spelled.into()))
            }
            b'-' | b'0'..=b'9' => canonical_number(json).map(|_| Self::Json(json.into())),
            _ => Some(Self::Json(json.into())),
        }
    }
}

impl fmt::Display for QuestionKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Number(number) => write!(f, "\"{QUESTION}-{number}\""),
            Self::Json(json) => json.fmt(f),
            Self::Missing => f.write_str("that is missing"),
        }
    }
}

/// Tells whether a text could be meant as a slot: one of the letters, with anything but a word after it.
fn resembles_slot(text: &str) -> bool {
    let mut characters = text.trim_matches(|c: char| c.is_whitespace() || c.is_control()).chars();
    let letter = characters.next().map(|letter| letter.to_ascii_lowercase());
    matches!(letter, Some('o' | 'p' | QUESTION | 't'))
        && !characters.next().is_some_and(|next| next.is_ascii_alphabetic())
}

/// Appends a slot as a JSON string.
pub(super) fn write_import(out: &mut String, id: &ImportId) {
    // Neither letters nor digits are escaped; writing to a string does not fail.
    let _ = write!(out, "\"{id}\"");
}
