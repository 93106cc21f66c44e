//! A compiler for WebAssembly: one that is there, or one that is got.

use std::path::PathBuf;
use std::process::Command;

use anyhow::{Result, bail};
use powerbox_builder::toolchain::{self, TARGET, has_target, rustc};

use crate::{command, debian};

/// A compiler that has the target of plugins.
#[derive(Debug)]
pub(crate) struct WasmCompiler {
    /// The compiler, if it is not the one that cargo uses anyway.
    made: Option<PathBuf>,
}

impl WasmCompiler {
    /// Finds or gets one, in this order: cargo's own, one that was made before, rustup's target, Debian's packages.
    pub(crate) fn find() -> Result<Self> {
        let rustc = rustc();
        if has_target(&rustc) {
            return Ok(Self { made: None });
        }
        if let Some(made) = debian::made_before() {
            return Ok(Self { made: Some(made) });
        }
        if command::works("rustup", &["--version"]) {
            command::say(&format!("adding the target {TARGET} with rustup"));
            let added = Command::new("rustup").args(["target", "add", TARGET]).status();
            if added.is_ok_and(|status| status.success()) && has_target(&rustc) {
                return Ok(Self { made: None });
            }
        }
        match debian::make() {
            Ok(made) => Ok(Self { made: Some(made) }),
            Err(why) => bail!("there is no compiler for {TARGET} ({why:#}); {}", toolchain::rust().remedy),
        }
    }

    /// Makes cargo build with it.
    pub(crate) fn apply(&self, cargo: &mut Command) {
        if let Some(rustc) = &self.made {
            cargo.env("RUSTC", rustc).env_remove("RUSTC_WRAPPER").env_remove("RUSTC_WORKSPACE_WRAPPER");
        }
    }

    /// Makes tests that build plugins use it. They are built with cargo's own compiler themselves.
    pub(crate) fn apply_to_tests(&self, cargo: &mut Command) {
        if let Some(rustc) = &self.made {
            cargo.env("POWERBOX_TEST_RUSTC", rustc);
        }
    }
}
