use powerbox_authority::grant::{GrantId, Record};
use powerbox_core::Host;
use powerbox_core::text::clean_line;
use serde::Serialize;

use super::tree::Tree;
use super::words;
use crate::exit::{Failure, Status};
use crate::moment::{ago, local};
use crate::render::{print, print_json};

/// A grant with its place in the tree.
#[derive(Serialize)]
struct Shown {
    #[serde(flatten)]
    record: Record,
    /// What it came of, up to the person.
    chain: Vec<GrantId>,
    /// What came of it.
    children: Vec<GrantId>,
}

fn numbers<'a>(records: impl IntoIterator<Item = &'a Record>) -> Vec<GrantId> {
    records.into_iter().map(|record| record.id).collect()
}

/// Lists grants, of one plugin or of all; those that ended only if `all` is set.
pub(super) fn list(host: &Host, plugin: Option<&str>, all: bool, json: bool) -> Result<(), Failure> {
    host.ledger().note_use()?;
    let mut records = host.ledger().list(all)?;
    if let Some(plugin) = plugin
        && host.registry().plugin(plugin).is_none()
        && !records.iter().any(|record| record.holder.plugin_name() == Some(plugin))
    {
        return Err(Failure::new(
            Status::Failed,
            format!("there is no plugin named `{}`", clean_line(plugin)),
        )
        .hinted("`powerbox plugin list` lists the plugins"));
    }
    let is_wanted = |record: &Record| plugin.is_none_or(|plugin| record.holder.plugin_name() == Some(plugin));
    if json {
        records.retain(is_wanted);
        return print_json(&records);
    }
    let tree = Tree::new(records).about(is_wanted);
    if tree.records().next().is_none() {
        eprintln!("there are no grants yet; a plugin gets what is its own when it first runs");
        return Ok(());
    }
    print(tree.text(host.ledger().clock().now()).trim_end())
}

/// Shows all about one grant.
pub(super) fn show(host: &Host, id: GrantId, json: bool) -> Result<(), Failure> {
    host.ledger().note_use()?;
    let record = super::known(host, id)?;
    let tree = Tree::new(host.ledger().list(true)?);
    let children: Vec<_> = tree.subtree(id).into_iter().filter(|child| child.parent == Some(id)).collect();
    if json {
        return print_json(&Shown {
            record,
            chain: numbers(tree.chain(id).skip(1)),
            children: numbers(children),
        });
    }
    let now = host.ledger().clock().now();
    let mut lines = vec![
        format!("grant     {id}, {}", words::ended(&record, now).unwrap_or("live")),
        format!("holder    {}", clean_line(&record.holder.to_string())),
        format!("reaches   {}", words::reach(&record)),
    ];
    let mut label = "caveats";
    for link in tree.chain(id) {
        for caveat in &link.caveats {
            let from = if link.id == id { String::new() } else { format!(" (of grant {})", link.id) };
            lines.push(format!("{label:9} {}{from}", clean_line(&caveat.to_string())));
            label = "";
        }
    }
    if label == "caveats" {
        lines.push("caveats   none".to_owned());
    }
    for link in tree.chain(id).skip(1) {
        lines.push(format!(
            "came of   {}: {}, {}",
            link.id,
            clean_line(&link.holder.to_string()),
            words::reach(link)
        ));
    }
    let (giver, made) = (clean_line(&record.giver), record.made);
    lines.push(format!("given     by {giver}, {} ({})", local(made), ago(made, now)));
    lines.push(format!("used      {}", words::used(&record, now).trim_start_matches("used ")));
    for child in children {
        let ended = words::ended(child, now).map_or_else(String::new, |ended| format!(" ({ended})"));
        lines.push(format!(
            "gave      {}: {}, {}{ended}",
            child.id,
            clean_line(&child.holder.to_string()),
            words::reach(child)
        ));
    }
    print(&lines.join("\n"))
}
