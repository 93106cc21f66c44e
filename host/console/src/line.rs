//! The words of one command, with the options of the program among them.

use powerbox_core::Host;
use powerbox_core::designation;
use powerbox_core::registry::{Command, ParameterKind, ParameterStyle};
use serde::{Deserialize, Serialize};

use crate::{Failure, Status};

/// What a front end asks for: words, and what its own options say.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Request {
    /// The command and the words after it.
    pub words: Vec<String>,
    /// The agent whose names are meant, as a path of the person's.
    #[serde(default)]
    pub agent: Option<String>,
    /// Whether output is wanted as JSON.
    #[serde(default)]
    pub json: bool,
    /// The daemon to work on, as `--connect` takes it; that of the configuration, or the embedded one, if there is none.
    #[serde(default)]
    pub connect: Option<String>,
}

/// For whom words may speak.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Speaks {
    /// For the person, and any of their agents: `--as` is an option.
    ForAll,
    /// For the agent that the request names, whatever the words say.
    ForOne,
}

/// A command, its words, and the options that were among them.
pub(crate) struct Line {
    pub(crate) name: String,
    pub(crate) words: Vec<String>,
    pub(crate) agent: Option<String>,
    pub(crate) json: bool,
}

impl Line {
    /// Takes out the program's own options, which people also write after the command's name. A command that declares
    /// an option of the same name keeps it, and nothing after `--` is an option.
    pub(crate) fn of(request: Request, speaks: Speaks, host: &Host) -> Result<Self, Failure> {
        let mut words = request.words.into_iter();
        let Some(name) = words.next() else { return Err(Failure::usage("there is no command")) };
        let mut line = Self { name, words: Vec::new(), agent: request.agent, json: request.json };
        let registry = host.registry();
        let entry = registry.find(&line.name).ok();
        let command = entry.as_ref().and_then(|entry| entry.command());
        let own = |option: &str| {
            speaks == Speaks::ForOne && option == "as"
                || command.is_some_and(|command| command.parameter(option).is_some())
        };
        let mut help = false;
        while let Some(word) = words.next() {
            // What follows an option that takes a value is that value, whatever it looks like.
            if command.is_some_and(|command| takes_value(command, &word)) {
                line.words.push(word);
                line.words.extend(words.next());
                continue;
            }
            match word.as_str() {
                "--" => {
                    line.words.push(word);
                    line.words.extend(words);
                    break;
                }
                "--json" if !own("json") => line.json = true,
                "--help" | "-h" if !own("help") => help = true,
                "--as" if !own("as") => match words.next() {
                    Some(agent) => line.agent = Some(agent),
                    None => return Err(Failure::new(Status::Usage, "`--as` needs a value")),
                },
                other => match other.strip_prefix("--as=") {
                    Some(agent) if !own("as") => line.agent = Some(agent.to_owned()),
                    _ => line.words.push(word),
                },
            }
        }
        if help
            && let Some(entry) = &entry
            && let Some(command) = command
        {
            line.words = vec![registry.callable(entry.plugin.name(), &command.name)];
            line.name = "help".to_owned();
        }
        Ok(line)
    }
}

/// Whether the words of a command may be kept in a history: whether no secret is among them. Words that make no sense may
/// be a secret in a wrong place.
pub fn may_be_kept(host: &Host, words: Vec<String>) -> bool {
    if words.is_empty() {
        return true;
    }
    let registry = host.registry();
    match Line::of(Request { words, ..Request::default() }, Speaks::ForAll, host) {
        Ok(line) => designation::may_be_kept(&registry, &line.name, &line.words),
        Err(_) => !designation::takes_secrets(&registry),
    }
}

/// Whether a word is an option of a command, and the next word its value.
fn takes_value(command: &Command, word: &str) -> bool {
    let parameter = match word.strip_prefix("--") {
        Some(name) => command.parameter(name),
        None => word.strip_prefix('-').and_then(|letter| {
            command.options().find(|parameter| {
                let ParameterStyle::Option(Some(own)) = parameter.style else { return false };
                letter.chars().eq([own])
            })
        }),
    };
    let option = parameter.filter(|parameter| matches!(parameter.style, ParameterStyle::Option(_)));
    option.is_some_and(|option| option.kind != ParameterKind::Boolean)
}
