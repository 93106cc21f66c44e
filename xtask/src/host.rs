//! Building and running the program.

use std::{os::unix::process::CommandExt as _, process::Command};

use anyhow::{Result, bail};

use crate::{command, components, workspace::Workspace};

/// How the program is built.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Profile {
    /// As tests are, so that both share one build: dependencies optimised, our own crates quick to build.
    Dev,
    /// As it is meant to be used.
    Release,
}

impl Profile {
    /// Reads the arguments of a command that has no others than `--release`.
    pub(crate) fn take(arguments: Vec<String>) -> Result<Self> {
        match arguments.as_slice() {
            [] => Ok(Self::Dev),
            [only] if only == "--release" => Ok(Self::Release),
            _ => bail!("the only argument can be --release"),
        }
    }

    fn folder(self) -> &'static str {
        match self {
            Self::Dev => "debug",
            Self::Release => "release",
        }
    }
}

/// Builds the components and the program that embeds some of them.
pub(crate) fn build(workspace: &Workspace, profile: Profile) -> Result<()> {
    components::build(workspace)?;
    let mut cargo = workspace.cargo_for_host(&["build", "--bin", "powerbox"])?;
    if profile == Profile::Release {
        cargo.arg("--release");
    }
    command::run(&mut cargo)
}

/// Builds the program and becomes it.
pub(crate) fn run(workspace: &Workspace, mut arguments: Vec<String>) -> Result<()> {
    let mut profile = Profile::Dev;
    if arguments.first().is_some_and(|first| first == "--release") {
        profile = Profile::Release;
        arguments.remove(0);
    }
    build(workspace, profile)?;
    let program = workspace.target().join(profile.folder()).join("powerbox");
    // Replacing this process leaves the terminal, its signals and the exit status to the program.
    let error = Command::new(&program).args(arguments).exec();
    bail!("can not start {}: {error}", program.display())
}
