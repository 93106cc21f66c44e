//! Inspecting, installing and removing plugins: what the person does, and nobody else can.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use powerbox_captp::{CallError, Object, Value};
use powerbox_sandbox::Manifest;

use crate::daemon::{ConnectError, Daemon};
use crate::designation::parse_path;
use crate::event::Event;
use crate::host::Host;
use crate::membrane::Problem;
use crate::plugin::{
    Ask, BoundTo, Code, InstalledPlugin, Origin, Plugin, PluginError, Seen, StoreError, read_bounded, slots,
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
}

fn list(slots: &[String]) -> String {
    if slots.is_empty() { "none".to_owned() } else { slots.join(", ") }
}

/// A plugin that is ready to be installed: what it asks for can be shown, and nothing has been changed yet.
pub struct Installation {
    plugin: Plugin,
    record: InstalledPlugin,
    bytes: Arc<[u8]>,
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
    pub fn bindings(&self) -> &BTreeMap<String, BoundTo> {
        &self.record.bindings
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
        let bind = |manifest: &Manifest| {
            let nothing = || crate::plugin::Binding::Bound(BoundTo { name: Vec::new(), id: None });
            slots(manifest).map(|slot| (slot.slot.clone(), nothing())).collect()
        };
        self.load(Origin::Installed(path.to_owned()), Code::Bytes(bytes), bind, None).await
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
        for (slot, name) in bind {
            if !slots(&manifest).any(|known| known.slot == *slot) {
                let slots = slots(&manifest).map(|slot| slot.slot.clone()).collect();
                return Err(InstallError::NoSlot { slot: slot.clone(), slots });
            }
            let daemon = self.daemon().await?;
            let bound = resolve(&daemon, name).await;
            let bound = bound.map_err(|problem| InstallError::Bind {
                slot: slot.clone(),
                name: name.clone(),
                problem,
            })?;
            bindings.insert(slot.clone(), bound);
        }

        let seen = Seen::of(&path);
        let mut record = InstalledPlugin {
            name: String::new(),
            source: path.clone(),
            digest: manifest.digest.to_string(),
            ask: Ask::default(),
            bindings,
            seen,
        };
        // The name is only known once it described itself, and with the name the bindings it had before.
        record.name = self.look(&path, Arc::clone(&bytes)).await.map_err(failed)?.name().to_owned();
        if let Some(known) = self.registry().plugin(&record.name)
            && *known.origin() == Origin::Bundled
        {
            return Err(InstallError::Bundled(record.name));
        }
        if let Some(before) = self.installed().list()?.into_iter().find(|known| known.name == record.name) {
            for (slot, to) in before.bindings {
                if slots(&manifest).any(|known| known.slot == slot) {
                    record.bindings.entry(slot).or_insert(to);
                }
            }
        }
        let plugin = self.load_with(&record, Code::Bytes(Arc::clone(&bytes))).await.map_err(failed)?;
        record.ask = plugin.ask();
        Ok(Installation { plugin, record, bytes })
    }

    /// Installs what was prepared: it is live for the next invocation.
    pub async fn install(&self, installation: Installation) -> Result<(), InstallError> {
        let Installation { plugin, record, bytes } = installation;
        let name = record.name.clone();
        let _changing = self.changing().await;
        self.installed().keep(plugin.digest(), &bytes)?;
        self.installed().put(record.clone())?;
        // A plugin whose grants were revoked begins anew; what was revoked stays so.
        let plugin = if plugin.rights().designation().is_revoked() {
            self.forget_rights(&name);
            let again = self.load_with(&record, Code::Bytes(bytes)).await;
            again.map_err(|error| InstallError::Plugin { path: record.source.clone(), error })?
        } else {
            plugin
        };
        self.swap_in(plugin);
        self.tell(Event::Installed { plugin: name });
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
        self.set_registry(Registry::new(plugins));
    }

    /// Takes a plugin and all its grants away.
    pub(crate) fn swap_out(&self, name: &str) {
        let plugins =
            self.registry().plugins().iter().filter(|plugin| plugin.name() != name).cloned().collect();
        self.set_registry(Registry::new(plugins));
        self.forget_rights(name);
        self.tell(Event::Removed { plugin: name.to_owned() });
    }
}

fn read(path: &Path) -> Result<Vec<u8>, InstallError> {
    read_bounded(path).map_err(|error| InstallError::Read { path: path.to_owned(), error })
}

/// Finds what a slot shall be bound to, and its formula identifier where the daemon has such.
async fn resolve(daemon: &Daemon, name: &str) -> Result<BoundTo, Problem> {
    let path = parse_path(name).map_err(Problem::Invalid)?;
    let spelled = daemon.dialect().path(path.clone());
    let ask = |function: &str, host: &Object| {
        let path = Value::texts(spelled.iter().map(String::as_str));
        let answer = daemon.dialect().call(host, "endo:daemon/directory", function, vec![path]);
        answer.map_err(|mismatch| Problem::Invalid(mismatch.to_string()))
    };
    let id = match ask("identify", daemon.host())?.await {
        Ok(Value::Text(id)) => id.as_str().map(str::to_owned),
        Ok(_) => return Err(Problem::NotFound(name.to_owned())),
        // Not every object that names things knows identifiers.
        Err(CallError::Thrown(_)) => None,
        Err(error) => return Err(error.into()),
    };
    match ask("lookup", daemon.host())?.await? {
        Value::Capability(_) => Ok(BoundTo { name: path, id }),
        other => Err(Problem::Invalid(format!("it is {}, not an object", crate::bridge::kind(&other)))),
    }
}
