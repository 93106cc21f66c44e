use std::collections::{BTreeMap, BTreeSet};
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};
use std::time::Duration;

use notify::Watcher as _;
use notify::event::{AccessKind, AccessMode, EventKind, ModifyKind, RenameMode};
use tokio::sync::mpsc;
use tokio::time::Instant;

use crate::host::{Host, WeakHost};
use crate::plugin::{InstalledPlugin, signature_beside};
use crate::reload::Look;

/// How long a file must be quiet before it is read that is written in place: build tools write in pieces. One that was
/// closed, or moved to its place, is whole.
const SETTLE: Duration = Duration::from_millis(50);
/// How often is looked whether something changed that was not told: a folder that was made anew, or is on a disk that
/// tells nothing.
const LOOK: Duration = Duration::from_secs(2);
/// How many changes can wait to be looked at.
const MOST: usize = 1024;
/// How long others may change what is installed before this goes on and comes again.
const PATIENCE: Duration = Duration::from_secs(10);
/// How long changes are gathered at most: some files are never quiet.
const LONGEST: Duration = Duration::from_secs(1);

/// Watches the files of installed plugins until it is dropped.
pub struct Watch {
    task: tokio::task::JoinHandle<()>,
}

impl Drop for Watch {
    fn drop(&mut self) {
        self.task.abort();
    }
}

/// Something changed in a folder that is watched.
struct Change {
    path: PathBuf,
    what: What,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum What {
    /// A file is whole, as far as one can tell.
    Whole,
    /// A file is being written, or something else happened to it.
    Open,
    /// It is gone; a folder is not watched any more then, even if one is made in its place.
    Gone,
}

impl Host {
    /// Begins to watch: the files that were installed, and the records, which other processes of the user change too.
    ///
    /// # Errors
    ///
    /// If the system lets nothing be watched.
    pub fn watch(&self) -> Result<Watch, notify::Error> {
        let (changed, changes) = mpsc::channel(MOST);
        let watcher = notify::recommended_watcher(move |event: notify::Result<notify::Event>| match event {
            Ok(event) => {
                let Some(what) = meaning(event.kind) else { return };
                for path in event.paths {
                    // What there is no room for is found by looking.
                    let _ = changed.try_send(Change { path, what });
                }
            }
            Err(error) => tracing::warn!(%error, "watching plugin files failed"),
        })?;
        let mut folders = Folders { watcher, watched: BTreeMap::new() };
        folders.watch_all(self.installed().records(), &self.followed());
        let task = tokio::spawn(follow(self.downgrade(), folders, changes));
        Ok(Watch { task })
    }

    /// The plugins whose files are watched, each with the places of its file. Nobody watches a registry.
    fn followed(&self) -> Vec<(InstalledPlugin, Vec<PathBuf>)> {
        let plugins = self.installed().list().unwrap_or_default().into_iter();
        plugins
            .filter_map(|plugin| plugin.source.watched().map(places).map(|places| (plugin, places)))
            .collect()
    }
}

/// What an event says, if it says that something changed.
fn meaning(kind: EventKind) -> Option<What> {
    match kind {
        EventKind::Access(AccessKind::Close(AccessMode::Write))
        | EventKind::Modify(ModifyKind::Name(RenameMode::To | RenameMode::Both)) => Some(What::Whole),
        EventKind::Access(_) => None,
        EventKind::Remove(_) => Some(What::Gone),
        _ => Some(What::Open),
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
    fn watch_all(&mut self, records: &Path, followed: &[(InstalledPlugin, Vec<PathBuf>)]) {
        self.add(records);
        followed.iter().flat_map(|(_, places)| places).for_each(|place| self.add(place));
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

/// What of a folder's changes concerns somebody: the files of plugins, their signatures, the records, and the folders
/// themselves. A build tool writes much beside its component.
struct Concern(BTreeSet<PathBuf>);

impl Concern {
    fn of(records: &Path, followed: &[(InstalledPlugin, Vec<PathBuf>)], folders: &Folders) -> Self {
        let places = followed.iter().flat_map(|(_, places)| places);
        let mut all: BTreeSet<_> =
            places.flat_map(|place| [signature_beside(place), place.clone()]).collect();
        all.insert(records.to_owned());
        all.extend(folders.watched.keys().cloned());
        Self(all)
    }

    fn has(&self, change: &Change) -> bool {
        self.0.contains(&change.path)
    }
}

/// The watching task. It reads nothing while files are still changing.
async fn follow(host: WeakHost, mut folders: Folders, mut changes: mpsc::Receiver<Change>) {
    let mut look = tokio::time::interval(LOOK);
    // What was seen of each file when it was last looked for what is not told.
    let mut last: BTreeMap<PathBuf, Look> = BTreeMap::new();
    let mut considering = Considering::default();
    let mut concern = match host.upgrade() {
        Some(host) => Concern::of(host.installed().records(), &host.followed(), &folders),
        None => return,
    };
    loop {
        let mut changed = BTreeMap::new();
        let mut looks = false;
        tokio::select! {
            change = changes.recv() => match change {
                Some(change) if concern.has(&change) => {
                    gather(change, &mut changes, &concern, &mut changed).await;
                }
                Some(_) => continue,
                None => return,
            },
            Some(considered) = considering.tasks.join_next() => {
                match (considered, host.upgrade()) {
                    (Ok(considered), Some(host)) => considering.end(considered, &host, &mut last),
                    // One that broke must not keep its plugin from being looked at for good.
                    (Err(_), _) => considering.under_way.clear(),
                    (Ok(_), None) => return,
                }
                continue;
            }
            _ = look.tick() => looks = true,
        }
        let Some(host) = host.upgrade() else { return };
        for (path, _) in changed.iter().filter(|(_, what)| **what == What::Gone) {
            folders.watched.remove(path);
        }
        let records = host.installed().records();
        if changed.contains_key(records) {
            host.follow_records().await;
        }
        let followed = host.followed();
        folders.watch_all(records, &followed);
        concern = Concern::of(records, &followed, &folders);
        for (plugin, places) in followed {
            let Some(file) = places.first() else { continue };
            let told = places.iter().any(|place| {
                // A folder that was made anew may have the file in it already.
                let folder = place.parent().is_some_and(|folder| changed.contains_key(folder));
                folder || changed.contains_key(place) || changed.contains_key(&signature_beside(place))
            });
            let now = Look::of(file);
            // At first what is on record counts: the file may have changed before it was watched.
            let before = || last.get(file).copied().unwrap_or_else(|| Look::on_record(&plugin));
            if told || looks && before() != now {
                considering.begin(&host, &plugin.name, file, now);
            } else if looks && !considering.under_way.contains_key(&plugin.name) {
                last.insert(file.clone(), now);
            }
        }
    }
}

/// The plugins that are looked at right now. Each has a task of its own: a file that takes long to read or to compile
/// keeps nobody from seeing what changed elsewhere.
#[derive(Default)]
struct Considering {
    tasks: tokio::task::JoinSet<Considered>,
    /// With whether its file changed since.
    under_way: BTreeMap<String, bool>,
}

/// What came of looking at a plugin.
struct Considered {
    name: String,
    file: PathBuf,
    look: Look,
    /// Others may have changed what is installed for too long.
    looked: bool,
}

impl Considering {
    fn begin(&mut self, host: &Host, name: &str, file: &Path, look: Look) {
        if let Some(again) = self.under_way.get_mut(name) {
            *again = true;
            return;
        }
        self.under_way.insert(name.to_owned(), false);
        let (host, name, file) = (host.clone(), name.to_owned(), file.to_owned());
        self.tasks.spawn(async move {
            let looked = host.reconsider_within(&name, PATIENCE).await;
            Considered { name, file, look, looked }
        });
    }

    fn end(&mut self, considered: Considered, host: &Host, last: &mut BTreeMap<PathBuf, Look>) {
        let Considered { name, file, look, looked } = considered;
        if looked {
            last.insert(file.clone(), look);
        }
        if self.under_way.remove(&name) == Some(true) {
            self.begin(host, &name, &file, Look::of(&file));
        }
    }
}

/// Takes a change and those that come with it: until the files are whole, or quiet for a moment, or much time passed.
async fn gather(
    first: Change,
    changes: &mut mpsc::Receiver<Change>,
    concern: &Concern,
    changed: &mut BTreeMap<PathBuf, What>,
) {
    let enough = Instant::now() + LONGEST;
    changed.insert(first.path, first.what);
    let mut quiet = Instant::now() + SETTLE;
    loop {
        while let Ok(change) = changes.try_recv() {
            if concern.has(&change) {
                changed.insert(change.path, change.what);
                quiet = Instant::now() + SETTLE;
            }
        }
        if changed.values().all(|what| *what == What::Whole) {
            return;
        }
        match tokio::time::timeout_at(quiet.min(enough), changes.recv()).await {
            Ok(Some(change)) if concern.has(&change) => {
                changed.insert(change.path, change.what);
                quiet = Instant::now() + SETTLE;
            }
            Ok(Some(_)) if Instant::now() < quiet.min(enough) => {}
            _ => return,
        }
    }
}
