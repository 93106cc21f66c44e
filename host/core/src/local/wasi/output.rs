use std::borrow::Cow;
use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use powerbox_captp::{CallError, Exo, Object, Reply, Value};

use super::lines::Lines;
use super::pollable::Pollable;
use super::power::closed;

/// How many bytes one call may write.
const ROOM: u32 = 65_536;

/// An output that goes to the log: `wasi:io/streams.output-stream`.
pub(super) struct Output(Lines);

impl Output {
    pub(super) fn new(lines: Lines) -> Self {
        Self(lines)
    }
}

impl Exo for Output {
    fn interface(&self) -> Cow<'_, str> {
        "Alleged: OutputStream".into()
    }

    fn methods(&self) -> &'static [&'static str] {
        &[
            "checkWrite",
            "write",
            "blockingWriteAndFlush",
            "flush",
            "blockingFlush",
            "subscribe",
            "writeZeroes",
            "blockingWriteZeroesAndFlush",
            "splice",
            "blockingSplice",
        ]
    }

    fn call(self: &Arc<Self>, method: &str, args: Vec<Value>) -> Reply {
        match method {
            "checkWrite" => Reply::value(Value::Number(ROOM.into())),
            "write" | "blockingWriteAndFlush" => {
                let bytes = args.first().and_then(Value::as_str).and_then(|text| STANDARD.decode(text).ok());
                let Some(bytes) = bytes else {
                    return Reply::error(CallError::Invalid("what is to be written is no bytes".to_owned()));
                };
                if bytes.len() > ROOM as usize {
                    return Reply::error(CallError::Limit(
                        format!("one call writes at most {ROOM} bytes, as `check-write` says").into(),
                    ));
                }
                self.0.write(&bytes);
                Reply::undefined()
            }
            "subscribe" => Reply::value(Value::Capability(Object::exo(Arc::new(Pollable::ready())))),
            // There is no input that has anything to give.
            "splice" | "blockingSplice" => closed(),
            // A line is noted when it ends, whatever is flushed; and zeroes are nothing to read in a log.
            _ => Reply::undefined(),
        }
    }
}
