//! Plugins that crash again and again are put aside, for longer each time: for the one for whom they acted when they
//! crashed, and for nobody else.

use std::collections::BTreeMap;
use std::fs::{self, File, OpenOptions};
use std::io;
use std::path::PathBuf;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use powerbox_authority::grant::AgentKey;
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

/// Whose failures are counted together: those of a plugin that acts for one agent, or for the person. Nobody can have a
/// plugin put aside for others by making it fail.
pub(crate) struct Whose<'a> {
    pub(crate) plugin: &'a str,
    pub(crate) agent: Option<&'a AgentKey>,
}

impl Whose<'_> {
    /// Under what they are recorded. No plugin has a space in its name.
    fn key(&self) -> String {
        match self.agent {
            Some(agent) => format!("{} #{agent}", self.plugin),
            None => self.plugin.to_owned(),
        }
    }
}

/// Whether a record is one of a plugin, whoever it acted for.
fn is_of(key: &str, plugin: &str) -> bool {
    key.strip_prefix(plugin).is_some_and(|rest| rest.is_empty() || rest.starts_with(" #"))
}

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
    pub(crate) fn check(&self, whose: &Whose<'_>, digest: &str) -> Result<(), PutAside> {
        let Some(failures) = self.read().remove(&whose.key()) else { return Ok(()) };
        let left = Duration::from_millis(failures.until.saturating_sub(now()));
        if failures.digest != digest || failures.count < FAILURES || left.is_zero() || left > LONGEST {
            return Ok(());
        }
        Err(PutAside { plugin: whose.plugin.to_owned(), count: failures.count, left, last: failures.last })
    }

    /// Takes note of how a run ended.
    pub(crate) fn note(&self, whose: &Whose<'_>, digest: &str, failure: Option<&Failure>) {
        let key = whose.key();
        let noted = match failure {
            Some(failure) if counts(failure) => self.change(|all| {
                let before =
                    all.get(&key).filter(|known| known.digest == digest).map_or(0, |known| known.count);
                let count = before.saturating_add(1);
                let wait = 1_u64.checked_shl(count.saturating_sub(FAILURES)).map(Duration::from_secs);
                let wait = wait.unwrap_or(LONGEST).min(LONGEST);
                let until = now().saturating_add(u64::try_from(wait.as_millis()).unwrap_or(u64::MAX));
                let last = crate::text::clean_line(&failure.to_string()).chars().take(200).collect();
                all.insert(key.clone(), Failures { digest: digest.to_owned(), count, until, last });
            }),
            // Only what is there can be taken out, and mostly there is nothing.
            None if self.read().contains_key(&key) => self.change(|all| drop(all.remove(&key))),
            _ => Ok(()),
        };
        if let Err(error) = noted {
            tracing::warn!(%error, key, "failures of plugins cannot be written down");
        }
    }

    /// Lets a plugin run again, for everybody. Tells whether it had failed.
    pub(crate) fn restore(&self, plugin: &str) -> io::Result<bool> {
        let known = self.read().keys().any(|key| is_of(key, plugin));
        if known {
            self.change(|all| all.retain(|key, _| !is_of(key, plugin)))?;
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

    fn person(plugin: &str) -> Whose<'_> {
        Whose { plugin, agent: None }
    }

    #[test]
    fn failures_for_one_agent_put_a_plugin_aside_for_that_agent_only() {
        let folder = tempfile::tempdir().unwrap();
        let quarantine = Quarantine::new(folder.path().join("quarantine.json"));
        let key = |digit: &str| AgentKey::stored(&digit.repeat(32)).unwrap();
        let (scout, eve) = (key("a"), key("b"));
        let of = |agent| Whose { plugin: "a", agent };
        for _ in 0..FAILURES {
            quarantine.note(&of(Some(&scout)), "1", Some(&Failure::StackOverflow));
        }
        quarantine.check(&of(Some(&scout)), "1").unwrap_err();
        quarantine.check(&of(Some(&eve)), "1").unwrap();
        quarantine.check(&of(None), "1").unwrap();
        // A success of others does not forgive it, and the person's word does.
        quarantine.note(&of(None), "1", None);
        quarantine.check(&of(Some(&scout)), "1").unwrap_err();
        assert!(!quarantine.restore("b").unwrap());
        assert!(quarantine.restore("a").unwrap());
        quarantine.check(&of(Some(&scout)), "1").unwrap();
    }

    #[test]
    fn failures_in_a_row_put_a_version_aside_and_success_or_a_new_version_does_not() {
        let folder = tempfile::tempdir().unwrap();
        let quarantine = Quarantine::new(folder.path().join("quarantine.json"));
        let failure = Failure::StackOverflow;
        for _ in 1..FAILURES {
            quarantine.note(&person("a"), "1", Some(&failure));
            quarantine.check(&person("a"), "1").unwrap();
        }
        quarantine.note(&person("a"), "1", Some(&failure));
        assert_eq!(quarantine.check(&person("a"), "1").unwrap_err().count, FAILURES);
        // Neither another version nor another plugin pays for it.
        quarantine.check(&person("a"), "2").unwrap();
        quarantine.check(&person("b"), "1").unwrap();
        // Each further failure doubles the wait.
        quarantine.note(&person("a"), "1", Some(&failure));
        let first = quarantine.check(&person("a"), "1").unwrap_err().left;
        quarantine.note(&person("a"), "1", Some(&failure));
        assert!(quarantine.check(&person("a"), "1").unwrap_err().left > first);
        assert!(quarantine.restore("a").unwrap());
        quarantine.check(&person("a"), "1").unwrap();
        // A success in between starts the count anew.
        for _ in 0..2 * FAILURES {
            quarantine.note(&person("a"), "1", Some(&failure));
            quarantine.note(&person("a"), "1", None);
            quarantine.check(&person("a"), "1").unwrap();
        }
        // What others do to a plugin is not its failure.
        for _ in 0..2 * FAILURES {
            quarantine.note(&person("a"), "1", Some(&Failure::Busy));
        }
        quarantine.check(&person("a"), "1").unwrap();
    }
}
