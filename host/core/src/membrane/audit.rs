use std::fs::{File, OpenOptions};
use std::io::{self, Write as _};
use std::path::Path;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use powerbox_passable::Value;
use serde::Serialize;
use sha2::{Digest as _, Sha256};

/// The record of everything that crossed the membrane: one line of JSON each, appended.
///
/// A line is handed to the operating system in one piece before the crossing's answer reaches the plugin, so a killed
/// host loses none. Arguments appear in a redacted form and as a digest.
#[derive(Debug)]
pub struct Audit {
    file: Mutex<Option<File>>,
}

/// One crossing.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Record {
    /// When it began, in milliseconds since 1970.
    pub time: u64,
    /// For whom.
    pub principal: String,
    /// Through which slot, or parameter of the command.
    pub slot: String,
    /// What was called.
    pub function: String,
    /// The arguments, shortened.
    pub arguments: String,
    /// The SHA-256 digest of the arguments in full, in hexadecimal.
    pub digest: String,
    /// Whether it was let through.
    pub allowed: bool,
    /// The rule that decided, or what came of it.
    pub outcome: String,
    /// How long it took, in microseconds.
    pub micros: u64,
}

impl Audit {
    /// Opens the log, readable by its owner only.
    pub fn open(path: &Path) -> io::Result<Self> {
        let mut options = OpenOptions::new();
        options.create(true).append(true);
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        Ok(Self { file: Mutex::new(Some(options.open(path)?)) })
    }

    /// A log that keeps nothing, for checks that must not touch a disk.
    pub fn discarding() -> Self {
        Self { file: Mutex::new(None) }
    }

    /// Appends a record.
    pub fn append(&self, record: &Record) {
        let mut file = self.file.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(file) = file.as_mut() else { return };
        let written = serde_json::to_vec(record).map_err(io::Error::other).and_then(|mut line| {
            line.push(b'\n');
            file.write_all(&line)
        });
        if let Err(error) = written {
            tracing::error!(%error, function = record.function, "the audit log can not be written");
        }
    }
}

/// The time now, in milliseconds since 1970.
pub(super) fn now() -> u64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or(Duration::ZERO);
    u64::try_from(since.as_millis()).unwrap_or(u64::MAX)
}

/// The longest redacted form of arguments, in characters.
const MAX_SHOWN: usize = 200;
/// The longest text that is shown as it is.
const MAX_TEXT: usize = 64;

/// Shortens arguments for the log, and digests them.
pub(super) fn redact<C>(args: &[Value<C>]) -> (String, String) {
    let mut shown = String::new();
    let mut hasher = Sha256::new();
    for (index, arg) in args.iter().enumerate() {
        if index > 0 {
            shown.push_str(", ");
        }
        show(arg, &mut shown, &mut hasher);
    }
    if shown.chars().count() > MAX_SHOWN {
        shown = shown.chars().take(MAX_SHOWN).chain(['…']).collect();
    }
    let digest = hasher.finalize().iter().map(|byte| format!("{byte:02x}")).collect();
    (shown, digest)
}

fn show<C>(value: &Value<C>, out: &mut String, hasher: &mut Sha256) {
    let kind = crate::bridge::kind(value);
    hasher.update(kind.as_bytes());
    // What is beyond the shown length still goes into the digest.
    let mut push = |text: &str| {
        if out.len() < 4 * MAX_SHOWN {
            out.push_str(text);
        }
    };
    match value {
        Value::Text(text) => {
            let text = text.to_string_lossy();
            hasher.update((text.len() as u64).to_le_bytes());
            hasher.update(text.as_bytes());
            let length = text.chars().count();
            if length > MAX_TEXT {
                push(&format!("(text of {length} characters)"));
            } else {
                push(&format!("{:?}", crate::text::clean_line(&text)));
            }
        }
        Value::Bool(flag) => {
            hasher.update([u8::from(*flag)]);
            push(if *flag { "true" } else { "false" });
        }
        Value::Number(number) => {
            hasher.update(number.to_bits().to_le_bytes());
            push(&number.to_string());
        }
        Value::BigInt(integer) => {
            hasher.update(integer.to_signed_bytes_le());
            if integer.bits() > 128 { push("(a large bigint)") } else { push(&integer.to_string()) }
        }
        Value::List(items) => {
            hasher.update((items.len() as u64).to_le_bytes());
            push("[");
            for (index, item) in items.iter().enumerate() {
                if index > 0 && out.len() < 4 * MAX_SHOWN {
                    out.push_str(", ");
                }
                show(item, out, hasher);
            }
            out.push(']');
        }
        Value::Record(record) => {
            hasher.update((record.len() as u64).to_le_bytes());
            push("{");
            for (index, (key, value)) in record.iter().enumerate() {
                let key = key.to_string_lossy();
                hasher.update(key.as_bytes());
                if out.len() < 4 * MAX_SHOWN {
                    out.push_str(if index > 0 { ", " } else { "" });
                    out.push_str(&crate::text::clean_line(&key));
                    out.push_str(": ");
                }
                show(value, out, hasher);
            }
            out.push('}');
        }
        _ => push(kind),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    type V = Value<()>;

    #[test]
    fn long_texts_are_not_shown_but_digested() {
        let (shown, one) = redact(&[V::text("a"), V::text("x".repeat(1000))]);
        assert_eq!(shown, r#""a", (text of 1000 characters)"#);
        let (_, other) = redact(&[V::text("a"), V::text("x".repeat(999) + "y")]);
        assert_ne!(one, other);
    }

    #[test]
    fn huge_arguments_stay_short() {
        let (shown, _) = redact(&[V::list((0..100_000).map(|n| V::Number(n.into())))]);
        assert!(shown.len() < 2 * MAX_SHOWN, "{}", shown.len());
    }
}
