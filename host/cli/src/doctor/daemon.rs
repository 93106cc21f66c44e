//! The daemon: which, where, whether it answers. None is started.

use std::os::unix::fs::FileTypeExt as _;
use std::time::Duration;

use powerbox_core::daemon::{Connect, Daemon as Greeted, Endpoint};
use powerbox_daemon::Daemon;

use super::check::Check;
use crate::app::Choice;
use crate::embedded::{Embedded, External};
use crate::paths::Paths;

/// How long a daemon may take to answer.
const PATIENCE: Duration = Duration::from_secs(5);
/// The longest path that a Unix socket can have on Linux, in bytes.
const LONGEST_SOCKET: usize = 107;

pub(super) async fn checks(paths: &Paths, choice: &Choice) -> Vec<Check> {
    match choice {
        Choice::External(endpoint) => vec![external(endpoint).await],
        Choice::Embedded => vec![socket(paths), embedded(paths).await],
    }
}

async fn external(endpoint: &Endpoint) -> Check {
    let remedy = "start that daemon, or leave out --connect, ENDO_SOCK and `connect` to use the embedded one";
    match greet(&External(endpoint.clone())).await {
        Ok(dialect) => Check::fine("daemon", format!("{endpoint} answers, in the dialect {dialect}")),
        Err(reason) => Check::bad("daemon", format!("{endpoint}: {reason}"), remedy),
    }
}

/// Whether the embedded daemon's socket can be where it shall be.
fn socket(paths: &Paths) -> Check {
    let path = paths.daemon_socket();
    let length = path.as_os_str().len();
    if length > LONGEST_SOCKET {
        let found =
            format!("{} has {length} bytes, a socket's path at most {LONGEST_SOCKET}", path.display());
        return Check::bad("socket", found, "set XDG_RUNTIME_DIR to a folder with a shorter path");
    }
    match std::fs::symlink_metadata(&path) {
        Ok(there) if !there.file_type().is_socket() => Check::bad(
            "socket",
            format!("{} is no socket", path.display()),
            format!("move it away: mv {0} {0}.old", path.display()),
        ),
        _ => Check::fine("socket", path.display().to_string()),
    }
}

async fn embedded(paths: &Paths) -> Check {
    let runs = match Daemon::running(&paths.daemon_state()) {
        Ok(running) => running.is_some(),
        Err(error) => {
            let remedy = format!("look at {}", paths.daemon_state().display());
            return Check::bad("embedded daemon", error.to_string(), remedy);
        }
    };
    let there = Embedded::is_answered(paths);
    match greet(&Embedded::running(paths)).await {
        Ok(_) => Check::fine("embedded daemon", "runs and answers"),
        Err(reason) if there && !runs => {
            let remedy = "stop the program that listens there, or use it with --connect";
            Check::bad("embedded daemon", reason, remedy)
        }
        Err(_) if !runs => Check::fine("embedded daemon", "does not run; the first command starts it"),
        Err(reason) => {
            let remedy = format!("`powerbox stop`, or see what it says in {}", paths.host_log().display());
            Check::bad("embedded daemon", format!("runs, but does not answer: {reason}"), remedy)
        }
    }
}

/// Asks a daemon who it is; gives the name of its dialect.
async fn greet(connect: &dyn Connect) -> Result<&'static str, String> {
    let greeted = async {
        let session = connect.connect().await.map_err(|error| error.to_string())?;
        let daemon = Greeted::greet_meant(session, connect).await;
        let daemon = daemon.map_err(|error| error.to_string())?;
        let dialect = daemon.dialect().name();
        daemon.disconnect().await;
        Ok(dialect)
    };
    match tokio::time::timeout(PATIENCE, greeted).await {
        Ok(greeted) => greeted,
        Err(_) => Err(format!("it did not answer within {} s", PATIENCE.as_secs())),
    }
}
