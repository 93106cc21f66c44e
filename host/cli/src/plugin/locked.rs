//! Installing what a lock file of another machine names, to the byte.

use std::path::Path;

use powerbox_core::local::wasi::WASI;
use powerbox_core::plugin::{Candidate, InstalledPlugin, RECORDS_BYTES, Source, read_lock};
use powerbox_core::text::clean_line;
use powerbox_core::{Host, Installation};
use powerbox_files::read_regular_text;
use serde_json::{Value as Json, json};

use super::candidate;
use crate::ask;
use crate::exit::{Failure, Status};
use crate::render::print_json;

/// Installs all plugins of a lock file. Before the first is installed, all are known to be what the file says.
pub(super) async fn install(
    host: &Host,
    lock: &Path,
    insecure: bool,
    yes: bool,
    json: bool,
) -> Result<(), Failure> {
    let failed = |reason: String| Failure::new(Status::Failed, format!("{}: {reason}", lock.display()));
    let text = read_regular_text(lock, RECORDS_BYTES).map_err(|error| failed(error.to_string()))?;
    let mut ready = Vec::new();
    let records = read_lock(&text).map_err(failed)?;
    for record in &records {
        let found = find(record, insecure).await?;
        let digest = powerbox_sandbox::Digest::of(&found.bytes).to_string();
        if digest != record.digest {
            return Err(Failure::new(
                Status::Denied,
                format!(
                    "`{}` from {} has the digest {digest}, and the lock file says {}; nothing was installed",
                    clean_line(&record.name),
                    record.source,
                    clean_line(&record.digest),
                ),
            ));
        }
        let mut installation = host.prepare(&found, &[]).await?;
        // The lock file says what was agreed to.
        if record.ask.slots.contains_key(WASI) {
            installation.grant_wasi();
        }
        if installation.before().is_none_or(|before| before.digest != digest) {
            leave_words(&mut installation, record, &records);
            ready.push(installation);
        }
    }
    if !ready.is_empty() {
        let registry = host.registry();
        let lines: Vec<_> = ready.iter().flat_map(|installation| installation.agreement(&registry)).collect();
        if yes && !json {
            eprint!("{}", ask::shown(&lines, ask::WIDTH));
        }
        if !yes {
            if !ask::agree(&lines, "install all of this?")? {
                return Err(Failure::new(Status::Failed, "nothing was installed"));
            }
            ready.iter_mut().for_each(Installation::accept_unsigned);
        }
        // Before the first is installed, all are known to be allowed.
        if let Some(refused) = ready.iter().find_map(Installation::refused_unsigned) {
            return Err(refused.into());
        }
    }
    let mut names = Vec::new();
    for installation in ready {
        names.push(installation.plugin().name().to_owned());
        host.install(installation).await?;
    }
    if json {
        return print_json(&json!({ "installed": names.into_iter().map(Json::from).collect::<Json>() }));
    }
    match names.as_slice() {
        [] => eprintln!("all plugins of the lock file are installed already"),
        names => eprintln!("installed: {}", names.join(", ")),
    }
    Ok(())
}

/// Leaves to the others in a lock file the words that are theirs by it.
fn leave_words(installation: &mut Installation, record: &InstalledPlugin, all: &[InstalledPlugin]) {
    for word in installation.claim().words.clone() {
        let has = |other: &&InstalledPlugin| match &other.words {
            Some(words) => words.contains(&word),
            None => other.ask.words().any(|known| known == word),
        };
        let owner = all.iter().find(|other| other.preferred.contains(&word)).or(all.iter().find(has));
        if let Some(owner) = owner.filter(|owner| owner.name != record.name) {
            installation.leave_word(&word, &owner.name);
        }
    }
}

async fn find(record: &InstalledPlugin, insecure: bool) -> Result<Candidate, Failure> {
    match &record.source {
        Source::Registry { reference, manifest } => {
            // The tag may stand for something else by now.
            let reference = candidate::reference(reference)?;
            let registry = candidate::registry(insecure)?;
            let resolved = registry.resolve(&reference.pinned(manifest)).await.map_err(candidate::failed)?;
            candidate::fetch(&registry, &reference, resolved).await
        }
        source => candidate::find(&source.named(), insecure).await,
    }
}
