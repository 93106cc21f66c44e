//! Unix domain sockets, where file permissions say who may connect.

use std::io;
use std::path::Path;

use tokio::net::{UnixListener, UnixStream};

use crate::{Config, Session};

/// Starts a session with whoever listens at a path.
pub async fn connect(path: impl AsRef<Path>, config: Config) -> io::Result<Session> {
    Ok(Session::start(UnixStream::connect(path).await?, config))
}

/// Listens at a path, where there must be nothing yet.
pub fn listen(path: impl AsRef<Path>) -> io::Result<UnixListener> {
    UnixListener::bind(path)
}
