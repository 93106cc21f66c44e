//! Where diagnostics go: the program's own errors to standard error, and what plugins note into a file of theirs, where
//! it cannot pass for something that the program says.

use std::fs::{File, OpenOptions};
use std::io::{self, IsTerminal as _};
use std::path::Path;
use std::sync::Mutex;

use powerbox_core::local::PLUGIN_NOTES;
use tracing_subscriber::filter::{EnvFilter, FilterFn};
use tracing_subscriber::layer::{Layer as _, SubscriberExt as _};
use tracing_subscriber::util::SubscriberInitExt as _;

/// At this size the file begins anew; the one before is kept.
const MAX_BYTES: u64 = 8 << 20;

/// Starts logging. `POWERBOX_LOG` chooses what goes to standard error, as `RUST_LOG` does elsewhere.
pub(crate) fn start(plugin_log: &Path) {
    let filter = EnvFilter::try_from_env("POWERBOX_LOG").unwrap_or_else(|_| EnvFilter::new("error"));
    let ours = tracing_subscriber::fmt::layer()
        .with_writer(io::stderr)
        .with_ansi(io::stderr().is_terminal())
        .with_filter(FilterFn::new(|event| event.target() != PLUGIN_NOTES))
        .with_filter(filter);
    // Without a file the notes are lost; that is no reason not to run.
    let notes = open(plugin_log).ok().map(|file| {
        tracing_subscriber::fmt::layer()
            .with_writer(Mutex::new(file))
            .with_ansi(false)
            .with_target(false)
            .with_filter(FilterFn::new(|event| event.target() == PLUGIN_NOTES))
    });
    let _ = tracing_subscriber::registry().with(ours).with(notes).try_init();
}

fn open(path: &Path) -> io::Result<File> {
    if let Some(folder) = path.parent() {
        std::os::unix::fs::DirBuilderExt::mode(std::fs::DirBuilder::new().recursive(true), 0o700)
            .create(folder)?;
    }
    if std::fs::metadata(path).is_ok_and(|metadata| metadata.len() > MAX_BYTES) {
        std::fs::rename(path, path.with_extension("log.1"))?;
    }
    let mut options = OpenOptions::new();
    options.create(true).append(true);
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path)
}
