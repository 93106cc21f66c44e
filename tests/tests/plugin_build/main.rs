//! `plugin new` and `plugin build`: each template becomes a component that runs, the same sources become the same
//! component, and what is wrong in a source is told with its place.
//!
//! JavaScript and Python need Node.js and Python with `venv` on the machine, and their registries the first time.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test fails by panicking, in its helpers too"
)]

use std::fs;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use powerbox_tests::powerbox::Powerbox;
use powerbox_tests::program::{Finished, Running};
use serde_json::Value;

/// Longer than the first build of a project takes on a busy machine, its tools and crates got from the network.
const LIMIT: Duration = Duration::from_secs(400);

/// What a person sees of `count` over three names.
const COUNTED: &str = "BEGINS WITH  NAMES\nplan         1\ntodo         2\n(all)        3\n";

/// An author of plugins, with a compiler and a home of their own.
struct Author(Powerbox);

impl Author {
    fn new() -> Self {
        let user = Powerbox::embedded().unwrap();
        // Tools are got once for all tests, and kept beside what else was built.
        let tools = std::env::current_exe().unwrap().ancestors().nth(3).unwrap().join("tools");
        fs::create_dir_all(&tools).unwrap();
        fs::create_dir_all(user.path("cache/powerbox")).unwrap();
        symlink(tools, user.path("cache/powerbox/tools")).unwrap();
        Self(user)
    }

    fn run(&self, folder: &str, words: &[&str]) -> Finished {
        let mut command = self.0.command(words).unwrap();
        with_toolchains(&mut command).current_dir(self.0.path(folder));
        Running::start(&mut command).unwrap().finish(LIMIT).unwrap()
    }

    fn ok(&self, folder: &str, words: &[&str]) -> String {
        let finished = self.run(folder, words);
        assert_eq!(finished.status, Some(0), "{words:?}: {finished:?}");
        finished.stdout
    }

    /// Writes a project from a template.
    fn begin(&self, folder: &str, language: &str) {
        self.ok("", &["plugin", "new", "count-names", "--lang", language, "--path", folder]);
    }

    fn build(&self, folder: &str) -> Value {
        serde_json::from_str(&self.ok(folder, &["plugin", "build", "--json"])).unwrap()
    }

    /// Changes a file of a project.
    fn edit(&self, file: &str, from: &str, to: &str) {
        let path = self.0.path(file);
        let text = fs::read_to_string(&path).unwrap();
        assert!(text.contains(from), "{from:?} is not in {file}");
        fs::write(path, text.replace(from, to)).unwrap();
    }

    /// Installs the component, and counts names both ways: those of the slot, and those that the user names.
    fn use_it(&self, component: &Value, slot: &str) {
        self.0.ok(&["mkdir", "notes"]).unwrap();
        for name in ["notes/todo-1", "notes/todo-2", "notes/plan.txt"] {
            self.0.ok(&["store", name, "--text", "x"]).unwrap();
        }
        let bind = format!("{slot}=notes");
        let component = component["component"].as_str().unwrap();
        self.0.ok(&["plugin", "install", component, "--yes", "--bind", &bind]).unwrap();
        assert_eq!(self.0.ok(&["count"]).unwrap(), COUNTED);
        assert_eq!(self.0.ok(&["count", "notes"]).unwrap(), COUNTED);
        let finished = self.0.run(&["count", "nothing"]).unwrap();
        assert!(finished.stderr.contains("there is nothing named `nothing`"), "{finished:?}");
    }

    /// Puts the commands of `kinds.*` in place of a project's own, and runs each.
    fn use_kinds(&self, folder: &str, file: &str, source: &str) {
        fs::write(self.0.path(&format!("{folder}/{file}")), source).unwrap();
        let component = self.build(folder)["component"].as_str().unwrap().to_owned();
        self.0.ok(&["plugin", "install", &component, "--yes"]).unwrap();
        let all = ["say-all", "a", "b", "--how-loud", "high", "-s", "--times", "3", "--within", "2s"];
        assert_eq!(self.0.ok(&all).unwrap(), "[[\"a\",\"b\"],\"high\",3,true,2000000000]\n");
        assert_eq!(self.0.ok(&["all", "x"]).unwrap(), "[[\"x\"],\"low\",null,false,null]\n");
        let finished = self.0.run_with(&["size", "-"], b"four").unwrap();
        assert!(finished.stderr.contains("4 bytes") || finished.stdout.contains("4 bytes"), "{finished:?}");
        self.0.ok(&["keep", "kept", r#"{"a":[1,null]}"#]).unwrap();
        assert_eq!(self.0.ok(&["show", "kept"]).unwrap(), "{ a: [1, null] }\n");
        assert_eq!(self.0.ok(&["overstep", "kept"]).unwrap(), "denied\n");
        for (command, said) in [("err", "Error: "), ("refuse", "this cannot be")] {
            let finished = self.0.run(&[command]).unwrap();
            assert!(finished.status != Some(0) && finished.stderr.contains(said), "{finished:?}");
        }
    }

    /// Runs a test runner of the language's own in a project.
    fn test(&self, folder: &str, program: &str, arguments: &[&str]) {
        let mut command = Command::new(program);
        let output = command.args(arguments).current_dir(self.0.path(folder)).output().unwrap();
        assert!(output.status.success(), "{output:?}");
    }
}

/// Hands on where compilers and registries are, which a home of one's own would hide.
fn with_toolchains(command: &mut Command) -> &mut Command {
    let home = PathBuf::from(std::env::var_os("HOME").unwrap());
    for (variable, folder) in [("CARGO_HOME", ".cargo"), ("RUSTUP_HOME", ".rustup")] {
        let folder = std::env::var_os(variable).map_or(home.join(folder), PathBuf::from);
        if folder.exists() {
            command.env(variable, folder);
        }
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
    command
}

/// Tells whether the machine has a program; says so if not, since then a test proves nothing.
fn is_there(program: &str, arguments: &[&str]) -> bool {
    let there = Command::new(program).args(arguments).output().is_ok_and(|output| output.status.success());
    if !there {
        eprintln!("NOT RUN: this machine has no `{program} {}`", arguments.join(" "));
    }
    there
}

fn about(author: &Author, component: &Value) -> Value {
    let component = component["component"].as_str().unwrap();
    serde_json::from_str(&author.0.ok(&["plugin", "inspect", component, "--json"]).unwrap()).unwrap()
}

#[test]
fn a_rust_plugin_is_made_built_used_and_built_the_same_elsewhere() {
    let author = Author::new();
    author.begin("one", "rust");
    let built = author.build("one");
    author.use_it(&built, "inventory");
    assert_eq!(about(&author, &built)["slots"][0]["slot"], "inventory");
    let again = author.build("one");
    assert_eq!((&again["digest"], &again["changed"]), (&built["digest"], &false.into()));

    author.begin("deeper/two", "rust");
    assert_eq!(author.build("deeper/two")["digest"], built["digest"], "the folder does not matter");

    author.edit("one/src/lib.rs", "names.len()", "names.length()");
    let finished = author.run("one", &["plugin", "build"]);
    assert_eq!(finished.status, Some(1));
    assert!(finished.stderr.contains("src/lib.rs:28:"), "{}", finished.stderr);
    let component = Path::new(built["component"].as_str().unwrap());
    assert_eq!(fs::metadata(component).unwrap().len(), built["size"].as_u64().unwrap(), "the old one stays");
}

#[test]
fn a_javascript_plugin_is_made_built_used_and_built_the_same_elsewhere() {
    if !is_there("node", &["--version"]) || !is_there("npm", &["--version"]) {
        return;
    }
    let author = Author::new();
    author.begin("one", "javascript");
    author.test("one", "node", &["--test", "tests/"]);
    let built = author.build("one");
    author.use_it(&built, "endo:daemon/directory@0.1.0");
    let imports = about(&author, &built)["imports"].to_string();
    assert!(!imports.contains("wasi:"), "the engine's own imports stay inside: {imports}");

    author.begin("deeper/two", "js");
    assert_eq!(author.build("deeper/two")["digest"], built["digest"], "the folder does not matter");

    author.edit("deeper/two/package.json", r#""source""#, r#""wasi": "virtual", "source""#);
    let virtual_wasi = author.build("deeper/two");
    let imports = about(&author, &virtual_wasi)["imports"].to_string();
    assert!(
        imports.contains("wasi:clocks/wall-clock"),
        "they are imports if the author asks for it: {imports}"
    );

    author.begin("kinds", "javascript");
    author.use_kinds("kinds", "src/plugin.js", include_str!("kinds.js"));

    author.edit("one/src/plugin.js", "details:", "details");
    let finished = author.run("one", &["plugin", "build"]);
    assert_eq!(finished.status, Some(1));
    assert!(finished.stderr.contains("src/plugin.js:9:"), "{}", finished.stderr);
}

#[test]
fn a_python_plugin_is_made_built_and_used_and_is_built_anew_only_if_it_changed() {
    if !is_there("python3", &["-c", "import venv, ensurepip"]) {
        return;
    }
    let author = Author::new();
    author.begin("one", "python");
    author.test("one", "python3", &["-m", "unittest", "discover", "tests"]);
    let built = author.build("one");
    author.use_it(&built, "endo:daemon/directory@0.1.0");
    let imports = about(&author, &built)["imports"].to_string();
    assert!(!imports.contains("wasi:"), "the engine's own imports stay inside: {imports}");
    let again = author.build("one");
    assert_eq!((&again["digest"], &again["changed"]), (&built["digest"], &false.into()));

    author.begin("kinds", "python");
    author.use_kinds("kinds", "src/app.py", include_str!("kinds.py"));

    author.edit("one/src/app.py", "def count(where:", "def count(where");
    let finished = author.run("one", &["plugin", "build"]);
    assert_eq!(finished.status, Some(1));
    assert!(finished.stderr.contains("src/app.py\", line 11"), "{}", finished.stderr);
}

#[test]
fn what_cannot_be_made_says_what_to_do() {
    let author = Author::new();
    for (words, status, said) in [
        (vec!["plugin", "new", "Bad_Name", "--lang", "js"], 2, "single hyphens"),
        (vec!["plugin", "new", "x", "--lang", "cobol"], 2, "possible values: rust, javascript, python"),
        (vec!["plugin", "new", "x", "--lang", "py", "--path", "."], 1, "is not empty"),
        (vec!["plugin", "build"], 1, "`powerbox plugin new` writes a project"),
        (vec!["plugin", "build", "nowhere"], 1, "cannot read nowhere"),
    ] {
        let finished = author.run("", &words);
        assert_eq!(finished.status, Some(status), "{words:?}: {finished:?}");
        assert!(finished.stderr.contains(said), "{words:?}: {finished:?}");
    }
}
