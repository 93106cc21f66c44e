//! What differs from language to language: reading a manifest, and compiling.

pub(crate) mod javascript;
pub(crate) mod python;
pub(crate) mod rust;
