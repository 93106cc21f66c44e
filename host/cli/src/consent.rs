//! The question that a `confirm` caveat has the host ask before a call: on the person's own terminal, in a form that
//! what a plugin puts out cannot have.
//!
//! A plugin's text reaches a terminal with its escapes spelled out, so that the margin in reverse video is the host's
//! alone. What stems from the plugin stands between such margins, cut into rows that the terminal does not wrap.

use std::io;
use std::sync::atomic::AtomicBool;

use powerbox_core::membrane::{Consent, Word};
use powerbox_core::text::clean_line;

use crate::ask::{FEWEST_ROWS, is_yes};
use crate::rows;
use crate::tty::Tty;

/// How many digits of a digest are shown.
const DIGITS: usize = 12;
/// How wide the column with what a line is about is.
const LABEL: usize = 11;
/// How wide the column beside it is at least.
const NARROWEST: usize = 8;

/// Asks the person for one call and waits for their word, which nobody may want any more at some time.
///
/// What does not fit on the terminal is shown page by page. Only who has seen the last page can agree.
pub(crate) fn ask(consent: &Consent, unwanted: &AtomicBool) -> Word {
    let Some(mut tty) = Tty::open() else { return Word::Nobody };
    match answer(&mut tty, consent, unwanted) {
        Ok(true) => Word::Yes,
        Ok(false) => Word::No,
        Err(error) => {
            tracing::warn!(%error, "the terminal cannot be asked");
            Word::Nobody
        }
    }
}

fn answer(tty: &mut Tty, consent: &Consent, unwanted: &AtomicBool) -> io::Result<bool> {
    let margin = Margin::of_terminal();
    let rows = shown(consent, tty.width());
    let mut pages = pages(&rows, tty.height()).into_iter().peekable();
    tty.write("\r\n")?;
    while let Some(page) = pages.next() {
        let text: String = page.iter().map(|row| format!("{}\r\n", margin.row(row))).collect();
        let last = pages.peek().is_none();
        tty.write(&text)?;
        match tty.put(&margin.row(if last { AGREE } else { MORE }), unwanted)? {
            Some(line) if last => return Ok(is_yes(&line)),
            Some(line) if line.trim().is_empty() => {}
            Some(_) => return Ok(false),
            None => {
                let _ = tty.write("\n");
                return Ok(false);
            }
        }
    }
    Ok(false)
}

/// What is asked under the last page.
const AGREE: &str = "Allow this one call? [y/N] ";
/// What stands under each other.
const MORE: &str = "Enter shows more, anything else refuses the call ";

/// Cuts rows into pages, with a row for the question under each.
fn pages(rows: &[String], height: usize) -> Vec<&[String]> {
    rows.chunks(height.saturating_sub(2).max(FEWEST_ROWS)).collect()
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

/// The whole question, in rows that fit beside the margin.
fn shown(consent: &Consent, width: usize) -> Vec<String> {
    let grant = consent.grant.map_or_else(|| "of this command".to_owned(), |grant| grant.to_string());
    let digest: String = consent.digest.chars().take(DIGITS).collect();
    let arguments = if consent.arguments.is_empty() { "nothing" } else { &consent.arguments };
    let mut shown = vec!["A grant wants you to confirm this call:".to_owned()];
    for (label, value) in [
        ("for", consent.principal.as_str()),
        ("slot", &consent.slot),
        ("function", &consent.function),
        ("arguments", arguments),
        ("grant", &grant),
        ("digest", &digest),
    ] {
        let room = width.saturating_sub(Margin::TEXT.len() + 1 + LABEL).max(NARROWEST);
        let mut label = label;
        // A line on the left shows where each row begins, and the last column stays free.
        for row in rows::cut(&clean_line(value), room - 2) {
            shown.push(format!("{label:LABEL$}│{row}"));
            label = "";
        }
    }
    shown
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
    fn the_question_tells_all() {
        let shown = shown(&consent(), 80).join("\n");
        for part in ["person > plugin compare > invocation 7", "left", "remove", "\"notes\"", "0123456789ab"]
        {
            assert!(shown.contains(part), "{shown}");
        }
        assert!(!shown.contains("0123456789abc"), "{shown}");
    }

    #[test]
    fn a_plugins_text_stays_between_the_margins() {
        let mut consent = consent();
        consent.function = "x\n\r\u{1b}[2J\u{202e}".to_owned();
        consent.arguments = format!("{}{}", "長".repeat(200), "\nAllow this one call? [y/N] y\n".repeat(9));
        let width = 60;
        let rows: Vec<_> = shown(&consent, width).iter().map(|row| Margin("<", ">").row(row)).collect();
        for line in &rows {
            assert!(line.starts_with("< powerbox > "), "{line}");
            let columns: usize = line.chars().map(|c| if c.is_ascii() || c == '│' { 1 } else { 2 }).sum();
            assert!(columns <= width + 2, "{columns}: {line}");
            assert!(!line.contains(char::is_control), "{line}");
        }
        assert!(rows.iter().any(|row| row.contains("x\\n\\u{d}\\u{1b}[2J\\u{202e}")), "{rows:?}");
    }

    #[test]
    fn long_arguments_are_shown_to_their_end_on_several_pages() {
        let mut consent = consent();
        consent.arguments = format!("\"{}, and remove everything\"", "a".repeat(60_000));
        let rows = shown(&consent, 80);
        let pages = pages(&rows, 24);
        assert!(pages.len() > 10 && pages.iter().all(|page| page.len() <= 22), "{}", pages.len());
        let arguments: String = rows.iter().flat_map(|row| row.split('│').nth(1)).collect();
        assert!(arguments.contains(&consent.arguments), "nothing is left out");
    }
}
