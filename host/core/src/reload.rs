//! Replacing plugins while the host runs: a watched file changes, its new content is considered, and if it asks for
//! no more than before it is live for the next invocation.

mod watch;

pub use watch::Watch;

use std::sync::Arc;
use std::time::Duration;

use powerbox_authority::grant::Holder;
use powerbox_sandbox::Digest;

use crate::event::Event;
use crate::host::Host;
use crate::migration::MigrateError;
use crate::plugin::{Candidate, Code, InstalledPlugin, Origin, Plugin, PluginError, Seen};

/// After how long a version is tried again that running commands were in the way of.
const LATER: Duration = Duration::from_secs(2);
/// How long a file that seems broken must be quiet before that is said: it may be half written.
const SETTLE: Duration = Duration::from_millis(80);

impl Host {
    /// Looks at the file of an installed plugin again, and replaces the plugin if the file has changed and asks for no
    /// more. Tells what came of it, if anything did.
    pub async fn reconsider(&self, name: &str) {
        let _changing = self.changing().await;
        let record = match self.installed().list() {
            Ok(records) => records.into_iter().find(|record| record.name == name),
            Err(error) => return tracing::warn!(%error, "the plugin records cannot be read"),
        };
        let Some(record) = record else { return };
        // Nobody watches a registry.
        let Some(file) = record.source.watched() else { return };
        let kept = self.registry().plugin(name).is_some();
        let (seen, considered) = loop {
            let seen = Seen::of(file);
            if seen.is_none() {
                // Gone, perhaps only for a moment: a build tool may be about to put it back.
                return;
            }
            if seen == record.seen {
                // This was looked at, and what there is to say of it was said.
                return;
            }
            let considered = self.consider(&record).await;
            if considered.is_ok() {
                break (seen, considered);
            }
            tokio::time::sleep(SETTLE).await;
            if Seen::of(file) == seen {
                break (seen, considered);
            }
        };
        // A signature may come a moment after what it signs.
        let unsigned = matches!(considered, Err(PluginError::Signature(_)));
        if !unsigned && !matches!(considered, Ok(Some(Considered::Fits { .. }))) {
            // This content was looked at: what there is to say of it is said once.
            let noted = self.installed().put(InstalledPlugin { seen, ..record.clone() });
            if let Err(error) = noted {
                tracing::warn!(%error, "the plugin records cannot be written");
            }
        }
        match considered {
            Ok(None) => {}
            Ok(Some(Considered::More(wants))) => {
                let remedy = format!("`powerbox plugin install {}` accepts", record.source);
                self.tell(Event::Waiting { plugin: name.to_owned(), wants, remedy });
            }
            Ok(Some(Considered::Fits { plugin, bytes, signer })) => {
                let digest = plugin.digest();
                let migrated = match self.migrate(&plugin, self.version_of(name).as_deref()).await {
                    Ok(migrated) => migrated,
                    Err(MigrateError::Busy) => return self.reconsider_later(name),
                    Err(error) => {
                        let noted = self.installed().put(InstalledPlugin { seen, ..record.clone() });
                        if let Err(error) = noted {
                            tracing::warn!(%error, "the plugin records cannot be written");
                        }
                        self.tell(Event::Broken { plugin: name.to_owned(), reason: error.to_string(), kept });
                        return;
                    }
                };
                let old = record.digest.clone();
                let swapped = self.installed().keep(digest, &bytes).and_then(|()| {
                    let (ask, version) = (plugin.ask(), plugin.manifest().about.version.clone());
                    let digest = digest.to_string();
                    let record = InstalledPlugin { digest, version, signer, ask, seen, ..record };
                    self.installed().put(record)
                });
                if let Err(error) = swapped {
                    migrated.settle(self, &old);
                    self.tell(Event::Broken { plugin: name.to_owned(), reason: error.to_string(), kept });
                    return;
                }
                migrated.settle(self, &digest.to_string());
                self.swap_in(*plugin);
                self.tell(Event::Swapped { plugin: name.to_owned() });
            }
            Err(error) => {
                self.tell(Event::Broken { plugin: name.to_owned(), reason: error.to_string(), kept })
            }
        }
    }

    /// What the version of a plugin that runs says of its version.
    pub(crate) fn version_of(&self, name: &str) -> Option<String> {
        self.registry().plugin(name)?.manifest().about.version.clone()
    }

    /// Looks at a plugin's file again in a while: commands of the version that runs were in the way.
    fn reconsider_later(&self, name: &str) {
        self.tell(Event::Postponed { plugin: name.to_owned() });
        let (host, name) = (self.downgrade(), name.to_owned());
        tokio::spawn(async move {
            tokio::time::sleep(LATER).await;
            if let Some(host) = host.upgrade() {
                host.reconsider(&name).await;
            }
        });
    }

    async fn consider(&self, record: &InstalledPlugin) -> Result<Option<Considered>, PluginError> {
        let Some(candidate) = Candidate::again(&record.source)? else { return Ok(None) };
        let bytes = candidate.bytes;
        if Digest::of(&bytes).to_string() == record.digest {
            return Ok(None);
        }
        let signer = self.signatures().check(&bytes, candidate.signature.as_deref())?;
        let held = self.ledger().held_by(&Holder::plugin(None, &record.name)).unwrap_or_default();
        let bound = |slot: &str| held.iter().any(|grant| grant.slot == slot);
        let origin = Origin::Installed(record.source.clone());
        let plugin = self.load(origin, Code::Bytes(Arc::clone(&bytes)), bound, &[]).await;
        let plugin = match plugin {
            Ok(plugin) => plugin,
            // An interface that is new and unknown is a wish for more before it is a defect.
            Err(PluginError::Imports(imports)) => {
                let wants = imports.into_iter().map(|import| format!("the unknown interface {import}"));
                return Ok(Some(Considered::More(wants.collect())));
            }
            Err(error) => return Err(error),
        };
        let mut more = plugin.ask().beyond(&record.ask);
        if record.signer.is_some() && record.signer != signer {
            more.push("to be trusted without the signature of the key that signed the old one".to_owned());
        }
        if plugin.name() != record.name {
            more.push(format!("another name, `{}`", plugin.name()));
        }
        if !more.is_empty() {
            return Ok(Some(Considered::More(more)));
        }
        // Compile aside, so that the next invocation does not wait, and a component that cannot be compiled stays out.
        plugin.component(self.engine(), self.code_cache()).await?;
        Ok(Some(Considered::Fits { plugin: Box::new(plugin), bytes, signer }))
    }

    /// Takes over what another process of the user did to the records.
    pub async fn follow_records(&self) {
        let _changing = self.changing().await;
        let records = match self.installed().list() {
            Ok(records) => records,
            Err(error) => return tracing::warn!(%error, "the plugin records cannot be read"),
        };
        for plugin in self.registry().plugins() {
            let listed = records.iter().any(|record| record.name == plugin.name());
            if matches!(plugin.origin(), Origin::Installed(_)) && !listed {
                self.swap_out(plugin.name());
            }
        }
        for record in records {
            let registry = self.registry();
            let known = registry.plugin(&record.name);
            if known.is_some_and(|plugin| same_version(plugin, &record)) {
                continue;
            }
            let kept = known.is_some();
            match self.load_installed(&record).await {
                Ok(plugin) => {
                    self.swap_in(plugin);
                    self.tell(Event::Swapped { plugin: record.name });
                }
                Err(error) => {
                    self.tell(Event::Broken { plugin: record.name, reason: error.to_string(), kept });
                }
            }
        }
    }
}

enum Considered {
    /// It asks for no more: it can take the old one's place.
    Fits { plugin: Box<Plugin>, bytes: Arc<[u8]>, signer: Option<String> },
    /// It asks for this, too.
    More(Vec<String>),
}

fn same_version(plugin: &Plugin, record: &InstalledPlugin) -> bool {
    plugin.digest().to_string() == record.digest
}
