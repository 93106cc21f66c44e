//! JavaScript: a package of npm, whose source `componentize-qjs` puts into a component together with QuickJS.

use std::ffi::OsStr;
use std::path::Path;
use std::process::Command;

use serde::Deserialize;

use crate::build::{BuildError, BuildOptions};
use crate::project::{About, Kind, Language, Project, Wasi};
use crate::toolchain::node;
use crate::{carried, steady, tool};

/// What a `package.json` says of building.
#[derive(Clone, Debug)]
pub(crate) struct Package {
    source: String,
    world: String,
    wasi: Wasi,
    dependencies: bool,
}

impl Package {
    /// The folder of the sources.
    pub(crate) fn sources(&self) -> &str {
        match self.source.split_once('/') {
            Some((folder, _)) => folder,
            None => &self.source,
        }
    }
}

#[derive(Deserialize)]
struct Manifest {
    version: Option<String>,
    description: Option<String>,
    license: Option<String>,
    homepage: Option<String>,
    author: Option<Person>,
    #[serde(default)]
    contributors: Vec<Person>,
    repository: Option<Repository>,
    #[serde(default)]
    dependencies: serde_json::Map<String, serde_json::Value>,
    powerbox: Option<Settings>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Settings {
    component: String,
    source: Option<String>,
    world: Option<String>,
    wasi: Option<String>,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum Person {
    Text(String),
    Record { name: String },
}

#[derive(Deserialize)]
#[serde(untagged)]
enum Repository {
    Text(String),
    Record { url: String },
}

/// Reads a manifest; gives nothing if it does not speak of a plugin.
pub(crate) fn read(text: &str) -> Result<Option<(String, About, Kind)>, String> {
    let manifest: Manifest = serde_json::from_str(text).map_err(|error| error.to_string())?;
    let Some(settings) = manifest.powerbox else { return Ok(None) };
    let source = settings.source.unwrap_or_else(|| "src/plugin.js".to_owned());
    if source.starts_with('/') || source.split('/').any(|part| part == "..") {
        return Err(format!("`source` must be a file below the project's folder; it is {source:?}"));
    }
    let people = manifest.author.into_iter().chain(manifest.contributors);
    let about = About {
        version: manifest.version,
        description: manifest.description,
        authors: people
            .map(|person| match person {
                Person::Text(name) | Person::Record { name } => name,
            })
            .collect(),
        license: manifest.license,
        source: manifest.repository.map(|repository| match repository {
            Repository::Text(url) | Repository::Record { url } => url,
        }),
        homepage: manifest.homepage,
    };
    let package = Package {
        source,
        world: settings.world.unwrap_or_else(|| "plugin".to_owned()),
        wasi: Wasi::read(settings.wasi.as_deref())?,
        dependencies: !manifest.dependencies.is_empty(),
    };
    Ok(Some((settings.component, about, Kind::JavaScript(package))))
}

/// Makes the component.
pub(crate) fn compile(
    project: &Project,
    package: &Package,
    to: &Path,
    options: &BuildOptions,
) -> Result<(), BuildError> {
    carried::lay_out_for(Language::JavaScript, &project.folder)?;
    if package.dependencies && !project.folder.join("node_modules").exists() {
        options.note("installing the project's npm packages");
        let locked = project.folder.join("package-lock.json").exists();
        let mut npm = Command::new("npm");
        npm.args([
            if locked { "ci" } else { "install" },
            "--no-audit",
            "--no-fund",
            "--omit=dev",
            "--ignore-scripts",
        ]);
        tool::run("npm", npm.current_dir(&project.folder), &options.cancelled)?;
    }
    let componentize = node::componentize(options)?;
    let mut command = Command::new("node");
    command.current_dir(&project.folder).arg(componentize);
    // Below the current folder: the tool opens nothing else.
    command.args(["--wit", ".powerbox/wit", "--world", &package.world]);
    command.args(["--js", &package.source, "--module-root", "."]);
    command.args([OsStr::new("--output"), to.as_os_str()]);
    // Commands are plain functions of the language here, so its engine needs no `async`.
    command.args(["--sync", "--opt-size"]);
    if package.wasi == Wasi::Stubbed {
        command.arg("--stub-wasi");
    }
    let steady_folder = tempfile::tempdir()?;
    steady::steady(&mut command, steady_folder.path())?;
    tool::run("componentize-qjs", &mut command, &options.cancelled).map(|_| ())
}
