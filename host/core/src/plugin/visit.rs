//! Plugins that are installed only while somebody works on them.
//!
//! What was there before is written down before anything is changed, in a file that its process holds locked. Who opens
//! a host and finds one that nobody holds puts things back: the process was killed.

use std::fs::{self, File, OpenOptions, TryLockError};
use std::io::{self, Read as _, Seek as _, Write as _};
use std::os::unix::fs::{MetadataExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};

use powerbox_authority::grant::GrantId;
use serde::{Deserialize, Serialize};

use super::{Installed, InstalledPlugin, StoreError, private_folder};

/// A plugin's visit, for as long as it lives.
#[derive(Debug)]
pub struct Visit {
    path: PathBuf,
    _lock: File,
}

/// What is put back at the end.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Before {
    /// The plugin's name.
    pub(crate) name: String,
    /// The version that was installed, if one was.
    pub(crate) version: Option<InstalledPlugin>,
    /// What it had been granted.
    #[serde(default)]
    pub(crate) grants: Vec<GrantId>,
}

impl Installed {
    /// Writes down what there is of a plugin before a version of it comes for a visit. `None` if there is a visit already.
    ///
    /// # Errors
    ///
    /// If it cannot be written.
    pub fn begin_visit(
        &self,
        name: &str,
        version: Option<&InstalledPlugin>,
        grants: &[GrantId],
    ) -> Result<Option<Visit>, StoreError> {
        let folder = self.visits();
        let path = folder.join(format!("{name}.json"));
        let failed = |error: io::Error| StoreError::Io { path: path.clone(), error };
        private_folder(&folder).map_err(failed)?;
        let Some(mut file) = hold(&path, true).map_err(failed)? else { return Ok(None) };
        let before = Before { name: name.to_owned(), version: version.cloned(), grants: grants.to_vec() };
        let text = serde_json::to_vec(&before).map_err(|error| failed(error.into()))?;
        let written = file.set_len(0).and_then(|()| file.rewind()).and_then(|()| file.write_all(&text));
        written.and_then(|()| file.sync_all()).map_err(failed)?;
        Ok(Some(Visit { path, _lock: file }))
    }

    /// The visits whose process is gone, with what is to be put back.
    pub(crate) fn broken_visits(&self) -> Vec<(Visit, Before)> {
        let mut broken = Vec::new();
        for path in self.visit_files() {
            let Ok(Some(mut file)) = hold(&path, false) else { continue };
            let before = read(&mut file);
            let visit = Visit { path, _lock: file };
            match before {
                Some(before) => broken.push((visit, before)),
                // It was killed before it had written, and so before it had changed anything.
                None => visit.over(),
            }
        }
        broken
    }

    /// The digests of the versions that visits will put back.
    pub(super) fn waiting_digests(&self) -> Vec<String> {
        let files = self.visit_files().into_iter();
        let versions = files.filter_map(|path| read(&mut File::open(path).ok()?)?.version);
        versions.map(|version| version.digest).collect()
    }

    fn visits(&self) -> PathBuf {
        self.records().with_file_name("visits")
    }

    fn visit_files(&self) -> Vec<PathBuf> {
        let Ok(entries) = fs::read_dir(self.visits()) else { return Vec::new() };
        entries.flatten().map(|entry| entry.path()).collect()
    }
}

impl Visit {
    /// Nothing is to be put back any more.
    pub fn over(self) {
        // One that stays behind is undone by the next process, which finds all as it was.
        let _ = fs::remove_file(&self.path);
    }
}

/// Opens a file and locks it, unless another process has.
fn hold(path: &Path, make: bool) -> io::Result<Option<File>> {
    loop {
        let file =
            OpenOptions::new().create(make).truncate(false).read(true).write(true).mode(0o600).open(path)?;
        match file.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => return Ok(None),
            Err(TryLockError::Error(error)) => return Err(error),
        }
        // It may have been over, and another begun, between the two steps.
        if fs::metadata(path).is_ok_and(|now| file.metadata().is_ok_and(|held| held.ino() == now.ino())) {
            return Ok(Some(file));
        }
        if !make {
            return Ok(None);
        }
    }
}

fn read(file: &mut File) -> Option<Before> {
    let mut text = Vec::new();
    file.read_to_end(&mut text).ok()?;
    serde_json::from_slice(&text).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_visit_is_broken_when_nobody_holds_it() {
        let folder = tempfile::tempdir().unwrap();
        let store = Installed::open(folder.path(), folder.path()).unwrap();
        assert!(store.broken_visits().is_empty());
        let visit = store.begin_visit("notes", None, &[]).unwrap().unwrap();
        assert!(store.begin_visit("notes", None, &[]).unwrap().is_none());
        assert!(store.broken_visits().is_empty());
        // As the system does when a process is killed.
        drop(visit);
        let mut broken = store.broken_visits();
        let (visit, before) = broken.pop().unwrap();
        assert_eq!(before, Before { name: "notes".into(), version: None, grants: vec![] });
        visit.over();
        assert!(store.broken_visits().is_empty());
    }

    #[test]
    fn one_that_was_killed_before_it_wrote_changed_nothing() {
        let folder = tempfile::tempdir().unwrap();
        let store = Installed::open(folder.path(), folder.path()).unwrap();
        store.begin_visit("a", None, &[]).unwrap().unwrap().over();
        fs::write(folder.path().join("visits/b.json"), "{\"na").unwrap();
        assert!(store.broken_visits().is_empty());
        assert!(store.visit_files().is_empty());
    }
}
