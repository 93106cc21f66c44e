//! Running other programs, and saying what goes on.

use std::process::Command;
use std::time::Instant;

use anyhow::{Context, Result, bail};
pub(crate) use powerbox_builder::tool::{output, works};

/// Runs a program and waits for it; what it prints is seen. A problem unless it succeeds.
pub(crate) fn run(command: &mut Command) -> Result<()> {
    let status = command.status().with_context(|| format!("can not start `{}`", shown(command)))?;
    if !status.success() {
        bail!("`{}` failed ({status})", shown(command));
    }
    Ok(())
}

/// Says what goes on, and how long it took.
pub(crate) fn timed<T>(what: &str, work: impl FnOnce() -> Result<T>) -> Result<T> {
    let start = Instant::now();
    let result = work()?;
    say(&format!("{what}: {:.1} s", start.elapsed().as_secs_f64()));
    Ok(result)
}

/// Says what goes on.
pub(crate) fn say(what: &str) {
    eprintln!("xtask: {what}");
}

fn shown(command: &Command) -> String {
    let words = std::iter::once(command.get_program()).chain(command.get_args());
    words.map(|word| word.to_string_lossy()).collect::<Vec<_>>().join(" ")
}
