//! Facts about the toolchains of this machine.

use std::path::Path;
use std::process::Command;

use super::rust::{self, TARGET};
use super::{node, python};
use crate::project::Language;
use crate::tool;

/// What was found of one thing that building needs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Check {
    /// Which language needs it.
    pub language: Language,
    /// What it is, for instance `cargo`.
    pub name: &'static str,
    /// What was found, or what is wrong.
    pub found: Result<String, String>,
    /// How to mend it; empty if nothing is wrong.
    pub remedy: String,
}

impl Check {
    fn good(language: Language, name: &'static str, found: impl Into<String>) -> Self {
        Self { language, name, found: Ok(found.into()), remedy: String::new() }
    }

    fn bad(language: Language, name: &'static str, problem: &str, remedy: impl Into<String>) -> Self {
        Self { language, name, found: Err(problem.to_owned()), remedy: remedy.into() }
    }
}

/// Looks at the toolchains; `tools` is the folder where those of JavaScript and Python are kept. Installs nothing.
pub fn check(tools: &Path) -> Vec<Check> {
    let mut all = Vec::new();
    let version = |program: &str| tool::output(Command::new(program).arg("--version"));
    let language = Language::Rust;
    all.push(match version("cargo") {
        Some(version) => Check::good(language, "cargo", version),
        None => Check::bad(language, "cargo", "not found", install_hint("cargo")),
    });
    let target = rust::has_target(&rust::compiler()) || super::debian::made_before().is_some();
    all.push(if target {
        Check::good(language, "target", TARGET)
    } else {
        Check::bad(language, "target", "no standard library for it", format!("rustup target add {TARGET}"))
    });

    let language = Language::JavaScript;
    all.push(match version("node") {
        Some(version) if major(&version) >= Some(node::OLDEST) => Check::good(language, "node", version),
        Some(version) => Check::bad(language, "node", &format!("{version} is too old"), install_hint("node")),
        None => Check::bad(language, "node", "not found", install_hint("node")),
    });
    all.push(match version("npm") {
        Some(version) => Check::good(language, "npm", version),
        None => Check::bad(language, "npm", "not found", install_hint("npm")),
    });
    all.push(installed_or_later(language, "componentize-qjs", node::VERSION, node::is_installed(tools)));

    let language = Language::Python;
    all.push(match version("python3") {
        Some(version) if !tool::works("python3", &["-c", "import venv, ensurepip"]) => {
            Check::bad(language, "python3", &format!("{version} has no venv"), install_hint("python3"))
        }
        Some(version) => Check::good(language, "python3", version),
        None => Check::bad(language, "python3", "not found", install_hint("python3")),
    });
    all.push(installed_or_later(language, "componentize-py", python::VERSION, python::is_installed(tools)));
    all
}

fn installed_or_later(language: Language, name: &'static str, version: &str, there: bool) -> Check {
    let when = if there { "" } else { ", got by the first build" };
    Check::good(language, name, format!("{version}{when}"))
}

fn major(version: &str) -> Option<u32> {
    version.trim_start_matches('v').split('.').next()?.parse().ok()
}

/// How to get a program.
pub(crate) fn install_hint(program: &str) -> String {
    match program {
        "cargo" => "install Rust 1.95 or later: https://rustup.rs".to_owned(),
        "node" | "npm" => format!(
            "install Node.js {} or later with npm; on Debian: apt-get install nodejs npm",
            node::OLDEST
        ),
        "python3" => {
            "install Python 3.10 or later with venv; on Debian: apt-get install python3 python3-venv"
                .to_owned()
        }
        _ => format!("install `{program}` and put it on the search path"),
    }
}
