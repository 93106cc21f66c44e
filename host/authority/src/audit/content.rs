use super::{Decision, Entry};

/// The longest text of a line, in bytes.
const MAX_TEXT: usize = 1024;
/// The longest description of an act.
const MAX_DETAIL: usize = 4096;

/// What a line says, apart from its place in the chain.
#[derive(Clone, Copy, Debug)]
pub(super) enum Content<'a> {
    /// An allowed crossing, before the call is made.
    Begin(&'a Entry<'a>),
    /// What came of one.
    End { begin: u64, outcome: &'a str, micros: u64 },
    /// A crossing that is over already.
    Crossing { entry: &'a Entry<'a>, decision: Decision, outcome: &'a str, micros: u64 },
    /// An act of the person's.
    Act { who: &'a str, what: &'a str, grant: Option<u64>, detail: &'a str },
    /// The log goes on in the next segment.
    Continued,
    /// Before this line there are so many bytes that are no line: a write was interrupted.
    Repaired { torn: u64 },
    /// Segments were removed because of their size. The log begins with that line now.
    Pruned { begins: u64 },
}

impl Content<'_> {
    /// Appends the middle of a line: all properties between `seq` and `prev`.
    ///
    /// However long and odd the texts are, a line stays below [`MAX_LINE`](super::line::MAX_LINE).
    pub(super) fn write(&self, time: u64, out: &mut Vec<u8>) {
        number(out, ",\"time\":", time);
        match self {
            Self::Begin(entry) => {
                out.extend_from_slice(b",\"kind\":\"begin\"");
                self::entry(out, entry);
            }
            Self::End { begin, outcome, micros } => {
                number(out, ",\"kind\":\"end\",\"ends\":", *begin);
                text(out, ",\"outcome\":", outcome, MAX_TEXT);
                number(out, ",\"micros\":", *micros);
            }
            Self::Crossing { entry, decision, outcome, micros } => {
                out.extend_from_slice(b",\"kind\":\"crossing\"");
                self::entry(out, entry);
                out.extend_from_slice(match decision {
                    Decision::Allowed => b",\"decision\":\"allowed\"",
                    Decision::Denied => b",\"decision\":\"denied\"",
                });
                text(out, ",\"outcome\":", outcome, MAX_TEXT);
                number(out, ",\"micros\":", *micros);
            }
            Self::Act { who, what, grant, detail } => {
                text(out, ",\"kind\":\"act\",\"who\":", who, MAX_TEXT);
                text(out, ",\"what\":", what, MAX_TEXT);
                if let Some(grant) = grant {
                    number(out, ",\"grant\":", *grant);
                }
                text(out, ",\"detail\":", detail, MAX_DETAIL);
            }
            Self::Continued => out.extend_from_slice(b",\"kind\":\"continued\""),
            Self::Repaired { torn } => number(out, ",\"kind\":\"repaired\",\"torn\":", *torn),
            Self::Pruned { begins } => number(out, ",\"kind\":\"pruned\",\"begins\":", *begins),
        }
    }
}

fn entry(out: &mut Vec<u8>, entry: &Entry<'_>) {
    text(out, ",\"principal\":", entry.principal, MAX_TEXT);
    if let Some(agent) = entry.agent {
        text(out, ",\"agent\":", agent, MAX_TEXT);
    }
    if let Some(key) = entry.agent_key {
        text(out, ",\"agentKey\":", key, MAX_TEXT);
    }
    text(out, ",\"plugin\":", entry.plugin, MAX_TEXT);
    number(out, ",\"invocation\":", entry.invocation);
    text(out, ",\"slot\":", entry.slot, MAX_TEXT);
    if let Some(grant) = entry.grant {
        number(out, ",\"grant\":", grant);
    }
    text(out, ",\"function\":", entry.function, MAX_TEXT);
    text(out, ",\"arguments\":", entry.arguments, MAX_TEXT);
    text(out, ",\"digest\":", entry.digest, MAX_TEXT);
}

/// Appends a number in decimal.
pub(super) fn number(out: &mut Vec<u8>, key: &str, mut value: u64) {
    out.extend_from_slice(key.as_bytes());
    let start = out.len();
    loop {
        out.push(b'0' + u8::try_from(value % 10).unwrap_or_default());
        value /= 10;
        if value == 0 {
            break;
        }
    }
    if let Some(digits) = out.get_mut(start..) {
        digits.reverse();
    }
}

/// Appends a JSON string, cut off after `most` bytes and without what could move a terminal's cursor.
fn text(out: &mut Vec<u8>, key: &str, value: &str, most: usize) {
    out.extend_from_slice(key.as_bytes());
    let plain = |byte: &u8| matches!(byte, b' '..=b'~') && !matches!(byte, b'"' | b'\\');
    if value.len() <= most && value.as_bytes().iter().all(plain) {
        out.push(b'"');
        out.extend_from_slice(value.as_bytes());
        out.push(b'"');
        return;
    }
    let mut cleaned =
        crate::text::clean_line(value.get(..value.floor_char_boundary(most)).unwrap_or_default());
    if value.len() > most {
        cleaned.push('…');
    }
    // A text written to memory cannot fail.
    let _ = serde_json::to_writer(out, &cleaned);
}
