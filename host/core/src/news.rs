//! Which version of each installed plugin the person has heard of, so that whoever runs a single command learns once that
//! its plugin was replaced since.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use serde::{Deserialize, Serialize};

use crate::event::Event;
use crate::plugin::{Difference, Origin, Plugin, read_bounded, write_aside};

/// What the person has heard of, in a file that all their processes share. Losing it costs them a line at most, so it is
/// neither locked nor insisted on.
#[derive(Debug)]
pub struct News {
    path: PathBuf,
    /// What this process knows to be in the file.
    known: Mutex<BTreeMap<String, Heard>>,
}

#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
struct Heard {
    digest: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    version: Option<String>,
}

impl News {
    pub(crate) fn new(state: &Path) -> Self {
        Self { path: state.join("heard.json"), known: Mutex::default() }
    }

    /// What there is to tell of the plugin whose command is about to run; nothing if it is the version that the person
    /// has heard of, or if there is no record of an earlier one.
    pub(crate) fn of(&self, plugin: &Plugin) -> Option<Event> {
        if *plugin.origin() == Origin::Bundled {
            return None;
        }
        let now = Heard::of(plugin);
        if self.known().get(plugin.name()).is_some_and(|known| known.digest == now.digest) {
            return None;
        }
        let heard = self.read().remove(plugin.name());
        match heard {
            Some(heard) if heard.digest == now.digest => {
                self.known().insert(plugin.name().to_owned(), heard);
                None
            }
            Some(heard) => {
                let version = heard.version.zip(now.version).filter(|(old, new)| old != new);
                Some(Event::Swapped {
                    plugin: plugin.name().to_owned(),
                    digest: now.digest,
                    difference: Difference { version, ..Difference::default() },
                })
            }
            None => {
                self.heard(plugin);
                None
            }
        }
    }

    /// Notes that the person has heard of a version.
    pub fn heard(&self, plugin: &Plugin) {
        let heard = Heard::of(plugin);
        self.change(|all| all.insert(plugin.name().to_owned(), heard));
    }

    /// Notes that a plugin is gone.
    pub(crate) fn forget(&self, plugin: &str) {
        self.change(|all| all.remove(plugin));
    }

    fn change(&self, change: impl FnOnce(&mut BTreeMap<String, Heard>) -> Option<Heard>) {
        let before = self.read();
        let mut all = before.clone();
        change(&mut all);
        let written = serde_json::to_vec(&all).map_err(std::io::Error::from);
        if all != before
            && let Err(error) = written.and_then(|text| write_aside(&self.path, &text))
        {
            tracing::debug!(%error, "what the person has heard of was not written down");
        }
        *self.known() = all;
    }

    fn read(&self) -> BTreeMap<String, Heard> {
        let text = read_bounded(&self.path).unwrap_or_default();
        serde_json::from_slice(&text).unwrap_or_default()
    }

    fn known(&self) -> std::sync::MutexGuard<'_, BTreeMap<String, Heard>> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Heard {
    fn of(plugin: &Plugin) -> Self {
        Self { digest: plugin.digest().to_string(), version: plugin.manifest().about.version.clone() }
    }
}
