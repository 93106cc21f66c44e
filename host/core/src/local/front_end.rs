use std::io;
use std::time::Duration;

use futures_util::future::BoxFuture;
use serde::{Deserialize, Serialize};

use super::Output;
use crate::designation::SecretSource;
use crate::event::Event;
use crate::journal::Run;
use crate::membrane::{ByteSource, Consent, Word};

/// Where a command's output goes: a terminal, a page, a test.
pub trait FrontEnd: Send + Sync + 'static {
    /// Shows a piece of output; done when there is room for the next one.
    fn emit(&self, piece: Output) -> BoxFuture<'_, ()>;

    /// Asks the person whether a call may be made. The default is that there is nobody to ask.
    fn confirm<'a>(&'a self, consent: &'a Consent) -> BoxFuture<'a, Word> {
        let _ = consent;
        Box::pin(async { Word::Nobody })
    }

    /// Reads a secret that the user did not put among the words, for the parameter of this name. The default is that it cannot be read.
    fn secret<'a>(&'a self, name: &'a str, source: SecretSource) -> BoxFuture<'a, Option<String>> {
        let _ = (name, source);
        Box::pin(async { None })
    }

    /// Opens a file that the user named, or standard input for `-`. The default is that nothing can be opened.
    fn open<'a>(&'a self, path: &'a str) -> BoxFuture<'a, io::Result<ByteSource>> {
        let _ = path;
        Box::pin(async { Err(io::Error::new(io::ErrorKind::Unsupported, "no file can be opened here")) })
    }

    /// Shows how far a command is.
    fn progress(&self, done: u64, total: Option<u64>, what: &str) {
        let _ = (done, total, what);
    }

    /// Tells the person something beside the command, such as that its plugin was replaced since they last heard of it.
    /// Says whether they were told; if not, the next front end is asked.
    fn notice(&self, notice: &Notice) -> bool {
        let _ = notice;
        false
    }

    /// How long its commands wait for their turn while the plugin runs as many as it may. The default is not at all.
    fn patience(&self) -> Duration {
        Duration::ZERO
    }

    /// Learns what a run used, when its compartment is gone.
    fn ran(&self, run: &Run) {
        let _ = run;
    }
}

/// Something that the person is told beside what a command puts out.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Notice {
    /// What kind of thing: `warning`, or what happened to a plugin, such as `swapped`.
    pub kind: String,
    /// What happened.
    pub message: String,
}

impl Notice {
    /// Something that is not as it should be.
    pub fn warning(message: impl Into<String>) -> Self {
        Self { kind: "warning".to_owned(), message: message.into() }
    }
}

impl From<&Event> for Notice {
    fn from(event: &Event) -> Self {
        let kind = match event {
            Event::Swapped { .. } => "swapped",
            Event::Waiting { .. } => "waiting",
            Event::Postponed { .. } => "postponed",
            Event::Broken { .. } => "broken",
            Event::Installed { .. } => "installed",
            Event::Removed { .. } => "removed",
        };
        Self { kind: kind.to_owned(), message: event.to_string() }
    }
}
