//! What a person agrees to when they install a plugin: all of it, in lines that any front end can show. What the plugin's
//! author says stands beside what the component itself shows, and is marked as theirs.

use powerbox_authority::grant::Target;
use powerbox_authority::text::clean_line;

use crate::install::Installation;
use crate::local::HTTP;
use crate::local::wasi::{WASI, WASI_IN_WORDS};
use crate::plugin::{AskedSlot, Difference, slots};
use crate::registry::{Command, Parameter, ParameterStyle, Registry};

/// The longest text of an author's that is shown, in characters: it explains, and must not bury what it explains.
const CLAIM: usize = 600;

/// How the names of the host's own interfaces begin.
const OWN: &str = "powerbox:plugin/";

/// One line of what a person is shown, harmless on any terminal.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Line {
    /// How deep it stands: below the last line that stands less deep.
    pub depth: usize,
    /// What it says.
    pub text: String,
}

impl Line {
    fn new(depth: usize, text: impl AsRef<str>) -> Self {
        Self { depth, text: clean_line(text.as_ref()) }
    }
}

impl Installation {
    /// What the person agrees to by installing it. `registry` has the version that runs, to which the new one is
    /// compared.
    pub fn agreement(&self, registry: &Registry) -> Vec<Line> {
        let plugin = self.plugin();
        let mut lines =
            vec![Line::new(0, format!("the plugin `{}` – {}", plugin.name(), plugin.group().summary))];
        let mut say = |depth, text: String| lines.push(Line::new(depth, text));
        if let Some(signer) = &self.record().signer {
            say(1, format!("signed by the key `{signer}`"));
        }
        if let Some(old) = registry.plugin(plugin.name()) {
            Difference::between(old, plugin).lines().into_iter().for_each(|line| say(1, line));
        }
        for slot in slots(plugin.manifest()) {
            say(1, self.bound(&slot));
            let functions = slot.imports.iter().flat_map(|import| &import.functions);
            let functions: Vec<_> = functions.map(|function| function.name.as_str()).collect();
            if slot.interface != WASI {
                say(2, format!("calls {}", functions.join(", ")));
            }
            // What the host's own interfaces say of themselves is in its documentation, and no author's word.
            if slot.interface.starts_with(OWN) {
                continue;
            }
            for docs in slot.imports.iter().filter_map(|import| import.docs.as_deref()) {
                say(2, claim(docs));
            }
        }
        let callable = self.callable();
        for (command, called) in plugin.group().commands.iter().zip(&callable) {
            say(1, format!("command {}", usage(command, called)));
            say(2, format!("{}; {}", command.effect.word(), claim(&command.summary)));
            for line in parameters(command) {
                say(2, line);
            }
        }
        for (word, owner) in &self.claim().taken {
            say(1, format!("`{word}` is {owner}; this one is called `{}:{word}`", plugin.name()));
        }
        for word in &self.claim().preferred {
            say(1, format!("`{word}` stays its own, as you decided"));
        }
        for more in self.asks_more() {
            say(1, format!("it asks for more: {more}"));
        }
        if self.is_older() {
            say(1, "it is older than what is installed".to_owned());
        }
        lines
    }

    /// What a slot would reach.
    fn bound(&self, slot: &AskedSlot<'_>) -> String {
        let interface = self.ask().slots.get(slot.slot).map_or(slot.interface, String::as_str);
        let bound = match self.bindings().get(slot.slot) {
            _ if interface == WASI => return format!("slot {}: {WASI_IN_WORDS}", slot.slot),
            Some(Target::Power { .. }) => "is served by the host".to_owned(),
            Some(to) => format!("is bound to {to}"),
            None if interface.starts_with(OWN) && !interface.starts_with(HTTP) => {
                "is served by the host".to_owned()
            }
            None => "stays unbound".to_owned(),
        };
        // A plain import's slot is named after its interface.
        let named = if slot.slot.starts_with(interface) { String::new() } else { format!(" ({interface})") };
        format!("slot {}{named} {bound}", slot.slot)
    }
}

/// What an author says, marked as theirs.
fn claim(text: &str) -> String {
    let text = text.split_whitespace().collect::<Vec<_>>().join(" ");
    let mut shown: String = text.chars().take(CLAIM).collect();
    let left = text.chars().count() - shown.chars().count();
    if left > 0 {
        shown.push_str(&format!("… and {left} characters more"));
    }
    format!("its author says: “{shown}”")
}

/// How a command is called.
fn usage(command: &Command, called: &str) -> String {
    let usage = command.usage();
    let mut usage = match usage.strip_prefix(&command.name) {
        Some(rest) => format!("{called}{rest}"),
        None => usage,
    };
    if !command.aliases.is_empty() {
        usage.push_str(&format!(", also {}", command.aliases.join(", ")));
    }
    usage
}

/// What the parameters of a command let it do, and what they are if they are not given.
fn parameters(command: &Command) -> Vec<String> {
    let mut lines = Vec::new();
    for parameter in &command.parameters {
        if let Some(rights) = parameter.kind.rights() {
            lines.push(designated(&format!("{} {}", command.name, parameter.name), &rights));
        }
    }
    lines.extend(defaults(command));
    lines
}

/// What the parameters of a command are if they are not given, a line for each that has a default.
pub fn defaults(command: &Command) -> Vec<String> {
    let default = |parameter: &Parameter| {
        let default = clean_line(parameter.default.as_deref()?);
        Some(format!("{} is `{default}` unless you say otherwise", typed(parameter)))
    };
    command.parameters.iter().filter_map(default).collect()
}

/// How a parameter is given.
fn typed(parameter: &Parameter) -> String {
    match parameter.style {
        ParameterStyle::Positional => parameter.name.to_uppercase(),
        _ => format!("--{}", parameter.name),
    }
}

/// What one parameter of a command lets it do, `place` being `command parameter`: `read, write` and the like, or methods
/// to call.
pub fn designated(place: &str, rights: &[String]) -> String {
    let (command, parameter) = place.split_once(' ').unwrap_or((place, ""));
    let parameter = parameter.to_uppercase();
    let methods: Option<Vec<_>> = rights.iter().map(|right| right.strip_prefix("call ")).collect();
    match methods.filter(|methods| !methods.is_empty()) {
        Some(methods) => {
            let methods = clean_line(&methods.join(", "));
            format!("`{command}` may call {methods} of what you name as {parameter}")
        }
        None => {
            let rights = rights.join(", ");
            let rights = rights.strip_suffix(" the file").unwrap_or(&rights);
            format!("`{command}` may {rights} what you name as {parameter}")
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rights_read_as_sentences() {
        let said = |rights: &[&str]| {
            designated("store file", &rights.iter().map(|r| (*r).to_owned()).collect::<Vec<_>>())
        };
        assert_eq!(said(&["read", "move"]), "`store` may read, move what you name as FILE");
        assert_eq!(said(&["read the file"]), "`store` may read what you name as FILE");
        assert_eq!(said(&["call list", "call has"]), "`store` may call list, has of what you name as FILE");
    }

    #[test]
    fn what_an_author_says_is_one_marked_text_that_ends() {
        assert_eq!(claim(" The\n  left one\t"), "its author says: “The left one”");
        let long = claim(&"é ".repeat(2000));
        assert!(long.ends_with("… and 3399 characters more”"), "{long}");
        assert_eq!(Line::new(1, "a\u{1b}[2J\nb").text, "a\\u{1b}[2J\\nb");
    }
}
