use futures_util::future::BoxFuture;

use super::http::{HttpAnswer, HttpCall, HttpError};

/// What the host's own powers reach beyond this process: the clock, randomness, the web. A front end brings the web,
/// since the core opens no connections; a test can bring all three.
pub trait Outside: Send + Sync + 'static {
    /// Milliseconds since 1970.
    fn now(&self) -> u64 {
        let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap_or_default();
        u64::try_from(since.as_millis()).unwrap_or(u64::MAX)
    }

    /// Fills a place with random bytes that nobody can guess.
    ///
    /// # Errors
    ///
    /// If the system has none; says why.
    fn random(&self, place: &mut [u8]) -> Result<(), String> {
        getrandom::fill(place).map_err(|error| error.to_string())
    }

    /// Makes one HTTP call and follows no redirect. Dropping the future ends it.
    fn call<'a>(&'a self, call: &'a HttpCall) -> BoxFuture<'a, Result<HttpAnswer, HttpError>> {
        let _ = call;
        Box::pin(async { Err(HttpError::Unreachable("this host has no way to the web".to_owned())) })
    }
}

/// Only this machine's clock and randomness.
pub(crate) struct Here;

impl Outside for Here {}
