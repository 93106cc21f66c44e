use anyhow::{Context, Result, bail};
use serde_json::Value;

/// A CapTP message, as far as the player cares.
#[derive(Clone, Debug)]
pub(super) enum Message {
    Bootstrap { question: String },
    Call { question: String, target: String, method: Data },
    Return { answer: String, outcome: Outcome },
    Resolve { promise: String, outcome: Outcome },
    Drop,
    Disconnect,
}

/// A serialized value: the body is read as JSON, and its capabilities stay what they are in there.
#[derive(Clone, Debug)]
pub(super) struct Data {
    pub(super) body: Value,
    pub(super) slots: Vec<String>,
}

#[derive(Clone, Debug)]
pub(super) enum Outcome {
    Fulfilled(Data),
    Rejected(Data),
}

impl Message {
    pub(super) fn read(message: &Value) -> Result<Self> {
        let text = |key: &str| {
            let field = message.get(key).and_then(Value::as_str);
            field.map(str::to_owned).with_context(|| format!("{key} is missing in {message}"))
        };
        Ok(match text("type")?.as_str() {
            "CTP_BOOTSTRAP" => Self::Bootstrap { question: text("questionID")? },
            "CTP_CALL" => Self::Call {
                question: text("questionID")?,
                target: text("target")?,
                method: Data::read(message.get("method"))?,
            },
            "CTP_RETURN" => Self::Return {
                answer: text("answerID")?,
                outcome: Outcome::read(message, "result", "exception")?,
            },
            "CTP_RESOLVE" => {
                Self::Resolve { promise: text("promiseID")?, outcome: Outcome::read(message, "res", "rej")? }
            }
            "CTP_DROP" => Self::Drop,
            "CTP_DISCONNECT" => Self::Disconnect,
            other => bail!("{other} is no message that a client sends"),
        })
    }
}

impl Outcome {
    fn read(message: &Value, fulfilled: &str, rejected: &str) -> Result<Self> {
        // Endo's reader goes by the presence of the rejection alone.
        Ok(match message.get(rejected) {
            Some(reason) => Self::Rejected(Data::read(Some(reason))?),
            None => Self::Fulfilled(Data::read(message.get(fulfilled))?),
        })
    }

    pub(super) fn data(&self) -> &Data {
        match self {
            Self::Fulfilled(data) | Self::Rejected(data) => data,
        }
    }
}

impl Data {
    fn read(data: Option<&Value>) -> Result<Self> {
        let body =
            data.and_then(|data| data.get("body")).and_then(Value::as_str).context("a body is missing")?;
        let slots =
            data.and_then(|data| data.get("slots")).and_then(Value::as_array).context("slots are missing")?;
        Ok(Self {
            body: serde_json::from_str(body).with_context(|| format!("a body is not JSON: {body}"))?,
            slots: slots.iter().filter_map(Value::as_str).map(str::to_owned).collect(),
        })
    }

    /// Gives the slot, if the whole value is one capability.
    pub(super) fn lone_slot(&self) -> Option<&str> {
        slot_index(&self.body).and_then(|index| self.slots.get(index)).map(String::as_str)
    }
}

/// Gives the class of an encoded value that is not plain JSON.
pub(super) fn qclass(value: &Value) -> Option<&str> {
    value.get("@qclass").and_then(Value::as_str)
}

/// Gives the place in the list of slots, if an encoded value is a capability.
pub(super) fn slot_index(value: &Value) -> Option<usize> {
    match qclass(value) {
        Some("slot") => {
            value.get("index").and_then(Value::as_u64).and_then(|index| usize::try_from(index).ok())
        }
        _ => None,
    }
}
