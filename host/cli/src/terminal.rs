use std::io::{self, IsTerminal as _, Write as _};
use std::sync::{Mutex, PoisonError};

use futures_util::future::BoxFuture;
use indicatif::{ProgressBar, ProgressStyle};
use powerbox_core::local::{FrontEnd, Output};

use crate::render;

/// Standard output and standard error, for one command.
pub(crate) struct Terminal {
    json: bool,
    progress: Mutex<Option<ProgressBar>>,
}

impl Terminal {
    /// Makes one that prints text, or JSON.
    pub(crate) fn new(json: bool) -> Self {
        Self { json, progress: Mutex::new(None) }
    }

    /// Shows the command's final output.
    pub(crate) fn finish(&self, output: &Output) {
        self.clear_progress();
        show(output, self.json, true);
    }

    fn clear_progress(&self) {
        if let Some(bar) = self.progress.lock().unwrap_or_else(PoisonError::into_inner).take() {
            bar.finish_and_clear();
        }
    }
}

impl FrontEnd for Terminal {
    fn emit(&self, piece: Output) -> BoxFuture<'_, ()> {
        self.clear_progress();
        let json = self.json;
        // Writing blocks while the reader of a pipe is slow; other tasks go on meanwhile.
        Box::pin(async move {
            let _ = tokio::task::spawn_blocking(move || show(&piece, json, false)).await;
        })
    }

    fn progress(&self, done: u64, total: Option<u64>, what: &str) {
        if !io::stderr().is_terminal() {
            return;
        }
        let mut bar = self.progress.lock().unwrap_or_else(PoisonError::into_inner);
        let bar = bar.get_or_insert_with(|| match total {
            Some(total) => ProgressBar::new(total),
            None => ProgressBar::new_spinner().with_style(ProgressStyle::default_spinner()),
        });
        bar.set_message(what.to_owned());
        bar.set_position(done);
    }
}

/// Writes output. A status message goes to standard error, unless JSON is wanted.
fn show(output: &Output, json: bool, last: bool) {
    let mut stdout = io::stdout().lock();
    let written = if json {
        render::json(output, last).map_or(Ok(()), |json| writeln!(stdout, "{json}"))
    } else if let Output::Message(message) = output {
        let _ = writeln!(io::stderr(), "{}", powerbox_core::text::clean(message));
        Ok(())
    } else {
        render::text(output, stdout.is_terminal(), &mut stdout)
    };
    if let Err(error) = written.and_then(|()| stdout.flush()) {
        if error.kind() == io::ErrorKind::BrokenPipe {
            // Whoever read this has seen enough.
            std::process::exit(0);
        }
        eprintln!("error: cannot write the output: {error}");
        std::process::exit(1);
    }
}
