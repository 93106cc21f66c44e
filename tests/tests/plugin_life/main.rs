//! A plugin author's day in each language: new, build, test, dev with an edit, install, update with grown imports, remove.
//!
//! JavaScript and Python need Node.js and Python with `venv`, and their registries the first time.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test fails by panicking, in its helpers too"
)]

use std::io::{BufRead as _, BufReader};
use std::path::PathBuf;
use std::process::{ChildStdout, Command};
use std::sync::mpsc::{Receiver, channel};
use std::time::{Duration, Instant};

use powerbox_tests::powerbox::Powerbox;
use powerbox_tests::program::{Finished, Running};
use rustix::process::Signal;
use serde_json::Value;

/// Longer than the first build of a project takes on a busy machine, its tools and crates got from the network.
const LIMIT: Duration = Duration::from_secs(300);

/// What differs between the languages.
struct Language {
    name: &'static str,
    /// The slot of the template, as a user names it.
    slot: &'static str,
    /// A source, and an edit of it after which the command says `NAMES` instead of `names`.
    edit: (&'static str, &'static str, &'static str),
    /// An edit that no toolchain takes.
    broken: (&'static str, &'static str, &'static str),
    /// Edits after which it imports the clock, too, and calls itself 0.2.0.
    more: &'static [(&'static str, &'static str, &'static str)],
    /// Edits after which it brings WASI along and reads its clock, where the language can; then it says `late` too.
    wasi: &'static [(&'static str, &'static str, &'static str)],
    /// The tests of the template that need no host.
    own_tests: &'static [&'static str],
}

const WIT: &str = "wit/tally.wit";

const RUST: Language = Language {
    name: "rust",
    slot: "inventory",
    edit: ("src/tally.rs", "{count} names\"", "{count} NAMES\""),
    broken: ("src/tally.rs", "match names", "match nmaes"),
    more: &[
        ("src/lib.rs", "let names = match", "powerbox_sdk::clock::now()?;\n    let names = match"),
        ("Cargo.toml", "version = \"0.1.0\"", "version = \"0.2.0\""),
    ],
    wasi: &[],
    own_tests: &["cargo", "test", "--quiet"],
};

const JAVASCRIPT: Language = Language {
    name: "javascript",
    slot: "directory",
    edit: ("src/tally.js", "${count} names`", "${count} NAMES`"),
    broken: ("src/tally.js", "const count =", "const count = ="),
    more: &[
        (WIT, "  export", "  import powerbox:plugin/clock@0.1.0;\n  export"),
        (
            "src/plugin.js",
            "import { tally }",
            "import { now } from 'powerbox:plugin/clock@0.1.0';\nimport { tally }",
        ),
        ("src/plugin.js", "const names =", "now();\n      const names ="),
        ("package.json", "\"version\": \"0.1.0\"", "\"version\": \"0.2.0\""),
    ],
    wasi: &[
        ("package.json", "\"src/plugin.js\"", "\"src/plugin.js\",\n    \"wasi\": \"virtual\""),
        ("src/plugin.js", "prefix ?? '')", "prefix ?? '') + (Date.now() > 1.7e12 ? ' late' : '')"),
    ],
    own_tests: &["npm", "test"],
};

const PYTHON: Language = Language {
    name: "python",
    slot: "directory",
    edit: ("src/tally.py", "{count} names\"", "{count} NAMES\""),
    broken: ("src/tally.py", "count = sum(", "count = sum((("),
    more: &[
        (WIT, "  export", "  import powerbox:plugin/clock@0.1.0;\n  export"),
        (
            "src/app.py",
            "from wit_world.imports import directory",
            "from wit_world.imports import clock\nfrom wit_world.imports import directory",
        ),
        ("src/app.py", "    names =", "    clock.now()\n    names ="),
        ("pyproject.toml", "version = \"0.1.0\"", "version = \"0.2.0\""),
    ],
    wasi: &[
        ("pyproject.toml", "\"src/app.py\"", "\"src/app.py\"\nwasi = \"virtual\""),
        ("src/app.py", "from tally import tally", "import time\nfrom tally import tally"),
        ("src/app.py", "prefix or \"\")", "prefix or \"\") + (\" late\" if time.time() > 1.7e9 else \"\")"),
    ],
    own_tests: &["python3", "-m", "unittest", "discover", "-s", "tests"],
};

/// An author, with a home and a project of his own.
struct Author(Powerbox);

impl Author {
    fn command(&self, words: &[&str]) -> Command {
        let mut command = self.0.command(words).unwrap();
        with_toolchains(&mut command);
        if self.0.path("tally").exists() {
            command.current_dir(self.0.path("tally"));
        }
        command
    }

    fn run(&self, words: &[&str]) -> Finished {
        Running::start(&mut self.command(words)).unwrap().finish(LIMIT).unwrap()
    }

    fn ok(&self, words: &[&str]) -> Finished {
        let finished = self.run(words);
        assert_eq!(finished.status, Some(0), "{words:?}: {finished:?}");
        finished
    }

    /// What the command says.
    fn tally(&self) -> String {
        self.ok(&["tally", "notes"]).stderr.trim().to_owned()
    }

    fn edit(&self, (file, from, to): (&str, &str, &str)) {
        let path = self.0.path("tally").join(file);
        let text = std::fs::read_to_string(&path).unwrap();
        assert!(text.contains(from), "{from:?} is not in {file}");
        std::fs::write(path, text.replacen(from, to, 1)).unwrap();
    }
}

/// Hands on where compilers and registries are, which a home of one's own would hide.
fn with_toolchains(command: &mut Command) {
    let home = PathBuf::from(std::env::var_os("HOME").unwrap());
    for (variable, folder) in [("CARGO_HOME", ".cargo"), ("RUSTUP_HOME", ".rustup")] {
        let folder = std::env::var_os(variable).map_or(home.join(folder), PathBuf::from);
        if folder.exists() {
            command.env(variable, folder);
        }
    }
    // Set by `cargo xtask test` where cargo's own compiler cannot build for WebAssembly.
    if let Some(rustc) = std::env::var_os("POWERBOX_TEST_RUSTC") {
        command.env("RUSTC", rustc);
    }
    if home.join(".npmrc").exists() {
        command.env("NPM_CONFIG_USERCONFIG", home.join(".npmrc"));
    }
    let about_networks =
        ["PIP_", "npm_config_", "NPM_CONFIG_", "SSL_", "NODE_EXTRA_", "http", "HTTP", "CARGO_HTTP_"];
    for (key, value) in std::env::vars_os() {
        if about_networks.iter().any(|start| key.to_string_lossy().starts_with(start)) {
            command.env(key, value);
        }
    }
}

/// `powerbox dev`, as a program follows it.
struct Dev {
    running: Running,
    events: Receiver<Value>,
}

impl Dev {
    fn start(author: &Author, bind: &str) -> Self {
        let mut running =
            Running::start(&mut author.command(&["dev", "--yes", "--json", "--bind", bind])).unwrap();
        let stdout: ChildStdout = running.child().unwrap().stdout.take().unwrap();
        let (sender, events) = channel();
        std::thread::spawn(move || {
            for line in BufReader::new(stdout).lines() {
                let Ok(event) = line.map(|line| serde_json::from_str(&line).unwrap()) else { return };
                if sender.send(event).is_err() {
                    return;
                }
            }
        });
        Self { running, events }
    }

    /// Waits for an event of a kind.
    fn wait(&self, kind: &str) -> Value {
        let mut seen = Vec::new();
        loop {
            let event =
                self.events.recv_timeout(LIMIT).unwrap_or_else(|_| panic!("no {kind} after {seen:?}"));
            if event["event"] == kind {
                return event;
            }
            seen.push(event);
        }
    }
}

fn is_there(program: &str, arguments: &[&str]) -> bool {
    let there = Command::new(program).args(arguments).output().is_ok_and(|output| output.status.success());
    if !there {
        eprintln!("NOT RUN: this machine has no `{program} {}`", arguments.join(" "));
    }
    there
}

fn live(language: &Language) {
    let author = Author(Powerbox::embedded().unwrap());
    author.ok(&["mkdir", "notes"]);
    for name in ["notes/plan", "notes/todo"] {
        author.ok(&["store", name, "--text", "x"]);
    }
    let bind = format!("{}=notes", language.slot);

    // New, build, test.
    author.ok(&["plugin", "new", "tally", "--lang", language.name]);
    let built: Value = serde_json::from_str(&author.ok(&["plugin", "build", "--json"]).stdout).unwrap();
    assert!(built["component"].as_str().unwrap().ends_with("dist/tally.wasm"), "{built}");
    let again: Value = serde_json::from_str(&author.ok(&["plugin", "build", "--json"]).stdout).unwrap();
    // QuickJS's random seeds are in the component, so each build in JavaScript has another digest.
    if language.name != "javascript" {
        assert_eq!((&again["digest"], &again["changed"]), (&built["digest"], &Value::Bool(false)));
    }
    if language.name == "rust" {
        // Builds in Rust are reproducible in another folder, too.
        let elsewhere = author.0.path("some/where/else");
        std::fs::create_dir_all(&elsewhere).unwrap();
        for (folder, words) in [
            (elsewhere.clone(), &["plugin", "new", "tally", "--lang", language.name][..]),
            (elsewhere.join("tally"), &["plugin", "build", "--json"]),
        ] {
            let mut command = author.command(words);
            let finished = Running::start(command.current_dir(folder)).unwrap().finish(LIMIT).unwrap();
            assert_eq!(finished.status, Some(0), "{finished:?}");
            if words.contains(&"build") {
                let other: Value = serde_json::from_str(&finished.stdout).unwrap();
                assert_eq!(other["digest"], built["digest"]);
            }
        }
    }
    assert!(author.ok(&["plugin", "test"]).stdout.contains("1 passed, 0 failed"));
    let (program, arguments) = language.own_tests.split_first().unwrap();
    let own = Command::new(program).args(arguments).current_dir(author.0.path("tally")).output().unwrap();
    assert!(own.status.success(), "{own:?}");

    // Dev: an edit is live for another process, a broken one leaves the old version, and at the end all is as before.
    let dev = Dev::start(&author, &bind);
    dev.wait("live");
    assert_eq!(author.tally(), "2 names");
    assert_eq!(dev.wait("ran")["command"], "tally");
    author.edit(language.edit);
    let live = dev.wait("live");
    assert!(live["sinceSavedMillis"].as_f64().unwrap() > live["buildMillis"].as_f64().unwrap(), "{live}");
    assert_eq!(author.tally(), "2 NAMES");
    author.edit(language.broken);
    let failed = dev.wait("failed");
    assert!(failed["said"].as_str().unwrap().contains("tally"), "{failed}");
    assert_eq!(author.tally(), "2 NAMES");
    let (file, from, to) = language.broken;
    author.edit((file, to, from));
    dev.running.signal(Signal::INT).unwrap();
    dev.wait("ended");
    assert_eq!(dev.running.finish(LIMIT).unwrap().status, Some(0));
    assert_eq!(author.run(&["tally"]).status, Some(2), "it is still there");

    // Even if it is killed: whoever comes next puts things back.
    if language.name == "javascript" {
        let dev = Dev::start(&author, &bind);
        dev.wait("live");
        assert_eq!(author.tally(), "2 NAMES");
        dev.running.signal(Signal::KILL).unwrap();
        dev.running.finish(LIMIT).unwrap();
        assert_eq!(author.run(&["tally"]).status, Some(2), "it is still there");
    }

    // Install; then a version that imports more is held until that is granted.
    author.ok(&["plugin", "build"]);
    author.ok(&["plugin", "install", "dist/tally.wasm", "--yes", "--bind", &bind]);
    assert_eq!(author.tally(), "2 NAMES");
    for edit in language.more {
        author.edit(*edit);
    }
    author.ok(&["plugin", "build"]);
    // A new version is compiled aside, for which no command waits long: those that come meanwhile run the old one.
    let begun = Instant::now();
    loop {
        let warned = author.ok(&["tally", "notes"]);
        assert!(warned.stderr.contains("2 NAMES"), "{warned:?}");
        if warned.stderr.contains("asks for more") {
            break;
        }
        assert!(begun.elapsed() < LIMIT, "the new version is not considered: {warned:?}");
    }
    let held = author.run(&["plugin", "update", "tally", "--yes"]);
    assert!(held.status == Some(3) && held.stderr.contains("clock"), "{held:?}");
    let version = |author: &Author| {
        let listed = author.ok(&["plugin", "list", "--json"]).stdout;
        let listed: Value = serde_json::from_str(&listed).unwrap();
        let row = listed.as_array().unwrap().iter().find(|row| row["name"] == "tally").unwrap().clone();
        row["version"].as_str().unwrap().to_owned()
    };
    assert_eq!(version(&author), "0.1.0");
    author.ok(&["plugin", "update", "tally", "--accept-new-imports"]);
    assert_eq!(version(&author), "0.2.0");
    assert_eq!(author.tally(), "2 NAMES");

    // WASI is one more thing that is held until it is granted, and gone when it is taken back.
    if !language.wasi.is_empty() {
        language.wasi.iter().for_each(|edit| author.edit(*edit));
        author.ok(&["plugin", "build"]);
        let held = author.run(&["plugin", "update", "tally", "--yes"]);
        assert!(held.status == Some(3) && held.stderr.contains("virtual WASI"), "{held:?}");
        // Which command tells of it depends on how long the new version is compiled.
        let said = author.tally();
        assert!(said.ends_with("2 NAMES"), "{said}");
        author.ok(&["plugin", "update", "tally", "--accept-new-imports"]);
        assert_eq!(author.tally(), "2 NAMES late");
        let grants: Value =
            serde_json::from_str(&author.ok(&["grant", "list", "tally", "--json"]).stdout).unwrap();
        let wasi = grants.as_array().unwrap().iter().find(|grant| grant["slot"] == "wasi").unwrap();
        author.ok(&["grant", "revoke", &wasi["id"].to_string(), "--yes"]);
        assert!(author.run(&["tally", "notes"]).stderr.contains("the grant was revoked"));
    }

    // Remove.
    author.ok(&["plugin", "remove", "tally"]);
    assert_eq!(author.run(&["tally"]).status, Some(2));
}

#[test]
fn a_plugin_in_rust() {
    live(&RUST);
}

#[test]
fn a_build_without_the_compilers_target_says_how_to_install_it() {
    let author = Author(Powerbox::embedded().unwrap());
    author.ok(&["plugin", "new", "tally", "--lang", "rust"]);
    // It has a version, but no library for WebAssembly.
    let mut build = author.command(&["plugin", "build"]);
    let finished = Running::start(build.env("RUSTC", "/bin/true")).unwrap().finish(LIMIT).unwrap();
    assert_eq!(finished.status, Some(1), "{finished:?}");
    let (error, hint) = finished.stderr.split_once("hint: ").unwrap();
    assert!(error.contains("/bin/true has no standard library for wasm32-unknown-unknown"), "{error}");
    assert!(hint.contains("rustup target add wasm32-unknown-unknown"), "{hint}");
}

#[test]
fn a_plugin_in_javascript() {
    if is_there("node", &["--version"]) && is_there("npm", &["--version"]) {
        live(&JAVASCRIPT);
    }
}

#[test]
fn a_plugin_in_python() {
    if is_there("python3", &["-c", "import venv, ensurepip"]) {
        live(&PYTHON);
    }
}
