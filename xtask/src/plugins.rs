//! Which crates are plugins, and which component each becomes.
//!
//! A plugin says so itself, in its Cargo.toml:
//!
//! ```toml
//! [package.metadata.powerbox]
//! component = "storage"
//! ```

use anyhow::{Context, Error, Result};
use powerbox_builder::Project;

use crate::{command, workspace::Workspace};

/// Finds all plugins of the workspace.
pub(crate) fn find(workspace: &Workspace) -> Result<Vec<Project>> {
    let mut cargo = workspace.cargo();
    let metadata = command::output(cargo.args(["metadata", "--no-deps", "--format-version", "1"]));
    let metadata = serde_json::from_str(&metadata.context("`cargo metadata` failed")?)?;
    powerbox_builder::projects_of(&metadata).map_err(Error::msg)
}

/// The package of cargo that a plugin is, and the file of the core module that cargo makes of it.
pub(crate) fn package(plugin: &Project) -> Result<(&str, &str)> {
    plugin.package().context("the workspace's plugins are crates")
}
