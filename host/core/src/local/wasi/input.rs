use std::borrow::Cow;
use std::sync::Arc;

use powerbox_captp::{Exo, Object, Reply, Value};

use super::pollable::Pollable;
use super::power::closed;

/// An input that is at its end: `wasi:io/streams.input-stream`.
pub(super) struct Input;

impl Exo for Input {
    fn interface(&self) -> Cow<'_, str> {
        "Alleged: InputStream".into()
    }

    fn methods(&self) -> &'static [&'static str] {
        &["read", "blockingRead", "skip", "blockingSkip", "subscribe"]
    }

    fn call(self: &Arc<Self>, method: &str, _: Vec<Value>) -> Reply {
        match method {
            "subscribe" => Reply::value(Value::Capability(Object::exo(Arc::new(Pollable::ready())))),
            _ => closed(),
        }
    }
}
