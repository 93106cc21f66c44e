//! `plugin …`: what the person decides about plugins.

use std::io;
use std::path::Path;

use powerbox_authority::grant::{Record, Target};
use powerbox_core::local::Table;
use powerbox_core::plugin::{Origin, Plugin, PluginError, known_interface, refused_imports, slots};
use powerbox_core::text::clean_line;
use powerbox_core::{Host, Installation};
use powerbox_sandbox::{Manifest, ManifestInterface};
use serde_json::{Value as Json, json};

use crate::app::App;
use crate::arguments::PluginVerb;
use crate::ask;
use crate::author;
use crate::exit::{Failure, Status};
use crate::grant::words;
use crate::held::{Held, Reach, is_hosts_own};
use crate::render::{self, print, print_json};

/// Runs one of the verbs.
pub(crate) async fn run(app: &App, verb: PluginVerb, json: bool) -> Result<(), Failure> {
    let host = &app.host;
    match verb {
        PluginVerb::New(arguments) => author::new(arguments, json),
        PluginVerb::Build(arguments) => author::build(arguments, json).await,
        PluginVerb::Inspect { plugin } => inspect(host, &plugin, json).await,
        PluginVerb::Install { file, bind, yes } => install(host, &file, bind, yes || json, json).await,
        PluginVerb::List => list(app, json),
        PluginVerb::Restore { name } => restore(host, &name, json),
        PluginVerb::Remove { name } => {
            host.remove_plugin(&name).await?;
            eprintln!("the plugin `{name}` was removed and all it was granted was taken back");
            Ok(())
        }
    }
}

async fn inspect(host: &Host, name: &str, json: bool) -> Result<(), Failure> {
    let registry = host.registry();
    let looked;
    let mut held = Held::nothing();
    let (manifest, plugin): (&Manifest, Result<&Plugin, &PluginError>) = match registry.plugin(name) {
        Some(plugin) => {
            held = Held::by(host, plugin.name(), None)?;
            (plugin.manifest(), Ok(plugin))
        }
        None if Path::new(name).exists() => {
            looked = host.inspect(Path::new(name)).await?;
            (&looked.0, looked.1.as_ref())
        }
        None => {
            return Err(Failure::new(Status::Failed, format!("`{name}` is neither a plugin nor a file"))
                .hinted("`powerbox plugin list` lists the plugins"));
        }
    };
    if json {
        return print_json(&inspection(manifest, plugin));
    }
    let mut out = Vec::new();
    describe(manifest, plugin, &held, &mut out)
        .map_err(|error| Failure::new(Status::Failed, error.to_string()))?;
    print(String::from_utf8_lossy(&out).trim_end())
}

fn describe(
    manifest: &Manifest,
    plugin: Result<&Plugin, &PluginError>,
    held: &Held,
    out: &mut dyn io::Write,
) -> io::Result<()> {
    if let Ok(plugin) = plugin {
        writeln!(out, "plugin   {} – {}", plugin.name(), clean_line(&plugin.group().summary))?;
    }
    writeln!(out, "digest   sha256:{}", manifest.digest)?;
    writeln!(out, "size     {} bytes", manifest.size)?;
    writeln!(out, "\nimports")?;
    for import in &manifest.imports {
        writeln!(out, "  {}", import_line(import))?;
        for function in &import.functions {
            writeln!(out, "    {}", function.name)?;
        }
    }
    writeln!(out, "\nslots")?;
    let mut any = false;
    for slot in slots(manifest) {
        any = true;
        let interface = slot.interface.as_deref().unwrap_or(&slot.slot);
        let reach = held.reach(plugin.ok(), &slot.slot);
        writeln!(out, "  {}: {}", import_line(slot), bound_text(&reach, interface))?;
    }
    if !any {
        writeln!(out, "  none: it reaches only what a command's arguments name")?;
    }
    let refused = refused_imports(manifest, |_| false);
    if !refused.is_empty() {
        writeln!(out, "\nnot offered by this host: {}", refused.join(", "))?;
    }
    writeln!(out, "\ncommands")?;
    match plugin {
        Ok(plugin) => {
            for command in &plugin.group().commands {
                writeln!(out, "  {}", command.usage())?;
                writeln!(out, "      {} ({})", command.summary, command.effect.word())?;
            }
        }
        Err(error) => writeln!(out, "  unknown: {}", clean_line(&error.to_string()))?,
    }
    Ok(())
}

fn import_line(import: &ManifestInterface) -> String {
    match &import.interface {
        Some(interface) if import.named => format!("{} ({interface})", import.slot),
        _ => import.slot.clone(),
    }
}

fn bound_text(reach: &Reach<'_>, interface: &str) -> String {
    match reach {
        Reach::Granted(record) => {
            let caveats =
                words::caveats(&record.caveats).map_or_else(String::new, |caveats| format!("; {caveats}"));
            match &record.target {
                Target::Power { .. } => format!("served by the host{caveats}"),
                target => format!("bound to {target}{caveats}"),
            }
        }
        Reach::OwnNamesAtFirst => format!("bound to {}", Target::OwnNames),
        Reach::Ended => "unbound: what it reached was taken back".to_owned(),
        _ if is_hosts_own(interface) => "served by the host".to_owned(),
        _ if known_interface(interface) => "unbound".to_owned(),
        _ => "unbound, of an interface that only its author knows".to_owned(),
    }
}

fn inspection(manifest: &Manifest, plugin: Result<&Plugin, &PluginError>) -> Json {
    let slots: Vec<Json> = slots(manifest)
        .map(|slot| {
            let interface = slot.interface.as_deref().unwrap_or(&slot.slot);
            let functions: Vec<_> = slot.functions.iter().map(|function| &function.name).collect();
            json!({ "slot": slot.slot, "interface": interface, "functions": functions })
        })
        .collect();
    let mut all = json!({
        "digest": manifest.digest.to_string(),
        "size": manifest.size,
        "imports": manifest.imports,
        "slots": slots,
        "notOffered": refused_imports(manifest, |_| false),
    });
    if let Some(all) = all.as_object_mut() {
        match plugin {
            Ok(plugin) => {
                all.insert("name".to_owned(), json!(plugin.name()));
                all.insert("commands".to_owned(), json!(plugin.group().commands));
            }
            Err(error) => {
                all.insert("error".to_owned(), json!(error.to_string()));
            }
        }
    }
    all
}

async fn install(
    host: &Host,
    file: &Path,
    mut bind: Vec<(String, String)>,
    yes: bool,
    json: bool,
) -> Result<(), Failure> {
    let asks = !yes && ask::somebody_is_there();
    if asks {
        bind.extend(ask_bindings(host, file, &bind).await?);
    }
    let installation = host.prepare_install(file, &bind).await?;
    let plugin = installation.plugin();
    if !json {
        eprintln!("the plugin `{}` – {}", plugin.name(), clean_line(&plugin.group().summary));
        for line in self::asks(&installation) {
            eprintln!("  {line}");
        }
    }
    if asks && !ask::confirm("install it?")? {
        return Err(Failure::new(Status::Failed, "nothing was installed"));
    }
    let name = plugin.name().to_owned();
    let commands: Vec<_> = plugin.group().commands.iter().map(|command| command.name.clone()).collect();
    let digest = plugin.digest().to_string();
    host.install(installation).await?;
    if json {
        return print_json(&json!({ "plugin": name, "digest": digest, "commands": commands }));
    }
    eprintln!("installed; its commands: {}", commands.join(", "));
    Ok(())
}

/// What a plugin that is about to be installed asks for, and what its slots would reach, in lines.
pub(crate) fn asks(installation: &Installation) -> Vec<String> {
    let slots = installation.ask().slots.iter().map(|(slot, interface)| {
        let bound = match installation.bindings().get(slot) {
            Some(Target::Power { .. }) => "is served by the host".to_owned(),
            Some(to) => format!("is bound to {to}"),
            None if is_hosts_own(interface) => "is served by the host".to_owned(),
            None => "stays unbound".to_owned(),
        };
        // A plain import's slot is named after its interface.
        let interface =
            if slot.starts_with(interface.as_str()) { String::new() } else { format!(" ({interface})") };
        format!("slot {slot}{interface} {bound}")
    });
    let rights = installation.ask().rights.iter();
    slots.chain(rights.map(|(place, rights)| words::designated(place, rights))).collect()
}

/// Asks the person what to bind to each slot that is not bound yet.
async fn ask_bindings(
    host: &Host,
    file: &Path,
    bound: &[(String, String)],
) -> Result<Vec<(String, String)>, Failure> {
    let (manifest, _) = host.inspect(file).await?;
    let mut answers = Vec::new();
    for slot in slots(&manifest) {
        let interface = slot.interface.as_deref().unwrap_or(&slot.slot);
        if is_hosts_own(interface) || bound.iter().any(|(known, _)| *known == slot.slot) {
            continue;
        }
        let answer = ask::question(&format!(
            "name of the object for slot `{}` ({interface}), empty for none: ",
            slot.slot
        ))?;
        if !answer.is_empty() {
            answers.push((slot.slot.clone(), answer));
        }
    }
    Ok(answers)
}

fn restore(host: &Host, name: &str, json: bool) -> Result<(), Failure> {
    if host.registry().plugin(name).is_none() {
        return Err(Failure::new(Status::Failed, format!("there is no plugin named `{}`", clean_line(name)))
            .hinted("`powerbox plugin list` lists the plugins"));
    }
    let had_failed = host.restore_plugin(name);
    let had_failed =
        had_failed.map_err(|error| Failure::new(Status::Failed, format!("cannot restore it: {error}")))?;
    if json {
        return print(&json!({ "plugin": name, "hadFailed": had_failed }).to_string());
    }
    if had_failed {
        eprintln!("the plugin `{name}` may run again");
    } else {
        eprintln!("the plugin `{name}` was not put aside");
    }
    Ok(())
}

/// One plugin, as it is listed.
struct Row {
    name: String,
    origin: String,
    digest: String,
    commands: Vec<String>,
    bindings: Vec<String>,
    put_aside: bool,
}

fn list(app: &App, json: bool) -> Result<(), Failure> {
    let mut rows = Vec::new();
    for plugin in app.host.registry().plugins() {
        let held = Held::by(&app.host, plugin.name(), None)?;
        let bound = slots(plugin.manifest()).filter_map(|slot| {
            Some(format!("{}={}", slot.slot, binding_text(&held.reach(Some(plugin), &slot.slot))?))
        });
        rows.push(Row {
            name: plugin.name().to_owned(),
            origin: match plugin.origin() {
                Origin::Bundled => "bundled".to_owned(),
                Origin::Installed(source) => source.display().to_string(),
            },
            digest: plugin.digest().to_string(),
            commands: plugin.group().commands.iter().map(|command| command.name.clone()).collect(),
            bindings: bound.collect(),
            put_aside: app.host.put_aside(plugin).is_some(),
        });
    }
    if json {
        let row = |row: &Row| {
            json!({
                "name": row.name, "origin": row.origin, "digest": row.digest, "commands": row.commands,
                "bindings": row.bindings, "putAside": row.put_aside,
            })
        };
        return print_json(&rows.iter().map(row).collect::<Json>());
    }
    let columns = ["name", "origin", "digest", "commands", "slots"].map(str::to_owned).to_vec();
    let row = |row: Row| {
        let digest = row.digest.chars().take(12).collect();
        let name = if row.put_aside { format!("{} (put aside)", row.name) } else { row.name };
        vec![name, row.origin, digest, row.commands.join(" "), row.bindings.join(" ")]
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
