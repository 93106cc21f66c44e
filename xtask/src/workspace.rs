//! Where things are, and how cargo is called.

use std::{
    env,
    path::{Path, PathBuf},
    process::Command,
};

use anyhow::{Context, Result};

use crate::plugins;

/// The workspace that this tool belongs to.
#[derive(Debug)]
pub(crate) struct Workspace {
    root: PathBuf,
    target: PathBuf,
}

impl Workspace {
    /// Finds the workspace.
    pub(crate) fn find() -> Result<Self> {
        // Set by cargo when it runs the tool, so that a moved checkout is found too.
        let manifest =
            env::var("CARGO_MANIFEST_DIR").unwrap_or_else(|_| env!("CARGO_MANIFEST_DIR").to_owned());
        let root = Path::new(&manifest).parent().context("xtask is not in a workspace")?.to_owned();
        let target = match env::var_os("CARGO_TARGET_DIR") {
            Some(folder) => env::current_dir()?.join(folder),
            None => root.join("target"),
        };
        Ok(Self { root, target })
    }

    /// Gives a place in the workspace.
    pub(crate) fn path(&self, path: &str) -> PathBuf {
        self.root.join(path)
    }

    /// Gives the workspace's folder.
    pub(crate) fn root(&self) -> &Path {
        &self.root
    }

    /// Gives the folder for what cargo builds for this machine.
    pub(crate) fn target(&self) -> &Path {
        &self.target
    }

    /// Gives the folder for what is built for WebAssembly. Not the host's, so that neither waits for the other.
    pub(crate) fn wasm_target(&self) -> PathBuf {
        self.target.join("wasm")
    }

    /// Gives the folder of the finished components.
    pub(crate) fn components(&self) -> PathBuf {
        self.target.join("components")
    }

    /// Makes a call of cargo for all crates that run on this machine.
    ///
    /// Always for all, even where one is wanted: cargo would choose other features of their dependencies for a few,
    /// and build those anew.
    pub(crate) fn cargo_for_host(&self, command: &[&str]) -> Result<Command> {
        let mut cargo = self.cargo();
        cargo.args(command).arg("--workspace");
        for plugin in plugins::find(self)? {
            cargo.args(["--exclude", &plugin.package]);
        }
        Ok(cargo)
    }

    /// Makes a call of cargo in the workspace, with which the host's build finds the components.
    pub(crate) fn cargo(&self) -> Command {
        let mut cargo = Command::new(env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
        cargo.current_dir(&self.root).env("CARGO_TARGET_DIR", &self.target);
        cargo.env("POWERBOX_COMPONENTS", self.components());
        // What cargo said about the tool itself must not reach other packages.
        for (key, _) in env::vars_os() {
            let text = key.to_string_lossy();
            if text.starts_with("CARGO_PKG_") || text.starts_with("CARGO_MANIFEST_") {
                cargo.env_remove(&key);
            }
        }
        cargo
    }
}
