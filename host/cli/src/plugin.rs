//! `plugin …`: what the person decides about plugins.

use std::io::{self, BufRead as _, IsTerminal as _, Write as _};
use std::path::Path;

use powerbox_core::Host;
use powerbox_core::local::Table;
use powerbox_core::plugin::{Binding, Origin, Plugin, PluginError, known_interface, refused_imports, slots};
use powerbox_core::text::clean_line;
use powerbox_sandbox::{Manifest, ManifestInterface};
use serde_json::{Value as Json, json};

use crate::arguments::PluginVerb;
use crate::exit::{Failure, Status};
use crate::render;

/// Runs one of the verbs.
pub(crate) async fn run(host: &Host, verb: PluginVerb, json: bool) -> Result<(), Failure> {
    match verb {
        PluginVerb::Inspect { plugin } => inspect(host, &plugin, json).await,
        PluginVerb::Install { file, bind, yes } => install(host, &file, bind, yes || json, json).await,
        PluginVerb::List => {
            list(host, json);
            Ok(())
        }
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
    let (manifest, plugin): (&Manifest, Result<&Plugin, &PluginError>) = match registry.plugin(name) {
        Some(plugin) => (plugin.manifest(), Ok(plugin)),
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
        println!("{}", inspection(manifest, plugin));
        return Ok(());
    }
    let mut out = io::stdout().lock();
    let write = |out: &mut dyn io::Write| -> io::Result<()> {
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
            let binding = plugin.ok().and_then(|plugin| plugin.bindings().get(&slot.slot));
            writeln!(out, "  {}: {}", import_line(slot), bound_text(binding, interface))?;
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
            Err(error) => writeln!(out, "  unknown: {error}")?,
        }
        Ok(())
    };
    write(&mut out).map_err(|error| Failure::new(Status::Failed, error.to_string()))
}

fn import_line(import: &ManifestInterface) -> String {
    match &import.interface {
        Some(interface) if import.named => format!("{} ({interface})", import.slot),
        _ => import.slot.clone(),
    }
}

fn bound_text(binding: Option<&Binding>, interface: &str) -> String {
    match binding {
        Some(Binding::OwnNames) => "bound to the names of whoever runs the command".to_owned(),
        Some(Binding::Bound(to)) if !to.name.is_empty() => format!("bound to `{}`", to.name.join("/")),
        _ if interface.starts_with("powerbox:plugin/") => "served by the host".to_owned(),
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
    let ask = !yes && io::stdin().is_terminal() && io::stderr().is_terminal();
    if ask {
        bind.extend(ask_bindings(host, file, &bind).await?);
    }
    let installation = host.prepare_install(file, &bind).await?;
    let plugin = installation.plugin();
    if !json {
        eprintln!("the plugin `{}` – {}", plugin.name(), clean_line(&plugin.group().summary));
        for (slot, interface) in &installation.ask().slots {
            let bound = match installation.bindings().get(slot) {
                Some(to) => format!("is bound to `{}`", to.name.join("/")),
                None if interface.starts_with("powerbox:plugin/") => "is served by the host".to_owned(),
                None => "stays unbound".to_owned(),
            };
            // A plain import's slot is named after its interface.
            let interface =
                if slot.starts_with(interface.as_str()) { String::new() } else { format!(" ({interface})") };
            eprintln!("  slot {slot}{interface} {bound}");
        }
        for (place, rights) in &installation.ask().rights {
            let (command, parameter) = place.split_once(' ').unwrap_or((place, ""));
            eprintln!(
                "  `{command}` may {} what you name as {}",
                rights.join(", "),
                parameter.to_uppercase()
            );
        }
    }
    if ask && !confirm("install it?")? {
        return Err(Failure::new(Status::Failed, "nothing was installed"));
    }
    let name = plugin.name().to_owned();
    let commands: Vec<_> = plugin.group().commands.iter().map(|command| command.name.clone()).collect();
    let digest = plugin.digest().to_string();
    host.install(installation).await?;
    if json {
        println!("{}", json!({ "plugin": name, "digest": digest, "commands": commands }));
    } else {
        eprintln!("installed; its commands: {}", commands.join(", "));
    }
    Ok(())
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
        if interface.starts_with("powerbox:plugin/") || bound.iter().any(|(known, _)| *known == slot.slot) {
            continue;
        }
        let answer = question(&format!(
            "name of the object for slot `{}` ({interface}), empty for none: ",
            slot.slot
        ))?;
        if !answer.is_empty() {
            answers.push((slot.slot.clone(), answer));
        }
    }
    Ok(answers)
}

fn confirm(text: &str) -> Result<bool, Failure> {
    Ok(matches!(question(&format!("{text} [y/N] "))?.as_str(), "y" | "Y" | "yes"))
}

fn question(text: &str) -> Result<String, Failure> {
    let failed = |error: io::Error| Failure::new(Status::Failed, format!("cannot ask: {error}"));
    let mut stderr = io::stderr();
    write!(stderr, "{text}").and_then(|()| stderr.flush()).map_err(failed)?;
    let mut line = String::new();
    io::stdin().lock().read_line(&mut line).map_err(failed)?;
    Ok(line.trim().to_owned())
}

fn list(host: &Host, json: bool) {
    let registry = host.registry();
    let rows: Vec<_> = registry
        .plugins()
        .iter()
        .map(|plugin| {
            let origin = match plugin.origin() {
                Origin::Bundled => "bundled".to_owned(),
                Origin::Installed(source) => source.display().to_string(),
            };
            let commands: Vec<_> =
                plugin.group().commands.iter().map(|command| command.name.as_str()).collect();
            let bound: Vec<_> =
                plugin.bindings().iter().map(|(slot, to)| format!("{slot}={}", binding_text(to))).collect();
            (
                plugin.name().to_owned(),
                origin,
                plugin.digest().to_string(),
                commands.join(" "),
                bound.join(" "),
            )
        })
        .collect();
    if json {
        let rows: Vec<_> = rows
            .iter()
            .map(|(name, origin, digest, commands, bound)| {
                let commands: Vec<_> = commands.split(' ').collect();
                let bound: Vec<_> = bound.split(' ').filter(|bound| !bound.is_empty()).collect();
                json!({ "name": name, "origin": origin, "digest": digest, "commands": commands, "bindings": bound })
            })
            .collect();
        println!("{}", Json::from(rows));
        return;
    }
    let columns = ["name", "origin", "digest", "commands", "slots"].map(str::to_owned).to_vec();
    let rows = rows
        .into_iter()
        .map(|(name, origin, digest, commands, bound)| {
            vec![name, origin, digest.chars().take(12).collect(), commands, bound]
        })
        .collect();
    println!("{}", render::aligned(&Table { columns, rows }));
}

fn binding_text(binding: &Binding) -> String {
    match binding {
        Binding::OwnNames => "(own names)".to_owned(),
        Binding::Bound(to) => to.name.join("/"),
    }
}
