//! TCP, where nothing says who connects.

use std::io;

use tokio::net::{TcpListener, TcpStream, ToSocketAddrs};

use crate::{Config, Session};

/// Starts a session with whoever listens at an address.
pub async fn connect(address: impl ToSocketAddrs, config: Config) -> io::Result<Session> {
    Ok(Session::start(TcpStream::connect(address).await?, config))
}

/// Listens at an address.
pub async fn listen(address: impl ToSocketAddrs) -> io::Result<TcpListener> {
    TcpListener::bind(address).await
}
