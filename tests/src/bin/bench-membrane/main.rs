//! What the membrane costs, and what plugins cost each other.
//!
//! ```text
//! bench-membrane [--json] [--rounds N] [--plugins N]
//! ```
//!
//! - A crossing, with the audit on, against the same call without the membrane; from a compartment against a bare
//!   wasmtime host call.
//! - Invocations of an empty command with 1 and with 100 plugins installed.
//! - Memory of a plugin that is loaded and at rest.
//! - A short command beside plugins that spin, against the same command by itself.
//!
//! Ours and the peer take turns, call by call or batch by batch, so that what else the machine does hits both.

mod crossing;
mod figure;
mod greed;
mod rest;
mod throughput;

use anyhow::{Context as _, Result, bail};

use self::figure::Figure;

struct Options {
    json: bool,
    /// How many calls are measured for each figure.
    rounds: usize,
    /// How many plugins are loaded.
    plugins: usize,
}

fn options() -> Result<Options> {
    let mut options = Options { json: false, rounds: 10_000, plugins: 10_000 };
    let mut words = std::env::args().skip(1);
    while let Some(word) = words.next() {
        let mut number = |what| -> Result<usize> { Ok(words.next().context(what)?.parse::<usize>()?.max(1)) };
        match word.as_str() {
            "--json" => options.json = true,
            "--rounds" => options.rounds = number("--rounds needs a number")?,
            "--plugins" => options.plugins = number("--plugins needs a number")?.min(10_000),
            _ => bail!("unexpected argument: {word}"),
        }
    }
    Ok(options)
}

fn main() -> Result<()> {
    let options = options()?;
    // First, while nothing else has left holes in memory.
    let mut figures = run(rest::measure(options.plugins))?;
    figures.extend(run(crossing::measure(options.rounds))?);
    figures.extend(run(throughput::measure(options.rounds / 4))?);
    figures.extend(run(greed::measure(options.rounds / 10))?);
    if options.json {
        for figure in &figures {
            println!("{}", serde_json::to_string(figure)?);
        }
        return Ok(());
    }
    println!("{:<58} {:>10} {:>10} {:>8}  peer", "membrane", "ours", "peer", "ratio");
    for figure in &figures {
        println!("{figure}");
    }
    Ok(())
}

/// Each part on two threads of its own, as a host has them that stays.
fn run(part: impl Future<Output = Result<Vec<Figure>>>) -> Result<Vec<Figure>> {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build()?;
    let figures = runtime.block_on(part);
    runtime.shutdown_background();
    figures
}
