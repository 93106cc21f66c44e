//! The program's folders: there or makeable, its own, closed to others, with room.

use std::path::Path;

use powerbox_core::text::word;
use powerbox_files::{Others, check_folder};

use super::check::Check;
use crate::paths::Paths;

/// Below so much room on the disk, in MiB, is said so.
const LITTLE_ROOM: u64 = 200;

pub(super) fn checks(paths: &Paths) -> Vec<Check> {
    // The configuration can do without its folder, and need not be written.
    let private = paths.private().into_iter();
    private.map(|(what, path, others)| folder(what, path, others)).collect()
}

fn folder(what: &str, path: &Path, others: Others) -> Check {
    let (shown, word) = (path.display(), word(&path.to_string_lossy()));
    match check_folder(path, others) {
        Ok(true) => {}
        Ok(false) => return not_yet(what, path),
        Err(error) => return Check::bad(what, error.to_string(), error.remedy(powerbox_core::text::word)),
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
