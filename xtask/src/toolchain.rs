//! Finding a compiler for WebAssembly, or making one.

use std::{
    env,
    ffi::OsString,
    path::{Path, PathBuf},
    process::Command,
};

use anyhow::{Result, bail};

use crate::{command, debian, workspace::Workspace};

/// What plugins are built for: a target without any system, so that a plugin imports what its world names and no more.
pub(crate) const TARGET: &str = "wasm32-unknown-unknown";

/// A compiler that has the target.
#[derive(Debug)]
pub(crate) struct Toolchain {
    /// The compiler, if it is not the one that cargo finds by itself.
    rustc: Option<PathBuf>,
}

impl Toolchain {
    /// Makes cargo build with this compiler.
    pub(crate) fn apply(&self, workspace: &Workspace, cargo: &mut Command) {
        if let Some(rustc) = &self.rustc {
            cargo.env("RUSTC", rustc).env_remove("RUSTC_WRAPPER").env_remove("RUSTC_WORKSPACE_WRAPPER");
        }
        // Panics name source files. Without this they would tell where the builder's folders are, and the same
        // sources would make a component with another digest on another machine.
        let mut flags = vec![remap(workspace.root(), ".")];
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
pub(crate) fn find(workspace: &Workspace) -> Result<Toolchain> {
    let rustc = env::var_os("RUSTC").unwrap_or_else(|| "rustc".into());
    if has_target(Path::new(&rustc)) {
        return Ok(Toolchain { rustc: None });
    }
    if let Some(rustc) = debian::made_before() {
        return Ok(Toolchain { rustc: Some(rustc) });
    }
    if command::works("rustup", &["--version"]) {
        command::say(&format!("adding the target {TARGET} with rustup"));
        let added =
            Command::new("rustup").args(["target", "add", TARGET]).current_dir(workspace.root()).status();
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
pub(crate) fn has_target(rustc: &Path) -> bool {
    let folder = command::output(Command::new(rustc).args(["--print", "target-libdir", "--target", TARGET]));
    let entries = folder.and_then(|folder| std::fs::read_dir(folder).ok());
    entries.into_iter().flatten().flatten().any(|entry| {
        let name = entry.file_name();
        let name = name.to_string_lossy();
        name.starts_with("libstd-") && name.ends_with(".rlib")
    })
}
