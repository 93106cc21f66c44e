//! Formatting, lints, licences and advisories.

use anyhow::Result;

use crate::{advisories, command, components, licences, reference, workspace::Workspace};

/// Checks the formatting, then lints everything with warnings denied.
pub(crate) fn run(workspace: &Workspace) -> Result<()> {
    command::run(workspace.cargo().args(["fmt", "--all", "--check"]))?;
    licences::check(workspace)?;
    advisories::check(workspace)?;
    reference::run(workspace, true)?;
    // The program embeds components, so even checking it needs them.
    components::build(workspace)?;
    // Plugins are checked as if they were for this machine, which spares a second build of all dependencies.
    let mut cargo = workspace.cargo();
    cargo.args(["clippy", "--workspace", "--all-targets", "--keep-going", "--", "--deny", "warnings"]);
    command::run(&mut cargo)
}
