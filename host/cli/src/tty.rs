//! The controlling terminal, whatever standard input and output are connected to.

use std::fs::{File, OpenOptions};
use std::io::{self, Read as _, Write as _};
use std::sync::atomic::{AtomicBool, Ordering};

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::termios::{
    LocalModes, OptionalActions, QueueSelector, Termios, tcflush, tcgetattr, tcgetpgrp, tcgetwinsize,
    tcsetattr,
};

/// How often is looked whether an answer is still wanted, in nanoseconds.
const LOOK: i64 = 50_000_000;
/// The longest answer, in bytes.
const LONGEST: usize = 4096;
/// How wide a terminal is taken to be that does not say.
const WIDTH: usize = 80;
/// How high, then.
const HEIGHT: usize = 24;

/// The terminal of the person who started this program.
pub(crate) struct Tty(File);

impl Tty {
    /// Opens it. `None` if there is none, or if this program runs in its background, where nobody could answer it.
    pub(crate) fn open() -> Option<Self> {
        let file = OpenOptions::new().read(true).write(true).open("/dev/tty").ok()?;
        let foreground = tcgetpgrp(&file).ok()?;
        (foreground == rustix::process::getpgrp()).then_some(Self(file))
    }

    /// How many columns it has.
    pub(crate) fn width(&self) -> usize {
        let size = tcgetwinsize(&self.0).ok();
        size.map(|size| usize::from(size.ws_col)).filter(|width| *width > 0).unwrap_or(WIDTH)
    }

    /// How many rows it has.
    pub(crate) fn height(&self) -> usize {
        let size = tcgetwinsize(&self.0).ok();
        size.map(|size| usize::from(size.ws_row)).filter(|height| *height > 0).unwrap_or(HEIGHT)
    }

    /// Writes at once.
    pub(crate) fn write(&mut self, text: &str) -> io::Result<()> {
        self.0.write_all(text.as_bytes()).and_then(|()| self.0.flush())
    }

    /// Shows nothing of what is typed from now on, and throws away what was typed before.
    pub(crate) fn silent(&self) -> io::Result<Silent> {
        let before = tcgetattr(&self.0)?;
        let mut silent = before.clone();
        silent.local_modes.remove(LocalModes::ECHO);
        tcsetattr(&self.0, OptionalActions::Flush, &silent)?;
        Ok(Silent { tty: self.0.try_clone()?, before })
    }

    /// Puts a question and reads the line that is typed after it: what was typed before is thrown away.
    ///
    /// `None` if the person ended the input, or if nobody wants the answer any more.
    pub(crate) fn put(&mut self, question: &str, unwanted: &AtomicBool) -> io::Result<Option<String>> {
        tcflush(&self.0, QueueSelector::IFlush)?;
        // Whoever answers at once, when they see it, is not thrown away.
        self.write(question)?;
        self.line(unwanted)
    }

    /// Reads a line, also one that was typed before.
    pub(crate) fn line(&mut self, unwanted: &AtomicBool) -> io::Result<Option<String>> {
        let mut line = Vec::new();
        let wait = Timespec { tv_sec: 0, tv_nsec: LOOK };
        loop {
            let mut waiting = [PollFd::new(&self.0, PollFlags::IN)];
            let ready = poll(&mut waiting, Some(&wait));
            // What is typed then is for somebody else.
            if unwanted.load(Ordering::SeqCst) {
                return Ok(None);
            }
            match ready {
                Ok(0) | Err(rustix::io::Errno::INTR) => continue,
                Ok(_) => {}
                Err(error) => return Err(error.into()),
            }
            let mut piece = [0; 256];
            let count = match self.0.read(&mut piece) {
                Ok(count) => count,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
                Err(error) => return Err(error),
            };
            line.extend(piece.iter().take(count));
            if count == 0 || line.len() > LONGEST {
                return Ok(None);
            }
            if line.ends_with(b"\n") {
                return Ok(Some(String::from_utf8_lossy(&line).into_owned()));
            }
        }
    }
}

/// A terminal that shows nothing of what is typed.
pub(crate) struct Silent {
    tty: File,
    before: Termios,
}

impl Silent {
    /// Begins a new line, and shows what is typed again.
    pub(crate) fn end(&mut self) {
        let _ = self.tty.write_all(b"\n");
        let _ = tcsetattr(&self.tty, OptionalActions::Now, &self.before);
    }
}
