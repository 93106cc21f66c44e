//! Takes apart the arguments of a call that the guards have let through.

use powerbox_captp::{Object, Value};
use powerbox_passable::Text;

use crate::failure::Failure;

/// The arguments not yet taken. A missing one is `undefined`.
#[derive(Debug)]
pub(crate) struct Arguments(std::vec::IntoIter<Value>);

impl Arguments {
    pub(crate) fn new(args: Vec<Value>) -> Self {
        Self(args.into_iter())
    }

    /// Takes anything.
    pub(crate) fn value(&mut self) -> Value {
        self.0.next().unwrap_or(Value::Undefined)
    }

    /// Takes a text.
    pub(crate) fn text(&mut self) -> Result<Text, Failure> {
        match self.value() {
            Value::Text(text) => Ok(text),
            _ => Err(unexpected("a string")),
        }
    }

    /// Takes a text, or `None` for `undefined`.
    pub(crate) fn optional_text(&mut self) -> Result<Option<Text>, Failure> {
        match self.value() {
            Value::Text(text) => Ok(Some(text)),
            Value::Undefined => Ok(None),
            _ => Err(unexpected("a string")),
        }
    }

    /// Takes a name or a path; `undefined` is a path of no names.
    pub(crate) fn name_or_path(&mut self) -> Result<Vec<Text>, Failure> {
        match self.value() {
            Value::Text(text) => Ok(vec![text]),
            Value::List(items) => texts(items),
            Value::Undefined => Ok(Vec::new()),
            _ => Err(unexpected("a name or a path")),
        }
    }

    /// Takes all that are left, as names.
    pub(crate) fn rest(self) -> Result<Vec<Text>, Failure> {
        texts(self.0.collect())
    }

    /// Takes an object.
    pub(crate) fn object(&mut self) -> Result<Object, Failure> {
        match self.value() {
            Value::Capability(object) => Ok(object),
            _ => Err(unexpected("a remotable")),
        }
    }
}

fn texts(values: Vec<Value>) -> Result<Vec<Text>, Failure> {
    values
        .into_iter()
        .map(|value| match value {
            Value::Text(text) => Ok(text),
            _ => Err(unexpected("a string")),
        })
        .collect()
}

fn unexpected(wanted: &str) -> Failure {
    Failure::Guard(format!("an argument must be {wanted}"))
}
