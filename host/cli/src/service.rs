//! `up`, `status` and `stop`: the host's life, and that of the embedded daemon in it.

use std::time::Duration;

use clap::Args;
use powerbox_console::{Client, ClientError, Retired};
use powerbox_core::Host;
use powerbox_core::daemon::{Connect as _, ConnectError};
use powerbox_core::text::word;
use powerbox_files::Lock;
use serde_json::json;

use crate::app::Choice;
use crate::client::{self, commands};
use crate::embedded::Embedded;
use crate::exit::{Failure, Status};
use crate::paths::Paths;
use crate::render::spelled;

/// How often is looked whether the daemon is gone, and for how long at most.
const POLL: Duration = Duration::from_millis(5);
const PATIENCE: Duration = Duration::from_secs(15);

/// How long a host may finish what it runs before it is said what is waited for.
const WAITING: Duration = Duration::from_secs(1);

/// Starts the host, unless it runs.
pub(crate) async fn up(paths: &Paths, choice: &Choice, json: bool) -> Result<(), Failure> {
    let client = client::connect(paths).await?;
    client.leave().await;
    let socket = match choice {
        Choice::External(_) => None,
        Choice::Embedded => Some(paths.daemon_socket()),
    };
    match (json, socket) {
        (true, socket) => println!("{}", spelled(&json!({ "running": true, "socket": socket }))),
        (false, Some(socket)) => {
            eprintln!("the embedded daemon listens at {}", socket.display());
            eprintln!("hint: Endo's own tools reach it with ENDO_SOCK={}", word(&socket.to_string_lossy()));
        }
        (false, None) => eprintln!("the host runs"),
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

/// How the host is stopped.
#[derive(Debug, Args)]
pub(crate) struct StopArguments {
    /// End what runs, too, instead of waiting for it
    #[arg(long)]
    now: bool,
}

/// Stops the host, and the embedded daemon in it, and waits until it is gone.
pub(crate) async fn stop(paths: &Paths, choice: &Choice, arguments: StopArguments) -> Result<(), Failure> {
    let socket = paths.host_socket();
    let stranger = || async {
        // Something that is not ours may listen in the daemon's place.
        let connect = Embedded::running(paths);
        match choice {
            Choice::Embedded if Embedded::is_answered(paths) => connect.connect().await.err(),
            _ => None,
        }
    };
    let mut told = false;
    loop {
        match Client::retire(&socket, arguments.now, WAITING).await {
            Ok(Some(Retired::Ended)) => break,
            Ok(Some(Retired::Running(runs))) => {
                if !told {
                    eprintln!("waiting for {}; `powerbox stop --now` ends them", commands(runs));
                }
                told = true;
            }
            Ok(None) if told => break,
            Ok(None) => {
                if let Some(error) = stranger().await {
                    return Err(Failure::new(Status::NoDaemon, error.to_string()));
                }
                eprintln!("the host is not running");
                return Ok(());
            }
            Err(ClientError::Ending) => tokio::time::sleep(POLL).await,
            Err(error) => return Err(Failure::new(Status::Failed, error.to_string())),
        }
    }
    // The session ends before the process does, and a command that follows must not meet the one that is ending.
    let lock = paths.host_lock();
    let gone = async {
        while matches!(Lock::holder(&lock), Ok(Some(_))) {
            tokio::time::sleep(POLL).await;
        }
    };
    if tokio::time::timeout(PATIENCE, gone).await.is_err() {
        return Err(Failure::new(Status::Failed, "the host ends, but has not ended yet"));
    }
    eprintln!("the host has stopped");
    Ok(())
}
