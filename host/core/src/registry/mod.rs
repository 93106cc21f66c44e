//! Which commands there are, and which plugin runs each.

mod command;
pub use command::{Command, CommandGroup, Effect, NameRight, Parameter, ParameterKind, ParameterStyle};

mod describe;
pub use describe::{DescribeError, read_group, refuse_program_options};

mod owners;
pub use owners::Owners;

mod reserved;
pub use reserved::{PROGRAM_LETTERS, PROGRAM_OPTIONS, PROGRAM_VERBS, is_verb};

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::plugin::Plugin;

/// All commands at one moment. A swap of a plugin makes a new registry; running invocations keep what they began with.
#[derive(Default)]
pub struct Registry {
    plugins: Vec<Arc<Plugin>>,
    words: BTreeMap<String, (usize, usize)>,
    owners: Owners,
}

/// A command, and the plugin that runs it.
#[derive(Clone)]
pub struct Entry {
    /// The plugin.
    pub plugin: Arc<Plugin>,
    index: usize,
}

impl Entry {
    /// The command's description. Its name is the plugin's own, and may call something else.
    pub fn command(&self) -> Option<&Command> {
        self.plugin.group().commands.get(self.index)
    }
}

/// There is no such command.
#[derive(Clone, Debug, thiserror::Error, PartialEq, Eq)]
#[error("there is no command `{word}`{}", suggest(.suggestion))]
pub struct UnknownCommand {
    /// What was asked for.
    pub word: String,
    /// What may have been meant.
    pub suggestion: Option<String>,
}

fn suggest(suggestion: &Option<String>) -> String {
    match suggestion {
        Some(word) => format!("; did you mean `{word}`? `powerbox help` lists all"),
        None => "; `powerbox help` lists all".to_owned(),
    }
}

impl Registry {
    /// Collects the commands of plugins. A bare word calls the command of the one plugin that has it, by `owners`; every
    /// command is reached as `plugin:word`.
    pub fn new(plugins: Vec<Arc<Plugin>>, owners: Owners) -> Self {
        let mut words = BTreeMap::new();
        for (p, plugin) in plugins.iter().enumerate() {
            for (c, command) in plugin.group().commands.iter().enumerate() {
                for word in command.words() {
                    words.insert(format!("{}:{word}", plugin.name()), (p, c));
                }
            }
        }
        for (word, p) in owners.resolve(&plugins) {
            let commands = plugins.get(p).into_iter().flat_map(|plugin| &plugin.group().commands);
            if let Some(c) =
                commands.into_iter().position(|command| command.words().any(|known| known == word))
            {
                words.insert(word, (p, c));
            }
        }
        Self { plugins, words, owners }
    }

    /// Finds a command by its name, an alias, or `plugin:word`.
    pub fn find(&self, word: &str) -> Result<Entry, UnknownCommand> {
        let found = self.words.get(word).and_then(|&(plugin, index)| {
            Some(Entry { plugin: Arc::clone(self.plugins.get(plugin)?), index })
        });
        found.ok_or_else(|| UnknownCommand { word: word.to_owned(), suggestion: self.nearest(word) })
    }

    /// Which plugin a bare word calls.
    pub fn owner(&self, word: &str) -> Option<&Arc<Plugin>> {
        let (plugin, _) = self.words.get(word).filter(|_| !word.contains(':'))?;
        self.plugins.get(*plugin)
    }

    /// How a command of a plugin is called that has this word: by the word, or by `plugin:word` where the word alone
    /// calls something else.
    pub fn callable(&self, plugin: &str, word: &str) -> String {
        match self.owner(word) {
            Some(owner) if owner.name() == plugin => word.to_owned(),
            _ => format!("{plugin}:{word}"),
        }
    }

    /// How the commands of a plugin are called, in the order in which it has them.
    pub fn commands_of(&self, plugin: &Plugin) -> Vec<String> {
        plugin.group().commands.iter().map(|command| self.callable(plugin.name(), &command.name)).collect()
    }

    pub(crate) fn owners(&self) -> &Owners {
        &self.owners
    }

    /// Finds a plugin by name.
    pub fn plugin(&self, name: &str) -> Option<&Arc<Plugin>> {
        self.plugins.iter().find(|plugin| plugin.name() == name)
    }

    /// The plugins, bundled ones first.
    pub fn plugins(&self) -> &[Arc<Plugin>] {
        &self.plugins
    }

    /// The words that call commands, sorted: without the name of their plugin where that suffices.
    pub fn words(&self) -> impl Iterator<Item = &str> {
        self.words.keys().map(String::as_str).filter(|word| match word.split_once(':') {
            None => true,
            Some((plugin, bare)) => self.owner(bare).is_none_or(|owner| owner.name() != plugin),
        })
    }

    /// The groups, sorted by name, with the words that call their commands.
    pub fn groups(&self) -> Vec<CommandGroup> {
        let of = |plugin: &Arc<Plugin>| {
            let mut group = plugin.group().clone();
            for command in &mut group.commands {
                command.name = self.callable(plugin.name(), &command.name);
                let is_own =
                    |word: &String| self.owner(word).is_some_and(|owner| owner.name() == plugin.name());
                command.aliases.retain(is_own);
            }
            group
        };
        let mut groups: Vec<_> = self.plugins.iter().map(of).collect();
        groups.sort_by(|a, b| a.name.cmp(&b.name));
        groups
    }

    /// What was meant: a word that is spelled much the same, or the same word of a plugin that cannot have it bare.
    fn nearest(&self, word: &str) -> Option<String> {
        let near = |known: &str| known.split_once(':').map_or(known, |(_, bare)| bare).to_owned();
        self.words()
            .map(|known| (distance(word, &near(known)), known))
            .filter(|(distance, known)| *distance <= 1 + near(known).chars().count() / 4)
            .min()
            .map(|(_, known)| known.to_owned())
    }
}

/// Levenshtein distance; words are short, and a long one is cut since it is near to nothing.
fn distance(a: &str, b: &str) -> usize {
    let b: Vec<char> = b.chars().take(64).collect();
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, ca) in a.chars().take(64).enumerate() {
        let mut diagonal = i;
        let mut left = i + 1;
        for (cell, cb) in row.iter_mut().skip(1).zip(&b) {
            let above = *cell;
            let best = (diagonal + usize::from(ca != *cb)).min(above + 1).min(left + 1);
            diagonal = above;
            left = best;
            *cell = best;
        }
        if let Some(first) = row.first_mut() {
            *first = i + 1;
        }
    }
    row.last().copied().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::distance;

    #[test]
    fn near_words_are_near() {
        assert_eq!(distance("mkdri", "mkdir"), 2);
        assert_eq!(distance("lst", "list"), 1);
        assert_eq!(distance("", "list"), 4);
        assert_eq!(distance("list", "list"), 0);
    }
}
