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
        // A line editor wants to know how large it is.
        let line = format!("stty rows 24 columns 80; exec {}", words.join(" "));
        command.arg("-qefc").arg(line).arg("/dev/null").env_clear().env("TERM", "xterm");
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

    /// The same without colours, and without what moves the cursor.
    pub fn plain(&self) -> String {
        plain(&self.shown())
    }

    /// Waits until the terminal got a text, in whatever colours.
    pub fn wait_for(&mut self, text: &str) -> Result<()> {
        self.wait_until(|shown| shown.contains(text) || plain(shown).contains(text))
            .with_context(|| format!("{text:?} was not shown"))
    }

    /// Waits until what the terminal got is as wanted.
    pub fn wait_until(&mut self, is_wanted: impl Fn(&str) -> bool) -> Result<()> {
        let end = Instant::now() + LIMIT;
        while !is_wanted(&self.shown()) {
            let left = end.saturating_duration_since(Instant::now());
            match self.pieces.recv_timeout(left) {
                Ok(piece) => self.take(&piece)?,
                Err(_) => bail!("the terminal got {:?}", self.shown()),
            }
        }
        Ok(())
    }

    /// The same, of what comes from now on.
    pub fn wait_for_next(&mut self, text: &str) -> Result<()> {
        self.shown.clear();
        self.wait_for(text)
    }

    /// Takes what the terminal got. A program that asks where the cursor is gets an answer, as from any terminal.
    fn take(&mut self, piece: &[u8]) -> Result<()> {
        const WHERE: &[u8] = b"\x1b[6n";
        // The question may come in two pieces.
        let begin = self.shown.len().saturating_sub(WHERE.len() - 1);
        self.shown.extend(piece);
        let asked =
            self.shown.get(begin..).unwrap_or_default().windows(WHERE.len()).filter(|part| *part == WHERE);
        for _ in 0..asked.count() {
            self.type_in("\x1b[12;1R")?;
        }
        Ok(())
    }

    /// Closes the terminal, as a person closes a window, and waits until that is done.
    pub fn close(mut self) -> Result<()> {
        self.running.child()?.kill()?;
        // What ran there has it open until it ends.
        while self.pieces.recv_timeout(LIMIT).is_ok() {}
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

/// Text without colours, and without what moves the cursor.
fn plain(shown: &str) -> String {
    let mut plain = String::new();
    let mut characters = shown.chars();
    while let Some(character) = characters.next() {
        match character {
            '\u{1b}' if characters.next() == Some('[') => {
                characters.by_ref().find(|end| matches!(end, '@'..='~'));
            }
            '\u{1b}' => {}
            character => plain.push(character),
        }
    }
    plain
}
