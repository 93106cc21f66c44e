use powerbox_passable::Value;

use super::command::{CommandGroup, Effect, ParameterKind, ParameterStyle};
use crate::bridge::plain_json;
use crate::text::clean;

/// Most commands that one group may have.
const MAX_COMMANDS: usize = 256;
/// Most parameters that one command may have.
const MAX_PARAMETERS: usize = 64;

/// Why a plugin's description of its commands is no good.
#[derive(Clone, Debug, thiserror::Error, PartialEq, Eq)]
pub enum DescribeError {
    /// The value has not the form of a command group.
    #[error("its description of commands is malformed: {0}")]
    Malformed(String),
    /// A word is not of the form that the contract asks for.
    #[error("{what} `{word}` must be of lower case letters, digits and hyphens and begin with a letter")]
    Word {
        /// What the word names.
        what: &'static str,
        /// The word.
        word: String,
    },
    /// A name stands twice where it must be unique.
    #[error("{what} `{word}` is declared twice")]
    Twice {
        /// What the word names.
        what: &'static str,
        /// The word.
        word: String,
    },
    /// There are more of something than the host takes.
    #[error("it declares more than {limit} {what}")]
    TooMany {
        /// Of what.
        what: &'static str,
        /// How many are allowed.
        limit: usize,
    },
    /// Parameters by place could not be told apart.
    #[error("in command `{command}` nothing can come by place after `{parameter}`")]
    Order {
        /// The command.
        command: String,
        /// The parameter that takes all further words, or that is optional before a required one.
        parameter: String,
    },
}

/// Reads what a plugin's `describe` gave, and checks all that later code relies on.
///
/// Texts are cleaned of control and bidirectional-override characters here, once, since they end up in help.
pub fn read_group<C>(value: &Value<C>) -> Result<CommandGroup, DescribeError> {
    let json = plain_json(value)
        .ok_or_else(|| DescribeError::Malformed("it holds something other than plain data".into()))?;
    let mut group: CommandGroup =
        serde_json::from_value(json).map_err(|error| DescribeError::Malformed(clean(&error.to_string())))?;
    check_word("the group's name", &group.name)?;
    limit("commands", group.commands.len(), MAX_COMMANDS)?;
    group.summary = clean(&group.summary);

    let mut words: Vec<String> = Vec::new();
    for command in &mut group.commands {
        for word in std::iter::once(&command.name).chain(&command.aliases) {
            check_word("the command", word)?;
            if words.contains(word) {
                return Err(DescribeError::Twice { what: "the command", word: word.clone() });
            }
            words.push(word.clone());
        }
        command.summary = clean(&command.summary);
        command.details = clean(&command.details);
        command.category = clean(&command.category);
        if let Effect::Other(word) = &mut command.effect {
            *word = clean(word);
        }
        limit("parameters of one command", command.parameters.len(), MAX_PARAMETERS)?;
        let mut names: Vec<String> = Vec::new();
        let mut last_optional: Option<String> = None;
        for parameter in &mut command.parameters {
            check_word("the parameter", &parameter.name)?;
            if names.contains(&parameter.name) {
                return Err(DescribeError::Twice { what: "the parameter", word: parameter.name.clone() });
            }
            names.push(parameter.name.clone());
            parameter.label = clean(&parameter.label);
            parameter.help = clean(&parameter.help);
            if let ParameterKind::Name(rights) = &mut parameter.kind {
                rights.sort();
            }
            if parameter.style == ParameterStyle::Positional {
                if let Some(before) = &last_optional
                    && (parameter.required || parameter.repeated)
                {
                    let order =
                        DescribeError::Order { command: command.name.clone(), parameter: before.clone() };
                    return Err(order);
                }
                if !parameter.required || parameter.repeated {
                    last_optional = Some(parameter.name.clone());
                }
            }
        }
    }
    Ok(group)
}

fn limit(what: &'static str, count: usize, limit: usize) -> Result<(), DescribeError> {
    if count > limit { Err(DescribeError::TooMany { what, limit }) } else { Ok(()) }
}

fn check_word(what: &'static str, word: &str) -> Result<(), DescribeError> {
    let well_formed = word.len() <= 64
        && word.starts_with(|c: char| c.is_ascii_lowercase())
        && word.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-');
    if well_formed { Ok(()) } else { Err(DescribeError::Word { what, word: clean(word) }) }
}
