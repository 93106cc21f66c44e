//! `help`, from what all groups say about their commands.

use std::{collections::BTreeMap, fmt::Write as _};

use powerbox_sdk::{
    Output, Problem, command,
    registry::{self, Command, Effect, Kind, NameRights, Parameter, Style},
};

use crate::suggest;

/// List the commands, or explain one
#[command(effect = reads)]
pub(crate) async fn help(
    /// The command to explain
    command: Option<String>,
) -> Result<Output, Problem> {
    let groups = registry::groups().await?;
    if let Some(word) = &command
        && let Some((group, rest)) = word.split_once(':')
        && let Some(group) = groups.iter().find(|known| known.name == group)
        && let Some(command) = group.commands.iter().find(|command| words(command).any(|name| name == rest))
    {
        // The word alone calls it, too.
        return Ok(Output::Text(explain(command)));
    }
    let commands: Vec<Command> = groups.into_iter().flat_map(|group| group.commands).collect();
    let Some(word) = command else {
        return Ok(Output::Text(overview(&commands)));
    };
    match commands.iter().find(|command| words(command).any(|name| name == word)) {
        Some(command) => Ok(Output::Text(explain(command))),
        None => Err(unknown(&word, &commands)),
    }
}

fn words(command: &Command) -> impl Iterator<Item = &str> {
    std::iter::once(command.name.as_str()).chain(command.aliases.iter().map(String::as_str))
}

fn unknown(word: &str, commands: &[Command]) -> Problem {
    let mut text = format!("there is no command \"{word}\"");
    if let Some(near) = suggest::nearest(word, commands.iter().flat_map(words)) {
        let _ = write!(text, "; did you mean \"{near}\"?");
    }
    Problem::Invalid(text)
}

/// Shows all commands under the headings of their categories.
fn overview(commands: &[Command]) -> String {
    let mut categories = BTreeMap::<&str, Vec<(String, &str)>>::new();
    for command in commands {
        let names = words(command).collect::<Vec<_>>().join(", ");
        categories.entry(&command.category).or_default().push((names, &command.summary));
    }
    let mut text = String::new();
    for (category, mut commands) in categories {
        commands.sort();
        let _ = writeln!(text, "{category}");
        columns(&mut text, &commands);
        text.push('\n');
    }
    text.push_str("`help COMMAND` explains one of them.\n");
    text
}

/// Shows all that is known about one command.
fn explain(command: &Command) -> String {
    let mut text = format!("{}\n\nUsage: {}\n", command.summary, usage(command));
    if !command.aliases.is_empty() {
        let _ = writeln!(text, "Aliases: {}", command.aliases.join(", "));
    }
    let _ = writeln!(text, "Effect: {}", effect(&command.effect));
    if !command.details.is_empty() {
        let _ = write!(text, "\n{}\n", command.details);
    }
    let (positional, options): (Vec<_>, Vec<_>) =
        command.parameters.iter().partition(|parameter| matches!(parameter.style, Style::Positional));
    for (heading, parameters) in [("Parameters", positional), ("Options", options)] {
        if !parameters.is_empty() {
            let _ = write!(text, "\n{heading}:\n");
            let rows: Vec<_> =
                parameters.iter().map(|parameter| (form(parameter), describe(parameter))).collect();
            let rows: Vec<_> = rows.iter().map(|(form, help)| (form.clone(), help.as_str())).collect();
            columns(&mut text, &rows);
        }
    }
    text
}

fn columns(text: &mut String, rows: &[(String, &str)]) {
    let width = rows.iter().map(|(left, _)| left.chars().count()).max().unwrap_or(0);
    for (left, right) in rows {
        let _ = writeln!(text, "  {left:width$}  {right}");
    }
}

fn usage(command: &Command) -> String {
    let mut usage = command.name.clone();
    for parameter in &command.parameters {
        let mut part = form(parameter);
        // The short form is in the table below.
        if let Some((_, long)) = part.split_once(", ") {
            part = long.to_owned();
        }
        if parameter.repeated {
            part.push('…');
        }
        let _ = if parameter.required { write!(usage, " {part}") } else { write!(usage, " [{part}]") };
    }
    usage
}

/// Gives a parameter as it is typed: `NAME`, `--text TEXT`, `-f, --follow`.
fn form(parameter: &Parameter) -> String {
    let (name, value) = (&parameter.name, parameter.name.to_uppercase());
    match parameter.style {
        Style::Option(short) => {
            let short = short.map(|letter| format!("-{letter}, ")).unwrap_or_default();
            let value =
                if matches!(parameter.kind, Kind::Boolean) { String::new() } else { format!(" {value}") };
            format!("{short}--{name}{value}")
        }
        Style::Positional | Style::Other(_) => value,
    }
}

/// Says what a parameter is for, and what the command gets by it.
fn describe(parameter: &Parameter) -> String {
    let mut text = parameter.help.clone();
    if let Some(default) = &parameter.default {
        let _ = write!(text, " (default: {default})");
    }
    if !parameter.choices.is_empty() {
        let _ = write!(text, " (one of: {})", parameter.choices.join(", "));
    }
    if let Some(power) = power(&parameter.kind) {
        let _ = write!(text, " [{power}]");
    }
    text
}

/// Says which authority a command gets over the thing that is named.
fn power(kind: &Kind) -> Option<String> {
    match kind {
        Kind::Object(methods) => Some(format!("calls {}", methods.join(", "))),
        Kind::Name(rights) => {
            let each = [
                (NameRights::READ, "reads"),
                (NameRights::WRITE, "writes"),
                (NameRights::REMOVE, "removes"),
                (NameRights::MOVE, "moves"),
                (NameRights::CANCEL, "cancels"),
                (NameRights::REPLACE, "replaces"),
            ];
            let verbs: Vec<_> = each
                .into_iter()
                .filter(|(right, _)| (*rights & *right).bits() != 0)
                .map(|(_, verb)| verb)
                .collect();
            Some(format!("{} it", verbs.join(", ")))
        }
        Kind::NewName => Some("writes it".to_owned()),
        Kind::Directory => Some("lists it".to_owned()),
        Kind::File => Some("reads it".to_owned()),
        _ => None,
    }
}

fn effect(effect: &Effect) -> &str {
    match effect {
        Effect::Reads => "reads",
        Effect::Writes => "writes",
        Effect::Destroys => "destroys",
        Effect::Executes => "executes",
        Effect::Communicates => "communicates",
        Effect::Other(other) => other,
    }
}
