//! Finding a compiler for WebAssembly, or making one.

use std::{
    env,
    ffi::OsString,
    path::{Path, PathBuf},
    process::Command,
};

use anyhow::{Result, bail};

use crate::{debian, tool};

/// What plugins are built for: a target without any system, so that a plugin imports what its world names and no more.
pub const TARGET: &str = "wasm32-unknown-unknown";

/// A compiler that has the target.
#[derive(Debug)]
pub struct Toolchain {
    /// The compiler, if it is not the one that cargo finds by itself.
    rustc: Option<PathBuf>,
}

impl Toolchain {
    /// Makes cargo build with this compiler, in a way that the component does not tell where it was built: `folder` is
    /// called `.` in it.
    pub fn apply(&self, folder: &Path, cargo: &mut Command) {
        if let Some(rustc) = &self.rustc {
            cargo.env("RUSTC", rustc).env_remove("RUSTC_WRAPPER").env_remove("RUSTC_WORKSPACE_WRAPPER");
        }
        // Panics name source files. Without this they would tell where the builder's folders are, and the same
        // sources would make a component with another digest on another machine.
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

/// Finds a compiler that has the target, or makes one, in this order: what is installed, rustup, Debian's packages.
///
/// # Errors
///
/// If there is none to be had; says how to get one.
pub fn find() -> Result<Toolchain> {
    let rustc = env::var_os("RUSTC").unwrap_or_else(|| "rustc".into());
    if has_target(Path::new(&rustc)) {
        return Ok(Toolchain { rustc: None });
    }
    if let Some(rustc) = debian::made_before() {
        return Ok(Toolchain { rustc: Some(rustc) });
    }
    if tool::works("rustup", &["--version"]) {
        tool::say(&format!("adding the target {TARGET} with rustup"));
        let added = Command::new("rustup").args(["target", "add", TARGET]).status();
        if added.is_ok_and(|status| status.success()) && has_target(Path::new(&rustc)) {
            return Ok(Toolchain { rustc: None });
        }
    }
    match debian::make() {
        Ok(rustc) => Ok(Toolchain { rustc: Some(rustc) }),
        Err(why) => bail!(
            "there is no Rust standard library for {TARGET}, which plugins are built for ({why:#}).\n\
             Install one of these, then try again:\n\
             - with rustup:          rustup target add {TARGET}\n\
             - on Debian 12, Ubuntu: apt-get install rustc-web rust-web-src lld   (the rest happens by itself)\n\
             - on Debian 13, later:  apt-get install libstd-rust-dev-wasm32 lld\n\
             - on Fedora:            dnf install rust-std-static-{TARGET} lld\n\
             - on Arch Linux:        pacman -S rust-wasm lld"
        ),
    }
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

/// Looks for the tools of all languages, and installs nothing.
pub fn survey() -> Vec<Found> {
    let version = |program: &str| tool::output(Command::new(program).arg("--version"));
    let missing = |what: &str| format!("there is no {what}");
    let rust = match version("rustc") {
        Some(_) if !has_target(Path::new("rustc")) && debian::made_before().is_none() => {
            Err(format!("rustc has no standard library for {TARGET}"))
        }
        found => found.ok_or_else(|| missing("rustc")),
    };
    let node = match (version("node"), version("npm")) {
        (Some(node), Some(npm)) => {
            let major =
                node.trim_start_matches('v').split('.').next().and_then(|major| major.parse::<u32>().ok());
            if major.is_some_and(|major| major >= NODE_NEEDED) {
                Ok(format!("node {node}, npm {npm}"))
            } else {
                Err(format!("node {node} is older than {NODE_NEEDED}"))
            }
        }
        (None, _) => Err(missing("node")),
        (_, None) => Err(missing("npm")),
    };
    let python = match version("python3") {
        Some(python) if tool::works("python3", &["-c", "import venv, ensurepip"]) => Ok(python),
        Some(python) => Err(format!("{python} has no module venv")),
        None => Err(missing("python3")),
    };
    vec![
        Found {
            what: "plugins in Rust",
            found: rust,
            remedy: "install Rust by rustup, then: rustup target add wasm32-unknown-unknown",
        },
        Found {
            what: "plugins in JavaScript",
            found: node,
            remedy: "install Node.js 18 or later with npm (on Debian: apt-get install nodejs npm)",
        },
        Found {
            what: "plugins in Python",
            found: python,
            remedy: "install Python 3.10 or later with venv (on Debian: apt-get install python3 python3-venv)",
        },
    ]
}

/// The oldest Node.js that the tools for JavaScript run on.
pub(crate) const NODE_NEEDED: u32 = 18;
