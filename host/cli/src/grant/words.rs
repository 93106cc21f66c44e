//! Grants in words.

use powerbox_authority::caveat::Caveat;
use powerbox_authority::grant::{Ending, Record, Target};
pub(crate) use powerbox_core::designated;
use powerbox_core::text::clean_line;

use crate::moment::{ago, local};

/// The slot, and what it reaches.
pub(crate) fn reach(record: &Record) -> String {
    let slot = clean_line(&record.slot);
    match &record.target {
        Target::Designated => format!("{slot}: what you name in its commands"),
        target if is_reference(record) => format!("reference to {target}"),
        target => format!("{slot} → {target}"),
    }
}

/// Whether it is that of an attenuated reference.
pub(crate) fn is_reference(record: &Record) -> bool {
    record.holder.is_reference()
}

/// The caveats as they can be typed again, or that there is none.
pub(crate) fn caveats(caveats: &[Caveat]) -> Option<String> {
    let all: Vec<_> = caveats.iter().map(|caveat| clean_line(&caveat.to_string())).collect();
    (!all.is_empty()).then(|| all.join("; "))
}

/// A caveat, said to a person.
pub(crate) fn caveat(caveat: &Caveat) -> String {
    match caveat {
        Caveat::Functions(functions) => format!("only the functions {functions}"),
        Caveat::ReadOnly => "only functions that are known to change nothing".to_owned(),
        Caveat::Path(path) => format!("only paths that begin with `{path}`"),
        Caveat::Argument(rule) => format!("only where {}", clean_line(&rule.to_string())),
        Caveat::Expires(expiry) => format!("only until {}", local(expiry.millis())),
        Caveat::Calls(count) if count.get() == 1 => "only one call".to_owned(),
        Caveat::Calls(count) => format!("only {count} calls in all"),
        Caveat::Rate(rate) => format!("only {rate} calls"),
        Caveat::Bytes(budget) => format!("only {budget} of data in all"),
        Caveat::Confirm => "only what you agree to, call by call".to_owned(),
    }
}

/// Who gave it, when, and how it was used.
pub(crate) fn history(record: &Record, now: u64) -> String {
    format!("given by {} {}; {}", clean_line(&record.giver), ago(record.made, now), used(record, now))
}

/// How it was used.
pub(crate) fn used(record: &Record, now: u64) -> String {
    let times = match record.used.calls {
        0 => return "never used".to_owned(),
        1 => "once".to_owned(),
        calls => format!("{calls} times"),
    };
    match record.used.last {
        Some(last) => format!("used {times}, last {}", ago(last, now)),
        None => format!("used {times}"),
    }
}

/// Why it allows nothing any more, if so.
pub(crate) fn ended(record: &Record, now: u64) -> Option<&'static str> {
    let is_over = |caveat: &Caveat| matches!(caveat, Caveat::Expires(expiry) if expiry.is_over(now));
    match record.ended {
        Some(Ending::Revoked) => Some("revoked"),
        Some(Ending::Expired) => Some("expired"),
        Some(Ending::Removed) => Some("ended with its holder"),
        None => record.caveats.iter().any(is_over).then_some("expired"),
    }
}
