//! The same result each time from tools that would not give it by themselves.
//!
//! The toolchains of JavaScript and Python run the language's engine once while they build, and keep its memory as it
//! is then: with the seeds of its hash tables and random numbers, and with the times that it saw. Both take these from
//! the system. A small library that is loaded before the system's gives them constants instead. It is loaded for these
//! tools only, while they build: never while anything is downloaded, and never into this program.
//!
//! Python's engine keeps what it saw of its files, too: their numbers, times and order, which are others in each folder.

use std::io;
use std::path::Path;
use std::process::Command;

use crate::pack;

/// Empty where there is no such library for the system.
static LIBRARY: &[u8] = include_bytes!(concat!(env!("OUT_DIR"), "/steady.so"));

/// Makes what a tool sees of files steady, besides.
pub(crate) fn with_files(tool: &mut Command) {
    tool.env("STEADY_FILES", "1");
}

/// Makes a tool steady. `made` is where the project has what is laid out for it.
pub(crate) fn steady(tool: &mut Command, made: &Path) -> io::Result<()> {
    if !LIBRARY.is_empty() {
        let library = made.join("steady.so");
        pack::write(&library, LIBRARY)?;
        tool.env("LD_PRELOAD", library);
    }
    Ok(())
}
