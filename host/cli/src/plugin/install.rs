use std::path::Path;

use powerbox_authority::grant::Target;
use powerbox_core::Host;
use powerbox_core::plugin::slots;
use powerbox_core::text::clean_line;
use serde_json::json;

use crate::ask;
use crate::exit::{Failure, Status};
use crate::grant::words;
use crate::held::is_hosts_own;
use crate::render::print_json;

pub(super) async fn install(
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
        for (slot, interface) in &installation.ask().slots {
            let bound = match installation.bindings().get(slot) {
                Some(Target::Power { .. }) => "is served by the host".to_owned(),
                Some(to) => format!("is bound to {to}"),
                None if is_hosts_own(interface) => "is served by the host".to_owned(),
                None => "stays unbound".to_owned(),
            };
            // A plain import's slot is named after its interface.
            let interface =
                if slot.starts_with(interface.as_str()) { String::new() } else { format!(" ({interface})") };
            eprintln!("  slot {slot}{interface} {bound}");
        }
        for (place, rights) in &installation.ask().rights {
            eprintln!("  {}", words::designated(place, rights));
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
