use std::collections::BTreeMap;

use powerbox_sandbox::Manifest;
use serde::{Deserialize, Serialize};

use super::slots::slots;
use crate::local::wasi::{WASI, WASI_IN_WORDS};
use crate::registry::{CommandGroup, NameRight, ParameterKind};

/// What a version of a plugin asks for, as far as a user consents to it.
///
/// Another function of an interface that was granted whole is not more; a new slot, another interface or major
/// version, a wider right of a parameter, or a stronger effect of a command is.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Ask {
    /// The interface of each slot, with the part of its version that compatible versions share.
    pub slots: BTreeMap<String, String>,
    /// The rank of each command's effect.
    pub effects: BTreeMap<String, u8>,
    /// What each designating parameter lets its command do, by `command parameter`.
    pub rights: BTreeMap<String, Vec<String>>,
}

impl Ask {
    /// Reads off what a plugin asks for.
    pub fn of(manifest: &Manifest, group: &CommandGroup) -> Self {
        let slots = slots(manifest).map(|slot| (slot.slot.to_owned(), track(slot.interface))).collect();
        let mut ask = Self { slots, ..Self::default() };
        for command in &group.commands {
            ask.effects.insert(command.name.clone(), command.effect.rank());
            for parameter in &command.parameters {
                let rights: Vec<String> = match &parameter.kind {
                    ParameterKind::Object(methods) => {
                        methods.iter().map(|method| format!("call {method}")).collect()
                    }
                    ParameterKind::File => vec!["read the file".to_owned()],
                    kind => match kind.name_rights() {
                        Some(rights) => {
                            rights.iter().map(|right: &NameRight| right.word().to_owned()).collect()
                        }
                        None => continue,
                    },
                };
                ask.rights.insert(format!("{} {}", command.name, parameter.name), rights);
            }
        }
        ask
    }

    /// What `self` asks for beyond `before`, in words; empty if nothing.
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
        let strongest = before.effects.values().copied().max().unwrap_or_default();
        for (command, effect) in &self.effects {
            // A new command is compared with the strongest that was there.
            if *effect > before.effects.get(command).copied().unwrap_or(strongest) {
                more.push(format!("the command `{command}` has a stronger effect"));
            }
        }
        for (place, rights) in &self.rights {
            let (command, parameter) = place.split_once(' ').unwrap_or((place, ""));
            let known = before.effects.contains_key(command);
            let old = before.rights.get(place);
            let wider: Vec<&str> = rights
                .iter()
                .filter(|right| known && !old.is_some_and(|old| old.contains(right)))
                .map(String::as_str)
                .collect();
            if !wider.is_empty() {
                more.push(format!(
                    "`{parameter}` of the command `{command}` wants to {} too",
                    wider.join(", ")
                ));
            }
        }
        more
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
mod tests {
    use super::*;

    fn ask(slots: &[(&str, &str)], effects: &[(&str, u8)], rights: &[(&str, &[&str])]) -> Ask {
        Ask {
            slots: slots.iter().map(|(slot, interface)| ((*slot).into(), track(interface))).collect(),
            effects: effects.iter().map(|(command, rank)| ((*command).into(), *rank)).collect(),
            rights: rights
                .iter()
                .map(|(place, rights)| ((*place).into(), rights.iter().map(|r| (*r).into()).collect()))
                .collect(),
        }
    }

    #[test]
    fn a_newer_minor_version_and_fewer_rights_are_not_more() {
        let old = ask(&[("a", "x:y/z@1.2.0")], &[("c", 2)], &[("c p", &["read", "write"])]);
        let new =
            ask(&[("a", "x:y/z@1.9.1")], &[("c", 1), ("d", 2)], &[("c p", &["read"]), ("d q", &["remove"])]);
        assert_eq!(new.beyond(&old), Vec::<String>::new());
    }

    #[test]
    fn each_kind_of_more_is_named() {
        let old = ask(&[("a", "x:y/z@1.2.0")], &[("c", 1)], &[("c p", &["read"])]);
        for (new, part) in [
            (ask(&[("a", "x:y/z@2.0.0")], &[], &[]), "instead of x:y/z@1"),
            (ask(&[("b", "x:y/z@1.2.0")], &[], &[]), "new slot `b`"),
            (ask(&[], &[("c", 2)], &[]), "stronger effect"),
            (ask(&[], &[("d", 3)], &[]), "`d` has a stronger effect"),
            (ask(&[], &[], &[("c p", &["read", "write"])]), "wants to write too"),
            (ask(&[], &[], &[("c q", &["remove"])]), "`q` of the command `c`"),
        ] {
            let more = new.beyond(&old);
            assert!(more.len() == 1 && more[0].contains(part), "{more:?} has no {part}");
        }
    }
}
