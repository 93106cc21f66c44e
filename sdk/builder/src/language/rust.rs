//! Rust: cargo for `wasm32-unknown-unknown`, which has no system to import from, and the encoder.

use std::env;
use std::path::{Path, PathBuf};
use std::process::Command;

use powerbox_files::read_regular;
use serde_json::Value;

use crate::build::{BuildError, BuildOptions, COMPONENT_BYTES};
use crate::component;
use crate::pack;
use crate::project::Project;
use crate::remedy;
use crate::tool::{self, Ended};
use crate::toolchain::{self, TARGET};

/// The crates of the SDK, as they are laid out in a project, from where the sources are in the pack.
const CRATES: &[(&str, &str)] = &[
    ("sdk/rust", "rust"),
    ("sdk/macros", "macros"),
    ("sdk/testing/rust", "testing"),
    ("host/passable", "passable"),
];

pub(crate) fn build(project: &Project, options: &BuildOptions) -> Result<Vec<u8>, BuildError> {
    lay_out_sdk(project)?;
    toolchain::rust().required()?;
    let package = package(project)?;
    let mut cargo = cargo(&project.folder);
    cargo.args(["build", "--lib", "--target", TARGET, "--package", &package.name]);
    cargo.args(["--color", if options.coloured { "always" } else { "never" }]);
    if options.debug {
        cargo.args(["--config", "profile.dev.debug=false", "--config", "profile.dev.panic=\"abort\""]);
    } else {
        // Small, and with names kept for traps.
        cargo.arg("--release");
        for setting in
            ["opt-level=\"s\"", "lto=true", "codegen-units=1", "panic=\"abort\"", "strip=\"debuginfo\""]
        {
            cargo.args(["--config", &format!("profile.release.{setting}")]);
        }
    }
    toolchain::hide_folders(&project.folder, &mut cargo);
    match tool::aside(&mut cargo, &options.cancel).map_err(BuildError::io(Path::new("cargo")))? {
        Ended::Well => {}
        Ended::Badly(said) => return Err(BuildError::Tool { tool: "cargo", said }),
        Ended::Cancelled => return Err(BuildError::Cancelled),
    }
    let profile = if options.debug { "debug" } else { "release" };
    let module = package.target.join(TARGET).join(profile).join(package.module);
    let module = read_regular(&module, COMPONENT_BYTES).map_err(BuildError::io(&module))?;
    component::of_module(&module).map_err(|error| BuildError::Component(format!("{error:#}")))
}

/// Cargo in a folder, untouched by a cargo that may have started this process.
fn cargo(folder: &Path) -> Command {
    let mut cargo = Command::new("cargo");
    cargo.current_dir(folder);
    for (key, _) in env::vars_os() {
        let text = key.to_string_lossy();
        if text.starts_with("CARGO_PKG_") || text.starts_with("CARGO_MANIFEST_") || text == "CARGO_TARGET_DIR"
        {
            cargo.env_remove(&key);
        }
    }
    cargo
}

struct Package {
    name: String,
    module: String,
    target: PathBuf,
}

/// Asks cargo what it calls what it makes of the project.
fn package(project: &Project) -> Result<Package, BuildError> {
    let mut metadata = cargo(&project.folder);
    metadata.args(["metadata", "--no-deps", "--format-version", "1"]);
    let output = metadata.output().map_err(|error| BuildError::Missing {
        what: format!("cargo cannot be run: {error}"),
        remedy: remedy::RUST,
    })?;
    if !output.status.success() {
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        return Err(BuildError::Tool { tool: "cargo", said });
    }
    let wrong =
        |what: &str| BuildError::Project(format!("{}: {what}", project.folder.join("Cargo.toml").display()));
    let metadata: Value =
        serde_json::from_slice(&output.stdout).map_err(|_| wrong("`cargo metadata` is not understood"))?;
    let manifest = project.folder.join("Cargo.toml");
    let packages = metadata.get("packages").and_then(Value::as_array).into_iter().flatten();
    let mut own = packages.filter(|package| {
        package.get("manifest_path").and_then(Value::as_str).is_some_and(|path| Path::new(path) == manifest)
    });
    let package = own.next().ok_or_else(|| wrong("it is no package"))?;
    let targets = package.get("targets").and_then(Value::as_array).into_iter().flatten();
    let mut libraries = targets.filter(|target| {
        let types = target.get("crate_types").and_then(Value::as_array).into_iter().flatten();
        types.into_iter().any(|ty| ty == "cdylib")
    });
    let library = libraries.next().ok_or_else(|| wrong("a plugin has `[lib] crate-type = [\"cdylib\"]`"))?;
    let text = |value: &Value, key: &str| value.get(key).and_then(Value::as_str).map(str::to_owned);
    let name = text(package, "name").ok_or_else(|| wrong("it has no name"))?;
    let module = text(library, "name").ok_or_else(|| wrong("its library has no name"))?;
    let target = text(&metadata, "target_directory").ok_or_else(|| wrong("it has no target folder"))?;
    Ok(Package { name, module: format!("{}.wasm", module.replace('-', "_")), target: target.into() })
}

/// Puts the SDK into the project, where it depends on it by a path: no registry has it, and a path inside the project
/// is the same on every machine, so that the same sources make the same component.
fn lay_out_sdk(project: &Project) -> Result<(), BuildError> {
    let to = project.made().join("sdk");
    let mut members = Vec::new();
    for (from, name) in CRATES {
        if pack::below(from).next().is_some() {
            pack::lay_out(from, &to.join(name)).map_err(BuildError::io(&to))?;
            members.push((*from, *name));
        }
    }
    let manifest = workspace(&members)
        .ok_or_else(|| BuildError::Project("the SDK in this program is broken".to_owned()))?;
    pack::write(&to.join("Cargo.toml"), manifest.as_bytes()).map_err(BuildError::io(&to))
}

/// The manifest of the SDK's workspace in a project: that of our own, with only these members.
fn workspace(members: &[(&str, &str)]) -> Option<String> {
    let ours: toml::Table = toml::from_str(std::str::from_utf8(pack::file("Cargo.toml")?).ok()?).ok()?;
    let mut workspace = ours.get("workspace")?.as_table()?.clone();
    workspace.remove("default-members");
    let names = members.iter().map(|(_, name)| toml::Value::from(*name));
    workspace.insert("members".to_owned(), names.collect::<Vec<_>>().into());
    let dependencies = workspace.get_mut("dependencies")?.as_table_mut()?;
    dependencies.retain(|_, dependency| match dependency.get_mut("path") {
        None => true,
        Some(path) => {
            let known = members.iter().find(|(from, _)| path.as_str() == Some(from));
            if let Some((_, name)) = known {
                *path = toml::Value::from(*name);
            }
            known.is_some()
        }
    });
    let mut manifest = toml::Table::new();
    manifest.insert("workspace".to_owned(), workspace.into());
    toml::to_string(&manifest).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_sdk_is_a_workspace_of_its_own_in_a_project() {
        let manifest = workspace(CRATES).unwrap();
        assert!(manifest.contains("path = \"passable\""), "{manifest}");
        assert!(!manifest.contains("host/"), "{manifest}");
    }
}
