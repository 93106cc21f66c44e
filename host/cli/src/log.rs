//! Where diagnostics go: the program's own errors to standard error, and what plugins note into a file of theirs, where
//! it cannot pass for something that the program says.

use std::fs::{File, OpenOptions};
use std::io::{self, IsTerminal as _, Write};
use std::path::{Path, PathBuf};
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
    let notes = Notes::open(plugin_log).ok().map(|notes| {
        tracing_subscriber::fmt::layer()
            .with_writer(Mutex::new(notes))
            .with_ansi(false)
            .with_target(false)
            .with_filter(FilterFn::new(|event| event.target() == PLUGIN_NOTES))
    });
    let _ = tracing_subscriber::registry().with(ours).with(notes).try_init();
}

/// The file of what plugins note. However long this process lives, it does not grow without end.
struct Notes {
    path: PathBuf,
    file: File,
    /// How many bytes it has, as far as this process knows.
    bytes: u64,
}

impl Notes {
    fn open(path: &Path) -> io::Result<Self> {
        if let Some(folder) = path.parent() {
            std::os::unix::fs::DirBuilderExt::mode(std::fs::DirBuilder::new().recursive(true), 0o700)
                .create(folder)?;
        }
        let mut options = OpenOptions::new();
        options.create(true).append(true);
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        let file = options.open(path)?;
        let bytes = file.metadata()?.len();
        Ok(Self { path: path.to_owned(), file, bytes })
    }

    /// Begins anew if the file is full.
    fn make_room(&mut self) -> io::Result<()> {
        if self.bytes > MAX_BYTES {
            // Another process may have done so already; then there is a file that is not full.
            if std::fs::metadata(&self.path).is_ok_and(|metadata| metadata.len() > MAX_BYTES) {
                std::fs::rename(&self.path, self.path.with_extension("log.1"))?;
            }
            *self = Self::open(&self.path)?;
        }
        Ok(())
    }
}

impl Write for Notes {
    fn write(&mut self, note: &[u8]) -> io::Result<usize> {
        self.make_room()?;
        let count = self.file.write(note)?;
        self.bytes = self.bytes.saturating_add(count as u64);
        Ok(count)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.file.flush()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_file_of_notes_begins_anew_when_it_is_full() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("state/plugins.log");
        let mut notes = Notes::open(&path).unwrap();
        let note = vec![b'!'; 1 << 20];
        for _ in 0..30 {
            notes.write_all(&note).unwrap();
        }
        let size = |path: &Path| std::fs::metadata(path).unwrap().len();
        assert!(size(&path) <= MAX_BYTES + (1 << 20), "{}", size(&path));
        let before = path.with_extension("log.1");
        assert!(size(&before) > MAX_BYTES && size(&before) <= MAX_BYTES + (1 << 20), "{}", size(&before));
        assert_eq!(std::fs::read_dir(path.parent().unwrap()).unwrap().count(), 2);
    }
}
