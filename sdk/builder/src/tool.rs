//! Running other programs, in a way that can be stopped.

use std::io;
use std::os::unix::process::CommandExt as _;
use std::path::Path;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::Duration;

use crate::build::BuildError;

/// How often a running tool is looked at: short beside what any of them takes.
const LOOK: Duration = Duration::from_millis(10);

/// How much of what a tool says is kept, from its end. Compilers say what went wrong in far less.
const KEPT: usize = 256 << 10;

/// Runs a tool to its end and gives what it printed. A problem, with all that it said, unless it succeeds.
pub(crate) fn run(name: &str, command: &mut Command, cancelled: &AtomicBool) -> Result<String, BuildError> {
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    // Its own group, so that what it starts ends with it.
    command.process_group(0);
    let missing = |error: io::Error| match error.kind() {
        io::ErrorKind::NotFound => BuildError::missing(name),
        _ => BuildError::Start { tool: name.to_owned(), error },
    };
    let mut child = command.spawn().map_err(missing)?;
    let out = listen(child.stdout.take());
    let err = listen(child.stderr.take());
    let status =
        wait(&mut child, cancelled).map_err(|error| BuildError::Start { tool: name.to_owned(), error })?;
    let (out, err) = (out.join().unwrap_or_default(), err.join().unwrap_or_default());
    match status {
        None => Err(BuildError::Cancelled),
        Some(status) if status.success() => Ok(out),
        Some(_) => {
            // What goes to standard output is how far it got, unless there is nothing else.
            let said = if err.trim().is_empty() { out } else { err };
            Err(BuildError::Tool { tool: name.to_owned(), output: said.trim_end().to_owned() })
        }
    }
}

/// Waits for the end, or makes it when the build is cancelled.
fn wait(child: &mut Child, cancelled: &AtomicBool) -> io::Result<Option<ExitStatus>> {
    loop {
        if let Some(status) = child.try_wait()? {
            return Ok(Some(status));
        }
        if cancelled.load(Ordering::Relaxed) {
            end(child)?;
            return Ok(None);
        }
        thread::sleep(LOOK);
    }
}

/// Ends the tool and what it started.
fn end(child: &mut Child) -> io::Result<()> {
    let group = i32::try_from(child.id()).ok().and_then(rustix::process::Pid::from_raw);
    if let Some(group) = group {
        // It may have ended meanwhile; then there is nothing to do.
        let _ = rustix::process::kill_process_group(group, rustix::process::Signal::KILL);
    }
    child.wait().map(|_| ())
}

/// Reads what a tool says, so that it does not wait to be heard, and keeps the end of it.
fn listen(stream: Option<impl io::Read + Send + 'static>) -> thread::JoinHandle<String> {
    thread::spawn(move || {
        let mut kept = Vec::new();
        let mut piece = [0; 8192];
        let Some(mut stream) = stream else { return String::new() };
        while let Ok(length @ 1..) = stream.read(&mut piece) {
            kept.extend(piece.iter().take(length));
            if kept.len() > 2 * KEPT {
                kept.drain(..kept.len() - KEPT);
            }
        }
        String::from_utf8_lossy(&kept).into_owned()
    })
}

/// Runs a program and gives what it prints, or nothing if it is not there or fails.
pub(crate) fn output(command: &mut Command) -> Option<String> {
    let output = command.stdin(Stdio::null()).stderr(Stdio::null()).output().ok()?;
    let text = output.status.success().then(|| String::from_utf8(output.stdout).ok())??;
    Some(text.trim().to_owned())
}

/// Tells whether a program can be run with these arguments.
pub(crate) fn works(program: &str, arguments: &[&str]) -> bool {
    output(Command::new(program).args(arguments)).is_some()
}

/// Puts a path of the author's in place of the one that a tool was given.
pub(crate) fn with_paths(error: BuildError, shown: &[(&Path, &str)]) -> BuildError {
    match error {
        BuildError::Tool { tool, mut output } => {
            for (given, instead) in shown {
                output = output.replace(&*given.to_string_lossy(), instead);
            }
            BuildError::Tool { tool, output }
        }
        other => other,
    }
}

#[cfg(test)]
mod tests {
    use std::time::Instant;

    use super::*;

    fn shell(script: &str) -> Command {
        let mut command = Command::new("sh");
        command.args(["-c", script]);
        command
    }

    #[test]
    fn a_tool_that_fails_says_why_in_its_own_words() {
        let never = AtomicBool::new(false);
        assert_eq!(run("sh", &mut shell("echo made"), &never).unwrap(), "made\n");
        let failed = run("sh", &mut shell("echo progress; echo 'line 3: wrong' >&2; exit 1"), &never);
        assert_eq!(failed.unwrap_err().to_string(), "sh failed\nline 3: wrong");
        let failed = run("sh", &mut shell("echo 'line 3: wrong'; exit 1"), &never);
        assert_eq!(failed.unwrap_err().to_string(), "sh failed\nline 3: wrong");
    }

    #[test]
    fn a_tool_that_is_not_there_says_how_to_get_it() {
        let missing = run("npm", &mut Command::new("no-such-program-as-this"), &AtomicBool::new(false));
        assert!(missing.unwrap_err().to_string().contains("apt-get install nodejs npm"));
    }

    #[test]
    fn a_cancelled_tool_ends_with_what_it_started() {
        let start = Instant::now();
        // What the shell starts keeps its output open: it must end too, or this waits for it.
        let ended = run("sh", &mut shell("sleep 60 & sleep 60"), &AtomicBool::new(true));
        assert!(matches!(ended, Err(BuildError::Cancelled)));
        assert!(start.elapsed() < Duration::from_secs(30));
    }

    #[test]
    fn a_tool_that_says_too_much_is_heard_at_its_end() {
        let long = format!(
            "i=0; while [ $i -lt 20000 ]; do echo {}; i=$((i+1)); done; echo last; exit 1",
            "x".repeat(60)
        );
        let BuildError::Tool { output, .. } =
            run("sh", &mut shell(&long), &AtomicBool::new(false)).unwrap_err()
        else {
            panic!("it failed by itself");
        };
        assert!(output.ends_with("last") && output.len() <= 2 * KEPT);
    }
}
