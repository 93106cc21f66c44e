use std::collections::BTreeMap;
use std::time::{Duration, SystemTime};

use powerbox_core::plugin::Plugin;
use powerbox_core::{FAILURES, PutAside};
use serde::Deserialize;

use crate::paths::Paths;

/// What the core wrote down about a plugin's failures, as far as it is shown.
#[derive(Deserialize)]
struct Failures {
    digest: String,
    count: u32,
    /// In milliseconds since 1970.
    until: u64,
    last: String,
}

/// Whether a plugin is put aside now. Only for showing: the core decides by itself.
pub(crate) fn of(paths: &Paths, plugin: &Plugin) -> Option<PutAside> {
    let text = std::fs::read(paths.state.join("quarantine.json")).ok()?;
    let mut all: BTreeMap<String, Failures> = serde_json::from_slice(&text).ok()?;
    let failures = all.remove(plugin.name())?;
    let until = SystemTime::UNIX_EPOCH.checked_add(Duration::from_millis(failures.until))?;
    let left = until.duration_since(SystemTime::now()).ok()?;
    let is_aside = failures.digest == plugin.digest().to_string() && failures.count >= FAILURES;
    let plugin = plugin.name().to_owned();
    is_aside.then_some(PutAside { plugin, count: failures.count, left, last: failures.last })
}
