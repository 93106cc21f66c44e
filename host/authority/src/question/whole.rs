use powerbox_passable::{ErrorValue, Symbol, Text, Value};

use crate::audit::Redactor;
use crate::text::clean_line;

/// The longest call that the person is asked about, in bytes of what is shown of its arguments.
pub const MOST_SHOWN: usize = 64 << 10;

/// A call cannot be shown whole.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the call is too long to be asked about: more than {} KiB would have to be shown", MOST_SHOWN >> 10)]
pub struct TooLong;

/// Shows arguments whole, on one line: every text in quotes, with escapes for what would not be seen, and every
/// reference as `name` says what it is. Where a secret stands is `\(secret)`, which no text can spell.
///
/// # Errors
///
/// If that would be longer than [`MOST_SHOWN`].
pub fn whole<C>(
    args: &[Value<C>],
    redactor: &Redactor,
    name: &dyn Fn(&C) -> String,
) -> Result<String, TooLong> {
    let mut shown = Shown { text: String::new(), redactor };
    let mut steps = Vec::new();
    push_items(&mut steps, args);
    while let Some(step) = steps.pop() {
        match step {
            Step::Plain(text) => shown.plain(text),
            Step::Value(value) => shown.value(value, name, &mut steps),
            Step::Key(key) => shown.word(key),
        }
        if shown.text.len() > MOST_SHOWN {
            return Err(TooLong);
        }
    }
    Ok(shown.text)
}

/// What is still to be shown. A list of it takes the place of recursion, however deep a value is.
enum Step<'v, C> {
    Plain(&'static str),
    Value(&'v Value<C>),
    Key(&'v Text),
}

struct Shown<'a> {
    text: String,
    redactor: &'a Redactor,
}

impl Shown<'_> {
    fn plain(&mut self, text: &str) {
        self.text.push_str(text);
    }

    fn value<'v, C>(
        &mut self,
        value: &'v Value<C>,
        name: &dyn Fn(&C) -> String,
        steps: &mut Vec<Step<'v, C>>,
    ) {
        match value {
            Value::Undefined => self.plain("undefined"),
            Value::Null => self.plain("null"),
            Value::Bool(flag) => self.plain(if *flag { "true" } else { "false" }),
            Value::Number(number) => self.number(*number),
            // To write a number of a million digits takes long, and it would be too long anyway.
            Value::BigInt(integer) if integer.bits() > 4 * MOST_SHOWN as u64 => {
                self.text.extend(std::iter::repeat_n('…', MOST_SHOWN));
            }
            Value::BigInt(integer) => self.figure(&integer.to_string()),
            Value::Text(text) => self.quoted(text),
            Value::Symbol(Symbol::Registered(name)) => {
                self.plain("Symbol.for(");
                self.quoted(name);
                self.plain(")");
            }
            Value::Symbol(Symbol::WellKnown(name)) => {
                self.plain("Symbol.");
                self.word(name);
            }
            Value::List(items) => {
                self.plain("[");
                steps.push(Step::Plain("]"));
                push_items(steps, items);
            }
            Value::Record(record) => {
                self.plain("{");
                steps.push(Step::Plain("}"));
                let start = steps.len();
                for (place, (key, value)) in record.iter().enumerate() {
                    steps.extend([Step::Plain(separator(place)), Step::Key(key), Step::Plain(": ")]);
                    steps.push(Step::Value(value));
                }
                reverse(steps, start);
            }
            Value::Tagged(tagged) => {
                self.word(&tagged.tag);
                self.plain("(");
                steps.push(Step::Plain(")"));
                steps.push(Step::Value(&tagged.payload));
            }
            Value::Error(error) => self.error(error, steps),
            Value::Capability(reference) => {
                // `name` quotes what stems from others.
                self.plain(&clean_line(&name(reference)));
            }
        }
    }

    fn error<'v, C>(&mut self, error: &'v ErrorValue<C>, steps: &mut Vec<Step<'v, C>>) {
        self.plain("error ");
        self.word(&error.name);
        self.plain("(");
        self.quoted(&error.message);
        steps.push(Step::Plain(")"));
        if let Some(parts) = &error.errors {
            steps.push(Step::Plain("]"));
            push_items(steps, parts);
            steps.push(Step::Plain(", errors: ["));
        }
        if let Some(cause) = &error.cause {
            steps.push(Step::Value(cause));
            steps.push(Step::Plain(", cause: "));
        }
    }

    /// Shows a key, tag or class: as it is if it is a plain word, else like any text.
    fn word(&mut self, word: &Text) {
        match word.as_str() {
            Some(text) if is_word(text) && !self.redactor.is_secret(text) => self.plain(text),
            _ => self.quoted(word),
        }
    }

    fn number(&mut self, number: f64) {
        let text = match number {
            _ if number.is_infinite() => if number > 0.0 { "Infinity" } else { "-Infinity" }.to_owned(),
            _ if number != 0.0 && !(1e-6..1e21).contains(&number.abs()) && !number.is_nan() => {
                format!("{number:e}")
            }
            _ => number.to_string(),
        };
        self.figure(&text);
    }

    /// Shows digits, unless they are a secret.
    fn figure(&mut self, digits: &str) {
        let secret = self.redactor.is_secret(digits);
        self.plain(if secret { MASK } else { digits });
    }

    fn quoted(&mut self, text: &Text) {
        let Some(text) = text.as_str() else {
            // Half characters cannot be shown as they are, and two of them would look the same.
            self.plain("text of units [");
            for (place, unit) in text.utf16_units().enumerate() {
                self.plain(separator(place));
                self.plain(&format!("{unit:x}"));
                if self.text.len() > MOST_SHOWN {
                    return;
                }
            }
            return self.plain("]");
        };
        if text.len() > MOST_SHOWN {
            // It will not be shown anyway.
            return self.text.push_str(text);
        }
        self.plain("\"");
        let mut left = text;
        while let Some((start, end)) = self.redactor.find(left) {
            escape(left.get(..start).unwrap_or_default(), &mut self.text);
            self.plain(MASK);
            left = left.get(end..).unwrap_or_default();
        }
        escape(left, &mut self.text);
        self.plain("\"");
    }
}

/// What stands in the place of a secret. In a text a backslash is always followed by another, a quote or a letter.
const MASK: &str = "\\(secret)";

/// Puts a text in quotes, with escapes for what would not be seen.
pub fn quote(text: &str) -> String {
    let mut quoted = String::with_capacity(text.len() + 2);
    quoted.push('"');
    escape(text, &mut quoted);
    quoted.push('"');
    quoted
}

fn escape(text: &str, out: &mut String) {
    for part in text.split_inclusive(['"', '\\']) {
        match part.chars().next_back() {
            Some(sign @ ('"' | '\\')) => {
                out.push_str(&clean_line(part.strip_suffix(sign).unwrap_or_default()));
                out.extend(['\\', sign]);
            }
            _ => out.push_str(&clean_line(part)),
        }
    }
}

fn is_word(text: &str) -> bool {
    !text.is_empty()
        && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'$' | b'-'))
}

/// Adds items, to be taken from the first to the last.
fn push_items<'v, C>(steps: &mut Vec<Step<'v, C>>, items: &'v [Value<C>]) {
    let start = steps.len();
    for (place, item) in items.iter().enumerate() {
        steps.extend([Step::Plain(separator(place)), Step::Value(item)]);
    }
    reverse(steps, start);
}

fn reverse<C>(steps: &mut [Step<'_, C>], start: usize) {
    if let Some(added) = steps.get_mut(start..) {
        added.reverse();
    }
}

fn separator(place: usize) -> &'static str {
    if place == 0 { "" } else { ", " }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(args: &[Value<&str>]) -> Result<String, TooLong> {
        whole(args, &Redactor::default(), &|name| quote(name))
    }

    #[test]
    fn long_texts_are_shown_whole() {
        let text = format!("{}, and then remove everything", "x".repeat(5000));
        assert_eq!(shown(&[Value::text(text.as_str())]), Ok(format!("\"{text}\"")));
        let many: Vec<_> = (0..1000).map(|number| Value::Number(f64::from(number))).collect();
        assert!(shown(&many).unwrap().ends_with("998, 999"));
        let longest = Value::text("x".repeat(MOST_SHOWN - 2));
        assert!(shown(std::slice::from_ref(&longest)).is_ok());
    }

    #[test]
    fn what_is_too_long_is_not_cut() {
        for value in [
            Value::text("x".repeat(MOST_SHOWN)),
            Value::list((0..MOST_SHOWN).map(|_| Value::Null)),
            Value::BigInt(powerbox_passable::BigInt::from(1) << (5 * MOST_SHOWN)),
            Value::text("\u{202e}".repeat(MOST_SHOWN / 4)),
            Value::Text(Text::from_utf16(&vec![0xd800; MOST_SHOWN])),
        ] {
            assert_eq!(shown(&[value]), Err(TooLong));
        }
    }

    #[test]
    fn every_part_of_a_value_is_shown() {
        let mut error = ErrorValue::new("TypeError", "m");
        error.cause = Some(Value::text("c"));
        error.errors = Some(vec![Value::text("p")]);
        let tagged =
            powerbox_passable::Tagged { tag: "copySet".into(), payload: Value::list([Value::text("s")]) };
        let args = [
            Value::record([("a", Value::Capability("home")), ("b: 1, c", Value::Undefined)]),
            Value::Error(Box::new(error)),
            Value::Tagged(Box::new(tagged)),
            Value::bigint(12),
            Value::Symbol(Symbol::Registered("n".into())),
        ];
        assert_eq!(
            shown(&args).unwrap(),
            "{a: \"home\", \"b: 1, c\": undefined}, error TypeError(\"m\", cause: \"c\", errors: [\"p\"]), \
             copySet([\"s\"]), 12, Symbol.for(\"n\")"
        );
    }

    #[test]
    fn nothing_in_a_text_looks_like_something_else() {
        let text = Value::text("a\", \"b\\\n\u{202e}\u{1b}[2J");
        assert_eq!(shown(&[text]).unwrap(), "\"a\\\", \\\"b\\\\\\n\\u{202e}\\u{1b}[2J\"");
    }

    #[test]
    fn only_the_secret_itself_is_hidden() {
        let redactor = Redactor::new(["hunter2"]);
        let args: [Value<()>; 2] = [Value::text("remove all with hunter2 now"), Value::text("\\(secret)")];
        let shown = whole(&args, &redactor, &|()| String::new()).unwrap();
        assert_eq!(shown, "\"remove all with \\(secret) now\", \"\\\\(secret)\"");
    }
}
