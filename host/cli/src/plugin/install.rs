use std::path::PathBuf;

use clap::Args;
use powerbox_authority::grant::Target;
use powerbox_core::local::wasi::{VIRTUAL, WASI, WASI_IN_WORDS};
use powerbox_core::plugin::{Candidate, Difference, InstalledPlugin, slots};
use powerbox_core::text::clean_line;
use powerbox_core::{Host, InstallError, Installation};
use serde_json::json;

use super::{candidate, locked, remove};
use crate::arguments::slot_binding;
use crate::ask;
use crate::exit::{Failure, Status};
use crate::grant::words;
use crate::held::{filled_with, is_hosts_own};
use crate::render::print_json;

/// What to install, and how.
#[derive(Debug, Args)]
pub(crate) struct InstallArguments {
    /// A component file, a project's folder or oci://host/repository:tag
    #[arg(required_unless_present = "locked", value_name = "FILE|FOLDER|oci://…")]
    from: Option<String>,
    /// Bind a slot to the object of this name, or a slot for the web to an origin (can be repeated)
    #[arg(long, value_name = "SLOT=NAME", value_parser = slot_binding)]
    bind: Vec<(String, String)>,
    /// Give it a WASI that is empty: no files, environment, sockets or web; output goes to the log
    #[arg(long, value_name = "virtual", value_parser = [VIRTUAL])]
    wasi: Option<String>,
    /// Install without asking
    #[arg(long, short)]
    yes: bool,
    /// Accept a version that is older than the installed one
    #[arg(long)]
    allow_downgrade: bool,
    /// Let it begin with what an earlier plugin of this name stored, also if the same key did not sign both
    #[arg(long)]
    adopt_data: bool,
    /// Install exactly what this plugins.lock names
    #[arg(long, value_name = "FILE", conflicts_with_all = ["from", "bind", "wasi", "adopt_data"])]
    locked: Option<PathBuf>,
    /// Reach a registry on another machine without encryption
    #[arg(long)]
    insecure_registry: bool,
}

pub(super) async fn install(host: &Host, arguments: InstallArguments, json: bool) -> Result<(), Failure> {
    if let Some(lock) = &arguments.locked {
        return locked::install(host, lock, arguments.insecure_registry, json).await;
    }
    let from = arguments.from.unwrap_or_default();
    let candidate = candidate::find(&from, arguments.insecure_registry).await?;
    let asks = !arguments.yes && !json && ask::somebody_is_there();
    let mut bind = arguments.bind;
    if asks {
        bind.extend(ask_bindings(host, &candidate, &bind).await?);
    }
    let mut installation = host.prepare(&candidate, &bind).await?;
    // Who says yes below has read what it is.
    if arguments.wasi.is_some() || asks {
        installation.grant_wasi();
    }
    if installation.wants_wasi() {
        return Err(Failure::from(InstallError::Wasi).hinted("`--wasi virtual` grants it"));
    }
    let plugin = installation.plugin();
    if !json {
        eprintln!("the plugin `{}` – {}", plugin.name(), clean_line(&plugin.group().summary));
        if let Some(signer) = &installation.record().signer {
            eprintln!("  signed by the key `{}`", clean_line(signer));
        }
        let registry = host.registry();
        if let Some(old) = registry.plugin(plugin.name()) {
            for line in Difference::between(old, plugin).lines() {
                eprintln!("  {line}");
            }
        }
        for line in self::asks(&installation) {
            eprintln!("  {line}");
        }
    }
    if installation.is_older() && !arguments.allow_downgrade {
        let version =
            |record: &InstalledPlugin| clean_line(record.version.as_deref().unwrap_or("")).to_string();
        let new = version(installation.record());
        let old = installation.before().map(version).unwrap_or_default();
        let older = format!("version {new} is older than {old}, which is installed");
        if !asks {
            return Err(Failure::new(Status::Denied, older).hinted("`--allow-downgrade` installs it"));
        }
        eprintln!("  {older}");
    }
    if asks && !ask::confirm("install it?")? {
        return Err(Failure::new(Status::Failed, "nothing was installed"));
    }
    adopt(&mut installation, arguments.adopt_data, asks, json)?;
    let plugin = installation.plugin();
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

/// Lets a plugin begin with what an earlier one of its name stored: if the same key signed both, or the person says so.
fn adopt(installation: &mut Installation, agreed: bool, asks: bool, json: bool) -> Result<(), Failure> {
    if let Some(latest) = installation.kept_by_others().first() {
        if !agreed && !json {
            eprintln!("  {} stored data under this name", remove::of(latest));
        }
        if agreed || asks && ask::confirm("may it have that data?")? {
            installation.adopt_data();
        } else if !json {
            eprintln!("  that data stays where it is; `--adopt-data` gives it to the plugin");
        }
    }
    if let Some(adopted) = installation.adopts()
        && !json
    {
        eprintln!("  it begins with the data of {}", remove::of(adopted));
    }
    Ok(())
}

/// What a plugin that is about to be installed asks for, and what its slots would reach, in lines.
pub(crate) fn asks(installation: &Installation) -> Vec<String> {
    let slots = installation.ask().slots.iter().map(|(slot, interface)| {
        let bound = match installation.bindings().get(slot) {
            _ if interface == WASI => return format!("slot {slot}: {WASI_IN_WORDS}"),
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
    candidate: &Candidate,
    bound: &[(String, String)],
) -> Result<Vec<(String, String)>, Failure> {
    let (manifest, _) = host.look_at(candidate).await?;
    let mut answers = Vec::new();
    for slot in slots(&manifest) {
        let interface = slot.interface;
        if filled_with(interface).is_none() || bound.iter().any(|(known, _)| *known == slot.slot) {
            continue;
        }
        let answer = ask::question(&format!(
            "name of the object for slot `{}` ({interface}), empty for none: ",
            slot.slot
        ))?;
        if !answer.is_empty() {
            answers.push((slot.slot.to_owned(), answer));
        }
    }
    Ok(answers)
}
