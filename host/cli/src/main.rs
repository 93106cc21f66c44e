//! The program `powerbox`: a front end for a person at a terminal, and for scripts.
//!
//! It holds no authority of its own. It finds the daemon, hands words to the core, and shows what comes back. Status
//! and errors go to standard error, data to standard output.

#[macro_use]
mod said;

mod app;
mod arguments;
mod ask;
mod attenuate;
mod audit;
mod author;
mod bundled;
mod client;
mod completions;
mod config;
mod consent;
mod doctor;
mod embedded;
mod exit;
mod grant;
mod held;
mod log;
mod moment;
mod paths;
mod plugin;
mod prompt;
mod quoting;
mod render;
mod rows;
mod secret;
mod serve;
mod service;
mod terminal;
mod tty;
mod why;

use std::process::ExitCode;

fn main() -> ExitCode {
    // Before anything is set up: this process may have been started to compile a component, and only for that.
    if let Some(ended) = powerbox_sandbox::compile_if_asked() {
        return ended;
    }
    let arguments: Result<Vec<String>, _> =
        std::env::args_os().map(std::ffi::OsString::into_string).collect();
    let Ok(arguments) = arguments else {
        eprintln!("error: an argument is not UTF-8 text");
        return exit::code(exit::Status::Usage);
    };
    exit::code(app::main(&arguments))
}
