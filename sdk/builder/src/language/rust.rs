//! Rust: a package of cargo that is built for a target without any system.

use std::fs;
use std::path::{Path, PathBuf};

use serde_json::Value;

use crate::build::{BuildError, BuildOptions, Profile};
use crate::carried;
use crate::project::{About, Kind, Language, Project};
use crate::tool;
use crate::toolchain::rust::{self as toolchain, TARGET};

/// What cargo says of a package.
#[derive(Clone, Debug)]
pub(crate) struct Crate {
    package: String,
    /// The file name of the core module that cargo makes.
    module: String,
    /// The workspace's folder, which is the package's own if it is in no workspace.
    workspace: PathBuf,
    target: PathBuf,
    /// Whether its SDK is the one that is laid out in the project.
    carries_sdk: bool,
}

/// Where a project has its SDK.
const SDK: &str = ".powerbox/sdk";

/// Reads a manifest; gives nothing if it does not speak of a plugin.
pub(crate) fn read(folder: &Path, text: &str) -> Result<Option<(String, About, Kind)>, String> {
    let manifest: toml::Table = text.parse().map_err(|error: toml::de::Error| error.to_string())?;
    let settings = ["package", "metadata", "powerbox"]
        .iter()
        .try_fold(&manifest, |table, key| table.get(*key).and_then(toml::Value::as_table));
    if settings.is_none() {
        return Ok(None);
    }
    // What a workspace says for its members, and where they are built, is cargo's to know.
    let mut cargo = toolchain::cargo();
    cargo.current_dir(folder).args(["metadata", "--no-deps", "--format-version", "1"]);
    let output = cargo.output().map_err(|error| format!("cannot start `cargo`: {error}"))?;
    if !output.status.success() {
        return Err(String::from_utf8_lossy(&output.stderr).trim_end().to_owned());
    }
    let metadata = serde_json::from_slice(&output.stdout).map_err(|error| error.to_string())?;
    let projects = projects_of(&metadata)?;
    let own = projects.into_iter().find(|project| project.folder == folder);
    let own = own.ok_or("cargo does not name this package")?;
    Ok(Some((own.component, own.about, own.kind)))
}

/// Gives the plugins among the packages of a workspace, from the answer of `cargo metadata --no-deps`.
///
/// # Errors
///
/// If the answer is another than cargo's, or a package that calls itself a plugin cannot be one.
pub fn projects_of(metadata: &Value) -> Result<Vec<Project>, String> {
    let packages = list(metadata, "/packages").ok_or("`cargo metadata` names no packages")?;
    let path =
        |pointer| text(metadata, pointer).map(PathBuf::from).ok_or("`cargo metadata` names no folders");
    let (workspace, target) = (path("/workspace_root")?, path("/target_directory")?);
    packages
        .iter()
        .filter_map(|package| Some((package, package.pointer("/metadata/powerbox")?)))
        .map(|(package, settings)| project_of(package, settings, &workspace, &target))
        .collect()
}

fn project_of(package: &Value, settings: &Value, workspace: &Path, target: &Path) -> Result<Project, String> {
    let name = text(package, "/name").ok_or("a package has no name")?;
    let component = text(settings, "/component")
        .ok_or_else(|| format!("package {name}: [package.metadata.powerbox] needs component = \"name\""))?;
    let is_cdylib = |target: &&Value| {
        list(target, "/crate_types").is_some_and(|types| types.iter().any(|ty| ty == "cdylib"))
    };
    let library = list(package, "/targets").and_then(|targets| targets.iter().find(is_cdylib));
    let library = library.and_then(|library| text(library, "/name")).ok_or_else(|| {
        format!("package {name}: a plugin is a library with crate-type = [\"cdylib\"] under [lib]")
    })?;
    let manifest = PathBuf::from(text(package, "/manifest_path").ok_or("a package has no manifest")?);
    let folder = manifest.parent().ok_or("a manifest is in no folder")?.to_owned();
    let own = |pointer| text(package, pointer).map(str::to_owned);
    let about = About {
        version: own("/version"),
        description: own("/description"),
        authors: list(package, "/authors")
            .into_iter()
            .flatten()
            .filter_map(Value::as_str)
            .map(str::to_owned)
            .collect(),
        license: own("/license"),
        source: own("/repository"),
        homepage: own("/homepage"),
    };
    let sdk = folder.join(SDK);
    let mut paths =
        list(package, "/dependencies").into_iter().flatten().filter_map(|needed| text(needed, "/path"));
    let kind = Kind::Rust(Crate {
        package: name.to_owned(),
        module: format!("{}.wasm", library.replace('-', "_")),
        workspace: workspace.to_owned(),
        target: target.to_owned(),
        carries_sdk: paths.any(|path| Path::new(path).starts_with(&sdk)),
    });
    Ok(Project { folder, component: component.to_owned(), about, kind })
}

fn list<'a>(value: &'a Value, pointer: &str) -> Option<&'a Vec<Value>> {
    value.pointer(pointer)?.as_array()
}

fn text<'a>(value: &'a Value, pointer: &str) -> Option<&'a str> {
    value.pointer(pointer)?.as_str()
}

impl Project {
    /// The package of cargo and the file of the core module that cargo makes of it, if it is in Rust.
    pub fn package(&self) -> Option<(&str, &str)> {
        match &self.kind {
            Kind::Rust(package) => Some((&package.package, &package.module)),
            _ => None,
        }
    }
}

/// What makes a component small, with names kept for traps. Projects need not say it.
const RELEASE: [&str; 5] =
    [r#"opt-level="s""#, "lto=true", "codegen-units=1", r#"panic="abort""#, r#"strip="debuginfo""#];

/// Makes the core module.
pub(crate) fn compile(
    project: &Project,
    package: &Crate,
    options: &BuildOptions,
) -> Result<Vec<u8>, BuildError> {
    if package.carries_sdk {
        carried::lay_out_for(Language::Rust, &project.folder)?;
    }
    if tool::output(toolchain::cargo().arg("--version")).is_none() {
        return Err(BuildError::missing("cargo"));
    }
    let compiler = toolchain::find(&project.folder, &|what| options.note(what))?;
    let mut cargo = toolchain::cargo();
    cargo.current_dir(&project.folder).args([
        "build",
        "--lib",
        "--target",
        TARGET,
        "--package",
        &package.package,
    ]);
    let folder = match options.profile {
        Profile::Release => {
            cargo.arg("--release");
            for setting in RELEASE {
                cargo.args(["--config", &format!("profile.release.{setting}")]);
            }
            "release"
        }
        Profile::Debug => {
            // Not less: unoptimised components are too large for the host's limits.
            cargo.args(["--config", "profile.dev.opt-level=1", "--config", r#"profile.dev.panic="abort""#]);
            cargo.args(["--config", r#"profile.dev.debug="line-tables-only""#]);
            "debug"
        }
    };
    compiler.apply(&package.workspace, &mut cargo);
    // Errors are for a person to read; how far it got is not.
    cargo.args(["--quiet", "--color", "never"]);
    tool::run("cargo", &mut cargo, &options.cancelled)?;
    Ok(fs::read(package.target.join(TARGET).join(folder).join(&package.module))?)
}
