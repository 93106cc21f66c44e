//! Being the host: the process that keeps plugins, grants, audit and the sessions with daemons, and has the embedded
//! daemon in it. Front ends reach it by its socket.

use std::io::Write as _;
use std::sync::Arc;
use std::time::Duration;

use futures_util::future::BoxFuture;
use powerbox_authority::ledger::Ledger;
use powerbox_captp::{Config as SessionConfig, Session};
use powerbox_console::{Build, Hosts, Server};
use powerbox_core::daemon::{Connect, ConnectError};
use powerbox_core::local::Notice;
use powerbox_core::{Event, Host, open_authority};
use powerbox_daemon::{Authority, Connector, Daemon, DaemonConfig, OpenError};
use powerbox_files::{Lock, ServeError};
use powerbox_web::Web;

use crate::app::{Choice, choose, host_config};
use crate::config::Config;
use crate::embedded::{External, NAME};
use crate::exit::{Failure, Status};
use crate::paths::Paths;

/// How often is written down how grants were used.
const NOTE: Duration = Duration::from_secs(1);

/// The embedded daemon, for the process that it is in.
struct Within(Connector);

impl Connect for Within {
    fn connect(&self) -> BoxFuture<'_, Result<Session, ConnectError>> {
        Box::pin(async {
            let session = self.0.connect(SessionConfig::new(NAME)).await;
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
    daemon: Option<Daemon>,
    host: Host,
    ledger: Ledger,
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
        let daemon = match choose(None, &config)? {
            Choice::External(_) => None,
            Choice::Embedded => Some(embedded(paths, &ledger, &audit)?),
        };
        let connect: Arc<dyn Connect> = match (choose(None, &config)?, &daemon) {
            (Choice::External(endpoint), _) => Arc::new(External(endpoint)),
            (Choice::Embedded, Some(daemon)) => Arc::new(Within(daemon.connector())),
            (Choice::Embedded, None) => return Err(failed(&"there is no daemon")),
        };
        let mut settings = host_config(paths, connect, &config, true)?;
        settings.authority = Some((ledger.clone(), audit));
        let host = Host::open(settings).await.map_err(|error| failed(&error))?;
        host.set_outside(Arc::new(Web::default()));
        let events = host.take_startup_events().into_iter();
        let events = events.filter(|event| !matches!(event, Event::Swapped { .. }));
        let mut untold: Vec<_> = events.map(|event| Notice::warning(event.to_string())).collect();
        untold.extend(config.of_unknown_plugins(&host).map(Notice::warning));
        let hosts = Hosts::new(host.clone(), |endpoint| Arc::new(External(endpoint)), untold);
        let server = Server::bind(&paths.host_socket(), build, hosts).map_err(|error| failed(&error))?;
        Ok(Some(Self { server, daemon, host, ledger, _lock: lock }))
    }

    async fn run(self) -> Result<(), Failure> {
        let _watch = match self.host.watch() {
            Ok(watch) => Some(watch),
            Err(error) => {
                tracing::warn!(%error, "plugin files are not watched");
                None
            }
        };
        let stop = self.server.stop_handle();
        let signalled = stop.clone();
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
        let daemon_stop = self.daemon.as_ref().map(Daemon::stop_handle);
        // A client of the daemon's may end it, and with it the host.
        let daemon = self.daemon.map(|daemon| {
            tokio::spawn(async move {
                let ended = daemon.run().await;
                stop.stop();
                ended
            })
        });
        let noting = tokio::spawn(note_use(self.ledger.clone()));
        let served = self.server.run().await;
        if let Some(stop) = daemon_stop {
            stop.stop();
        }
        let daemon = match daemon {
            Some(daemon) => daemon.await.map_err(|error| error.to_string()),
            None => Ok(Ok(())),
        };
        noting.abort();
        // For people to read; nothing depends on it.
        let _ = self.ledger.note_use();
        let failed = |error: String| Failure::new(Status::Failed, error);
        served.map_err(|error| failed(error.to_string()))?;
        daemon.map_err(failed)?.map_err(|error| failed(error.to_string()))
    }
}

/// Opens the embedded daemon.
fn embedded(
    paths: &Paths,
    ledger: &Ledger,
    audit: &Arc<powerbox_authority::audit::Audit>,
) -> Result<Daemon, Failure> {
    let authority = Authority { ledger: ledger.clone(), audit: Arc::clone(audit) };
    let config = DaemonConfig {
        authority: Some(authority),
        ..DaemonConfig::new(paths.daemon_state(), paths.daemon_socket())
    };
    Daemon::open(config).map_err(|error| {
        let failure = Failure::new(Status::Failed, error.to_string());
        match error {
            OpenError::AlreadyRunning(running) => {
                let end = running.pid.map_or_else(String::new, |pid| format!(" with `kill {pid}`"));
                Failure::new(Status::Failed, format!("the daemon of an older version runs; end it{end}"))
            }
            _ => failure,
        }
    })
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
