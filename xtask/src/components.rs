//! Building plugins as components.

use std::{
    fs,
    path::{Path, PathBuf},
};

use anyhow::{Context, Result};
use wit_component::ComponentEncoder;

use crate::{
    command, docs,
    plugins::{self, Plugin},
    toolchain::{self, TARGET, Toolchain},
    workspace::Workspace,
};

/// The custom sections that hold the documentation of a component's interfaces; see [`docs`].
const DOCS_SECTION: &str = "powerbox:docs";

/// Builds all components and gives the folder where they are.
pub(crate) fn build(workspace: &Workspace) -> Result<PathBuf> {
    let toolchain = toolchain::find(workspace)?;
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

fn compile(workspace: &Workspace, toolchain: &Toolchain, plugins: &[Plugin]) -> Result<()> {
    let mut cargo = workspace.cargo();
    cargo.args(["build", "--quiet", "--profile", "plugin", "--target", TARGET]);
    cargo.arg("--target-dir").arg(workspace.wasm_target());
    for plugin in plugins {
        cargo.args(["--package", &plugin.package]);
    }
    toolchain.apply(workspace, &mut cargo);
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
    let mut component = ComponentEncoder::default().validate(true).module(module)?.encode()?;
    for package in docs::encode(workspace, plugin, &component).context("its documentation")? {
        append_section(&mut component, DOCS_SECTION, &package);
    }
    Ok(component)
}

/// Appends a custom section: its number, its length, the name with its length, and the content.
fn append_section(component: &mut Vec<u8>, name: &str, content: &[u8]) {
    let mut head = Vec::new();
    leb128(&mut head, name.len());
    head.extend_from_slice(name.as_bytes());
    component.push(0);
    leb128(component, head.len() + content.len());
    component.extend(head);
    component.extend_from_slice(content);
}

fn leb128(bytes: &mut Vec<u8>, mut number: usize) {
    while number >= 0x80 {
        bytes.push((number & 0x7f) as u8 | 0x80);
        number >>= 7;
    }
    bytes.push(number as u8);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sections_carry_their_lengths() {
        let mut component = vec![1];
        append_section(&mut component, "ab", &[7; 200]);
        assert_eq!(component[..7], [1, 0, 0xcb, 0x01, 2, b'a', b'b']);
        assert_eq!(component.len(), 7 + 200);
    }
}
