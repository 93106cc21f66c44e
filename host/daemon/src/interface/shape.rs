//! What an argument may be.

use powerbox_captp::Value;

/// What an argument must be.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Shape {
    Any,
    Text,
    /// A list of texts.
    Path,
    /// A text or a list of texts.
    NameOrPath,
    Record,
    Error,
    /// An object, not a promise.
    Remotable,
}

impl Shape {
    /// Checks an argument; tells in Endo's words what is wrong with it.
    pub(crate) fn check(self, arg: &Value) -> Result<(), String> {
        let kind = kind(arg);
        let wanted = match self {
            Self::Any => return Ok(()),
            Self::Text => "string",
            Self::Record => "copyRecord",
            Self::Error => "error",
            Self::Remotable => "remotable",
            Self::Path => "copyArray",
            Self::NameOrPath => {
                let fits = kind == "string" || Self::Path.check(arg).is_ok();
                let choices = "[\"[match:string]\",\"[match:arrayOf]\"]";
                let problem = || format!("{} - Must match one of {choices}", redacted(arg));
                return if fits { Ok(()) } else { Err(problem()) };
            }
        };
        if kind != wanted {
            return Err(format!("{kind} {} - Must be a {wanted}", redacted(arg)));
        }
        match (self, arg) {
            (Self::Path, Value::List(names)) => names.iter().enumerate().try_for_each(|(i, name)| {
                Self::Text.check(name).map_err(|problem| format!("[{i}]: {problem}"))
            }),
            _ => Ok(()),
        }
    }
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
