use clap::Args;
use powerbox_core::local::store::{Amount, For, KeptData, KeptSpace};
use powerbox_core::plugin::Data;
use powerbox_core::text::clean_line;
use powerbox_core::{Host, Line, passed};
use serde_json::json;

use crate::ask;
use crate::exit::{Failure, Status};
use crate::moment::local;
use crate::render::print_json;

/// What to remove, and what becomes of its data.
#[derive(Debug, Args)]
pub(crate) struct RemoveArguments {
    /// The plugin's name
    name: String,
    /// Keep what the plugin stored, for when it is installed again
    #[arg(long)]
    keep_data: bool,
    /// Remove it, and what it stored, without asking
    #[arg(long, short)]
    yes: bool,
}

pub(super) async fn remove(host: &Host, arguments: RemoveArguments, json: bool) -> Result<(), Failure> {
    let RemoveArguments { name, keep_data, yes } = arguments;
    let is_known = host.registry().plugin(&name).is_some()
        || host.installed().list().is_ok_and(|all| all.iter().any(|record| record.name == name));
    if !is_known && !keep_data {
        let kept = host.kept_of(&name)?;
        if !kept.is_empty() {
            return forget(host, &name, &kept, yes, json);
        }
    }
    let spaces = host.kept_by(&name)?;
    let data = if keep_data { Data::Keep } else { Data::Delete };
    let deletes = data == Data::Delete && !spaces.is_empty();
    if deletes && !yes {
        let stored = stored(host, &spaces)?;
        agreed(&name, &stored, "remove it and delete this?", json)?;
    }
    let before = host.registry();
    host.remove_plugin(&name, data).await?;
    let amount = Amount::sum(&spaces);
    if json {
        let data = match data {
            _ if spaces.is_empty() => "none",
            Data::Keep => "kept",
            Data::Delete => "deleted",
        };
        return print_json(&json!({
            "plugin": name, "removed": true, "data": data, "keys": amount.keys, "bytes": amount.bytes,
        }));
    }
    let and = match data {
        _ if spaces.is_empty() => String::new(),
        Data::Keep => format!("; what it stored is kept: {amount}"),
        Data::Delete => format!("; what it stored is deleted: {amount}"),
    };
    eprintln!("the plugin `{}` was removed and all it was granted was taken back{and}", clean_line(&name));
    for (word, owner) in passed(&before, &host.registry()) {
        eprintln!("`{word}` calls a command of the plugin `{owner}` now");
    }
    Ok(())
}

/// Deletes what a plugin stored that is not installed any more.
fn forget(host: &Host, name: &str, kept: &[KeptData], yes: bool, json: bool) -> Result<(), Failure> {
    let spaces: Vec<_> = kept.iter().flat_map(|kept| kept.spaces.iter().cloned()).collect();
    if !yes {
        let mut lines = Vec::new();
        for data in kept {
            lines.push(of(data));
            lines.extend(stored(host, &data.spaces)?);
        }
        agreed(name, &lines, "delete this?", json)?;
    }
    for data in kept {
        host.forget_kept(data.id)?;
    }
    let amount = Amount::sum(&spaces);
    if json {
        return print_json(&json!({
            "plugin": name, "removed": false, "data": "deleted", "keys": amount.keys, "bytes": amount.bytes,
        }));
    }
    eprintln!("what the plugin `{}` had stored is deleted: {amount}", clean_line(name));
    Ok(())
}

/// Says what would be lost, and asks. Without somebody to ask nothing is.
fn agreed(name: &str, stored: &[String], question: &str, json: bool) -> Result<(), Failure> {
    let hint = "`--keep-data` keeps it for when the plugin is installed again, `--yes` deletes it";
    let name = clean_line(name);
    if json {
        let message = format!("the plugin `{name}` stored data, which would be deleted");
        return Err(Failure::new(Status::Denied, message).hinted(hint));
    }
    let mut lines = vec![Line { depth: 0, text: format!("the plugin `{name}` stored") }];
    lines.extend(stored.iter().map(|text| Line { depth: 1, text: text.clone() }));
    if ask::agree_or(&lines, question, hint)? {
        Ok(())
    } else {
        Err(Failure::new(Status::Failed, "nothing was removed"))
    }
}

/// What an earlier installation kept, in a line.
pub(super) fn of(data: &KeptData) -> String {
    let signed = match &data.signer {
        Some(signer) => format!("signed by the key `{}`", clean_line(signer)),
        None => "unsigned".to_owned(),
    };
    let version = data.version.as_deref().map(|version| format!(" {}", clean_line(version)));
    let (version, at) = (version.unwrap_or_default(), local(data.at));
    format!("an earlier installation{version}, {signed}, removed {at}: {}", Amount::sum(&data.spaces))
}

/// What a plugin keeps, in a line for each for whom it acts.
fn stored(host: &Host, spaces: &[KeptSpace]) -> Result<Vec<String>, Failure> {
    let mut lines = Vec::new();
    for space in spaces {
        let whom = match &space.whom {
            For::Person => "for you".to_owned(),
            For::Agent(key) => match host.ledger().agent_name(key)? {
                Some(name) => format!("for the agent `{}`", clean_line(&name)),
                None => format!("for an agent that has no name any more (#{})", key.short()),
            },
            For::Path(path) => {
                format!("for an agent that an earlier version of powerbox called `{}`", clean_line(path))
            }
        };
        lines.push(format!("{} {whom}, in its slot `{}`", space.amount, clean_line(&space.slot)));
    }
    Ok(lines)
}
