use std::fs::{self, DirBuilder, Metadata};
use std::io::{self, ErrorKind};
use std::os::unix::fs::{DirBuilderExt as _, MetadataExt as _};
use std::path::{Path, PathBuf};

/// What other users may do in a folder.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Others {
    /// Look around, as far as its mode allows. A symbolic link in the folder's place is followed.
    MayRead,
    /// Nothing. A symbolic link in its place is refused.
    StayOut,
}

/// The bits of a mode that let others write.
const WRITABLE: u32 = 0o022;

/// A folder that cannot be trusted, or cannot be used.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum FolderError {
    /// Something else is at its place. For [`Others::StayOut`] a symbolic link is, too.
    #[error("{} is not a folder", .0.display())]
    NotAFolder(PathBuf),
    /// It belongs to another user.
    #[error("the folder {} belongs to another user", .0.display())]
    Foreign(PathBuf),
    /// Others can do more in it than they may.
    #[error(
        "the folder {} can be {} by others (mode {mode:03o})", .path.display(),
        if mode & WRITABLE == 0 { "entered" } else { "written" }
    )]
    Open {
        /// The folder.
        path: PathBuf,
        /// Its mode.
        mode: u32,
    },
    /// Others can put another folder in its place, because of a folder above it.
    #[error("others can replace the folder {}, because {} {reason}", .path.display(), .above.display())]
    Above {
        /// The folder.
        path: PathBuf,
        /// The folder or link above it.
        above: PathBuf,
        /// What is wrong with that.
        reason: &'static str,
    },
    /// The system refuses.
    #[error("cannot use {}: {source}", .path.display())]
    Io {
        /// What it refuses.
        path: PathBuf,
        /// Why.
        #[source]
        source: io::Error,
    },
}

impl FolderError {
    /// What the person can do about it.
    ///
    /// `quote` writes a path as a shell takes it.
    pub fn remedy(&self, quote: impl Fn(&str) -> String) -> String {
        let word = |path: &Path| quote(&path.to_string_lossy());
        match self {
            Self::NotAFolder(path) => {
                let path = word(path);
                format!("move it away: mv {path} {path}.old")
            }
            Self::Foreign(path) => format!("chown $USER {}, if nobody else put anything in it", word(path)),
            Self::Open { path, .. } => format!("chmod go-rwx {}", word(path)),
            Self::Above { above, .. } => {
                format!("chmod go-w {}, or set the XDG variables to folders of your own", word(above))
            }
            Self::Io { path, .. } => format!("make {} readable and writable for yourself", word(path)),
        }
    }
}

/// Makes a folder with mode 0700 if it is not there, with those above it, and [checks](check_folder) it.
///
/// A folder that is open to others is refused rather than closed: it may be shared on purpose, and what is in it may
/// not be the user's.
///
/// # Errors
///
/// If it cannot be made or trusted.
pub fn private_folder(path: &Path, others: Others) -> Result<(), FolderError> {
    match DirBuilder::new().recursive(true).mode(0o700).create(path) {
        // Something else that is there already is judged below.
        Ok(()) => {}
        Err(error) if error.kind() == ErrorKind::AlreadyExists => {}
        Err(source) => return Err(FolderError::Io { path: path.to_owned(), source }),
    }
    check_folder(path, others).map(drop)
}

/// Makes sure that a folder belongs to this user, that others can do no more in it than `others` says, and that nobody
/// but this user and root can put another one in its place. Tells whether it is there.
///
/// As with ssh, every folder above it has to belong to this user or root and must not be writable for others, unless
/// it has the sticky bit, as `/tmp` has. A group that has the number of its owner has no other members and does not
/// count there.
///
/// # Errors
///
/// Why it cannot be trusted.
pub fn check_folder(path: &Path, others: Others) -> Result<bool, FolderError> {
    let failed = |source| FolderError::Io { path: path.to_owned(), source };
    let metadata = match fs::symlink_metadata(path) {
        Ok(metadata) => metadata,
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(false),
        Err(error) => return Err(failed(error)),
    };
    let metadata = match (metadata.is_symlink(), others) {
        (true, Others::StayOut) => return Err(FolderError::NotAFolder(path.to_owned())),
        (true, Others::MayRead) => {
            above(path, path)?;
            fs::metadata(path).map_err(failed)?
        }
        (false, _) => metadata,
    };
    if !metadata.is_dir() {
        return Err(FolderError::NotAFolder(path.to_owned()));
    }
    if metadata.uid() != user() {
        return Err(FolderError::Foreign(path.to_owned()));
    }
    let refused = match others {
        Others::MayRead => WRITABLE,
        Others::StayOut => 0o077,
    };
    let mode = metadata.mode() & 0o777;
    if mode & refused != 0 {
        return Err(FolderError::Open { path: path.to_owned(), mode });
    }
    above(path, &std::path::absolute(path).map_err(failed)?)?;
    above(path, &fs::canonicalize(path).map_err(failed)?)?;
    Ok(true)
}

/// Judges everything that a place is reached by.
fn above(path: &Path, place: &Path) -> Result<(), FolderError> {
    let link = fs::symlink_metadata(place).is_ok_and(|metadata| metadata.is_symlink());
    let above = place.ancestors().skip(usize::from(!link)).filter(|above| !above.as_os_str().is_empty());
    for above in above {
        let metadata = fs::symlink_metadata(above);
        let metadata = metadata.map_err(|source| FolderError::Io { path: above.to_owned(), source })?;
        if let Some(reason) = replaceable(&metadata) {
            return Err(FolderError::Above { path: path.to_owned(), above: above.to_owned(), reason });
        }
    }
    Ok(())
}

/// Why others could rename what is in a folder, or turn a link, if they can.
fn replaceable(metadata: &Metadata) -> Option<&'static str> {
    const STICKY: u32 = 0o1000;
    let owner = metadata.uid();
    if owner != 0 && owner != user() {
        return Some("belongs to another user");
    }
    // Of a link nothing but its owner counts.
    if metadata.is_symlink() || metadata.mode() & STICKY != 0 {
        return None;
    }
    // A group of one user's own has that user's number.
    let shared_group = metadata.gid() != owner || metadata.gid() == 0 && owner != 0;
    if metadata.mode() & 0o002 != 0 || metadata.mode() & 0o020 != 0 && shared_group {
        return Some("can be written by others");
    }
    None
}

fn user() -> u32 {
    rustix::process::geteuid().as_raw()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

    use std::fs::Permissions;
    use std::os::unix::fs::{PermissionsExt as _, symlink};

    use super::*;

    fn set(path: &Path, mode: u32) {
        fs::set_permissions(path, Permissions::from_mode(mode)).unwrap();
    }

    #[test]
    fn a_folder_is_made_for_its_owner_alone() {
        let root = tempfile::tempdir().unwrap();
        let path = root.path().join("a/b");
        assert!(!check_folder(&path, Others::StayOut).unwrap());
        for _ in 0..2 {
            private_folder(&path, Others::StayOut).unwrap();
            assert!(check_folder(&path, Others::MayRead).unwrap());
        }
        for made in [&path, path.parent().unwrap()] {
            assert_eq!(fs::metadata(made).unwrap().mode() & 0o777, 0o700);
        }
    }

    #[test]
    fn a_folder_open_to_others_is_refused_and_left_alone() {
        let root = tempfile::tempdir().unwrap();
        for (mode, writable) in [(0o755, false), (0o710, false), (0o701, false), (0o720, true), (0o702, true)]
        {
            set(root.path(), mode);
            let refused = |others| match check_folder(root.path(), others) {
                Err(FolderError::Open { mode: found, .. }) => found == mode,
                other => {
                    assert!(other.unwrap());
                    false
                }
            };
            assert!(refused(Others::StayOut), "{mode:o}");
            assert_eq!(refused(Others::MayRead), writable, "{mode:o}");
            assert_eq!(fs::metadata(root.path()).unwrap().mode() & 0o777, mode);
        }
    }

    #[test]
    fn a_folder_below_one_that_others_can_write_is_refused_unless_that_is_sticky() {
        let root = tempfile::tempdir().unwrap();
        let path = root.path().join("shared/mine");
        private_folder(&path, Others::StayOut).unwrap();
        let shared = path.parent().unwrap();
        for (mode, trusted) in [(0o777, false), (0o757, false), (0o1777, true), (0o755, true)] {
            set(shared, mode);
            let checked = check_folder(&path, Others::MayRead);
            assert_eq!(checked.is_ok(), trusted, "{mode:o}: {checked:?}");
            assert!(trusted || matches!(checked, Err(FolderError::Above { .. })));
        }
        // By a link of the user's own it is no better.
        let link = root.path().join("link");
        symlink(&path, &link).unwrap();
        assert!(check_folder(&link, Others::MayRead).unwrap());
        set(shared, 0o777);
        assert!(matches!(check_folder(&link, Others::MayRead), Err(FolderError::Above { .. })));
    }

    #[test]
    fn links_and_files_are_not_folders_to_which_others_have_no_access() {
        let root = tempfile::tempdir().unwrap();
        let at = |name: &str| root.path().join(name);
        private_folder(&at("folder"), Others::StayOut).unwrap();
        symlink(at("folder"), at("link")).unwrap();
        fs::write(at("file"), "").unwrap();
        for name in ["link", "file"] {
            assert!(matches!(private_folder(&at(name), Others::StayOut), Err(FolderError::NotAFolder(_))));
        }
        private_folder(&at("link"), Others::MayRead).unwrap();
        assert!(matches!(private_folder(&at("file"), Others::MayRead), Err(FolderError::NotAFolder(_))));
    }

    #[test]
    fn a_folder_of_another_user_is_refused() {
        // Every system has some that belong to root; root itself has none that belong to others.
        if user() != 0 {
            assert!(matches!(check_folder(Path::new("/usr"), Others::MayRead), Err(FolderError::Foreign(_))));
            return;
        }
        let root = tempfile::tempdir().unwrap();
        let path = root.path().join("folder");
        private_folder(&path, Others::StayOut).unwrap();
        std::os::unix::fs::chown(&path, Some(12345), None).unwrap();
        assert!(matches!(check_folder(&path, Others::MayRead), Err(FolderError::Foreign(_))));
        let below = path.join("below");
        private_folder(&below, Others::MayRead).unwrap_err();
        assert!(matches!(check_folder(&below, Others::MayRead), Err(FolderError::Above { .. })));
    }
}
