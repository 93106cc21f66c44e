//! The program's folders: there or makeable, its own, closed to others, with room.

use std::fs;
use std::os::unix::fs::MetadataExt as _;
use std::path::Path;

use powerbox_core::text::word;

use super::check::Check;
use crate::paths::Paths;

/// Below so much room on the disk, in MiB, is said so.
const LITTLE_ROOM: u64 = 200;

pub(super) fn checks(paths: &Paths) -> Vec<Check> {
    // What others could read or write there would be theirs to know or to change.
    let private = [
        ("state folder", &paths.state),
        ("plugin folder", &paths.data),
        ("cache folder", &paths.cache),
        ("runtime folder", &paths.runtime),
    ];
    private.into_iter().map(|(what, path)| folder(what, path)).collect()
}

fn folder(what: &str, path: &Path) -> Check {
    let (shown, word) = (path.display(), word(&path.to_string_lossy()));
    let metadata = match fs::symlink_metadata(path) {
        Ok(metadata) => metadata,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return not_yet(what, path),
        Err(error) => {
            return Check::bad(what, format!("{shown}: {error}"), "make it readable for yourself");
        }
    };
    if !fs::metadata(path).is_ok_and(|metadata| metadata.is_dir()) {
        return Check::bad(
            what,
            format!("{shown} is no folder"),
            format!("move it away: mv {word} {word}.old"),
        );
    }
    if metadata.uid() != rustix::process::geteuid().as_raw() {
        return Check::bad(what, format!("{shown} belongs to another user"), format!("chown $USER {word}"));
    }
    let mode = metadata.mode() & 0o777;
    if !metadata.is_symlink() && mode & 0o022 != 0 {
        let found = format!("{shown} can be written by others (mode {mode:o})");
        return Check::bad(what, found, format!("chmod go-w {word}"));
    }
    if rustix::fs::access(path, rustix::fs::Access::WRITE_OK | rustix::fs::Access::EXEC_OK).is_err() {
        return Check::bad(what, format!("{shown} cannot be written"), format!("chmod u+rwx {word}"));
    }
    match room(path) {
        Some(mib) if mib < LITTLE_ROOM => {
            Check::doubtful(what, format!("{shown}: {mib} MiB left on its disk"), "free some room")
        }
        _ => Check::fine(what, shown.to_string()),
    }
}

/// A folder that the program will make: can it?
fn not_yet(what: &str, path: &Path) -> Check {
    let there = path.ancestors().find(|ancestor| ancestor.exists());
    match there {
        Some(above) if rustix::fs::access(above, rustix::fs::Access::WRITE_OK).is_ok() => {
            Check::fine(what, format!("{} is made when it is needed", path.display()))
        }
        Some(above) => Check::bad(
            what,
            format!("{} cannot be made: {} cannot be written", path.display(), above.display()),
            format!("chmod u+w {}", word(&above.to_string_lossy())),
        ),
        None => {
            Check::bad(what, format!("{} cannot be made", path.display()), "set HOME to your home folder")
        }
    }
}

/// How much room is left, in MiB.
fn room(path: &Path) -> Option<u64> {
    let disk = rustix::fs::statvfs(path).ok()?;
    Some(disk.f_bavail.saturating_mul(disk.f_frsize) >> 20)
}
