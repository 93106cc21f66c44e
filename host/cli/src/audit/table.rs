use std::borrow::Cow;
use std::io::IsTerminal as _;

use crate::exit::Failure;
use crate::moment::{local, local_short, took};
use crate::render::{print, print_json};
use powerbox_authority::audit::{Act, Crossing, Decision, Record};
use powerbox_core::text::clean_line;

/// The least widths of the columns that mostly fit.
const WHO: usize = 14;
const SLOT: usize = 10;
/// What stands between two columns.
const GAP: &str = "  ";

/// Shows records one by one, each on a line.
pub(super) struct Rows {
    json: bool,
    /// How wide the terminal is, if it is one.
    width: Option<usize>,
    any: bool,
}

impl Rows {
    /// Begins to show records on standard output.
    pub(super) fn new(json: bool) -> Self {
        let terminal = std::io::stdout().is_terminal();
        let width =
            || rustix::termios::tcgetwinsize(std::io::stdout()).ok().map(|size| usize::from(size.ws_col));
        Self { json, width: if terminal { width().filter(|width| *width > 0) } else { None }, any: false }
    }

    /// Shows one.
    pub(super) fn show(&mut self, record: &Record) -> Result<(), Failure> {
        if self.json {
            return print_json(record);
        }
        if !self.any {
            self.any = true;
            let time = if self.width.is_some() { "TIME          " } else { "TIME               " };
            let (who, slot) = ("PLUGIN", "SLOT");
            print(&format!("{time}  DECISION  {who:WHO$}  {slot:SLOT$}  CALL, OUTCOME, DURATION"))?;
        }
        print(&line(record, self.width))
    }

    /// Ends: on a terminal nothing at all would be puzzling.
    pub(super) fn end(&self) {
        if !self.any && !self.json {
            eprintln!("there are no such records");
        }
    }
}

/// A record on one line, which fits into `width` if there is one.
fn line(record: &Record, width: Option<usize>) -> String {
    let time = if width.is_some() { local_short(record.time()) } else { local(record.time()) };
    match record {
        Record::Crossing(crossing) => crossing_line(&time, crossing, width),
        Record::Act(act) => act_line(&time, act, width),
    }
}

fn crossing_line(time: &str, crossing: &Crossing, width: Option<usize>) -> String {
    let decision = match crossing.decision {
        Decision::Allowed => "allowed ",
        Decision::Denied => "denied  ",
    };
    let who = match &crossing.agent {
        Some(agent) => format!("{} ({agent})", crossing.plugin),
        // A reference is called by whoever has it.
        None if crossing.plugin.is_empty() => crossing.principal.clone(),
        None => crossing.plugin.clone(),
    };
    let (who, slot) = (clean_line(&who), clean_line(&short_slot(&crossing.slot)));
    let before = [time, decision, &format!("{who:WHO$}"), &format!("{slot:SLOT$}")].join(GAP);
    let duration = crossing.micros.map_or_else(String::new, |micros| format!("{GAP}{}", took(micros)));
    let function = crossing.function.strip_prefix("[method]").unwrap_or(&crossing.function);
    let mut call = clean_line(&format!("{function}({})", crossing.arguments));
    // The decision stands in a column of its own.
    let mut outcome = clean_line(crossing.outcome.strip_prefix("denied: ").unwrap_or(&crossing.outcome));
    if let Some(width) = width {
        let taken = before.chars().count() + 2 * GAP.len() + duration.chars().count();
        let room = width.saturating_sub(taken);
        let (long, longer) = (call.chars().count(), outcome.chars().count());
        // Each may have half, and what the other does not need.
        let for_call = room.saturating_sub(longer).max(room / 2);
        call = cut(&call, for_call);
        outcome = cut(&outcome, room.saturating_sub(long.min(for_call)));
    }
    let line = [before, call, outcome].join(GAP) + &duration;
    width.map_or_else(|| line.clone(), |width| cut(&line, width))
}

fn act_line(time: &str, act: &Act, width: Option<usize>) -> String {
    let what = act.grant.map_or_else(|| act.what.clone(), |grant| format!("{} {grant}", act.what));
    let (who, what, detail) = (clean_line(&act.who), clean_line(&what), clean_line(&act.detail));
    let line = [time, "act     ", &format!("{who:WHO$}"), &format!("{what:SLOT$}"), &detail].join(GAP);
    width.map_or_else(|| line.clone(), |width| cut(&line, width))
}

/// A slot that is named after its interface is known by the last part of that.
fn short_slot(slot: &str) -> Cow<'_, str> {
    if let Some(name) = slot.strip_prefix("what the user named ") {
        return format!("named {name}").into();
    }
    let Some((_, last)) = slot.rsplit_once('/').filter(|(package, _)| package.contains(':')) else {
        return slot.into();
    };
    last.split_once('@').map_or(last, |(name, _)| name).into()
}

/// At most so many characters.
fn cut(text: &str, most: usize) -> String {
    if text.chars().count() <= most {
        return text.to_owned();
    }
    text.chars().take(most.saturating_sub(1)).chain((most > 0).then_some('…')).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn crossing() -> Crossing {
        Crossing {
            number: 1,
            time: 0,
            principal: "person > agent scout > plugin compare > invocation 7".to_owned(),
            agent: Some("scout".to_owned()),
            agent_key: None,
            plugin: "compare".to_owned(),
            invocation: 7,
            slot: "powerbox:plugin/output@0.1.0".to_owned(),
            grant: Some(5),
            function: "emit".to_owned(),
            arguments: "\"a\nb\"".to_owned(),
            digest: String::new(),
            decision: Decision::Denied,
            outcome: "the grant is read-only".to_owned(),
            micros: Some(1_500),
        }
    }

    #[test]
    fn a_crossing_stands_on_one_line() {
        let line = crossing_line("TIME", &crossing(), None);
        assert_eq!(
            line,
            "TIME  denied    compare (scout)  output      emit(\"a\\nb\")  the grant is read-only  1.5 ms"
        );
    }

    #[test]
    fn what_is_too_long_is_cut_so_that_call_and_outcome_are_both_seen() {
        let mut long = crossing();
        long.arguments = "a".repeat(300);
        let narrow = crossing_line("TIME", &long, Some(100));
        assert_eq!(narrow.chars().count(), 100, "{narrow}");
        assert!(narrow.contains("the grant is read-only") && narrow.contains("emit(aaa"), "{narrow}");
        long.outcome = "o".repeat(300);
        let both = crossing_line("TIME", &long, Some(100));
        assert_eq!(both.chars().count(), 100, "{both}");
        assert!(both.contains("emit(aaa") && both.contains("ooo") && both.ends_with("1.5 ms"), "{both}");
    }

    #[test]
    fn an_act_says_what_was_done_to_which_grant() {
        let act = Act {
            number: 1,
            time: 0,
            who: "person".to_owned(),
            what: "revoke".to_owned(),
            grant: Some(12),
            detail: "plugin compare holds `notes` as left".to_owned(),
        };
        let line = act_line("TIME", &act, None);
        assert_eq!(line, "TIME  act       person          revoke 12   plugin compare holds `notes` as left");
        assert_eq!(act_line("TIME", &act, Some(20)).chars().count(), 20);
    }

    #[test]
    fn names_of_slots_that_are_interfaces_are_short() {
        assert_eq!(short_slot("powerbox:plugin/output@0.1.0"), "output");
        assert_eq!(short_slot("left"), "left");
        assert_eq!(short_slot("a/b"), "a/b");
        assert_eq!(short_slot("what the user named `x:/y`"), "named `x:/y`");
    }
}
