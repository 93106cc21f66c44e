//! `http`: calls to the one origin that a slot is bound to. What the plugin says is checked here; the call itself is
//! made by the front end's [`Outside`](super::Outside).

mod origin;
mod power;
mod request;

pub use origin::{Origin, OriginError};
pub use power::HttpPower;

/// One call, ready to be made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HttpCall {
    /// `GET` and so on.
    pub method: String,
    /// The whole address; its origin is the slot's.
    pub url: String,
    /// Names and values, as the plugin gave them.
    pub headers: Vec<(String, String)>,
    /// What is sent.
    pub body: Option<Vec<u8>>,
    /// An answer with a longer body is not wanted, in bytes.
    pub most: usize,
}

/// What came back.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HttpAnswer {
    /// The status.
    pub status: u16,
    /// Names and values; a value that is no text is left out.
    pub headers: Vec<(String, String)>,
    /// The body.
    pub body: Vec<u8>,
}

/// Why nothing came back.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum HttpError {
    /// The origin cannot be reached, or broke off.
    #[error("the origin cannot be reached: {0}")]
    Unreachable(String),
    /// The body is longer than is wanted.
    #[error("the answer has more than {0} bytes")]
    TooLarge(usize),
}
