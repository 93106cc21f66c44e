//! Inspecting, installing and removing plugins: what the person does, and nobody else can.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use powerbox_authority::caveat::Caveat;
use powerbox_authority::grant::{GrantId, Holder, Record, Target};
use powerbox_authority::ledger::{LedgerError, NewGrant, Origin as Given};
use powerbox_sandbox::{LoadError, Manifest};

use crate::daemon::ConnectError;
use crate::event::Event;
use crate::grants::{GiveError, PERSON, record_act};
use crate::host::Host;
use crate::local::HTTP;
use crate::local::http::{Origin as WebOrigin, OriginError};
use crate::local::store::{KeptData, KeptId, SpaceError};
use crate::local::wasi::{VIRTUAL, VIRTUAL_WASI, WASI, WASI_IN_WORDS};
use crate::membrane::Problem;
use crate::migration::{MigrateError, PATIENCE};
use crate::plugin::{
    Ask, Before, Candidate, Code, Data, Difference, InstalledPlugin, Origin, Plugin, PluginError, Source,
    StoreError, local_interface, may_die_at, slot_meant, slots,
};
use crate::words::{Claim, Owner};

/// Why a plugin was not installed or removed. Nothing was changed.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum InstallError {
    /// A file cannot be read.
    #[error("cannot read {}: {error}", .path.display())]
    Read {
        /// Which.
        path: PathBuf,
        /// What the system says.
        #[source]
        error: std::io::Error,
    },
    /// The component cannot be loaded.
    #[error("{from} is no plugin for this host: {error}")]
    Plugin {
        /// Where it is from.
        from: Source,
        /// Why.
        #[source]
        error: Box<PluginError>,
    },
    /// `--bind` names a slot that the plugin has not.
    #[error("the plugin has no slot `{slot}`; it has {}", list(.slots))]
    NoSlot {
        /// What was named.
        slot: String,
        /// What there is.
        slots: Vec<String>,
    },
    /// The name of a bundled plugin cannot be taken.
    #[error("a plugin named `{0}` comes with powerbox, and its name cannot be taken")]
    Bundled(String),
    /// It brings WASI along, and the person did not say that it may have one.
    #[error("it brings WASI along, and nobody granted it the one that there is here: {WASI_IN_WORDS}")]
    Wasi,
    /// What is installed was signed, and the person did not say that this may take its place.
    #[error("the plugin `{plugin}` is signed by the key `{signer}`, and this version is not")]
    Unsigned {
        /// The plugin.
        plugin: String,
        /// The key that signed what is installed.
        signer: String,
    },
    /// Another process changed the plugin meanwhile.
    #[error("the plugin `{0}` was changed by somebody else meanwhile; look at it again")]
    Overtaken(String),
    /// No plugin has this name.
    #[error("no plugin named `{0}` is installed; `powerbox plugin list` lists them")]
    Unknown(String),
    /// The object for a slot cannot be had.
    #[error("the slot `{slot}` cannot be bound to `{name}`: {problem}")]
    Bind {
        /// The slot.
        slot: String,
        /// What it should have been bound to.
        name: String,
        /// Why not.
        #[source]
        problem: Problem,
    },
    /// There is no daemon to find the objects in.
    #[error(transparent)]
    Connect(#[from] ConnectError),
    /// The plugin store.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// What it kept cannot be taken over.
    #[error(transparent)]
    Migrate(#[from] MigrateError),
    /// What it kept cannot be removed.
    #[error(transparent)]
    Spaces(#[from] SpaceError),
    /// The grants.
    #[error(transparent)]
    Give(#[from] GiveError),
}

impl From<LedgerError> for InstallError {
    fn from(error: LedgerError) -> Self {
        Self::Give(error.into())
    }
}

fn list(slots: &[String]) -> String {
    if slots.is_empty() { "none".to_owned() } else { slots.join(", ") }
}

/// A plugin that is ready to be installed: what it asks for can be shown, and nothing has been changed yet.
pub struct Installation {
    plugin: Plugin,
    record: InstalledPlugin,
    bytes: Arc<[u8]>,
    /// What the person binds now, by slot.
    bound: BTreeMap<String, Target>,
    /// What its slots would reach, by slot.
    bindings: BTreeMap<String, Target>,
    /// The version that is installed, whose grants it takes over.
    before: Option<InstalledPlugin>,
    /// The bare words that it would get.
    claim: Claim,
    /// Whether the person agreed that it is not signed as the one before.
    unsigned_agreed: bool,
    /// What plugins of this name kept that are not installed any more.
    kept: Vec<KeptData>,
    /// Which of that it begins with.
    adopt: Option<KeptId>,
}

impl Installation {
    /// The plugin.
    pub fn plugin(&self) -> &Plugin {
        &self.plugin
    }

    /// What it asks for.
    pub fn ask(&self) -> &Ask {
        &self.record.ask
    }

    /// What its slots would be bound to.
    pub fn bindings(&self) -> &BTreeMap<String, Target> {
        &self.bindings
    }

    /// What would be put on record.
    pub fn record(&self) -> &InstalledPlugin {
        &self.record
    }

    /// The version that it would take the place of.
    pub fn before(&self) -> Option<&InstalledPlugin> {
        self.before.as_ref()
    }

    /// What it asks for beyond the version before, in words; nothing if there is none.
    pub fn asks_more(&self) -> Vec<String> {
        let Some(before) = &self.before else { return Vec::new() };
        let mut more = self.record.ask.beyond(&before.ask);
        if let Some(signer) = self.lacks_signature() {
            more.push(format!("to be trusted without the signature of the key `{signer}`"));
        }
        more
    }

    /// The key that signed the version before and not this one, if there is one.
    pub fn lacks_signature(&self) -> Option<&str> {
        let signer = self.before.as_ref()?.signer.as_ref()?;
        (self.record.signer.as_ref() != Some(signer)).then_some(signer)
    }

    /// Takes it without the signature that the version before had: the person agreed to just that.
    pub fn accept_unsigned(&mut self) {
        self.unsigned_agreed = true;
    }

    /// Why it would be refused for want of the signature that the version before had, if so.
    pub fn refused_unsigned(&self) -> Option<InstallError> {
        let signer = self.lacks_signature().filter(|_| !self.unsigned_agreed)?.to_owned();
        Some(InstallError::Unsigned { plugin: self.record.name.clone(), signer })
    }

    /// Leaves a bare word to another plugin.
    pub fn leave_word(&mut self, word: &str, to: &str) {
        if self.claim.words.remove(word) {
            self.claim.preferred.remove(word);
            self.claim.taken.insert(word.to_owned(), Owner::Plugin(to.to_owned()));
            self.record.words = Some(self.claim.words.clone());
            self.record.preferred = self.claim.preferred.clone();
        }
    }

    /// The bare words that would call its commands, and those that it cannot have.
    pub fn claim(&self) -> &Claim {
        &self.claim
    }

    /// How its commands would be called, in the order in which it has them.
    pub fn callable(&self) -> Vec<String> {
        let name = self.plugin.name();
        let commands = self.plugin.group().commands.iter().map(|command| &command.name);
        commands
            .map(|word| if self.claim.words.contains(word) { word.clone() } else { format!("{name}:{word}") })
            .collect()
    }

    /// Whether it brings WASI along for which nothing was granted. A version before that had it and lost it does not
    /// count: what was taken back is not asked for again.
    pub fn wants_wasi(&self) -> bool {
        let had = self.before.as_ref().is_some_and(|before| before.ask.slots.contains_key(WASI));
        self.record.ask.slots.contains_key(WASI) && !self.bindings.contains_key(WASI) && !had
    }

    /// Grants the virtual WASI, if it is wanted: the person agreed.
    pub fn grant_wasi(&mut self) {
        if self.wants_wasi() {
            let target = Target::Power { interface: VIRTUAL_WASI.to_owned() };
            self.bound.insert(WASI.to_owned(), target.clone());
            self.bindings.insert(WASI.to_owned(), target);
        }
    }

    /// What an earlier installation of this name kept and this one would not get by itself, since it cannot be told to be
    /// of the same author: it is unsigned, or signed by another key. The latest comes first.
    pub fn kept_by_others(&self) -> &[KeptData] {
        if self.adopt.is_some() { &[] } else { &self.kept }
    }

    /// What an earlier installation kept that this one begins with.
    pub fn adopts(&self) -> Option<&KeptData> {
        self.kept.iter().find(|kept| Some(kept.id) == self.adopt)
    }

    /// Lets it begin with what an earlier installation kept, the latest: the person says that it may.
    pub fn adopt_data(&mut self) {
        self.adopt = self.adopt.or(self.kept.first().map(|kept| kept.id));
    }

    /// Whether its author calls it an older version than the one before.
    pub fn is_older(&self) -> bool {
        let version = |record: &InstalledPlugin| record.version.as_deref()?.parse::<semver::Version>().ok();
        let before = self.before.as_ref().and_then(version);
        matches!((version(&self.record), before), (Some(new), Some(old)) if new < old)
    }
}

impl Host {
    /// [Looks at](Self::look_at) a component file.
    ///
    /// # Errors
    ///
    /// If it cannot be read, or is no component.
    pub async fn inspect(
        &self,
        file: &Path,
    ) -> Result<(Manifest, Result<Plugin, PluginError>), InstallError> {
        self.look_at(&read(file)?).await
    }

    /// [Prepares](Self::prepare) to install a component file.
    ///
    /// # Errors
    ///
    /// If it cannot be read, or installed.
    pub async fn prepare_install(
        &self,
        file: &Path,
        bind: &[(String, String)],
    ) -> Result<Installation, InstallError> {
        self.prepare(&read(file)?, bind).await
    }

    /// Loads a plugin for a look at it, whatever it imports and whoever signed it, without installing it.
    ///
    /// Its `describe` is run in a compartment that reaches nothing.
    ///
    /// # Errors
    ///
    /// If it is no component.
    pub async fn look_at(
        &self,
        candidate: &Candidate,
    ) -> Result<(Manifest, Result<Plugin, PluginError>), InstallError> {
        let manifest = self.read_manifest(&candidate.bytes).await;
        let manifest = manifest.map_err(|error| InstallError::Plugin {
            from: candidate.source.clone(),
            error: Box::new(error.into()),
        })?;
        Ok((manifest, self.look(candidate).await))
    }

    async fn read_manifest(&self, bytes: &[u8]) -> Result<Manifest, LoadError> {
        Manifest::read_aside(self.engine(), self.code_cache(), bytes).await
    }

    /// Loads a component only for looking: every slot counts as bound, to nothing.
    async fn look(&self, candidate: &Candidate) -> Result<Plugin, PluginError> {
        let code = Code::Bytes(Arc::clone(&candidate.bytes));
        self.load(Origin::Installed(candidate.source.clone()), code, |_| true, &[]).await
    }

    /// Prepares to install a component, with slots bound as `bind` says: pairs of a slot and a path in the person's names.
    ///
    /// A plugin of the same name that is installed already gives its bindings to slots that `bind` leaves out.
    ///
    /// # Errors
    ///
    /// Why it cannot be installed.
    pub async fn prepare(
        &self,
        candidate: &Candidate,
        bind: &[(String, String)],
    ) -> Result<Installation, InstallError> {
        let Candidate { source, bytes, signature, seen, signature_seen } = candidate.clone();
        let failed =
            |error: PluginError| InstallError::Plugin { from: source.clone(), error: Box::new(error) };
        // Before anything of it is run.
        let signer =
            self.signatures().check(&bytes, signature.as_deref()).map_err(|error| failed(error.into()))?;
        let manifest = self.read_manifest(&bytes).await.map_err(|error| failed(error.into()))?;
        let bound = self.bound(&manifest, bind).await?;

        // The name is only known once it described itself, and with the name what it was granted before.
        let name = self.look(candidate).await.map_err(failed)?.name().to_owned();
        if let Some(known) = self.registry().plugin(&name)
            && *known.origin() == Origin::Bundled
        {
            return Err(InstallError::Bundled(name));
        }
        let before = self.installed().list()?.into_iter().find(|known| known.name == name);
        let mut bindings = bound.clone();
        if before.is_some() {
            for record in self.ledger().held_by(&Holder::plugin(None, &name))? {
                let fits = record.slot != WASI || matches!(record.target, Target::Power { .. });
                if fits && slots(&manifest).any(|known| known.slot == record.slot) {
                    bindings.entry(record.slot).or_insert(record.target);
                }
            }
        }
        let reaches = |slot: &str| bindings.contains_key(slot);
        let code = Code::Bytes(Arc::clone(&bytes));
        let origin = Origin::Installed(source.clone());
        let plugin = self.load(origin, code, reaches, &[]).await.map_err(failed)?;
        let claim = self.claim(&plugin, before.as_ref())?;
        // Nobody waits for the compiler while it is installed.
        let compiled = plugin.component(self.engine(), self.code_cache()).await;
        compiled.map_err(|error| failed(error.into()))?;
        let record = InstalledPlugin {
            name,
            version: manifest.about.version.clone(),
            digest: manifest.digest.to_string(),
            signer,
            words: Some(claim.words.clone()),
            preferred: claim.preferred.clone(),
            source,
            seen,
            signature_seen,
            ask: plugin.ask(),
        };
        // Where there is a version before, that has what was kept.
        let kept = if before.is_none() { self.kept_of(&record.name)? } else { Vec::new() };
        // The same key signed both, so it is the same author's.
        let same = |kept: &&KeptData| record.signer.is_some() && kept.signer == record.signer;
        let adopt = kept.iter().find(same).map(|kept| kept.id);
        Ok(Installation {
            plugin,
            record,
            bytes,
            bound,
            bindings,
            before,
            claim,
            unsigned_agreed: false,
            kept,
            adopt,
        })
    }

    /// Finds what the person binds slots to.
    async fn bound(
        &self,
        manifest: &Manifest,
        bind: &[(String, String)],
    ) -> Result<BTreeMap<String, Target>, InstallError> {
        let mut bound = BTreeMap::new();
        for (slot, name) in bind {
            let Some(meant) = slot_meant(manifest, slot) else {
                let slots = slots(manifest).map(|slot| slot.slot.to_owned()).collect();
                return Err(InstallError::NoSlot { slot: slot.clone(), slots });
            };
            let target = match local_interface(meant.interface) {
                Some(HTTP) => {
                    let origin: WebOrigin =
                        name.parse().map_err(|error: OriginError| GiveError::Object(error.to_string()))?;
                    Target::Origin { interface: HTTP.to_owned(), origin: origin.to_string() }
                }
                Some(power @ VIRTUAL_WASI) if name == VIRTUAL => {
                    Target::Power { interface: power.to_owned() }
                }
                Some(_) => {
                    let message = format!("`{slot}` is the host's own and takes no name");
                    return Err(GiveError::Object(message).into());
                }
                None => self.object_target(None, name).await.map_err(|error| match error {
                    GiveError::Name { name, problem } => {
                        InstallError::Bind { slot: slot.clone(), name, problem }
                    }
                    GiveError::Connect(error) => InstallError::Connect(error),
                    error => InstallError::Give(error),
                })?,
            };
            bound.insert(meant.slot.to_owned(), target);
        }
        Ok(bound)
    }

    /// Installs what was prepared: it is live for the next invocation.
    ///
    /// # Errors
    ///
    /// Why it was not. Then the version before runs on.
    pub async fn install(&self, installation: Installation) -> Result<(), InstallError> {
        if installation.wants_wasi() {
            return Err(InstallError::Wasi);
        }
        if let Some(refused) = installation.refused_unsigned() {
            return Err(refused);
        }
        let asked = !installation.asks_more().is_empty();
        let Installation { plugin, mut record, bytes, bound, before, claim, adopt, .. } = installation;
        if let Some(before) = &before {
            record.ask = record.ask.agreed_after(&before.ask, asked);
        }
        let name = record.name.clone();
        let change = self.begin_change().await?;
        let now = self.installed().list()?.into_iter().find(|known| known.name == name);
        let same = now.as_ref().map(|now| &now.digest) == before.as_ref().map(|before| &before.digest);
        if !same || !claim.words.is_subset(&self.claim(&plugin, now.as_ref())?.words) {
            // What the person was shown is not what would happen.
            return Err(InstallError::Overtaken(name));
        }
        self.installed().keep(plugin.digest(), &bytes)?;
        let migrated = match &before {
            Some(before) if before.digest != record.digest => {
                Some(self.migrate(&plugin, self.version_before(before).as_deref(), PATIENCE).await?)
            }
            _ => None,
        };
        may_die_at("install-migrated");
        let (digest, on_record) = (record.digest.clone(), record.clone());
        let committed = self.commit_installation(&change, record, bound, before.is_none(), adopt, &plugin);
        if let Some(migrated) = migrated {
            let old = before.map(|before| before.digest).unwrap_or_default();
            migrated.settle(self, if committed.is_ok() { &digest } else { &old });
        }
        committed?;
        self.looks().begin_with(&on_record);
        // Whoever installs it knows of it.
        self.news().heard(&plugin);
        self.swap_in(plugin);
        self.tell(Event::Installed { plugin: name });
        Ok(())
    }

    /// Puts an installed plugin back as it was on record, with the grants that it had then: one that was replaced since is
    /// given again, and what it was granted since for slots that had nothing is taken back. One that the person took back
    /// stays taken back. Tells the slots whose grants are not given again, because they were counted.
    ///
    /// # Errors
    ///
    /// If that version is not there any more, or cannot be loaded.
    pub async fn put_back(
        &self,
        record: InstalledPlugin,
        grants: &[GrantId],
    ) -> Result<Vec<String>, InstallError> {
        let from = record.source.clone();
        let plugin = self.load_installed(&record).await;
        let plugin = plugin.map_err(|error| InstallError::Plugin { from, error: Box::new(error) })?;
        let _change = self.begin_change().await?;
        let mut then = Vec::new();
        for id in grants {
            then.extend(self.ledger().get(*id)?);
        }
        let mut counted = Vec::new();
        for grant in self.ledger().held_by(&Holder::plugin(None, &record.name))? {
            match then.iter().find(|then| then.slot == grant.slot) {
                Some(then) if then.id == grant.id => {}
                // What is left of a count cannot be told apart from a new one.
                Some(then) if then.used.calls > 0 && then.caveats.iter().any(Caveat::is_counted) => {
                    self.revoke_grant(grant.id)?;
                    counted.push(grant.slot);
                }
                Some(then) => {
                    let parent = then.parent.map_or(Given::Object(then.target.clone()), Given::Child);
                    let (holder, slot) = (then.holder.clone(), then.slot.clone());
                    let (caveats, giver) = (then.caveats.clone(), then.giver.clone());
                    let again = NewGrant { origin: parent, holder, slot, caveats, giver };
                    match self.ledger().add(&again) {
                        Ok(again) => record_act(self.audit(), PERSON, "grant", &again),
                        // It has run out meanwhile, or the grant that it is a part of has.
                        Err(error) => {
                            tracing::info!(%error, slot = grant.slot, "a grant is not given again");
                            self.revoke_grant(grant.id)?;
                        }
                    }
                }
                None if grant.slot != Record::DESIGNATION => drop(self.revoke_grant(grant.id)?),
                None => {}
            }
        }
        self.looks().begin_with(&record);
        let record = self.without_words_of_others(record)?;
        self.news().heard(&plugin);
        self.installed().put(record)?;
        self.swap_in_and_tell(plugin);
        Ok(counted)
    }

    /// Takes from a record the bare words that others got since.
    fn without_words_of_others(&self, mut record: InstalledPlugin) -> Result<InstalledPlugin, InstallError> {
        let others = self.installed().list()?.into_iter().filter(|other| other.name != record.name);
        for other in others {
            if let Some(words) = &mut record.words {
                words.retain(|word| !other.words.as_ref().is_some_and(|others| others.contains(word)));
            }
            record.preferred.retain(|word| !other.preferred.contains(word));
        }
        Ok(record)
    }

    /// Puts back what was there before the visits of plugins whose process was killed.
    pub(crate) async fn end_broken_visits(&self) {
        for (visit, Before { name, version, grants }) in self.installed().broken_visits() {
            let ended = match version {
                Some(version) => self.put_back(version, &grants).await.map(drop),
                None => match self.remove_plugin(&name, Data::Keep).await {
                    // It was killed before it had installed it.
                    Err(InstallError::Unknown(_)) => Ok(()),
                    removed => removed,
                },
            };
            match ended {
                Ok(()) => visit.over(),
                // The next process tries again.
                Err(error) => tracing::error!(%error, plugin = name, "a plugin cannot be put back as it was"),
            }
        }
    }

    /// Removes an installed plugin and revokes all its grants: calls under way end with `revoked`. What it kept is put
    /// aside or deleted, as `data` says.
    ///
    /// # Errors
    ///
    /// If it is not installed, or cannot be removed.
    pub async fn remove_plugin(&self, name: &str, data: Data) -> Result<(), InstallError> {
        let change = self.begin_change().await?;
        if let Some(known) = self.registry().plugin(name)
            && *known.origin() == Origin::Bundled
        {
            return Err(InstallError::Bundled(name.to_owned()));
        }
        if !self.installed().list()?.iter().any(|known| known.name == name) {
            return Err(InstallError::Unknown(name.to_owned()));
        }
        self.commit_removal(&change, name, data)?;
        self.swap_out(name);
        Ok(())
    }

    /// Puts a version of a plugin in the place of the one before, in one step.
    pub(crate) fn swap_in(&self, plugin: Plugin) {
        let mut plugins = self.registry().plugins().to_vec();
        let plugin = Arc::new(plugin);
        match plugins.iter_mut().find(|known| known.name() == plugin.name()) {
            Some(place) => *place = plugin,
            None => plugins.push(plugin),
        }
        self.set_plugins(plugins);
    }

    /// The same in the place of one that ran, and tells of it.
    pub(crate) fn swap_in_and_tell(&self, plugin: Plugin) {
        let registry = self.registry();
        let old = registry.plugin(plugin.name());
        let event = Event::Swapped {
            plugin: plugin.name().to_owned(),
            digest: plugin.digest().to_string(),
            difference: old.map(|old| Difference::between(old, &plugin)).unwrap_or_default(),
        };
        self.swap_in(plugin);
        self.tell(event);
    }

    /// Takes a plugin out of the registry. What it was granted is taken back by whoever removes it for good.
    pub(crate) fn swap_out(&self, name: &str) {
        let plugins =
            self.registry().plugins().iter().filter(|plugin| plugin.name() != name).cloned().collect();
        self.set_plugins(plugins);
        self.news().forget(name);
        self.tell(Event::Removed { plugin: name.to_owned() });
    }
}

fn read(file: &Path) -> Result<Candidate, InstallError> {
    Candidate::file(file).map_err(|error| InstallError::Read { path: file.to_owned(), error })
}
