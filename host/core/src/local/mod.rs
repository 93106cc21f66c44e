//! Local powers: slots with a part of this host behind them. They are objects like any other, so that the membrane
//! and the audit know one thing only.

mod clock;
mod front_end;
pub mod http;
mod log;
mod output;
mod outside;
mod random;
mod registry;
pub mod store;
pub mod wasi;

pub use clock::ClockPower;
pub use front_end::{FrontEnd, Notice};
pub use log::{LogPower, PLUGIN_NOTES};
pub use output::{Output, OutputPower, Table};
pub(crate) use outside::Here;
pub use outside::Outside;
pub use random::RandomPower;
pub use registry::RegistryPower;

/// The interfaces that the host itself stands behind, without their versions.
pub const LOCAL_INTERFACES: &[&str] = &[
    "powerbox:plugin/output",
    "powerbox:plugin/log",
    "powerbox:plugin/registry",
    "powerbox:plugin/callbacks",
    "powerbox:plugin/store",
    "powerbox:plugin/clock",
    "powerbox:plugin/random",
    HTTP,
    wasi::VIRTUAL_WASI,
];

/// The one of them that reaches nothing until the user says which origin.
pub const HTTP: &str = "powerbox:plugin/http";

/// Whether the user is asked for a power, so that no plugin has it by itself.
pub fn is_asked_for(power: &str) -> bool {
    power == HTTP || power == wasi::VIRTUAL_WASI
}
