//! Python: `componentize-py` from the project's `.venv`, which puts CPython and the source into a component.

use std::collections::BTreeMap;
use std::env;
use std::ffi::OsString;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::atomic::AtomicBool;

use powerbox_files::read_regular;
use sha2::{Digest as _, Sha256};

use crate::build::{BuildError, BuildOptions, COMPONENT_BYTES};
use crate::component;
use crate::pack;
use crate::project::Project;
use crate::tool::{self, Ended};
use crate::toolchain;

/// The version of the tool that the templates and the SDK were tried with.
const TOOL_VERSION: &str = "0.25.1";
const TOOL: &str = "componentize-py";

pub(crate) fn build(project: &Project, options: &BuildOptions, wit: &Path) -> Result<Vec<u8>, BuildError> {
    let made = project.made();
    pack::lay_out("sdk/python", &made).map_err(BuildError::io(&made))?;
    pack::lay_out("sdk/testing/python", &made).map_err(BuildError::io(&made))?;
    let program = find(project, &options.cancel)?;
    let source = project.source.clone().unwrap_or_else(|| "src/app.py".into());
    let path = project.folder.join(&source);
    let module = source.file_stem().and_then(|stem| stem.to_str());
    let (true, Some(module)) = (path.is_file(), module) else {
        return Err(BuildError::Project(format!("there is no {}", path.display())));
    };
    // The tool leaves compiled modules beside the sources it reads, so it gets a copy of them.
    let copies = made.join("build");
    let own = path.parent().unwrap_or(&project.folder);
    let copied = || {
        if copies.exists() {
            fs::remove_dir_all(&copies)?;
        }
        copy(own, &copies.join("src"))?;
        pack::lay_out("sdk/python", &copies.join("sdk"))
    };
    copied().map_err(BuildError::io(&copies))?;
    let output = made.join("component.wasm");
    // Not the script by itself: its first line holds where the environment was when it was made.
    let mut command = Command::new(program.with_file_name("python"));
    command.arg(&program).current_dir(&copies);
    command.args(["--quiet", "--wit-path"]).arg(wit);
    if let Some(world) = &project.world {
        command.args(["--world", world]);
    }
    command.arg("componentize");
    if !project.virtual_wasi {
        command.arg("--stub-wasi");
    }
    command.arg(module).arg("--output").arg(&output).args(["--python-path", "src", "--python-path", "sdk"]);
    let ended = tool::aside(&mut command, &options.cancel).map_err(BuildError::io(&program))?;
    fs::remove_dir_all(&copies).map_err(BuildError::io(&copies))?;
    match ended {
        Ended::Well => read_regular(&output, COMPONENT_BYTES).map_err(BuildError::io(&output)),
        // In the component that is being made the folders have numbers.
        Ended::Badly(said) => {
            let folder = source.parent().unwrap_or(Path::new("")).display();
            Err(BuildError::Tool { tool: TOOL, said: said.replace("\"/0/", &format!("\"{folder}/")) })
        }
        Ended::Cancelled => Err(BuildError::Cancelled),
    }
}

/// A digest of all that a build depends on.
pub(crate) fn inputs(project: &Project, wit: &Path) -> io::Result<String> {
    let mut digest = Sha256::new();
    digest.update(format!("{TOOL_VERSION}\0{:?}\0{:?}\0", project.about, project.component));
    digest.update(format!("{:?}\0{:?}\0{}\0", project.world, project.source, project.virtual_wasi));
    for (name, content) in pack::below("sdk/python") {
        digest.update(format!("{name}\0{}\0", content.len()));
        digest.update(content);
    }
    let source = project.source.as_deref().and_then(Path::parent).unwrap_or(Path::new("src"));
    for folder in [wit, &project.folder.join(source)] {
        add(folder, Path::new(""), &mut digest)?;
    }
    Ok(component::hexadecimal(&digest.finalize()))
}

/// The largest source file, in bytes.
const SOURCE_BYTES: u64 = 64 << 20;

fn add(root: &Path, below: &Path, digest: &mut Sha256) -> io::Result<()> {
    for (name, is_folder) in entries(&root.join(below))? {
        let place = below.join(name);
        if is_folder {
            add(root, &place, digest)?;
        } else {
            let content = read_regular(&root.join(&place), SOURCE_BYTES)?;
            digest.update(format!("{}\0{}\0", place.display(), content.len()));
            digest.update(content);
        }
    }
    Ok(())
}

/// What a component was made of, and which one it became.
const MADE: &str = "made";

/// The component from before, if it was made of these inputs. The tool runs CPython and keeps its memory in the
/// component, with hash seeds, and numbers and times of files. So a new build of the same sources has another digest,
/// which would look like a new version.
pub(crate) fn made_before(project: &Project, inputs: &str) -> Option<Vec<u8>> {
    let made = fs::read_to_string(project.made().join(MADE)).ok()?;
    let component = read_regular(&project.output(), COMPONENT_BYTES).ok()?;
    (made == stamp(inputs, &component)).then_some(component)
}

/// Remembers what the component was made of.
pub(crate) fn remember(project: &Project, inputs: &str, component: &[u8]) -> io::Result<()> {
    fs::write(project.made().join(MADE), stamp(inputs, component))
}

fn stamp(inputs: &str, component: &[u8]) -> String {
    format!("{inputs} {}\n", component::digest(component))
}

fn copy(from: &Path, to: &Path) -> io::Result<()> {
    fs::create_dir_all(to)?;
    for (name, is_folder) in entries(from)? {
        let (from, to) = (from.join(&name), to.join(&name));
        if is_folder {
            copy(&from, &to)?;
        } else {
            fs::copy(&from, &to)?;
        }
    }
    Ok(())
}

/// What is in a folder, by name, and whether it is a folder itself; nothing of what Python leaves there.
fn entries(folder: &Path) -> io::Result<BTreeMap<OsString, bool>> {
    let entries = fs::read_dir(folder)?.map(|entry| {
        let entry = entry?;
        Ok((entry.file_name(), entry.path().is_dir()))
    });
    let mut entries = entries.collect::<io::Result<BTreeMap<_, _>>>()?;
    entries.retain(|name, _| name != "__pycache__");
    Ok(entries)
}

/// The tool of the project's own environment, which is made if it is not there; an environment that is active counts.
fn find(project: &Project, cancel: &AtomicBool) -> Result<PathBuf, BuildError> {
    let venv = project.folder.join(".venv");
    let own = venv.join("bin").join(TOOL);
    if own.exists() {
        return Ok(own);
    }
    if let Some(active) =
        env::var_os("VIRTUAL_ENV").map(|active| PathBuf::from(active).join("bin").join(TOOL))
        && active.exists()
    {
        return Ok(active);
    }
    toolchain::python().required()?;
    let mut make = Command::new("python3");
    make.current_dir(&project.folder).args(["-m", "venv", ".venv"]);
    ended(tool::aside(&mut make, cancel), "python3")?;
    let mut pip = Command::new(venv.join("bin/python"));
    pip.current_dir(&project.folder).args(["-m", "pip", "install", "--quiet", "--disable-pip-version-check"]);
    pip.arg(format!("{TOOL}=={TOOL_VERSION}"));
    ended(tool::aside(&mut pip, cancel), "pip")?;
    Ok(own)
}

fn ended(ended: std::io::Result<Ended>, tool: &'static str) -> Result<(), BuildError> {
    match ended {
        Ok(Ended::Well) => Ok(()),
        Ok(Ended::Badly(said)) => Err(BuildError::Tool { tool, said }),
        Ok(Ended::Cancelled) => Err(BuildError::Cancelled),
        Err(error) => Err(BuildError::io(Path::new(tool))(error)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_component_is_kept_until_its_sources_or_its_file_change() {
        let folder = tempfile::tempdir().unwrap();
        let write = |name: &str, text: &str| pack::write(&folder.path().join(name), text.as_bytes()).unwrap();
        write("pyproject.toml", "[project]\nname = \"notes\"\n[tool.powerbox]\n");
        write("src/app.py", "count = 1\n");
        write("wit/notes.wit", "package a:notes;\n");
        let project = Project::find(folder.path()).unwrap();
        let kept = || made_before(&project, &inputs(&project, &project.folder.join("wit")).unwrap());
        assert_eq!(kept(), None, "nothing was built yet");

        write("dist/notes.wasm", "component");
        write(".powerbox/.gitignore", "*\n");
        let before = inputs(&project, &project.folder.join("wit")).unwrap();
        remember(&project, &before, b"component").unwrap();
        write("src/__pycache__/app.pyc", "compiled");
        assert_eq!(kept().as_deref(), Some(&b"component"[..]));

        write("src/app.py", "count = 2\n");
        assert_eq!(kept(), None, "a source changed");
        write("src/app.py", "count = 1\n");
        assert!(kept().is_some(), "it is as it was");
        write("dist/notes.wasm", "another");
        assert_eq!(kept(), None, "the file is not the one that was built");
    }
}
