//! Plugins that crash again and again are put aside, for longer each time.

use std::collections::BTreeMap;
use std::fs::{self, File, OpenOptions};
use std::io;
use std::path::PathBuf;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use powerbox_sandbox::Failure;
use serde::{Deserialize, Serialize};

use crate::plugin::write_aside;

/// So many failures in a row put a plugin aside.
pub const FAILURES: u32 = 5;
/// For how long at most.
const LONGEST: Duration = Duration::from_secs(600);

/// The record of failures, shared by all processes of the user.
pub(crate) struct Quarantine(PathBuf);

#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Failures {
    /// The version that failed: another one starts anew.
    digest: String,
    count: u32,
    /// Until when it is put aside, in milliseconds since 1970.
    until: u64,
    last: String,
}

type All = BTreeMap<String, Failures>;

/// A plugin is put aside.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "the plugin `{plugin}` failed {count} times in a row and is put aside for {} s more; last it was: {last}; `powerbox plugin restore {plugin}` lets it run now, and so does a new version",
    .left.as_secs().max(1)
)]
pub struct PutAside {
    /// Which.
    pub plugin: String,
    /// How often it failed in a row.
    pub count: u32,
    /// For how long it is still put aside.
    pub left: Duration,
    /// How it failed last.
    pub last: String,
}

impl Quarantine {
    pub(crate) fn new(path: PathBuf) -> Self {
        Self(path)
    }

    /// Whether a version of a plugin may run.
    pub(crate) fn check(&self, plugin: &str, digest: &str) -> Result<(), PutAside> {
        let Some(failures) = self.read().remove(plugin) else { return Ok(()) };
        let left = Duration::from_millis(failures.until.saturating_sub(now()));
        if failures.digest != digest || failures.count < FAILURES || left.is_zero() || left > LONGEST {
            return Ok(());
        }
        Err(PutAside { plugin: plugin.to_owned(), count: failures.count, left, last: failures.last })
    }

    /// Takes note of how a run ended.
    pub(crate) fn note(&self, plugin: &str, digest: &str, failure: Option<&Failure>) {
        let noted = match failure {
            Some(failure) if counts(failure) => self.change(|all| {
                let before =
                    all.get(plugin).filter(|known| known.digest == digest).map_or(0, |known| known.count);
                let count = before.saturating_add(1);
                let wait = 1_u64.checked_shl(count.saturating_sub(FAILURES)).map(Duration::from_secs);
                let wait = wait.unwrap_or(LONGEST).min(LONGEST);
                let until = now().saturating_add(u64::try_from(wait.as_millis()).unwrap_or(u64::MAX));
                let last = crate::text::clean_line(&failure.to_string()).chars().take(200).collect();
                all.insert(plugin.to_owned(), Failures { digest: digest.to_owned(), count, until, last });
            }),
            // Only what is there can be taken out, and mostly there is nothing.
            None if self.read().contains_key(plugin) => self.change(|all| drop(all.remove(plugin))),
            _ => Ok(()),
        };
        if let Err(error) = noted {
            tracing::warn!(%error, plugin, "failures of plugins cannot be written down");
        }
    }

    /// Lets a plugin run again. Tells whether it had failed.
    pub(crate) fn restore(&self, plugin: &str) -> io::Result<bool> {
        let known = self.read().contains_key(plugin);
        if known {
            self.change(|all| drop(all.remove(plugin)))?;
        }
        Ok(known)
    }

    fn read(&self) -> All {
        // A file that is damaged says nothing about anybody.
        fs::read(&self.0).ok().and_then(|text| serde_json::from_slice(&text).ok()).unwrap_or_default()
    }

    fn change(&self, change: impl FnOnce(&mut All)) -> io::Result<()> {
        let lock: File = OpenOptions::new()
            .create(true)
            .truncate(false)
            .write(true)
            .open(self.0.with_extension("lock"))?;
        lock.lock()?;
        let mut all = self.read();
        change(&mut all);
        write_aside(&self.0, &serde_json::to_vec(&all)?)
    }
}

/// Whether a failure is the plugin's own doing.
fn counts(failure: &Failure) -> bool {
    matches!(
        failure,
        Failure::Trap(_)
            | Failure::StackOverflow
            | Failure::OutOfMemory { .. }
            | Failure::OutOfCpu { .. }
            | Failure::TooMuchData(_)
            | Failure::TooManyHandles { .. }
            | Failure::TooManyCalls { .. }
            | Failure::Stuck
    )
}

fn now() -> u64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    u64::try_from(since.as_millis()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn failures_in_a_row_put_a_version_aside_and_success_or_a_new_version_does_not() {
        let folder = tempfile::tempdir().unwrap();
        let quarantine = Quarantine::new(folder.path().join("quarantine.json"));
        let failure = Failure::StackOverflow;
        for _ in 1..FAILURES {
            quarantine.note("a", "1", Some(&failure));
            quarantine.check("a", "1").unwrap();
        }
        quarantine.note("a", "1", Some(&failure));
        assert_eq!(quarantine.check("a", "1").unwrap_err().count, FAILURES);
        // Neither another version nor another plugin pays for it.
        quarantine.check("a", "2").unwrap();
        quarantine.check("b", "1").unwrap();
        // Each further failure doubles the wait.
        quarantine.note("a", "1", Some(&failure));
        let first = quarantine.check("a", "1").unwrap_err().left;
        quarantine.note("a", "1", Some(&failure));
        assert!(quarantine.check("a", "1").unwrap_err().left > first);
        assert!(quarantine.restore("a").unwrap());
        quarantine.check("a", "1").unwrap();
        // A success in between starts the count anew.
        for _ in 0..2 * FAILURES {
            quarantine.note("a", "1", Some(&failure));
            quarantine.note("a", "1", None);
            quarantine.check("a", "1").unwrap();
        }
        // What others do to a plugin is not its failure.
        for _ in 0..2 * FAILURES {
            quarantine.note("a", "1", Some(&Failure::Busy));
        }
        quarantine.check("a", "1").unwrap();
    }
}
