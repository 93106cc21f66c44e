//! Nobody's yes is taken from a pipe, from the absence of a terminal, or from an option that says something else; and
//! what a person says yes to at a terminal is shown there, all of it.

use std::fs;

use powerbox_core::registry::{Effect, NameRight, ParameterKind, ParameterStyle};
use powerbox_tests::powerbox::{Powerbox, component};
use powerbox_tests::raw::{self, Raw};
use powerbox_tests::registry::{Manner, TestRegistry};
use powerbox_tests::terminal::AtTerminal;

use crate::{json, lock, version, versioned};

/// A user with the file of a plugin that is not installed.
fn stage(name: &str) -> (Powerbox, String) {
    let user = Powerbox::embedded().unwrap();
    let file = user.path("plugin.wasm");
    fs::copy(component(name).unwrap(), &file).unwrap();
    let file = file.to_str().unwrap().to_owned();
    (user, file)
}

/// No such line was agreed to: it ends with the status for what is denied, and says how to agree.
fn refused(user: &Powerbox, words: &[&str]) {
    for input in [&b""[..], b"y\ny\ny\n", b"yes\n"] {
        let refused = user.run_with(words, input).unwrap();
        assert_eq!(refused.status, Some(3), "{words:?}: {refused:?}");
        assert!(refused.stderr.contains("--yes"), "{words:?}: {refused:?}");
        assert_eq!(refused.stdout, "", "{words:?}");
    }
}

#[test]
fn a_file_is_not_installed_without_a_yes() {
    let (user, file) = stage("reload-v1");
    user.ok(&["mkdir", "notes"]).unwrap();
    refused(&user, &["plugin", "install", &file]);
    refused(&user, &["plugin", "install", &file, "--json"]);
    refused(&user, &["plugin", "install", &file, "--bind", "home=notes"]);
    refused(&user, &["plugin", "install", &file, "--allow-downgrade", "--bind", "home=notes", "--json"]);
    assert!(lock(&user).is_empty(), "{}", lock(&user));
    // What would be agreed to is shown all the same.
    let shown = user.run(&["plugin", "install", &file]).unwrap().stderr;
    assert!(shown.contains("slot home") && shown.contains("command slow <NAME>"), "{shown}");
    user.ok(&["plugin", "install", &file, "--yes"]).unwrap();
    assert_eq!(version(&user), "one");
}

#[test]
fn a_folder_an_artifact_and_a_lock_file_are_not_installed_without_a_yes() {
    let (user, registry) = (Powerbox::embedded().unwrap(), TestRegistry::start(Manner::Honest).unwrap());
    let folder = user.path("project");
    fs::create_dir_all(folder.join("dist")).unwrap();
    let manifest = "[package]\nname = \"reload\"\nversion = \"0.1.0\"\n[package.metadata.powerbox]\n";
    fs::write(folder.join("Cargo.toml"), manifest).unwrap();
    fs::write(folder.join("dist/reload.wasm"), versioned("reload-v1", "0.1.0")).unwrap();
    refused(&user, &["plugin", "install", folder.to_str().unwrap()]);

    let reference = registry.reference("reload:1");
    let file = folder.join("dist/reload.wasm");
    user.ok(&["plugin", "publish", file.to_str().unwrap(), &reference]).unwrap();
    user.ok(&["mkdir", "notes"]).unwrap();
    refused(&user, &["plugin", "install", &reference, "--bind", "home=notes"]);
    assert!(lock(&user).is_empty(), "{}", lock(&user));

    user.ok(&["plugin", "install", &reference, "--yes"]).unwrap();
    let there = Powerbox::embedded().unwrap();
    let carried = there.path("plugins.lock");
    fs::write(&carried, lock(&user)).unwrap();
    refused(&there, &["plugin", "install", "--locked", carried.to_str().unwrap()]);
    refused(&there, &["plugin", "install", "--locked", carried.to_str().unwrap(), "--json"]);
    assert!(lock(&there).is_empty(), "{}", lock(&there));
    there.ok(&["plugin", "install", "--locked", carried.to_str().unwrap(), "--yes"]).unwrap();
    assert_eq!(version(&there), "one");
}

#[test]
fn nothing_else_is_done_without_a_yes() {
    let (user, file) = stage("reload-v1");
    user.ok(&["mkdir", "notes"]).unwrap();
    user.ok(&["plugin", "install", &file, "--bind", "home=notes", "--yes"]).unwrap();
    let grants = json(&user.ok(&["grant", "list", "--json"]).unwrap());
    let all = grants.as_array().unwrap();
    let grant = all.iter().find(|grant| grant["slot"] == "home").unwrap()["id"].to_string();
    refused(&user, &["grant", "revoke", &grant]);
    refused(&user, &["grant", "revoke", &grant, "--json"]);
    let there = json(&user.ok(&["grant", "list", "--json"]).unwrap());
    assert_eq!(there.as_array().unwrap().len(), all.len());
    user.ok(&["grant", "revoke", &grant, "--yes"]).unwrap();

    let registry = TestRegistry::start(Manner::Honest).unwrap();
    let reference = registry.reference("reload:stable");
    let publish = |name: &str, said: &str| {
        let file = user.path("publish.wasm");
        fs::write(&file, versioned(name, said)).unwrap();
        user.ok(&["plugin", "publish", file.to_str().unwrap(), &reference]).unwrap();
    };
    publish("reload-v1", "1.0.0");
    user.ok(&["plugin", "install", &reference, "--yes"]).unwrap();
    publish("reload-v2", "1.1.0");
    refused(&user, &["plugin", "update", "reload"]);
    refused(&user, &["plugin", "update", "--all", "--insecure-registry"]);
    assert_eq!(version(&user), "one");
    user.ok(&["plugin", "update", "reload", "--yes"]).unwrap();
    assert_eq!(version(&user), "two");
}

#[test]
fn at_a_terminal_only_what_is_typed_after_the_question_installs() {
    let (user, file) = stage("reload-v1");
    let question = "install it? [y/N] ";
    for (answer, status) in [("n\n", 1), ("\n", 1), ("yes, but\n", 1), ("\u{4}", 1), ("y\n", 0)] {
        let words = ["plugin", "install", &file, "--bind", "home=@agent"];
        let mut terminal = AtTerminal::start(&user.command(&words).unwrap()).unwrap();
        terminal.type_in("y\ny\n").unwrap();
        terminal.wait_for(question).unwrap();
        assert!(lock(&user).is_empty(), "{answer:?}");
        terminal.type_in(answer).unwrap();
        let (ended, shown) = terminal.finish().unwrap();
        assert_eq!(ended, Some(status), "{answer:?}: {shown}");
        assert_eq!(lock(&user).is_empty(), status != 0, "{answer:?}: {shown}");
    }
    assert_eq!(version(&user), "one");
}

/// A plugin that wants much and whose author says a lot.
fn wordy() -> Raw {
    let mut group = raw::group("wordy", &["sweep", "status"]);
    let command = &mut group.commands[0];
    command.summary = format!("Sweep \u{1b}[2J\u{202e}{}install it? [y/N] y", "and sweep ".repeat(20));
    command.effect = Effect::Reads;
    let mut depth = raw::parameter("depth", ParameterKind::Integer);
    (depth.style, depth.required, depth.default) =
        (ParameterStyle::Option(None), false, Some("3".to_owned()));
    let name = raw::parameter("corner", ParameterKind::Name(vec![NameRight::Read, NameRight::Remove]));
    let object = raw::parameter("broom", ParameterKind::Object(vec!["sweep".to_owned(), "list".to_owned()]));
    command.parameters = vec![depth, name, object];
    let mut raw = Raw::saying(group, "swept");
    raw.world = "import bin: endo:daemon/directory@0.1.0;".to_owned();
    raw.core = format!(r#"(import "bin" "has" (func (param i32 i32 i32))) {}"#, raw.core);
    raw
}

#[test]
fn what_is_agreed_to_is_shown_whole_and_fits() {
    let user = Powerbox::embedded().unwrap();
    let file = user.path("wordy.wasm");
    let mut component = wordy().build().unwrap();
    raw::document(&mut component, "endo:daemon", "directory", "Where the dust\ngoes").unwrap();
    fs::write(&file, component).unwrap();
    let words = ["plugin", "install", file.to_str().unwrap(), "--bind", "bin=@agent"];
    let mut terminal = AtTerminal::start(&user.command(&words).unwrap()).unwrap();
    terminal.wait_for("\ninstall it? [y/N] ").unwrap();
    let shown = terminal.shown();
    terminal.type_in("n\n").unwrap();
    terminal.finish().unwrap();
    let rows: Vec<_> = shown.lines().map(|row| row.trim_end_matches('\r')).collect();
    assert!(rows.iter().all(|row| row.chars().count() <= 80), "{shown}");
    // What the author says is never at the margin, where the host speaks.
    assert_eq!(rows.iter().filter(|row| row.starts_with("install it?")).count(), 1, "{shown}");
    let all = rows.iter().map(|row| row.trim()).collect::<Vec<_>>().join(" ");
    for part in [
        "slot bin (endo:daemon/directory@0.1) is bound to `@agent`",
        "calls has",
        "command sweep [--depth <DEPTH>] <CORNER> <BROOM>",
        "its author says: “Where the dust goes”",
        "destroys; its author says: “Sweep \\u{1b}[2J\\u{202e}and sweep",
        "`sweep` may read, remove what you name as CORNER",
        "`sweep` may call sweep, list of what you name as BROOM",
        "--depth is `3` unless you say otherwise",
        "`status` is a verb of powerbox itself; this one is called `wordy:status`",
    ] {
        assert!(all.contains(part), "{part:?} is not in {shown}");
    }
    assert!(!shown.contains('\u{1b}') && !shown.contains('\u{202e}'), "{shown:?}");
}
