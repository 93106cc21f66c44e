//! How to get the tools that build plugins.
//!
//! Builds and `powerbox doctor` give the same advice. Neither installs anything outside of the project: which packages a
//! machine has is for its owner to decide.

use crate::tool;

/// For Rust, where there is none.
pub(crate) const RUST: &str = "install rustup (https://rustup.rs; on Debian 13 or later: apt-get install rustup), then: rustup default stable && rustup target add wasm32-unknown-unknown";
/// For plugins in JavaScript.
pub(crate) const NODE: &str = "install Node.js 18 or later with npm (on Debian: apt-get install nodejs npm)";
/// For plugins in Python.
pub(crate) const PYTHON: &str =
    "install Python 3.10 or later with venv (on Debian: apt-get install python3 python3-venv)";

const TARGET_BY_RUSTUP: &str = "run: rustup target add wasm32-unknown-unknown";
const TARGET_BY_PACKAGES: &str = "install the library that belongs to the system's own rustc (on Debian: apt-get install libstd-rust-dev-wasm32 lld; on Fedora: dnf install rust-std-static-wasm32-unknown-unknown lld; on Arch Linux: pacman -S rust-wasm lld), or rustup (https://rustup.rs), then: rustup target add wasm32-unknown-unknown";

/// For a Rust that cannot build for WebAssembly.
pub(crate) fn target() -> &'static str {
    if tool::works("rustup", &["--version"]) { TARGET_BY_RUSTUP } else { TARGET_BY_PACKAGES }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::toolchain::TARGET;

    #[test]
    fn the_advice_names_the_target_that_is_built_for() {
        for advice in [RUST, TARGET_BY_RUSTUP, TARGET_BY_PACKAGES] {
            assert!(advice.ends_with(&format!("rustup target add {TARGET}")), "{advice}");
        }
    }
}
