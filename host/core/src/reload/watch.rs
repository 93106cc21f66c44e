use std::collections::{BTreeMap, BTreeSet};
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};
use std::time::Duration;

use notify::Watcher as _;
use notify::event::{AccessKind, AccessMode, EventKind, ModifyKind, RenameMode};
use tokio::sync::mpsc;

use crate::host::{Host, WeakHost};
use crate::plugin::{InstalledPlugin, Seen, signature_beside};

/// How long a file must be quiet before it is read that is written in place: build tools write in pieces. One that was
/// closed, or moved to its place, is whole.
const SETTLE: Duration = Duration::from_millis(50);
/// How often is looked whether something changed that was not told: a folder that was made anew, or is on a disk that
/// tells nothing.
const LOOK: Duration = Duration::from_secs(2);

/// Watches the files of installed plugins until it is dropped.
pub struct Watch {
    task: tokio::task::JoinHandle<()>,
}

impl Drop for Watch {
    fn drop(&mut self) {
        self.task.abort();
    }
}

/// A file changed.
struct Change {
    path: PathBuf,
    /// Whether it is whole, as far as one can tell.
    whole: bool,
}

impl Host {
    /// Begins to watch: the files that were installed, and the records, which other processes of the user change too.
    ///
    /// # Errors
    ///
    /// If the system lets nothing be watched.
    pub fn watch(&self) -> Result<Watch, notify::Error> {
        let (changed, changes) = mpsc::unbounded_channel();
        let watcher = notify::recommended_watcher(move |event: notify::Result<notify::Event>| match event {
            Ok(event) => {
                let Some(whole) = meaning(event.kind) else { return };
                for path in event.paths {
                    let _ = changed.send(Change { path, whole });
                }
            }
            Err(error) => tracing::warn!(%error, "watching plugin files failed"),
        })?;
        let mut folders = Folders { watcher, watched: BTreeMap::new() };
        folders.watch_all(self.installed().records(), &self.installed().list().unwrap_or_default());
        let task = tokio::spawn(follow(self.downgrade(), folders, changes));
        Ok(Watch { task })
    }
}

/// Whether an event says that a file changed, and if so whether the file is whole.
fn meaning(kind: EventKind) -> Option<bool> {
    match kind {
        EventKind::Access(AccessKind::Close(AccessMode::Write))
        | EventKind::Modify(ModifyKind::Name(RenameMode::To | RenameMode::Both)) => Some(true),
        EventKind::Access(_) => None,
        _ => Some(false),
    }
}

/// The folders that are watched: files are replaced by renaming, which only their folder sees.
struct Folders {
    watcher: notify::RecommendedWatcher,
    /// With the number of each: one that was made anew has another, and is not watched any more.
    watched: BTreeMap<PathBuf, u64>,
}

impl Folders {
    /// Watches where these files are, and where links lead.
    fn watch_all(&mut self, records: &Path, plugins: &[InstalledPlugin]) {
        self.add(records);
        for plugin in plugins {
            let Some(file) = plugin.source.watched() else { continue };
            places(file).iter().for_each(|place| self.add(place));
        }
    }

    fn add(&mut self, file: &Path) {
        let Some(folder) = file.parent() else { return };
        let Ok(metadata) = folder.metadata() else { return };
        if self.watched.get(folder) == Some(&metadata.ino()) {
            return;
        }
        match self.watcher.watch(folder, notify::RecursiveMode::NonRecursive) {
            Ok(()) => {
                self.watched.insert(folder.to_owned(), metadata.ino());
            }
            Err(error) => tracing::debug!(%error, folder = %folder.display(), "a folder cannot be watched"),
        }
    }
}

/// A file, and if it is a link, each place that it leads by.
fn places(file: &Path) -> Vec<PathBuf> {
    /// Links that lead in a circle lead nowhere.
    const MOST_LINKS: usize = 16;
    let mut places = vec![file.to_owned()];
    while places.len() <= MOST_LINKS
        && let Some(last) = places.last()
        && let Ok(to) = std::fs::read_link(last)
    {
        let next = last.parent().map_or_else(|| to.clone(), |folder| folder.join(&to));
        places.push(next);
    }
    // A folder above may be a link, too.
    places.extend(std::fs::canonicalize(file));
    places
}

/// The watching task. It reads nothing while files are still changing, and considers one plugin at a time.
async fn follow(host: WeakHost, mut folders: Folders, mut changes: mpsc::UnboundedReceiver<Change>) {
    let mut look = tokio::time::interval(LOOK);
    // What was seen of each file when it was last looked for what is not told.
    let mut last: BTreeMap<PathBuf, Option<Seen>> = BTreeMap::new();
    loop {
        let mut changed = BTreeSet::new();
        let mut looks = false;
        tokio::select! {
            change = changes.recv() => match change {
                Some(change) => gather(change, &mut changes, &mut changed).await,
                None => return,
            },
            _ = look.tick() => looks = true,
        }
        let Some(host) = host.upgrade() else { return };
        let records = host.installed().records();
        if changed.contains(records) {
            host.follow_records().await;
        }
        let plugins = host.installed().list().unwrap_or_default();
        folders.watch_all(records, &plugins);
        for plugin in plugins {
            // Nobody watches a registry.
            let Some(file) = plugin.source.watched() else { continue };
            let mut places = places(file).into_iter();
            let told =
                places.any(|place| changed.contains(&place) || changed.contains(&signature_beside(&place)));
            let seen = Seen::of(file);
            // At first what is on record counts: the file may have changed before it was watched.
            let silently = looks && last.get(file).map_or(seen != plugin.seen, |known| *known != seen);
            if told || silently {
                host.reconsider(&plugin.name).await;
            }
            if told || looks {
                last.insert(file.to_owned(), seen);
            }
        }
    }
}

/// Takes a change and those that come with it: until the file is whole, or quiet for a moment.
async fn gather(
    first: Change,
    changes: &mut mpsc::UnboundedReceiver<Change>,
    changed: &mut BTreeSet<PathBuf>,
) {
    let mut open = BTreeSet::new();
    let mut note = |change: Change, open: &mut BTreeSet<PathBuf>| {
        if change.whole {
            open.remove(&change.path);
        } else {
            open.insert(change.path.clone());
        }
        changed.insert(change.path);
    };
    note(first, &mut open);
    loop {
        while let Ok(change) = changes.try_recv() {
            note(change, &mut open);
        }
        if open.is_empty() {
            return;
        }
        match tokio::time::timeout(SETTLE, changes.recv()).await {
            Ok(Some(change)) => note(change, &mut open),
            _ => return,
        }
    }
}
