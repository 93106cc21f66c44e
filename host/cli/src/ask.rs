//! Questions to the person about his own acts, on the terminal where he typed them.

use std::io::{self, BufRead as _, IsTerminal as _, Write as _};

use crate::exit::{Failure, Status};

/// Whether somebody sits at the terminal who could answer.
pub(crate) fn somebody_is_there() -> bool {
    io::stdin().is_terminal() && io::stderr().is_terminal()
}

/// Asks for a line.
pub(crate) fn question(text: &str) -> Result<String, Failure> {
    let failed = |error: io::Error| Failure::new(Status::Failed, format!("cannot ask: {error}"));
    let mut stderr = io::stderr();
    write!(stderr, "{text}").and_then(|()| stderr.flush()).map_err(failed)?;
    let mut line = String::new();
    if io::stdin().lock().read_line(&mut line).map_err(failed)? == 0 {
        let _ = writeln!(stderr);
        return Err(Failure::new(Status::Failed, "there was no answer"));
    }
    Ok(line.trim().to_owned())
}

/// Asks whether to go on. Whatever is no clear yes is a no.
pub(crate) fn confirm(text: &str) -> Result<bool, Failure> {
    Ok(is_yes(&question(&format!("{text} [y/N] "))?))
}

/// Whether an answer is a yes.
pub(crate) fn is_yes(answer: &str) -> bool {
    let answer = answer.trim();
    answer.eq_ignore_ascii_case("y") || answer.eq_ignore_ascii_case("yes")
}
