use std::collections::BTreeSet;

use serde::Serialize;

use super::{Plugin, imports_wasi};
use crate::local::wasi::WASI;
use crate::registry::Command;
use crate::text::clean_line;

/// How one version of a plugin differs from another, for people: what it imports and offers.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Difference {
    /// The versions, where both say one and they differ.
    pub version: Option<(String, String)>,
    /// Functions that only the new one imports, by slot: `inventory list`.
    pub imports_added: Vec<String>,
    /// Functions that only the old one imports.
    pub imports_removed: Vec<String>,
    /// Commands that only the new one has, as they are used.
    pub commands_added: Vec<String>,
    /// Commands that only the old one has.
    pub commands_removed: Vec<String>,
    /// Commands that both have, and that are used or described differently.
    pub commands_changed: Vec<String>,
}

impl Difference {
    /// Compares two versions.
    pub fn between(old: &Plugin, new: &Plugin) -> Self {
        let imports = |plugin: &Plugin| -> BTreeSet<String> {
            let all = plugin.manifest().imports.iter();
            let (of_wasi, others): (Vec<_>, Vec<_>) = all.partition(|import| imports_wasi(import));
            let functions = others.into_iter().flat_map(|import| {
                import.functions.iter().map(|function| format!("{} {}", import.slot, function.name))
            });
            // Some toolchains bring two hundred functions along.
            functions.chain((!of_wasi.is_empty()).then(|| WASI.to_owned())).collect()
        };
        let (before, after) = (imports(old), imports(new));
        let has = |commands: &[Command], name: &str| commands.iter().any(|command| command.name == name);
        let (old_commands, new_commands) = (&old.group().commands, &new.group().commands);
        let version = |plugin: &Plugin| plugin.manifest().about.version.clone();
        let usage = |command: &Command| clean_line(&command.usage());
        let only = |these: &[Command], those: &[Command]| {
            these.iter().filter(|command| !has(those, &command.name)).map(usage).collect()
        };
        Self {
            version: version(old).zip(version(new)).filter(|(old, new)| old != new),
            imports_added: after.difference(&before).cloned().collect(),
            imports_removed: before.difference(&after).cloned().collect(),
            commands_added: only(new_commands, old_commands),
            commands_removed: only(old_commands, new_commands),
            commands_changed: new_commands
                .iter()
                .filter(|command| {
                    old_commands.iter().any(|known| known.name == command.name && known != *command)
                })
                .map(usage)
                .collect(),
        }
    }

    /// Whether nothing that a user sees is different.
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }

    /// In lines: what came with a plus, what went with a minus, what changed with a tilde.
    pub fn lines(&self) -> Vec<String> {
        let version = self
            .version
            .iter()
            .map(|(old, new)| format!("~ version {} instead of {}", clean_line(new), clean_line(old)));
        let marked = |mark: char, what: &'static str, all: &[String]| {
            let mark = move |one: &String| format!("{mark} {what} {}", clean_line(one));
            all.iter().map(mark).collect::<Vec<_>>()
        };
        version
            .chain(marked('+', "import", &self.imports_added))
            .chain(marked('-', "import", &self.imports_removed))
            .chain(marked('+', "command", &self.commands_added))
            .chain(marked('-', "command", &self.commands_removed))
            .chain(marked('~', "command", &self.commands_changed))
            .collect()
    }
}
