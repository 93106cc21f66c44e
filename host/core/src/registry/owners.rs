use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::reserved::is_verb;
use crate::plugin::{InstalledPlugin, Origin, Plugin};

/// Which plugin a bare word calls, where several have it: what was agreed when they were installed, and what the person
/// decided since.
///
/// A word goes to nobody by itself: a plugin that cannot have it when it is installed does not get it later, when a new
/// version of the one that has it drops it. It does when the person removes that one, and nobody else has it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Owners(BTreeMap<String, Owned>);

/// The words of one installed plugin.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct Owned {
    words: Option<BTreeSet<String>>,
    preferred: BTreeSet<String>,
}

impl Owners {
    /// Reads off what is on record.
    pub fn of(records: &[InstalledPlugin]) -> Self {
        let owned = |record: &InstalledPlugin| Owned {
            words: record.words.clone(),
            preferred: record.preferred.clone(),
        };
        Self(records.iter().map(|record| (record.name.clone(), owned(record))).collect())
    }

    /// Gives each bare word to one of the plugins, by its place among them. The person's decisions come first, then the
    /// plugins that come with the program, then what is on record of others, then those of which nothing is on record.
    /// The program's verbs are nobody's.
    pub(super) fn resolve(&self, plugins: &[Arc<Plugin>]) -> BTreeMap<String, usize> {
        let mut all = BTreeMap::new();
        for rank in [Rank::Preferred, Rank::Bundled, Rank::Recorded, Rank::Unrecorded] {
            for (place, plugin) in plugins.iter().enumerate() {
                for word in plugin.group().commands.iter().flat_map(|command| command.words()) {
                    if !is_verb(word) && self.rank(plugin, word) == Some(rank) {
                        all.entry(word.to_owned()).or_insert(place);
                    }
                }
            }
        }
        all
    }

    fn rank(&self, plugin: &Plugin, word: &str) -> Option<Rank> {
        if *plugin.origin() == Origin::Bundled {
            return Some(Rank::Bundled);
        }
        match self.0.get(plugin.name()) {
            Some(owned) if owned.preferred.contains(word) => Some(Rank::Preferred),
            Some(Owned { words: Some(words), .. }) => words.contains(word).then_some(Rank::Recorded),
            _ => Some(Rank::Unrecorded),
        }
    }
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Rank {
    Preferred,
    Bundled,
    Recorded,
    Unrecorded,
}
