use std::sync::Arc;

use clap::CommandFactory as _;
use powerbox_core::plugin::slots;
use powerbox_core::registry::{Command, ParameterKind};
use reedline::{Completer, CompletionResult, Span, Suggestion};

use crate::app::App;
use crate::arguments::Arguments;

/// What the prompt alone understands.
const EXIT: (&str, &str) = ("exit", "Leave");

/// Completes commands, their options, and pet names where a parameter wants one.
pub(crate) struct Names {
    app: Arc<App>,
    agent: Option<String>,
    runtime: tokio::runtime::Handle,
    /// The words of the verbs that are not commands of a plugin.
    verbs: clap::Command,
}

impl Names {
    /// Makes one that completes the names of an agent, or the person's own.
    pub(crate) fn new(app: Arc<App>, agent: Option<String>, runtime: tokio::runtime::Handle) -> Self {
        let mut verbs = Arguments::command();
        verbs.build();
        Self { app, agent, runtime, verbs }
    }

    fn pet_names(&self, prefix: &str) -> Vec<String> {
        // The editor runs on a thread of its own, where waiting is fine.
        self.runtime.block_on(self.app.host.complete_names(self.agent.as_deref(), prefix))
    }
}

impl Completer for Names {
    fn complete(&mut self, line: &str, position: usize) -> CompletionResult {
        CompletionResult::fresh(self.suggestions(line, position))
    }
}

impl Names {
    /// What the word before a position could be.
    pub(crate) fn suggestions(&self, line: &str, position: usize) -> Vec<Suggestion> {
        let line = line.get(..position).unwrap_or(line);
        let start = line.rfind(char::is_whitespace).map_or(0, |space| space + 1);
        let word = line.get(start..).unwrap_or_default();
        let span = Span::new(start, position);
        let registry = self.app.host.registry();
        let mut before = line.get(..start).unwrap_or_default().split_whitespace();

        let Some(name) = before.next() else {
            let mut found: Vec<Suggestion> = registry
                .words()
                .filter(|known| known.starts_with(word))
                .map(|known| {
                    let summary =
                        registry.find(known).ok().and_then(|entry| Some(entry.command()?.summary.clone()));
                    suggestion(known, summary, span)
                })
                .collect();
            found.extend(subverbs(&self.verbs, word, span));
            if EXIT.0.starts_with(word) {
                found.push(suggestion(EXIT.0, Some(EXIT.1.to_owned()), span));
            }
            found.sort_by(|a, b| a.value.cmp(&b.value));
            return found;
        };
        if let Some(verb) = self.verbs.find_subcommand(name).filter(|verb| !verb.is_hide_set()) {
            return self.of_verb(verb, &before.collect::<Vec<_>>(), word, span);
        }
        let Ok(entry) = registry.find(name) else { return Vec::new() };
        let Some(command) = entry.command() else { return Vec::new() };
        if let Some(option) = word.strip_prefix("--") {
            return command
                .options()
                .filter(|parameter| parameter.name.starts_with(option))
                .map(|parameter| {
                    suggestion(&format!("--{}", parameter.name), Some(parameter.help.clone()), span)
                })
                .collect();
        }
        match wanted(command, &before.collect::<Vec<_>>()) {
            Some(kind) if kind.is_pet_name() => self.names("", word, span),
            // `help` takes the name of a command.
            _ if command.name == "help" => registry
                .words()
                .filter(|known| known.starts_with(word))
                .map(|known| suggestion(known, None, span))
                .collect(),
            _ => Vec::new(),
        }
    }
}

impl Names {
    /// The next word of a verb that is not a command of a plugin.
    fn of_verb(&self, verb: &clap::Command, before: &[&str], word: &str, span: Span) -> Vec<Suggestion> {
        if verb.has_subcommands() {
            return match before.split_first() {
                None => subverbs(verb, word, span),
                Some((name, before)) => match verb.find_subcommand(name) {
                    Some(verb) => self.of_verb(verb, before, word, span),
                    None => Vec::new(),
                },
            };
        }
        if let Some(option) = word.strip_prefix("--") {
            let options = verb.get_arguments().filter(|argument| !argument.is_hide_set());
            let options = options.filter_map(|argument| Some((argument.get_long()?, argument.get_help())));
            return options
                .filter(|(name, _)| name.starts_with(option))
                .map(|(name, help)| suggestion(&format!("--{name}"), help.map(ToString::to_string), span))
                .collect();
        }
        let given: Vec<_> = before.iter().filter(|word| !word.starts_with('-')).collect();
        let next = verb.get_positionals().nth(given.len()).map(|argument| argument.get_id().as_str());
        match (next, given.first()) {
            (Some("plugin"), _) => self.plugins(word, span),
            (Some("name"), _) if verb.get_name() != "attenuate" => self.plugins(word, span),
            (Some("name"), _) => self.names("", word, span),
            (Some("what"), _) => {
                let mut found = self.plugins(word, span);
                found.extend(self.names("", word, span));
                found
            }
            (Some("slot"), Some(plugin)) => match word.split_once('=') {
                Some((slot, name)) => self.names(&format!("{slot}="), name, span),
                None => self.slots(plugin, word, span),
            },
            _ => Vec::new(),
        }
    }

    /// Pet names, with what stands before them in the same word.
    fn names(&self, before: &str, prefix: &str, span: Span) -> Vec<Suggestion> {
        // A name may be a directory to go on into, so no space follows it.
        let name = |name: String| Suggestion {
            append_whitespace: false,
            ..suggestion(&format!("{before}{}", quoted(&name)), None, span)
        };
        self.pet_names(prefix).into_iter().map(name).collect()
    }

    fn plugins(&self, prefix: &str, span: Span) -> Vec<Suggestion> {
        let registry = self.app.host.registry();
        let plugins = registry.plugins().iter().filter(|plugin| plugin.name().starts_with(prefix));
        plugins.map(|plugin| suggestion(plugin.name(), Some(plugin.group().summary.clone()), span)).collect()
    }

    fn slots(&self, plugin: &str, prefix: &str, span: Span) -> Vec<Suggestion> {
        let registry = self.app.host.registry();
        let Some(plugin) = registry.plugin(plugin) else { return Vec::new() };
        let slots = slots(plugin.manifest()).filter(|slot| slot.slot.starts_with(prefix));
        slots
            .map(|slot| Suggestion {
                append_whitespace: false,
                ..suggestion(slot.slot, Some(slot.interface.to_owned()), span)
            })
            .collect()
    }
}

/// The verbs below a verb, or below the program.
fn subverbs(verb: &clap::Command, prefix: &str, span: Span) -> Vec<Suggestion> {
    let below =
        verb.get_subcommands().filter(|below| !below.is_hide_set() && below.get_name().starts_with(prefix));
    below
        .map(|below| suggestion(below.get_name(), below.get_about().map(ToString::to_string), span))
        .collect()
}

/// The kind of the parameter that the next word is for.
fn wanted<'a>(command: &'a Command, before: &[&str]) -> Option<&'a ParameterKind> {
    if let Some(option) = before.last().and_then(|word| word.strip_prefix("--"))
        && let Some(parameter) = command.parameter(option)
        && parameter.kind != ParameterKind::Boolean
    {
        return Some(&parameter.kind);
    }
    let given = before.iter().filter(|word| !word.starts_with('-')).count();
    let mut positionals = command.positionals();
    let mut last = None;
    for _ in 0..=given {
        match positionals.next() {
            Some(parameter) => last = Some(parameter),
            None => return last.filter(|parameter| parameter.repeated).map(|parameter| &parameter.kind),
        }
    }
    last.map(|parameter| &parameter.kind)
}

/// A name as it must be typed.
fn quoted(name: &str) -> String {
    shlex::try_quote(name).map_or_else(|_| name.to_owned(), std::borrow::Cow::into_owned)
}

fn suggestion(value: &str, description: Option<String>, span: Span) -> Suggestion {
    Suggestion {
        value: value.to_owned(),
        description,
        span,
        append_whitespace: true,
        ..Suggestion::default()
    }
}
