//! Slots: the short names that things have on one connection, and whose view they are written in.

use std::fmt;
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

/// A thing of the peer: `o-n`, `p-n` or `t-n` in our view. The peer numbers it, and need not use a number.
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
    /// Anything else.
    Text(Arc<str>),
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
        match &self.name {
            Name::Number(number) => write!(f, "{}-{number}", self.kind.letter()),
            Name::Text(text) => write!(f, "{}-{text}", self.kind.letter()),
        }
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
    /// A slot that names nothing of ours, whatever was exported.
    Nothing,
    /// A slot whose letter has no meaning in a body.
    UnknownKind,
}

impl Slot {
    /// Reads a slot written in the view of the peer.
    ///
    /// JavaScript looks at the second character only: anything but `+` means that the receiver owns the thing.
    pub(super) fn of_peer(text: &str) -> Self {
        let mut characters = text.chars();
        let (letter, direction) = (characters.next(), characters.next());
        let name = characters.as_str();
        let kind = letter.and_then(Kind::of);
        match (kind, direction) {
            (Some(kind), Some('+')) => Self::Import(ImportId { kind, name: Name::of(name) }),
            (Some(kind), _) => match Name::of(name) {
                Name::Number(number) => Self::Export(ExportId { kind, number }),
                Name::Text(_) => Self::Nothing,
            },
            // A question of the peer can not be an argument; an answer of ours is never exported.
            (None, direction) if letter == Some('q') && direction != Some('+') => Self::Nothing,
            (None, _) => Self::UnknownKind,
        }
    }

    /// Reads the name of an import written in our own view, as in CTP_RESOLVE.
    pub(super) fn import_in_our_view(text: &str) -> Option<ImportId> {
        let mut characters = text.chars();
        let kind = characters.next().and_then(Kind::of)?;
        (characters.next()? == '-').then(|| ImportId { kind, name: Name::of(characters.as_str()) })
    }
}

impl Name {
    fn of(text: &str) -> Self {
        canonical_number(text).map_or_else(|| Self::Text(text.into()), Self::Number)
    }
}

/// Reads a decimal number without sign or leading zeros.
fn canonical_number(text: &str) -> Option<u64> {
    let canonical = text == "0" || (!text.starts_with('0') && text.bytes().all(|byte| byte.is_ascii_digit()));
    canonical.then(|| text.parse().ok())?
}

/// What the peer calls one of its questions: any JSON value, or nothing at all.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) enum QuestionKey {
    /// `"q-n"`, as all known peers write.
    Number(u64),
    /// The JSON text of anything else.
    Json(Box<str>),
    /// The call has no question id; its answer has none either, and can not be called.
    Missing,
}

impl QuestionKey {
    /// Reads the JSON text of a question id, or of a target that may be one.
    pub(super) fn of(json: Option<&str>) -> Self {
        let Some(json) = json else { return Self::Missing };
        json.strip_prefix("\"q-")
            .and_then(|rest| rest.strip_suffix('"'))
            .and_then(canonical_number)
            .map_or_else(|| Self::Json(json.into()), Self::Number)
    }
}

/// Appends a slot as a JSON string.
pub(super) fn write_import(out: &mut String, id: &ImportId) {
    json::write_string(out, &id.to_string());
}
