use std::path::Path;
use std::time::UNIX_EPOCH;

use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

/// Which program with which configuration a process is. A client and a host work together only if theirs are equal:
/// after an update, or a change of the configuration, the host that runs is replaced by the next use.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Build {
    /// The program's version.
    pub version: String,
    /// What tells one build of a version from another: length and time of the program's file.
    pub program: String,
    /// The SHA-256 of the configuration file, in hexadecimal digits.
    pub configuration: String,
}

impl Build {
    /// That of this process, which has this configuration file.
    pub fn of_this(configuration: &Path) -> Self {
        let program = std::env::current_exe().and_then(|program| program.metadata());
        let program = program.ok().and_then(|metadata| {
            let written = metadata.modified().ok()?.duration_since(UNIX_EPOCH).ok()?;
            Some(format!("{}-{}", metadata.len(), written.as_nanos()))
        });
        // A file that is not there is as good as an empty one; one that cannot be read is told of by whoever reads it.
        let configuration = powerbox_files::read_regular(configuration, MOST).unwrap_or_default();
        let digest = Sha256::digest(&configuration);
        Self {
            version: env!("CARGO_PKG_VERSION").to_owned(),
            program: program.unwrap_or_default(),
            configuration: digest.iter().map(|byte| format!("{byte:02x}")).collect(),
        }
    }
}

/// The largest configuration file, in bytes.
const MOST: u64 = 1 << 20;
