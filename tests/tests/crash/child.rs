use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Duration;

/// A daemon in a process of its own, killed at the latest when the test ends.
pub(crate) struct Child(std::process::Child);

impl Child {
    fn spawn(state: &Path, socket: &Path) -> Self {
        let child = Command::new(env!("CARGO_BIN_EXE_embedded-daemon"))
            .args([state, socket])
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .spawn()
            .expect("a daemon");
        Self(child)
    }

    /// Starts a daemon and waits until clients can connect.
    pub(crate) fn start(state: &Path, socket: &Path) -> Self {
        let mut child = Self::spawn(state, socket);
        let mut line = String::new();
        BufReader::new(child.0.stdout.take().expect("output")).read_line(&mut line).expect("a line");
        assert_eq!(line, "ready\n");
        child
    }

    /// Starts a daemon and kills it so much later.
    pub(crate) fn start_and_kill(state: &Path, socket: &Path, after: Duration) {
        let child = Self::spawn(state, socket);
        std::thread::sleep(after);
        child.kill();
    }

    /// Sends SIGKILL.
    pub(crate) fn kill(self) {
        drop(self);
    }
}

impl Drop for Child {
    fn drop(&mut self) {
        _ = self.0.kill();
        _ = self.0.wait();
    }
}
