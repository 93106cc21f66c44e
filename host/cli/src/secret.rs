//! Secrets that are typed when they are asked for, or come by standard input: other users of the machine see the words of
//! a program, and shells keep them.

use std::io::{self, BufRead as _, IsTerminal as _};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use powerbox_core::designation::SecretSource;
use powerbox_core::text::clean_line;

use crate::tty::{Silent, Tty};

/// Reads a secret. `None` if there is nobody who could type it, or nothing came.
pub(crate) async fn read(name: &str, source: SecretSource) -> Option<String> {
    if source == SecretSource::StandardInput && !io::stdin().is_terminal() {
        return tokio::task::spawn_blocking(from_input).await.ok()?;
    }
    let mut tty = Tty::open()?;
    // Echoing begins again here, at once, if nobody wants the answer any more.
    let asked = Asked { silent: tty.silent().ok()?, unwanted: Arc::default() };
    tty.write(&format!("{} (not shown): ", clean_line(name))).ok()?;
    let unwanted = Arc::clone(&asked.unwanted);
    let typed = tokio::task::spawn_blocking(move || tty.line(&unwanted)).await;
    drop(asked);
    typed.ok()?.ok()?.map(|line| without_end(&line))
}

/// A question that waits for its answer.
struct Asked {
    silent: Silent,
    unwanted: Arc<AtomicBool>,
}

impl Drop for Asked {
    fn drop(&mut self) {
        self.unwanted.store(true, Ordering::SeqCst);
        // The end of the line was not shown either.
        self.silent.end();
    }
}

/// The first line.
fn from_input() -> Option<String> {
    let mut line = String::new();
    io::stdin().lock().read_line(&mut line).ok().filter(|count| *count > 0)?;
    Some(without_end(&line))
}

fn without_end(line: &str) -> String {
    let line = line.strip_suffix('\n').unwrap_or(line);
    line.strip_suffix('\r').unwrap_or(line).to_owned()
}
