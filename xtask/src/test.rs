//! Running the tests.

use anyhow::{Context, Result};

use crate::{command, components, npm, plugins, wasm_compiler::WasmCompiler, workspace::Workspace};

/// Builds what tests need and runs them. All arguments but `--endo SOCKET` go to the runner.
pub(crate) fn run(workspace: &Workspace, mut arguments: Vec<String>) -> Result<()> {
    let mut endo = None;
    if let Some(place) = arguments.iter().position(|argument| argument == "--endo") {
        arguments.remove(place);
        endo = Some(if place < arguments.len() { Some(arguments.remove(place)) } else { None });
    }
    let endo = endo.map(|socket| socket.context("--endo needs the path of a daemon's socket")).transpose()?;

    components::build(workspace)?;
    npm::install(workspace)?;
    // Tests run the programs, which building the tests alone would not build.
    command::timed("programs and tests", || {
        command::run(&mut workspace.cargo_for_host(&["build", "--all-targets"])?)
    })?;
    // Parts of plugins that need no host. They are left out below, since whole plugins cannot be linked for this machine.
    let mut cargo = workspace.cargo();
    cargo.args(["test", "--quiet", "--lib"]);
    for plugin in plugins::find(workspace)?.iter().filter(|plugin| plugin.has_tests) {
        cargo.args(["--package", &plugin.package]);
    }
    command::timed("tests of plugins", || command::run(&mut cargo))?;
    let runner: &[&str] =
        if command::works("cargo", &["nextest", "--version"]) { &["nextest", "run"] } else { &["test"] };
    let mut cargo = workspace.cargo_for_host(runner)?;
    WasmCompiler::find()?.apply_to_tests(&mut cargo);
    if let Some(socket) = endo {
        cargo.env("POWERBOX_TEST_ENDO", socket).args(["--test", "storage"]);
    }
    command::run(cargo.args(arguments))
}
