//! JavaScript: `componentize-qjs` from the project's `node_modules`, which puts QuickJS and the source into a component.

use std::path::Path;
use std::process::Command;
use std::sync::atomic::AtomicBool;

use powerbox_files::read_regular;

use crate::build::{BuildError, BuildOptions, COMPONENT_BYTES};
use crate::pack;
use crate::project::Project;
use crate::tool::{self, Ended};
use crate::toolchain;

const TOOL: &str = "componentize-qjs";

pub(crate) fn build(project: &Project, options: &BuildOptions, wit: &Path) -> Result<Vec<u8>, BuildError> {
    let made = project.made();
    pack::lay_out("sdk/javascript", &made).map_err(BuildError::io(&made))?;
    pack::lay_out("sdk/testing/node", &made).map_err(BuildError::io(&made))?;
    let program = project.folder.join("node_modules/.bin").join(TOOL);
    if !program.exists() {
        install(project, &options.cancel)?;
    }
    let source = project.source.clone().unwrap_or_else(|| "src/plugin.js".into());
    if !project.folder.join(&source).is_file() {
        return Err(BuildError::Project(format!("there is no {}", project.folder.join(source).display())));
    }
    let output = made.join("component.wasm");
    let mut command = Command::new(&program);
    command.current_dir(&project.folder);
    // Plain functions, as the contract is given to it.
    command
        .args(["--sync", "--opt-size"])
        .arg("--wit")
        .arg(wit)
        .arg("--js")
        .arg(&source)
        .arg("--output")
        .arg(&output);
    command.args(["--module-root", "."]);
    if let Some(world) = &project.world {
        command.args(["--world", world]);
    }
    if !project.virtual_wasi {
        command.arg("--stub-wasi");
    }
    match tool::aside(&mut command, &options.cancel).map_err(BuildError::io(&program))? {
        Ended::Well => read_regular(&output, COMPONENT_BYTES).map_err(BuildError::io(&output)),
        Ended::Badly(said) => Err(BuildError::Tool { tool: TOOL, said }),
        Ended::Cancelled => Err(BuildError::Cancelled),
    }
}

/// Has npm install what the project's `package.json` names.
fn install(project: &Project, cancel: &AtomicBool) -> Result<(), BuildError> {
    toolchain::javascript().required()?;
    let locked = project.folder.join("package-lock.json").exists();
    let mut npm = Command::new("npm");
    npm.current_dir(&project.folder).arg(if locked { "ci" } else { "install" });
    npm.args(["--no-audit", "--no-fund", "--no-progress", "--loglevel", "error"]);
    match tool::aside(&mut npm, cancel).map_err(BuildError::io(Path::new("npm")))? {
        Ended::Well if project.folder.join("node_modules/.bin").join(TOOL).exists() => Ok(()),
        Ended::Well => Err(BuildError::Missing {
            what: format!("package.json does not ask for {TOOL}"),
            remedy: "add it: npm install --save-dev componentize-qjs",
        }),
        Ended::Badly(said) => Err(BuildError::Tool { tool: "npm", said }),
        Ended::Cancelled => Err(BuildError::Cancelled),
    }
}
