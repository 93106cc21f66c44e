//! Which crates are plugins, and which components they become.
//!
//! A plugin says so itself, in its Cargo.toml:
//!
//! ```toml
//! [package.metadata.powerbox]
//! component = "storage"
//!
//! # One crate may become several components.
//! [[package.metadata.powerbox.builds]]
//! component = "reload-v2"
//! features = ["v2"]
//! ```

use std::path::PathBuf;

use anyhow::{Context, Result, bail};
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
    /// The features to build with.
    pub(crate) features: Vec<String>,
    /// The name of the component.
    pub(crate) component: String,
}

/// Finds all plugins of the workspace.
pub(crate) fn find(workspace: &Workspace) -> Result<Vec<Plugin>> {
    let mut cargo = workspace.cargo();
    let metadata = command::output(cargo.args(["metadata", "--no-deps", "--format-version", "1"]));
    let metadata: Value = serde_json::from_str(&metadata.context("`cargo metadata` failed")?)?;
    let packages = list(&metadata, "/packages").context("`cargo metadata` names no packages")?;
    let mut plugins = Vec::new();
    for package in packages {
        let Some(settings) = package.pointer("/metadata/powerbox") else { continue };
        let package = Package::read(package).context("`cargo metadata` is not understood")?;
        let first = settings.get("component").map(|_| settings);
        let builds: Vec<&Value> =
            first.into_iter().chain(list(settings, "/builds").into_iter().flatten()).collect();
        if builds.is_empty() {
            bail!("package {} does not say which component it becomes", package.name);
        }
        for build in builds {
            plugins.push(package.plugin(build)?);
        }
    }
    Ok(plugins)
}

fn list<'a>(value: &'a Value, pointer: &str) -> Option<&'a Vec<Value>> {
    value.pointer(pointer)?.as_array()
}

fn text<'a>(value: &'a Value, pointer: &str) -> Option<&'a str> {
    value.pointer(pointer)?.as_str()
}

struct Package<'a> {
    name: &'a str,
    module: String,
    folder: PathBuf,
}

impl<'a> Package<'a> {
    fn read(package: &'a Value) -> Option<Self> {
        let is_cdylib = |target: &&Value| {
            list(target, "/crate_types").is_some_and(|types| types.iter().any(|ty| ty == "cdylib"))
        };
        let target = list(package, "/targets")?.iter().find(is_cdylib)?;
        let manifest = PathBuf::from(text(package, "/manifest_path")?);
        Some(Self {
            name: text(package, "/name")?,
            module: format!("{}.wasm", text(target, "/name")?.replace('-', "_")),
            folder: manifest.parent()?.to_owned(),
        })
    }

    fn plugin(&self, build: &Value) -> Result<Plugin> {
        let features = list(build, "/features").into_iter().flatten().filter_map(Value::as_str);
        let component = text(build, "/component");
        Ok(Plugin {
            package: self.name.to_owned(),
            module: self.module.clone(),
            folder: self.folder.clone(),
            features: features.map(str::to_owned).collect(),
            component: component.with_context(|| format!("a build of {} has no name", self.name))?.to_owned(),
        })
    }
}
