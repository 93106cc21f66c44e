use powerbox_authority::caveat::is_reading;
use serde::{Deserialize, Serialize};

/// A set of commands that one plugin provides; `powerbox:plugin/commands.command-group`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct CommandGroup {
    /// One word, for instance `storage`.
    pub name: String,
    /// What the group is for, in one line.
    pub summary: String,
    /// The commands, in the order in which the plugin gave them.
    pub commands: Vec<Command>,
}

/// One command, as its plugin describes it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Command {
    /// The word that calls it.
    pub name: String,
    /// Other words that call it.
    pub aliases: Vec<String>,
    /// One line.
    pub summary: String,
    /// Further help; may be empty.
    pub details: String,
    /// The heading under which help lists it.
    pub category: String,
    /// The strongest thing that it may do: what its plugin claims, or what its parameters let it do if that is stronger.
    pub effect: Effect,
    /// What the user gives to it.
    pub parameters: Vec<Parameter>,
}

/// The strongest thing that a command may do.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Effect {
    /// Looks only.
    Reads,
    /// Changes what can be changed back.
    Writes,
    /// Loses something.
    Destroys,
    /// Runs code.
    Executes,
    /// Reaches other people or machines.
    Communicates,
    /// What a later version of the contract adds.
    Other(String),
}

impl Effect {
    /// The word for it.
    pub fn word(&self) -> &str {
        match self {
            Self::Reads => "reads",
            Self::Writes => "writes",
            Self::Destroys => "destroys",
            Self::Executes => "executes",
            Self::Communicates => "communicates",
            Self::Other(word) => word,
        }
    }

    /// How much a user would mind: a replaced plugin whose command ranks higher than before asks for more.
    pub fn rank(&self) -> u8 {
        match self {
            Self::Reads => 0,
            Self::Writes => 1,
            Self::Destroys => 2,
            Self::Executes => 3,
            Self::Communicates => 4,
            Self::Other(_) => 5,
        }
    }

    /// The stronger of two.
    pub fn or_stronger(self, other: Self) -> Self {
        if other.rank() > self.rank() { other } else { self }
    }
}

/// What the user gives to a command.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Parameter {
    /// Its name; as an option it is given as `--name`.
    pub name: String,
    /// How a form labels it.
    pub label: String,
    /// What it is.
    pub kind: ParameterKind,
    /// How it is given on a command line.
    pub style: ParameterStyle,
    /// Whether the command cannot run without it.
    pub required: bool,
    /// Whether several values may be given.
    pub repeated: bool,
    /// What counts if none is given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub default: Option<String>,
    /// The values allowed, if it is a choice.
    pub choices: Vec<String>,
    /// What it is for, in one line.
    pub help: String,
}

/// How a parameter is given on a command line.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum ParameterStyle {
    /// By its place among the words.
    Positional,
    /// By its name, or by a letter.
    Option(#[serde(default)] Option<char>),
    /// What a later version of the contract adds.
    Other(String),
}

/// What a parameter is; from `Object` on, a thing that the user designates.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum ParameterKind {
    /// Any text.
    Text,
    /// A whole number of 64 bits.
    Integer,
    /// On or off.
    Boolean,
    /// One of some words.
    Choice,
    /// A length of time, for instance `1m30s`.
    Duration,
    /// Text that is not shown or recorded.
    Secret,
    /// JSON text.
    Json,
    /// Program text.
    Source,
    /// The number of a message in the inbox.
    MessageNumber,
    /// The name of something in a message.
    EdgeName,
    /// An `endo://` address.
    Locator,
    /// Names for an evaluation.
    Endowments,
    /// Text with names in it.
    Message,
    /// An object, and the methods of it that the command may call.
    Object(Vec<String>),
    /// A place in a directory, and what the command may do there.
    Name(Vec<NameRight>),
    /// A place in a directory that will be written.
    NewName,
    /// A directory that will be listed or followed.
    Directory,
    /// A file of the user's that will be read, or `-` for standard input.
    File,
    /// What a later version of the contract adds.
    Other(String),
}

/// What a command may do with a name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum NameRight {
    /// See what it holds.
    Read,
    /// Make it hold something, if it holds nothing.
    Write,
    /// Remove it.
    Remove,
    /// Move what it holds to another name.
    Move,
    /// End what it holds.
    Cancel,
    /// Besides writing it: make it forget what it holds.
    Replace,
}

impl NameRight {
    /// The word for it in rules and messages.
    pub fn word(self) -> &'static str {
        match self {
            Self::Read => "read",
            Self::Write => "write",
            Self::Remove => "remove",
            Self::Move => "move",
            Self::Cancel => "cancel",
            Self::Replace => "replace",
        }
    }
}

impl ParameterKind {
    /// The rights on a name that this kind gives, if it designates a name.
    pub fn name_rights(&self) -> Option<&[NameRight]> {
        match self {
            Self::Name(rights) => Some(rights),
            Self::NewName => Some(&[NameRight::Write]),
            Self::Directory => Some(&[NameRight::Read]),
            _ => None,
        }
    }

    /// Whether a word for it stands for a thing of the user's: then only the user says which. A kind that this version
    /// does not know may be one of those.
    pub fn designates(&self) -> bool {
        match self {
            Self::Text
            | Self::Integer
            | Self::Boolean
            | Self::Choice
            | Self::Duration
            | Self::Secret
            | Self::Json
            | Self::Source => false,
            Self::MessageNumber
            | Self::EdgeName
            | Self::Locator
            | Self::Endowments
            | Self::Message
            | Self::Object(_)
            | Self::Name(_)
            | Self::NewName
            | Self::Directory
            | Self::File
            | Self::Other(_) => true,
        }
    }

    /// The word for it.
    pub fn word(&self) -> &str {
        match self {
            Self::Text => "text",
            Self::Integer => "integer",
            Self::Boolean => "boolean",
            Self::Choice => "choice",
            Self::Duration => "duration",
            Self::Secret => "secret",
            Self::Json => "json",
            Self::Source => "source",
            Self::MessageNumber => "message-number",
            Self::EdgeName => "edge-name",
            Self::Locator => "locator",
            Self::Endowments => "endowments",
            Self::Message => "message",
            Self::Object(_) => "object",
            Self::Name(_) => "name",
            Self::NewName => "new-name",
            Self::Directory => "directory",
            Self::File => "file",
            Self::Other(word) => word,
        }
    }

    /// What a command may do with the thing that a word for it stands for, in words; none if it stands for no thing.
    pub fn rights(&self) -> Option<Vec<String>> {
        match self {
            Self::Object(methods) => Some(methods.iter().map(|method| format!("call {method}")).collect()),
            Self::File => Some(vec!["read the file".to_owned()]),
            kind => match kind.name_rights() {
                Some(rights) => Some(rights.iter().map(|right| right.word().to_owned()).collect()),
                None => kind.designates().then(|| vec!["use".to_owned()]),
            },
        }
    }

    /// The least effect of a command that has such a parameter, whatever its plugin claims.
    fn least_effect(&self) -> Effect {
        let of_right = |right: &NameRight| match right {
            NameRight::Read => Effect::Reads,
            NameRight::Write | NameRight::Move => Effect::Writes,
            NameRight::Replace | NameRight::Remove | NameRight::Cancel => Effect::Destroys,
        };
        let of_method = |method: &String| match method.as_str() {
            "remove" | "cancel" => Effect::Destroys,
            method if is_reading(method) => Effect::Reads,
            _ => Effect::Writes,
        };
        match self {
            Self::Object(methods) => methods.iter().map(of_method).fold(Effect::Reads, Effect::or_stronger),
            kind => {
                let rights = kind.name_rights().unwrap_or_default();
                rights.iter().map(of_right).fold(Effect::Reads, Effect::or_stronger)
            }
        }
    }

    /// Whether a word for it can be completed from the user's pet names.
    pub fn is_pet_name(&self) -> bool {
        matches!(self, Self::Object(_)) || self.name_rights().is_some()
    }
}

impl Command {
    /// The words that call it: its name first.
    pub fn words(&self) -> impl Iterator<Item = &str> {
        std::iter::once(self.name.as_str()).chain(self.aliases.iter().map(String::as_str))
    }

    /// The least effect that it has by what its parameters let it do.
    pub fn least_effect(&self) -> Effect {
        let kinds = self.parameters.iter().map(|parameter| parameter.kind.least_effect());
        kinds.fold(Effect::Reads, Effect::or_stronger)
    }

    /// Finds a parameter by name.
    pub fn parameter(&self, name: &str) -> Option<&Parameter> {
        self.parameters.iter().find(|parameter| parameter.name == name)
    }

    /// The parameters given by place, in order.
    pub fn positionals(&self) -> impl Iterator<Item = &Parameter> {
        self.parameters.iter().filter(|p| matches!(p.style, ParameterStyle::Positional))
    }

    /// The parameters given by name.
    pub fn options(&self) -> impl Iterator<Item = &Parameter> {
        self.parameters.iter().filter(|p| !matches!(p.style, ParameterStyle::Positional))
    }

    /// One line that shows how the command is called, without `powerbox`.
    pub fn usage(&self) -> String {
        let mut usage = self.name.clone();
        for option in self.options() {
            let value = if option.kind == ParameterKind::Boolean {
                String::new()
            } else {
                format!(" <{}>", option.name.to_uppercase())
            };
            let repeat = if option.repeated { "…" } else { "" };
            if option.required {
                usage += &format!(" --{}{value}{repeat}", option.name);
            } else {
                usage += &format!(" [--{}{value}]{repeat}", option.name);
            }
        }
        for parameter in self.positionals() {
            let name = parameter.name.to_uppercase();
            let repeat = if parameter.repeated { "…" } else { "" };
            usage +=
                &if parameter.required { format!(" <{name}>{repeat}") } else { format!(" [{name}]{repeat}") };
        }
        usage
    }
}
