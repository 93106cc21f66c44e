//! `dev`: builds a plugin's project at each change and lets the new version take the old one's place, while its author
//! works and other processes run its commands.

mod interrupt;
mod sources;
mod stay;
mod view;

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use clap::Args;
use powerbox_builder::{BuildError, BuildOptions, Built, Project};
use powerbox_core::Runs;

use self::interrupt::Interrupt;
use self::sources::Sources;
use self::stay::{Stay, Taken};
use self::view::View;
use super::build::project;
use crate::app::App;
use crate::exit::{Failure, Status};

/// How often is looked for runs that have ended.
const RUNS: Duration = Duration::from_millis(150);

/// What `dev` is told.
#[derive(Debug, Args)]
pub(crate) struct DevArguments {
    /// The project's folder
    #[arg(default_value = ".", value_name = "FOLDER")]
    folder: PathBuf,
    /// Bind a slot to the object of this name (can be repeated)
    #[arg(long, value_name = "SLOT=NAME", value_parser = crate::arguments::slot_binding)]
    bind: Vec<(String, String)>,
    /// Accept whatever a version asks for, for as long as this runs
    #[arg(long, short)]
    yes: bool,
    /// Build quickly instead of small
    #[arg(long)]
    debug: bool,
    /// Leave the plugin installed at the end
    #[arg(long)]
    keep: bool,
}

/// Works until it is interrupted.
pub(crate) async fn dev(app: &App, arguments: DevArguments, json: bool) -> Result<Status, Failure> {
    let project = project(&arguments.folder)?;
    let mut view = View::new(json, &project);
    let mut sources = Sources::watch(&project)?;
    let mut interrupt = Interrupt::listen()?;
    let mut stay = Stay::new(app.host.clone(), &arguments);
    let worked = work(&project, &arguments, &mut sources, &mut interrupt, &mut stay, &mut view).await;
    let ended = stay.end(arguments.keep).await;
    view.ended(ended.as_ref().ok().and_then(|what| what.as_deref()));
    worked.and(ended.map(|_| Status::Done))
}

async fn work(
    project: &Project,
    arguments: &DevArguments,
    sources: &mut Sources,
    interrupt: &mut Interrupt,
    stay: &mut Stay,
    view: &mut View,
) -> Result<(), Failure> {
    let mut runs: Option<Runs> = None;
    // The first build is made without waiting for a change.
    let mut changed = Some(Instant::now());
    let mut look = tokio::time::interval(RUNS);
    loop {
        if let Some(saved) = changed.take() {
            match build(project, arguments.debug, sources, interrupt, view).await {
                Outcome::Built(built) => {
                    let taken = stay.take(&project.output(), view).await?;
                    if runs.is_none()
                        && let Some(name) = stay.plugin()
                    {
                        runs = stay.watch_runs(name)?;
                    }
                    view.taken(&built, &taken, saved);
                    if matches!(taken, Taken::Refused) {
                        return Ok(());
                    }
                }
                Outcome::Failed(error) => view.failed(&error, stay.plugin().is_some()),
                Outcome::Stale => changed = Some(Instant::now()),
                Outcome::Interrupted => return Ok(()),
            }
            continue;
        }
        tokio::select! {
            () = interrupt.comes() => return Ok(()),
            saved = sources.changed() => match saved {
                Some(saved) => changed = Some(saved),
                None => return Err(Failure::new(Status::Failed, "the sources are not watched any more")),
            },
            _ = look.tick() => {
                if let Some(runs) = &mut runs {
                    for run in runs.read().unwrap_or_default() {
                        view.ran(&run);
                    }
                }
            }
        }
    }
}

/// How a build ended.
enum Outcome {
    Built(Built),
    Failed(BuildError),
    /// The sources changed meanwhile.
    Stale,
    Interrupted,
}

/// Builds once; a change of the sources, or Ctrl-C, ends it.
async fn build(
    project: &Project,
    debug: bool,
    sources: &mut Sources,
    interrupt: &mut Interrupt,
    view: &View,
) -> Outcome {
    let cancel = Arc::new(AtomicBool::new(false));
    let options = BuildOptions { debug, coloured: view.is_coloured(), cancel: Arc::clone(&cancel) };
    view.building();
    let project = project.clone();
    let mut building = tokio::task::spawn_blocking(move || powerbox_builder::build(&project, &options));
    let (mut stale, mut interrupted) = (false, false);
    let built = loop {
        tokio::select! {
            built = &mut building => break built,
            () = interrupt.comes(), if !interrupted => interrupted = true,
            Some(_) = sources.changed(), if !stale && !interrupted => stale = true,
        }
        cancel.store(true, Ordering::Relaxed);
    };
    match built {
        _ if interrupted => Outcome::Interrupted,
        _ if stale => Outcome::Stale,
        Ok(Ok(built)) => Outcome::Built(built),
        Ok(Err(error)) => Outcome::Failed(error),
        Err(lost) => Outcome::Failed(BuildError::Component(lost.to_string())),
    }
}
