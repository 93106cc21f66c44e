use std::io::{self, IsTerminal as _, Write as _};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use futures_util::future::BoxFuture;
use indicatif::{ProgressBar, ProgressStyle};
use powerbox_core::designation::SecretSource;
use powerbox_core::local::{FrontEnd, Notice, Output};
use powerbox_core::membrane::{ByteSource, Consent, Word};

use crate::{consent, render, secret};

/// Standard output and standard error, for one command.
pub(crate) struct Terminal {
    /// The words of the command may say so only when they are understood.
    json: Arc<AtomicBool>,
    progress: Mutex<Option<ProgressBar>>,
    /// Held by whoever writes: while the person is asked, what the plugin says waits.
    screen: Arc<tokio::sync::Mutex<()>>,
}

impl Terminal {
    /// Makes one that prints text, or JSON.
    pub(crate) fn new(json: Arc<AtomicBool>) -> Self {
        Self { json, progress: Mutex::default(), screen: Arc::default() }
    }

    /// Shows the command's final output.
    pub(crate) fn finish(&self, output: &Output) {
        self.clear_progress();
        show(output, self.json(), true);
    }

    fn json(&self) -> bool {
        self.json.load(Ordering::Acquire)
    }

    fn clear_progress(&self) {
        if let Some(bar) = self.progress.lock().unwrap_or_else(PoisonError::into_inner).take() {
            bar.finish_and_clear();
        }
    }
}

impl FrontEnd for Terminal {
    fn emit(&self, piece: Output) -> BoxFuture<'_, ()> {
        let json = self.json();
        Box::pin(async move {
            let screen = Arc::clone(&self.screen).lock_owned().await;
            self.clear_progress();
            // Writing blocks while the reader of a pipe is slow; other tasks go on meanwhile.
            let write = move || {
                show(&piece, json, false);
                drop(screen);
            };
            let _ = tokio::task::spawn_blocking(write).await;
        })
    }

    fn confirm<'a>(&'a self, consent: &'a Consent) -> BoxFuture<'a, Word> {
        if self.json() {
            // A program reads what comes, and programs do not agree to anything.
            return Box::pin(async { Word::Nobody });
        }
        Box::pin(async move {
            let screen = Arc::clone(&self.screen).lock_owned().await;
            self.clear_progress();
            let withdrawn = Withdrawn::default();
            let (consent, unwanted) = (consent.clone(), Arc::clone(&withdrawn.0));
            let ask = move || {
                let word = consent::ask(&consent, &unwanted);
                drop(screen);
                word
            };
            tokio::task::spawn_blocking(ask).await.unwrap_or(Word::Nobody)
        })
    }

    fn notice(&self, notice: &Notice) -> bool {
        match (&*notice.kind, self.json()) {
            ("swapped", true) => {
                let notice = serde_json::json!({ "notice": notice });
                eprintln!("{}", render::spelled(&notice));
            }
            ("swapped", false) => eprintln!("{}", notice.message),
            _ => eprintln!("warning: {}", render::sentence(&notice.message)),
        }
        true
    }

    fn secret<'a>(&'a self, name: &'a str, source: SecretSource) -> BoxFuture<'a, Option<String>> {
        if self.json() && source == SecretSource::Terminal {
            return Box::pin(async { None });
        }
        Box::pin(async move {
            let _screen = self.screen.lock().await;
            self.clear_progress();
            secret::read(name, source).await
        })
    }

    fn open<'a>(&'a self, path: &'a str) -> BoxFuture<'a, io::Result<ByteSource>> {
        Box::pin(async move { ByteSource::open(path) })
    }

    fn progress(&self, done: u64, total: Option<u64>, what: &str) {
        // Whoever writes now is more important.
        let Ok(_screen) = self.screen.try_lock() else { return };
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

/// Tells the thread that waits for an answer, when it is dropped, that nobody wants it any more.
#[derive(Default)]
struct Withdrawn(Arc<AtomicBool>);

impl Drop for Withdrawn {
    fn drop(&mut self) {
        self.0.store(true, Ordering::SeqCst);
    }
}

/// Writes output. A status message goes to standard error, unless JSON is wanted.
fn show(output: &Output, json: bool, last: bool) {
    let mut stdout = io::stdout().lock();
    let written = if json {
        render::json(output, last).map_or(Ok(()), |json| writeln!(stdout, "{}", render::spelled(&json)))
    } else if let Output::Message(message) = output {
        let _ = writeln!(io::stderr(), "{}", render::sentence(message));
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
