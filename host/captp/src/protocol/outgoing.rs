//! Composing messages: the order of members is that of JavaScript.

use std::fmt::{Display, Write};

use super::incoming::{OURS, VERSION};
use super::json::{self, Sink};
use super::slot::{ExportId, QuestionId, QuestionKey};

/// Appends `{"body":…,"slots":[…]}`.
pub(super) fn data(out: &mut impl Sink, body: &str, slots: &str) {
    out.push_str("{\"body\":");
    json::write_string(out, body);
    out.push_str(",\"slots\":[");
    out.push_str(slots);
    out.push_str("]}");
}

pub(super) fn bootstrap(out: &mut String, question: QuestionId, ours: bool) {
    push(out, format_args!("{{\"type\":\"CTP_BOOTSTRAP\",\"epoch\":0,\"questionID\":\"{question}\""));
    if ours {
        push(out, format_args!(",\"{OURS}\":{VERSION}"));
    }
    out.push('}');
}

/// Starts a call, up to its data and the closing brace.
pub(super) fn call(out: &mut String, question: QuestionId, write_target: impl FnOnce(&mut String)) {
    push(out, format_args!("{{\"type\":\"CTP_CALL\",\"epoch\":0,\"questionID\":\"{question}\",\"target\":"));
    write_target(out);
    out.push_str(",\"method\":");
}

/// Starts an answer, up to its data and the closing brace.
pub(super) fn answer(out: &mut String, key: &QuestionKey, ours: bool, thrown: bool) {
    out.push_str("{\"type\":\"CTP_RETURN\",\"epoch\":0,");
    match key {
        QuestionKey::Number(number) => push(out, format_args!("\"answerID\":\"q-{number}\",")),
        QuestionKey::Json(json) => push(out, format_args!("\"answerID\":{json},")),
        QuestionKey::Missing => {}
    }
    if ours {
        push(out, format_args!("\"{OURS}\":{VERSION},"));
    }
    out.push_str(if thrown { "\"exception\":" } else { "\"result\":" });
}

/// Starts a settlement, up to its data and the closing brace. The promise is named in the view of the peer.
pub(super) fn resolve(out: &mut String, id: ExportId, thrown: bool) {
    push(out, format_args!("{{\"type\":\"CTP_RESOLVE\",\"promiseID\":\"p-{}\",", id.number));
    out.push_str(if thrown { "\"rej\":" } else { "\"res\":" });
}

/// The slot is in our own view; no slot has anything to escape.
pub(super) fn drop(out: &mut String, slot: impl Display, mentions: u64) {
    push(
        out,
        format_args!("{{\"type\":\"CTP_DROP\",\"slotID\":\"{slot}\",\"decRefs\":{mentions},\"epoch\":0}}"),
    );
}

/// The reason is plain JSON.
pub(super) fn disconnect(out: &mut String, reason: Option<&str>) {
    out.push_str("{\"type\":\"CTP_DISCONNECT\",\"epoch\":0");
    if let Some(reason) = reason {
        push(out, format_args!(",\"reason\":{reason}"));
    }
    out.push('}');
}

fn push(out: &mut String, text: std::fmt::Arguments<'_>) {
    // Writing to a string does not fail.
    let _ = out.write_fmt(text);
}
