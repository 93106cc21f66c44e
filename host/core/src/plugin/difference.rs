use std::collections::BTreeSet;

use serde::Serialize;

use super::Plugin;
use crate::text::clean_line;

/// How one version of a plugin differs from another, for people to judge.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Difference {
    /// What the author calls the versions, the old one first.
    pub version: (Option<String>, Option<String>),
    /// Imports: a slot, or a function of one as `slot.function`.
    pub imports: Change,
    /// Commands.
    pub commands: Change,
}

/// What came and what went of a set of names.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Change {
    /// What only the new one has.
    pub added: Vec<String>,
    /// What only the old one had.
    pub removed: Vec<String>,
}

impl Change {
    fn between(old: &BTreeSet<String>, new: &BTreeSet<String>) -> Self {
        Self {
            added: new.difference(old).cloned().collect(),
            removed: old.difference(new).cloned().collect(),
        }
    }

    /// Whether nothing changed.
    pub fn is_none(&self) -> bool {
        self.added.is_empty() && self.removed.is_empty()
    }
}

impl Difference {
    /// Compares two versions.
    pub fn between(old: &Plugin, new: &Plugin) -> Self {
        let version = |plugin: &Plugin| plugin.manifest().about.version.clone();
        let imports = |plugin: &Plugin| {
            let mut names = BTreeSet::new();
            for import in &plugin.manifest().imports {
                let function = |name: &String| format!("{}.{name}", import.slot);
                names.extend(import.functions.iter().map(|known| function(&known.name)));
                names.insert(import.slot.clone());
            }
            names
        };
        let commands = |plugin: &Plugin| {
            plugin.group().commands.iter().map(|command| command.name.clone()).collect::<BTreeSet<_>>()
        };
        Self {
            version: (version(old), version(new)),
            imports: Change::between(&imports(old), &imports(new)),
            commands: Change::between(&commands(old), &commands(new)),
        }
    }

    /// It in lines for a person; none where nothing changed that shows.
    pub fn lines(&self) -> Vec<String> {
        let mut lines = Vec::new();
        if self.version.0 != self.version.1 {
            let named =
                |version: &Option<String>| clean_line(version.as_deref().unwrap_or("unnamed")).to_string();
            lines.push(format!("version   {} → {}", named(&self.version.0), named(&self.version.1)));
        }
        for (label, change) in [("imports", &self.imports), ("commands", &self.commands)] {
            let added = change.added.iter().map(|name| format!("+ {}", clean_line(name)));
            let removed = change.removed.iter().map(|name| format!("- {}", clean_line(name)));
            for (index, line) in added.chain(removed).enumerate() {
                lines.push(format!("{:9} {line}", if index == 0 { label } else { "" }));
            }
        }
        lines
    }
}
