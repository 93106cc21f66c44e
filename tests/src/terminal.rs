//! Programs at a terminal, as a person sees them and types to them.

use std::io::{Read as _, Write as _};
use std::process::{Command, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, bail};

use crate::program::Running;

/// Longer than anything takes on a busy machine.
const LIMIT: Duration = Duration::from_secs(60);

/// A program that runs at a terminal of its own, which `script` makes.
pub struct AtTerminal {
    running: Running,
    pieces: Receiver<Vec<u8>>,
    shown: Vec<u8>,
}

impl AtTerminal {
    /// Starts a program.
    pub fn start(program: &Command) -> Result<Self> {
        let words = std::iter::once(program.get_program()).chain(program.get_args());
        let words: Vec<_> = words.map(|word| quoted(&word.to_string_lossy())).collect();
        let mut command = Command::new("script");
        command.arg("-qefc").arg(words.join(" ")).arg("/dev/null").env_clear().env("TERM", "xterm");
        for (name, value) in program.get_envs() {
            if let Some(value) = value {
                command.env(name, value);
            }
        }
        if let Some(folder) = program.get_current_dir() {
            command.current_dir(folder);
        }
        let mut running =
            Running::start(command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()))?;
        let mut stdout = running.child()?.stdout.take().context("its output is not piped")?;
        let (sender, pieces) = channel();
        std::thread::spawn(move || {
            let mut piece = [0; 4096];
            while let Ok(count @ 1..) = stdout.read(&mut piece) {
                if sender.send(piece.get(..count).unwrap_or_default().to_vec()).is_err() {
                    return;
                }
            }
        });
        Ok(Self { running, pieces, shown: Vec::new() })
    }

    /// Everything that the terminal got so far.
    pub fn shown(&self) -> String {
        String::from_utf8_lossy(&self.shown).into_owned()
    }

    /// Waits until the terminal got a text.
    pub fn wait_for(&mut self, text: &str) -> Result<()> {
        self.wait_until(|shown| shown.contains(text)).with_context(|| format!("{text:?} was not shown"))
    }

    /// Waits until what the terminal got is as wanted.
    pub fn wait_until(&mut self, is_wanted: impl Fn(&str) -> bool) -> Result<()> {
        let end = Instant::now() + LIMIT;
        while !is_wanted(&self.shown()) {
            let left = end.saturating_duration_since(Instant::now());
            match self.pieces.recv_timeout(left) {
                Ok(piece) => self.shown.extend(piece),
                Err(_) => bail!("the terminal got {:?}", self.shown()),
            }
        }
        Ok(())
    }

    /// Types something.
    pub fn type_in(&mut self, text: &str) -> Result<()> {
        let stdin = self.running.child()?.stdin.as_mut().context("its input is not piped")?;
        stdin.write_all(text.as_bytes())?;
        Ok(stdin.flush()?)
    }

    /// Waits for the end; gives the exit status, and everything that the terminal got.
    pub fn finish(mut self) -> Result<(Option<i32>, String)> {
        let finished = self.running.finish(LIMIT)?;
        self.shown.extend(self.pieces.iter().flatten());
        Ok((finished.status, String::from_utf8_lossy(&self.shown).into_owned()))
    }
}

/// A word as a shell takes it literally.
fn quoted(word: &str) -> String {
    format!("'{}'", word.replace('\'', r"'\''"))
}
