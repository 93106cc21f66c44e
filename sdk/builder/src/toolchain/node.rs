//! The tool that puts JavaScript into a component: `componentize-qjs`, a package of npm.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::build::{BuildError, BuildOptions};
use crate::tool;

/// The version that is used. Another one makes other components of the same sources.
pub(crate) const VERSION: &str = "0.4.5";

/// The oldest major version of Node.js that the tool runs on.
pub(crate) const OLDEST: u32 = 18;

/// Which packages they are, byte for byte.
const LOCK: &str = include_str!("componentize-qjs/package-lock.json");
const MANIFEST: &str = include_str!("componentize-qjs/package.json");

fn folder(tools: &Path) -> PathBuf {
    tools.join(format!("componentize-qjs-{VERSION}"))
}

fn program(folder: &Path) -> PathBuf {
    folder.join("node_modules/componentize-qjs/bin/componentize-qjs")
}

/// Tells whether the tool was got before.
pub(crate) fn is_installed(tools: &Path) -> bool {
    program(&folder(tools)).exists()
}

/// Gives the tool's script for Node.js, after getting it if this is the first time.
pub(crate) fn componentize(options: &BuildOptions) -> Result<PathBuf, BuildError> {
    let folder = folder(&options.tools);
    if !is_installed(&options.tools) {
        options.note(&format!("getting componentize-qjs {VERSION} from npm, once"));
        fs::create_dir_all(&options.tools)?;
        // Aside, and moved when it is whole: another build may be getting it, too.
        let aside = tempfile::Builder::new().prefix(".npm-").tempdir_in(&options.tools)?;
        fs::write(aside.path().join("package.json"), MANIFEST)?;
        fs::write(aside.path().join("package-lock.json"), LOCK)?;
        let mut npm = Command::new("npm");
        npm.args(["ci", "--no-audit", "--no-fund", "--ignore-scripts"]).current_dir(aside.path());
        tool::run("npm", &mut npm, &options.cancelled)?;
        super::keep(aside, &folder, || is_installed(&options.tools))?;
    }
    Ok(program(&folder))
}
