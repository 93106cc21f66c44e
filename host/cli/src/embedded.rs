use std::io::{BufRead as _, BufReader};
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::time::Duration;

use futures_util::future::BoxFuture;
use powerbox_captp::{Config, Release, Session, transport};
use powerbox_core::daemon::{Connect, ConnectError, Endpoint};

use crate::paths::Paths;

/// What this side is called on the wire.
const NAME: &str = "powerbox";

/// How often a daemon that was just started is tried, and for how long at most.
const POLL: Duration = Duration::from_millis(5);
const PATIENCE: Duration = Duration::from_secs(15);

/// A daemon that somebody else runs.
pub(crate) struct External(pub(crate) Endpoint);

impl Connect for External {
    fn connect(&self) -> BoxFuture<'_, Result<Session, ConnectError>> {
        Box::pin(async {
            let config = Config::new(NAME);
            let session = match &self.0 {
                Endpoint::Unix(path) => transport::unix::connect(path, config).await,
                Endpoint::Tcp(address) => transport::tcp::connect(address, config).await,
            };
            session.map_err(|error| ConnectError::Unreachable {
                endpoint: self.0.to_string(),
                reason: error.to_string().into(),
                remedy: "start it, or leave out --connect and ENDO_SOCK to use the embedded daemon",
            })
        })
    }
}

/// The embedded daemon: started when it is needed, and left running for the next command.
pub(crate) struct Embedded(pub(crate) Paths);

impl Connect for Embedded {
    fn connect(&self) -> BoxFuture<'_, Result<Session, ConnectError>> {
        Box::pin(async {
            let socket = self.0.daemon_socket();
            // It honours dropped references, so they are given back as soon as a compartment is gone.
            let config = || Config::new(NAME).release(Release::AtOnce);
            if let Ok(session) = transport::unix::connect(&socket, config()).await {
                return Ok(session);
            }
            let paths = self.0.clone();
            let started = tokio::task::spawn_blocking(move || start(&paths)).await;
            let not_started = |reason: String| ConnectError::NotStarted(Arc::from(reason));
            started.map_err(|error| not_started(error.to_string()))?.map_err(not_started)?;
            // Where another process started it, it may hold its lock and not listen yet.
            let listening = async {
                loop {
                    match transport::unix::connect(&socket, config()).await {
                        Ok(session) => return session,
                        Err(_) => tokio::time::sleep(POLL).await,
                    }
                }
            };
            let connected = tokio::time::timeout(PATIENCE, listening).await;
            connected.map_err(|_| not_started(format!("nothing listens at {}", socket.display())))
        })
    }
}

/// Starts the embedded daemon in the background and waits until it serves. Gives an error in words.
pub(crate) fn start(paths: &Paths) -> Result<(), String> {
    let program = std::env::current_exe().map_err(|error| format!("cannot find this program: {error}"))?;
    let mut command = Command::new(program);
    command.arg("serve").stdin(Stdio::null()).stdout(Stdio::piped());
    command.stderr(log_file(&paths.daemon_log()).map_or_else(|_| Stdio::null(), Stdio::from));
    // A process group of its own: Ctrl-C at this terminal is not meant for it.
    std::os::unix::process::CommandExt::process_group(&mut command, 0);
    let mut child = command.spawn().map_err(|error| format!("cannot start it: {error}"))?;
    let Some(stdout) = child.stdout.take() else { return Err("it has no output".to_owned()) };
    let mut line = String::new();
    let read = BufReader::new(stdout).read_line(&mut line).map_err(|error| error.to_string())?;
    match line.trim() {
        "ready" => Ok(()),
        // Another process started one a moment ago, which is as good.
        "running" => Ok(()),
        _ if read == 0 => Err(format!("it ended at once; see {}", paths.daemon_log().display())),
        other => Err(other.to_owned()),
    }
}

fn log_file(path: &Path) -> std::io::Result<std::fs::File> {
    if let Some(folder) = path.parent() {
        std::fs::create_dir_all(folder)?;
    }
    std::fs::OpenOptions::new().create(true).append(true).open(path)
}
