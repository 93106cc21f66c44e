//! Which commands there are, and which plugin runs each.

mod command;
pub use command::{Command, CommandGroup, Effect, NameRight, Parameter, ParameterKind, ParameterStyle};

mod describe;
pub use describe::{DescribeError, read_group};

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::plugin::Plugin;

/// All commands at one moment. A swap of a plugin makes a new registry; running invocations keep what they began with.
#[derive(Default)]
pub struct Registry {
    plugins: Vec<Arc<Plugin>>,
    words: BTreeMap<String, (usize, usize)>,
}

/// A command, and the plugin that runs it.
#[derive(Clone)]
pub struct Entry {
    /// The plugin.
    pub plugin: Arc<Plugin>,
    index: usize,
}

impl Entry {
    /// The command's description.
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
    /// Collects the commands of plugins. Where two offer one word, the plugin that comes first keeps it; the other's
    /// command is reached as `group:word`, as all are.
    pub fn new(plugins: Vec<Arc<Plugin>>) -> Self {
        let mut words = BTreeMap::new();
        for (p, plugin) in plugins.iter().enumerate() {
            for (c, command) in plugin.group().commands.iter().enumerate() {
                for word in std::iter::once(&command.name).chain(&command.aliases) {
                    words.entry(word.clone()).or_insert((p, c));
                    words.entry(format!("{}:{word}", plugin.name())).or_insert((p, c));
                }
            }
        }
        Self { plugins, words }
    }

    /// Finds a command by its name, an alias, or `plugin:word`.
    pub fn find(&self, word: &str) -> Result<Entry, UnknownCommand> {
        let found = self.words.get(word).and_then(|&(plugin, index)| {
            Some(Entry { plugin: Arc::clone(self.plugins.get(plugin)?), index })
        });
        found.ok_or_else(|| UnknownCommand { word: word.to_owned(), suggestion: self.nearest(word) })
    }

    /// Finds a plugin by name.
    pub fn plugin(&self, name: &str) -> Option<&Arc<Plugin>> {
        self.plugins.iter().find(|plugin| plugin.name() == name)
    }

    /// The plugins, bundled ones first.
    pub fn plugins(&self) -> &[Arc<Plugin>] {
        &self.plugins
    }

    /// All words that call a command without naming its plugin, sorted.
    pub fn words(&self) -> impl Iterator<Item = &str> {
        self.words.keys().map(String::as_str).filter(|word| !word.contains(':'))
    }

    /// The groups, sorted by name.
    pub fn groups(&self) -> Vec<CommandGroup> {
        let mut groups: Vec<_> = self.plugins.iter().map(|plugin| plugin.group().clone()).collect();
        groups.sort_by(|a, b| a.name.cmp(&b.name));
        groups
    }

    fn nearest(&self, word: &str) -> Option<String> {
        self.words()
            .map(|known| (distance(word, known), known))
            .filter(|(distance, known)| *distance <= 1 + known.chars().count() / 4)
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
