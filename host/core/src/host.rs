use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError, RwLock};
use std::time::Instant;

use powerbox_authority::audit::{Audit, AuditBounds, AuditError};
use powerbox_authority::clock::Clock;
use powerbox_authority::grant::AgentKey;
use powerbox_authority::ledger::{AddError, Following, Ledger, LedgerError};
use powerbox_captp::CallError;
use powerbox_sandbox::{CacheBounds, CacheError, CodeCache, Engine, EngineError, EngineOptions};
use tokio::sync::broadcast;

use crate::allowance::{Allowances, Runs};
use crate::daemon::{Connect, ConnectError, Daemon};
use crate::event::Event;
use crate::grants::{Book, Held};
use crate::journal::{Journal, Runs as WatchedRuns};
use crate::local::store::{Change, Gate, KeptData, KeptId, KeptSpace, Owner, SpaceError, Spaces};
use crate::local::{Here, Outside};
use crate::news::News;
use crate::plugin::{
    Code, Installed, InstalledPlugin, Origin, Plugin, PluginError, Signatures, StoreError, load,
    private_folder,
};
use crate::principal::Principal;
use crate::quarantine::{PutAside, Quarantine, Whose};
use crate::registry::{Owners, Registry, refuse_program_options};
use crate::reload::{AT_START, Look, Looks};

/// What a host is made with.
pub struct HostConfig {
    /// For what must survive: records of installed plugins, grants, the audit.
    pub state: PathBuf,
    /// For what was installed.
    pub data: PathBuf,
    /// For what can be made anew.
    pub cache: PathBuf,
    /// The plugins that come with the program.
    pub bundled: Vec<Bundled>,
    /// How to come to a session.
    pub connect: Arc<dyn Connect>,
    /// What plugins may use.
    pub allowances: Allowances,
    /// Whose signatures plugins must have.
    pub signatures: Signatures,
    /// How compartments are made.
    pub engine: EngineOptions,
    /// The ledger and the audit log of the state folder, if this process has opened them already.
    pub authority: Option<(Ledger, Arc<Audit>)>,
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
pub struct Host(Arc<Inner>, Arc<Reach>);

/// A daemon that the host works on: how to come to it, and the session that there is.
struct Reach {
    connect: Arc<dyn Connect>,
    daemon: tokio::sync::Mutex<Option<Daemon>>,
}

impl Reach {
    fn new(connect: Arc<dyn Connect>) -> Arc<Self> {
        Arc::new(Self { connect, daemon: tokio::sync::Mutex::new(None) })
    }
}

struct Inner {
    engine: Engine,
    code_cache: Option<CodeCache>,
    descriptions: PathBuf,
    allowances: Allowances,
    signatures: Signatures,
    runs: Runs,
    quarantine: Quarantine,
    registry: RwLock<Arc<Registry>>,
    installed: Installed,
    book: Book,
    grants_followed: std::sync::OnceLock<Option<Following>>,
    audit: Arc<Audit>,
    journal: Journal,
    state: PathBuf,
    spaces: Spaces,
    outside: std::sync::OnceLock<Arc<dyn Outside>>,
    events: broadcast::Sender<Event>,
    startup: Mutex<broadcast::Receiver<Event>>,
    changing: tokio::sync::Mutex<()>,
    looks: Looks,
    news: News,
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
    /// The ledger of grants.
    #[error(transparent)]
    Ledger(#[from] LedgerError),
    /// The audit log.
    #[error(transparent)]
    Audit(#[from] AuditError),
    /// A plugin that comes with the program is broken: the program was built wrongly.
    #[error("a bundled plugin cannot be loaded: {0}")]
    Bundled(#[from] PluginError),
}

/// Opens the ledger of grants and the audit log of a state folder, for a host or for the embedded daemon beside it.
///
/// # Errors
///
/// If one of them cannot be used.
pub fn open_authority(state: &Path) -> Result<(Ledger, Arc<Audit>), OpenError> {
    private_folder(state).map_err(|error| StoreError::Io { path: state.to_owned(), error })?;
    let audit = Audit::open(&state.join("audit"), AuditBounds::default())?;
    let ledger = Ledger::open(&state.join("grants.sqlite"), Clock::system())?;
    Ok((ledger, audit))
}

impl Host {
    /// Sets up a host: loads the descriptions of all plugins. Code is compiled, and the daemon is called, when the
    /// first command needs it.
    ///
    /// An installed plugin that cannot be loaded is left out, with an [`Event::Broken`]. What a process left undone that
    /// was killed is done, and plugins whose files have changed are considered anew.
    pub async fn open(config: HostConfig) -> Result<Self, OpenError> {
        let host = Self::open_as_it_is(config).await?;
        host.look_at_files().await;
        Ok(host)
    }

    /// Learns of what other processes changed, and considers anew the plugins whose files have changed since they were
    /// looked at last, so that whoever calls after this finds what is there now. Waits a few seconds at most.
    pub async fn look_at_files(&self) {
        self.end_broken_visits().await;
        self.follow_records().await;
        let enough = Instant::now() + AT_START;
        for record in self.0.installed.list().unwrap_or_default() {
            // The file may have changed while nobody watched.
            if record.source.watched().is_some_and(|path| Look::of(path) != Look::on_record(&record)) {
                let left = enough.saturating_duration_since(Instant::now());
                self.reconsider_within(&record.name, left).await;
            }
        }
    }

    /// The same without a look at what has changed: for whoever can tell nobody of it.
    pub async fn open_as_it_is(config: HostConfig) -> Result<Self, OpenError> {
        let installed = Installed::open(&config.state, &config.data)?;
        let (ledger, audit) = match config.authority {
            Some(authority) => authority,
            None => open_authority(&config.state)?,
        };
        let descriptions = config.cache.join("described");
        // What describes a plugin must come from us alone, like compiled code.
        if let Err(error) = private_folder(&descriptions) {
            tracing::debug!(%error, "descriptions are not kept");
        }
        let (events, startup) = broadcast::channel(64);
        let inner = Inner {
            engine: Engine::new(config.engine)?,
            code_cache: Some(CodeCache::open(config.cache.join("code"), CacheBounds::default())?),
            descriptions,
            allowances: config.allowances,
            signatures: config.signatures,
            runs: Runs::default(),
            quarantine: Quarantine::new(config.state.join("quarantine.json")),
            registry: RwLock::new(Arc::default()),
            installed,
            book: Book::new(ledger),
            grants_followed: std::sync::OnceLock::new(),
            audit,
            journal: Journal::new(&config.state),
            news: News::new(&config.state),
            spaces: Spaces::new(&config.state),
            state: config.state,
            outside: std::sync::OnceLock::new(),
            events,
            startup: Mutex::new(startup),
            changing: tokio::sync::Mutex::new(()),
            looks: Looks::default(),
        };
        let host = Self(Arc::new(inner), Reach::new(config.connect));
        host.finish_what_was_begun().await;
        let mut plugins = Vec::new();
        for bundled in &config.bundled {
            plugins.push(Arc::new(host.load_bundled(*bundled).await?));
        }
        let records = host.0.installed.list()?;
        let owners = Owners::of(&records);
        for record in records {
            host.looks().begin_with(&record);
            match host.load_installed(&record).await {
                Ok(plugin) => plugins.push(Arc::new(plugin)),
                Err(error) => {
                    host.tell(Event::Broken { plugin: record.name, reason: error.to_string(), kept: false });
                }
            }
        }
        host.set_registry(Registry::new(plugins, owners));
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
        self.load(Origin::Bundled, Code::Static(bundled.bytes), |_| false, bundled.own_names).await
    }

    pub(crate) async fn load_installed(&self, record: &InstalledPlugin) -> Result<Plugin, PluginError> {
        let code = Code::File(self.0.installed.component(&record.digest));
        // Whether its slots may stay as they are was decided when it was installed.
        let plugin = self.load(Origin::Installed(record.source.clone()), code, |_| true, &[]).await?;
        if plugin.digest().to_string() == record.digest { Ok(plugin) } else { Err(PluginError::Changed) }
    }

    pub(crate) async fn load(
        &self,
        origin: Origin,
        code: Code,
        bound: impl Fn(&str) -> bool,
        own_names: &'static [&'static str],
    ) -> Result<Plugin, PluginError> {
        let descriptions = Some(self.0.descriptions.as_path());
        let plugin =
            load(&self.0.engine, self.code_cache(), descriptions, origin, code, bound, own_names).await?;
        // What comes with the program is part of it: `store --json` means what its help says.
        let is_bundled = |known: &Plugin| *known.origin() == Origin::Bundled;
        let registry = self.registry();
        let mut bundled = registry.plugins().iter().filter(|known| is_bundled(known));
        if !is_bundled(&plugin) && !bundled.any(|known| known.digest() == plugin.digest()) {
            refuse_program_options(plugin.group())?;
        }
        Ok(plugin)
    }

    /// The grants of all plugins.
    pub fn ledger(&self) -> &Ledger {
        self.0.book.ledger()
    }

    pub(crate) fn book(&self) -> &Book {
        &self.0.book
    }

    /// Begins to listen for what other processes do to the grants, so that calls under way end when their grant does.
    /// Calls that follow look for themselves; without this only those that wait would wait on.
    pub(crate) fn follow_grants(&self) {
        self.0.grants_followed.get_or_init(|| {
            let following = self.ledger().follow_others();
            following.map_err(|error| tracing::warn!(%error, "changes of the grants are not watched")).ok()
        });
    }

    /// What a plugin has that acts for a principal.
    pub(crate) fn held(&self, principal: &Principal, plugin: &Plugin) -> Result<Arc<Held>, AddError> {
        self.0.book.held(principal, plugin, &self.0.audit)
    }

    /// The daemon: the session that is there, or a new one.
    pub async fn daemon(&self) -> Result<Daemon, ConnectError> {
        let mut current = self.1.daemon.lock().await;
        if let Some(daemon) = current.as_ref().filter(|daemon| daemon.is_connected()) {
            return Ok(daemon.clone());
        }
        let connect = &*self.1.connect;
        let daemon = match Daemon::greet_meant(connect.connect().await?, connect).await {
            // It was ending just when we came. Whoever comes now finds another one, or starts it.
            Err(ConnectError::Setup(CallError::Disconnected(_))) => {
                Daemon::greet_meant(connect.connect().await?, connect).await?
            }
            greeted => greeted?,
        };
        *current = Some(daemon.clone());
        Ok(daemon)
    }

    /// The same host, with another daemon to work on: plugins, grants, limits and records are shared.
    #[must_use]
    pub fn with_daemon(&self, connect: Arc<dyn Connect>) -> Self {
        Self(Arc::clone(&self.0), Reach::new(connect))
    }

    /// Ends the session, if there is one, and brings to disk what is not there yet.
    pub async fn disconnect(&self) {
        if let Err(error) = self.ledger().note_use() {
            tracing::warn!(%error, "how grants were used was not written down");
        }
        if let Some(daemon) = self.1.daemon.lock().await.take() {
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

    /// Held while the set of plugins changes: by one task of this process.
    pub(crate) async fn one_change(&self) -> tokio::sync::MutexGuard<'_, ()> {
        self.0.changing.lock().await
    }

    /// What this process has looked at of plugins' files.
    pub(crate) fn looks(&self) -> &Looks {
        &self.0.looks
    }

    /// Which versions the person has heard of.
    pub fn news(&self) -> &News {
        &self.0.news
    }

    pub(crate) fn engine(&self) -> &Engine {
        &self.0.engine
    }

    pub(crate) fn code_cache(&self) -> Option<&CodeCache> {
        self.0.code_cache.as_ref()
    }

    /// Whose signatures plugins must have.
    pub fn signatures(&self) -> &Signatures {
        &self.0.signatures
    }

    pub(crate) fn allowances(&self) -> &Allowances {
        &self.0.allowances
    }

    pub(crate) fn runs(&self) -> &Runs {
        &self.0.runs
    }

    pub(crate) fn quarantine(&self) -> &Quarantine {
        &self.0.quarantine
    }

    /// Whether a plugin is put aside now for an agent, or for the person: it failed too often when it acted for them.
    pub fn put_aside(&self, plugin: &Plugin, agent: Option<&AgentKey>) -> Option<PutAside> {
        let whose = Whose { plugin: plugin.name(), agent };
        self.0.quarantine.check(&whose, &plugin.digest().to_string()).err()
    }

    /// Lets a plugin run again that was put aside, for everybody. Tells whether it had failed.
    ///
    /// # Errors
    ///
    /// If that cannot be written down.
    pub fn restore_plugin(&self, name: &str) -> std::io::Result<bool> {
        self.0.quarantine.restore(name)
    }

    /// The record of what crossed the membrane, and of what the person did to the grants.
    pub fn audit(&self) -> &Arc<Audit> {
        &self.0.audit
    }

    /// Gives the host's own powers another outside than this machine's clock and randomness: a front end brings the web.
    /// Only the first time counts.
    pub fn set_outside(&self, outside: Arc<dyn Outside>) {
        let _ = self.0.outside.set(outside);
    }

    pub(crate) fn outside(&self) -> Arc<dyn Outside> {
        Arc::clone(self.0.outside.get_or_init(|| Arc::new(Here)))
    }

    /// What plugins keep.
    pub(crate) fn spaces(&self) -> &Spaces {
        &self.0.spaces
    }

    /// Puts texts into what a plugin keeps, past all grants: for a test that says how things are.
    ///
    /// # Errors
    ///
    /// If they are too large, or the store cannot be used.
    pub fn fill_store(
        &self,
        owner: &Owner,
        texts: &std::collections::BTreeMap<String, String>,
    ) -> Result<(), SpaceError> {
        let change = |(key, text): (&String, &String)| Change {
            key: key.clone(),
            value: Some(text.clone().into_bytes()),
        };
        let changes: Vec<_> = texts.iter().map(change).collect();
        self.0.spaces.apply(self.0.spaces.of(owner)?, u64::MAX, None, &changes).map(drop)
    }

    /// Reads what a plugin keeps, as text, past all grants: for a test that looks.
    ///
    /// # Errors
    ///
    /// If the store cannot be used.
    pub fn read_store(
        &self,
        owner: &Owner,
    ) -> Result<std::collections::BTreeMap<String, String>, SpaceError> {
        let space = self.0.spaces.of(owner)?;
        let mut all = std::collections::BTreeMap::new();
        loop {
            let last = all.last_key_value().map(|(key, _): (&String, &String)| key.clone());
            let keys = self.0.spaces.keys(space, "", last.as_deref())?;
            if keys.is_empty() {
                return Ok(all);
            }
            for key in keys {
                let value = self.0.spaces.get(space, &key)?.unwrap_or_default();
                all.insert(key, String::from_utf8_lossy(&value).into_owned());
            }
        }
    }

    /// What an installed plugin keeps, for whomever it acts.
    ///
    /// # Errors
    ///
    /// If the store cannot be used.
    pub fn kept_by(&self, plugin: &str) -> Result<Vec<KeptSpace>, SpaceError> {
        self.0.spaces.kept_by(plugin)
    }

    /// What plugins of a name kept that are not installed any more, the latest first.
    ///
    /// # Errors
    ///
    /// If the store cannot be used.
    pub fn kept_of(&self, name: &str) -> Result<Vec<KeptData>, SpaceError> {
        self.0.spaces.kept_of(name)
    }

    /// Deletes what a plugin kept that is not installed any more.
    ///
    /// # Errors
    ///
    /// If the store cannot be used.
    pub fn forget_kept(&self, id: KeptId) -> Result<(), SpaceError> {
        self.0.spaces.forget_kept(id)
    }

    /// What keeps a plugin's commands and a migration of its store apart.
    pub(crate) fn gate(&self, plugin: &str) -> std::io::Result<Gate> {
        Gate::of(&self.0.state, plugin)
    }

    pub(crate) fn journal(&self) -> &Journal {
        &self.0.journal
    }

    /// Begins to watch the runs of a plugin's commands, in all processes of the user.
    ///
    /// # Errors
    ///
    /// If somebody watches it already, or the state folder cannot be written.
    pub fn watch_runs(&self, plugin: &str) -> std::io::Result<WatchedRuns> {
        self.0.journal.follow(plugin)
    }

    pub(crate) fn downgrade(&self) -> WeakHost {
        WeakHost(Arc::downgrade(&self.0), Arc::clone(&self.1))
    }
}

/// A host that may be gone, for tasks that must not keep it.
pub(crate) struct WeakHost(std::sync::Weak<Inner>, Arc<Reach>);

impl WeakHost {
    pub(crate) fn upgrade(&self) -> Option<Host> {
        self.0.upgrade().map(|inner| Host(inner, Arc::clone(&self.1)))
    }
}
