//! `up`, `status` and `stop`: the host's life, and that of the embedded daemon in it.

use std::time::Duration;

use clap::Args;
use powerbox_captp::Value;
use powerbox_console::{Build, Client, ClientError, HostStatus, Retired};
use powerbox_core::text::word;
use powerbox_files::Lock;
use serde_json::json;

use crate::app::Choice;
use crate::client::{self, commands};
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
    let status = status_of(client, choice).await?;
    if let Some(failure) = status.failure {
        return Err(failure);
    }
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

/// What the host tells of itself, and of the daemon that is used. Ends the session.
async fn status_of(client: Client, choice: &Choice) -> Result<HostStatus, Failure> {
    let connect = choice.connect().map_or(Value::Undefined, Value::text);
    let status = client.ask("status", vec![connect]).await;
    client.leave().await;
    status
}

/// Tells whether the host runs, which daemon is used and whether it answers. Starts nothing.
pub(crate) async fn status(paths: &Paths, choice: &Choice, json: bool) -> Result<(), Failure> {
    let address = match choice {
        Choice::External(endpoint) => endpoint.to_string(),
        Choice::Embedded => format!("unix:{}", paths.daemon_socket().display()),
    };
    let build = Build::of_this(&paths.config_file());
    let client = match Client::connect(&paths.host_socket(), &build).await {
        Ok(client) => client,
        Err(ClientError::Ending) => return ending(paths, &address, json).await,
        Err(error) => return Err(client::unusable(&error)),
    };
    let Some(client) = client else {
        if json {
            println!("{}", spelled(&json!({ "running": false, "address": address })));
        } else {
            println!("host     not running");
            println!("daemon   {address}");
        }
        let hint = "`powerbox up` starts it, and so does any command";
        return Err(Failure::new(Status::NoDaemon, "the host is not running").hinted(hint));
    };
    let status = status_of(client, choice).await?;
    if json {
        let shown = json!({
            "running": true, "version": status.version, "process": status.process, "runs": status.runs,
            "plugins": status.plugins, "address": address, "dialect": status.dialect,
        });
        println!("{}", spelled(&shown));
    } else {
        println!(
            "host     {} as process {}, {} under way",
            status.version,
            status.process,
            commands(status.runs)
        );
        println!("daemon   {address}{}", if status.failure.is_some() { " (does not answer)" } else { "" });
        if let Some(dialect) = &status.dialect {
            println!("dialect  {dialect}");
        }
        println!("plugins  {}", status.plugins);
    }
    status.failure.map_or(Ok(()), Err)
}

/// Tells of a host that finishes what it runs.
async fn ending(paths: &Paths, address: &str, json: bool) -> Result<(), Failure> {
    let runs = match Client::runs(&paths.host_socket()).await {
        Ok(runs) => runs.unwrap_or_default(),
        Err(ClientError::Ending) => 0,
        Err(error) => return Err(client::unusable(&error)),
    };
    if json {
        println!(
            "{}",
            spelled(&json!({ "running": true, "ending": true, "runs": runs, "address": address }))
        );
    } else {
        println!("host     ends, {} under way", commands(runs));
        println!("daemon   {address}");
    }
    Ok(())
}

/// How the host is stopped.
#[derive(Debug, Args)]
pub(crate) struct StopArguments {
    /// End what runs, too, instead of waiting for it
    #[arg(long)]
    now: bool,
}

/// Stops the host, and the embedded daemon in it, and waits until it is gone.
pub(crate) async fn stop(paths: &Paths, arguments: StopArguments) -> Result<(), Failure> {
    let socket = paths.host_socket();
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
