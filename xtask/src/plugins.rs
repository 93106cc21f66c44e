//! Which crates are plugins, and which component each becomes.
//!
//! A plugin says so itself, in its Cargo.toml:
//!
//! ```toml
//! [package.metadata.powerbox]
//! component = "storage"
//! ```

use std::path::PathBuf;

use anyhow::{Context, Result};
use serde_json::Value;

use crate::{command, workspace::Workspace};

/// One component to build.
#[derive(Debug)]
pub(crate) struct Plugin {
    /// The cargo package.
    pub(crate) package: String,
    /// The file name of the core module that cargo makes.
    pub(crate) module: String,
    /// The package's folder.
    pub(crate) folder: PathBuf,
    /// The name of the component.
    pub(crate) component: String,
    /// Whether it has tests that run on this machine.
    pub(crate) has_tests: bool,
    /// Its version.
    pub(crate) version: String,
    /// Its licence, an SPDX expression.
    pub(crate) licence: Option<String>,
}

/// Finds all plugins of the workspace.
pub(crate) fn find(workspace: &Workspace) -> Result<Vec<Plugin>> {
    let mut cargo = workspace.cargo();
    let metadata = command::output(cargo.args(["metadata", "--no-deps", "--format-version", "1"]));
    let metadata: Value = serde_json::from_str(&metadata.context("`cargo metadata` failed")?)?;
    let packages = list(&metadata, "/packages").context("`cargo metadata` names no packages")?;
    let read = |package| {
        let settings: &Value = Value::pointer(package, "/metadata/powerbox")?;
        Some(Plugin::read(package, settings).context("a package with `metadata.powerbox` is no plugin"))
    };
    packages.iter().filter_map(read).collect()
}

fn list<'a>(value: &'a Value, pointer: &str) -> Option<&'a Vec<Value>> {
    value.pointer(pointer)?.as_array()
}

fn text<'a>(value: &'a Value, pointer: &str) -> Option<&'a str> {
    value.pointer(pointer)?.as_str()
}

impl Plugin {
    fn read(package: &Value, settings: &Value) -> Option<Self> {
        let is_cdylib = |target: &&Value| {
            list(target, "/crate_types").is_some_and(|types| types.iter().any(|ty| ty == "cdylib"))
        };
        let target = list(package, "/targets")?.iter().find(is_cdylib)?;
        let manifest = PathBuf::from(text(package, "/manifest_path")?);
        Some(Self {
            package: text(package, "/name")?.to_owned(),
            module: format!("{}.wasm", text(target, "/name")?.replace('-', "_")),
            folder: manifest.parent()?.to_owned(),
            component: text(settings, "/component")?.to_owned(),
            has_tests: target.get("test").and_then(Value::as_bool).unwrap_or_default(),
            version: text(package, "/version")?.to_owned(),
            licence: text(package, "/license").map(str::to_owned),
        })
    }
}
