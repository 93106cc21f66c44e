use std::io;
use std::path::Path;

use powerbox_authority::grant::Target;
use powerbox_core::Host;
use powerbox_core::plugin::{Plugin, PluginError, known_interface, refused_imports, slots};
use powerbox_core::text::clean_line;
use powerbox_sandbox::{Manifest, ManifestInterface};
use serde_json::{Value as Json, json};

use crate::exit::{Failure, Status};
use crate::grant::words;
use crate::held::{Held, Reach, is_hosts_own};
use crate::render::{print, print_json};

pub(super) async fn inspect(host: &Host, name: &str, json: bool) -> Result<(), Failure> {
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
