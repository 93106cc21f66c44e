//! Who gets a bare word: the older owner keeps it, until the person decides otherwise.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use crate::host::Host;
use crate::install::InstallError;
use crate::plugin::{InstalledPlugin, Origin, Plugin, StoreError};
use crate::registry::{CommandGroup, Owners, Registry, is_verb};

/// Who has a bare word.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Owner {
    /// It is a verb of the program.
    Program,
    /// It calls a command of this plugin.
    Plugin(String),
}

impl fmt::Display for Owner {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Program => f.write_str("a verb of powerbox itself"),
            Self::Plugin(name) => write!(f, "a command of the plugin `{name}`"),
        }
    }
}

/// The bare words that a plugin gets, and those that it cannot have.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Claim {
    /// Those that call its commands.
    pub words: BTreeSet<String>,
    /// Those of them that the person took from another plugin for it.
    pub preferred: BTreeSet<String>,
    /// Those that somebody else has.
    pub taken: BTreeMap<String, Owner>,
}

/// Why a word was not given to a plugin.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum PreferError {
    /// No plugin has this name.
    #[error("there is no plugin named `{0}`; `powerbox plugin list` lists them")]
    Unknown(String),
    /// The plugin has no such command.
    #[error("the plugin `{plugin}` has no command `{word}`")]
    NoCommand {
        /// The plugin.
        plugin: String,
        /// The word.
        word: String,
    },
    /// The word is the program's own.
    #[error("`{0}` is a verb of powerbox itself, which no plugin can have")]
    Verb(String),
    /// The right to change what is installed cannot be had.
    #[error(transparent)]
    Change(#[from] InstallError),
    /// The records cannot be used.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Works out which bare words a plugin gets beside those on record and those that come with the program. `before` is the
/// version that is installed.
pub(crate) fn claim(
    registry: &Registry,
    records: &[InstalledPlugin],
    group: &CommandGroup,
    before: Option<&InstalledPlugin>,
) -> Claim {
    let mut claim = Claim::default();
    for word in group.commands.iter().flat_map(|command| command.words()) {
        if is_verb(word) {
            claim.taken.insert(word.to_owned(), Owner::Program);
        } else if before.is_some_and(|before| before.preferred.contains(word)) {
            claim.words.insert(word.to_owned());
            claim.preferred.insert(word.to_owned());
        } else if let Some(other) = other_owner(registry, records, &group.name, word) {
            claim.taken.insert(word.to_owned(), Owner::Plugin(other));
        } else {
            claim.words.insert(word.to_owned());
        }
    }
    claim
}

/// The other plugin that has a word. What is on record counts, since other processes change it, too.
fn other_owner(registry: &Registry, records: &[InstalledPlugin], plugin: &str, word: &str) -> Option<String> {
    let mut others = records.iter().filter(|record| record.name != plugin);
    if let Some(other) = others.clone().find(|record| record.preferred.contains(word)) {
        return Some(other.name.clone());
    }
    let bundled = registry.plugins().iter().find(|known| {
        *known.origin() == Origin::Bundled && known.group().commands.iter().any(|command| has(command, word))
    });
    if let Some(bundled) = bundled {
        return Some(bundled.name().to_owned());
    }
    let owner = registry.owner(word).map(|owner| owner.name());
    let has_it = |record: &&InstalledPlugin| match &record.words {
        Some(words) => words.contains(word),
        None => owner == Some(record.name.as_str()),
    };
    others.find(has_it).map(|record| record.name.clone())
}

fn has(command: &crate::registry::Command, word: &str) -> bool {
    command.words().any(|known| known == word)
}

/// The words of a version that takes the place of another without anybody being asked: a word that the one before had
/// and could not call bare stays that way.
pub(crate) fn claim_unasked(
    registry: &Registry,
    records: &[InstalledPlugin],
    group: &CommandGroup,
    before: &InstalledPlugin,
) -> Claim {
    let mut claim = claim(registry, records, group, Some(before));
    if let Some(words) = &before.words {
        let denied = |word: &String| before.ask.words().any(|known| known == word) && !words.contains(word);
        claim.words.retain(|word| !denied(word));
    }
    claim
}

/// The bare words that call a command of another plugin than before, with its name: for whoever has removed a plugin.
pub fn passed(before: &Registry, now: &Registry) -> Vec<(String, String)> {
    let owner = |registry: &Registry, word: &str| registry.owner(word).map(|owner| owner.name().to_owned());
    let passed = |word: &str| {
        let owner_now = owner(now, word)?;
        let is_other = owner(before, word).is_some_and(|before| before != owner_now);
        is_other.then(|| (word.to_owned(), owner_now))
    };
    now.words().filter_map(passed).collect()
}

impl Host {
    /// Which bare words an installed plugin would get if it were installed now.
    pub(crate) fn claim(
        &self,
        plugin: &Plugin,
        before: Option<&InstalledPlugin>,
    ) -> Result<Claim, StoreError> {
        Ok(claim(&self.registry(), &self.installed().list()?, plugin.group(), before))
    }

    /// Makes a set of plugins current, with the words that the records give them.
    pub(crate) fn set_plugins(&self, plugins: Vec<std::sync::Arc<Plugin>>) {
        let owners = match self.installed().list() {
            Ok(records) => Owners::of(&records),
            Err(error) => {
                tracing::warn!(%error, "the plugin records cannot be read");
                self.registry().owners().clone()
            }
        };
        self.set_registry(Registry::new(plugins, owners));
    }

    /// Lets a bare word call a plugin's command from now on. Gives the plugin that had it, whose command is called as
    /// `plugin:word` then.
    ///
    /// # Errors
    ///
    /// If there is no such plugin or command, or the word is the program's own.
    pub async fn prefer(&self, plugin: &str, word: &str) -> Result<Option<String>, PreferError> {
        let _change = self.begin_change().await?;
        let registry = self.registry();
        let known = registry.plugin(plugin).ok_or_else(|| PreferError::Unknown(plugin.to_owned()))?;
        if !known.group().commands.iter().any(|command| has(command, word)) {
            return Err(PreferError::NoCommand { plugin: plugin.to_owned(), word: word.to_owned() });
        }
        if is_verb(word) {
            return Err(PreferError::Verb(word.to_owned()));
        }
        let before = registry.owner(word).map(|owner| owner.name().to_owned());
        let had = before.filter(|before| before != plugin);
        let all = |record: &InstalledPlugin| -> BTreeSet<String> {
            let known = registry.plugin(&record.name).into_iter().flat_map(|plugin| &plugin.group().commands);
            let words = known.flat_map(|command| command.words());
            words.filter(|word| registry.callable(&record.name, word) == *word).map(str::to_owned).collect()
        };
        self.installed().change(|records| {
            for record in records {
                let mut words = record.words.clone().unwrap_or_else(|| all(record));
                if record.name == plugin {
                    words.insert(word.to_owned());
                    record.preferred.insert(word.to_owned());
                } else {
                    words.remove(word);
                    record.preferred.remove(word);
                }
                record.words = Some(words);
            }
        })?;
        self.set_plugins(registry.plugins().to_vec());
        Ok(had)
    }
}
