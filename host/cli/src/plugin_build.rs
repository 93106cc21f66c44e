//! `plugin build`: a component of a project's sources.

use std::io::IsTerminal as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::Ordering;

use clap::Args;
use powerbox_builder::{BuildError, BuildOptions, Built, Profile, Project, ProjectError};
use serde_json::json;

use crate::exit::{Failure, Status};
use crate::paths::Paths;
use crate::render::{print, print_json};

/// What `plugin build` takes.
#[derive(Args, Debug)]
pub(crate) struct BuildArguments {
    /// The project's folder [default: the current one]
    dir: Option<PathBuf>,
    /// Build quickly and with checks, instead of small
    #[arg(long)]
    debug: bool,
}

/// Runs the verb; Ctrl-C ends it with the tools that it runs.
pub(crate) async fn run(paths: &Paths, arguments: BuildArguments, json: bool) -> Result<(), Failure> {
    let folder = arguments.dir.unwrap_or_else(|| PathBuf::from("."));
    let project = Project::find(&folder)?;
    let mut options = BuildOptions::new(paths.tools());
    if arguments.debug {
        options.profile = Profile::Debug;
    }
    if !json {
        options.say = Arc::new(|what| eprintln!("{what}…"));
    }
    let language = project.language();
    if !json && std::io::stderr().is_terminal() {
        eprintln!("building {} ({})…", project.component, language.title());
    }
    let cancelled = Arc::clone(&options.cancelled);
    let mut building = tokio::task::spawn_blocking(move || powerbox_builder::build(&project, &options));
    let built = tokio::select! {
        built = &mut building => built,
        _ = tokio::signal::ctrl_c() => {
            cancelled.store(true, Ordering::Relaxed);
            building.await
        }
    };
    let built =
        built.map_err(|error| Failure::new(Status::Failed, format!("the build broke off: {error}")))??;
    if json {
        return print_json(&json!({
            "component": built.component,
            "size": built.size,
            "digest": format!("sha256:{}", built.digest),
            "seconds": built.took.as_secs_f64(),
            "changed": built.changed,
        }));
    }
    print(&described(&built, &folder))
}

fn described(built: &Built, folder: &Path) -> String {
    let whole = std::fs::canonicalize(folder).unwrap_or_else(|_| folder.to_owned());
    let shown = built.component.strip_prefix(&whole).map_or(built.component.clone(), |below| match folder {
        here if here == Path::new(".") => below.to_owned(),
        there => there.join(below),
    });
    let unchanged = if built.changed { "" } else { " (as before)" };
    format!(
        "component  {}{unchanged}\nsize       {} bytes\ndigest     sha256:{}\ntime       {:.1} s",
        shown.display(),
        built.size,
        built.digest,
        built.took.as_secs_f64()
    )
}

impl From<ProjectError> for Failure {
    fn from(error: ProjectError) -> Self {
        Self::new(Status::Failed, format!("{:#}", anyhow::Error::from(error)))
    }
}

impl From<BuildError> for Failure {
    fn from(error: BuildError) -> Self {
        let status = match error {
            BuildError::Cancelled => Status::Interrupted,
            _ => Status::Failed,
        };
        Self::new(status, format!("{:#}", anyhow::Error::from(error)))
    }
}
