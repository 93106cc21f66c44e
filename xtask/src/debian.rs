//! A compiler for WebAssembly from Debian's packages.
//!
//! Debian keeps one compiler new, for its browsers: `rustc-web`, with the source of its library in `rust-web-src`. The
//! library is built once for our target, which takes about a minute, and laid out with links to the rest of that
//! compiler as a toolchain of its own. The compiler that builds the host is not touched.

use std::{
    env, fs,
    io::Write as _,
    os::unix::fs::{PermissionsExt as _, symlink},
    path::{Path, PathBuf},
    process::Command,
};

use anyhow::{Context, Result, bail, ensure};
use powerbox_builder::toolchain::{TARGET, has_target};

use crate::command;

const PACKAGES: [&str; 2] = ["rustc-web", "rust-web-src"];

/// Where Debian puts its compiler, whatever the search path finds first.
const DEBIAN_RUSTC: &str = "/usr/bin/rustc";

/// The oldest compiler that the workspace can be built with.
const RUST_NEEDED: &str = env!("CARGO_PKG_RUST_VERSION");

/// What the finished toolchain was made from; another compiler or another recipe makes it anew.
const RECIPE: &str = "1";

/// Gives the compiler of a toolchain that was made before and is still good.
pub(crate) fn made_before() -> Option<PathBuf> {
    let prefix = prefix()?;
    let rustc = prefix.join("bin/rustc");
    let same = fs::read_to_string(prefix.join("stamp")).ok()? == stamp()?;
    (same && has_target(&rustc)).then_some(rustc)
}

/// Makes the toolchain and gives its compiler.
pub(crate) fn make() -> Result<PathBuf> {
    let prefix = prefix().context("there is no home directory")?;
    install_packages()?;
    command::timed("standard library for WebAssembly", || {
        command::say("building a standard library for WebAssembly, once; this takes a minute or two");
        let compiler = Compiler::find()?;
        compiler.lay_out(&prefix)?;
        compiler.build_std(&prefix)
    })?;
    let rustc = prefix.join("bin/rustc");
    ensure!(has_target(&rustc), "the library that was built is not found by its compiler");
    fs::write(prefix.join("stamp"), stamp().context("the packages are gone")?)?;
    command::say(&format!("`powerbox plugin build` can use this compiler, too: RUSTC={}", rustc.display()));
    Ok(rustc)
}

/// Gives the folder of the toolchain, in the user's data directory.
fn prefix() -> Option<PathBuf> {
    let data = env::var_os("XDG_DATA_HOME").filter(|path| !path.is_empty()).map(PathBuf::from);
    let data = data.or_else(|| Some(PathBuf::from(env::var_os("HOME")?).join(".local/share")))?;
    Some(data.join("powerbox/wasm-toolchain"))
}

fn stamp() -> Option<String> {
    let source = package_version("rust-web-src")?;
    let compiler = command::output(Command::new(DEBIAN_RUSTC).arg("--version"))?;
    Some(format!("{compiler}, source {source}, recipe {RECIPE}\n"))
}

fn package_version(package: &str) -> Option<String> {
    let format = "${db:Status-Status} ${Version}";
    let answer = command::output(Command::new("dpkg-query").args(["-W", "-f", format, package]))?;
    answer.strip_prefix("installed ").map(str::to_owned)
}

fn install_packages() -> Result<()> {
    let complete = || PACKAGES.iter().all(|name| package_version(name).is_some()) && is_new_enough();
    if complete() && find_linker().is_some() {
        return Ok(());
    }
    ensure!(command::works("apt-get", &["--version"]), "this is no Debian system");
    // Lists that are not of today may name a compiler that is too old.
    apt(&["update", "-qq"])?;
    let mut packages: Vec<String> = PACKAGES.map(str::to_owned).to_vec();
    if find_linker().is_none() {
        packages.push(newest_linker_package());
    }
    command::say(&format!("installing {}", packages.join(" ")));
    let mut arguments = vec!["install", "-y", "-qq", "--no-install-recommends"];
    arguments.extend(packages.iter().map(String::as_str));
    apt(&arguments)?;
    ensure!(complete(), "this system's {} is older than Rust {RUST_NEEDED}", PACKAGES[0]);
    Ok(())
}

/// Tells whether Debian's compiler can build this workspace.
fn is_new_enough() -> bool {
    let numbers =
        |version: &str| -> Vec<u32> { version.split('.').map_while(|part| part.parse().ok()).collect() };
    let about = command::output(Command::new(DEBIAN_RUSTC).arg("--version"));
    let version = about.as_deref().and_then(|about| about.split_whitespace().nth(1));
    version.is_some_and(|version| numbers(version) >= numbers(RUST_NEEDED))
}

fn newest_linker_package() -> String {
    let names = command::output(Command::new("apt-cache").args(["pkgnames", "lld-"])).unwrap_or_default();
    let versions = names.lines().filter_map(|name| name.strip_prefix("lld-")?.parse::<u32>().ok());
    versions.max().map_or_else(|| "lld".to_owned(), |version| format!("lld-{version}"))
}

/// Runs apt-get as root; `sudo` must not ask, for nobody may be there to answer.
fn apt(arguments: &[&str]) -> Result<()> {
    let is_root = command::output(Command::new("id").arg("-u")).is_some_and(|id| id == "0");
    let mut command = if is_root { Command::new("apt-get") } else { Command::new("sudo") };
    if !is_root {
        ensure!(
            command::works("sudo", &["-n", "true"]),
            "only root can install packages; run: sudo apt-get install {} lld",
            PACKAGES.join(" ")
        );
        command.args(["-n", "apt-get"]);
    }
    // apt's own chatter would hide what matters; its errors are shown.
    let output = command.args(arguments).env("DEBIAN_FRONTEND", "noninteractive").output()?;
    if !output.status.success() {
        std::io::stderr().write_all(&output.stderr)?;
        bail!("`apt-get {}` failed", arguments.join(" "));
    }
    Ok(())
}

/// Finds a linker for WebAssembly: the one that comes with rustup's compilers, or LLVM's.
fn find_linker() -> Option<PathBuf> {
    let sysroot = command::output(Command::new("rustc").args(["--print", "sysroot"])).map(PathBuf::from);
    let shipped = sysroot.and_then(|sysroot| {
        let hosts = fs::read_dir(sysroot.join("lib/rustlib")).ok()?;
        hosts.flatten().map(|host| host.path().join("bin/rust-lld")).find(|linker| linker.is_file())
    });
    shipped.or_else(|| {
        let names =
            std::iter::once("wasm-ld".to_owned()).chain((14..40).rev().map(|n| format!("wasm-ld-{n}")));
        let folders: Vec<PathBuf> = env::split_paths(&env::var_os("PATH")?).collect();
        names
            .flat_map(|name| folders.iter().map(move |folder| folder.join(&name)))
            .find(|path| path.is_file())
    })
}

/// Debian's compiler.
struct Compiler {
    host: String,
    libraries: PathBuf,
    source: PathBuf,
    linker: PathBuf,
}

impl Compiler {
    fn find() -> Result<Self> {
        let about = command::output(Command::new(DEBIAN_RUSTC).arg("-vV"));
        let about = about.with_context(|| format!("{DEBIAN_RUSTC} does not run"))?;
        let host = about.lines().find_map(|line| line.strip_prefix("host: "));
        let host = host.context("the compiler does not say what it runs on")?.to_owned();
        let sysroot = command::output(Command::new(DEBIAN_RUSTC).args(["--print", "sysroot"]));
        let rustlib = PathBuf::from(sysroot.context("the compiler has no sysroot")?).join("lib/rustlib");
        let source = rustlib.join("src/rust/library");
        ensure!(source.join("std/Cargo.toml").is_file(), "there is no source in {}", source.display());
        let linker = find_linker().context("there is no linker for WebAssembly (package lld)")?;
        Ok(Self { libraries: rustlib.join(&host).join("lib"), host, source, linker })
    }

    /// Makes a toolchain folder of links to the compiler's parts.
    fn lay_out(&self, prefix: &Path) -> Result<()> {
        let _ = fs::remove_dir_all(prefix);
        let host = prefix.join("lib/rustlib").join(&self.host);
        fs::create_dir_all(prefix.join("bin"))?;
        fs::create_dir_all(host.join("bin"))?;
        symlink(&self.libraries, host.join("lib"))?;
        let linker = host.join("bin/rust-lld");
        if self.linker.ends_with("rust-lld") {
            symlink(&self.linker, &linker)?;
        } else {
            // The compiler calls `rust-lld -flavor wasm …`, but LLVM's own linker has one flavour only.
            let call = quoted(&self.linker);
            script(&linker, &format!("[ \"$1\" = -flavor ] && shift 2\nexec {call} \"$@\""))?;
        }
        let call = format!("exec {} --sysroot {} \"$@\"", quoted(Path::new(DEBIAN_RUSTC)), quoted(prefix));
        script(&prefix.join("bin/rustc"), &call)
    }

    /// Builds the standard library, by way of an empty crate that depends on it.
    fn build_std(&self, prefix: &Path) -> Result<()> {
        let folder = prefix.join("build");
        fs::create_dir_all(folder.join("src"))?;
        fs::write(folder.join("src/lib.rs"), "")?;
        fs::write(
            folder.join("Cargo.toml"),
            "[package]\nname = \"carrier\"\nversion = \"0.0.0\"\nedition = \"2021\"\n\n[workspace]\n\n\
             [profile.release]\npanic = \"abort\"\ncodegen-units = 1\n",
        )?;
        let mut cargo = Command::new(env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
        cargo.current_dir(&folder).args(["build", "--release", "--quiet", "--target", TARGET]);
        cargo.arg("-Zbuild-std=std,panic_abort,proc_macro");
        // The source package has the library's dependencies with it.
        let vendor = self.source.join("vendor");
        if vendor.is_dir() {
            cargo.args(["--offline", "--config", "source.crates-io.replace-with='vendor'", "--config"]);
            cargo.arg(format!("source.vendor.directory='{}'", vendor.display()));
        }
        for inherited in
            ["CARGO_ENCODED_RUSTFLAGS", "CARGO_BUILD_TARGET", "RUSTC_WRAPPER", "RUSTUP_TOOLCHAIN"]
        {
            cargo.env_remove(inherited);
        }
        // Building the library is an unstable feature, which a stable compiler allows for its own library only.
        cargo
            .env("RUSTC_BOOTSTRAP", "1")
            .env("RUSTC", DEBIAN_RUSTC)
            .env("CARGO_TARGET_DIR", folder.join("target"));
        // Plugins are built with link-time optimisation, which needs bitcode of every library.
        cargo.env("RUSTFLAGS", "-Cembed-bitcode=yes");
        command::run(&mut cargo)?;

        let library = prefix.join("lib/rustlib").join(TARGET).join("lib");
        fs::create_dir_all(&library)?;
        for entry in fs::read_dir(folder.join("target").join(TARGET).join("release/deps"))? {
            let entry = entry?;
            let name = entry.file_name();
            let text = name.to_string_lossy();
            if text.ends_with(".rlib") && !text.starts_with("libcarrier-") {
                fs::copy(entry.path(), library.join(&name))?;
            }
        }
        fs::remove_dir_all(&folder)?;
        Ok(())
    }
}

fn script(path: &Path, body: &str) -> Result<()> {
    fs::write(path, format!("#!/bin/sh\n{body}\n"))?;
    fs::set_permissions(path, fs::Permissions::from_mode(0o755))?;
    Ok(())
}

fn quoted(path: &Path) -> String {
    format!("'{}'", path.to_string_lossy().replace('\'', r"'\''"))
}
