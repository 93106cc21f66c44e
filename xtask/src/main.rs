//! The build tool: `cargo xtask build`, `run`, `test`, `bench`, `check`, `components`.
//!
//! It does what cargo does not know of: building plugins for WebAssembly with whatever toolchain the machine has,
//! making components of them, and bringing everything together for runs, tests and benches. It knows nothing of what
//! the program does.

use std::process::ExitCode;

use anyhow::{Result, bail};

mod advisories;
mod bench;
mod check;
mod command;
mod components;
mod debian;
mod fuzz;
mod host;
mod licences;
mod npm;
mod plugins;
mod reference;
mod test;
mod wasm_compiler;
mod workspace;

use workspace::Workspace;

const USAGE: &str = "\
Usage: cargo xtask COMMAND

  build [--release]                  build the plugin components and the program
  run [--release] [ARGUMENTS…]       build, then start the program; without arguments it opens the prompt
  test [--endo SOCKET] [FILTERS…]    run all tests; with --endo the storage tests, against a running Endo daemon
  bench NAME [--json]                compare with peers: captp, invoke, cli, membrane, reload
  fuzz [--seconds N] [TARGETS…]      fuzz bridge, manifest and caveats, a minute each; needs a C++ compiler
  advisories FOLDER DAY              write xtask/advisories.toml anew from a checkout of rustsec/advisory-db
  reference                          write docs/reference anew from the WIT
  check                              formatting, lints, licences and advisories, as CI checks them
  components                         build the plugin components only, into target/components
";

fn main() -> ExitCode {
    if let Some(code) = fuzz::as_compiler() {
        return code;
    }
    match dispatch(std::env::args().skip(1).collect()) {
        Ok(code) => code,
        Err(error) => {
            eprintln!("xtask: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn dispatch(mut arguments: Vec<String>) -> Result<ExitCode> {
    if arguments.is_empty() {
        eprint!("{USAGE}");
        return Ok(ExitCode::from(2));
    }
    let (name, rest) = (arguments.remove(0), arguments);
    let workspace = Workspace::find()?;
    match name.as_str() {
        "build" => host::build(&workspace, host::Profile::take(rest)?)?,
        "run" => host::run(&workspace, rest)?,
        "test" => test::run(&workspace, rest)?,
        "bench" => bench::run(&workspace, rest)?,
        "fuzz" => fuzz::run(&workspace, rest)?,
        "check" => check::run(&workspace)?,
        "advisories" => advisories::write(&workspace, &rest)?,
        "reference" => reference::run(&workspace, false)?,
        "components" => {
            components::build(&workspace)?;
        }
        "help" | "-h" | "--help" => print!("{USAGE}"),
        _ => bail!("there is no command {name:?}\n\n{USAGE}"),
    }
    Ok(ExitCode::SUCCESS)
}
