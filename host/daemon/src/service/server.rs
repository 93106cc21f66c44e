use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use powerbox_captp::{Config, Object, Release, Session, Value};
use powerbox_files::{Lock, Others, Running, Socket, private_folder};
use tokio::io::{AsyncRead, AsyncWrite, DuplexStream, duplex};
use tokio::net::UnixListener;
use tokio::sync::mpsc;
use tokio::task::JoinSet;

use super::{Identity, OpenError};
use crate::authority::Authority;
use crate::formula::Formula;
use crate::limits::Limits;
use crate::store::StoreError;
use crate::world::World;

/// Where a daemon keeps its state and serves, and what it gives to clients.
#[derive(Clone, Debug)]
pub struct DaemonConfig {
    /// The folder of the state: made if it is not there, refused if others can enter it.
    pub state_dir: PathBuf,
    /// The socket; its folder is made or refused likewise.
    pub socket_path: PathBuf,
    /// What all clients together may use.
    pub limits: Limits,
    /// What each session may use.
    pub session_limits: powerbox_captp::Limits,
    /// By what attenuated references are judged; without it they refuse everything.
    pub authority: Option<Authority>,
}

impl DaemonConfig {
    /// Makes a configuration with the default limits.
    pub fn new(state_dir: impl Into<PathBuf>, socket_path: impl Into<PathBuf>) -> Self {
        Self {
            state_dir: state_dir.into(),
            socket_path: socket_path.into(),
            limits: Limits::default(),
            session_limits: powerbox_captp::Limits::default(),
            authority: None,
        }
    }
}

/// A daemon that is open: it holds its state and its socket, and clients can connect.
///
/// They are served while [`run`](Self::run) is polled.
#[derive(Debug)]
pub struct Daemon {
    world: Arc<World>,
    listener: std::os::unix::net::UnixListener,
    session_limits: powerbox_captp::Limits,
    /// Sessions of this process, and where they come from.
    within: (mpsc::Sender<DuplexStream>, mpsc::Receiver<DuplexStream>),
    // Dropped in this order: the socket goes before the state is free for another daemon.
    socket: Socket,
    state_lock: Lock,
}

/// Ends a daemon from anywhere.
#[derive(Clone, Debug)]
pub struct StopHandle(Arc<World>);

/// Begins sessions with a daemon that runs in the same process, without a socket.
#[derive(Clone, Debug)]
pub struct Connector(mpsc::Sender<DuplexStream>);

impl Connector {
    /// Begins a session. Both ends give dropped references back. `None` if the daemon has ended.
    pub async fn connect(&self, config: Config) -> Option<Session> {
        let (ours, theirs) = duplex(WITHIN);
        self.0.send(theirs).await.ok()?;
        Some(Session::start(ours, config.release(Release::AtOnce)))
    }
}

/// How many bytes are on their way between a daemon and its own process.
const WITHIN: usize = 256 << 10;

/// Counts of a running daemon.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Facts {
    /// Open sessions.
    pub sessions: usize,
    /// Open subscriptions to name changes.
    pub subscriptions: usize,
    /// Formulas that are kept.
    pub formulas: u64,
}

/// How long sessions may take to send what is left when the daemon ends.
const FAREWELL: Duration = Duration::from_secs(2);

/// How long to wait when the operating system has no more file descriptors for connections.
const ACCEPT_PAUSE: Duration = Duration::from_millis(100);

impl Daemon {
    /// Opens the state and binds the socket. Blocks for as long as the disk takes.
    pub fn open(config: DaemonConfig) -> Result<Self, OpenError> {
        private_folder(&config.state_dir, Others::StayOut)?;
        let state_lock = Lock::take(&lock_path(&config.state_dir), &config.socket_path)?;
        // Clients that connect from here on wait until the daemon runs.
        let (socket, listener) = Socket::bind(&config.socket_path)?;
        let world = World::open(&config.state_dir, config.limits, config.authority)?;
        Identity::new(world.roots.node).record(&config.state_dir)?;
        let within = mpsc::channel(1);
        Ok(Self { world, listener, session_limits: config.session_limits, within, socket, state_lock })
    }

    /// Tells which daemon runs on a state, if any.
    pub fn running(state_dir: &Path) -> io::Result<Option<Running>> {
        Lock::holder(&lock_path(state_dir))
    }

    /// Gives a way to end the daemon.
    pub fn stop_handle(&self) -> StopHandle {
        StopHandle(self.world.clone())
    }

    /// Gives a way to begin sessions from within the process. They are served while the daemon runs.
    pub fn connector(&self) -> Connector {
        Connector(self.within.0.clone())
    }

    /// Serves clients until the daemon is told to end, by its [`StopHandle`] or by a client's `terminate`.
    ///
    /// Then every session is told so and ended, what was asked for before is finished, and state and socket are
    /// given up. Must run on a tokio runtime with I/O and time.
    pub async fn run(self) -> Result<(), OpenError> {
        let Self { world, listener, session_limits, within: (_sender, mut within), socket, state_lock } =
            self;
        let listener = UnixListener::from_std(listener).map_err(|error| OpenError::file("socket", error))?;
        // Kept live for as long as the daemon runs, since every session begins with them.
        let root = |id, formula| {
            world.object(id, &formula).map_err(|failure| StoreError::Damaged(failure.to_string()))
        };
        let bootstrap = root(world.roots.endo, Formula::Endo {})?;
        let _host = root(world.roots.host, Formula::Host {})?;
        let mut sessions = JoinSet::new();
        let mut noting = tokio::time::interval(NOTING);
        let following = world.authority.as_ref().map(|authority| authority.ledger.follow_others());
        if let Some(Err(error)) = &following {
            tracing::warn!(%error, "changes of the grants are not watched");
        }
        loop {
            tokio::select! {
                () = world.stopped() => break,
                _ = noting.tick() => note_use(&world),
                Some(_) = sessions.join_next() => (),
                Some(stream) = within.recv() => {
                    let config = config(&bootstrap, session_limits).release(Release::AtOnce);
                    sessions.spawn(serve(world.clone(), stream, config));
                }
                accepted = listener.accept() => match accepted {
                    Ok((stream, _)) => {
                        let config = config(&bootstrap, session_limits);
                        sessions.spawn(serve(world.clone(), stream, config));
                    }
                    Err(error) => {
                        tracing::warn!(%error, "cannot accept a connection");
                        tokio::time::sleep(ACCEPT_PAUSE).await;
                    }
                },
            }
        }
        // No more connections; a new daemon may bind as soon as this one has let go of its state.
        drop((listener, socket, within));
        let farewell = async { while sessions.join_next().await.is_some() {} };
        if tokio::time::timeout(FAREWELL, farewell).await.is_err() {
            tracing::warn!("some sessions did not end in time");
        }
        sessions.shutdown().await;
        note_use(&world);
        let closing = world.clone();
        if tokio::task::spawn_blocking(move || closing.store.close()).await.is_err() {
            tracing::error!("the store was not closed in order");
        }
        drop(state_lock);
        Ok(())
    }
}

/// How often is written down how much attenuated references were used.
const NOTING: Duration = Duration::from_secs(5);

/// Writes down how much attenuated references were used, if any were.
fn note_use(world: &World) {
    if let Some(authority) = &world.authority
        && let Err(error) = authority.ledger.note_use()
    {
        tracing::warn!(%error, "how grants were used was not written down");
    }
}

impl StopHandle {
    /// Begins the end; [`Daemon::run`] returns when it is complete.
    pub fn stop(&self) {
        self.0.stop();
    }

    /// Counts what there is.
    pub async fn facts(&self) -> Result<Facts, StoreError> {
        let formulas = self.0.store.read(|tables| tables.formula_count()).await?;
        Ok(Facts { sessions: self.0.sessions(), subscriptions: self.0.changes.count(), formulas })
    }
}

fn config(bootstrap: &Object, limits: powerbox_captp::Limits) -> Config {
    Config::new("Endo").bootstrap(Value::Capability(bootstrap.clone())).limits(limits)
}

/// Serves one client until it leaves or the daemon ends.
async fn serve(world: Arc<World>, stream: impl AsyncRead + AsyncWrite + Send + 'static, config: Config) {
    let Some(_count) = world.enter_session() else {
        tracing::warn!(most = world.limits.sessions, "too many sessions: a connection is refused");
        return;
    };
    let session = Session::start(stream, config);
    tokio::select! {
        reason = session.closed() => tracing::debug!(%reason, "a session ended"),
        () = world.stopped() => {
            session.disconnect(None);
            session.closed().await;
        }
    }
}

fn lock_path(state_dir: &Path) -> PathBuf {
    state_dir.join("daemon.lock")
}
