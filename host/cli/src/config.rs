use std::path::Path;
use std::time::Duration;

use anyhow::Context as _;
use powerbox_sandbox::Limits;
use serde::Deserialize;

/// `config.toml`. A key that is not known here is an error: a misspelt limit must not silently be none.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(crate) struct Config {
    /// The daemon to connect to, as `--connect` takes it.
    pub(crate) connect: Option<String>,
    /// What one run of a command may use.
    #[serde(default)]
    pub(crate) limits: ConfigLimits,
}

/// Limits, where they shall differ from the defaults.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(crate) struct ConfigLimits {
    /// Processor time, in seconds.
    pub(crate) cpu_seconds: Option<u64>,
    /// Time from start to end, in seconds. A person can interrupt a command, so there is none unless it is set.
    pub(crate) wall_seconds: Option<u64>,
    /// Memory, in MiB.
    pub(crate) memory_mib: Option<usize>,
    /// Output, in MiB.
    pub(crate) output_mib: Option<u64>,
}

impl Config {
    /// Reads the file, if there is one.
    pub(crate) fn read(folder: &Path) -> anyhow::Result<Self> {
        let path = folder.join("config.toml");
        match std::fs::read_to_string(&path) {
            Ok(text) => toml::from_str(&text).with_context(|| format!("{} is not right", path.display())),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(Self::default()),
            Err(error) => Err(error).with_context(|| format!("cannot read {}", path.display())),
        }
    }

    /// The limits: the defaults, with what is set here.
    pub(crate) fn limits(&self) -> Limits {
        let mut limits = Limits { wall: None, ..Limits::default() };
        if let Some(seconds) = self.limits.cpu_seconds {
            limits.cpu = Duration::from_secs(seconds);
        }
        limits.wall = self.limits.wall_seconds.map(Duration::from_secs);
        if let Some(mib) = self.limits.memory_mib {
            limits.memory = mib.saturating_mul(1 << 20);
        }
        if let Some(mib) = self.limits.output_mib {
            limits.output_bytes = mib.saturating_mul(1 << 20);
        }
        limits
    }
}
