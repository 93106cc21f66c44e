//! Random bytes. Using it makes a plugin ask for the local power `random`.

pub use crate::bindings::powerbox::plugin::random::bytes;
