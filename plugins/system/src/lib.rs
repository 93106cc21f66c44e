//! The system commands: help, and ending what runs.

mod cancel;
mod help;
mod suggest;

powerbox_sdk::group! {
    /// Help, and ending what runs
    system: [help::help, cancel::cancel]
}
