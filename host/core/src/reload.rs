//! Replacing plugins while the host runs: a watched file changes, its new content is considered, and if it asks for
//! no more than before it is live for the next invocation.

mod look;
mod watch;

pub(crate) use look::{Look, Looked, Looks};
pub use watch::Watch;

use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use powerbox_authority::grant::Holder;
use powerbox_sandbox::Digest;

use crate::event::Event;
use crate::host::Host;
use crate::migration::MigrateError;
use crate::plugin::{
    Candidate, Code, InstalledPlugin, Origin, Plugin, PluginError, Seen, may_die_at, read_bounded,
};
use crate::registry::{Owners, Registry};
use crate::words::{Claim, claim_unasked};

/// How long a version waits at a time for running commands to end. New ones wait meanwhile.
const PATIENCE: Duration = Duration::from_secs(2);
/// After how long it is tried again, at first and at last: a command may follow something for hours.
const LATER: (Duration, Duration) = (Duration::from_secs(2), Duration::from_secs(60));
/// How long a file that seems broken must be quiet before that is said: it may be half written.
const SETTLE: Duration = Duration::from_millis(80);
/// After how long a file is given up that is never quiet. Whoever watches it comes again when it changes.
const LONGEST: Duration = Duration::from_secs(2);
/// How long a process that begins waits for new versions and for others that change what is installed, before it goes on
/// with what there is. A version that is being compiled then is taken by the next one.
pub(crate) const AT_START: Duration = Duration::from_secs(3);

impl Host {
    /// Looks at the file of an installed plugin again, and replaces the plugin if the file has changed and asks for no
    /// more. Tells what came of it, if anything did.
    pub async fn reconsider(&self, name: &str) {
        self.reconsider_within(name, Duration::MAX).await;
    }

    /// The same, unless others change what is installed for longer than that. Tells whether it was looked at.
    pub(crate) async fn reconsider_within(&self, name: &str, patience: Duration) -> bool {
        match self.reconsider_once(name, patience).await {
            Outcome::Decided => self.looks().decide(name),
            Outcome::InTheWay(digest) => self.reconsider_later(name, digest),
            Outcome::Nothing => {}
            Outcome::Untouched => return false,
        }
        true
    }

    async fn reconsider_once(&self, name: &str, patience: Duration) -> Outcome {
        let begun = Instant::now();
        let left = || patience.saturating_sub(begun.elapsed());
        // One task of this process looks at a plugin at a time, so that each thing is said once.
        let turn = self.looks().turn(name);
        let Ok(_turn) = tokio::time::timeout(left(), turn.lock()).await else { return Outcome::Untouched };
        loop {
            let Some(record) = (match self.record(name) {
                Ok(record) => record,
                Err(outcome) => return outcome,
            }) else {
                return Outcome::Decided;
            };
            // Nobody watches a registry.
            let Some(file) = record.source.watched() else { return Outcome::Decided };
            // Reading, compiling and describing it can take long. Nobody waits for that who wants something else.
            let considered = tokio::time::timeout(left(), self.consider_whole(&record, file)).await;
            let Ok(considered) = considered else { return Outcome::Untouched };
            let Some((looked, considered)) = considered else { return Outcome::Nothing };
            let _change = match self.begin_change_within(left()).await {
                Ok(Some(change)) => change,
                Ok(None) => return Outcome::Untouched,
                Err(error) => {
                    tracing::warn!(%error, "plugins cannot be changed");
                    return Outcome::Untouched;
                }
            };
            let now = match self.record(name) {
                Ok(now) => now,
                Err(outcome) => return outcome,
            };
            let Some(now) = now.filter(|now| same_record(now, &record)) else {
                // Somebody changed meanwhile what it was compared with.
                continue;
            };
            let kept = self.registry().plugin(name).is_some();
            let outcome = self.take_up(now, &looked, considered, kept).await;
            // Noted when it is decided: who is broken off in between has not looked.
            self.looks().note(name, looked);
            return outcome;
        }
    }

    /// What is on record of a plugin.
    fn record(&self, name: &str) -> Result<Option<InstalledPlugin>, Outcome> {
        match self.installed().list() {
            Ok(records) => Ok(records.into_iter().find(|record| record.name == name)),
            Err(error) => {
                tracing::warn!(%error, "the plugin records cannot be read");
                Err(Outcome::Untouched)
            }
        }
    }

    /// Does what follows from what was found in a plugin's file, and tells of it.
    async fn take_up(
        &self,
        record: InstalledPlugin,
        looked: &Looked,
        considered: Result<Considered, PluginError>,
        kept: bool,
    ) -> Outcome {
        let name = record.name.clone();
        let broken = |reason: String| self.tell(Event::Broken { plugin: name.clone(), reason, kept });
        match considered {
            Ok(Considered::Known) => {}
            Ok(Considered::Current) => self.note_on_record(looked, record),
            Ok(Considered::More(wants)) => {
                let remedy = format!("`powerbox plugin install {}` accepts", record.source.word());
                self.note_on_record(looked, record);
                self.tell(Event::Waiting { plugin: name.clone(), wants, remedy });
            }
            Ok(Considered::Fits { plugin, bytes, signer }) => {
                let digest = plugin.digest();
                let migrated =
                    match self.migrate(&plugin, self.version_before(&record).as_deref(), PATIENCE).await {
                        Ok(migrated) => migrated,
                        Err(MigrateError::Busy) => return Outcome::InTheWay(digest),
                        Err(error) => {
                            self.note_on_record(looked, record);
                            broken(error.to_string());
                            return Outcome::Decided;
                        }
                    };
                may_die_at("reload-migrated");
                let old = record.digest.clone();
                // No intent is written down before: what was migrated counts only with the version on record, and the
                // grants stay as they are.
                let swapped = self.installed().keep(digest, &bytes).and_then(|()| {
                    let ask = plugin.ask().agreed_after(&record.ask, false);
                    let version = plugin.manifest().about.version.clone();
                    let digest = digest.to_string();
                    let records = self.installed().list()?;
                    let Claim { words, preferred, .. } =
                        claim_unasked(&self.registry(), &records, plugin.group(), &record);
                    let words = Some(words);
                    let record = InstalledPlugin { digest, version, signer, words, preferred, ask, ..record };
                    self.installed().put(looked.put_on(record))
                });
                if let Err(error) = swapped {
                    migrated.settle(self, &old);
                    broken(error.to_string());
                    return Outcome::Decided;
                }
                may_die_at("reload-recorded");
                migrated.settle(self, &digest.to_string());
                self.swap_in_and_tell(*plugin);
            }
            Err(error) => {
                self.note_on_record(looked, record);
                broken(error.to_string());
            }
        }
        Outcome::Decided
    }

    /// Notes for processes to come that a file was looked at: what there is to say of it was said.
    fn note_on_record(&self, looked: &Looked, record: InstalledPlugin) {
        if Look::on_record(&record) == looked.look {
            return;
        }
        if let Err(error) = self.installed().put(looked.put_on(record)) {
            tracing::warn!(%error, "the plugin records cannot be written");
        }
    }

    /// What a version on record calls itself. What runs here may be another one, if another process replaced it.
    pub(crate) fn version_before(&self, record: &InstalledPlugin) -> Option<String> {
        let registry = self.registry();
        // Records of earlier versions of this program do not say.
        let here = || registry.plugin(&record.name).filter(|plugin| same_version(plugin, record));
        record.version.clone().or_else(|| here()?.manifest().about.version.clone())
    }

    /// Looks at a plugin's file again every while: commands of the version that runs are in the way.
    fn reconsider_later(&self, name: &str, digest: Digest) {
        let waited = self.looks().postpone(name, digest);
        if waited != Some(digest) {
            self.tell(Event::Postponed { plugin: name.to_owned() });
        }
        if waited.is_some() {
            // Somebody comes again already.
            return;
        }
        let (host, name) = (self.downgrade(), name.to_owned());
        tokio::spawn(async move {
            let (mut later, latest) = LATER;
            loop {
                tokio::time::sleep(later).await;
                later = latest.min(later * 2);
                let Some(host) = host.upgrade() else { return };
                // Boxed, since it may come here again.
                let again: futures_util::future::BoxFuture<'_, ()> = Box::pin(host.reconsider(&name));
                again.await;
                if !host.looks().waits(&name) {
                    return;
                }
            }
        });
    }

    /// Considers a file when it is whole. `None` if there is nothing new to consider: the file is gone, perhaps for a
    /// moment; or this process has looked at it; or it is never quiet.
    async fn consider_whole(
        &self,
        record: &InstalledPlugin,
        file: &Path,
    ) -> Option<(Looked, Result<Considered, PluginError>)> {
        let last = self.looks().last(record);
        let begun = Instant::now();
        loop {
            let look = Look::of(file);
            look.file?;
            if look == last.look && !last.fresh && !self.looks().waits(&record.name) {
                return None;
            }
            // Asked before it is read: what is written from here on can be seen, if this is not so.
            let fresh = look.is_fresh();
            let (digest, considered) = self.consider(record, &last, look).await;
            let fits = matches!(considered, Ok(Considered::Fits { .. }));
            if considered.is_err() || fresh && !fits {
                tokio::time::sleep(if considered.is_err() { SETTLE } else { Seen::STEP }).await;
                let settled = Look::of(file) == look && (!fresh || is_still(file, digest).await);
                if !settled {
                    if begun.elapsed() > LONGEST {
                        return None;
                    }
                    continue;
                }
            }
            // A version that is taken is not waited for, but looked at again by whoever comes next.
            let fresh = fresh && (fits || look.is_fresh());
            return Some((Looked { look, fresh, digest }, considered));
        }
    }

    async fn consider(
        &self,
        record: &InstalledPlugin,
        last: &Looked,
        look: Look,
    ) -> (Option<Digest>, Result<Considered, PluginError>) {
        let source = record.source.clone();
        // Not in this thread: even a regular file can be on a disk that does not answer.
        let read = tokio::task::spawn_blocking(move || Candidate::again(&source)).await;
        let candidate = match read.unwrap_or_else(|error| Err(std::io::Error::other(error))) {
            Ok(Some(candidate)) => candidate,
            Ok(None) => return (None, Ok(Considered::Current)),
            Err(error) => return (None, Err(error.into())),
        };
        let digest = Digest::of(&candidate.bytes);
        if digest.to_string() == record.digest {
            return (Some(digest), Ok(Considered::Current));
        }
        if last.digest == Some(digest)
            && last.look.signature == look.signature
            && !self.looks().waits(&record.name)
        {
            return (Some(digest), Ok(Considered::Known));
        }
        (Some(digest), self.consider_new(record, candidate).await)
    }

    async fn consider_new(
        &self,
        record: &InstalledPlugin,
        candidate: Candidate,
    ) -> Result<Considered, PluginError> {
        let Candidate { bytes, signature, .. } = candidate;
        let signer = self.signatures().check(&bytes, signature.as_deref())?;
        let held = self.ledger().held_by(&Holder::plugin(None, &record.name)).unwrap_or_default();
        let bound = |slot: &str| held.iter().any(|grant| grant.slot == slot);
        let origin = Origin::Installed(record.source.clone());
        let plugin = self.load(origin, Code::Bytes(Arc::clone(&bytes)), bound, &[]).await;
        let plugin = match plugin {
            Ok(plugin) => plugin,
            // An interface that is new and unknown is a wish for more before it is a defect.
            Err(PluginError::Imports(imports)) => {
                let wants = imports.into_iter().map(|import| format!("the unknown interface {import}"));
                return Ok(Considered::More(wants.collect()));
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
            return Ok(Considered::More(more));
        }
        // Compile aside, so that the next invocation does not wait, and a component that cannot be compiled stays out.
        plugin.component(self.engine(), self.code_cache()).await?;
        Ok(Considered::Fits { plugin: Box::new(plugin), bytes, signer })
    }

    /// Takes over what another process of the user did to the records.
    pub async fn follow_records(&self) {
        loop {
            let records = match self.installed().list() {
                Ok(records) => records,
                Err(error) => return tracing::warn!(%error, "the plugin records cannot be read"),
            };
            // What is new is loaded before anybody has to wait: it may have to be compiled.
            let mut loaded = Vec::new();
            for record in &records {
                let registry = self.registry();
                let known = registry.plugin(&record.name);
                if !known.is_some_and(|plugin| same_version(plugin, record)) {
                    loaded.push((record.clone(), self.load_installed(record).await));
                }
            }
            let _change = match self.begin_change().await {
                Ok(change) => change,
                Err(error) => return tracing::warn!(%error, "plugins cannot be changed"),
            };
            let now = match self.installed().list() {
                Ok(now) => now,
                Err(error) => return tracing::warn!(%error, "the plugin records cannot be read"),
            };
            let same = |(now, before)| same_record(now, before);
            if now.len() == records.len() && now.iter().zip(&records).all(same) {
                return self.take_over(&now, loaded);
            }
        }
    }

    fn take_over(
        &self,
        records: &[InstalledPlugin],
        loaded: Vec<(InstalledPlugin, Result<Plugin, PluginError>)>,
    ) {
        for plugin in self.registry().plugins() {
            let listed = records.iter().any(|record| record.name == plugin.name());
            if matches!(plugin.origin(), Origin::Installed(_)) && !listed {
                self.swap_out(plugin.name());
            }
        }
        // Another process may have given words to other plugins.
        let owners = Owners::of(records);
        if *self.registry().owners() != owners {
            self.set_registry(Registry::new(self.registry().plugins().to_vec(), owners));
        }
        for (record, loaded) in loaded {
            let registry = self.registry();
            let known = registry.plugin(&record.name);
            if known.is_some_and(|plugin| same_version(plugin, &record)) {
                continue;
            }
            let kept = known.is_some();
            self.looks().begin_with(&record);
            match loaded {
                Ok(plugin) if kept => self.swap_in_and_tell(plugin),
                Ok(plugin) => {
                    self.swap_in(plugin);
                    self.tell(Event::Installed { plugin: record.name });
                }
                Err(error) => {
                    if self.looks().cannot_load(&record) {
                        self.tell(Event::Broken { plugin: record.name, reason: error.to_string(), kept });
                    }
                }
            }
        }
    }
}

/// What came of looking at a plugin's file.
enum Outcome {
    /// It was swapped in, or there is no more to do.
    Decided,
    /// This version fits, and waits until commands of the old one are done.
    InTheWay(Digest),
    /// There is nothing new to look at, at this moment.
    Nothing,
    /// It was not looked at.
    Untouched,
}

enum Considered {
    /// It is the version that runs.
    Current,
    /// This process has said what there is to say of it.
    Known,
    /// It asks for no more: it can take the old one's place.
    Fits { plugin: Box<Plugin>, bytes: Arc<[u8]>, signer: Option<String> },
    /// It asks for this, too.
    More(Vec<String>),
}

fn same_version(plugin: &Plugin, record: &InstalledPlugin) -> bool {
    plugin.digest().to_string() == record.digest
}

/// Whether a record is the same but for what was seen of the file.
fn same_record(one: &InstalledPlugin, other: &InstalledPlugin) -> bool {
    let InstalledPlugin { seen, signature_seen, .. } = *other;
    InstalledPlugin { seen, signature_seen, ..one.clone() } == *other
}

/// Whether this is in a file now.
async fn is_still(file: &Path, digest: Option<Digest>) -> bool {
    let file = file.to_owned();
    let read = tokio::task::spawn_blocking(move || read_bounded(&file).ok());
    read.await.ok().flatten().map(|bytes| Digest::of(&bytes)) == digest
}
