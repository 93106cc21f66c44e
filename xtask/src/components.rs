//! Building plugins as components.

use std::{
    fs,
    path::{Path, PathBuf},
};

use anyhow::{Context, Result};
use powerbox_builder::{
    About, Language, component,
    toolchain::{self, TARGET},
};
use wit_parser::Resolve;

use crate::{
    command,
    plugins::{self, Plugin},
    wasm_compiler::WasmCompiler,
    workspace::Workspace,
};

/// Builds all components and gives the folder where they are.
pub(crate) fn build(workspace: &Workspace) -> Result<PathBuf> {
    let compiler = WasmCompiler::find()?;
    let plugins = plugins::find(workspace)?;
    let folder = workspace.components();
    fs::create_dir_all(&folder).with_context(|| format!("can not make {}", folder.display()))?;
    command::timed("components", || {
        compile(workspace, &compiler, &plugins)?;
        for plugin in &plugins {
            finish(workspace, plugin, &folder)?;
        }
        Ok(())
    })?;
    Ok(folder)
}

fn compile(workspace: &Workspace, compiler: &WasmCompiler, plugins: &[Plugin]) -> Result<()> {
    let mut cargo = workspace.cargo();
    cargo.args(["build", "--quiet", "--profile", "plugin", "--target", TARGET]);
    cargo.arg("--target-dir").arg(workspace.wasm_target());
    for plugin in plugins {
        cargo.args(["--package", &plugin.package]);
    }
    compiler.apply(&mut cargo);
    toolchain::hide_folders(workspace.root(), &mut cargo);
    command::run(&mut cargo)
}

fn finish(workspace: &Workspace, plugin: &Plugin, folder: &Path) -> Result<()> {
    let module = workspace.wasm_target().join(TARGET).join("plugin").join(&plugin.module);
    let module = fs::read(&module).with_context(|| format!("can not read {}", module.display()))?;
    let component =
        encode(workspace, plugin, &module).with_context(|| format!("component {}", plugin.component))?;
    let path = folder.join(format!("{}.wasm", plugin.component));
    // Whoever watches the file, or embeds it, must not be woken by a build that changed nothing.
    if fs::read(&path).is_ok_and(|there| there == component) {
        return Ok(());
    }
    // A reader sees the old file or the new one, never half of one.
    let aside = folder.join(format!(".{}.{}", plugin.component, std::process::id()));
    fs::write(&aside, component)
        .and_then(|()| fs::rename(&aside, &path))
        .with_context(|| format!("can not write {}", path.display()))
}

fn encode(workspace: &Workspace, plugin: &Plugin, module: &[u8]) -> Result<Vec<u8>> {
    let mut sources = Resolve::default();
    for package in ["powerbox-plugin", "endo-daemon"] {
        sources.push_path(workspace.path("wit").join(package))?;
    }
    let own = plugin.folder.join("wit");
    if own.is_dir() {
        sources.push_path(&own)?;
    }
    let about =
        About { version: Some(plugin.version.clone()), licenses: plugin.licence.clone(), ..About::default() };
    component::finish(&component::of_module(module)?, sources, &plugin.component, Language::Rust, &about)
}
