use std::fmt;
use std::path::{Path, PathBuf};
use std::str::FromStr;

/// Where a daemon listens.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Endpoint {
    /// A Unix socket.
    Unix(PathBuf),
    /// A TCP port, as `host:port`.
    Tcp(String),
}

/// Text that names no endpoint.
#[derive(Clone, Debug, thiserror::Error, PartialEq, Eq)]
#[error("`{0}` is no address of a daemon; give unix:/path/to/socket, tcp:host:port, or a socket's path")]
pub struct EndpointError(String);

impl FromStr for Endpoint {
    type Err = EndpointError;

    fn from_str(text: &str) -> Result<Self, EndpointError> {
        let error = || EndpointError(crate::text::clean_line(text));
        if let Some(path) = text.strip_prefix("unix:") {
            return if path.is_empty() { Err(error()) } else { Ok(Self::Unix(path.into())) };
        }
        if let Some(address) = text.strip_prefix("tcp:") {
            let (host, port) = address.rsplit_once(':').ok_or_else(error)?;
            return match (host, port.parse::<u16>()) {
                ("", _) | (_, Err(_)) => Err(error()),
                _ => Ok(Self::Tcp(address.to_owned())),
            };
        }
        if text.contains('/') { Ok(Self::Unix(Path::new(text).to_owned())) } else { Err(error()) }
    }
}

impl fmt::Display for Endpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unix(path) => write!(f, "unix:{}", path.display()),
            Self::Tcp(address) => write!(f, "tcp:{address}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_told_apart() {
        assert_eq!("unix:/run/x".parse(), Ok(Endpoint::Unix("/run/x".into())));
        assert_eq!("/run/x".parse(), Ok(Endpoint::Unix("/run/x".into())));
        assert_eq!("tcp:localhost:80".parse(), Ok(Endpoint::Tcp("localhost:80".into())));
        for odd in ["", "x", "tcp:", "tcp:host", "tcp::1", "tcp:host:99999", "unix:"] {
            assert!(odd.parse::<Endpoint>().is_err(), "{odd}");
        }
    }
}
