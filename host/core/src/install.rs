//! Inspecting, installing and removing plugins: what the person does, and nobody else can.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use powerbox_authority::grant::{Holder, Record, Target};
use powerbox_authority::ledger::LedgerError;
use powerbox_sandbox::Manifest;

use crate::daemon::ConnectError;
use crate::event::Event;
use crate::grants::{Gift, GiveError};
use crate::host::Host;
use crate::local::HTTP;
use crate::local::http::{Origin as WebOrigin, OriginError};
use crate::local::store::SpaceError;
use crate::membrane::Problem;
use crate::migration::MigrateError;
use crate::plugin::{
    Ask, Code, InstalledPlugin, Origin, Plugin, PluginError, Seen, StoreError, local_interface, read_bounded,
    slot_meant, slots,
};
use crate::registry::Registry;

/// Why a plugin was not installed or removed. Nothing was changed.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum InstallError {
    /// The file cannot be read.
    #[error("cannot read {}: {error}", .path.display())]
    Read {
        /// Which.
        path: PathBuf,
        /// What the system says.
        #[source]
        error: std::io::Error,
    },
    /// The component cannot be loaded.
    #[error("{} is no plugin for this host: {error}", .path.display())]
    Plugin {
        /// The file.
        path: PathBuf,
        /// Why.
        #[source]
        error: PluginError,
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
    bind: Vec<(String, String)>,
    /// What its slots would reach, by slot.
    bindings: BTreeMap<String, Target>,
    /// Whether a plugin of this name is installed already, whose grants it takes over.
    replaces: bool,
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
}

impl Host {
    /// Loads a plugin from a file for a look at it, whatever it imports, without installing it.
    ///
    /// Its `describe` is run in a compartment that reaches nothing.
    pub async fn inspect(
        &self,
        path: &Path,
    ) -> Result<(Manifest, Result<Plugin, PluginError>), InstallError> {
        let bytes = read(path)?;
        let manifest = Manifest::read(&bytes)
            .map_err(|error| InstallError::Plugin { path: path.to_owned(), error: error.into() })?;
        let plugin = self.look(path, bytes.into()).await;
        Ok((manifest, plugin))
    }

    /// Loads a component only for looking: every slot counts as bound, to nothing.
    async fn look(&self, path: &Path, bytes: Arc<[u8]>) -> Result<Plugin, PluginError> {
        self.load(Origin::Installed(path.to_owned()), Code::Bytes(bytes), |_| true, &[]).await
    }

    /// Prepares to install a file, with slots bound as `bind` says: pairs of a slot and a path in the person's names.
    ///
    /// A plugin of the same name that is installed already gives its bindings to slots that `bind` leaves out.
    pub async fn prepare_install(
        &self,
        path: &Path,
        bind: &[(String, String)],
    ) -> Result<Installation, InstallError> {
        let path =
            std::path::absolute(path).map_err(|error| InstallError::Read { path: path.to_owned(), error })?;
        let bytes: Arc<[u8]> = read(&path)?.into();
        let failed = |error: PluginError| InstallError::Plugin { path: path.clone(), error };
        let manifest = Manifest::read(&bytes).map_err(|error| failed(error.into()))?;
        let mut bindings = BTreeMap::new();
        let mut bind = bind.to_vec();
        for (slot, name) in &mut bind {
            let Some(meant) = slot_meant(&manifest, slot) else {
                let slots = slots(&manifest).map(|slot| slot.slot.clone()).collect();
                return Err(InstallError::NoSlot { slot: slot.clone(), slots });
            };
            slot.clone_from(&meant.slot);
            if local_interface(meant.interface.as_deref().unwrap_or(&meant.slot)) == Some(HTTP) {
                let origin: WebOrigin =
                    name.parse().map_err(|error: OriginError| GiveError::Object(error.to_string()))?;
                let (interface, origin) = (HTTP.to_owned(), origin.to_string());
                bindings.insert(slot.clone(), Target::Origin { interface, origin });
                continue;
            }
            let target = self.object_target(None, name).await.map_err(|error| match error {
                GiveError::Name { name, problem } => InstallError::Bind { slot: slot.clone(), name, problem },
                GiveError::Connect(error) => InstallError::Connect(error),
                error => InstallError::Give(error),
            })?;
            bindings.insert(slot.clone(), target);
        }

        let seen = Seen::of(&path);
        // The name is only known once it described itself, and with the name what it was granted before.
        let name = self.look(&path, Arc::clone(&bytes)).await.map_err(failed)?.name().to_owned();
        if let Some(known) = self.registry().plugin(&name)
            && *known.origin() == Origin::Bundled
        {
            return Err(InstallError::Bundled(name));
        }
        let replaces = self.installed().list()?.iter().any(|known| known.name == name);
        if replaces {
            for record in self.ledger().held_by(&Holder::plugin(None, &name))? {
                if slots(&manifest).any(|known| known.slot == record.slot) {
                    bindings.entry(record.slot).or_insert(record.target);
                }
            }
        }
        let origin = Origin::Installed(path.clone());
        let bound = |slot: &str| bindings.contains_key(slot);
        let plugin = self.load(origin, Code::Bytes(Arc::clone(&bytes)), bound, &[]).await.map_err(failed)?;
        let digest = manifest.digest.to_string();
        let record = InstalledPlugin { name, source: path, digest, ask: plugin.ask(), seen };
        Ok(Installation { plugin, record, bytes, bind, bindings, replaces })
    }

    /// Installs what was prepared: it is live for the next invocation.
    pub async fn install(&self, installation: Installation) -> Result<(), InstallError> {
        let Installation { plugin, record, bytes, bind, replaces, .. } = installation;
        let name = record.name.clone();
        let _changing = self.changing().await;
        if !replaces {
            // Another plugin may have had this name: what was granted to that one was not granted to this one.
            self.book().remove_plugin(&name)?;
            self.spaces().forget(&name)?;
        }
        self.installed().keep(plugin.digest(), &bytes)?;
        let old = self.installed().list()?.into_iter().find(|known| known.name == name);
        let migrated = match &old {
            Some(old) if old.digest != record.digest => {
                Some(self.migrate(&plugin, self.version_of(&name).as_deref()).await?)
            }
            _ => None,
        };
        let digest = record.digest.clone();
        let slots: Vec<_> = slots(plugin.manifest()).map(|slot| slot.slot.clone()).collect();
        self.swap_in(plugin);
        let given = self.give_at_installation(&name, &bind, &slots).await;
        let recorded = given.and_then(|()| Ok(self.installed().put(record)?));
        if let Some(migrated) = migrated {
            let before = old.map(|old| old.digest).unwrap_or_default();
            migrated.settle(self, if recorded.is_ok() { &digest } else { &before });
        }
        if let Err(error) = recorded {
            // What is not recorded as installed has nothing and is not there.
            if !replaces {
                self.swap_out(&name);
                self.book().remove_plugin(&name)?;
            }
            return Err(error);
        }
        self.tell(Event::Installed { plugin: name });
        Ok(())
    }

    /// Gives a plugin what its installation says. A slot that was taken back is given again, as is the right to what the
    /// user names: installing is consenting. What it had for slots that are gone is taken back.
    async fn give_at_installation(
        &self,
        name: &str,
        bind: &[(String, String)],
        slots: &[String],
    ) -> Result<(), InstallError> {
        let holder = Holder::plugin(None, name);
        for record in self.ledger().held_by(&holder)? {
            if record.slot != Record::DESIGNATION && !slots.contains(&record.slot) {
                self.revoke_grant(record.id)?;
            }
        }
        for (slot, to) in bind {
            self.give(&Gift {
                plugin: name.to_owned(),
                agent: None,
                slot: slot.clone(),
                name: Some(to.clone()),
                parent: None,
                caveats: Vec::new(),
            })
            .await?;
        }
        let registry = self.registry();
        if let Some(plugin) = registry.plugin(name) {
            self.book().give_defaults(None, &holder, plugin, self.audit()).map_err(GiveError::from)?;
        }
        let served = slots_served(&registry, name).chain([Record::DESIGNATION.to_owned()]);
        for slot in served {
            if self.ledger().filling(&holder, &slot)?.is_none() {
                let gift = Gift {
                    plugin: name.to_owned(),
                    agent: None,
                    slot,
                    name: None,
                    parent: None,
                    caveats: Vec::new(),
                };
                self.give(&gift).await?;
            }
        }
        Ok(())
    }

    /// Puts an installed plugin back as it was on record, and takes back what it was granted since for slots that it did
    /// not have then.
    ///
    /// # Errors
    ///
    /// If that version is not there any more, or cannot be loaded.
    pub async fn put_back(&self, record: InstalledPlugin) -> Result<(), InstallError> {
        let _changing = self.changing().await;
        let path = self.installed().component(&record.digest);
        let plugin = self.load_installed(&record).await;
        let plugin = plugin.map_err(|error| InstallError::Plugin { path, error })?;
        for grant in self.ledger().held_by(&Holder::plugin(None, &record.name))? {
            if grant.slot != Record::DESIGNATION && !record.ask.slots.contains_key(&grant.slot) {
                self.revoke_grant(grant.id)?;
            }
        }
        let name = record.name.clone();
        self.installed().put(record)?;
        self.swap_in(plugin);
        self.tell(Event::Swapped { plugin: name });
        Ok(())
    }

    /// Removes an installed plugin and revokes all its grants: calls under way end with `revoked`.
    pub async fn remove_plugin(&self, name: &str) -> Result<(), InstallError> {
        let _changing = self.changing().await;
        if let Some(known) = self.registry().plugin(name)
            && *known.origin() == Origin::Bundled
        {
            return Err(InstallError::Bundled(name.to_owned()));
        }
        if !self.installed().remove(name)? {
            return Err(InstallError::Unknown(name.to_owned()));
        }
        self.book().remove_plugin(name)?;
        self.swap_out(name);
        // Whoever has this name next begins anew.
        self.spaces().forget(name)?;
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
        self.set_registry(Registry::new(plugins));
    }

    /// Takes a plugin out of the registry. What it was granted is taken back by whoever removes it for good.
    pub(crate) fn swap_out(&self, name: &str) {
        let plugins =
            self.registry().plugins().iter().filter(|plugin| plugin.name() != name).cloned().collect();
        self.set_registry(Registry::new(plugins));
        self.tell(Event::Removed { plugin: name.to_owned() });
    }
}

/// The slots of a plugin that the host itself serves.
fn slots_served(registry: &Registry, name: &str) -> impl Iterator<Item = String> {
    let plugin = registry.plugin(name);
    let served = plugin.into_iter().flat_map(|plugin| slots(plugin.manifest())).filter(|slot| {
        let power = local_interface(slot.interface.as_deref().unwrap_or(&slot.slot));
        power.is_some_and(|power| power != HTTP)
    });
    served.map(|slot| slot.slot.clone()).collect::<Vec<_>>().into_iter()
}

fn read(path: &Path) -> Result<Vec<u8>, InstallError> {
    read_bounded(path).map_err(|error| InstallError::Read { path: path.to_owned(), error })
}
