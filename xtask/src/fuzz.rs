//! Fuzzing: building our crates so that a fuzzer sees which of their code an input reaches, and running it.
//!
//! Only the crates of the workspace are built anew for it. Cargo calls a wrapper in place of the compiler for those, and
//! this tool is the wrapper.

use std::{
    env, fs,
    path::PathBuf,
    process::{Command, ExitCode},
};

use anyhow::{Context, Result, bail};

use crate::{command, components, workspace::Workspace};

/// Set for the wrapper, so that this tool knows what it was called as.
const WRAPPER: &str = "POWERBOX_FUZZ_COMPILER";

/// What can be fuzzed.
const TARGETS: [&str; 4] = ["bridge", "manifest", "caveats", "session"];

/// What the fuzzer needs to see, in the words of LLVM.
const INSTRUMENTED: [&str; 6] = [
    "-Cpasses=sancov-module",
    "-Cllvm-args=-sanitizer-coverage-level=4",
    "-Cllvm-args=-sanitizer-coverage-inline-8bit-counters",
    "-Cllvm-args=-sanitizer-coverage-pc-table",
    "-Copt-level=2",
    "-Ccodegen-units=1",
];

/// The compiler's wrapper: adds what the fuzzer needs to the crates whose code it shall see.
pub(crate) fn as_compiler() -> Option<ExitCode> {
    env::var_os(WRAPPER)?;
    let mut arguments = env::args_os().skip(1);
    let mut compiler = Command::new(arguments.next()?);
    let arguments: Vec<_> = arguments.collect();
    let name = arguments.iter().skip_while(|argument| *argument != "--crate-name").nth(1);
    let name = name.map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
    compiler.args(arguments);
    let ours =
        ["powerbox_authority", "powerbox_captp", "powerbox_core", "powerbox_passable", "powerbox_sandbox"];
    if ours.contains(&name.as_str()) || name == "powerbox_fuzz" || name.starts_with("fuzz_") {
        compiler.args(INSTRUMENTED);
    }
    let status = compiler.status().ok()?;
    Some(ExitCode::from(u8::try_from(status.code().unwrap_or(1)).unwrap_or(1)))
}

/// Builds the targets and runs each for a while, all at the same time: `[--seconds N] [TARGETS…]`.
pub(crate) fn run(workspace: &Workspace, mut arguments: Vec<String>) -> Result<()> {
    let mut seconds = 60;
    if let Some(place) = arguments.iter().position(|argument| argument == "--seconds") {
        arguments.remove(place);
        let number = if place < arguments.len() { arguments.remove(place) } else { String::new() };
        seconds = number.parse::<u32>().context("--seconds needs a number")?;
    }
    if let Some(unknown) = arguments.iter().find(|target| !TARGETS.contains(&target.as_str())) {
        bail!("there is no target {unknown:?}; there are {}", TARGETS.join(", "));
    }
    let targets: Vec<&str> = TARGETS
        .into_iter()
        .filter(|target| arguments.is_empty() || arguments.iter().any(|one| one == target))
        .collect();
    // Building everything's features the same way takes the components.
    components::build(workspace)?;
    let binary = |target: &str| format!("fuzz-{target}");
    command::timed("fuzz targets", || {
        let mut cargo = workspace.cargo_for_host(&["build", "--features", "powerbox-fuzz/fuzzer"])?;
        cargo.env("RUSTC_WORKSPACE_WRAPPER", env::current_exe()?).env(WRAPPER, "1");
        for target in &targets {
            cargo.args(["--bin", &binary(target)]);
        }
        command::run(&mut cargo)
    })?;
    let mut running = Vec::new();
    for target in targets {
        // What the fuzzer finds stays in the target folder; what is worth keeping is copied to the corpus by hand.
        let found = workspace.target().join("fuzz").join(target);
        fs::create_dir_all(&found)?;
        let seeds = workspace.path("tests/fuzz/corpus").join(target);
        let mut fuzzer = Command::new(workspace.target().join("debug").join(binary(target)));
        fuzzer.arg(&found).arg(seeds).arg(format!("-max_total_time={seconds}"));
        fuzzer.args([
            "-max_len=4096",
            "-timeout=20",
            "-rss_limit_mb=2048",
            "-print_final_stats=1",
            "-verbosity=0",
        ]);
        fuzzer.arg(format!("-artifact_prefix={}/", failures(workspace)?.display()));
        let said = workspace.target().join("fuzz").join(format!("{target}.log"));
        fuzzer.stderr(fs::File::create(&said)?);
        let started = fuzzer.spawn().with_context(|| format!("can not start the fuzzer of {target}"))?;
        running.push((target, started, said));
    }
    let mut failed = Vec::new();
    for (target, mut fuzzer, said) in running {
        let succeeded = fuzzer.wait()?.success();
        let said = fs::read_to_string(&said).unwrap_or_default();
        if succeeded {
            let count = said.lines().find_map(|line| line.strip_prefix("stat::number_of_executed_units:"));
            command::say(&format!("fuzzed {target}: {} inputs", count.unwrap_or_default().trim()));
        } else {
            eprintln!("{said}");
            failed.push(target);
        }
    }
    if !failed.is_empty() {
        bail!("the fuzzer broke {}; the inputs are in {}", failed.join(", "), failures(workspace)?.display());
    }
    Ok(())
}

fn failures(workspace: &Workspace) -> Result<PathBuf> {
    let folder = workspace.target().join("fuzz/failures");
    fs::create_dir_all(&folder)?;
    Ok(folder)
}
