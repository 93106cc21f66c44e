//! Running other programs.

use std::{
    io::Read,
    os::unix::process::CommandExt as _,
    process::{Child, Command, Stdio},
    sync::atomic::{AtomicBool, Ordering},
    thread,
    time::Duration,
};

/// How often is looked whether a program has ended or shall end.
const POLL: Duration = Duration::from_millis(10);

/// What a program says is kept up to this, in bytes: the beginning, where the first error is.
const MOST_SAID: usize = 256 << 10;

/// Runs a program and gives what it prints, or nothing if it is not there or fails.
pub fn output(command: &mut Command) -> Option<String> {
    let output = command.stdin(Stdio::null()).stderr(Stdio::null()).output().ok()?;
    let text = output.status.success().then(|| String::from_utf8(output.stdout).ok())??;
    Some(text.trim().to_owned())
}

/// Tells whether a program can be run with these arguments.
pub fn works(program: &str, arguments: &[&str]) -> bool {
    output(Command::new(program).args(arguments)).is_some()
}

/// How a program ended that was run aside.
#[derive(Debug)]
pub(crate) enum Ended {
    /// Well.
    Well,
    /// Badly, with what it said: on standard error, or if that is nothing on standard output.
    Badly(String),
    /// It was not wanted any more, and was killed with all that it started.
    Cancelled,
}

/// Runs a program whose output is kept, until it ends or `cancel` says so.
pub(crate) fn aside(command: &mut Command, cancel: &AtomicBool) -> std::io::Result<Ended> {
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    // A group of its own, so that what it starts ends with it.
    command.process_group(0);
    let mut child = command.spawn()?;
    let out = child.stdout.take().map(reader);
    let err = child.stderr.take().map(reader);
    let status = loop {
        if let Some(status) = child.try_wait()? {
            break status;
        }
        if cancel.load(Ordering::Relaxed) {
            kill(&mut child);
            return Ok(Ended::Cancelled);
        }
        thread::sleep(POLL);
    };
    let text = |reader: Option<thread::JoinHandle<Vec<u8>>>| {
        let bytes = reader.and_then(|reader| reader.join().ok()).unwrap_or_default();
        String::from_utf8_lossy(&bytes).into_owned()
    };
    let (out, err) = (text(out), text(err));
    let said = if err.trim().is_empty() { out } else { err };
    Ok(if status.success() { Ended::Well } else { Ended::Badly(said) })
}

fn kill(child: &mut Child) {
    let group = format!("-{}", child.id());
    let _ = Command::new("kill").args(["-KILL", "--", &group]).stderr(Stdio::null()).status();
    let _ = child.kill();
    let _ = child.wait();
}

/// Reads all of a stream, and keeps the beginning.
fn reader(mut stream: impl Read + Send + 'static) -> thread::JoinHandle<Vec<u8>> {
    thread::spawn(move || {
        let (mut kept, mut piece) = (Vec::new(), [0; 8192]);
        while let Ok(count @ 1..) = stream.read(&mut piece) {
            let room = MOST_SAID.saturating_sub(kept.len()).min(count);
            kept.extend(piece.iter().take(room));
        }
        kept
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_program_that_is_not_wanted_any_more_ends_with_what_it_started() {
        let cancel = AtomicBool::new(true);
        let ended = aside(Command::new("sh").args(["-c", "sleep 600 & sleep 600"]), &cancel).unwrap();
        assert!(matches!(ended, Ended::Cancelled));
        let cancel = AtomicBool::new(false);
        let ended = aside(Command::new("sh").args(["-c", "echo no >&2; exit 3"]), &cancel).unwrap();
        assert!(matches!(ended, Ended::Badly(said) if said == "no\n"));
    }
}
