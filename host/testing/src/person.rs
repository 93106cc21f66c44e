use std::sync::{Mutex, MutexGuard, PoisonError};

use futures_util::future::BoxFuture;
use powerbox_core::Run;
use powerbox_core::local::{FrontEnd, Output};
use powerbox_core::membrane::{ByteSource, Consent, Word as Said};

use crate::scenario::Word;

/// Who watches, and answers the host's questions.
#[derive(Default)]
pub(crate) struct Person {
    shown: Mutex<Vec<Output>>,
    run: Mutex<Option<Run>>,
    says: Option<Word>,
}

impl Person {
    /// One who always says the same; without a word, nobody.
    pub(crate) fn saying(says: Option<Word>) -> Self {
        Self { says, ..Self::default() }
    }

    /// What was put out while the command ran.
    pub(crate) fn seen(&self) -> Vec<Output> {
        std::mem::take(&mut *lock(&self.shown))
    }

    /// What the run used, if it got so far as to run.
    pub(crate) fn run(&self) -> Option<Run> {
        lock(&self.run).take()
    }
}

impl FrontEnd for Person {
    fn emit(&self, piece: Output) -> BoxFuture<'_, ()> {
        lock(&self.shown).push(piece);
        Box::pin(async {})
    }

    fn confirm<'a>(&'a self, _: &'a Consent) -> BoxFuture<'a, Said> {
        let says = match self.says {
            Some(Word::Yes) => Said::Yes,
            Some(Word::No) => Said::No,
            Some(Word::Nobody) | None => Said::Nobody,
        };
        Box::pin(async move { says })
    }

    fn open<'a>(&'a self, path: &'a str) -> BoxFuture<'a, std::io::Result<ByteSource>> {
        Box::pin(async move { ByteSource::open(path) })
    }

    fn ran(&self, run: &Run) {
        *lock(&self.run) = Some(run.clone());
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
