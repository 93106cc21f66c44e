//! Runs of commands, for an author who watches his plugin: what ran, for whom, how long and how it ended.
//!
//! Nothing is written unless somebody watches. Who watches a plugin makes a file, and every process of the user adds a
//! line to it when a run of that plugin ends; with him the file goes.

use std::fs::{self, File, OpenOptions};
use std::io::{self, BufRead as _, BufReader, Seek as _, SeekFrom, Write as _};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Instant, SystemTime, UNIX_EPOCH};

use powerbox_sandbox::Usage;
use serde::{Deserialize, Serialize};

use crate::plugin::{Plugin, private_folder};
use crate::principal::Principal;
use crate::registry::Command;

/// A file does not grow beyond this, should its reader be gone.
const MOST_BYTES: u64 = 4 << 20;
/// The longest text of an outcome, in characters.
const MOST_SAID: usize = 300;

/// One run of a command that has ended.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Run {
    /// When it ended, in milliseconds since 1970.
    pub ended: u64,
    /// The plugin.
    pub plugin: String,
    /// The digest of the version that ran.
    pub digest: String,
    /// The command's own name.
    pub command: String,
    /// For whom, as a chain in words.
    pub principal: String,
    /// How long it took, waiting included, in microseconds.
    pub wall_micros: u64,
    /// Processor time, in microseconds.
    pub cpu_micros: u64,
    /// Linear memory at its largest, in bytes.
    pub memory: u64,
    /// Calls of imports.
    pub calls: u64,
    /// What went wrong, if anything did.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub failure: Option<String>,
}

/// Where runs are written down.
#[derive(Clone, Debug)]
pub(crate) struct Journal(PathBuf);

impl Journal {
    pub(crate) fn new(state: &Path) -> Self {
        Self(state.join("watched"))
    }

    /// Begins to watch a plugin. There can be one who watches.
    pub(crate) fn follow(&self, plugin: &str) -> io::Result<Runs> {
        private_folder(&self.0)?;
        let path = self.file(plugin);
        let file = OpenOptions::new().create(true).append(true).read(true).open(&path)?;
        if file.try_lock().is_err() {
            return Err(io::Error::new(io::ErrorKind::ResourceBusy, "it is watched already"));
        }
        // What an earlier watcher left behind is no news.
        file.set_len(0)?;
        Ok(Runs { reader: BufReader::new(File::open(&path)?), partial: String::new(), _lock: file, path })
    }

    fn note(&self, run: &Run) -> io::Result<()> {
        let mut file = match OpenOptions::new().append(true).open(self.file(&run.plugin)) {
            Ok(file) => file,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
            Err(error) => return Err(error),
        };
        if file.metadata()?.len() > MOST_BYTES {
            return Ok(());
        }
        let mut line = serde_json::to_string(run)?;
        line.push('\n');
        // In one piece, so that lines of several processes do not mix.
        file.write_all(line.as_bytes())
    }

    fn file(&self, plugin: &str) -> PathBuf {
        self.0.join(format!("{plugin}.jsonl"))
    }
}

/// The runs of one plugin, as they end. Dropping it ends the watching.
#[derive(Debug)]
pub struct Runs {
    reader: BufReader<File>,
    partial: String,
    _lock: File,
    path: PathBuf,
}

impl Runs {
    /// The file that changes when a run has ended.
    pub fn file(&self) -> &Path {
        &self.path
    }

    /// The runs that have ended since it was last asked.
    ///
    /// # Errors
    ///
    /// If the file cannot be read.
    pub fn read(&mut self) -> io::Result<Vec<Run>> {
        let mut runs = Vec::new();
        loop {
            if self.reader.read_line(&mut self.partial)? == 0 {
                break;
            }
            if self.partial.ends_with('\n') {
                // A line of another version of the program says nothing to this one.
                runs.extend(serde_json::from_str::<Run>(&self.partial));
                self.partial.clear();
            }
        }
        let read = self.reader.stream_position()?;
        if read > MOST_BYTES / 2 && self._lock.metadata()?.len() == read {
            // Everything was read: begin anew. A line that comes just now is lost, which costs a watcher little.
            self._lock.set_len(0)?;
            self.reader.seek(SeekFrom::Start(0))?;
        }
        Ok(runs)
    }
}

impl Drop for Runs {
    fn drop(&mut self) {
        let _ = fs::remove_file(&self.path);
    }
}

/// What a run used, once it is over: the membrane learns it from the compartment.
#[derive(Clone, Debug, Default)]
pub(crate) struct Used(Arc<Mutex<Usage>>);

impl Used {
    pub(crate) fn set(&self, usage: &Usage) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = usage.clone();
    }

    fn get(&self) -> Usage {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

/// A run that is under way. If it is dropped before it ended, it was cancelled, and that is written down.
pub(crate) struct UnderWay {
    journal: Journal,
    began: Instant,
    used: Used,
    run: Option<Run>,
}

impl UnderWay {
    pub(crate) fn new(
        journal: &Journal,
        used: Used,
        plugin: &Plugin,
        command: &Command,
        principal: &Principal,
    ) -> Self {
        let digest = plugin.digest().to_string();
        Self::of(journal, used, plugin.name(), digest, &command.name, principal.to_string())
    }

    fn of(
        journal: &Journal,
        used: Used,
        plugin: &str,
        digest: String,
        command: &str,
        principal: String,
    ) -> Self {
        let run = Run {
            ended: 0,
            plugin: plugin.to_owned(),
            digest,
            command: command.to_owned(),
            principal,
            wall_micros: 0,
            cpu_micros: 0,
            memory: 0,
            calls: 0,
            failure: None,
        };
        Self { journal: journal.clone(), began: Instant::now(), used, run: Some(run) }
    }

    /// Writes down how it ended, and gives that.
    pub(crate) fn end(mut self, failure: Option<String>) -> Option<Run> {
        self.write(failure)
    }

    fn write(&mut self, failure: Option<String>) -> Option<Run> {
        let micros = |time: std::time::Duration| u64::try_from(time.as_micros()).unwrap_or(u64::MAX);
        let mut run = self.run.take()?;
        let usage = self.used.get();
        run.ended =
            SystemTime::now().duration_since(UNIX_EPOCH).map(|since| micros(since) / 1000).unwrap_or(0);
        run.wall_micros = micros(self.began.elapsed());
        run.cpu_micros = micros(usage.cpu);
        run.memory = usage.memory;
        run.calls = usage.calls;
        run.failure = failure.map(|said| crate::text::clean_line(&said).chars().take(MOST_SAID).collect());
        if let Err(error) = self.journal.note(&run) {
            tracing::debug!(%error, "a run was not written down for its watcher");
        }
        Some(run)
    }
}

impl Drop for UnderWay {
    fn drop(&mut self) {
        self.write(Some("cancelled".to_owned()));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn run(journal: &Journal, command: &str) -> UnderWay {
        UnderWay::of(journal, Used::default(), "notes", "00".to_owned(), command, "person".to_owned())
    }

    #[test]
    fn who_watches_sees_runs_as_they_end_and_nobody_else_pays() {
        let folder = tempfile::tempdir().unwrap();
        let journal = Journal::new(folder.path());
        run(&journal, "before").end(None);
        assert!(!folder.path().join("watched").exists());
        let mut runs = journal.follow("notes").unwrap();
        assert_eq!(journal.follow("notes").unwrap_err().kind(), io::ErrorKind::ResourceBusy);
        run(&journal, "good").end(None);
        run(&journal, "bad").end(Some("there is nothing\u{1b}[2J".to_owned()));
        drop(run(&journal, "gone"));
        let read = runs.read().unwrap();
        let said: Vec<_> = read.iter().map(|run| (run.command.as_str(), run.failure.as_deref())).collect();
        let bad = Some("there is nothing\\u{1b}[2J");
        assert_eq!(said, [("good", None), ("bad", bad), ("gone", Some("cancelled"))]);
        assert_eq!(runs.read().unwrap(), []);
        let file = runs.file().to_owned();
        drop(runs);
        assert!(!file.exists());
        run(&journal, "after").end(None);
        assert!(!file.exists());
    }
}
