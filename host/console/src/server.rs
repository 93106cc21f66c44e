//! The host's socket: who may connect, what each client has under way, and the end of it all.

use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use powerbox_captp::{CallError, Config, Limits, Object, Release, Session, Value};
use powerbox_files::{ServeError, Socket};
use tokio::net::{UnixListener, UnixStream};
use tokio::sync::watch;
use tokio::task::{AbortHandle, JoinSet};

use crate::Build;
use crate::entrance::Entrance;
use crate::hosts::Hosts;

/// How many clients there can be at once.
const MOST_CLIENTS: usize = 512;

/// How many runs one client can have under way.
const MOST_RUNS: usize = 64;

/// How long sessions may take to send what is left when the host ends.
const FAREWELL: Duration = Duration::from_secs(2);

/// How long to wait when the operating system has no more file descriptors for connections.
const ACCEPT_PAUSE: Duration = Duration::from_millis(100);

/// How often is looked whether clients can still find the socket.
const LOOK: Duration = Duration::from_secs(5);

/// What this side is called on the wire.
const NAME: &str = "powerbox";

/// The host's socket, bound. Clients can connect, and are served while [`run`](Self::run) is polled.
pub struct Server {
    listener: std::os::unix::net::UnixListener,
    socket: Socket,
    shared: Arc<Shared>,
}

struct Shared {
    hosts: Arc<Hosts>,
    build: Build,
    stage: watch::Sender<Stage>,
    runs: watch::Sender<u64>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Stage {
    Serving,
    /// What runs is finished, and nothing new is begun.
    Retiring,
    Ended,
}

/// Ends a server from anywhere.
#[derive(Clone)]
pub struct StopHandle(Arc<Shared>);

impl StopHandle {
    /// Finishes what runs, and begins nothing new.
    pub fn retire(&self) {
        self.reach(Stage::Retiring);
    }

    /// Ends at once, what runs included.
    pub fn stop(&self) {
        self.reach(Stage::Ended);
    }

    /// How many runs are under way.
    pub fn runs(&self) -> u64 {
        *self.0.runs.borrow()
    }

    /// Whether it begins nothing new.
    pub(crate) fn is_stopping(&self) -> bool {
        *self.0.stage.borrow() != Stage::Serving
    }

    fn reach(&self, stage: Stage) {
        self.0.stage.send_if_modified(|current| {
            let later = stage > *current;
            *current = stage.max(*current);
            later
        });
    }
}

impl Server {
    /// Binds the socket. Its folder is made, or refused if others can enter it.
    ///
    /// # Errors
    ///
    /// If another host serves there, or none can.
    pub fn bind(socket: &Path, build: Build, hosts: Arc<Hosts>) -> Result<Self, ServeError> {
        let (socket, listener) = Socket::bind(socket)?;
        let shared =
            Shared { hosts, build, stage: watch::Sender::new(Stage::Serving), runs: watch::Sender::new(0) };
        Ok(Self { listener, socket, shared: Arc::new(shared) })
    }

    /// Gives a way to end it.
    pub fn stop_handle(&self) -> StopHandle {
        StopHandle(Arc::clone(&self.shared))
    }

    /// Serves clients until it is told to end. Must run on a tokio runtime with I/O and time.
    ///
    /// # Errors
    ///
    /// If the socket cannot be used.
    pub async fn run(self) -> std::io::Result<()> {
        let Self { listener, socket, shared } = self;
        let listener = UnixListener::from_std(listener)?;
        let mut clients = JoinSet::new();
        let mut stage = shared.stage.subscribe();
        let mut runs = shared.runs.subscribe();
        let mut looks = tokio::time::interval(LOOK);
        loop {
            let finished = async {
                // Both are watched for as long as `shared` lives, which is here.
                let _ = stage.wait_for(|stage| *stage > Stage::Serving).await;
                tokio::select! {
                    _ = stage.wait_for(|stage| *stage == Stage::Ended) => {}
                    _ = runs.wait_for(|runs| *runs == 0) => {}
                }
            };
            tokio::select! {
                () = finished => break,
                Some(_) = clients.join_next() => {}
                // Its folder was removed, or another socket put in its place: nobody comes any more.
                _ = looks.tick() => if !socket.is_in_place() {
                    StopHandle(Arc::clone(&shared)).retire();
                },
                accepted = listener.accept() => match accepted {
                    Ok((stream, _)) if clients.len() < MOST_CLIENTS => {
                        if is_own_user(&stream) {
                            clients.spawn(serve(Arc::clone(&shared), stream));
                        }
                    }
                    Ok(_) => tracing::warn!(most = MOST_CLIENTS, "too many clients: a connection is refused"),
                    Err(error) => {
                        tracing::warn!(%error, "cannot accept a connection");
                        tokio::time::sleep(ACCEPT_PAUSE).await;
                    }
                },
            }
        }
        // A new host may bind from here on.
        drop((listener, socket));
        StopHandle(Arc::clone(&shared)).stop();
        let farewell = async { while clients.join_next().await.is_some() {} };
        if tokio::time::timeout(FAREWELL, farewell).await.is_err() {
            tracing::warn!("some clients did not leave in time");
        }
        clients.shutdown().await;
        shared.hosts.disconnect().await;
        Ok(())
    }
}

/// The folder keeps other users out; this does so even where it should not.
fn is_own_user(stream: &UnixStream) -> bool {
    let user = rustix::process::geteuid().as_raw();
    let own = stream.peer_cred().is_ok_and(|peer| peer.uid() == user);
    if !own {
        tracing::warn!("another user's connection is refused");
    }
    own
}

/// Serves one client until it leaves or the host ends. What it has under way ends with it.
async fn serve(shared: Arc<Shared>, stream: UnixStream) {
    let client = Arc::new(Client { shared: Arc::clone(&shared), tasks: Mutex::default() });
    let entrance = Object::exo(Arc::new(Entrance(Arc::clone(&client))));
    let config = Config::new(NAME)
        .bootstrap(Value::Capability(entrance))
        .limits(Limits::default())
        .release(Release::AtOnce);
    let session = Session::start(stream, config);
    let mut stage = shared.stage.subscribe();
    let ended = async {
        let _ = stage.wait_for(|stage| *stage == Stage::Ended).await;
    };
    tokio::select! {
        reason = session.closed() => tracing::debug!(%reason, "a client left"),
        () = ended => {
            session.disconnect(Some("the host has ended"));
            session.closed().await;
        }
    }
    client.end();
}

/// What one client has under way.
pub(crate) struct Client {
    shared: Arc<Shared>,
    tasks: Mutex<JoinSet<()>>,
}

impl Client {
    pub(crate) fn hosts(&self) -> &Arc<Hosts> {
        &self.shared.hosts
    }

    pub(crate) fn build(&self) -> &Build {
        &self.shared.build
    }

    pub(crate) fn stop_handle(&self) -> StopHandle {
        StopHandle(Arc::clone(&self.shared))
    }

    /// Counts a run, if one more can begin.
    pub(crate) fn enter_run(&self) -> Result<Entered, CallError> {
        if self.stop_handle().is_stopping() {
            return Err(CallError::error("the host finishes what runs and ends; try again"));
        }
        let mut tasks = self.tasks.lock().unwrap_or_else(PoisonError::into_inner);
        while tasks.try_join_next().is_some() {}
        if tasks.len() >= MOST_RUNS {
            return Err(CallError::Limit(format!("a client can have {MOST_RUNS} commands under way").into()));
        }
        self.shared.runs.send_modify(|runs| *runs += 1);
        Ok(Entered { shared: Arc::clone(&self.shared) })
    }

    /// Starts a task that ends with the client.
    pub(crate) fn spawn(&self, task: impl Future<Output = ()> + Send + 'static) -> AbortHandle {
        self.tasks.lock().unwrap_or_else(PoisonError::into_inner).spawn(task)
    }

    fn end(&self) {
        drop(std::mem::take(&mut *self.tasks.lock().unwrap_or_else(PoisonError::into_inner)));
    }
}

/// A task that ends when this is dropped.
pub(crate) struct AbortOnDrop(pub(crate) AbortHandle);

impl Drop for AbortOnDrop {
    fn drop(&mut self) {
        self.0.abort();
    }
}

/// A run that counts as under way until this is dropped.
pub(crate) struct Entered {
    shared: Arc<Shared>,
}

impl Drop for Entered {
    fn drop(&mut self) {
        self.shared.runs.send_modify(|runs| *runs = runs.saturating_sub(1));
    }
}
