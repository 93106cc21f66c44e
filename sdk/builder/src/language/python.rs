//! Python: modules that `componentize-py` puts into a component together with CPython.

use std::fs;
use std::io;
use std::path::Path;
use std::time::{Duration, SystemTime};

use serde::Deserialize;
use sha2::{Digest as _, Sha256};

use crate::build::{BuildError, BuildOptions, hexadecimal};
use crate::project::{About, Kind, Language, Project, Wasi};
use crate::{carried, steady, tool, toolchain};

/// The folder of the sources.
pub(crate) const SOURCES: &str = "src";

/// Names for the interfaces whose modules would be named by which others there are.
const INTERFACES: [&str; 2] =
    ["powerbox:plugin/types@0.1.0=powerbox_types", "endo:daemon/types@0.1.0=endo_types"];

/// What a `pyproject.toml` says of building.
#[derive(Clone, Debug)]
pub(crate) struct Module {
    module: String,
    world: String,
    wasi: Wasi,
}

#[derive(Deserialize)]
struct Manifest {
    #[serde(default)]
    project: Described,
    #[serde(default)]
    tool: Tool,
}

#[derive(Default, Deserialize)]
struct Tool {
    powerbox: Option<Settings>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Settings {
    component: String,
    module: Option<String>,
    world: Option<String>,
    wasi: Option<String>,
}

/// The table `project`, as Python's packagers agree on it.
#[derive(Default, Deserialize)]
struct Described {
    version: Option<String>,
    description: Option<String>,
    license: Option<License>,
    #[serde(default)]
    authors: Vec<Person>,
    #[serde(default)]
    urls: std::collections::BTreeMap<String, String>,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum License {
    Expression(String),
    Record { text: Option<String> },
}

#[derive(Deserialize)]
struct Person {
    name: Option<String>,
    email: Option<String>,
}

/// Reads a manifest; gives nothing if it does not speak of a plugin.
pub(crate) fn read(text: &str) -> Result<Option<(String, About, Kind)>, String> {
    let manifest: Manifest = toml::from_str(text).map_err(|error| error.to_string())?;
    let Some(settings) = manifest.tool.powerbox else { return Ok(None) };
    let project = manifest.project;
    let url = |wanted: &[&str]| {
        let mut urls = project.urls.iter();
        urls.find(|(label, _)| wanted.contains(&label.to_lowercase().as_str())).map(|(_, url)| url.clone())
    };
    let about = About {
        source: url(&["source", "repository", "source code"]),
        homepage: url(&["homepage"]),
        version: project.version,
        description: project.description,
        authors: project.authors.into_iter().filter_map(|person| person.name.or(person.email)).collect(),
        license: project.license.and_then(|license| match license {
            License::Expression(text) => Some(text),
            License::Record { text } => text,
        }),
    };
    let module = Module {
        module: settings.module.unwrap_or_else(|| "app".to_owned()),
        world: settings.world.unwrap_or_else(|| "plugin".to_owned()),
        wasi: Wasi::read(settings.wasi.as_deref())?,
    };
    Ok(Some((settings.component, about, Kind::Python(module))))
}

/// What a component was made of, and which one it became; in the project's `.powerbox`.
const MADE: &str = ".powerbox/made";

/// A digest of all that a build depends on.
pub(crate) fn inputs(project: &Project, module: &Module) -> io::Result<String> {
    let mut digest = Sha256::new();
    digest.update(format!(
        "{}\0{module:?}\0{:?}\0{}",
        toolchain::python::VERSION,
        project.about,
        project.component
    ));
    for (place, content) in carried::below("python").chain(carried::below("wit")) {
        digest.update(format!("{place}\0{}\0", content.len()));
        digest.update(content);
    }
    for folder in [SOURCES, "wit"] {
        add(&project.folder, Path::new(folder), &mut digest)?;
    }
    Ok(hexadecimal(&digest.finalize()))
}

fn add(root: &Path, below: &Path, digest: &mut Sha256) -> io::Result<()> {
    let mut entries = fs::read_dir(root.join(below))?.collect::<Result<Vec<_>, _>>()?;
    entries.sort_by_key(fs::DirEntry::file_name);
    for entry in entries {
        let place = below.join(entry.file_name());
        if entry.file_name() == "__pycache__" {
            continue;
        }
        if entry.path().is_dir() {
            add(root, &place, digest)?;
        } else {
            let content = fs::read(entry.path())?;
            digest.update(format!("{}\0{}\0", place.display(), content.len()));
            digest.update(content);
        }
    }
    Ok(())
}

/// The component, if it is the one that was made of these inputs. The tool sees numbers and times of the files that it
/// unpacks, and keeps some in the component's memory; so making it anew would give it another digest, for nothing.
pub(crate) fn made_before(project: &Project, inputs: &str) -> Option<Vec<u8>> {
    let made = fs::read_to_string(project.folder.join(MADE)).ok()?;
    let component = fs::read(project.output()).ok()?;
    (made == stamp(inputs, &component)).then_some(component)
}

/// Remembers what the component was made of.
pub(crate) fn remember(project: &Project, inputs: &str, component: &[u8]) -> io::Result<()> {
    fs::write(project.folder.join(MADE), stamp(inputs, component))
}

fn stamp(inputs: &str, component: &[u8]) -> String {
    format!("{inputs} {}\n", hexadecimal(&Sha256::digest(component)))
}

/// Makes the component.
pub(crate) fn compile(
    project: &Project,
    module: &Module,
    to: &Path,
    options: &BuildOptions,
) -> Result<(), BuildError> {
    carried::lay_out_for(Language::Python, &project.folder)?;
    let own = project.folder.join(carried::LAID_OUT);
    let mut command = toolchain::python::componentize(options)?;
    // The tool keeps compiled modules beside the sources, and the sources' times in the component. So it is given a
    // copy, which has other times.
    let copy = tempfile::tempdir()?;
    for (from, name) in
        [(project.folder.join(SOURCES), "src"), (own.join("python"), "sdk"), (own.join("wit"), "wit")]
    {
        copy_steadily(&from, &copy.path().join(name))?;
    }
    command.current_dir(copy.path()).args(["--quiet", "--wit-path", "wit", "--world", &module.world]);
    for name in INTERFACES {
        command.args(["--import-interface-name", name]);
    }
    command.args(["componentize", &module.module, "--python-path", "src", "--python-path", "sdk"]);
    command.arg("--output").arg(to);
    if module.wasi == Wasi::Stubbed {
        command.arg("--stub-wasi");
    }
    // A shell that has a virtual environment of its own would have its packages put into the component.
    command.env_remove("VIRTUAL_ENV").env_remove("PYTHONPATH");
    steady::steady(&mut command, copy.path())?;
    let made = tool::run("componentize-py", &mut command, &options.cancelled);
    // Inside the component being made the folders have numbers.
    made.map(|_| ()).map_err(|error| tool::with_paths(error, &[(Path::new("\"/0/"), "\"src/")]))
}

fn copy_steadily(from: &Path, to: &Path) -> io::Result<()> {
    let moment = SystemTime::UNIX_EPOCH + Duration::from_secs(315_532_800);
    fs::create_dir_all(to)?;
    let mut entries = fs::read_dir(from)?.collect::<Result<Vec<_>, _>>()?;
    entries.sort_by_key(fs::DirEntry::file_name);
    for entry in entries {
        let (path, name) = (entry.path(), entry.file_name());
        if name == "__pycache__" {
            continue;
        }
        if path.is_dir() {
            copy_steadily(&path, &to.join(name))?;
        } else {
            fs::copy(&path, to.join(&name))?;
            fs::File::options().write(true).open(to.join(name))?.set_modified(moment)?;
        }
    }
    fs::File::open(to)?.set_modified(moment)
}
