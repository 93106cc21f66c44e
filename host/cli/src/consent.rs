//! The question that a `confirm` caveat has the host ask before a call: on the person's own terminal, in a form that
//! what a plugin puts out cannot have.
//!
//! A plugin's text reaches a terminal with its escapes spelled out, so that the margin in reverse video is the host's
//! alone. What stems from the plugin stands between such margins, cut into rows that the terminal does not wrap.

use std::io;
use std::sync::atomic::AtomicBool;

use powerbox_core::membrane::{Consent, Word};
use powerbox_core::text::clean_line;

use crate::ask::is_yes;
use crate::tty::Tty;

/// How many digits of a digest are shown.
const DIGITS: usize = 12;
/// How wide the column with what a line is about is.
const LABEL: usize = 11;
/// The most rows of one text.
const ROWS: usize = 24;

/// Asks the person for one call and waits for his word, which nobody may want any more at some time.
pub(crate) fn ask(consent: &Consent, unwanted: &AtomicBool) -> Word {
    let Some(mut tty) = Tty::open() else { return Word::Nobody };
    let asked = (|| -> io::Result<Option<String>> {
        tty.write(&shown(consent, tty.width(), Margin::of_terminal()))?;
        tty.ask(unwanted)
    })();
    match asked {
        Ok(Some(answer)) if is_yes(&answer) => Word::Yes,
        Ok(Some(_)) => Word::No,
        Ok(None) => {
            let _ = tty.write("\n");
            Word::No
        }
        Err(error) => {
            tracing::warn!(%error, "the terminal cannot be asked");
            Word::Nobody
        }
    }
}

/// What stands at the left of each row.
#[derive(Clone, Copy)]
struct Margin(&'static str, &'static str);

impl Margin {
    const TEXT: &'static str = " powerbox ";

    fn of_terminal() -> Self {
        match std::env::var("TERM").as_deref() {
            Ok("dumb") => Self("", ""),
            _ => Self("\x1b[0;7m", "\x1b[0m"),
        }
    }

    fn row(self, text: &str) -> String {
        format!("{}{}{} {text}", self.0, Self::TEXT, self.1)
    }
}

/// The whole question. It begins on a new line and ends where the answer is typed.
fn shown(consent: &Consent, width: usize, margin: Margin) -> String {
    let grant = consent.grant.map_or_else(|| "of this command".to_owned(), |grant| grant.to_string());
    let digest: String = consent.digest.chars().take(DIGITS).collect();
    let arguments = if consent.arguments.is_empty() { "nothing" } else { &consent.arguments };
    let mut text = String::from("\r\n");
    let mut line = |row: &str| text.push_str(&format!("{}\r\n", margin.row(row)));
    line("A grant wants you to confirm this call:");
    for (label, value) in [
        ("for", consent.principal.as_str()),
        ("slot", &consent.slot),
        ("function", &consent.function),
        ("arguments", arguments),
        ("grant", &grant),
        ("digest", &digest),
    ] {
        let room = width.saturating_sub(Margin::TEXT.len() + 1 + LABEL);
        let mut label = label;
        for row in rows(&clean_line(value), room) {
            line(&format!("{label:LABEL$}{row}"));
            label = "";
        }
    }
    text + &margin.row("Allow this one call? [y/N] ")
}

/// Cuts text into rows that fit, however wide its characters are shown.
fn rows(text: &str, room: usize) -> Vec<String> {
    let mut rows = Vec::new();
    let mut row = String::from("│");
    let mut used = 1;
    for character in text.chars() {
        let columns = if character.is_ascii() { 1 } else { 2 };
        if used + columns + 1 > room.max(8) {
            rows.push(std::mem::replace(&mut row, String::from("│")));
            used = 1;
        }
        if rows.len() == ROWS {
            rows.push("│ … and more".to_owned());
            return rows;
        }
        row.push(character);
        used += columns;
    }
    rows.push(row);
    rows
}

#[cfg(test)]
mod tests {
    use super::*;

    fn consent() -> Consent {
        Consent {
            principal: "person > plugin compare > invocation 7".to_owned(),
            slot: "left".to_owned(),
            function: "remove".to_owned(),
            arguments: "\"notes\"".to_owned(),
            digest: "0123456789abcdef".repeat(4),
            repeatable: true,
            grant: "5".parse().ok(),
        }
    }

    #[test]
    fn the_question_tells_all_and_comes_last() {
        let shown = shown(&consent(), 80, Margin("", ""));
        for part in ["person > plugin compare > invocation 7", "left", "remove", "\"notes\"", "0123456789ab"]
        {
            assert!(shown.contains(part), "{shown}");
        }
        assert!(!shown.contains("0123456789abc"), "{shown}");
        assert!(shown.ends_with("Allow this one call? [y/N] "), "{shown}");
    }

    #[test]
    fn a_plugins_text_stays_between_the_margins() {
        let mut consent = consent();
        consent.function = "x\n\r\u{1b}[2J\u{202e}".to_owned();
        consent.arguments = format!("{}{}", "長".repeat(200), "\nAllow this one call? [y/N] y\n".repeat(9));
        let width = 60;
        let shown = shown(&consent, width, Margin("<", ">"));
        for line in shown.trim_start().split("\r\n") {
            assert!(line.starts_with("< powerbox > "), "{line}");
            let columns: usize = line.chars().map(|c| if c.is_ascii() || c == '│' { 1 } else { 2 }).sum();
            assert!(columns <= width + 2, "{columns}: {line}");
            assert!(!line.contains(char::is_control), "{line}");
        }
        assert!(shown.contains("x\\n\\u{d}\\u{1b}[2J\\u{202e}"), "{shown}");
    }

    #[test]
    fn arguments_without_end_are_cut() {
        let mut consent = consent();
        consent.arguments = "a".repeat(1_000_000);
        let shown = shown(&consent, 40, Margin("", ""));
        assert!(shown.lines().count() < 40 && shown.contains("and more"), "{shown}");
    }
}
