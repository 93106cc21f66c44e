//! A command host and the embedded daemon in this process, as the program has them in two: for tests that look at what
//! a plugin can do, closely and often.

mod person;
mod stage;

pub use person::{Person, Shown};
pub use stage::{Stage, identifier, path};

use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::sync::{Arc, OnceLock, PoisonError};
use std::time::Duration;

use anyhow::{Context as _, Result, anyhow};
use futures_util::future::BoxFuture;
use powerbox_authority::audit::{Audit, AuditBounds, Crossing, Decision, Filter, Reader, Record as Written};
use powerbox_authority::caveat::Caveat;
use powerbox_authority::clock::Clock;
use powerbox_authority::grant::{Holder, Record};
use powerbox_authority::ledger::Ledger;
use powerbox_captp::{Config, Release, Session, Value, transport};
use powerbox_core::daemon::{Connect, ConnectError};
use powerbox_core::local::FrontEnd;
use powerbox_core::plugin::Signatures;
use powerbox_core::{
    Agent, Allowances, Bundled, Host, HostConfig, Installation, InvokeError, Principal, Request,
};
use powerbox_daemon::{Authority, Daemon, DaemonConfig, StopHandle};
use powerbox_sandbox::EngineOptions;
use tempfile::TempDir;
use tokio::task::JoinHandle;

use self::stage::OnStage;
use crate::powerbox::component;

/// Longer than anything takes on a busy machine.
pub const LIMIT: Duration = Duration::from_secs(60);

/// The host, the daemon, and the folder that both keep their state in. The bundled plugin `storage` is there, so that
/// a test can make names by commands.
pub struct World {
    /// The host.
    pub host: Host,
    /// The embedded daemon, if that is behind it.
    daemon: Option<(StopHandle, JoinHandle<()>)>,
    options: Options,
    folder: Arc<TempDir>,
}

/// How a world differs from the usual.
#[derive(Clone, Default)]
pub struct Options {
    /// What plugins may use.
    pub allowances: Allowances,
    /// What is there instead of the embedded daemon.
    pub stage: Option<Arc<Stage>>,
    /// How compartments are made; compiled code is only shared between worlds that agree on it.
    pub engine: EngineOptions,
}

impl World {
    /// A new one.
    pub async fn new() -> Result<Self> {
        Self::with(Options::default()).await
    }

    /// A new one on a stage.
    pub async fn on(stage: &Arc<Stage>) -> Result<Self> {
        Self::with(Options { stage: Some(Arc::clone(stage)), ..Options::default() }).await
    }

    /// A new one that differs.
    pub async fn with(options: Options) -> Result<Self> {
        // A daemon's socket is in a folder that only its owner can enter.
        let private = std::fs::Permissions::from_mode(0o700);
        Self::open(Arc::new(tempfile::Builder::new().permissions(private).tempdir()?), options).await
    }

    /// The same after a restart of host and daemon.
    pub async fn restarted(self) -> Result<Self> {
        let (folder, options) = (Arc::clone(&self.folder), self.options.clone());
        self.close().await?;
        Self::open(folder, options).await
    }

    /// The same after something was done to its state while nothing ran.
    pub async fn restarted_after(self, change: impl FnOnce()) -> Result<Self> {
        let (folder, options) = (Arc::clone(&self.folder), self.options.clone());
        self.close().await?;
        change();
        Self::open(folder, options).await
    }

    /// A second host over the same state and daemon, as another process of the user has it.
    pub async fn second_host(&self) -> Result<Host> {
        host(self.folder.path(), &self.options).await
    }

    async fn open(folder: Arc<TempDir>, options: Options) -> Result<Self> {
        let host = host(folder.path(), &options).await?;
        let daemon = match options.stage {
            Some(_) => None,
            None => Some(serve(folder.path())?),
        };
        Ok(Self { host, daemon, options, folder })
    }

    /// The folder of all state.
    pub fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// Installs a component by its name, with slots bound to names.
    pub async fn install(&self, name: &str, bind: &[(&str, &str)]) -> Result<()> {
        self.install_file(&component(name)?, bind).await
    }

    /// Installs a file, with slots bound to names.
    pub async fn install_file(&self, file: &Path, bind: &[(&str, &str)]) -> Result<()> {
        let bind: Vec<_> = bind.iter().map(|(slot, name)| ((*slot).to_owned(), (*name).to_owned())).collect();
        let installation: Installation = self.host.prepare_install(file, &bind).await?;
        Ok(self.host.install(installation).await?)
    }

    /// Runs a line of words for the person.
    pub async fn run(&self, line: &str) -> Result<Shown, InvokeError> {
        self.run_for(&Principal::person(), line, Arc::default()).await
    }

    /// Runs a line of words for an agent.
    pub async fn run_as(&self, agent: &str, line: &str) -> Result<Shown, InvokeError> {
        let principal = self.principal(agent).await;
        self.run_for(&principal, line, Arc::default()).await
    }

    /// An agent of the person's, as it is called now.
    #[allow(clippy::panic, reason = "tests name agents that they made")]
    pub async fn agent(&self, path: &str) -> Agent {
        self.host.agent(path).await.unwrap_or_else(|error| panic!("{path}: {error}"))
    }

    /// The principal that an agent of the person's is.
    pub async fn principal(&self, agent: &str) -> Principal {
        Principal::of(Some(&self.agent(agent).await))
    }

    /// Runs a line of words with a person who watches and answers.
    pub async fn run_for(
        &self,
        principal: &Principal,
        line: &str,
        person: Arc<Person>,
    ) -> Result<Shown, InvokeError> {
        run(&self.host, principal, line, person).await
    }

    /// Makes a guest, who calls some names of the person's by the same names.
    pub async fn guest(&self, name: &str, introduced: &[&str]) -> Result<()> {
        let names = introduced.iter().map(|name| (*name, Value::text(*name)));
        let options =
            Value::record([("agentName", Value::text(name)), ("introducedNames", Value::record(names))]);
        let handle = Value::text(format!("{name}-handle"));
        self.host.daemon().await?.host().call("provideGuest", vec![handle, options]).await?;
        Ok(())
    }

    /// Calls the person's agent past all plugins: to see what is there, and to prepare it.
    pub async fn ask(&self, method: &str, args: Vec<Value>) -> Result<Value> {
        Ok(self.host.daemon().await?.host().call(method, args).await?)
    }

    /// What a plugin that acts for the person has for a slot, or had last.
    pub fn grant(&self, plugin: &str, slot: &str) -> Result<Record> {
        self.grant_of(&Holder::plugin(None, plugin), slot)
    }

    /// What a holder has for a slot, or had last.
    pub fn grant_of(&self, holder: &Holder, slot: &str) -> Result<Record> {
        let all = self.host.ledger().list(true)?;
        let found = all.into_iter().rev().find(|record| record.holder == *holder && record.slot == slot);
        found.with_context(|| format!("{holder} never had anything for {slot}"))
    }

    /// Adds caveats to what a plugin that acts for the person has for a slot.
    pub fn narrow(&self, plugin: &str, slot: &str, caveats: &[&str]) -> Result<Record> {
        let id = self.grant(plugin, slot)?.id;
        Ok(self.host.narrow_grant(id, &read(caveats)?)?)
    }

    /// The crossings that are on record, oldest first.
    pub fn crossings(&self, filter: &Filter) -> Result<Vec<Crossing>> {
        let folder = self.host.audit().folder().context("the audit is not on disk")?;
        let mut crossings = Vec::new();
        for record in Reader::open(folder, filter)? {
            if let Written::Crossing(crossing) = record? {
                crossings.push(crossing);
            }
        }
        Ok(crossings)
    }

    /// The crossings that were refused.
    pub fn denials(&self) -> Result<Vec<Crossing>> {
        self.crossings(&Filter { decision: Some(Decision::Denied), ..Filter::default() })
    }

    /// Stops the daemon and waits for it. Dropping a world stops it, too, without waiting.
    pub async fn close(self) -> Result<()> {
        self.host.disconnect().await;
        drop(self.host);
        if let Some((daemon, served)) = self.daemon {
            daemon.stop();
            served.await.context("the daemon did not end in order")?;
        }
        Ok(())
    }
}

/// Reads caveats as a user writes them.
pub fn read(caveats: &[&str]) -> Result<Vec<Caveat>> {
    Ok(caveats.iter().map(|caveat| caveat.parse()).collect::<Result<_, _>>()?)
}

/// Runs a line of words on any host.
pub async fn run(
    host: &Host,
    principal: &Principal,
    line: &str,
    person: Arc<Person>,
) -> Result<Shown, InvokeError> {
    let mut words = line.split_whitespace().map(str::to_owned);
    let request = Request {
        principal: principal.clone(),
        command: words.next().unwrap_or_default(),
        words: words.collect(),
    };
    let last = host.invoke(request, Arc::clone(&person) as Arc<dyn FrontEnd>).await?;
    let mut all = std::mem::take(&mut *person.shown.lock().unwrap_or_else(PoisonError::into_inner));
    all.push(last);
    Ok(Shown(all))
}

fn socket(folder: &Path) -> PathBuf {
    folder.join("daemon.sock")
}

fn state(folder: &Path) -> PathBuf {
    folder.join("state")
}

/// Serves the embedded daemon, which decides on attenuated references by the host's ledger, as the program's does.
fn serve(folder: &Path) -> Result<(StopHandle, JoinHandle<()>)> {
    let state = state(folder);
    let authority = Authority {
        ledger: Ledger::open(&state.join("grants.sqlite"), Clock::system())?,
        audit: Audit::open(&state.join("audit"), AuditBounds::default())?,
    };
    let mut config = DaemonConfig::new(folder.join("daemon"), socket(folder));
    config.authority = Some(authority);
    let daemon = Daemon::open(config)?;
    let stop = daemon.stop_handle();
    let served = tokio::spawn(async move {
        if let Err(error) = daemon.run().await {
            tracing::error!(%error, "the daemon ended");
        }
    });
    Ok((stop, served))
}

async fn host(folder: &Path, options: &Options) -> Result<Host> {
    let storage = component("storage")?;
    // Compiled code is the same for all: it goes by the digest of the component.
    let cache = storage.ancestors().nth(2).context("the components are nowhere")?.join("tmp/powerbox-cache");
    let connect: Arc<dyn Connect> = match &options.stage {
        Some(stage) => Arc::new(OnStage(Arc::clone(stage))),
        None => Arc::new(OverSocket(socket(folder))),
    };
    let config = HostConfig {
        state: state(folder),
        data: folder.join("data"),
        cache,
        bundled: vec![Bundled { bytes: bytes_of(&storage)?, own_names: &["inventory"] }],
        connect,
        allowances: options.allowances.clone(),
        signatures: Signatures::default(),
        engine: options.engine.clone(),
        authority: None,
    };
    Host::open(config).await.map_err(|error| anyhow!(error))
}

/// What is bundled lives as long as the program.
fn bytes_of(component: &Path) -> Result<&'static [u8]> {
    static STORAGE: OnceLock<Vec<u8>> = OnceLock::new();
    let bytes = std::fs::read(component)?;
    Ok(STORAGE.get_or_init(|| bytes))
}

struct OverSocket(PathBuf);

impl Connect for OverSocket {
    fn connect(&self) -> BoxFuture<'_, Result<Session, ConnectError>> {
        Box::pin(async {
            let config = Config::new("test").release(Release::AtOnce);
            transport::unix::connect(&self.0, config).await.map_err(|error| ConnectError::Unreachable {
                endpoint: self.0.display().to_string(),
                reason: error.to_string().into(),
                remedy: "the test is wrong",
            })
        })
    }
}
