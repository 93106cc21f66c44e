//! Puts into the crate what projects outside this repository are built with: the SDKs, the contract, the templates.
#![allow(clippy::expect_used, clippy::panic, reason = "a build that cannot go on stops")]

use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::{env, fs};

/// The folders that are carried, and where they are laid out in a project's `.powerbox` or, for templates, by language.
const CARRIED: [(&str, &str); 12] = [
    ("sdk/rust", "sdk/rust"),
    ("sdk/macros", "sdk/macros"),
    ("host/passable", "sdk/passable"),
    ("sdk/testing/rust", "sdk/testing"),
    // Both crates have it beside them, as a link in this repository.
    ("wit", "sdk/rust/wit"),
    ("wit", "sdk/macros/wit"),
    ("wit", "wit"),
    ("sdk/javascript", "javascript"),
    ("sdk/python", "python"),
    ("sdk/testing/node", "testing"),
    ("sdk/testing/python", "testing"),
    ("sdk/templates", "templates"),
];

/// The members of the small workspace that the SDK is outside this repository.
const MEMBERS: [(&str, &str); 4] = [
    ("powerbox-passable", "passable"),
    ("powerbox-sdk", "rust"),
    ("powerbox-sdk-macros", "macros"),
    ("powerbox-sdk-testing", "testing"),
];

/// What may be missing: the clients of the test runner, which are made apart from this crate.
fn is_there(root: &Path, folder: &str) -> bool {
    !folder.starts_with("sdk/testing/") || root.join(folder).is_dir()
}

fn main() {
    let root = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../..");
    let out = PathBuf::from(env::var_os("OUT_DIR").expect("cargo sets it"));
    let mut files = Vec::new();
    for (from, to) in CARRIED.into_iter().filter(|(from, _)| is_there(&root, from)) {
        let from = root.join(from);
        println!("cargo::rerun-if-changed={}", from.display());
        walk(&from, Path::new(to), &mut files);
    }
    let workspace = out.join("workspace.toml");
    println!("cargo::rerun-if-changed={}", root.join("Cargo.toml").display());
    fs::write(&workspace, small_workspace(&root)).expect("the output folder can be written");
    files.push((PathBuf::from("sdk/Cargo.toml"), workspace));
    files.sort();
    let mut code = "/// Every file that is carried, by its place.\n#[rustfmt::skip]\npub(crate) static FILES: &[(&str, &[u8])] = &[\n".to_owned();
    for (to, from) in files {
        let from = fs::canonicalize(&from).expect("it was just found");
        writeln!(
            code,
            "    ({:?}, include_bytes!({:?})),",
            to.display().to_string(),
            from.display().to_string()
        )
        .expect("text can grow");
    }
    code.push_str("];\n");
    fs::write(out.join("files.rs"), code).expect("the output folder can be written");
    steady(&out);
}

/// Finds the files of a folder. Links are left out, and so is what tools leave behind.
fn walk(from: &Path, to: &Path, files: &mut Vec<(PathBuf, PathBuf)>) {
    for entry in fs::read_dir(from).expect("the folder is a part of the repository") {
        let entry = entry.expect("it can be read");
        let name = entry.file_name();
        if ["target", "node_modules", "__pycache__", ".powerbox", "dist"].iter().any(|left| name == *left) {
            continue;
        }
        let kind = entry.file_type().expect("it can be read");
        if kind.is_dir() {
            walk(&entry.path(), &to.join(&name), files);
        } else if kind.is_file() {
            files.push((to.join(&name), entry.path()));
        }
    }
}

/// Writes the manifest of a workspace that has just the SDK: this repository's, without everything else.
fn small_workspace(root: &Path) -> String {
    let text = fs::read_to_string(root.join("Cargo.toml")).expect("the workspace has a manifest");
    let mut whole: toml::Table = text.parse().expect("cargo has read it");
    let Some(toml::Value::Table(mut workspace)) = whole.remove("workspace") else {
        panic!("it is a workspace")
    };
    let member = |place: &&(&str, &str)| {
        let mut carried = CARRIED.iter().filter(|(_, to)| to.strip_prefix("sdk/") == Some(place.1));
        carried.any(|(from, _)| is_there(root, from))
    };
    let there: Vec<_> = MEMBERS.iter().filter(member).collect();
    let members = there.iter().map(|(_, folder)| toml::Value::from(*folder)).collect::<Vec<_>>();
    workspace.insert("members".to_owned(), members.into());
    workspace.remove("default-members");
    let dependencies = workspace.get_mut("dependencies").and_then(toml::Value::as_table_mut);
    let dependencies = dependencies.expect("versions are chosen in one place");
    dependencies.retain(|_, wanted| wanted.get("path").is_none());
    for (name, folder) in there {
        let path = toml::Table::from_iter([("path".to_owned(), (*folder).into())]);
        dependencies.insert((*name).to_owned(), path.into());
    }
    let small = toml::Table::from_iter([("workspace".to_owned(), workspace.into())]);
    toml::to_string(&small).expect("a table can be written")
}

/// Compiles the library that makes other languages' tools give the same result each time; see `src/steady.rs`.
fn steady(out: &Path) {
    println!("cargo::rerun-if-changed=src/steady.c");
    let library = out.join("steady.so");
    let linux = env::var("CARGO_CFG_TARGET_OS").is_ok_and(|os| os == "linux");
    let built = linux && {
        let mut compiler = cc::Build::new().opt_level(2).pic(true).get_compiler().to_command();
        compiler.args(["-shared", "-s", "-o"]).arg(&library).arg("src/steady.c");
        assert!(compiler.status().is_ok_and(|status| status.success()), "src/steady.c cannot be compiled");
        true
    };
    if !built {
        fs::write(&library, []).expect("the output folder can be written");
    }
}
