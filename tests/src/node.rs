//! Endo's own JavaScript as the other side: the scripts in `js/` and the npm package's daemon.
//!
//! A test that needs Node fails without it. To skip would report as shown what nobody looked at.

use std::{
    env, fs, io,
    io::{BufRead, BufReader},
    path::{Path, PathBuf},
    process::Command,
    sync::mpsc::{RecvTimeoutError, channel},
    thread,
    time::{Duration, Instant},
};

use anyhow::{Context, Result, bail};
use serde_json::Value;

use crate::program::{Home, Running};

// Node with SES takes two seconds on a slow machine, and a test machine may be doing other things.
const START: Duration = Duration::from_secs(60);

/// Gives the folder of the scripts, with the packages installed.
pub fn folder() -> Result<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("js");
    let wanted = folder.join("node_modules/@endo/captp/package.json");
    if !wanted.is_file() {
        bail!("Endo's packages are missing: run `npm ci` in {}", folder.display());
    }
    Ok(folder)
}

/// Prepares a script of `js/`.
pub fn script(home: &Home, name: &str, arguments: &[&str]) -> Result<Command> {
    let folder = folder()?;
    let mut command = home.command(program()?);
    command.arg(folder.join(name)).args(arguments);
    Ok(command)
}

/// Runs a script of `js/` that prints one JSON value, and gives that.
pub fn report(home: &Home, name: &str, arguments: &[&str], limit: Duration) -> Result<Value> {
    let finished = Running::start(&mut script(home, name, arguments)?)?.finish(limit)?;
    if finished.status != Some(0) {
        bail!("{name} failed: {finished:?}");
    }
    serde_json::from_str(&finished.stdout).with_context(|| format!("{name} printed no JSON: {finished:?}"))
}

/// Finds Node, in the version that Endo's packages need.
fn program() -> Result<PathBuf> {
    let path = env::var_os("PATH").context("there is no PATH")?;
    let node = env::split_paths(&path).map(|folder| folder.join("node")).find(|node| node.is_file());
    node.context("Node.js is missing: the interoperation tests need `node`, version 20 or later, on the PATH")
}

/// The daemon of the npm package `@endo/daemon` 1.0.3, killed when this is dropped.
#[derive(Debug)]
pub struct NpmDaemon {
    /// Its process.
    pub process: Running,
    address: String,
}

impl NpmDaemon {
    /// Starts it with all its folders in a home, and waits until it listens.
    pub fn start(home: &Home) -> Result<Self> {
        let daemon = folder()?.join("node_modules/@endo/daemon/src/daemon.js");
        let (socket, state, cache) = (home.path("npm.sock"), home.path("npm-state"), home.path("npm-cache"));
        fs::create_dir_all(&cache)?;
        let mut command = home.command(program()?);
        command.arg(daemon).args([&socket, &state, &cache]);
        let mut process = Running::start(&mut command)?;
        wait_for_line(streams(&mut process)?, "Endo daemon listening on", START)?;
        Ok(Self { process, address: format!("unix:{}", socket.display()) })
    }

    /// Gives the address of its socket.
    pub fn address(&self) -> &str {
        &self.address
    }
}

/// A program that serves at an address and says `ready`; it is killed when this is dropped.
#[derive(Debug)]
pub struct Server {
    /// Its process.
    pub process: Running,
}

impl Server {
    /// Starts a program and waits until it is ready.
    pub fn start(command: &mut Command) -> Result<Self> {
        let mut process = Running::start(command)?;
        wait_for_line(streams(&mut process)?, "ready", START)?;
        Ok(Self { process })
    }
}

/// Waits for a line that starts with `start` on any of a program's streams, and goes on reading them after that, so
/// that the program never blocks on writing.
fn wait_for_line(streams: Vec<Stream>, start: &'static str, limit: Duration) -> Result<()> {
    let (sender, events) = channel();
    for stream in streams {
        let sender = sender.clone();
        thread::spawn(move || {
            for line in BufReader::new(stream).lines().map_while(Result::ok) {
                // Nobody listens any more once the line has come.
                let _ = sender.send(line);
            }
        });
    }
    drop(sender);
    let end = Instant::now() + limit;
    let mut before = String::new();
    loop {
        match events.recv_timeout(end.saturating_duration_since(Instant::now())) {
            Ok(line) if line.starts_with(start) => return Ok(()),
            Ok(line) => before.extend([&line, "\n"]),
            Err(RecvTimeoutError::Disconnected) => {
                bail!("the program ended before it said {start:?}: {before}")
            }
            Err(RecvTimeoutError::Timeout) => {
                bail!("the program did not say {start:?} within {limit:?}, but: {before}")
            }
        }
    }
}

type Stream = Box<dyn io::Read + Send>;

/// Takes what a program writes.
fn streams(process: &mut Running) -> Result<Vec<Stream>> {
    let child = process.child()?;
    let stdout = child.stdout.take().context("its output is not piped")?;
    let stderr = child.stderr.take().context("its messages are not piped")?;
    Ok(vec![Box::new(stdout), Box::new(stderr)])
}
