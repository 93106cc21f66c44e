//! Building plugins as components.

use std::{
    fs,
    path::{Path, PathBuf},
};

use anyhow::{Context, Result};
use powerbox_builder::{
    Project,
    toolchain::rust::{self as toolchain, TARGET, Toolchain},
};

use crate::{command, plugins, workspace::Workspace};

/// Builds all components and gives the folder where they are.
pub(crate) fn build(workspace: &Workspace) -> Result<PathBuf> {
    let toolchain = toolchain::find_or_make(workspace.root(), &command::say)?;
    let plugins = plugins::find(workspace)?;
    let folder = workspace.components();
    fs::create_dir_all(&folder).with_context(|| format!("can not make {}", folder.display()))?;
    command::timed("components", || {
        compile(workspace, &toolchain, &plugins)?;
        for plugin in &plugins {
            finish(workspace, plugin, &folder)?;
        }
        Ok(())
    })?;
    Ok(folder)
}

/// Compiles all of them in one call of cargo, which builds what they share once.
fn compile(workspace: &Workspace, toolchain: &Toolchain, plugins: &[Project]) -> Result<()> {
    let mut cargo = workspace.cargo();
    cargo.args(["build", "--quiet", "--profile", "plugin", "--target", TARGET]);
    cargo.arg("--target-dir").arg(workspace.wasm_target());
    for plugin in plugins {
        cargo.args(["--package", plugins::package(plugin)?.0]);
    }
    toolchain.apply(workspace.root(), &mut cargo);
    command::run(&mut cargo)
}

fn finish(workspace: &Workspace, plugin: &Project, folder: &Path) -> Result<()> {
    let module = plugins::package(plugin)?.1;
    let module = workspace.wasm_target().join(TARGET).join("plugin").join(module);
    let module = fs::read(&module).with_context(|| format!("can not read {}", module.display()))?;
    let component = powerbox_builder::finish(plugin, &module)
        .with_context(|| format!("component {}", plugin.component))?;
    let path = folder.join(format!("{}.wasm", plugin.component));
    powerbox_builder::write(&path, &component)
        .with_context(|| format!("can not write {}", path.display()))?;
    Ok(())
}
