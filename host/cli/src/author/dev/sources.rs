use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use notify::{RecursiveMode, Watcher as _};
use powerbox_builder::Project;
use tokio::sync::mpsc;

use crate::exit::{Failure, Status};

/// How long the sources must be quiet before they are built: editors write several files at once.
const SETTLE: Duration = Duration::from_millis(60);

/// The sources of a project, watched.
pub(super) struct Sources {
    changes: mpsc::UnboundedReceiver<Instant>,
    /// The last change that was not told yet.
    last: Option<Instant>,
    _watcher: notify::RecommendedWatcher,
}

impl Sources {
    /// Begins to watch.
    pub(super) fn watch(project: &Project) -> Result<Self, Failure> {
        let failed = |error: notify::Error| {
            Failure::new(Status::Failed, format!("the sources cannot be watched: {error}"))
                .hinted("`powerbox doctor` looks for the reason")
        };
        let (changed, changes) = mpsc::unbounded_channel();
        let watched = project.watched();
        let wanted = watched.clone();
        let mut watcher = notify::recommended_watcher(move |event: notify::Result<notify::Event>| {
            let Ok(event) = event else { return };
            let writes = !event.kind.is_access();
            if writes && event.paths.iter().any(|path| is_source(&wanted, path)) {
                let _ = changed.send(Instant::now());
            }
        })
        .map_err(failed)?;
        // Files are replaced by renaming, which only their folder sees.
        watcher.watch(&project.folder, RecursiveMode::NonRecursive).map_err(failed)?;
        for folder in watched.iter().filter(|path| path.is_dir()) {
            watcher.watch(folder, RecursiveMode::Recursive).map_err(failed)?;
        }
        Ok(Self { changes, last: None, _watcher: watcher })
    }

    /// Waits for a change, and until there are no more for a moment; gives when the last was. No change is lost if it is
    /// dropped: whoever waits next is told.
    pub(super) async fn changed(&mut self) -> Option<Instant> {
        if self.last.is_none() {
            self.last = Some(self.changes.recv().await?);
        }
        while let Ok(Some(later)) = tokio::time::timeout(SETTLE, self.changes.recv()).await {
            self.last = Some(later);
        }
        self.last.take()
    }
}

/// Whether a path is one of those that make the component, and no editor's own file.
fn is_source(wanted: &[PathBuf], path: &Path) -> bool {
    let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
    let editors = name.starts_with('.')
        || name.starts_with('#')
        || name.ends_with('~')
        || name.ends_with(".swp")
        || name == "4913";
    let tools = path.components().any(|part| part.as_os_str() == "__pycache__");
    !editors && !tools && wanted.iter().any(|wanted| path.starts_with(wanted))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_editors_and_tools_leave_behind_is_no_source() {
        let wanted = [PathBuf::from("/p/src"), PathBuf::from("/p/Cargo.toml")];
        for (path, expected) in [
            ("/p/src/lib.rs", true),
            ("/p/Cargo.toml", true),
            ("/p/Cargo.lock", false),
            ("/p/src/.lib.rs.swp", false),
            ("/p/src/lib.rs~", false),
            ("/p/src/#lib.rs#", false),
            ("/p/src/__pycache__/x.pyc", false),
            ("/p/dist/x.wasm", false),
        ] {
            assert_eq!(is_source(&wanted, Path::new(path)), expected, "{path}");
        }
    }
}
