//! The JavaScript side of tests and benches.

use std::{fs, process::Command, time::SystemTime};

use anyhow::{Result, bail};

use crate::{command, workspace::Workspace};

/// Installs the packages of `tests/js`, unless that was done since their list last changed.
pub(crate) fn install(workspace: &Workspace) -> Result<()> {
    let folder = workspace.path("tests/js");
    let wanted = changed(&folder.join("package-lock.json"));
    if wanted.is_none() || changed(&folder.join("node_modules/.package-lock.json")) >= wanted {
        return Ok(());
    }
    if !command::works("node", &["--version"]) || !command::works("npm", &["--version"]) {
        bail!(
            "tests and benches talk to JavaScript peers: install Node.js 18 or newer with npm, then try again"
        );
    }
    command::timed("npm packages", || {
        command::run(Command::new("npm").args(["ci", "--no-audit", "--no-fund"]).current_dir(&folder))
    })
}

fn changed(path: &std::path::Path) -> Option<SystemTime> {
    fs::metadata(path).and_then(|metadata| metadata.modified()).ok()
}
