//! Being the host: the process that keeps plugins, grants, audit and the sessions with daemons, and has the embedded
//! daemon in it. Front ends reach it by its socket.

use std::io::Write as _;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use futures_util::future::BoxFuture;
use powerbox_authority::ledger::Ledger;
use powerbox_captp::{Config as SessionConfig, Session};
use powerbox_console::{Build, Hosts, Server, StopHandle};
use powerbox_core::daemon::{Connect, ConnectError};
use powerbox_core::local::Notice;
use powerbox_core::{Event, Host, open_authority};
use powerbox_daemon::{Authority, Connector, Daemon, DaemonConfig, OpenError};
use powerbox_files::{Lock, ServeError};
use powerbox_web::Web;
use tokio::task::JoinHandle;

use crate::app::{Choice, choose, host_config};
use crate::config::Config;
use crate::embedded::{External, NAME, stranger};
use crate::exit::{Failure, Status};
use crate::paths::Paths;

/// How often is written down how grants were used.
const NOTE: Duration = Duration::from_secs(1);

/// The embedded daemon, for the process that it is in. It is opened with the host, or by the first command that needs it
/// after whatever kept it from being opened is gone.
struct Within {
    paths: Paths,
    authority: Authority,
    running: tokio::sync::Mutex<Option<Running>>,
    /// The host's end: a client of the daemon's may end it, and the host with it.
    host: OnceLock<StopHandle>,
}

struct Running {
    connector: Connector,
    stop: powerbox_daemon::StopHandle,
    task: JoinHandle<Result<(), OpenError>>,
}

impl Within {
    async fn connector(&self) -> Result<Connector, ConnectError> {
        let mut running = self.running.lock().await;
        if let Some(running) = running.as_ref().filter(|running| !running.task.is_finished()) {
            return Ok(running.connector.clone());
        }
        let config = DaemonConfig {
            authority: Some(self.authority.clone()),
            ..DaemonConfig::new(self.paths.daemon_state(), self.paths.daemon_socket())
        };
        let opened = tokio::task::spawn_blocking(move || Daemon::open(config)).await;
        let opened = opened.map_err(|error| ConnectError::NotStarted(error.to_string().into()))?;
        let daemon = opened.map_err(|error| self.not_started(&error))?;
        let (connector, stop) = (daemon.connector(), daemon.stop_handle());
        let host = self.host.clone();
        let task = tokio::spawn(async move {
            let ended = daemon.run().await;
            if let Some(host) = host.get() {
                host.stop();
            }
            ended
        });
        *running = Some(Running { connector: connector.clone(), stop, task });
        Ok(connector)
    }

    fn not_started(&self, error: &OpenError) -> ConnectError {
        match error {
            OpenError::Serve(ServeError::SocketInUse(_) | ServeError::NotASocket(_)) => {
                stranger(&self.paths, error.to_string())
            }
            OpenError::AlreadyRunning(running) => {
                let end = running.pid.map_or_else(String::new, |pid| format!(" with `kill {pid}`"));
                let said = format!("one that is not part of this host runs already; end it{end}");
                ConnectError::NotStarted(said.into())
            }
            error => ConnectError::NotStarted(error.to_string().into()),
        }
    }

    /// Ends it, if it runs.
    async fn end(&self) -> Result<(), String> {
        let Some(running) = self.running.lock().await.take() else { return Ok(()) };
        running.stop.stop();
        let ended = running.task.await.map_err(|error| error.to_string())?;
        ended.map_err(|error| error.to_string())
    }
}

/// The daemon as the host comes to it.
struct ByMemory(Arc<Within>);

impl Connect for ByMemory {
    fn connect(&self) -> BoxFuture<'_, Result<Session, ConnectError>> {
        Box::pin(async {
            let session = self.0.connector().await?.connect(SessionConfig::new(NAME)).await;
            session.ok_or_else(|| ConnectError::NotStarted("it has ended".into()))
        })
    }
}

/// Is the host, until it is stopped. Says `ready`, `running` or what is wrong, in one line.
pub(crate) async fn serve(paths: &Paths) -> Result<(), Failure> {
    match Process::open(paths).await {
        Ok(Some(process)) => {
            say("ready");
            process.run().await
        }
        Ok(None) => {
            say("running");
            Ok(())
        }
        Err(failure) => {
            say(&failure.message);
            Err(failure)
        }
    }
}

/// Tells whoever started this process.
fn say(line: &str) {
    let mut stdout = std::io::stdout();
    // Whoever started it may have gone.
    let _ = writeln!(stdout, "{line}").and_then(|()| stdout.flush());
}

/// The host with all that belongs to its process.
struct Process {
    server: Server,
    daemon: Arc<Within>,
    host: Host,
    // Dropped last: what it guards is then free.
    _lock: Lock,
}

impl Process {
    /// Opens everything; `None` if another process is the host.
    async fn open(paths: &Paths) -> Result<Option<Self>, Failure> {
        let failed = |error: &dyn std::fmt::Display| Failure::new(Status::Failed, error.to_string());
        let (ledger, audit) = open_authority(&paths.state).map_err(|error| failed(&error))?;
        let lock = match Lock::take(&paths.host_lock(), &paths.host_socket()) {
            Ok(lock) => lock,
            Err(ServeError::AlreadyRunning(_)) => return Ok(None),
            Err(error) => return Err(failed(&error)),
        };
        // Before the configuration is read: if it changes in between, the host is replaced once more than it needs.
        let build = Build::of_this(&paths.config_file());
        let config = Config::read(&paths.config)?;
        let daemon = Arc::new(Within {
            paths: paths.clone(),
            authority: Authority { ledger: ledger.clone(), audit: Arc::clone(&audit) },
            running: tokio::sync::Mutex::default(),
            host: OnceLock::new(),
        });
        let choice = choose(None, &config)?;
        let connect: Arc<dyn Connect> = match &choice {
            Choice::External(endpoint) => Arc::new(External(endpoint.clone())),
            Choice::Embedded => Arc::new(ByMemory(Arc::clone(&daemon))),
        };
        let mut settings = host_config(paths, connect, &config, true)?;
        settings.authority = Some((ledger, audit));
        let host = Host::open(settings).await.map_err(|error| failed(&error))?;
        host.set_outside(Arc::new(Web::default()));
        let events = host.take_startup_events().into_iter();
        let events = events.filter(|event| !matches!(event, Event::Swapped { .. }));
        let mut untold: Vec<_> = events.map(|event| Notice::warning(event.to_string())).collect();
        untold.extend(config.of_unknown_plugins(&host).map(Notice::warning));
        let hosts = Hosts::new(host.clone(), |endpoint| Arc::new(External(endpoint)), untold);
        let server = Server::bind(&paths.host_socket(), build, hosts).map_err(|error| failed(&error))?;
        let _ = daemon.host.set(server.stop_handle());
        // Endo's own clients want it also when no command of ours does. What keeps it from starting is told to whoever
        // needs it.
        if matches!(choice, Choice::Embedded)
            && let Err(error) = daemon.connector().await
        {
            tracing::warn!(%error, "the host begins without its daemon");
        }
        Ok(Some(Self { server, daemon, host, _lock: lock }))
    }

    async fn run(self) -> Result<(), Failure> {
        let _watch = match self.host.watch() {
            Ok(watch) => Some(watch),
            Err(error) => {
                tracing::warn!(%error, "plugin files are not watched");
                None
            }
        };
        let signalled = self.server.stop_handle();
        tokio::spawn(async move {
            let mut terminate = match tokio::signal::unix::signal(tokio::signal::unix::SignalKind::terminate())
            {
                Ok(terminate) => terminate,
                Err(error) => return tracing::warn!(%error, "signals cannot be heard"),
            };
            tokio::select! {
                _ = terminate.recv() => {}
                _ = tokio::signal::ctrl_c() => {}
            }
            signalled.stop();
        });
        let noting = tokio::spawn(note_use(self.host.ledger().clone()));
        let served = self.server.run().await;
        let daemon = self.daemon.end().await;
        noting.abort();
        // For people to read; nothing depends on it.
        let _ = self.host.ledger().note_use();
        let failed = |error: String| Failure::new(Status::Failed, error);
        served.map_err(|error| failed(error.to_string()))?;
        daemon.map_err(failed)
    }
}

/// Writes down now and then how grants were used: a host may live for months.
async fn note_use(ledger: Ledger) {
    loop {
        tokio::time::sleep(NOTE).await;
        let ledger = ledger.clone();
        match tokio::task::spawn_blocking(move || ledger.note_use()).await {
            Ok(Ok(())) => {}
            Ok(Err(error)) => tracing::warn!(%error, "how grants were used was not written down"),
            Err(_) => return,
        }
    }
}
