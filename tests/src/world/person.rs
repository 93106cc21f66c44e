use std::sync::{Arc, Mutex, PoisonError};

use futures_util::future::BoxFuture;
use powerbox_core::local::{FrontEnd, Output};
use powerbox_core::membrane::{ByteSource, Consent, Word};
use tokio::sync::Notify;

/// A person who watches what a command puts out and answers the host's questions.
#[derive(Default)]
pub struct Person {
    /// What was put out so far.
    pub shown: Mutex<Vec<Output>>,
    /// What he was asked.
    pub asked: Mutex<Vec<Consent>>,
    /// What he says; without it there is nobody.
    pub says: Mutex<Option<Word>>,
    changed: Notify,
}

impl Person {
    /// One who always says the same.
    pub fn saying(word: Word) -> Arc<Self> {
        Arc::new(Self { says: Mutex::new(Some(word)), ..Self::default() })
    }

    /// Waits until so many pieces were put out.
    pub async fn has_seen(&self, pieces: usize) {
        loop {
            let changed = self.changed.notified();
            if self.shown.lock().unwrap_or_else(PoisonError::into_inner).len() >= pieces {
                return;
            }
            changed.await;
        }
    }
}

impl FrontEnd for Person {
    fn emit(&self, piece: Output) -> BoxFuture<'_, ()> {
        self.shown.lock().unwrap_or_else(PoisonError::into_inner).push(piece);
        self.changed.notify_waiters();
        Box::pin(async {})
    }

    fn confirm<'a>(&'a self, consent: &'a Consent) -> BoxFuture<'a, Word> {
        self.asked.lock().unwrap_or_else(PoisonError::into_inner).push(consent.clone());
        let word = self.says.lock().unwrap_or_else(PoisonError::into_inner).unwrap_or(Word::Nobody);
        Box::pin(async move { word })
    }

    fn open<'a>(&'a self, path: &'a str) -> BoxFuture<'a, std::io::Result<ByteSource>> {
        Box::pin(async move { ByteSource::open(path) })
    }
}

/// What a command put out, the final output last.
#[derive(Debug)]
pub struct Shown(pub Vec<Output>);

impl Shown {
    /// All its texts, one in each line.
    pub fn text(&self) -> String {
        let lines: Vec<_> = self.0.iter().map(text).filter(|text| !text.is_empty()).collect();
        lines.join("\n")
    }
}

fn text(output: &Output) -> String {
    match output {
        Output::Message(text) | Output::Text(text) | Output::Other(text) => text.clone(),
        Output::Lines(lines) => lines.join("\n"),
        Output::Value(value) => format!("{value:?}"),
        Output::Table(table) => table.rows.iter().map(|row| row.join("\t")).collect::<Vec<_>>().join("\n"),
        Output::Bytes(bytes) => String::from_utf8_lossy(bytes).into_owned(),
        Output::Nothing => String::new(),
    }
}
