//! Running programs the way a test wants them: in a home of their own, with an end.

use std::{
    env,
    ffi::OsStr,
    fs, io,
    os::unix::fs::PermissionsExt,
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    sync::mpsc::{RecvTimeoutError, channel},
    thread,
    time::Duration,
};

use anyhow::{Context, Result, bail};
use rustix::process::{Pid, Signal, kill_process};
use tempfile::TempDir;

/// An empty home folder with all that the XDG variables name inside it, gone when it is dropped.
#[derive(Debug)]
pub struct Home {
    folder: TempDir,
}

impl Home {
    /// Makes one.
    pub fn new() -> io::Result<Self> {
        let folder = tempfile::Builder::new().prefix("pb").tempdir()?;
        for name in ["run", "state", "cache", "data", "config", "tmp"] {
            let path = folder.path().join(name);
            fs::create_dir(&path)?;
            fs::set_permissions(&path, fs::Permissions::from_mode(0o700))?;
        }
        Ok(Self { folder })
    }

    /// Gives a path in it.
    pub fn path(&self, name: impl AsRef<Path>) -> PathBuf {
        self.folder.path().join(name)
    }

    /// Prepares a program that finds nothing but this home and the search path in its environment.
    pub fn command(&self, program: impl AsRef<OsStr>) -> Command {
        let mut command = Command::new(program);
        command
            .env_clear()
            .env("HOME", self.folder.path())
            .env("USER", "tester")
            .current_dir(self.folder.path());
        for inherited in ["PATH", "LD_LIBRARY_PATH", "RUST_BACKTRACE"] {
            if let Some(value) = env::var_os(inherited) {
                command.env(inherited, value);
            }
        }
        let folders = [
            ("XDG_RUNTIME_DIR", "run"),
            ("XDG_STATE_HOME", "state"),
            ("XDG_CACHE_HOME", "cache"),
            ("XDG_DATA_HOME", "data"),
            ("XDG_CONFIG_HOME", "config"),
            ("TMPDIR", "tmp"),
        ];
        for (variable, folder) in folders {
            command.env(variable, self.path(folder));
        }
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        command
    }

    /// Prepares the program `powerbox`.
    pub fn powerbox<S: AsRef<OsStr>>(&self, arguments: &[S]) -> Result<Command> {
        let mut command = self.command(built("powerbox")?);
        command.args(arguments);
        Ok(command)
    }
}

/// Finds a program of this workspace: `POWERBOX_BIN` for `powerbox`, else beside the running test.
pub fn built(name: &str) -> Result<PathBuf> {
    if name == "powerbox"
        && let Some(path) = env::var_os("POWERBOX_BIN")
    {
        return Ok(path.into());
    }
    // Test programs are in `<target>/<profile>/deps`.
    let test = env::current_exe()?;
    let profile = test.parent().and_then(Path::parent).context("the test runs outside a target folder")?;
    let path = profile.join(name).with_extension(env::consts::EXE_EXTENSION);
    if !path.is_file() {
        bail!("{} is not built: `cargo xtask test` builds all that the tests run", path.display());
    }
    Ok(path)
}

/// What a program left behind.
#[derive(Clone, Debug)]
pub struct Finished {
    /// The exit status, or nothing if a signal ended it.
    pub status: Option<i32>,
    /// What it printed.
    pub stdout: String,
    /// What it said.
    pub stderr: String,
}

/// A program that runs; it is killed when this is dropped.
#[derive(Debug)]
pub struct Running {
    child: Option<Child>,
    name: String,
}

impl Running {
    /// Starts a program.
    pub fn start(command: &mut Command) -> Result<Self> {
        let name = format!("{command:?}");
        let child = command.spawn().with_context(|| format!("can not start {name}"))?;
        Ok(Self { child: Some(child), name })
    }

    /// Gives the process, for its streams.
    pub fn child(&mut self) -> Result<&mut Child> {
        self.child.as_mut().context("the program is over")
    }

    /// Sends a signal.
    pub fn signal(&self, signal: Signal) -> Result<()> {
        let child = self.child.as_ref().context("the program is over")?;
        Ok(kill_process(Pid::from_child(child), signal)?)
    }

    /// Waits for the end, and kills a program that takes longer than `limit`, which is an error.
    pub fn finish(mut self, limit: Duration) -> Result<Finished> {
        let child = self.child.take().context("the program is over")?;
        let pid = Pid::from_child(&child);
        let (sender, ended) = channel();
        thread::spawn(move || sender.send(child.wait_with_output()));
        let (output, late) = match ended.recv_timeout(limit) {
            Ok(output) => (output?, false),
            Err(RecvTimeoutError::Timeout) => {
                // It has not been waited for, so the number is still its own.
                kill_process(pid, Signal::KILL)?;
                (ended.recv()??, true)
            }
            Err(RecvTimeoutError::Disconnected) => bail!("{} was lost", self.name),
        };
        let text = |bytes: Vec<u8>| String::from_utf8_lossy(&bytes).into_owned();
        let finished = Finished {
            status: output.status.code(),
            stdout: text(output.stdout),
            stderr: text(output.stderr),
        };
        if late {
            bail!("{} did not end within {limit:?}: {finished:?}", self.name);
        }
        Ok(finished)
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        if let Some(child) = &mut self.child {
            let _ = child.kill();
            let _ = child.wait();
        }
    }
}
