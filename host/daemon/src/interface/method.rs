//! One method: what it takes and what it does.
//!
//! Endo's llm branch checks arguments before a method begins, and refuses with messages that say which argument is
//! wrong. Values are never quoted in them, only named by their kind.

use powerbox_captp::Value;

use super::Shape;
use crate::failure::Failure;
use crate::quote::quoted;

/// One method of a kind of object.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Method {
    pub(crate) name: &'static str,
    required: &'static [Shape],
    optional: &'static [Shape],
    /// What any number of further arguments must be.
    rest: Option<Shape>,
    /// How it is called and what it does; empty if nothing is said of it.
    pub(crate) help: &'static str,
}

/// Describes a method that takes exactly these.
pub(crate) const fn takes(name: &'static str, required: &'static [Shape], help: &'static str) -> Method {
    may_take(name, required, &[], help)
}

/// Describes a method whose last arguments may be left out.
pub(crate) const fn may_take(
    name: &'static str,
    required: &'static [Shape],
    optional: &'static [Shape],
    help: &'static str,
) -> Method {
    Method { name, required, optional, rest: None, help }
}

/// Describes a method that takes the names of a path, each as an argument.
pub(crate) const fn names(name: &'static str, help: &'static str) -> Method {
    Method { name, required: &[], optional: &[], rest: Some(Shape::Text), help }
}

/// Describes a method that takes anything, and of which nothing is said.
pub(crate) const fn anything(name: &'static str) -> Method {
    Method { name, required: &[], optional: &[], rest: Some(Shape::Any), help: "" }
}

enum Problem {
    TooMany(usize),
    TooFew(usize),
    Argument(String),
}

impl Method {
    /// Checks the arguments of a call of the object called `title`.
    pub(crate) fn check(&self, title: &str, args: &[Value]) -> Result<(), Failure> {
        self.problem(args).map_or(Ok(()), |problem| {
            let label = format!("In \"{}\" method of ({title})", self.name);
            Err(Failure::Guard(match problem {
                Problem::TooMany(most) => format!(
                    "{} accepts at most {most} arguments, not {}: (an object)",
                    quoted(&label),
                    args.len()
                ),
                Problem::TooFew(least) => {
                    format!("{label}: Expected at least {least} arguments: (an object)")
                }
                Problem::Argument(text) => format!("{label}: {text}"),
            }))
        })
    }

    fn problem(&self, args: &[Value]) -> Option<Problem> {
        let Some((required, further)) = args.split_at_checked(self.required.len()) else {
            return Some(Problem::TooFew(self.required.len()));
        };
        let (optional, rest) = further.split_at(further.len().min(self.optional.len()));
        let required = required.iter().zip(self.required).enumerate().map(|(i, (arg, shape))| {
            let checked = shape.check(arg);
            checked.map_err(|problem| format!("arg {i}: {problem}"))
        });
        let optional = optional.iter().zip(self.optional).enumerate();
        let optional = optional.filter(|(_, (arg, _))| !arg.is_undefined()).map(|(i, (arg, shape))| {
            let i = self.required.len() + i;
            shape.check(arg).map_err(|problem| format!("arg {i}?: {problem}"))
        });
        let rest = rest.iter().enumerate().map(|(i, arg)| {
            let checked = self.rest.map_or(Ok(()), |shape| shape.check(arg));
            checked.map_err(|problem| format!("...rest: [{i}]: {problem}"))
        });
        let most = self.required.len() + self.optional.len();
        let too_many = || (self.rest.is_none() && args.len() > most).then_some(Problem::TooMany(most));
        required.chain(optional).chain(rest).find_map(Result::err).map(Problem::Argument).or_else(too_many)
    }
}

#[cfg(test)]
mod tests {
    use super::Shape::{Any, Error, NameOrPath, Path, Record, Text};
    use super::*;

    #[test]
    fn refusals_have_the_words_of_endo() {
        let copy = takes("copy", &[Path, Path], "");
        let lookup = takes("lookup", &[NameOrPath], "");
        let cancel = may_take("cancel", &[NameOrPath], &[Error], "");
        let store_value = takes("storeValue", &[Any, NameOrPath], "");
        let provide_guest = may_take("provideGuest", &[], &[Text, Record], "");
        let has = names("has", "");
        let text = || Value::text("x");
        let error = || Value::error("Error", "because");
        let cases: &[(&Method, &[Value], &str)] = &[
            (
                &copy,
                &[text(), text()],
                r#"In "copy" method of (EndoHost): arg 0: string (a string) - Must be a copyArray"#,
            ),
            (
                &copy,
                &[Value::texts(["x"]), Value::list([Value::Number(1.0)])],
                r#"In "copy" method of (EndoHost): arg 1: [0]: number (a number) - Must be a string"#,
            ),
            (
                &lookup,
                &[text(), text()],
                r#""In \"lookup\" method of (EndoHost)" accepts at most 1 arguments, not 2: (an object)"#,
            ),
            (&lookup, &[], r#"In "lookup" method of (EndoHost): Expected at least 1 arguments: (an object)"#),
            (
                &cancel,
                &[text(), text()],
                r#"In "cancel" method of (EndoHost): arg 1?: string (a string) - Must be a error"#,
            ),
            (
                &has,
                &[text(), Value::Null],
                r#"In "has" method of (EndoHost): ...rest: [1]: null (an object) - Must be a string"#,
            ),
            (
                &provide_guest,
                &[Value::Null],
                r#"In "provideGuest" method of (EndoHost): arg 0?: null (an object) - Must be a string"#,
            ),
            (
                &provide_guest,
                &[Value::Undefined, text()],
                r#"In "provideGuest" method of (EndoHost): arg 1?: string (a string) - Must be a copyRecord"#,
            ),
            (&provide_guest, &[], ""),
            (&provide_guest, &[text(), Value::record([("agentName", text())])], ""),
            (&cancel, &[text(), Value::Undefined], ""),
            (&cancel, &[text(), error()], ""),
            (&lookup, &[Value::texts(["x", "y"])], ""),
            (&store_value, &[Value::Undefined, text()], ""),
            (&has, &[], ""),
            (&anything("list"), &[Value::Null, text()], ""),
        ];
        let refusal = |method: &Method, args: &[Value]| {
            method.check("EndoHost", args).err().map(|failure| failure.to_string()).unwrap_or_default()
        };
        for (method, args, expected) in cases {
            assert_eq!(refusal(method, args), *expected);
        }
        let refusal = refusal(&lookup, &[Value::Number(1.0)]);
        assert!(refusal.contains("arg 0: (a number) - Must match one of"), "{refusal}");
    }
}
