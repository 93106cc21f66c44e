use std::sync::Arc;
use std::time::Duration;

use futures_util::FutureExt as _;
use futures_util::future::BoxFuture;
use powerbox_captp::{CallError, Object, Session, Value};

use super::Dialect;

/// How the core comes to a session: a socket that is there, or a daemon that is started for the purpose.
///
/// Called for the first command that needs the daemon, and again after a session ended.
pub trait Connect: Send + Sync + 'static {
    /// Makes a session.
    fn connect(&self) -> BoxFuture<'_, Result<Session, ConnectError>>;

    /// Makes sure that the peer is the one that was meant, by its bootstrap value. Nothing else is done with the session
    /// before. Unless it is said otherwise, whatever answers is the one.
    fn recognise<'a>(&'a self, bootstrap: &'a Value) -> BoxFuture<'a, Result<(), ConnectError>> {
        let _ = bootstrap;
        Box::pin(async { Ok(()) })
    }
}

/// There is no daemon to talk to. Exit status 4.
#[derive(Clone, Debug, thiserror::Error)]
pub enum ConnectError {
    /// Nothing answers at the address.
    #[error("no daemon answers at {endpoint}: {reason}; {remedy}")]
    Unreachable {
        /// Where.
        endpoint: String,
        /// What the system says.
        reason: Arc<str>,
        /// What to do.
        remedy: &'static str,
    },
    /// The embedded daemon could not be started.
    #[error("the embedded daemon did not start: {0}")]
    NotStarted(Arc<str>),
    /// Something else is in the embedded daemon's place.
    #[error("what answers at {endpoint} is not your embedded daemon: {found}; {remedy}")]
    Stranger {
        /// Where.
        endpoint: String,
        /// What it is.
        found: Arc<str>,
        /// What to do.
        remedy: Arc<str>,
    },
    /// What answers is no Endo daemon, or one without a host.
    #[error("the peer is no Endo daemon with a host: {0}")]
    NoHost(String),
    /// The session broke while it was being set up.
    #[error("the daemon did not answer the first calls: {0}")]
    Setup(#[from] CallError),
}

/// How long a daemon may take to answer the first calls. A busy one that has just been started takes a second.
const GREETING: Duration = Duration::from_secs(20);

/// A session with a daemon, and what the core found out about it.
#[derive(Clone)]
pub struct Daemon {
    session: Session,
    bootstrap: Object,
    host: Object,
    dialect: Dialect,
}

impl Daemon {
    /// Sets up a session: fetches the bootstrap and the root host, and finds out the dialect.
    ///
    /// A peer that takes the connection and then says nothing ends it with [`CallError::Deadline`] after
    /// [`GREETING`].
    pub async fn greet(session: Session) -> Result<Self, ConnectError> {
        Self::greet_by(session, None).await
    }

    /// The same with a peer that `connect` led to, and [recognises](Connect::recognise).
    ///
    /// # Errors
    ///
    /// As [`greet`](Self::greet), and what else it is.
    pub async fn greet_meant(session: Session, connect: &dyn Connect) -> Result<Self, ConnectError> {
        Self::greet_by(session, Some(connect)).await
    }

    async fn greet_by(session: Session, connect: Option<&dyn Connect>) -> Result<Self, ConnectError> {
        let ended = session.clone();
        let greeted = match tokio::time::timeout(GREETING, Self::first_calls(session, connect)).await {
            Ok(greeted) => greeted,
            Err(_) => Err(CallError::Deadline.into()),
        };
        if greeted.is_err() {
            ended.disconnect(None);
        }
        greeted
    }

    async fn first_calls(session: Session, connect: Option<&dyn Connect>) -> Result<Self, ConnectError> {
        let bootstrap = session.bootstrap().await?;
        if let Some(connect) = connect {
            connect.recognise(&bootstrap).await?;
        }
        let bootstrap = match bootstrap {
            Value::Capability(bootstrap) => bootstrap,
            other => {
                let found = crate::bridge::kind(&other);
                return Err(ConnectError::NoHost(format!("its bootstrap is {found}, not an object")));
            }
        };
        // Both calls travel together: the root host is wanted in any case.
        let host = bootstrap.call("host", vec![]);
        let methods = bootstrap.call("__getMethodNames__", vec![]).await?;
        let methods: Vec<String> = methods
            .as_list()
            .unwrap_or_default()
            .iter()
            .filter_map(|name| name.as_str().map(str::to_owned))
            .collect();
        let Some(dialect) = Dialect::detect(&methods) else {
            return Err(ConnectError::NoHost("its bootstrap has no method `host`".to_owned()));
        };
        if dialect == Dialect::Embedded {
            // It tells which errors are refusals of attenuated references, and drops what others claim of that.
            session.believe_reserved_ids();
        }
        match host.await? {
            Value::Capability(host) => Ok(Self { session, bootstrap, host, dialect }),
            _ => Err(ConnectError::NoHost("its `host` is not an object".to_owned())),
        }
    }

    /// Whether the session is still there.
    pub fn is_connected(&self) -> bool {
        self.session.closed().now_or_never().is_none()
    }

    /// Ends the session.
    pub async fn disconnect(&self) {
        self.session.disconnect(None);
        self.session.closed().await;
    }

    /// The session.
    pub fn session(&self) -> &Session {
        &self.session
    }

    /// The daemon's bootstrap object.
    pub fn bootstrap(&self) -> &Object {
        &self.bootstrap
    }

    /// The agent with full powers over its own names: the person's.
    pub fn host(&self) -> &Object {
        &self.host
    }

    /// Which daemon it is.
    pub fn dialect(&self) -> Dialect {
        self.dialect
    }
}
