use std::collections::BTreeSet;

use powerbox_authority::grant::{Holder, Record};
use powerbox_core::PutAside;
use powerbox_core::plugin::{Origin, Plugin, slots};
use powerbox_core::text::{clean_line, word};
use serde_json::{Map, Value as Json, json};

use super::explained;
use crate::app::App;
use crate::config;
use crate::exit::Failure;
use crate::grant::{Tree, words};
use crate::held::{Held, Reach, filled_with};
use crate::render::print;

/// Tells what a plugin may reach, for whomever it acts.
pub(super) fn run(app: &App, plugin: &Plugin, grants: &Tree, json: bool) -> Result<(), Failure> {
    let held_by = grants.records().filter(|record| record.holder.plugin_name() == Some(plugin.name()));
    // Those of an earlier version that knew agents by path have ended, and are nobody's.
    let known = held_by.filter(|record| !record.holder.is_for_agent() || record.holder.agent_key().is_some());
    let mut holders: BTreeSet<_> = known.map(|record| record.holder.clone()).collect();
    holders.insert(Holder::plugin(None, plugin.name()));
    // The person first.
    let mut holders: Vec<_> = holders.into_iter().collect();
    holders.sort_by_key(Holder::is_for_agent);
    if json {
        print(&as_json(app, plugin, &holders, grants)?.to_string())
    } else {
        text(app, plugin, &holders, grants)
    }
}

/// The slots, and the place of one for what the user names.
fn places(plugin: &Plugin) -> impl Iterator<Item = (&str, Option<&str>)> {
    let slots = slots(plugin.manifest()).map(|slot| (slot.slot, Some(slot.interface)));
    slots.chain([(Record::DESIGNATION, None)])
}

fn text(app: &App, plugin: &Plugin, holders: &[Holder], grants: &Tree) -> Result<(), Failure> {
    let now = app.host.ledger().clock().now();
    let mut lines = vec![format!("plugin {} – {}", plugin.name(), clean_line(&plugin.group().summary))];
    lines.push(match plugin.origin() {
        Origin::Bundled => "  comes with powerbox".to_owned(),
        Origin::Installed(source) => format!("  installed from {source}"),
    });
    let mut limits = Vec::new();
    for holder in holders {
        let held = Held::of(&app.host, holder)?;
        let (key, agent) = (holder.agent_key(), holder.agent_name());
        let whom = match (&key, agent) {
            (None, _) => "you".to_owned(),
            (Some(_), Some(name)) => format!("the agent {}", clean_line(name)),
            (Some(key), None) => format!("an agent that has no name any more (#{})", key.short()),
        };
        lines.push(format!("\nwhen it acts for {whom}"));
        if let Some(aside) = app.host.put_aside(plugin, key.as_ref()) {
            lines.push(format!("  {}", clean_line(&aside.to_string())));
        }
        for (slot, interface) in places(plugin) {
            let reach = held.reach(Some(plugin), slot);
            let again = remedy(plugin.name(), slot, interface, agent);
            lines.push(format!("  {}", reached(&reach, slot, interface, &again)));
            if let Reach::Granted(grant) = &reach {
                lines.extend(explained(grant, grants, now).into_iter().map(|line| format!("      {line}")));
            }
            if interface.is_none() && !matches!(reach, Reach::Ended | Reach::Nothing) {
                let rights = plugin.ask().rights();
                let rights = rights.iter().map(|(place, rights)| words::designated(place, rights));
                lines.extend(rights.map(|right| format!("      {right}")));
            }
        }
        let allowance = app.host.allowance(plugin.name(), key.as_ref())?;
        let keys = config::keys(&allowance);
        if limits.last().is_none_or(|(_, before)| *before != keys) {
            limits.push((whom, keys));
        }
    }
    for (whom, keys) in limits {
        lines.push(format!("\nlimits when it acts for {whom}, by their keys in config.toml"));
        lines.extend(keys.into_iter().map(|(key, value)| format!("  {key:21}  {value}")));
    }
    print(&lines.join("\n"))
}

fn reached(reach: &Reach<'_>, slot: &str, interface: Option<&str>, again: &str) -> String {
    let place = match interface {
        Some(interface) if interface != slot => format!("{} ({interface})", clean_line(slot)),
        _ => clean_line(slot),
    };
    match reach {
        Reach::Granted(record) => match interface {
            Some(_) => format!("{place} → {}", record.target),
            None => words::reach(record),
        },
        Reach::OwnNamesAtFirst => {
            format!("{place} → the names of whoever runs the command, from its first run on")
        }
        Reach::OwnAtFirst if interface.is_none() => {
            format!("{place}: what you name in its commands, from its first run on")
        }
        Reach::OwnAtFirst => format!("{place} → the host itself, from its first run on"),
        Reach::Ended => format!("{place} → nothing any more; {again} gives it again"),
        Reach::Nothing => format!("{place} → nothing; {again} gives it something"),
    }
}

/// The command that fills a slot.
fn remedy(plugin: &str, slot: &str, interface: Option<&str>, agent: Option<&str>) -> String {
    let name = interface.and_then(filled_with).map_or_else(String::new, |name| format!("={name}"));
    let agent = agent.map_or_else(String::new, |agent| format!(" --as {}", word(agent)));
    format!("`powerbox grant add {} {}{agent}`", word(plugin), word(&format!("{slot}{name}")))
}

fn as_json(app: &App, plugin: &Plugin, all: &[Holder], grants: &Tree) -> Result<Json, Failure> {
    let mut holders = Vec::new();
    for holder in all {
        let held = Held::of(&app.host, holder)?;
        let key = holder.agent_key();
        let slots = places(plugin).map(|(slot, interface)| {
            let (state, grant) = match held.reach(Some(plugin), slot) {
                Reach::Granted(grant) => ("granted", Some(grant)),
                Reach::OwnNamesAtFirst | Reach::OwnAtFirst => ("atFirstRun", None),
                Reach::Ended => ("ended", None),
                Reach::Nothing => ("unbound", None),
            };
            let chain = grant.map(|grant| grants.chain(grant.id).map(|link| link.id).collect::<Vec<_>>());
            json!({ "slot": slot, "interface": interface, "state": state, "grant": grant, "chain": chain })
        });
        let allowance = app.host.allowance(plugin.name(), key.as_ref())?;
        let limits: Map<_, _> = config::keys(&allowance)
            .into_iter()
            .map(|(key, value)| (key.to_owned(), number(&value)))
            .collect();
        let aside = app.host.put_aside(plugin, key.as_ref()).as_ref().map(aside_json);
        holders.push(json!({
            "agent": holder.agent_name(), "agentKey": key, "putAside": aside, "slots": slots.collect::<Vec<_>>(), "limits": limits,
        }));
    }
    let aside = app.host.put_aside(plugin, None).as_ref().map(aside_json);
    Ok(json!({
        "plugin": plugin.name(),
        "digest": plugin.digest().to_string(),
        "putAside": aside,
        "rights": plugin.ask().rights(),
        "holders": holders,
    }))
}

fn aside_json(aside: &PutAside) -> Json {
    json!({ "count": aside.count, "seconds": aside.left.as_secs(), "last": aside.last })
}

/// A number as one; `none` is null.
fn number(text: &str) -> Json {
    serde_json::from_str(text).unwrap_or(Json::Null)
}
