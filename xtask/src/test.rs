//! Running the tests.

use anyhow::{Context, Result};

use crate::{command, components, npm, plugins, workspace::Workspace};

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
    let mut cargo = workspace.cargo();
    if command::works("cargo", &["nextest", "--version"]) {
        cargo.args(["nextest", "run"]);
    } else {
        cargo.arg("test");
    }
    match endo {
        Some(socket) => {
            cargo.env("POWERBOX_TEST_ENDO", socket).args([
                "--package",
                "powerbox-tests",
                "--test",
                "storage",
            ]);
        }
        None => {
            cargo.arg("--workspace");
            // Plugins are tested by running them; their crates can not be linked for this machine.
            let mut packages: Vec<_> =
                plugins::find(workspace)?.into_iter().map(|plugin| plugin.package).collect();
            packages.dedup();
            for package in packages {
                cargo.arg("--exclude").arg(package);
            }
        }
    }
    command::run(cargo.args(arguments))
}
