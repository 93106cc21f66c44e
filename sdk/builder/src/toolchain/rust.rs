//! Finding a compiler for WebAssembly, or making one.

use std::{
    env,
    ffi::OsString,
    path::{Path, PathBuf},
    process::Command,
};

use thiserror::Error;

use super::debian;
use crate::tool;

/// What plugins are built for: a target without any system, so that a plugin imports what its world names and no more.
pub const TARGET: &str = "wasm32-unknown-unknown";

/// A compiler that has the target.
#[derive(Clone, Debug)]
pub struct Toolchain {
    /// The compiler, if it is not the one that cargo finds by itself.
    rustc: Option<PathBuf>,
}

impl Toolchain {
    /// Makes cargo build with this compiler, and without telling where on this machine the sources are: `root` is
    /// the folder of the workspace.
    pub fn apply(&self, root: &Path, cargo: &mut Command) {
        if let Some(rustc) = &self.rustc {
            cargo.env("RUSTC", rustc).env_remove("RUSTC_WRAPPER").env_remove("RUSTC_WORKSPACE_WRAPPER");
        }
        // Panics name source files. Without this they would tell where the builder's folders are, and the same
        // sources would make a component with another digest on another machine.
        let mut flags = vec![remap(root, ".")];
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

/// There is no compiler that can build plugins.
#[derive(Debug, Error)]
#[error(
    "there is no Rust standard library for {TARGET}, which plugins are built for{}\n\
     Install one of these, then try again:\n\
     - with rustup:          rustup target add {TARGET}\n\
     - on Debian 12, Ubuntu: apt-get install rustc-web rust-web-src lld   (then `cargo xtask components` in a clone of Powerbox)\n\
     - on Debian 13, later:  apt-get install libstd-rust-dev-wasm32 lld\n\
     - on Fedora:            dnf install rust-std-static-{TARGET} lld\n\
     - on Arch Linux:        pacman -S rust-wasm lld",
    .why.as_ref().map(|why| format!(" ({why})")).unwrap_or_default()
)]
pub struct NoTarget {
    why: Option<String>,
}

/// Finds a compiler that has the target: what is installed, what was made before, or what rustup adds.
///
/// # Errors
///
/// If there is none; the error says how to get one.
pub fn find(folder: &Path, say: &dyn Fn(&str)) -> Result<Toolchain, NoTarget> {
    let rustc = compiler();
    if has_target(&rustc) {
        return Ok(Toolchain { rustc: None });
    }
    if let Some(rustc) = debian::made_before() {
        return Ok(Toolchain { rustc: Some(rustc) });
    }
    if tool::works("rustup", &["--version"]) {
        say(&format!("adding the target {TARGET} with rustup"));
        let added = Command::new("rustup").args(["target", "add", TARGET]).current_dir(folder).output();
        if added.is_ok_and(|output| output.status.success()) && has_target(&rustc) {
            return Ok(Toolchain { rustc: None });
        }
    }
    Err(NoTarget { why: None })
}

/// Finds a compiler that has the target, or makes one of Debian's packages, which installs them where it may.
///
/// # Errors
///
/// If there is none and none can be made.
pub fn find_or_make(folder: &Path, say: &dyn Fn(&str)) -> Result<Toolchain, NoTarget> {
    find(folder, say).or_else(|_| match debian::make(say) {
        Ok(rustc) => Ok(Toolchain { rustc: Some(rustc) }),
        Err(why) => Err(NoTarget { why: Some(format!("{why:#}")) }),
    })
}

/// The compiler that cargo uses.
pub(crate) fn compiler() -> PathBuf {
    env::var_os("RUSTC").unwrap_or_else(|| "rustc".into()).into()
}

/// Makes a call of cargo.
pub(crate) fn cargo() -> Command {
    Command::new(env::var_os("CARGO").unwrap_or_else(|| "cargo".into()))
}

/// Tells whether a compiler has a standard library for the target.
pub(crate) fn has_target(rustc: &Path) -> bool {
    let folder = tool::output(Command::new(rustc).args(["--print", "target-libdir", "--target", TARGET]));
    let entries = folder.and_then(|folder| std::fs::read_dir(folder).ok());
    entries.into_iter().flatten().flatten().any(|entry| {
        let name = entry.file_name();
        let name = name.to_string_lossy();
        name.starts_with("libstd-") && name.ends_with(".rlib")
    })
}
