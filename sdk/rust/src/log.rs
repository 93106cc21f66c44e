//! Notes for the plugin's author and the operator. They go to the host's log, not to the screen.
//!
//! Using anything of this module makes a plugin ask for the local power `log`.

pub use crate::bindings::powerbox::plugin::log::{Level, write};

/// Notes that something failed.
pub fn error(note: &str) {
    write(Level::Error, note);
}

/// Notes something that may be wrong.
pub fn warning(note: &str) {
    write(Level::Warning, note);
}

/// Notes what happened.
pub fn info(note: &str) {
    write(Level::Info, note);
}

/// Notes what only the author of a plugin wants to see.
pub fn debug(note: &str) {
    write(Level::Debug, note);
}

// Called before each command of a group that is marked `#[log_panics]`, and by no other: a call here is what makes
// `log` an import.
#[doc(hidden)]
pub fn hook_panics() {
    std::panic::set_hook(Box::new(|panic| error(&panic.to_string())));
}
