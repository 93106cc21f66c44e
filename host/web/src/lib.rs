//! Everything that goes out to the web: requests of plugins to the origins that the user bound them to, and plugins
//! from registries. No other crate opens such connections.
//!
//! It decides nothing: who may talk to whom is the membrane's business, and what may be installed the core's.

mod client;

pub use client::{ClientError, client};

mod http;
pub use http::Web;

pub mod oci;
