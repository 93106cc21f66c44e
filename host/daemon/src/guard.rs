//! What arguments each method takes, in one table for each kind of object.
//!
//! Endo's llm branch checks arguments before a method begins, and refuses with messages that say which argument is
//! wrong. Values are never quoted in them, only named by their kind.

use powerbox_captp::Value;

use crate::failure::Failure;

/// What an argument must be.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Shape {
    Any,
    Text,
    /// A list of texts.
    Path,
    /// A text or a list of texts.
    NameOrPath,
    Error,
    /// An object, not a promise.
    Remotable,
}

/// What one method takes.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Guard {
    pub(crate) method: &'static str,
    required: &'static [Shape],
    optional: &'static [Shape],
    /// What any number of further arguments must be.
    rest: Option<Shape>,
}

use Shape::{Any, Error, NameOrPath, Path, Remotable, Text};

const fn takes(method: &'static str, required: &'static [Shape]) -> Guard {
    Guard { method, required, optional: &[], rest: None }
}

const fn may_take(method: &'static str, required: &'static [Shape], optional: &'static [Shape]) -> Guard {
    Guard { method, required, optional, rest: None }
}

const fn names(method: &'static str) -> Guard {
    Guard { method, required: &[], optional: &[], rest: Some(Text) }
}

/// Every object has these.
const META: &[Guard] = &[takes("__getInterfaceGuard__", &[]), may_take("help", &[], &[Text])];

/// Directories and agents.
pub(crate) const HUB: &[Guard] = &[
    names("has"),
    names("identify"),
    names("locate"),
    takes("reverseLocate", &[Text]),
    takes("followLocatorNameChanges", &[Text]),
    names("list"),
    names("listIdentifiers"),
    names("listLocators"),
    takes("followNameChanges", &[]),
    takes("lookup", &[NameOrPath]),
    takes("maybeLookup", &[NameOrPath]),
    takes("reverseLookup", &[Any]),
    takes("storeIdentifier", &[NameOrPath, Text]),
    takes("storeLocator", &[NameOrPath, Text]),
    names("remove"),
    takes("move", &[Path, Path]),
    takes("copy", &[Path, Path]),
    takes("makeDirectory", &[NameOrPath]),
    takes("readText", &[NameOrPath]),
    takes("maybeReadText", &[NameOrPath]),
    takes("writeText", &[NameOrPath, Text]),
];

/// The root host, besides being a hub.
pub(crate) const HOST: &[Guard] = &[
    takes("reverseIdentify", &[Text]),
    takes("lookupById", &[Text]),
    takes("handle", &[]),
    takes("storeValue", &[Any, NameOrPath]),
    may_take("storeBlob", &[Remotable], &[NameOrPath]),
    may_take("cancel", &[NameOrPath], &[Error]),
];

/// The bootstrap.
pub(crate) const ENDO: &[Guard] = &[
    takes("ping", &[]),
    takes("terminate", &[]),
    takes("host", &[]),
    takes("leastAuthority", &[]),
    takes("nodeId", &[]),
    takes("powerbox", &[]),
];

/// Blobs.
pub(crate) const BLOB: &[Guard] =
    &[takes("sha256", &[]), takes("streamBase64", &[]), takes("text", &[]), takes("json", &[])];

/// Iterators.
pub(crate) const ITERATOR: &[Guard] =
    &[takes("next", &[]), may_take("return", &[], &[Any]), may_take("throw", &[], &[Any])];

/// Inspectors, and the hub of them.
pub(crate) const INSPECTOR: &[Guard] = &[takes("lookup", &[NameOrPath]), takes("list", &[])];

/// Checks the arguments of a method that one of the tables has.
///
/// `object` is the interface name without `Alleged: `.
pub(crate) fn check(object: &str, tables: &[&[Guard]], method: &str, args: &[Value]) -> Result<(), Failure> {
    let Some(guard) = tables.iter().copied().chain([META]).flatten().find(|guard| guard.method == method)
    else {
        return Ok(());
    };
    guard.check(args).map_err(|problem| {
        let label = format!("In \"{method}\" method of ({object})");
        Failure::Guard(match problem {
            Problem::TooMany(most) => format!(
                "{} accepts at most {most} arguments, not {}: (an object)",
                crate::quote::quoted(&label),
                args.len()
            ),
            Problem::TooFew(least) => format!("{label}: Expected at least {least} arguments: (an object)"),
            Problem::Argument(text) => format!("{label}: {text}"),
        })
    })
}

enum Problem {
    TooMany(usize),
    TooFew(usize),
    Argument(String),
}

impl Guard {
    fn check(&self, args: &[Value]) -> Result<(), Problem> {
        if args.len() < self.required.len() {
            return Err(Problem::TooFew(self.required.len()));
        }
        let (required, further) = args.split_at(self.required.len());
        for (i, (arg, shape)) in required.iter().zip(self.required).enumerate() {
            shape.check(arg).map_err(|problem| Problem::Argument(format!("arg {i}: {problem}")))?;
        }
        let (optional, rest) = further.split_at(further.len().min(self.optional.len()));
        for (i, (arg, shape)) in optional.iter().zip(self.optional).enumerate() {
            if !arg.is_undefined() {
                let i = self.required.len() + i;
                shape.check(arg).map_err(|problem| Problem::Argument(format!("arg {i}?: {problem}")))?;
            }
        }
        match self.rest {
            Some(shape) => rest.iter().enumerate().try_for_each(|(i, arg)| {
                shape.check(arg).map_err(|problem| Problem::Argument(format!("...rest: [{i}]: {problem}")))
            }),
            None if !rest.is_empty() => Err(Problem::TooMany(self.required.len() + self.optional.len())),
            None => Ok(()),
        }
    }
}

impl Shape {
    fn check(self, arg: &Value) -> Result<(), String> {
        let kind = kind(arg);
        let wanted = match self {
            Any => return Ok(()),
            Text => "string",
            Error => "error",
            Remotable => "remotable",
            Path => "copyArray",
            NameOrPath if matches!(kind, "string") => return Ok(()),
            NameOrPath => {
                return match path_problem(arg) {
                    None => Ok(()),
                    Some(_) => Err(format!(
                        "{} - Must match one of [\"[match:string]\",\"[match:arrayOf]\"]",
                        redacted(arg)
                    )),
                };
            }
        };
        if kind != wanted {
            return Err(format!("{kind} {} - Must be a {wanted}", redacted(arg)));
        }
        match self {
            Path => path_problem(arg).map_or(Ok(()), Err),
            _ => Ok(()),
        }
    }
}

fn path_problem(arg: &Value) -> Option<String> {
    let Some(items) = arg.as_list() else {
        return Some(format!("{} {} - Must be a copyArray", kind(arg), redacted(arg)));
    };
    items
        .iter()
        .enumerate()
        .find_map(|(i, item)| Text.check(item).err().map(|problem| format!("[{i}]: {problem}")))
}

/// Names the kind of a value as Endo's patterns do.
fn kind(value: &Value) -> &'static str {
    match value {
        Value::Undefined => "undefined",
        Value::Null => "null",
        Value::Bool(_) => "boolean",
        Value::Number(_) => "number",
        Value::BigInt(_) => "bigint",
        Value::Text(_) => "string",
        Value::Symbol(_) => "symbol",
        Value::List(_) => "copyArray",
        Value::Record(_) => "copyRecord",
        Value::Tagged(_) => "tagged",
        Value::Error(_) => "error",
        Value::Capability(object) if object.is_promise() => "promise",
        Value::Capability(_) => "remotable",
    }
}

fn redacted(value: &Value) -> &'static str {
    match value {
        Value::Undefined => "(an undefined)",
        Value::Bool(_) => "(a boolean)",
        Value::Number(_) => "(a number)",
        Value::BigInt(_) => "(a bigint)",
        Value::Text(_) => "(a string)",
        Value::Symbol(_) => "(a symbol)",
        _ => "(an object)",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refusal(method: &str, args: &[Value]) -> String {
        match check("EndoHost", &[HUB, HOST], method, args) {
            Ok(()) => String::new(),
            Err(failure) => failure.to_string(),
        }
    }

    #[test]
    fn refusals_have_the_words_of_endo() {
        let text = || Value::text("x");
        let error = || Value::error("Error", "because");
        let cases: &[(&str, &[Value], &str)] = &[
            (
                "copy",
                &[text(), text()],
                r#"In "copy" method of (EndoHost): arg 0: string (a string) - Must be a copyArray"#,
            ),
            (
                "lookup",
                &[text(), text()],
                r#""In \"lookup\" method of (EndoHost)" accepts at most 1 arguments, not 2: (an object)"#,
            ),
            (
                "cancel",
                &[text(), text()],
                r#"In "cancel" method of (EndoHost): arg 1?: string (a string) - Must be a error"#,
            ),
            (
                "lookup",
                &[],
                r#"In "lookup" method of (EndoHost): Expected at least 1 arguments: (an object)"#,
            ),
            (
                "has",
                &[text(), Value::Null],
                r#"In "has" method of (EndoHost): ...rest: [1]: null (an object) - Must be a string"#,
            ),
            (
                "move",
                &[Value::texts(["x"]), Value::list([Value::Number(1.0)])],
                r#"In "move" method of (EndoHost): arg 1: [0]: number (a number) - Must be a string"#,
            ),
            ("cancel", &[text(), Value::Undefined], ""),
            ("cancel", &[text(), error()], ""),
            ("lookup", &[Value::texts(["x", "y"])], ""),
            ("storeValue", &[Value::Undefined, text()], ""),
            ("list", &[], ""),
        ];
        for (method, args, expected) in cases {
            assert_eq!(refusal(method, args), *expected);
        }
        assert!(refusal("lookup", &[Value::Number(1.0)]).contains("arg 0: (a number) - Must match one of"));
    }

    #[test]
    fn tables_name_each_method_once() {
        let mut methods: Vec<_> = [HUB, HOST, META].into_iter().flatten().map(|guard| guard.method).collect();
        let all = methods.len();
        methods.sort_unstable();
        methods.dedup();
        assert_eq!(methods.len(), all);
    }
}
