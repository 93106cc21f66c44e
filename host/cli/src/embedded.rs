use std::io::{BufRead as _, BufReader};
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::time::Duration;

use futures_util::future::BoxFuture;
use powerbox_captp::{CallError, Config, Release, Session, Value, transport};
use powerbox_core::daemon::{Connect, ConnectError, Endpoint};
use powerbox_daemon::{Daemon, Identity, Stranger};
use powerbox_files::{FolderError, Others, check_folder};
use tokio::net::UnixStream;

use crate::paths::Paths;

/// What this side is called on the wire.
pub(crate) const NAME: &str = "powerbox";

/// How often a daemon that was just started is tried, and for how long at most.
const POLL: Duration = Duration::from_millis(5);
const PATIENCE: Duration = Duration::from_secs(15);

/// A daemon that somebody else runs.
pub(crate) struct External(pub(crate) Endpoint);

impl Connect for External {
    fn connect(&self) -> BoxFuture<'_, Result<Session, ConnectError>> {
        Box::pin(async {
            // It may be a daemon of ours, and then says so.
            let config = Config::new(NAME).release(Release::Offered);
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

/// The embedded daemon, which is known by its key.
pub(crate) struct Embedded {
    paths: Paths,
    starts: bool,
}

impl Embedded {
    /// The one that is started when it is needed, and left running for the next command.
    pub(crate) fn started(paths: &Paths) -> Self {
        Self { paths: paths.clone(), starts: true }
    }

    /// The one that runs already. None is started.
    pub(crate) fn running(paths: &Paths) -> Self {
        Self { paths: paths.clone(), starts: false }
    }

    /// Whether something answers in its place, be it the daemon or a stranger.
    pub(crate) fn is_answered(paths: &Paths) -> bool {
        std::os::unix::net::UnixStream::connect(paths.daemon_socket()).is_ok()
    }

    /// A session with whatever listens, if it can be the daemon; none if nothing listens.
    async fn listening(&self) -> Result<Option<Session>, ConnectError> {
        let socket = self.paths.daemon_socket();
        let unsafe_folder = |error: FolderError| {
            ConnectError::NotStarted(format!("{error}; {}", error.remedy(powerbox_core::text::word)).into())
        };
        if !check_folder(&self.paths.runtime, Others::StayOut).map_err(unsafe_folder)? {
            return Ok(None);
        }
        let Ok(stream) = UnixStream::connect(&socket).await else { return Ok(None) };
        let user = rustix::process::geteuid().as_raw();
        if !stream.peer_cred().is_ok_and(|peer| peer.uid() == user) {
            return Err(self.stranger("it runs as another user"));
        }
        // The daemon holds the lock of its state for as long as it listens.
        if let Ok(None) = Daemon::running(&self.paths.daemon_state()) {
            return Err(self.stranger("the embedded daemon does not run"));
        }
        // It honours dropped references, so they are given back as soon as a compartment is gone.
        Ok(Some(Session::start(stream, Config::new(NAME).release(Release::AtOnce))))
    }

    fn stranger(&self, found: impl Into<Arc<str>>) -> ConnectError {
        stranger(&self.paths, found)
    }

    /// What is said of a daemon that holds the lock and has no key on record.
    fn older(&self) -> ConnectError {
        let running = Daemon::running(&self.paths.daemon_state()).ok().flatten().unwrap_or_default();
        let stop = match running.pid {
            Some(pid) => format!("end it with `kill {pid}`; the next command starts one of this version"),
            None => "end it; the next command starts one of this version".to_owned(),
        };
        ConnectError::Stranger {
            endpoint: format!("unix:{}", self.paths.daemon_socket().display()),
            found: "it is an older version, which has no key on record".into(),
            remedy: stop.into(),
        }
    }
}

impl Connect for Embedded {
    fn connect(&self) -> BoxFuture<'_, Result<Session, ConnectError>> {
        Box::pin(async {
            if let Some(session) = self.listening().await? {
                return Ok(session);
            }
            let not_started = |reason: String| ConnectError::NotStarted(Arc::from(reason));
            if !self.starts {
                return Err(not_started("it is not running".to_owned()));
            }
            let paths = self.paths.clone();
            let started = tokio::task::spawn_blocking(move || start(&paths)).await;
            started.map_err(|error| not_started(error.to_string()))?.map_err(not_started)?;
            // Where another process started it, it may hold its lock and not listen yet.
            let listening = async {
                loop {
                    match self.listening().await {
                        Ok(Some(session)) => return Ok(session),
                        Ok(None) => tokio::time::sleep(POLL).await,
                        Err(error) => return Err(error),
                    }
                }
            };
            let connected = tokio::time::timeout(PATIENCE, listening).await;
            let socket = self.paths.daemon_socket();
            connected.map_err(|_| not_started(format!("nothing listens at {}", socket.display())))?
        })
    }

    fn recognise<'a>(&'a self, bootstrap: &'a Value) -> BoxFuture<'a, Result<(), ConnectError>> {
        Box::pin(async {
            // Read now: a daemon that runs has written it.
            let state = self.paths.daemon_state();
            let identity = Identity::on_record(&state).map_err(|error| {
                let shown = state.join("identity");
                ConnectError::NotStarted(format!("{} cannot be read: {error}", shown.display()).into())
            })?;
            let identity = identity.ok_or_else(|| self.older())?;
            match identity.confirm(bootstrap).await {
                Ok(()) => Ok(()),
                // It may be ending just now, so it is tried once more.
                Err(Stranger::Silent(error @ CallError::Disconnected(_))) => Err(error.into()),
                Err(stranger) => Err(self.stranger(stranger.to_string())),
            }
        })
    }
}

/// What is said of something in the embedded daemon's place that is not it.
pub(crate) fn stranger(paths: &Paths, found: impl Into<Arc<str>>) -> ConnectError {
    let socket = paths.daemon_socket();
    let remedy = format!(
        "stop that program and remove the socket, or use it with `--connect unix:{}` if it is the daemon you want",
        socket.display()
    );
    ConnectError::Stranger {
        endpoint: format!("unix:{}", socket.display()),
        found: found.into(),
        remedy: remedy.into(),
    }
}

/// Starts the host in the background, which has the embedded daemon in it, and waits until it serves. Gives an error in words.
pub(crate) fn start(paths: &Paths) -> Result<(), String> {
    let program = std::env::current_exe().map_err(|error| format!("cannot find this program: {error}"))?;
    let mut command = Command::new(program);
    command.arg("serve").stdin(Stdio::null()).stdout(Stdio::piped());
    command.stderr(log_file(&paths.host_log()).map_or_else(|_| Stdio::null(), Stdio::from));
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
        _ if read == 0 => Err(format!("it ended at once; see {}", paths.host_log().display())),
        other => Err(other.to_owned()),
    }
}

fn log_file(path: &Path) -> std::io::Result<std::fs::File> {
    if let Some(folder) = path.parent() {
        std::fs::create_dir_all(folder)?;
    }
    std::fs::OpenOptions::new().create(true).append(true).open(path)
}
