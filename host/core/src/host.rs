use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError, RwLock};

use powerbox_sandbox::{
    CacheBounds, CacheError, CodeCache, Engine, EngineError, EngineOptions, Limits, Manifest,
};
use tokio::sync::broadcast;

use crate::daemon::{Connect, ConnectError, Daemon};
use crate::event::Event;
use crate::membrane::Audit;
use crate::plugin::{
    Binding, Code, Installed, InstalledPlugin, Origin, Plugin, PluginError, PluginRights, Seen, StoreError,
    load, private_folder, slots,
};
use crate::registry::Registry;

/// What a host is made with.
pub struct HostConfig {
    /// For what must survive: records of installed plugins, the audit.
    pub state: PathBuf,
    /// For what was installed.
    pub data: PathBuf,
    /// For what can be made anew.
    pub cache: PathBuf,
    /// The plugins that come with the program.
    pub bundled: Vec<Bundled>,
    /// How to come to a session.
    pub connect: Arc<dyn Connect>,
    /// What one invocation may use.
    pub limits: Limits,
    /// How compartments are made.
    pub engine: EngineOptions,
}

/// A plugin that comes with the program.
#[derive(Clone, Copy)]
pub struct Bundled {
    /// The component.
    pub bytes: &'static [u8],
    /// The slots that are bound to the names of whoever runs the command.
    pub own_names: &'static [&'static str],
}

/// The command host: the registry of commands, the plugins behind them, and the session that they work on.
#[derive(Clone)]
pub struct Host(Arc<Inner>);

struct Inner {
    engine: Engine,
    code_cache: Option<CodeCache>,
    descriptions: PathBuf,
    limits: Limits,
    connect: Arc<dyn Connect>,
    daemon: tokio::sync::Mutex<Option<Daemon>>,
    registry: RwLock<Arc<Registry>>,
    installed: Installed,
    audit: Arc<Audit>,
    events: broadcast::Sender<Event>,
    rights: Mutex<BTreeMap<String, Arc<PluginRights>>>,
    startup: Mutex<broadcast::Receiver<Event>>,
    changing: tokio::sync::Mutex<()>,
}

/// The host cannot be set up.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum OpenError {
    /// The engine.
    #[error(transparent)]
    Engine(#[from] EngineError),
    /// The cache of compiled code.
    #[error("the cache of compiled code cannot be used: {0}")]
    Cache(#[from] CacheError),
    /// The store of installed plugins.
    #[error("the plugin store cannot be used: {0}")]
    Store(#[from] StoreError),
    /// The audit log.
    #[error("the audit log {} cannot be written: {error}", .path.display())]
    Audit {
        /// The file.
        path: PathBuf,
        /// What the system says.
        #[source]
        error: std::io::Error,
    },
    /// A plugin that comes with the program is broken: the program was built wrongly.
    #[error("a bundled plugin cannot be loaded: {0}")]
    Bundled(#[from] PluginError),
}

impl Host {
    /// Sets up a host: loads the descriptions of all plugins. Code is compiled, and the daemon is called, when the
    /// first command needs it.
    ///
    /// An installed plugin that cannot be loaded is left out, with an [`Event::Broken`].
    pub async fn open(config: HostConfig) -> Result<Self, OpenError> {
        let installed = Installed::open(&config.state, &config.data)?;
        let audit_path = config.state.join("audit.jsonl");
        let audit = Audit::open(&audit_path).map_err(|error| OpenError::Audit { path: audit_path, error })?;
        let descriptions = config.cache.join("described");
        // What describes a plugin must come from us alone, like compiled code.
        if let Err(error) = private_folder(&descriptions) {
            tracing::debug!(%error, "descriptions are not kept");
        }
        let (events, startup) = broadcast::channel(64);
        let host = Self(Arc::new(Inner {
            engine: Engine::new(config.engine)?,
            code_cache: Some(CodeCache::open(config.cache.join("code"), CacheBounds::default())?),
            descriptions,
            limits: config.limits,
            connect: config.connect,
            daemon: tokio::sync::Mutex::new(None),
            registry: RwLock::new(Arc::default()),
            installed,
            audit: Arc::new(audit),
            events,
            rights: Mutex::default(),
            startup: Mutex::new(startup),
            changing: tokio::sync::Mutex::new(()),
        }));
        let mut plugins = Vec::new();
        for bundled in &config.bundled {
            plugins.push(Arc::new(host.load_bundled(*bundled).await?));
        }
        for record in host.0.installed.list()? {
            match host.load_installed(&record).await {
                Ok(plugin) => plugins.push(Arc::new(plugin)),
                Err(error) => {
                    host.tell(Event::Broken { plugin: record.name, reason: error.to_string(), kept: false });
                }
            }
        }
        host.set_registry(Registry::new(plugins));
        for record in host.0.installed.list()? {
            // The file may have changed while nobody watched.
            if Seen::of(&record.source) != record.seen {
                host.reconsider(&record.name).await;
            }
        }
        Ok(host)
    }

    /// What happened to plugins while the host was set up, when nobody could listen yet. Empty when asked again.
    pub fn take_startup_events(&self) -> Vec<Event> {
        let mut startup = self.0.startup.lock().unwrap_or_else(PoisonError::into_inner);
        let mut events = Vec::new();
        while let Ok(event) = startup.try_recv() {
            events.push(event);
        }
        // From here on it would only hold what others have seen.
        *startup = broadcast::Sender::new(1).subscribe();
        events
    }

    async fn load_bundled(&self, bundled: Bundled) -> Result<Plugin, PluginError> {
        let bind = |manifest: &Manifest| {
            let named = slots(manifest).filter(|slot| bundled.own_names.contains(&slot.slot.as_str()));
            named.map(|slot| (slot.slot.clone(), Binding::OwnNames)).collect()
        };
        self.load(Origin::Bundled, Code::Static(bundled.bytes), bind, None).await
    }

    pub(crate) async fn load_installed(&self, record: &InstalledPlugin) -> Result<Plugin, PluginError> {
        let code = Code::File(self.0.installed.component(&record.digest));
        let plugin = self.load_with(record, code).await?;
        if plugin.digest().to_string() == record.digest { Ok(plugin) } else { Err(PluginError::Changed) }
    }

    /// Loads a version of an installed plugin, under the bindings and grants that it has.
    pub(crate) async fn load_with(
        &self,
        record: &InstalledPlugin,
        code: Code,
    ) -> Result<Plugin, PluginError> {
        let bindings = record.bindings.iter().map(|(slot, to)| (slot.clone(), Binding::Bound(to.clone())));
        let bindings: BTreeMap<_, _> = bindings.collect();
        let origin = Origin::Installed(record.source.clone());
        self.load(origin, code, |_| bindings, Some(self.rights_of(&record.name))).await
    }

    pub(crate) async fn load(
        &self,
        origin: Origin,
        code: Code,
        bind: impl FnOnce(&Manifest) -> BTreeMap<String, Binding>,
        rights: Option<Arc<PluginRights>>,
    ) -> Result<Plugin, PluginError> {
        load(&self.0.engine, self.code_cache(), Some(&self.0.descriptions), origin, code, bind, rights).await
    }

    fn rights_of(&self, name: &str) -> Arc<PluginRights> {
        let mut all = self.0.rights.lock().unwrap_or_else(PoisonError::into_inner);
        Arc::clone(all.entry(name.to_owned()).or_insert_with(|| PluginRights::new(name)))
    }

    /// Takes back everything that a plugin was granted in this process: its running calls end with `revoked`, and so
    /// does every call that follows, until it is installed again. Tells whether there is such a plugin.
    pub fn revoke(&self, name: &str) -> bool {
        let registry = self.registry();
        let plugin = registry.plugin(name);
        if let Some(plugin) = plugin {
            plugin.rights().revoke();
        }
        plugin.is_some()
    }

    /// Lets a plugin of this name begin with fresh grants; what was revoked stays so.
    pub(crate) fn forget_rights(&self, name: &str) {
        let mut all = self.0.rights.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(rights) = all.remove(name) {
            rights.revoke();
        }
    }

    /// The daemon: the session that is there, or a new one.
    pub async fn daemon(&self) -> Result<Daemon, ConnectError> {
        let mut current = self.0.daemon.lock().await;
        if let Some(daemon) = current.as_ref().filter(|daemon| daemon.is_connected()) {
            return Ok(daemon.clone());
        }
        let daemon = Daemon::greet(self.0.connect.connect().await?).await?;
        *current = Some(daemon.clone());
        Ok(daemon)
    }

    /// Ends the session, if there is one.
    pub async fn disconnect(&self) {
        if let Some(daemon) = self.0.daemon.lock().await.take() {
            daemon.disconnect().await;
        }
    }

    /// The commands at this moment.
    pub fn registry(&self) -> Arc<Registry> {
        Arc::clone(&self.0.registry.read().unwrap_or_else(PoisonError::into_inner))
    }

    pub(crate) fn set_registry(&self, registry: Registry) {
        *self.0.registry.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(registry);
    }

    /// What happens to plugins from now on.
    pub fn events(&self) -> broadcast::Receiver<Event> {
        self.0.events.subscribe()
    }

    pub(crate) fn tell(&self, event: Event) {
        match &event {
            Event::Broken { plugin, reason, .. } => tracing::warn!(plugin, reason, "a plugin is broken"),
            event => tracing::info!(?event),
        }
        // Nobody may be listening.
        let _ = self.0.events.send(event);
    }

    /// The records of installed plugins.
    pub fn installed(&self) -> &Installed {
        &self.0.installed
    }

    /// Held while the set of plugins changes.
    pub(crate) async fn changing(&self) -> tokio::sync::MutexGuard<'_, ()> {
        self.0.changing.lock().await
    }

    pub(crate) fn engine(&self) -> &Engine {
        &self.0.engine
    }

    pub(crate) fn code_cache(&self) -> Option<&CodeCache> {
        self.0.code_cache.as_ref()
    }

    pub(crate) fn limits(&self) -> &Limits {
        &self.0.limits
    }

    pub(crate) fn audit(&self) -> &Arc<Audit> {
        &self.0.audit
    }

    pub(crate) fn downgrade(&self) -> WeakHost {
        WeakHost(Arc::downgrade(&self.0))
    }
}

/// A host that may be gone, for tasks that must not keep it.
pub(crate) struct WeakHost(std::sync::Weak<Inner>);

impl WeakHost {
    pub(crate) fn upgrade(&self) -> Option<Host> {
        self.0.upgrade().map(Host)
    }
}
