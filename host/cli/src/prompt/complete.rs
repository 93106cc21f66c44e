use std::sync::Arc;

use clap::CommandFactory as _;
use powerbox_core::plugin::slots;
use powerbox_core::registry::{Command, ParameterKind};
use powerbox_core::text::clean_line;
use reedline::{Completer, CompletionResult, Span, Suggestion};

use crate::app::App;
use crate::arguments::Arguments;
use crate::quoting::{Dialect, finished, read};

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

/// What a word could be, as it is meant: quoted nowhere, and a name in it may be anything.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Candidate {
    /// The whole word.
    pub(crate) value: String,
    /// What it is, as its author says.
    pub(crate) about: Option<String>,
    /// Whether it may go on, as the name of a directory does.
    goes_on: bool,
}

impl Candidate {
    fn new(value: impl Into<String>, about: Option<String>) -> Self {
        Self { value: value.into(), about, goes_on: false }
    }

    fn going_on(self) -> Self {
        Self { goes_on: true, ..self }
    }
}

impl Names {
    /// Makes one that completes the names of an agent, or the person's own.
    pub(crate) fn new(app: Arc<App>, agent: Option<String>, runtime: tokio::runtime::Handle) -> Self {
        let mut verbs = Arguments::command();
        verbs.build();
        Self { app, agent, runtime, verbs }
    }

    /// What a word after others could be.
    pub(crate) fn candidates(&self, words: &[String], word: &str) -> Vec<Candidate> {
        let (agent, words) = without_options(words);
        let words: Vec<_> = words.iter().map(String::as_str).collect();
        At { names: self, agent: agent.or(self.agent.as_deref()), options_ended: words.contains(&"--") }
            .candidates(&words, word)
    }
}

impl Completer for Names {
    fn complete(&mut self, line: &str, position: usize) -> CompletionResult {
        let line = line.get(..position).unwrap_or(line);
        let Some(typed) = read(Dialect::Prompt, line) else { return CompletionResult::fresh(Vec::new()) };
        let span = Span::new(typed.start.min(position), position);
        let found = self.candidates(&typed.words, &typed.word).into_iter().map(|found| Suggestion {
            // Spelled so that nothing in it moves the cursor, in the menu and in the line.
            value: finished(Dialect::Prompt, typed.opened, &found.value),
            description: found.about.as_deref().map(clean_line),
            span,
            append_whitespace: !found.goes_on,
            ..Suggestion::default()
        });
        CompletionResult::fresh(found.collect::<Vec<_>>())
    }
}

/// Takes the program's own options off the beginning: for which agent it is, and the words after them.
fn without_options(words: &[String]) -> (Option<&str>, &[String]) {
    let (mut agent, mut rest) = (None, words);
    while let Some((option, more)) = rest.split_first().filter(|(option, _)| option.starts_with('-')) {
        rest = more;
        if let Some(value) = option.strip_prefix("--as=") {
            agent = Some(value);
        } else if matches!(option.as_str(), "--as" | "--connect") {
            // Without a value it is what is typed, and not known here.
            let Some((value, more)) = more.split_first() else { return (agent, words) };
            rest = more;
            if option == "--as" {
                agent = Some(value);
            }
        }
    }
    (agent, rest)
}

/// One place that is completed.
struct At<'a> {
    names: &'a Names,
    agent: Option<&'a str>,
    /// Whether nothing is an option any more.
    options_ended: bool,
}

impl At<'_> {
    fn pet_names(&self, prefix: &str) -> Vec<String> {
        // The editor runs on a thread of its own, where waiting is fine.
        self.names.runtime.block_on(self.names.app.host.complete_names(self.agent, prefix))
    }

    fn candidates(&self, words: &[&str], word: &str) -> Vec<Candidate> {
        let registry = self.names.app.host.registry();
        let Some((name, before)) = words.split_first() else {
            let mut found: Vec<Candidate> = registry
                .words()
                .filter(|known| known.starts_with(word))
                .map(|known| {
                    let entry = registry.find(known).ok();
                    let command = entry.as_ref().and_then(|entry| entry.command());
                    Candidate::new(known, command.map(|command| command.summary.clone()))
                })
                .collect();
            found.extend(subverbs(&self.names.verbs, word));
            if EXIT.0.starts_with(word) {
                found.push(Candidate::new(EXIT.0, Some(EXIT.1.to_owned())));
            }
            found.sort_by(|a, b| a.value.cmp(&b.value));
            return found;
        };
        if let Some(verb) = self.names.verbs.find_subcommand(name).filter(|verb| !verb.is_hide_set()) {
            return self.of_verb(verb, before, word);
        }
        let Ok(entry) = registry.find(name) else { return Vec::new() };
        let Some(command) = entry.command() else { return Vec::new() };
        if let Some(option) = word.strip_prefix("--").filter(|_| !self.options_ended) {
            return command
                .options()
                .filter(|parameter| parameter.name.starts_with(option))
                .map(|parameter| {
                    Candidate::new(format!("--{}", parameter.name), Some(parameter.help.clone()))
                })
                .collect();
        }
        match wanted(command, before) {
            Some((kind, is_value)) if kind.is_pet_name() => self.named(word, is_value),
            // `help` takes the name of a command.
            _ if command.name == "help" => registry
                .words()
                .filter(|known| known.starts_with(word))
                .map(|known| Candidate::new(known, None))
                .collect(),
            _ => Vec::new(),
        }
    }

    /// The next word of a verb that is not a command of a plugin.
    fn of_verb(&self, verb: &clap::Command, before: &[&str], word: &str) -> Vec<Candidate> {
        if verb.has_subcommands() {
            return match before.split_first() {
                None => subverbs(verb, word),
                Some((name, before)) => match verb.find_subcommand(name) {
                    Some(verb) => self.of_verb(verb, before, word),
                    None => Vec::new(),
                },
            };
        }
        if let Some(option) = word.strip_prefix("--").filter(|_| !self.options_ended) {
            let options = verb.get_arguments().filter(|argument| !argument.is_hide_set());
            let options = options.filter_map(|argument| Some((argument.get_long()?, argument.get_help())));
            return options
                .filter(|(name, _)| name.starts_with(option))
                .map(|(name, help)| Candidate::new(format!("--{name}"), help.map(ToString::to_string)))
                .collect();
        }
        let given: Vec<_> = before.iter().filter(|word| !word.starts_with('-')).collect();
        let next = verb.get_positionals().nth(given.len()).map(|argument| argument.get_id().as_str());
        match (next, given.first()) {
            (Some("plugin"), _) => self.plugins(word),
            (Some("name"), _) if verb.get_name() != "attenuate" => self.plugins(word),
            (Some("name"), _) => self.named(word, false),
            (Some("what"), _) => {
                let mut found = self.plugins(word);
                found.extend(self.named(word, false));
                found
            }
            (Some("slot"), Some(plugin)) => match word.split_once('=') {
                Some((slot, name)) => {
                    let names = self.pet_names(name).into_iter();
                    names.map(|name| Candidate::new(format!("{slot}={name}"), None).going_on()).collect()
                }
                None => self.slots(plugin, word),
            },
            _ => Vec::new(),
        }
    }

    /// Pet names. One that would be taken for an option is left out where options are looked for.
    fn named(&self, prefix: &str, is_value: bool) -> Vec<Candidate> {
        let names = self.pet_names(prefix).into_iter();
        names
            .filter(|name| is_value || self.options_ended || !name.starts_with('-'))
            // A name may be a directory to go on into, so no space follows it.
            .map(|name| Candidate::new(name, None).going_on())
            .collect()
    }

    fn plugins(&self, prefix: &str) -> Vec<Candidate> {
        let registry = self.names.app.host.registry();
        let plugins = registry.plugins().iter().filter(|plugin| plugin.name().starts_with(prefix));
        plugins.map(|plugin| Candidate::new(plugin.name(), Some(plugin.group().summary.clone()))).collect()
    }

    fn slots(&self, plugin: &str, prefix: &str) -> Vec<Candidate> {
        let registry = self.names.app.host.registry();
        let Some(plugin) = registry.plugin(plugin) else { return Vec::new() };
        let slots = slots(plugin.manifest()).filter(|slot| slot.slot.starts_with(prefix));
        slots.map(|slot| Candidate::new(slot.slot, Some(slot.interface.to_owned())).going_on()).collect()
    }
}

/// The verbs below a verb, or below the program.
fn subverbs(verb: &clap::Command, prefix: &str) -> Vec<Candidate> {
    let below =
        verb.get_subcommands().filter(|below| !below.is_hide_set() && below.get_name().starts_with(prefix));
    below.map(|below| Candidate::new(below.get_name(), below.get_about().map(ToString::to_string))).collect()
}

/// The kind of the parameter that the next word is for, and whether it is the value of an option, which may begin with a
/// hyphen.
fn wanted<'a>(command: &'a Command, before: &[&str]) -> Option<(&'a ParameterKind, bool)> {
    if let Some(option) = before.last().and_then(|word| word.strip_prefix("--"))
        && let Some(parameter) = command.parameter(option)
        && parameter.kind != ParameterKind::Boolean
    {
        return Some((&parameter.kind, true));
    }
    let given = before.iter().filter(|word| !word.starts_with('-')).count();
    let mut positionals = command.positionals();
    let mut last = None;
    for _ in 0..=given {
        match positionals.next() {
            Some(parameter) => last = Some(parameter),
            None => {
                return last.filter(|parameter| parameter.repeated).map(|parameter| (&parameter.kind, false));
            }
        }
    }
    last.map(|parameter| (&parameter.kind, false))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_programs_options_are_no_part_of_a_command() {
        let read = |words: &str| {
            let words: Vec<_> = words.split_whitespace().map(str::to_owned).collect();
            let (agent, rest) = without_options(&words);
            (agent.map(str::to_owned), rest.join(" "))
        };
        assert_eq!(read(""), (None, String::new()));
        assert_eq!(read("sh"), (None, "sh".into()));
        assert_eq!(read("--json --as scout show x/"), (Some("scout".into()), "show x/".into()));
        assert_eq!(read("--as=scout show"), (Some("scout".into()), "show".into()));
        assert_eq!(read("--connect unix:/x li"), (None, "li".into()));
        assert_eq!(read("show --as x"), (None, "show --as x".into()));
        assert_eq!(read("--as"), (None, "--as".into()));
    }
}
