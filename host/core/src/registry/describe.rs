use std::collections::HashSet;

use powerbox_passable::Value;

use super::command::{Command, CommandGroup, Effect, Parameter, ParameterKind, ParameterStyle};
use super::reserved::{PROGRAM_LETTERS, PROGRAM_OPTIONS};
use crate::bridge::plain_json;
use crate::text::{clean, clean_line};

/// Most commands that one group may have.
const MAX_COMMANDS: usize = 256;
/// Most other words that may call one command.
const MAX_ALIASES: usize = 16;
/// Most parameters that one command may have.
const MAX_PARAMETERS: usize = 64;
/// Most choices that one parameter may offer, or methods that it may ask for.
const MAX_CHOICES: usize = 256;
/// Most bytes of all texts together. They stay in memory as long as the plugin is loaded, and `help` passes those of all
/// plugins on in one piece.
const MAX_TEXT: usize = 256 << 10;

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
    /// The short form of an option is something that nobody can type, or mistakes for something else.
    #[error("the short form `{word}` of the parameter `{parameter}` must be a letter or digit")]
    Letter {
        /// The parameter.
        parameter: String,
        /// Its short form.
        word: String,
    },
    /// The plugin itself would choose a thing of the user's.
    #[error(
        "the parameter `{parameter}` of the command `{command}` has a default, but only the user says which {kind} it is"
    )]
    Designates {
        /// The command.
        command: String,
        /// The parameter.
        parameter: String,
        /// Its kind.
        kind: String,
    },
    /// A default that the command would refuse if the user gave it.
    #[error("the default of the parameter `{parameter}` of the command `{command}` cannot be used: {reason}")]
    Default {
        /// The command.
        command: String,
        /// The parameter.
        parameter: String,
        /// Why.
        reason: String,
    },
    /// What the user types would be taken for an option of the program.
    #[error(
        "the parameter `{parameter}` of the command `{command}` is called like the program's option `{option}`"
    )]
    ProgramOption {
        /// The command.
        command: String,
        /// The parameter.
        parameter: String,
        /// The option, as it is typed.
        option: String,
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
    limit("bytes of text", text_of(&group), MAX_TEXT)?;
    line(&mut group.summary);

    let mut words: HashSet<String> = HashSet::new();
    for command in &mut group.commands {
        limit("aliases of one command", command.aliases.len(), MAX_ALIASES)?;
        for word in std::iter::once(&command.name).chain(&command.aliases) {
            check_word("the command", word)?;
            if !words.insert(word.clone()) {
                return Err(DescribeError::Twice { what: "the command", word: word.clone() });
            }
        }
        line(&mut command.summary);
        command.details = clean(&command.details);
        line(&mut command.category);
        if let Effect::Other(word) = &mut command.effect {
            line(word);
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
            line(&mut parameter.label);
            line(&mut parameter.help);
            limit("choices of one parameter", parameter.choices.len(), MAX_CHOICES)?;
            parameter.choices.iter_mut().for_each(line);
            let one_line = !parameter.choices.is_empty();
            let cleaned = |text: &str| if one_line { clean_line(text) } else { clean(text) };
            parameter.default = parameter.default.as_deref().map(cleaned);
            match &mut parameter.kind {
                ParameterKind::Name(rights) => rights.sort(),
                ParameterKind::Object(methods) => {
                    limit("methods of one parameter", methods.len(), MAX_CHOICES)?;
                    methods.iter_mut().for_each(line);
                }
                ParameterKind::Other(word) => line(word),
                _ => {}
            }
            if parameter.default.is_some() && parameter.kind.designates() {
                return Err(DescribeError::Designates {
                    command: command.name.clone(),
                    parameter: parameter.name.clone(),
                    kind: parameter.kind.word().to_owned(),
                });
            }
            match &mut parameter.style {
                ParameterStyle::Option(Some(letter)) if !letter.is_ascii_alphanumeric() => {
                    let word = clean_line(&letter.to_string());
                    return Err(DescribeError::Letter { parameter: parameter.name.clone(), word });
                }
                ParameterStyle::Other(word) => line(word),
                _ => {}
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
        let least = command.least_effect();
        command.effect = std::mem::replace(&mut command.effect, Effect::Reads).or_stronger(least);
    }
    Ok(group)
}

/// Refuses parameters that are called like options of the program: what people type there would not reach the command,
/// or would reach it where they meant the program.
///
/// # Errors
///
/// Names the first such parameter.
pub fn refuse_program_options(group: &CommandGroup) -> Result<(), DescribeError> {
    for command in &group.commands {
        for parameter in &command.parameters {
            let option = match parameter.style {
                _ if PROGRAM_OPTIONS.contains(&parameter.name.as_str()) => format!("--{}", parameter.name),
                ParameterStyle::Option(Some(letter)) if PROGRAM_LETTERS.contains(&letter) => {
                    format!("-{letter}")
                }
                _ => continue,
            };
            return Err(DescribeError::ProgramOption {
                command: command.name.clone(),
                parameter: parameter.name.clone(),
                option,
            });
        }
    }
    Ok(())
}

/// Keeps a text to one harmless line.
fn line(text: &mut String) {
    *text = clean_line(text);
}

/// How many bytes all texts are together.
fn text_of(group: &CommandGroup) -> usize {
    let all = |texts: &[String]| texts.iter().map(String::len).sum::<usize>();
    let of_parameter = |parameter: &Parameter| {
        let kind = match &parameter.kind {
            ParameterKind::Object(methods) => all(methods),
            ParameterKind::Other(word) => word.len(),
            _ => 0,
        };
        let style = if let ParameterStyle::Other(word) = &parameter.style { word.len() } else { 0 };
        parameter.label.len()
            + parameter.help.len()
            + parameter.default.as_ref().map_or(0, String::len)
            + all(&parameter.choices)
            + kind
            + style
    };
    let of_command = |command: &Command| {
        command.summary.len()
            + command.details.len()
            + command.category.len()
            + command.effect.word().len()
            + command.parameters.iter().map(of_parameter).sum::<usize>()
    };
    group.summary.len() + group.commands.iter().map(of_command).sum::<usize>()
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
