//! Running the benches.

use anyhow::{Result, bail};

use crate::{
    command,
    host::{self, Profile},
    npm,
    workspace::Workspace,
};

/// Builds everything as it is meant to be used and runs one bench, passing `--json` on.
pub(crate) fn run(workspace: &Workspace, mut arguments: Vec<String>) -> Result<()> {
    let known = ["captp", "invoke", "cli"];
    if !arguments.first().is_some_and(|name| known.contains(&name.as_str())) {
        bail!("name a bench: {}", known.join(", "));
    }
    let bench = format!("bench-{}", arguments.remove(0));
    npm::install(workspace)?;
    host::build(workspace, Profile::Release)?;
    let mut cargo = workspace.cargo();
    cargo.args(["run", "--quiet", "--release", "--package", "powerbox-tests", "--bin", &bench, "--"]);
    // A bench of whole processes must measure this build, not an installed one.
    cargo.env("POWERBOX_PROGRAM", workspace.target().join("release/powerbox"));
    command::run(cargo.args(arguments))
}
