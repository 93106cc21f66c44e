//! The program `powerbox` as a user has it: in a home of its own, over the embedded daemon or over a live one.

use std::env;
use std::ffi::OsStr;
use std::io::Write as _;
use std::path::PathBuf;
use std::process::Stdio;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use anyhow::{Context as _, Result, ensure};

use crate::program::{Finished, Home, Running};

/// Longer than any command takes on a busy machine; a command that takes longer hangs.
const LIMIT: Duration = Duration::from_secs(120);

/// One user's powerbox. A host that it started ends with it.
pub struct Powerbox {
    home: Home,
    daemon: Option<String>,
    folder: String,
}

impl Powerbox {
    /// A new user. With `POWERBOX_TEST_ENDO` set to a socket the daemon there is used, else the embedded one.
    pub fn new() -> Result<Self> {
        let live = env::var("POWERBOX_TEST_ENDO").ok().filter(|socket| !socket.is_empty());
        Self::over(live.map(|socket| format!("unix:{socket}")))
    }

    /// A new user of the embedded daemon.
    pub fn embedded() -> Result<Self> {
        Self::over(None)
    }

    /// A new user of the daemon at an address.
    pub fn connected(address: &str) -> Result<Self> {
        Self::over(Some(address.to_owned()))
    }

    fn over(daemon: Option<String>) -> Result<Self> {
        static COUNT: AtomicU32 = AtomicU32::new(0);
        let count = COUNT.fetch_add(1, Ordering::Relaxed);
        // A live daemon has names of its own: every test works in a directory that nobody else has.
        let folder = format!("test-{}-{count}", std::process::id());
        Ok(Self { home: Home::new()?, daemon, folder })
    }

    /// A directory of the daemon's for this test alone; `mkdir` makes it.
    pub fn folder(&self) -> &str {
        &self.folder
    }

    /// A name in that directory.
    pub fn name(&self, name: &str) -> String {
        format!("{}/{name}", self.folder)
    }

    /// Whether the daemon is the embedded one.
    pub fn is_embedded(&self) -> bool {
        self.daemon.is_none()
    }

    /// A path in the user's home.
    pub fn path(&self, name: &str) -> PathBuf {
        self.home.path(name)
    }

    /// Prepares the program.
    pub fn command<S: AsRef<OsStr>>(&self, words: &[S]) -> Result<std::process::Command> {
        let mut command = self.home.powerbox::<&str>(&[])?;
        if let Some(address) = &self.daemon {
            command.args(["--connect", address]);
        }
        command.args(words);
        Ok(command)
    }

    /// Runs the program to its end.
    pub fn run<S: AsRef<OsStr>>(&self, words: &[S]) -> Result<Finished> {
        Running::start(&mut self.command(words)?)?.finish(LIMIT)
    }

    /// Runs the program with bytes at its standard input.
    pub fn run_with<S: AsRef<OsStr>>(&self, words: &[S], input: &[u8]) -> Result<Finished> {
        let mut running = Running::start(self.command(words)?.stdin(Stdio::piped()))?;
        let mut stdin = running.child()?.stdin.take().context("its standard input is not piped")?;
        let input = input.to_owned();
        let writer = std::thread::spawn(move || stdin.write_all(&input));
        let finished = running.finish(LIMIT)?;
        // A program that did not read everything closed the pipe; that is its right.
        let _ = writer.join();
        Ok(finished)
    }

    /// Runs the program and gives its standard output; anything but success is an error that shows everything.
    pub fn ok<S: AsRef<OsStr> + std::fmt::Debug>(&self, words: &[S]) -> Result<String> {
        let finished = self.run(words)?;
        ensure!(finished.status == Some(0), "{words:?}: {finished:?}");
        Ok(finished.stdout)
    }

    /// Starts the program and gives it as it runs.
    pub fn start<S: AsRef<OsStr>>(&self, words: &[S]) -> Result<Running> {
        Running::start(&mut self.command(words)?)
    }
}

impl Drop for Powerbox {
    fn drop(&mut self) {
        // A live daemon goes on without what was made here; the host ends with its user.
        let all = [&["remove", &self.folder][..], &["stop", "--now"]];
        for words in all.iter().skip(usize::from(self.is_embedded())) {
            if let Ok(mut command) = self.command(words)
                && let Ok(running) = Running::start(&mut command)
            {
                let _ = running.finish(LIMIT);
            }
        }
    }
}

/// A component that `cargo xtask components` built.
pub fn component(name: &str) -> Result<PathBuf> {
    let folder = match env::var_os("POWERBOX_COMPONENTS") {
        Some(folder) => PathBuf::from(folder),
        None => PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../target/components"),
    };
    let path = folder.join(format!("{name}.wasm"));
    ensure!(path.is_file(), "{} is missing: run `cargo xtask components`", path.display());
    Ok(path)
}
