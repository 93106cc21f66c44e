//! Running the benches.

use std::process::Command;

use anyhow::{Result, bail};

use crate::{
    command,
    host::{self, Profile},
    npm,
    workspace::Workspace,
};

/// Builds everything as it is meant to be used and runs one bench, passing `--json` on.
pub(crate) fn run(workspace: &Workspace, mut arguments: Vec<String>) -> Result<()> {
    let known = ["captp", "invoke", "cli", "membrane", "reload"];
    if !arguments.first().is_some_and(|name| known.contains(&name.as_str())) {
        bail!("name a bench: {}", known.join(", "));
    }
    let bench = format!("bench-{}", arguments.remove(0));
    npm::install(workspace)?;
    host::build(workspace, Profile::Release)?;
    command::run(&mut workspace.cargo_for_host(&["build", "--release", "--bin", &bench])?)?;
    let release = workspace.target().join("release");
    let mut bench = Command::new(release.join(bench));
    // A bench of whole processes must measure this build, not an installed one.
    bench.env("POWERBOX_BIN", release.join("powerbox")).env("POWERBOX_COMPONENTS", workspace.components());
    command::run(bench.args(arguments).current_dir(workspace.root()))
}
