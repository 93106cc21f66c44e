//! What starts the compiler's process, waits for it, and writes down how it ended.

use std::fs::{File, OpenOptions, TryLockError};
use std::io::{self, Read as _, Seek as _, Write as _};
use std::os::unix::fs::{MetadataExt as _, OpenOptionsExt as _};
use std::os::unix::process::{CommandExt as _, ExitStatusExt as _};
use std::path::{Path, PathBuf};
use std::process::{Command, ExitStatus, Stdio};
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use rustix::process::Signal;

use super::note::{Note, Verdict};
use super::{ENTRY, Task, status};
use crate::cache::CodeCache;
use crate::compiler::{Budget, CompileLimits};
use crate::component::LoadError;
use crate::digest::Digest;
use crate::engine::Engine;

/// How often a process looks whether another one has compiled what it needs.
const AGAIN: Duration = Duration::from_millis(10);
/// More threads than this gain nothing, and each takes memory.
const MOST_THREADS: u64 = 16;
/// How much of a child's last words is read, in bytes.
const MOST_SAID: u64 = 4096;

/// Sees to it that a component's code and manifest are in the cache.
pub(crate) async fn prepare(
    engine: &Engine,
    cache: &CodeCache,
    program: &Path,
    limits: &CompileLimits,
    digest: Digest,
    bytes: &[u8],
) -> Result<(), LoadError> {
    let budget = limits.budget(bytes.len());
    loop {
        if cache.has(engine, &digest) {
            return Ok(());
        }
        let lock_path = cache.beside(engine, &digest, "lock");
        let lock = match hold(&lock_path).map_err(unable)? {
            Some(lock) => lock,
            None => {
                // Somebody else compiles it, and ends within the limits.
                tokio::time::sleep(AGAIN).await;
                continue;
            }
        };
        // From here on nobody else changes what there is of it.
        if cache.has(engine, &digest) {
            return Ok(());
        }
        let note = Note::read(cache, engine, &digest, budget);
        if let Some(failure) = note.as_ref().and_then(Note::failure) {
            return Err(failure);
        }
        let child = Child { engine: engine.clone(), cache: cache.clone(), digest, budget, lock, lock_path };
        let command = child.command(program, bytes)?;
        // Written down first: this process may be gone when the child ends, and the child may be killed.
        let begun = Verdict::Begun(note.map_or(0, |note| note.attempts()).saturating_add(1));
        Note { budget, verdict: begun }.write(cache, engine, &digest).map_err(unable)?;
        let (ended, end) = tokio::sync::oneshot::channel();
        // It is waited for even if nobody wants the component any more, so that its end is written down.
        std::thread::Builder::new()
            .name("powerbox-compiler".to_owned())
            .spawn(move || drop(ended.send(child.run(command))))
            .map_err(unable)?;
        match end.await {
            Ok(Ok(())) => return Ok(()),
            Ok(Err(failure)) => return Err(failure),
            Err(_) => return Err(LoadError::Interrupted),
        }
    }
}

fn unable(error: io::Error) -> LoadError {
    LoadError::Aside(error.to_string())
}

/// Takes a lock, unless somebody has it.
fn hold(path: &Path) -> io::Result<Option<File>> {
    loop {
        let file = OpenOptions::new().create(true).truncate(false).write(true).mode(0o600).open(path)?;
        match file.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => return Ok(None),
            Err(TryLockError::Error(error)) => return Err(error),
        }
        // Whoever held it before may have removed it between the two steps.
        if std::fs::metadata(path).is_ok_and(|now| file.metadata().is_ok_and(|held| held.ino() == now.ino()))
        {
            return Ok(Some(file));
        }
    }
}

/// A child that is to be run, or runs.
struct Child {
    engine: Engine,
    cache: CodeCache,
    digest: Digest,
    budget: Budget,
    lock: File,
    lock_path: PathBuf,
}

impl Child {
    fn command(&self, program: &Path, bytes: &[u8]) -> Result<(Command, File), LoadError> {
        let threads = std::thread::available_parallelism().map_or(1, |threads| threads.get() as u64);
        let threads = threads.min(MOST_THREADS);
        let task = Task {
            cache: std::path::absolute(self.cache.directory()).map_err(unable)?,
            compatibility: self.engine.compatibility().to_owned(),
            wasm_stack: self.engine.options().wasm_stack,
            async_stack: self.engine.options().async_stack,
            threads,
            budget: self.budget,
        };
        let task = serde_json::to_string(&task).map_err(|error| LoadError::Aside(error.to_string()))?;
        let input = self.nameless(bytes).map_err(unable)?;
        let said = self.nameless(&[]).map_err(unable)?;
        let mut command = Command::new(program);
        command
            .args([ENTRY, &task])
            .env_clear()
            .env("RAYON_NUM_THREADS", threads.to_string())
            .current_dir("/")
            .stdin(Stdio::from(input))
            .stdout(Stdio::from(self.lock.try_clone().map_err(unable)?))
            .stderr(Stdio::from(said.try_clone().map_err(unable)?))
            // Ctrl-C at the terminal is for the command; what is compiled can be used by the next one.
            .process_group(0);
        Ok((command, said))
    }

    /// A file with this content that has no name any more.
    fn nameless(&self, content: &[u8]) -> io::Result<File> {
        static COUNT: AtomicU64 = AtomicU64::new(0);
        let number = COUNT.fetch_add(1, Ordering::Relaxed);
        let path = self.cache.temporary(&format!("{}-in{number}", std::process::id()));
        let _ = std::fs::remove_file(&path);
        let mut file = OpenOptions::new().read(true).write(true).create_new(true).mode(0o600).open(&path)?;
        std::fs::remove_file(&path)?;
        file.write_all(content)?;
        file.rewind()?;
        Ok(file)
    }

    /// Runs it to its end and writes down what that says of the component.
    fn run(self, (mut command, said): (Command, File)) -> Result<(), LoadError> {
        let ended = command.spawn().and_then(|mut child| child.wait());
        // The command holds the lock, too.
        drop(command);
        let outcome = match ended {
            Ok(ended) => self.judge(ended, said),
            Err(error) => {
                Note::remove(&self.cache, &self.engine, &self.digest);
                Err(LoadError::Aside(format!("cannot start the compiler: {error}")))
            }
        };
        // Before it is unlocked; who has opened it sees that it is gone.
        let _ = std::fs::remove_file(&self.lock_path);
        outcome
    }

    fn judge(&self, ended: ExitStatus, mut said: File) -> Result<(), LoadError> {
        let mut text = Vec::new();
        // What a child says last is only for people.
        let _ = said.rewind().and_then(|()| said.take(MOST_SAID).read_to_end(&mut text));
        let text = String::from_utf8_lossy(&text);
        let signal = |signals: &[Signal]| signals.iter().any(|known| ended.signal() == Some(known.as_raw()));
        let verdict = match ended.code() {
            Some(0) => return Ok(()),
            Some(code) if code == i32::from(status::NOTED) => {
                let note = Note::read(&self.cache, &self.engine, &self.digest, self.budget);
                return Err(note.and_then(|note| note.failure()).unwrap_or(LoadError::Interrupted));
            }
            Some(_) => {
                Note::remove(&self.cache, &self.engine, &self.digest);
                let text = if text.is_empty() { "the compiler ended without a word" } else { &text };
                return Err(LoadError::Aside(text.to_owned()));
            }
            None if signal(&[Signal::XCPU]) => Verdict::OutOfTime,
            // The allocator ends the process when it gets nothing.
            None if signal(&[Signal::ABORT]) && text.contains("memory allocation of") => Verdict::OutOfMemory,
            None if signal(&[Signal::XFSZ]) => Verdict::OutOfMemory,
            None if signal(&[Signal::ABORT, Signal::SEGV, Signal::BUS, Signal::ILL, Signal::FPE]) => {
                Verdict::Crashed
            }
            // Somebody killed it, perhaps the system for want of memory. The note counts how often.
            None => return Err(LoadError::Interrupted),
        };
        let note = Note { budget: self.budget, verdict };
        note.write(&self.cache, &self.engine, &self.digest).map_err(unable)?;
        Err(note.failure().unwrap_or(LoadError::Interrupted))
    }
}
