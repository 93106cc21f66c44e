//! Identifiers, which no text carries across a membrane.
//!
//! In Endo a formula identifier is as good as a reference for anyone with a directory of their own: with it, a holder
//! of a limited reference would have what the reference leads to without its limits. So texts are cleaned by what they
//! contain, whatever method told them:
//!
//! - A whole identifier (`number:node`, an `endo://` locator, a record of `number` and `node`) crosses nowhere.
//! - The digits of one by themselves cross only as [content](Texts::Content): what the user stored, and the names that
//!   they gave. A SHA-256 looks the same, and people store those. Elsewhere digits that follow `sha256:` are kept.
//! - Errors and names of interfaces only describe things: there shorter runs of digits are taken out, too.
//!
//! Whoever means to pass an identifier on can spell it in another way, and nothing here recognises that. This is about
//! objects that tell identifiers in good faith, as a daemon's do.

use std::borrow::Cow;

use powerbox_passable::{ErrorValue, RESERVED_ID, Symbol, Text, Value};

/// What stands in the place of an identifier.
const GONE: &str = "…";
/// How many digits a number or node has, at least: 256 bits.
const DIGITS: usize = 64;
/// How many digits are too many in a text that only describes something. It may have been cut.
const DIGITS_DESCRIBED: usize = 32;
/// How many different digits there are in a number, at least. A run with fewer is not random: it may be a part of bytes
/// in base64, where zeros are a run of `A`.
const DIFFERENT: u32 = 8;

/// What the texts in a value are.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Texts {
    /// What an object says of things.
    #[default]
    Told,
    /// What the user stored, and names.
    Content,
    /// What a part of this program says, which knows no identifiers: it is left as it is.
    Ours,
}

/// What the answer of a method is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Said {
    /// Its texts.
    pub texts: Texts,
    /// The texts that the objects in it will answer with, unless their methods say otherwise.
    pub objects: Texts,
}

/// The methods of Endo's objects that answer with content.
const CONTENT: &[&str] = &[
    "json",
    "list",
    "lookup",
    "maybeLookup",
    "maybeReadText",
    "readText",
    "reverseLocate",
    "reverseLookup",
    "sha256",
    "text",
];

/// The methods that answer with an iterator over content.
const STREAMS: &[&str] = &["followNameChanges", "streamBase64"];

impl Texts {
    /// What a method answers with, of an object whose answers are this by themselves.
    pub fn answer(self, method: &str) -> Said {
        match self {
            Self::Told => Said {
                texts: if CONTENT.contains(&method) { Self::Content } else { Self::Told },
                objects: if STREAMS.contains(&method) { Self::Content } else { Self::Told },
            },
            source => Said { texts: source, objects: source },
        }
    }
}

/// Takes identifiers out of a text.
pub fn without(text: &str, texts: Texts) -> Cow<'_, str> {
    match texts {
        Texts::Told => cleaned(text, DIGITS, false),
        Texts::Content => cleaned(text, DIGITS, true),
        Texts::Ours => Cow::Borrowed(text),
    }
}

/// Takes identifiers, and what may be a part of one, out of a text that only describes something: an error, the name of
/// an interface.
pub fn described(text: &str) -> Cow<'_, str> {
    cleaned(text, DIGITS_DESCRIBED, false)
}

/// Takes identifiers out of all texts in a value: also keys of records, tags, symbols and errors.
pub fn value_without<C>(mut value: Value<C>, texts: Texts) -> Value<C> {
    if texts == Texts::Ours {
        return value;
    }
    let mut left = vec![&mut value];
    while let Some(value) = left.pop() {
        if texts == Texts::Content && is_identity(value) {
            // The record stays one: whoever reads it expects its parts.
            if let Value::Record(record) = &mut *value {
                for part in record.values_mut().filter(|part| is_part(Some(&**part))) {
                    *part = Value::text(GONE);
                }
            }
        }
        match value {
            Value::Text(text) => clean(text, |text| without(text, texts)),
            Value::Symbol(Symbol::Registered(name) | Symbol::WellKnown(name)) => {
                clean(name, |text| without(text, texts));
            }
            Value::List(items) => left.extend(items),
            Value::Record(record) => {
                if record.iter().any(|(key, _)| changes(key, texts)) {
                    let entries = std::mem::replace(record, [(GONE, Value::Null)].into_iter().collect());
                    *record = entries
                        .into_iter()
                        .map(|(mut key, value)| {
                            clean(&mut key, |text| without(text, texts));
                            (key, value)
                        })
                        .collect();
                }
                left.extend(record.values_mut());
            }
            Value::Tagged(tagged) => {
                clean(&mut tagged.tag, |text| without(text, texts));
                left.push(&mut tagged.payload);
            }
            Value::Error(error) => {
                clean_error(error);
                left.extend(error.cause.iter_mut().chain(error.errors.iter_mut().flatten()));
            }
            _ => {}
        }
    }
    value
}

fn clean_error<C>(error: &mut ErrorValue<C>) {
    clean(&mut error.name, described);
    clean(&mut error.message, described);
    if let Some(id) = error.error_id.as_mut().filter(|id| id.strip_prefix(RESERVED_ID).is_none()) {
        clean(id, described);
    }
}

fn clean(text: &mut Text, without: impl Fn(&str) -> Cow<'_, str>) {
    let cleaned = match without(&text.to_string_lossy()) {
        Cow::Owned(cleaned) => cleaned,
        Cow::Borrowed(_) => return,
    };
    *text = cleaned.into();
}

fn changes(text: &Text, texts: Texts) -> bool {
    matches!(without(&text.to_string_lossy(), texts), Cow::Owned(_))
}

/// Whether it is an identifier in two parts.
fn is_identity<C>(value: &Value<C>) -> bool {
    value.as_record().is_some_and(|record| ["number", "node"].iter().all(|key| is_part(record.get(key))))
}

/// Whether it is a number or node by itself.
fn is_part<C>(value: Option<&Value<C>>) -> bool {
    let text = value.and_then(Value::as_str);
    text.is_some_and(|text| text.len() >= DIGITS && text.bytes().all(|byte| byte.is_ascii_hexdigit()))
}

/// Takes out runs of hexadecimal digits: those of `shortest` length, or only those that are part of a whole identifier.
fn cleaned(text: &str, shortest: usize, whole: bool) -> Cow<'_, str> {
    if !has_run(text.as_bytes(), shortest) {
        return Cow::Borrowed(text);
    }
    let mut kept = String::new();
    let mut done = 0;
    let mut previous: Option<Run> = None;
    let mut runs = Runs { bytes: text.as_bytes(), at: 0, in_locator: false }.peekable();
    while let Some(run) = runs.next() {
        let is_number = run.is_number(shortest);
        let joined = |next: &Run| next.is_number(shortest) && next.follows(&run, text.as_bytes());
        let goes = is_number
            && if whole {
                let after = previous
                    .as_ref()
                    .is_some_and(|before| before.is_number(shortest) && run.follows(before, text.as_bytes()));
                run.in_locator || after || runs.peek().is_some_and(joined)
            } else {
                shortest < DIGITS || !run.is_digest(text.as_bytes())
            };
        if goes {
            kept.push_str(text.get(done..run.start).unwrap_or_default());
            kept.push_str(GONE);
            done = run.end;
        }
        previous = Some(run);
    }
    if done == 0 {
        return Cow::Borrowed(text);
    }
    kept.push_str(text.get(done..).unwrap_or_default());
    Cow::Owned(kept)
}

/// Whether there is a run of so many hexadecimal digits. It looks at few bytes of most texts.
fn has_run(bytes: &[u8], length: usize) -> bool {
    let mut start = 0;
    while let Some(window) = bytes.get(start..start + length) {
        match window.iter().rposition(|byte| !byte.is_ascii_hexdigit()) {
            Some(last) => start += last + 1,
            None => return true,
        }
    }
    false
}

/// A run of hexadecimal digits.
#[derive(Clone, Debug)]
struct Run {
    start: usize,
    end: usize,
    /// How many different digits it has.
    different: u32,
    /// Whether it is in a word that began as a locator does.
    in_locator: bool,
}

impl Run {
    fn is_number(&self, shortest: usize) -> bool {
        self.end - self.start >= shortest && (shortest < DIGITS || self.different >= DIFFERENT)
    }

    /// Whether it comes right after another and a colon, which may be escaped as in URLs.
    fn follows(&self, before: &Self, bytes: &[u8]) -> bool {
        let between = bytes.get(before.end..self.start).unwrap_or_default();
        let escaped =
            || bytes.get(self.start..self.start + 2).is_some_and(|hex| hex.eq_ignore_ascii_case(b"3a"));
        between == b":" || (between == b"%" && escaped())
    }

    /// Whether the text says that it is a SHA-256.
    fn is_digest(&self, bytes: &[u8]) -> bool {
        let before = bytes.get(..self.start).unwrap_or_default();
        self.end - self.start == DIGITS
            && before.len() >= 7
            && before.last().is_some_and(|sign| matches!(sign, b':' | b'-' | b'='))
            && before
                .get(before.len() - 7..before.len() - 1)
                .is_some_and(|name| name.eq_ignore_ascii_case(b"sha256"))
    }
}

struct Runs<'a> {
    bytes: &'a [u8],
    at: usize,
    in_locator: bool,
}

impl Runs<'_> {
    /// Notes where a word begins, and where it turns out to be a locator.
    fn note(&mut self, byte: u8) {
        if byte.is_ascii_whitespace() || matches!(byte, b'"' | b'\'' | b'`' | b'<' | b'>') {
            self.in_locator = false;
        } else if matches!(byte, b':' | b'%') {
            let scheme = self.at.checked_sub(4).and_then(|start| self.bytes.get(start..self.at));
            self.in_locator |= scheme.is_some_and(|scheme| scheme.eq_ignore_ascii_case(b"endo"));
        }
    }
}

impl Iterator for Runs<'_> {
    type Item = Run;

    fn next(&mut self) -> Option<Run> {
        while let Some(byte) = self.bytes.get(self.at).filter(|byte| !byte.is_ascii_hexdigit()) {
            self.note(*byte);
            self.at += 1;
        }
        let start = self.at;
        let mut seen = 0_u16;
        while let Some(digit) = self.bytes.get(self.at).and_then(|byte| char::from(*byte).to_digit(16)) {
            seen |= 1 << digit;
            self.at += 1;
        }
        (self.at > start).then(|| Run {
            start,
            end: self.at,
            different: seen.count_ones(),
            in_locator: self.in_locator,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn number() -> String {
        "0123456789abcdef".repeat(4)
    }

    fn node() -> String {
        "fedcba9876543210".repeat(4)
    }

    #[test]
    fn a_whole_identifier_goes_from_every_text() {
        let (number, node) = (number(), node());
        let locator = format!("endo://{node}/?id={number}&type=directory");
        for text in [
            format!("{number}:{node}"),
            format!("{}:{}", number.to_uppercase(), node),
            format!("x{number}:{node}y"),
            format!("[\"{number}:{node}\"]"),
            format!("{number}%3A{node}"),
            locator.clone(),
            locator.to_uppercase(),
            locator.replace(':', "%3a").replace('/', "%2f"),
            format!("see {locator}, please"),
        ] {
            for texts in [Texts::Told, Texts::Content] {
                let left = without(&text, texts).to_lowercase();
                assert!(!left.contains("89abcdef") && !left.contains("fedcba98"), "{texts:?}: {left}");
            }
        }
    }

    #[test]
    fn digits_alone_go_from_what_is_told_and_stay_in_content() {
        let number = number();
        for text in [number.clone(), format!("Inspector (directory {number})"), format!("node{number}")] {
            assert!(!without(&text, Texts::Told).contains("89abcdef"), "{text}");
            assert_eq!(without(&text, Texts::Content), text);
            assert_eq!(without(&text, Texts::Ours), text);
        }
        assert_eq!(described(&format!("cut: {}", &number[..40])), "cut: …");
    }

    #[test]
    fn a_digest_that_says_so_stays() {
        let digest = format!("sha256:{}", number());
        assert_eq!(without(&digest, Texts::Told), digest);
        assert_eq!(described(&digest), "sha256:…");
    }

    #[test]
    fn what_is_no_identifier_stays() {
        let zeros = "A".repeat(1000);
        for text in ["", "beef", "a plain text: 12:34", "0123456789abcdef0123456789abcdef", &zeros, "endo://"]
        {
            assert_eq!(without(text, Texts::Told), text);
            assert_eq!(without(text, Texts::Content), text);
        }
        // Something that is hashed, in a list of them.
        let list = format!("{}  a.txt\n{}  b.txt\n", number(), node());
        assert_eq!(without(&list, Texts::Content), list);
    }

    #[test]
    fn every_part_of_a_value_is_cleaned() {
        let number = number();
        let text = || Value::<()>::text(number.as_str());
        let mut error = ErrorValue::new("Error", number.as_str());
        error.name = number.as_str().into();
        error.error_id = Some(number.as_str().into());
        error.cause = Some(text());
        error.errors = Some(vec![text()]);
        let tagged = powerbox_passable::Tagged { tag: number.as_str().into(), payload: text() };
        let value = Value::list([
            text(),
            Value::record([(number.as_str(), Value::list([text()]))]),
            Value::Tagged(Box::new(tagged)),
            Value::Symbol(Symbol::Registered(number.as_str().into())),
            Value::Error(Box::new(error)),
        ]);
        let left = format!("{:?}", value_without(value, Texts::Told));
        assert!(!left.contains("89abcdef"), "{left}");
        assert_eq!(left.matches('…').count(), 11, "{left}");
    }

    #[test]
    fn number_and_node_side_by_side_are_no_content() {
        let pair = Value::<()>::record([("number", Value::text(number())), ("node", Value::text(node()))]);
        let left = value_without(Value::list([pair.clone()]), Texts::Content);
        let gone = Value::record([("number", Value::text("…")), ("node", Value::text("…"))]);
        assert_eq!(left, Value::list([gone]), "whoever reads the record finds its parts");
        let digest = Value::<()>::record([("sha256", Value::text(number()))]);
        assert_eq!(value_without(digest.clone(), Texts::Content), digest);
    }

    #[test]
    fn a_deep_value_is_cleaned_without_overflowing_the_stack() {
        let mut value = Value::<()>::text(number());
        for _ in 0..1000 {
            value = Value::list([value]);
        }
        let mut left = &value_without(value, Texts::Told);
        while let Some([inner]) = left.as_list() {
            left = inner;
        }
        assert_eq!(*left, Value::text("…"));
    }

    #[test]
    fn answers_are_content_by_the_method_that_gives_what_is_stored() {
        assert_eq!(Texts::Told.answer("sha256").texts, Texts::Content);
        assert_eq!(Texts::Told.answer("identify"), Said::default());
        let stream = Texts::Told.answer("streamBase64").objects;
        assert_eq!(stream.answer("next").texts, Texts::Content);
        assert_eq!(Texts::Ours.answer("identify").texts, Texts::Ours);
    }
}
