//! The lock file: which version of which plugin is installed, down to the digest.
//!
//! It is what the host itself works by, so that nothing can disagree with it, and is written for people to read, compare
//! and take to another machine: sorted by name, one table for each plugin.

use serde::{Deserialize, Serialize};

use super::InstalledPlugin;

/// The form that is written.
const VERSION: u32 = 4;
/// The form before, which is read, too: it did not say which words a plugin had, nor all that its commands ask for.
const BEFORE: u32 = 3;

const HEAD: &str = "# Installed plugins, written by powerbox. `powerbox plugin install --locked FILE` installs the same ones elsewhere.\n";

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Records {
    version: u32,
    #[serde(default, rename = "plugin")]
    plugins: Vec<InstalledPlugin>,
}

/// Writes a lock file's text.
///
/// # Errors
///
/// If a path in it is no text.
pub(super) fn write(plugins: &[InstalledPlugin]) -> Result<String, String> {
    let mut plugins = plugins.to_vec();
    plugins.sort_by(|a, b| a.name.cmp(&b.name));
    let text = toml::to_string(&Records { version: VERSION, plugins }).map_err(|error| error.to_string())?;
    Ok(format!("{HEAD}{text}"))
}

/// Reads a lock file's text, which may come from another machine.
///
/// # Errors
///
/// Where it is not right.
pub fn read_lock(text: &str) -> Result<Vec<InstalledPlugin>, String> {
    let records: Records = toml::from_str(text).map_err(|error| error.to_string())?;
    if records.version != BEFORE {
        known(records.version, VERSION)?;
    }
    Ok(records.plugins)
}

/// The records as they were before there was a lock file, in JSON: only files could be installed.
pub(super) fn read_old(text: &[u8]) -> Result<Vec<InstalledPlugin>, String> {
    #[derive(Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Old {
        version: u32,
        plugins: Vec<OldPlugin>,
    }
    #[derive(Deserialize)]
    #[serde(deny_unknown_fields)]
    struct OldPlugin {
        name: String,
        source: std::path::PathBuf,
        digest: String,
        ask: super::Ask,
        #[serde(default)]
        seen: Option<super::Seen>,
    }
    let old: Old = serde_json::from_slice(text).map_err(|error| error.to_string())?;
    known(old.version, 2)?;
    let plugin = |old: OldPlugin| InstalledPlugin {
        name: old.name,
        version: None,
        digest: old.digest,
        signer: None,
        words: None,
        preferred: std::collections::BTreeSet::new(),
        source: super::Source::File { path: old.source },
        seen: old.seen,
        signature_seen: None,
        ask: old.ask,
    };
    Ok(old.plugins.into_iter().map(plugin).collect())
}

fn known(version: u32, expected: u32) -> Result<(), String> {
    if version == expected { Ok(()) } else { Err(format!("version {version} is not known")) }
}
