//! `up`, `status`, `stop` and `serve`: the embedded daemon's life.

use std::io::Write as _;
use std::time::Duration;

use powerbox_authority::ledger::Ledger;
use powerbox_core::daemon::{Connect as _, ConnectError, Daemon as Greeted};
use powerbox_core::text::word;
use powerbox_core::{Host, open_authority};
use powerbox_daemon::{Authority, Daemon, DaemonConfig, OpenError};
use serde_json::json;

use crate::app::Choice;
use crate::embedded::Embedded;
use crate::exit::{Failure, Status};
use crate::paths::Paths;
use crate::render::spelled;

/// How often is looked whether the daemon is gone, and for how long at most.
const POLL: Duration = Duration::from_millis(5);
const PATIENCE: Duration = Duration::from_secs(15);

/// How often the daemon writes down how grants were used.
const NOTE: Duration = Duration::from_secs(1);

/// Starts the embedded daemon, unless it runs.
pub(crate) async fn up(paths: &Paths, choice: &Choice, json: bool) -> Result<(), Failure> {
    if let Choice::External(endpoint) = choice {
        return Err(Failure::new(Status::Usage, format!("another daemon is configured: {endpoint}"))
            .hinted("leave out --connect and ENDO_SOCK to start the embedded one"));
    }
    let connect = Embedded::started(paths);
    let greeted = async { Greeted::greet_meant(connect.connect().await?, &connect).await };
    let daemon = greeted.await.map_err(|error| Failure::new(Status::NoDaemon, error.to_string()))?;
    daemon.disconnect().await;
    let socket = paths.daemon_socket();
    if json {
        println!("{}", spelled(&json!({ "running": true, "socket": socket })));
    } else {
        eprintln!("the embedded daemon listens at {}", socket.display());
        eprintln!("hint: Endo's own tools reach it with ENDO_SOCK={}", word(&socket.to_string_lossy()));
    }
    Ok(())
}

/// Tells which daemon is used and whether it answers. Starts nothing.
pub(crate) async fn status(host: &Host, paths: &Paths, choice: &Choice, json: bool) -> Result<(), Failure> {
    let address = match choice {
        Choice::External(endpoint) => endpoint.to_string(),
        Choice::Embedded => format!("unix:{}", paths.daemon_socket().display()),
    };
    let running = match choice {
        Choice::External(_) => true,
        Choice::Embedded => Embedded::is_answered(paths),
    };
    let daemon = if running { host.daemon().await } else { Err(not_running()) };
    let plugins = host.registry().plugins().len();
    match (&daemon, json) {
        (Ok(daemon), true) => {
            let dialect = daemon.dialect().name();
            let status =
                json!({ "running": true, "address": address, "dialect": dialect, "plugins": plugins });
            println!("{}", spelled(&status));
        }
        (Ok(daemon), false) => {
            println!("daemon   {address}");
            println!("dialect  {}", daemon.dialect().name());
            println!("plugins  {plugins}");
        }
        (Err(_), true) => {
            let status = json!({ "running": false, "address": address, "plugins": plugins });
            println!("{}", spelled(&status));
        }
        (Err(ConnectError::Stranger { found, .. }), false) => {
            println!("daemon   {address} (not yours: {found})");
            println!("plugins  {plugins}");
        }
        (Err(_), false) => {
            println!("daemon   {address} (not running)");
            println!("plugins  {plugins}");
        }
    }
    match daemon {
        Ok(_) => Ok(()),
        // It says itself what to do.
        Err(error @ ConnectError::Stranger { .. }) => Err(Failure::new(Status::NoDaemon, error.to_string())),
        Err(error) => {
            let hint = match choice {
                Choice::Embedded => "`powerbox up` starts it, and so does any command that needs it",
                Choice::External(_) => "start that daemon, or leave out --connect and ENDO_SOCK",
            };
            Err(Failure::new(Status::NoDaemon, error.to_string()).hinted(hint))
        }
    }
}

fn not_running() -> ConnectError {
    ConnectError::NotStarted("it is not running".into())
}

/// Stops the embedded daemon and waits until it is gone.
pub(crate) async fn stop(host: &Host, paths: &Paths, choice: &Choice) -> Result<(), Failure> {
    if let Choice::External(endpoint) = choice {
        let refused = format!("the daemon at {endpoint} is not powerbox's to stop");
        return Err(Failure::new(Status::Usage, refused)
            .hinted("leave out --connect and ENDO_SOCK to stop the embedded one"));
    }
    if !Embedded::is_answered(paths) {
        eprintln!("the embedded daemon is not running");
        return Ok(());
    }
    let daemon = host.daemon().await.map_err(|error| Failure::new(Status::NoDaemon, error.to_string()))?;
    // A daemon that ends never answers: it ends the session first.
    daemon.bootstrap().send("terminate", vec![]);
    daemon.session().closed().await;
    // The session ends before the process does, and a command that follows must not meet the one that is ending.
    let state = paths.daemon_state();
    let gone = async {
        while matches!(Daemon::running(&state), Ok(Some(_))) {
            tokio::time::sleep(POLL).await;
        }
    };
    if tokio::time::timeout(PATIENCE, gone).await.is_err() {
        return Err(Failure::new(Status::Failed, "the embedded daemon ends, but has not ended yet"));
    }
    eprintln!("the embedded daemon has stopped");
    Ok(())
}

fn config(paths: &Paths) -> DaemonConfig {
    DaemonConfig::new(paths.daemon_state(), paths.daemon_socket())
}

/// Writes down now and then how attenuated references were used: a daemon may live for months.
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

/// Is the embedded daemon, until it is stopped. Says `ready`, `running` or what is wrong, in one line.
pub(crate) async fn serve(paths: &Paths) -> Result<(), Failure> {
    let say = |line: &str| {
        let mut stdout = std::io::stdout();
        // Whoever started it may have gone.
        let _ = writeln!(stdout, "{line}").and_then(|()| stdout.flush());
    };
    let (ledger, audit) = match open_authority(&paths.state) {
        Ok(authority) => authority,
        Err(error) => {
            say(&error.to_string());
            return Err(Failure::new(Status::Failed, error.to_string()));
        }
    };
    let config =
        DaemonConfig { authority: Some(Authority { ledger: ledger.clone(), audit }), ..config(paths) };
    let daemon = match Daemon::open(config) {
        Ok(daemon) => daemon,
        Err(OpenError::AlreadyRunning(_)) => {
            say("running");
            return Ok(());
        }
        Err(error) => {
            say(&format!("{error}"));
            return Err(Failure::new(Status::Failed, error.to_string()));
        }
    };
    say("ready");
    let stop = daemon.stop_handle();
    tokio::spawn(async move {
        let mut terminate = match tokio::signal::unix::signal(tokio::signal::unix::SignalKind::terminate()) {
            Ok(terminate) => terminate,
            Err(error) => return tracing::warn!(%error, "signals cannot be heard"),
        };
        tokio::select! {
            _ = terminate.recv() => {}
            _ = tokio::signal::ctrl_c() => {}
        }
        stop.stop();
    });
    let noting = tokio::spawn(note_use(ledger.clone()));
    let served = daemon.run().await;
    noting.abort();
    // For people to read; nothing depends on it.
    let _ = ledger.note_use();
    served.map_err(|error| Failure::new(Status::Failed, error.to_string()))
}
