//! The tools that build plugins: whether they are there, and how cargo is called.

use std::env;
use std::ffi::{OsStr, OsString};
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::build::BuildError;
use crate::{remedy, tool};

/// What plugins are built for: a target without any system, so that a plugin imports what its world names and no more.
pub const TARGET: &str = "wasm32-unknown-unknown";

/// The oldest Node.js that the tools for JavaScript run on.
const NODE_NEEDED: u32 = 18;

/// Makes cargo build components that do not tell where they were built: `folder` is called `.` in them.
pub fn hide_folders(folder: &Path, cargo: &mut Command) {
    // Panics name source files. Without this they would tell where the builder's folders are, and the same sources would
    // make a component with another digest on another machine.
    let mut flags = vec![remap(folder, ".")];
    if let Some(home) = cargo_home() {
        flags.push(remap(&home, "cargo"));
    }
    let mut joined = env::var_os("CARGO_ENCODED_RUSTFLAGS").unwrap_or_default();
    for flag in flags {
        if !joined.is_empty() {
            joined.push("\u{1f}");
        }
        joined.push(flag);
    }
    cargo.env("CARGO_ENCODED_RUSTFLAGS", joined);
}

fn remap(from: &Path, to: &str) -> OsString {
    let mut flag = OsString::from("--remap-path-prefix=");
    flag.push(from);
    flag.push("=");
    flag.push(to);
    flag
}

fn cargo_home() -> Option<PathBuf> {
    let home = env::var_os("CARGO_HOME").map(PathBuf::from);
    home.or_else(|| Some(PathBuf::from(env::var_os("HOME")?).join(".cargo")))
}

/// The compiler that cargo uses.
pub fn rustc() -> PathBuf {
    env::var_os("RUSTC").unwrap_or_else(|| "rustc".into()).into()
}

/// Tells whether a compiler has a standard library for the target.
pub fn has_target(rustc: &Path) -> bool {
    let folder = tool::output(Command::new(rustc).args(["--print", "target-libdir", "--target", TARGET]));
    let entries = folder.and_then(|folder| std::fs::read_dir(folder).ok());
    entries.into_iter().flatten().flatten().any(|entry| {
        let name = entry.file_name();
        let name = name.to_string_lossy();
        name.starts_with("libstd-") && name.ends_with(".rlib")
    })
}

/// What there is for building plugins in one language.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Found {
    /// The tool, in words.
    pub what: &'static str,
    /// Its version, or what is wrong.
    pub found: Result<String, String>,
    /// How to get it.
    pub remedy: &'static str,
}

impl Found {
    /// Checks that a build can go on.
    pub(crate) fn required(self) -> Result<(), BuildError> {
        let what = self.what;
        self.found.map(drop).map_err(|missing| BuildError::Missing {
            what: format!("{what} cannot be built: {missing}"),
            remedy: self.remedy,
        })
    }
}

/// Looks for the tools of all languages.
pub fn survey() -> Vec<Found> {
    vec![rust(), javascript(), python()]
}

/// Looks for a compiler that can build plugins.
pub fn rust() -> Found {
    let rustc = rustc();
    let (found, remedy) = match version(&rustc) {
        None => (Err(format!("{} cannot be run", rustc.display())), remedy::RUST),
        Some(_) if !has_target(&rustc) => {
            (Err(format!("{} has no standard library for {TARGET}", rustc.display())), remedy::target())
        }
        Some(version) => (Ok(version), remedy::RUST),
    };
    Found { what: "plugins in Rust", found, remedy }
}

/// Looks for Node.js and npm.
pub(crate) fn javascript() -> Found {
    Found { what: "plugins in JavaScript", found: node_and_npm(), remedy: remedy::NODE }
}

/// Looks for Python with what makes environments.
pub(crate) fn python() -> Found {
    Found { what: "plugins in Python", found: python_with_venv(), remedy: remedy::PYTHON }
}

fn node_and_npm() -> Result<String, String> {
    let node = version("node").ok_or("there is no node")?;
    let npm = version("npm").ok_or("there is no npm")?;
    let major = node.trim_start_matches('v').split('.').next().and_then(|major| major.parse::<u32>().ok());
    if major.is_none_or(|major| major < NODE_NEEDED) {
        return Err(format!("node {node} is older than {NODE_NEEDED}"));
    }
    Ok(format!("node {node}, npm {npm}"))
}

fn python_with_venv() -> Result<String, String> {
    let python = version("python3").ok_or("there is no python3")?;
    if !tool::works("python3", &["-c", "import venv, ensurepip"]) {
        return Err(format!("{python} has no module venv"));
    }
    Ok(python)
}

fn version(program: impl AsRef<OsStr>) -> Option<String> {
    tool::output(Command::new(program).arg("--version"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_build_goes_on_only_with_its_tools_and_else_says_how_to_get_them() {
        let tools = |found| Found { what: "plugins in Python", found, remedy: remedy::PYTHON };
        assert!(tools(Ok("Python 3.14.0".to_owned())).required().is_ok());
        let refused = tools(Err("there is no python3".to_owned())).required().unwrap_err();
        let expected = format!("plugins in Python cannot be built: there is no python3; {}", remedy::PYTHON);
        assert_eq!(refused.to_string(), expected);
    }
}
