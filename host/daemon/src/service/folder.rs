//! Folders that only their owner can enter.

use std::fs::{self, DirBuilder};
use std::io;
use std::os::unix::fs::{DirBuilderExt, MetadataExt};
use std::path::Path;

use super::OpenError;

/// Makes a folder if it is not there, and makes sure that nobody but this user can enter or change it.
///
/// A folder that others can enter is refused rather than closed: it may be shared on purpose, and what is in it may
/// not be ours.
pub(super) fn private(path: &Path) -> Result<(), OpenError> {
    if let Some(parent) = path.parent().filter(|parent| !parent.as_os_str().is_empty()) {
        DirBuilder::new()
            .recursive(true)
            .mode(0o700)
            .create(parent)
            .map_err(|error| OpenError::file(parent, error))?;
    }
    match DirBuilder::new().mode(0o700).create(path) {
        Ok(()) => (),
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => (),
        Err(error) => return Err(OpenError::file(path, error)),
    }
    // Not followed: a link in a folder that others can write could lead to theirs.
    let metadata = fs::symlink_metadata(path).map_err(|error| OpenError::file(path, error))?;
    if !metadata.is_dir() {
        return Err(OpenError::NotAFolder(path.to_owned()));
    }
    if metadata.uid() != rustix::process::geteuid().as_raw() {
        return Err(OpenError::FolderForeign(path.to_owned()));
    }
    let mode = metadata.mode() & 0o777;
    if mode & 0o077 != 0 {
        return Err(OpenError::FolderOpen { path: path.to_owned(), mode });
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs::Permissions;
    use std::os::unix::fs::PermissionsExt;

    #[test]
    fn a_folder_is_made_for_its_owner_alone() {
        let root = tempfile::tempdir().expect("a folder");
        let path = root.path().join("a/b");
        private(&path).expect("made");
        private(&path).expect("there");
        assert_eq!(fs::metadata(&path).expect("a folder").mode() & 0o777, 0o700);
    }

    #[test]
    fn a_folder_open_to_others_is_refused_and_left_alone() {
        let root = tempfile::tempdir().expect("a folder");
        for mode in [0o755, 0o710, 0o701, 0o777] {
            fs::set_permissions(root.path(), Permissions::from_mode(mode)).expect("changed");
            let error = private(root.path()).expect_err("open");
            assert!(matches!(error, OpenError::FolderOpen { mode: found, .. } if found == mode), "{error}");
            assert_eq!(fs::metadata(root.path()).expect("a folder").mode() & 0o777, mode);
        }
    }

    #[test]
    fn links_and_files_are_no_folders() {
        let root = tempfile::tempdir().expect("a folder");
        let (folder, link, file) =
            (root.path().join("folder"), root.path().join("link"), root.path().join("file"));
        private(&folder).expect("made");
        std::os::unix::fs::symlink(&folder, &link).expect("linked");
        fs::write(&file, "").expect("written");
        assert!(matches!(private(&link), Err(OpenError::NotAFolder(_))));
        assert!(matches!(private(&file), Err(OpenError::NotAFolder(_))));
    }
}
