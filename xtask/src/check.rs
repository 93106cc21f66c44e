//! Formatting and lints.

use anyhow::Result;

use crate::{command, components, plugins, workspace::Workspace};

/// Checks the formatting, then lints everything with warnings denied.
pub(crate) fn run(workspace: &Workspace) -> Result<()> {
    command::run(workspace.cargo().args(["fmt", "--all", "--check"]))?;
    // The program embeds components, so even checking it needs them.
    components::build(workspace)?;
    // Plugins are checked as if they were for this machine, which spares a second build of all dependencies.
    let deny = ["--", "--deny", "warnings"];
    command::run(workspace.cargo().args(["clippy", "--workspace", "--all-targets"]).args(deny))?;
    for plugin in plugins::find(workspace)?.iter().filter(|plugin| !plugin.features.is_empty()) {
        let mut cargo = workspace.cargo();
        cargo.args(["clippy", "--package", &plugin.package, "--features", &plugin.features.join(",")]);
        command::run(cargo.args(deny))?;
    }
    Ok(())
}
