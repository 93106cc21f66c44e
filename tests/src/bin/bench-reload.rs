//! How long it takes from a plugin's file being written to the first call that the new version answers: content that was
//! never compiled, content that was, and beside them what compiling alone takes, in one run.

use std::path::Path;
use std::process::ExitCode;
use std::time::{Duration, Instant};

use anyhow::{Result, bail};
use powerbox_core::{Event, Host};
use powerbox_sandbox::{Compiler, Component, Engine, EngineOptions};
use powerbox_tests::numbered::{self, numbered, version};
use powerbox_tests::powerbox::component;

const ROUNDS: u64 = 40;
const LIMIT: Duration = Duration::from_secs(30);

fn main() -> Result<ExitCode> {
    // As the program does: what is installed is compiled in a process of its own.
    if let Some(ended) = powerbox_sandbox::compile_if_asked() {
        return Ok(ended);
    }
    let asked = |option: &str| std::env::args().any(|argument| argument == option);
    // To see what the process aside costs.
    let compiler = if asked("--in-process") { Compiler::InProcess } else { Compiler::this_program()? };
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build()?;
    runtime.block_on(run(compiler, asked("--json")))?;
    Ok(ExitCode::SUCCESS)
}

/// Writes a version beside its place, moves it there, and calls it as soon as the host tells of it.
async fn swap(host: &Host, file: &Path, bytes: &[u8], number: u64) -> Result<Duration> {
    let aside = file.with_extension("new");
    std::fs::write(&aside, bytes)?;
    let mut events = host.events();
    let written = Instant::now();
    std::fs::rename(&aside, file)?;
    // Calling again and again instead would take time from the compiler.
    while !matches!(tokio::time::timeout(LIMIT, events.recv()).await??, Event::Swapped { .. }) {}
    if version(host).await? != number {
        bail!("version {number} did not come");
    }
    Ok(written.elapsed())
}

async fn run(compiler: Compiler, json: bool) -> Result<()> {
    let folder = tempfile::tempdir()?;
    let engine = EngineOptions::pooling(64);
    let host = numbered::host(folder.path(), engine.clone().compiled_by(compiler)).await?;
    let base = std::fs::read(component("torture-large")?)?;
    let file = folder.path().join("plugin.wasm");
    std::fs::write(&file, numbered(&base, 0)?)?;
    let installation = host.prepare_install(&file, &[]).await?;
    host.install(installation).await?;
    let _watch = host.watch()?;
    version(&host).await?;

    let alone = Engine::new(engine)?;
    let (mut cold, mut warm, mut compiling) = (Vec::new(), Vec::new(), Vec::new());
    for number in 1..=ROUNDS {
        cold.push(swap(&host, &file, &numbered(&base, number)?, number).await?);
        let bytes = numbered(&base, number + ROUNDS)?;
        let begun = Instant::now();
        Component::<()>::load(&alone, None, bytes, |_| true).await?;
        compiling.push(begun.elapsed());
        // The one before is in the cache.
        warm.push(swap(&host, &file, &numbered(&base, number - 1)?, number - 1).await?);
        // And back, so that the next is new.
        swap(&host, &file, &numbered(&base, number)?, number).await?;
    }
    let rows = [
        ("file written to first call, never compiled", cold),
        ("file written to first call, compiled before", warm),
        ("compiling alone", compiling),
    ];
    let mut figures = Vec::new();
    for (what, mut times) in rows {
        times.sort();
        let at =
            |part: usize| times.get(times.len() * part / 100).map_or(0.0, |time| time.as_secs_f64() * 1e3);
        figures.push((what, at(50), at(95)));
    }
    if json {
        let rows = figures
            .iter()
            .map(|(what, p50, p95)| serde_json::json!({ "what": what, "p50": p50, "p95": p95 }));
        println!("{}", rows.collect::<serde_json::Value>());
    } else {
        println!("a component of {} KiB, {ROUNDS} times, milliseconds", base.len() >> 10);
        for (what, p50, p95) in figures {
            println!("{what:45} p50 {p50:8.1}   p95 {p95:8.1}");
        }
    }
    Ok(())
}
