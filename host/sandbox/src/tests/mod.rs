//! Components against a host of a few lines. Each is made here, from WIT and a core module as text, so that the tests
//! need no toolchain for WebAssembly.

mod cache;
mod engine;
mod fixture;
mod limits;
mod linking;
mod manifest;
mod refusal;
