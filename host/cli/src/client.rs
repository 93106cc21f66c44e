//! The way to the host: the process that runs the commands. It is started by the first use.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use powerbox_console::{Build, Client, ClientError, Request, Retired};
use powerbox_core::text::word;
use powerbox_files::{Lock, Running};

use crate::embedded::start;
use crate::exit::{self, Failure, Status};
use crate::paths::Paths;
use crate::terminal::Terminal;

/// How often a host that begins or ends is tried, and for how long at most.
const POLL: Duration = Duration::from_millis(5);
const PATIENCE: Duration = Duration::from_secs(15);

/// Connects to the host; starts it if none runs, and replaces one of another build once it has finished what it runs.
pub(crate) async fn connect(paths: &Paths) -> Result<Client, Failure> {
    let build = Build::of_this(&paths.config_file());
    let mut socket = paths.host_socket();
    let enough = Instant::now() + PATIENCE;
    let mut started = false;
    loop {
        match Client::connect(&socket, &build).await {
            Ok(Some(client)) => return Ok(client),
            Ok(None) if !started => {
                let paths = paths.clone();
                let began = tokio::task::spawn_blocking(move || start(&paths)).await;
                began
                    .map_err(|error| not_started(&error.to_string()))?
                    .map_err(|error| not_started(&error))?;
                started = true;
                continue;
            }
            // The host of this state may listen elsewhere: it was started with another runtime folder.
            Ok(None) => match Lock::holder(&paths.host_lock()) {
                Ok(Some(Running { socket: Some(other), .. })) => socket = other,
                // It has ended since.
                Ok(None) => started = false,
                _ => {}
            },
            Err(ClientError::Ending) => {}
            Err(ClientError::Outdated(reason)) => match Client::retire(&socket, false, PATIENCE).await {
                Ok(None | Some(Retired::Ended)) => {
                    started = false;
                    continue;
                }
                Ok(Some(Retired::Running(runs))) => {
                    let said = format!("{reason}, and it still runs {}", commands(runs));
                    return Err(Failure::new(Status::NoDaemon, said)
                        .hinted("wait for them, or end them with `powerbox stop --now`"));
                }
                Err(error) => return Err(unusable(&error)),
            },
            Err(error) => return Err(unusable(&error)),
        }
        if Instant::now() > enough {
            return Err(not_started(&format!("nothing listens at {}", socket.display())));
        }
        tokio::time::sleep(POLL).await;
    }
}

/// So many commands, in words.
pub(crate) fn commands(count: u64) -> String {
    match count {
        0 => "no command".to_owned(),
        1 => "one command".to_owned(),
        count => format!("{count} commands"),
    }
}

fn not_started(reason: &str) -> Failure {
    Failure::new(Status::NoDaemon, format!("the host did not start: {reason}"))
}

/// What is said of something at the socket that cannot be worked with.
pub(crate) fn unusable(error: &ClientError) -> Failure {
    let failure = Failure::new(Status::NoDaemon, error.to_string());
    match error {
        ClientError::Outdated(_) => {
            failure.hinted("the next command replaces it, once it has finished what it runs")
        }
        ClientError::Folder(error) => failure.hinted(error.remedy(word)),
        _ => failure,
    }
}

/// Runs a command in the host; Ctrl-C cancels it.
pub(crate) async fn run(client: &Client, request: Request) -> Result<Status, Failure> {
    let asked = request.json;
    let json = Arc::new(AtomicBool::new(asked));
    let terminal = Arc::new(Terminal::new(Arc::clone(&json)));
    let running = client.run(request, Arc::clone(&terminal) as _, Arc::clone(&json));
    tokio::select! {
        biased;
        _ = tokio::signal::ctrl_c() => {
            running.cancel().await;
            Ok(Status::Interrupted)
        }
        outcome = running.outcome() => match outcome {
            Ok(output) => {
                terminal.finish(&output);
                Ok(Status::Done)
            }
            Err(failure) if json.load(Ordering::Acquire) && !asked => {
                exit::show(&failure, true);
                Ok(failure.status)
            }
            Err(failure) => Err(failure),
        }
    }
}
