//! Questions to the person about their own acts, on the terminal that controls this program. What standard input says
//! answers nothing: a pipe, a file or a script is not the person.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use powerbox_core::Line;
use tokio::runtime::{Handle, RuntimeFlavor};

use crate::exit::{Failure, Status};
use crate::rows;
use crate::tty::Tty;

/// How wide questions are at most, in columns.
pub(crate) const WIDTH: usize = 80;

/// The fewest rows of a page, on however small a terminal.
pub(crate) const FEWEST_ROWS: usize = 6;

/// What stands under each page but the last.
const MORE: &str = "Enter shows more, anything else refuses it ";

/// Whether there is a terminal where somebody could answer.
pub(crate) fn somebody_is_there() -> bool {
    Tty::open().is_some()
}

/// Asks for a line. What was typed before the question was there does not count.
///
/// # Errors
///
/// If there is no terminal, or the person ended it without an answer.
pub(crate) fn question(text: &str) -> Result<String, Failure> {
    let mut tty = Tty::open().ok_or_else(|| nobody(text, BEFOREHAND))?;
    put(&mut tty, text)
}

/// Asks whether to go on. Whatever is no clear yes is a no.
///
/// # Errors
///
/// If there is no terminal: then `--yes` is the way to agree.
pub(crate) fn confirm(text: &str) -> Result<bool, Failure> {
    Ok(is_yes(&question(&format!("{text} [y/N] "))?))
}

/// Shows what the person would agree to, and asks whether they do. Both are on the terminal, wherever standard error
/// goes.
///
/// # Errors
///
/// If there is no terminal. Then standard error has what would be agreed to.
pub(crate) fn agree(lines: &[Line], text: &str) -> Result<bool, Failure> {
    agree_or(lines, text, BEFOREHAND)
}

/// The same, with a hint of its own for where there is no terminal.
///
/// # Errors
///
/// As for [`agree`].
pub(crate) fn agree_or(lines: &[Line], text: &str, hint: &str) -> Result<bool, Failure> {
    let Some(mut tty) = Tty::open() else {
        eprint!("{}", shown(lines, WIDTH));
        return Err(nobody(text, hint));
    };
    let failed = |error: std::io::Error| Failure::new(Status::Failed, format!("cannot ask: {error}"));
    let all = shown(lines, tty.width().min(WIDTH));
    let rows: Vec<_> = all.lines().collect();
    // Only who has seen the last page can agree: what scrolled away was not read.
    let mut pages = rows.chunks(tty.height().saturating_sub(2).max(FEWEST_ROWS)).peekable();
    while let Some(page) = pages.next() {
        tty.write(&format!("{}\n", page.join("\n"))).map_err(failed)?;
        if pages.peek().is_some() && !put(&mut tty, MORE)?.is_empty() {
            return Ok(false);
        }
    }
    Ok(is_yes(&put(&mut tty, &format!("{text} [y/N] "))?))
}

/// Whether an answer is a yes.
pub(crate) fn is_yes(answer: &str) -> bool {
    let answer = answer.trim();
    answer.eq_ignore_ascii_case("y") || answer.eq_ignore_ascii_case("yes")
}

/// Text whose lines stand as deep as they are indented.
pub(crate) fn lines(text: &str) -> Vec<Line> {
    let line = |line: &str| {
        let text = line.trim_start_matches(' ');
        Line { depth: (line.len() - text.len()) / 2, text: text.to_owned() }
    };
    text.lines().map(line).collect()
}

/// What the person is shown, in rows that fit: a row goes on below itself, a little to the right.
pub(crate) fn shown(lines: &[Line], width: usize) -> String {
    let mut text = String::new();
    for line in lines {
        let indent = 2 * line.depth;
        let room = width.saturating_sub(indent + 2).max(20);
        for (number, row) in rows::wrap(&line.text, room).iter().enumerate() {
            let indent = if number == 0 { indent } else { indent + 2 };
            text.push_str(&format!("{:indent$}{row}\n", ""));
        }
    }
    text
}

fn put(tty: &mut Tty, text: &str) -> Result<String, Failure> {
    let failed = |error: std::io::Error| Failure::new(Status::Failed, format!("cannot ask: {error}"));
    let interrupted = Interrupted::listen();
    let answer = tty.put(text, &interrupted.0).map_err(failed)?;
    match answer {
        Some(answer) => Ok(answer.trim().to_owned()),
        None => {
            let _ = tty.write("\n");
            Err(Failure::new(Status::Failed, "there was no answer"))
        }
    }
}

/// The hint where there is no terminal.
const BEFOREHAND: &str = "`--yes` agrees beforehand";

fn nobody(question: &str, hint: &str) -> Failure {
    let question = question.trim_end_matches("[y/N] ").trim_end_matches([' ', ':']);
    Failure::new(Status::Denied, format!("there is no terminal to ask at: {question}")).hinted(hint)
}

/// Notes Ctrl-C while a question waits. Where nothing else listens for it, it ends the program, which is as good.
struct Interrupted(Arc<AtomicBool>, Option<tokio::task::JoinHandle<()>>);

impl Interrupted {
    fn listen() -> Self {
        let flag = Arc::new(AtomicBool::new(false));
        let here = Handle::try_current().ok();
        // The thread that asks waits for the answer: another one must run the task.
        let here = here.filter(|here| here.runtime_flavor() == RuntimeFlavor::MultiThread);
        let noted = Arc::clone(&flag);
        let task = here.map(|here| {
            here.spawn(async move {
                if tokio::signal::ctrl_c().await.is_ok() {
                    noted.store(true, Ordering::SeqCst);
                }
            })
        });
        Self(flag, task)
    }
}

impl Drop for Interrupted {
    fn drop(&mut self) {
        if let Some(task) = &self.1 {
            task.abort();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_clear_yes_is_one() {
        for (answer, expected) in
            [("y", true), (" YES\n", true), ("", false), ("yep", false), ("n", false), ("y y", false)]
        {
            assert_eq!(is_yes(answer), expected, "{answer:?}");
        }
    }

    #[test]
    fn what_is_agreed_to_fits_and_is_all_there() {
        let text = format!("slot {} 長い {}", "a-long-name ".repeat(20), "x".repeat(200));
        let lines = [Line { depth: 0, text: "the plugin".into() }, Line { depth: 2, text: text.clone() }];
        let shown = shown(&lines, 80);
        for row in shown.lines() {
            let columns = rows::columns(row);
            assert!(columns <= 80, "{columns}: {row}");
        }
        let all = |text: &str| text.split_whitespace().collect::<String>();
        assert_eq!(all(&shown), all(&format!("the plugin {text}")));
        assert!(shown.lines().skip(2).all(|row| row.starts_with("      ")), "{shown}");
    }
}
