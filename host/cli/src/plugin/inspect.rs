use std::io;
use std::path::Path;

use powerbox_authority::grant::Target;
use powerbox_core::local::wasi::{WASI, WASI_IN_WORDS};
use powerbox_core::plugin::{
    Origin, Plugin, PluginError, imports_wasi, known_interface, refused_imports, slots,
};
use powerbox_core::registry::{Command, Registry};
use powerbox_core::text::clean_line;
use powerbox_core::{Host, defaults};
use powerbox_sandbox::{Manifest, ManifestInterface};
use powerbox_web::oci::Reference;
use serde_json::{Value as Json, json};

use super::candidate;
use crate::exit::{Failure, Status};
use crate::grant::words;
use crate::held::{Held, Reach, is_hosts_own};
use crate::render::{print, print_json};

pub(super) async fn inspect(host: &Host, name: &str, insecure: bool, json: bool) -> Result<(), Failure> {
    let registry = host.registry();
    let looked;
    let seen = match registry.plugin(name) {
        Some(plugin) => {
            let records =
                host.installed().list().map_err(|error| Failure::new(Status::Failed, error.to_string()))?;
            let record = records.into_iter().find(|record| record.name == plugin.name());
            Seen {
                manifest: plugin.manifest(),
                plugin: Ok(plugin),
                held: Held::by(host, plugin.name(), None)?,
                source: match plugin.origin() {
                    Origin::Bundled => "comes with powerbox".to_owned(),
                    Origin::Installed(source) => source.to_string(),
                },
                signature: match record.and_then(|record| record.signer) {
                    Some(signer) => format!("by the key `{}`", clean_line(&signer)),
                    None => "none that was checked".to_owned(),
                },
            }
        }
        None if Reference::is_meant_by(name) || Path::new(name).exists() => {
            let candidate = candidate::find(name, insecure).await?;
            looked = host.look_at(&candidate).await?;
            let signature = candidate.signature.as_deref();
            Seen {
                manifest: &looked.0,
                plugin: looked.1.as_ref(),
                held: Held::nothing(),
                source: candidate.source.to_string(),
                signature: match (host.signatures().check(&candidate.bytes, signature), signature) {
                    (Ok(Some(signer)), _) => format!("by the key `{}`", clean_line(&signer)),
                    (Ok(None), Some(_)) => "by a key that is not among yours".to_owned(),
                    (Ok(None), None) => "none".to_owned(),
                    (Err(error), _) => format!("refused: {error}"),
                },
            }
        }
        None => {
            return Err(Failure::new(Status::Failed, format!("`{name}` is neither a plugin nor a file"))
                .hinted("`powerbox plugin list` lists the plugins"));
        }
    };
    if json {
        return print_json(&inspection(&seen));
    }
    let mut out = Vec::new();
    describe(&seen, &registry, &mut out).map_err(|error| Failure::new(Status::Failed, error.to_string()))?;
    print(String::from_utf8_lossy(&out).trim_end())
}

/// What there is to see of a plugin.
struct Seen<'a> {
    manifest: &'a Manifest,
    plugin: Result<&'a Plugin, &'a PluginError>,
    held: Held,
    source: String,
    signature: String,
}

fn describe(seen: &Seen<'_>, registry: &Registry, out: &mut dyn io::Write) -> io::Result<()> {
    let Seen { manifest, plugin, held, source, signature } = seen;
    let plugin = *plugin;
    if let Ok(plugin) = plugin {
        writeln!(out, "plugin   {} – {}", plugin.name(), clean_line(&plugin.group().summary))?;
    }
    let about = &manifest.about;
    for (label, said) in [
        ("version", &about.version),
        ("author", &about.authors),
        ("licence", &about.licenses),
        ("about", &about.description),
        ("code at", &about.source),
        ("read at", &about.homepage),
    ] {
        if let Some(said) = said {
            writeln!(out, "{label:8} {}", clean_line(said))?;
        }
    }
    writeln!(out, "from     {source}")?;
    writeln!(out, "signed   {signature}")?;
    writeln!(out, "digest   sha256:{}", manifest.digest)?;
    writeln!(out, "size     {} bytes", manifest.size)?;
    writeln!(out, "\nimports")?;
    for import in manifest.imports.iter().filter(|import| !imports_wasi(import)) {
        writeln!(out, "  {}", import_line(import))?;
        for function in &import.functions {
            writeln!(out, "    {}", function.name)?;
        }
    }
    let mut of_wasi = manifest.imports.iter().filter(|import| imports_wasi(import)).peekable();
    if of_wasi.peek().is_some() {
        writeln!(out, "  what comes with WASI, and how many functions of it")?;
    }
    for import in of_wasi {
        writeln!(out, "    {} ({})", import.slot, import.functions.len())?;
    }
    writeln!(out, "\nslots")?;
    let mut any = false;
    for slot in slots(manifest) {
        any = true;
        let reach = held.reach(plugin.ok(), slot.slot);
        let name = match slot.imports.as_slice() {
            [import] if slot.interface != WASI => import_line(import),
            _ => slot.slot.to_owned(),
        };
        writeln!(out, "  {name}: {}", bound_text(&reach, slot.interface))?;
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
                let called = match registry.plugin(plugin.name()) {
                    Some(_) => registry.callable(plugin.name(), &command.name),
                    None => command.name.clone(),
                };
                let usage = Command { name: called, ..command.clone() }.usage();
                writeln!(out, "  {usage}")?;
                writeln!(out, "      {} ({})", command.summary, command.effect.word())?;
                for line in defaults(command) {
                    writeln!(out, "      {line}")?;
                }
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
                Target::Power { .. } if interface == WASI => format!("{WASI_IN_WORDS}{caveats}"),
                Target::Power { .. } => format!("served by the host{caveats}"),
                target => format!("bound to {target}{caveats}"),
            }
        }
        Reach::OwnNamesAtFirst => format!("bound to {}", Target::OwnNames),
        Reach::Ended => "unbound: what it reached was taken back".to_owned(),
        _ if interface == WASI => format!("not granted; `--wasi virtual` grants a {WASI_IN_WORDS}"),
        _ if is_hosts_own(interface) => "served by the host".to_owned(),
        _ if known_interface(interface) => "unbound".to_owned(),
        _ => "unbound, of an interface that only its author knows".to_owned(),
    }
}

fn inspection(seen: &Seen<'_>) -> Json {
    let Seen { manifest, plugin, source, signature, .. } = seen;
    let slots: Vec<Json> = slots(manifest)
        .map(|slot| {
            let functions = slot.imports.iter().flat_map(|import| &import.functions);
            let functions: Vec<_> = functions.map(|function| &function.name).collect();
            json!({ "slot": slot.slot, "interface": slot.interface, "functions": functions })
        })
        .collect();
    let mut all = json!({
        "digest": manifest.digest.to_string(),
        "size": manifest.size,
        "about": manifest.about,
        "source": source,
        "signature": signature,
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
