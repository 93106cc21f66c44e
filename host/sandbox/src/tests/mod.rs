//! Components against a host of a few lines. Each is made here, from WIT and a core module as text, so that the tests
//! need no toolchain for WebAssembly; only `receiver` wants what `cargo xtask components` builds.

mod cache;
mod calls;
mod engine;
mod fixture;
mod limits;
mod linking;
mod manifest;
mod receiver;
mod refusal;
mod slow_lane;
