//! The time. Using it makes a plugin ask for the local power `clock`.

pub use crate::bindings::powerbox::plugin::clock::now;
