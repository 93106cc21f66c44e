use std::io::{IsTerminal as _, Write as _};
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use clap::Args;
use indicatif::ProgressBar;
use powerbox_builder::{BuildError, BuildOptions, Built, Project};
use serde_json::json;

use crate::exit::{Failure, Status};
use crate::render::print_json;

/// What `plugin build` is told.
#[derive(Debug, Args)]
pub(crate) struct BuildArguments {
    /// The project's folder
    #[arg(default_value = ".", value_name = "FOLDER")]
    folder: PathBuf,
    /// Build quickly instead of small
    #[arg(long)]
    debug: bool,
}

/// Builds a project and says what came of it.
pub(crate) async fn build(arguments: BuildArguments, json: bool) -> Result<(), Failure> {
    let project = project(&arguments.folder)?;
    let built = make(&project, arguments.debug).await?;
    if json {
        return print_json(&json!({
            "component": built.component, "size": built.size, "digest": built.digest,
            "seconds": built.took.as_secs_f64(), "changed": built.changed,
        }));
    }
    println!("component  {}", built.component.display());
    println!("size       {}", size(built.size));
    println!("digest     sha256:{}", built.digest);
    let unchanged = if built.changed { "" } else { "; it is the same as before" };
    eprintln!("built in {:.1} s{unchanged}", built.took.as_secs_f64());
    Ok(())
}

/// Finds the project in a folder.
pub(crate) fn project(folder: &std::path::Path) -> Result<Project, Failure> {
    Project::find(folder).map_err(|error| Failure::new(Status::Failed, error.to_string()))
}

/// Builds a project; Ctrl-C ends the tools with it. What a tool says is shown if it fails.
pub(crate) async fn make(project: &Project, debug: bool) -> Result<Built, Failure> {
    let cancel = Arc::new(AtomicBool::new(false));
    let coloured = std::io::stderr().is_terminal();
    let options = BuildOptions { debug, coloured, cancel: Arc::clone(&cancel) };
    let bar = coloured.then(|| {
        let bar = ProgressBar::new_spinner().with_message(format!("building {}", project.component));
        bar.enable_steady_tick(Duration::from_millis(100));
        bar
    });
    let project = project.clone();
    let mut building = tokio::task::spawn_blocking(move || powerbox_builder::build(&project, &options));
    let built = loop {
        tokio::select! {
            built = &mut building => break built,
            _ = tokio::signal::ctrl_c(), if !cancel.load(Ordering::Relaxed) => {
                cancel.store(true, Ordering::Relaxed);
            }
        }
    };
    if let Some(bar) = bar {
        bar.finish_and_clear();
    }
    match built.map_err(|error| Failure::new(Status::Failed, format!("the build ended: {error}")))? {
        Ok(built) => Ok(built),
        Err(BuildError::Cancelled) => Err(Failure::new(Status::Interrupted, "the build was interrupted")),
        Err(BuildError::Missing { what, remedy }) => Err(Failure::new(Status::Failed, what).hinted(remedy)),
        Err(error) => {
            if let BuildError::Tool { said, .. } = &error {
                let _ = writeln!(std::io::stderr(), "{}", said.trim_end());
            }
            Err(Failure::new(Status::Failed, error.to_string()))
        }
    }
}

/// A size for people.
pub(crate) fn size(bytes: u64) -> String {
    match bytes {
        0..1024 => format!("{bytes} bytes"),
        1024..1_048_576 => format!("{:.1} KiB", bytes as f64 / 1024.0),
        _ => format!("{:.1} MiB", bytes as f64 / 1_048_576.0),
    }
}
