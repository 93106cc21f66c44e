//! Serves the [fixture](crate::fixture) at an address.

use std::io;
use std::sync::Arc;
use std::time::Duration;

use powerbox_captp::Session;
use tokio::net::{TcpListener, UnixListener};

use crate::fixture::{Rendezvous, config};

/// Where a fixture listens.
pub enum Listener {
    /// A Unix socket.
    Unix(UnixListener),
    /// A TCP port.
    Tcp(TcpListener),
}

impl Listener {
    /// Listens at `unix:/path` or `tcp:host:port`. A socket that an earlier run left behind is replaced.
    pub async fn bind(address: &str) -> io::Result<Self> {
        if let Some(path) = address.strip_prefix("unix:") {
            if std::os::unix::net::UnixStream::connect(path).is_err() {
                let _ = std::fs::remove_file(path);
            }
            return Ok(Self::Unix(UnixListener::bind(path)?));
        }
        match address.strip_prefix("tcp:") {
            Some(address) => Ok(Self::Tcp(TcpListener::bind(address).await?)),
            None => Err(io::Error::new(io::ErrorKind::InvalidInput, "give unix:/path or tcp:host:port")),
        }
    }

    /// Waits for the next connection and starts a session on it.
    pub async fn accept(&self, rendezvous: &Arc<Rendezvous>) -> io::Result<Session> {
        Ok(match self {
            Self::Unix(listener) => Session::start(listener.accept().await?.0, config(rendezvous)),
            Self::Tcp(listener) => Session::start(listener.accept().await?.0, config(rendezvous)),
        })
    }

    /// Serves connections for ever.
    pub async fn serve(self) {
        let rendezvous = Arc::default();
        loop {
            if self.accept(&rendezvous).await.is_err() {
                // The process may be out of file descriptors; some will come back.
                tokio::time::sleep(Duration::from_millis(10)).await;
            }
        }
    }
}
