//! What is installed: records, components, grants, audit.

use powerbox_core::open_authority;
use powerbox_core::plugin::{Installed, InstalledPlugin};
use powerbox_files::{Others, check_folder, read_regular};
use powerbox_sandbox::{Digest, Limits};

use super::check::Check;
use crate::paths::Paths;

pub(super) fn checks(paths: &Paths) -> Vec<Check> {
    let mut checks = Vec::new();
    // What others can change is not read; the check of the folders says so.
    if [&paths.state, &paths.data].into_iter().any(|folder| check_folder(folder, Others::MayRead).is_err()) {
        return checks;
    }
    // Nothing is made by looking.
    if paths.state.is_dir() {
        checks.push(match open_authority(&paths.state) {
            Ok(_) => Check::fine("grants and audit", "can be read and written"),
            Err(error) => {
                let remedy = format!("look at {}; a copy of it can be put back", paths.state.display());
                Check::bad("grants and audit", error.to_string(), remedy)
            }
        });
    }
    if !paths.state.is_dir() || !paths.data.is_dir() {
        checks.push(Check::fine("installed plugins", "none"));
        return checks;
    }
    let installed = Installed::open(&paths.state, &paths.data)
        .and_then(|installed| Ok((installed.list()?, installed)))
        .map_err(|error| error.to_string());
    match installed {
        Err(error) => {
            checks.push(Check::bad(
                "installed plugins",
                error,
                "move that file away and install the plugins anew",
            ));
        }
        Ok((records, _)) if records.is_empty() => checks.push(Check::fine("installed plugins", "none")),
        Ok((records, installed)) => {
            checks.extend(records.iter().map(|record| plugin(&installed, record)));
        }
    }
    checks
}

fn plugin(installed: &Installed, record: &InstalledPlugin) -> Check {
    let what = format!("plugin {}", record.name);
    let again = format!("`powerbox plugin install {}`", record.source.word());
    match read_regular(&installed.component(&record.digest), Limits::FILE_BYTES as u64) {
        Err(error) => Check::bad(what, format!("its component cannot be read: {error}"), again),
        Ok(bytes) if Digest::of(&bytes).to_string() != record.digest => {
            Check::bad(what, "its component is not what was installed", again)
        }
        Ok(_) if record.source.watched().is_some_and(|path| !path.exists()) => Check::doubtful(
            what,
            format!("{} is gone, so it cannot change", record.source),
            "put it back, or install the plugin from elsewhere",
        ),
        Ok(bytes) => Check::fine(what, format!("{} KiB, from {}", bytes.len() >> 10, record.source)),
    }
}
