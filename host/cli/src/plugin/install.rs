use std::path::PathBuf;

use clap::Args;
use powerbox_core::local::wasi::VIRTUAL;
use powerbox_core::plugin::{Candidate, InstalledPlugin, slots};
use powerbox_core::text::clean_line;
use powerbox_core::{Host, InstallError, Installation, Owner};
use serde_json::json;

use super::{candidate, locked, remove};
use crate::arguments::slot_binding;
use crate::ask;
use crate::exit::{Failure, Status};
use crate::held::filled_with;
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
        return locked::install(host, lock, arguments.insecure_registry, arguments.yes, json).await;
    }
    let from = arguments.from.unwrap_or_default();
    let candidate = candidate::find(&from, arguments.insecure_registry).await?;
    let asks = !arguments.yes;
    let mut bind = arguments.bind;
    if asks && ask::somebody_is_there() {
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
    agreed(host, &mut installation, arguments.yes, arguments.allow_downgrade, json)?;
    adopt(&mut installation, arguments.adopt_data, asks, json)?;
    let plugin = installation.plugin();
    let (name, digest) = (plugin.name().to_owned(), plugin.digest().to_string());
    let (commands, claim) = (installation.callable(), installation.claim().clone());
    host.install(installation).await?;
    if json {
        return print_json(&json!({ "plugin": name, "digest": digest, "commands": commands }));
    }
    eprintln!("installed; its commands: {}", commands.join(", "));
    for (word, owner) in &claim.taken {
        let other = match owner {
            Owner::Program => String::new(),
            Owner::Plugin(_) => format!("; `powerbox plugin prefer {name} {word}` gives it the word"),
        };
        eprintln!("`{word}` is {owner}{other}");
    }
    Ok(())
}

/// Shows all that the person would agree to, and has them agree, unless they did beforehand. What `--yes` does not
/// stand for is an error: an older version, and one without the signature that the version before had.
fn agreed(
    host: &Host,
    installation: &mut Installation,
    yes: bool,
    downgrade: bool,
    json: bool,
) -> Result<(), Failure> {
    let lines = installation.agreement(&host.registry());
    if !yes {
        if !ask::agree(&lines, "install it?")? {
            return Err(Failure::new(Status::Failed, "nothing was installed"));
        }
        installation.accept_unsigned();
        return Ok(());
    }
    if !json {
        eprint!("{}", ask::shown(&lines, ask::WIDTH));
    }
    if installation.is_older() && !downgrade {
        let version = |record: &InstalledPlugin| clean_line(record.version.as_deref().unwrap_or(""));
        let new = version(installation.record());
        let old = installation.before().map(version).unwrap_or_default();
        let older = format!("version {new} is older than {old}, which is installed");
        return Err(Failure::new(Status::Denied, older).hinted("`--allow-downgrade` installs it"));
    }
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
