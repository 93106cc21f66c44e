//! Local powers: slots with a part of this host behind them. They are objects like any other, so that the membrane
//! and the audit know one thing only.

mod log;
mod output;
mod registry;

pub use log::{LogPower, PLUGIN_NOTES};
pub use output::{FrontEnd, Output, OutputPower, Table};
pub use registry::RegistryPower;

/// The interfaces that the host itself stands behind, without their versions.
pub const LOCAL_INTERFACES: &[&str] = &[
    "powerbox:plugin/output",
    "powerbox:plugin/log",
    "powerbox:plugin/registry",
    "powerbox:plugin/callbacks",
];
