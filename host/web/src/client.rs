use std::sync::Arc;
use std::time::Duration;

/// How long a connection may take to be made.
const CONNECT: Duration = Duration::from_secs(10);

/// The HTTP client cannot be set up: the machine has no usable certificates, say.
#[derive(Debug, thiserror::Error)]
#[error("requests cannot be sent: {0}")]
pub struct ClientError(#[source] reqwest::Error);

/// Sets up a client that follows no redirects, keeps no cookies and uses no proxy; certificates are checked as the system
/// does.
///
/// A proxy that the environment names would see requests to plain addresses, passwords included, and answer in the place
/// of origins on this machine. Whoever sets a variable for one command is not asking for that.
///
/// It takes some milliseconds, so it is made when it is first needed.
///
/// # Errors
///
/// If the system's certificates cannot be used.
pub fn client() -> Result<reqwest::Client, ClientError> {
    let provider = rustls::crypto::ring::default_provider();
    // Whoever came first set up the same.
    let _: Result<(), Arc<_>> = provider.install_default();
    reqwest::Client::builder()
        .redirect(reqwest::redirect::Policy::none())
        .no_proxy()
        .connect_timeout(CONNECT)
        .user_agent(concat!("powerbox/", env!("CARGO_PKG_VERSION")))
        .build()
        .map_err(ClientError)
}
