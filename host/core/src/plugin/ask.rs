use std::collections::{BTreeMap, BTreeSet};

use powerbox_sandbox::Manifest;
use serde::{Deserialize, Serialize};

use super::slots::slots;
use crate::local::wasi::{WASI, WASI_IN_WORDS};
use crate::registry::{Command, CommandGroup, Effect, Parameter, ParameterKind, ParameterStyle};

/// What a version of a plugin asks for, as far as a user consents to it: everything that decides what the plugin reaches
/// by itself, what a word of the user's stands for, and what may be done with that.
///
/// Versions are compared by what the user's words reach. What a command is called inside the plugin does not matter.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Ask {
    /// The interface of each slot, with the part of its version that compatible versions share.
    pub slots: BTreeMap<String, String>,
    /// What its commands take and do. `None` in a record of an earlier version of this program, which did not say all of
    /// it: compared with that, every command asks for more.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub commands: Option<Vec<AskedCommand>>,
}

/// What one command asks for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct AskedCommand {
    /// The words that call it: its name, then its aliases.
    pub words: Vec<String>,
    /// The strongest thing that it may do.
    pub effect: Effect,
    /// What the user gives to it, in order.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub parameters: Vec<AskedParameter>,
}

/// What one parameter makes of the user's word.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct AskedParameter {
    /// Its name.
    pub name: String,
    /// Whether it is given by its place among the words, and not by its name.
    pub positional: bool,
    /// The letter by which it can be given, too.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub letter: Option<char>,
    /// Whether the command cannot run without it.
    pub required: bool,
    /// Whether several values may be given.
    pub repeated: bool,
    /// What counts if none is given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub default: Option<String>,
    /// The values allowed, if they are limited.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub choices: Vec<String>,
    /// What the word stands for, and the rights to it.
    pub kind: ParameterKind,
}

impl Ask {
    /// Reads off what a plugin asks for.
    pub fn of(manifest: &Manifest, group: &CommandGroup) -> Self {
        let slots = slots(manifest).map(|slot| (slot.slot.to_owned(), track(slot.interface))).collect();
        Self { slots, commands: Some(group.commands.iter().map(AskedCommand::of).collect()) }
    }

    /// What each designating parameter lets its command do, by `command parameter`.
    pub fn rights(&self) -> BTreeMap<String, Vec<String>> {
        let mut all = BTreeMap::new();
        for command in self.commands.iter().flatten() {
            for parameter in &command.parameters {
                if let Some(rights) = parameter.kind.rights() {
                    all.insert(format!("{} {}", command.name(), parameter.name), rights);
                }
            }
        }
        all
    }

    /// The words that call its commands, bare or behind the plugin's name.
    pub fn words(&self) -> impl Iterator<Item = &str> {
        self.commands.iter().flatten().flat_map(|command| &command.words).map(String::as_str)
    }

    /// What is agreed to when a version that asks for `self` takes the place of one for which `before` was: words, options,
    /// letters and places that it leaves out keep their meaning, or they would come back as something else in a version
    /// after it. Where both say something, that of the new version counts if the user was asked about it, and else what
    /// they had agreed to.
    pub fn agreed_after(self, before: &Self, asked: bool) -> Self {
        let (Some(now), Some(then)) = (self.commands, &before.commands) else {
            return Self { slots: self.slots, commands: None };
        };
        let mut agreed: Vec<AskedCommand> = Vec::new();
        let mut agree = |word: &str, meaning: AskedCommand| {
            // Words of one command mostly mean the same.
            let same = agreed
                .iter_mut()
                .find(|known| known.effect == meaning.effect && known.parameters == meaning.parameters);
            match same {
                Some(known) => known.words.push(word.to_owned()),
                None => agreed.push(AskedCommand { words: vec![word.to_owned()], ..meaning }),
            }
        };
        let of = |all: &[AskedCommand], word: &String| {
            all.iter().find(|command| command.words.contains(word)).cloned()
        };
        for command in &now {
            for word in &command.words {
                let meaning = match of(then, word) {
                    Some(old) if asked => command.clone().with_what_is_new(&old),
                    Some(old) => old.with_what_is_new(command),
                    None => command.clone(),
                };
                agree(word, meaning);
            }
        }
        for command in then {
            for word in command.words.iter().filter(|word| of(&now, word).is_none()) {
                agree(word, command.clone());
            }
        }
        Self { slots: self.slots, commands: Some(agreed) }
    }

    /// What `self` asks for beyond `before`, in words; empty if nothing.
    ///
    /// Another function of an interface that was granted whole is not more; a new slot, another interface or major
    /// version is. A word that called a command before must not reach more, or other, things. A new word may call a
    /// command that does no more to a thing than one of the commands before did.
    pub fn beyond(&self, before: &Self) -> Vec<String> {
        let mut more = Vec::new();
        for (slot, interface) in &self.slots {
            match before.slots.get(slot) {
                Some(old) if old == interface => {}
                Some(old) => more.push(format!("the slot `{slot}` wants {interface} instead of {old}")),
                None if interface == WASI => more.push(format!("a new slot `{slot}` ({WASI_IN_WORDS})")),
                None => more.push(format!("a new slot `{slot}` ({interface})")),
            }
        }
        let commands = self.commands.as_deref().unwrap_or_default();
        let Some(before) = &before.commands else {
            if !commands.is_empty() {
                more.push(
                    "your yes to its commands, which an earlier version of powerbox did not record".into(),
                );
            }
            return more;
        };
        for command in commands {
            // Several words for one command mostly say the same.
            let mut said = BTreeSet::new();
            for word in &command.words {
                let old = before.iter().find(|old| old.words.contains(word));
                let found = match old {
                    Some(old) => command.beyond(old),
                    None => command.beyond_all(before),
                };
                for found in found {
                    if said.insert(found.clone()) {
                        more.push(found.replacen(WORD, &format!("the command `{word}`"), 1));
                    }
                }
            }
        }
        more
    }
}

/// Stands for the command in what is said about it.
const WORD: &str = "\u{0}";

impl AskedCommand {
    fn of(command: &Command) -> Self {
        Self {
            words: command.words().map(str::to_owned).collect(),
            effect: command.effect.clone(),
            parameters: command.parameters.iter().map(AskedParameter::of).collect(),
        }
    }

    /// Its name.
    pub fn name(&self) -> &str {
        self.words.first().map_or("", String::as_str)
    }

    fn positionals(&self) -> Vec<&AskedParameter> {
        self.parameters.iter().filter(|parameter| parameter.positional).collect()
    }

    fn options(&self) -> impl Iterator<Item = &AskedParameter> {
        self.parameters.iter().filter(|parameter| !parameter.positional)
    }

    /// The same, with the places, options and letters that only another version has.
    fn with_what_is_new(mut self, other: &Self) -> Self {
        let places = self.positionals().len();
        let further: Vec<_> = other.positionals().into_iter().skip(places).cloned().collect();
        self.parameters.extend(further);
        for option in other.options() {
            match self.parameters.iter_mut().find(|own| !own.positional && own.name == option.name) {
                Some(own) => own.letter = own.letter.or(option.letter),
                None => self.parameters.push(option.clone()),
            }
        }
        self
    }

    /// What it asks for beyond the command that the same word called before.
    fn beyond(&self, before: &Self) -> Vec<String> {
        let mut more = Vec::new();
        if self.effect.rank() > before.effect.rank() {
            more.push(format!("{WORD} has a stronger effect"));
        }
        let (now, then) = (self.positionals(), before.positionals());
        for (place, new) in now.iter().enumerate() {
            let last = then.last().filter(|last| last.repeated).copied();
            let Some(old) = then.get(place).copied().or(last) else {
                more.extend(new.newly());
                continue;
            };
            // Where there were further words, one that takes them all takes theirs.
            let takes_others = new.repeated && !old.repeated && then.len() > place + 1;
            if (new.kind.designates() && new.name != old.name) || takes_others {
                more.push(format!(
                    "{WORD} takes {} for {} where it took {}",
                    nth(place),
                    new.name.to_uppercase(),
                    old.name.to_uppercase()
                ));
            }
            more.extend(new.beyond(old));
        }
        for new in self.options() {
            match before.options().find(|old| old.name == new.name) {
                Some(old) => more.extend(new.beyond(old)),
                None => more.extend(new.newly()),
            }
            let letter = new.letter.and_then(|letter| {
                before.options().find(|old| old.letter == Some(letter) && old.name != new.name)
            });
            if let (Some(letter), Some(old)) = (new.letter, letter) {
                more.push(format!(
                    "{WORD} takes `-{letter}` for --{} where it meant --{}",
                    new.name, old.name
                ));
            }
        }
        more
    }

    /// What it asks for beyond all that commands did before: no word called it.
    fn beyond_all(&self, before: &[Self]) -> Vec<String> {
        let mut more = Vec::new();
        let strongest = before.iter().map(|command| command.effect.rank()).max().unwrap_or_default();
        if self.effect.rank() > strongest {
            more.push(format!("{WORD} has a stronger effect"));
        }
        for new in &self.parameters {
            let mut known = before.iter().flat_map(|command| &command.parameters);
            if !known.any(|old| old.choices.is_empty() && !is_wider(&new.kind, &old.kind)) {
                more.extend(new.newly());
            }
        }
        more
    }
}

impl AskedParameter {
    fn of(parameter: &Parameter) -> Self {
        let letter = if let ParameterStyle::Option(letter) = parameter.style { letter } else { None };
        Self {
            name: parameter.name.clone(),
            positional: parameter.style == ParameterStyle::Positional,
            letter,
            required: parameter.required,
            repeated: parameter.repeated,
            default: parameter.default.clone(),
            choices: parameter.choices.clone(),
            kind: parameter.kind.clone(),
        }
    }

    /// What is asked for by one that stands where there was none.
    fn newly(&self) -> Option<String> {
        let rights = self.kind.rights()?;
        Some(format!("`{}` of {WORD} wants to {} too", self.name, rights.join(", ")))
    }

    /// What it asks for beyond the one in its place before.
    fn beyond(&self, before: &Self) -> Vec<String> {
        let mut more = Vec::new();
        let name = &self.name;
        if class(&self.kind) != class(&before.kind) {
            let (new, old) = (self.kind.word(), before.kind.word());
            more.push(format!("`{name}` of {WORD} takes your word for {new} instead of {old}"));
            more.extend(self.newly());
        } else {
            let wider = wider(&self.kind, &before.kind);
            if !wider.is_empty() {
                more.push(format!("`{name}` of {WORD} wants to {} too", wider.join(", ")));
            }
        }
        if self.kind.designates() {
            if self.repeated && !before.repeated {
                more.push(format!("`{name}` of {WORD} takes several instead of one"));
            }
            let narrowed = |choice: &String| before.choices.contains(choice);
            if !before.choices.is_empty() && (self.choices.is_empty() || !self.choices.iter().all(narrowed)) {
                more.push(format!("`{name}` of {WORD} may be other than {}", before.choices.join(", ")));
            }
        }
        if let Some(default) = &self.default
            && before.default.as_ref() != Some(default)
        {
            more.push(format!("`{name}` of {WORD} is `{default}` where you do not give it"));
        }
        more
    }
}

/// What a word is taken for, rights aside. Texts of all kinds are taken for text.
#[derive(PartialEq, Eq)]
enum Class<'a> {
    Text,
    /// On or off: as an option it takes no word, so that the word after it stands for something else.
    Switch,
    Secret,
    Name,
    Object,
    Thing(&'a str),
}

fn class(kind: &ParameterKind) -> Class<'_> {
    match kind {
        ParameterKind::Text
        | ParameterKind::Integer
        | ParameterKind::Choice
        | ParameterKind::Duration
        | ParameterKind::Json
        | ParameterKind::Source => Class::Text,
        ParameterKind::Boolean => Class::Switch,
        ParameterKind::Secret => Class::Secret,
        ParameterKind::Object(_) => Class::Object,
        kind if kind.name_rights().is_some() => Class::Name,
        kind => Class::Thing(kind.word()),
    }
}

/// The rights that the first kind gives and the second does not.
fn wider(new: &ParameterKind, old: &ParameterKind) -> Vec<String> {
    let old = old.rights().unwrap_or_default();
    new.rights().unwrap_or_default().into_iter().filter(|right| !old.contains(right)).collect()
}

/// Whether a kind gives something that another does not.
fn is_wider(new: &ParameterKind, old: &ParameterKind) -> bool {
    new.designates() && (class(new) != class(old) || !wider(new, old).is_empty())
}

fn nth(place: usize) -> String {
    match place {
        0 => "the first word".to_owned(),
        1 => "the second word".to_owned(),
        2 => "the third word".to_owned(),
        place => format!("word {}", place + 1),
    }
}

/// An interface with only the part of its version that compatible versions share: `a:b/c@0.1`, `a:b/c@2`.
fn track(interface: &str) -> String {
    let Some((name, version)) = interface.split_once('@') else { return interface.to_owned() };
    if version.contains('-') {
        return interface.to_owned();
    }
    let mut parts = version.split('.');
    let shared = match (parts.next(), parts.next(), parts.next()) {
        (Some("0"), Some("0"), Some(patch)) => format!("0.0.{patch}"),
        (Some("0"), Some(minor), _) => format!("0.{minor}"),
        (Some(major), ..) => major.to_owned(),
        _ => version.to_owned(),
    };
    format!("{name}@{shared}")
}

#[cfg(test)]
mod tests;
