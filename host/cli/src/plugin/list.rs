use powerbox_authority::grant::{Record, Target};
use powerbox_core::local::Table;
use powerbox_core::plugin::{Origin, slots};
use serde_json::{Value as Json, json};

use crate::app::App;
use crate::exit::Failure;
use crate::held::{Held, Reach};
use crate::render::{self, print, print_json};

/// One plugin, as it is listed.
struct Row {
    name: String,
    version: Option<String>,
    origin: String,
    digest: String,
    commands: Vec<String>,
    bindings: Vec<String>,
    put_aside: bool,
}

pub(super) fn list(app: &App, json: bool) -> Result<(), Failure> {
    let mut rows = Vec::new();
    let registry = app.host.registry();
    for plugin in registry.plugins() {
        let held = Held::by(&app.host, plugin.name(), None)?;
        let bound = slots(plugin.manifest()).filter_map(|slot| {
            Some(format!("{}={}", slot.slot, binding_text(&held.reach(Some(plugin), slot.slot))?))
        });
        rows.push(Row {
            name: plugin.name().to_owned(),
            version: plugin.manifest().about.version.clone(),
            origin: match plugin.origin() {
                Origin::Bundled => "bundled".to_owned(),
                Origin::Installed(source) => source.to_string(),
            },
            digest: plugin.digest().to_string(),
            commands: registry.commands_of(plugin),
            bindings: bound.collect(),
            put_aside: app.host.put_aside(plugin, None).is_some(),
        });
    }
    if json {
        let row = |row: &Row| {
            json!({
                "name": row.name, "version": row.version, "origin": row.origin, "digest": row.digest, "commands": row.commands,
                "bindings": row.bindings, "putAside": row.put_aside,
            })
        };
        return print_json(&rows.iter().map(row).collect::<Json>());
    }
    let columns = ["name", "version", "origin", "digest", "commands", "slots"].map(str::to_owned).to_vec();
    let row = |row: Row| {
        let digest = row.digest.chars().take(12).collect();
        let name = if row.put_aside { format!("{} (put aside)", row.name) } else { row.name };
        let version = row.version.unwrap_or_default();
        vec![name, version, row.origin, digest, row.commands.join(" "), row.bindings.join(" ")]
    };
    print(&render::aligned(&Table { columns, rows: rows.into_iter().map(row).collect() }))
}

/// What a slot was bound to, in short; nothing of what the host itself serves.
fn binding_text(reach: &Reach<'_>) -> Option<String> {
    match reach {
        Reach::Granted(Record { target: Target::OwnNames, .. }) | Reach::OwnNamesAtFirst => {
            Some("(own names)".to_owned())
        }
        Reach::Granted(Record { target: Target::Object { name, .. }, .. }) => Some(name.join("/")),
        _ => None,
    }
}
