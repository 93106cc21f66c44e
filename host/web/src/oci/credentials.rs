use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use powerbox_files::read_regular;
use serde::Deserialize;

/// The largest file, in bytes.
const MOST: u64 = 1 << 20;

/// Who the user is at which registry: what `docker login` and `podman login` wrote down.
#[derive(Clone, Default)]
pub struct Credentials(BTreeMap<String, String>);

#[derive(Deserialize)]
struct File {
    #[serde(default)]
    auths: BTreeMap<String, Entry>,
}

#[derive(Deserialize)]
struct Entry {
    auth: Option<String>,
}

impl Credentials {
    /// Where they are on this machine.
    pub fn path() -> Option<PathBuf> {
        let folder = |name| std::env::var_os(name).filter(|folder| !folder.is_empty()).map(PathBuf::from);
        let folder = folder("DOCKER_CONFIG").or_else(|| Some(folder("HOME")?.join(".docker")))?;
        Some(folder.join("config.json"))
    }

    /// Reads them. A file that is not there, or keeps its secrets elsewhere, has none.
    ///
    /// # Errors
    ///
    /// If the file is broken, larger than 1 MiB or not a regular one.
    pub fn read(path: &Path) -> std::io::Result<Self> {
        let text = match read_regular(path, MOST) {
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(Self::default()),
            text => text?,
        };
        let file: File = serde_json::from_slice(&text)?;
        let auths = file.auths.into_iter().filter_map(|(host, entry)| Some((bare(&host), entry.auth?)));
        Ok(Self(auths.collect()))
    }

    /// Somebody's name and password at a registry.
    pub fn with(mut self, host: &str, user: &str, password: &str) -> Self {
        self.0.insert(host.to_owned(), STANDARD.encode(format!("{user}:{password}")));
        self
    }

    /// What the header `Authorization: Basic` takes for a registry.
    pub(super) fn basic(&self, host: &str) -> Option<&str> {
        self.0.get(host).map(String::as_str)
    }
}

/// The host of an entry, which may be written as an address.
fn bare(host: &str) -> String {
    let host = host.strip_prefix("https://").or_else(|| host.strip_prefix("http://")).unwrap_or(host);
    host.split('/').next().unwrap_or_default().to_owned()
}
