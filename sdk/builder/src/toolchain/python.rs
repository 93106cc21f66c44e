//! The tool that puts Python into a component: `componentize-py`, in a virtual environment of its own.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::build::{BuildError, BuildOptions};
use crate::tool;

/// The version that is used. Another one makes other components of the same sources.
pub(crate) const VERSION: &str = "0.25.1";

fn folder(tools: &Path) -> PathBuf {
    tools.join(format!("componentize-py-{VERSION}"))
}

fn program(folder: &Path) -> PathBuf {
    folder.join("bin/componentize-py")
}

/// The file that says that the environment is whole: it is made where it stays, since it knows where it is.
fn stamp(folder: &Path) -> PathBuf {
    folder.join("powerbox-complete")
}

/// Tells whether the tool was got before.
pub(crate) fn is_installed(tools: &Path) -> bool {
    let folder = folder(tools);
    stamp(&folder).exists() && program(&folder).exists()
}

/// Makes a call of the tool, after getting it if this is the first time.
pub(crate) fn componentize(options: &BuildOptions) -> Result<Command, BuildError> {
    let folder = folder(&options.tools);
    // Not the script by itself: its first line holds the folder's path as it was, which may be too long for a system.
    let python = folder.join("bin/python");
    let mut tool = Command::new(&python);
    tool.arg(program(&folder));
    if is_installed(&options.tools) {
        return Ok(tool);
    }
    fs::create_dir_all(&options.tools)?;
    // Another build may be getting it, too: one of them waits.
    let lock = fs::File::create(options.tools.join("componentize-py.lock"))?;
    lock.lock()?;
    if !is_installed(&options.tools) {
        options.note(&format!("getting componentize-py {VERSION} from PyPI, once"));
        let mut venv = Command::new("python3");
        venv.args(["-m", "venv", "--clear"]).arg(&folder);
        tool::run("python3", &mut venv, &options.cancelled)?;
        let mut pip = Command::new(folder.join("bin/pip"));
        pip.args([
            "install",
            "--quiet",
            "--disable-pip-version-check",
            "--only-binary",
            ":all:",
            "--no-deps",
        ]);
        pip.arg(format!("componentize-py=={VERSION}"));
        tool::run("pip", &mut pip, &options.cancelled)?;
        fs::write(stamp(&folder), VERSION)?;
    }
    Ok(tool)
}
