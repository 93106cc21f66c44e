//! Runs the embedded daemon: `embedded-daemon STATE SOCKET`. Prints `ready` when clients can connect.
//!
//! The tests that kill a daemon need one in a process of its own.

use std::io::Write;

use anyhow::{Context, bail};
use powerbox_daemon::{Daemon, DaemonConfig};

fn main() -> anyhow::Result<()> {
    let args: Vec<_> = std::env::args_os().skip(1).collect();
    let [state, socket] = args.as_slice() else { bail!("usage: embedded-daemon STATE SOCKET") };
    let daemon = Daemon::open(DaemonConfig::new(state, socket)).context("cannot open the daemon")?;
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build()?;
    let mut out = std::io::stdout();
    writeln!(out, "ready")?;
    out.flush()?;
    Ok(runtime.block_on(daemon.run())?)
}
