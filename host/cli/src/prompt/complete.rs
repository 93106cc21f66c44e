use std::sync::Arc;

use powerbox_core::registry::{Command, ParameterKind};
use powerbox_core::{Link, Principal};
use reedline::{Completer, CompletionResult, Span, Suggestion};

use crate::app::App;

/// The verbs that are not commands of a plugin.
const VERBS: &[(&str, &str)] = &[
    ("plugin", "Manage plugins"),
    ("status", "Tell which daemon is used and whether it runs"),
    ("exit", "Leave"),
];

/// Completes commands, their options, and pet names where a parameter wants one.
pub(crate) struct Names {
    app: Arc<App>,
    agent: Option<String>,
    runtime: tokio::runtime::Handle,
}

impl Names {
    /// Makes one that completes the names of an agent, or the person's own.
    pub(crate) fn new(app: Arc<App>, agent: Option<String>, runtime: tokio::runtime::Handle) -> Self {
        Self { app, agent, runtime }
    }

    fn pet_names(&self, prefix: &str) -> Vec<String> {
        let principal = match &self.agent {
            Some(agent) => Principal::person().with(Link::Agent(agent.clone())),
            None => Principal::person(),
        };
        // The editor runs on a thread of its own, where waiting is fine.
        self.runtime.block_on(self.app.host.complete_names(&principal, prefix))
    }
}

impl Completer for Names {
    fn complete(&mut self, line: &str, position: usize) -> CompletionResult {
        CompletionResult::fresh(self.suggestions(line, position))
    }
}

impl Names {
    fn suggestions(&self, line: &str, position: usize) -> Vec<Suggestion> {
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
            let verbs = VERBS.iter().filter(|(verb, _)| verb.starts_with(word));
            found.extend(verbs.map(|(verb, summary)| suggestion(verb, Some((*summary).to_owned()), span)));
            found.sort_by(|a, b| a.value.cmp(&b.value));
            return found;
        };
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
            Some(kind) if kind.is_pet_name() => {
                // A name may be a directory to go on into, so no space follows it.
                let name = |name: String| Suggestion {
                    append_whitespace: false,
                    ..suggestion(&quoted(&name), None, span)
                };
                self.pet_names(word).into_iter().map(name).collect()
            }
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
