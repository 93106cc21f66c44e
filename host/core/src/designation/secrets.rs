//! Secrets among the words of a command: where they are read if the user does not write them down, and which lines must
//! not be kept.

use super::words::{UsageError, Word, Words, needed, parse};
use crate::local::FrontEnd;
use crate::registry::{Command, ParameterKind, Registry};

/// Where a secret is read that is not among the words, where other users of the machine and the shell's history would
/// have it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SecretSource {
    /// The terminal, without showing it: the command needs it, and it was left out.
    Terminal,
    /// Standard input: `-` stands in its place.
    StandardInput,
}

impl Words {
    /// What was given as secrets.
    pub fn secrets(&self) -> Vec<String> {
        let secret = self.given.iter().filter(|(parameter, _)| parameter.kind == ParameterKind::Secret);
        let words = secret.flat_map(|(_, words)| words);
        words.filter_map(|word| if let Word::Text(text) = word { Some(text.clone()) } else { None }).collect()
    }

    /// Reads the secrets that are not among the words.
    ///
    /// # Errors
    ///
    /// There is nobody to ask, or nothing came.
    pub async fn read_secrets(
        mut self,
        command: &Command,
        front_end: &dyn FrontEnd,
    ) -> Result<Self, UsageError> {
        for (parameter, words) in &mut self.given {
            for word in words {
                let Word::Unread(source) = *word else { continue };
                let read =
                    front_end.secret(&parameter.name, source).await.filter(|secret| !secret.is_empty());
                *word = Word::Text(read.ok_or_else(|| needed(command, parameter))?);
            }
        }
        Ok(self)
    }
}

/// Whether a line may be kept, as in a history: whether no secret is in it.
///
/// Wrong words may well be a secret in a wrong place: they are not kept while any command takes one.
pub fn may_be_kept(registry: &Registry, word: &str, words: &[String]) -> bool {
    if !takes_secrets(registry) {
        return true;
    }
    let Ok(entry) = registry.find(word) else { return false };
    let Some(command) = entry.command() else { return false };
    parse(command, words).is_ok_and(|words| words.secrets().is_empty())
}

/// Whether any command takes a secret.
pub fn takes_secrets(registry: &Registry) -> bool {
    let mut commands = registry.plugins().iter().flat_map(|plugin| &plugin.group().commands);
    commands.any(|command| command.parameters.iter().any(|parameter| parameter.kind == ParameterKind::Secret))
}
