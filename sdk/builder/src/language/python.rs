//! Python: `componentize-py` from the project's `.venv`, which puts CPython and the source into a component.

use std::env;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::atomic::AtomicBool;

use crate::build::{BuildError, BuildOptions};
use crate::pack;
use crate::project::Project;
use crate::tool::{self, Ended};

/// The version of the tool that the templates and the SDK were tried with.
const TOOL_VERSION: &str = "0.25.1";
const TOOL: &str = "componentize-py";
const MISSING: &str =
    "install Python 3.10 or later with venv (on Debian: apt-get install python3 python3-venv)";

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
    let output = made.join("component.wasm");
    let mut command = Command::new(&program);
    command.current_dir(&project.folder).env("PYTHONDONTWRITEBYTECODE", "1").env("PYTHONHASHSEED", "0");
    command.arg("--quiet").arg("--wit-path").arg(wit);
    if let Some(world) = &project.world {
        command.args(["--world", world]);
    }
    command.arg("componentize");
    if !project.virtual_wasi {
        command.arg("--stub-wasi");
    }
    command.arg(module).arg("--output").arg(&output);
    for folder in [path.parent().unwrap_or(&project.folder), &made] {
        command.arg("--python-path").arg(folder);
    }
    match tool::aside(&mut command, &options.cancel).map_err(BuildError::io(&program))? {
        Ended::Well => fs::read(&output).map_err(BuildError::io(&output)),
        Ended::Badly(said) => Err(BuildError::Tool { tool: TOOL, said }),
        Ended::Cancelled => Err(BuildError::Cancelled),
    }
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
        Err(error) => {
            Err(BuildError::Missing { what: format!("{tool} cannot be run: {error}"), remedy: MISSING })
        }
    }
}
