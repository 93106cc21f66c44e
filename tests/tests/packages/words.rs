//! Words that several plugins have: the older owner keeps the word, everybody says the word that works, and the person
//! can decide otherwise.

use std::fs;

use powerbox_tests::powerbox::{Powerbox, component};
use powerbox_tests::raw::{self, Raw};

use crate::{json, version};

/// Installs a plugin whose commands say its name.
fn install(user: &Powerbox, name: &str, words: &[&str]) -> String {
    let file = user.path(&format!("{name}.wasm"));
    fs::write(&file, Raw::saying(raw::group(name, words), name).build().unwrap()).unwrap();
    let installed = user.run(&["plugin", "install", file.to_str().unwrap(), "--yes"]).unwrap();
    assert_eq!(installed.status, Some(0), "{installed:?}");
    installed.stderr
}

/// What a command says; messages go to standard error.
fn says(user: &Powerbox, words: &[&str]) -> String {
    let finished = user.run(words).unwrap();
    finished.stderr.lines().last().unwrap_or_default().to_owned()
}

#[test]
fn everybody_says_the_word_that_works() {
    let user = Powerbox::embedded().unwrap();
    let installed = install(&user, "clash", &["list", "status", "exit", "greet"]);
    assert!(
        installed.contains("installed; its commands: clash:list, clash:status, clash:exit, greet\n"),
        "{installed}"
    );
    assert!(installed.contains("`list` is a command of the plugin `storage`"), "{installed}");
    assert!(installed.contains("`exit` is a verb of powerbox itself"), "{installed}");
    for word in ["clash:list", "clash:status", "clash:exit", "greet", "clash:greet"] {
        assert_eq!(says(&user, &[word]), "clash", "{word}");
    }
    assert!(user.ok(&["list"]).unwrap().contains("@agent"));
    assert!(user.run(&["status"]).unwrap().stdout.contains("daemon"));

    let help = user.ok(&["help"]).unwrap();
    for word in ["clash:list", "clash:status", "clash:exit", "greet", "  list, ls"] {
        assert!(help.contains(word), "{word} is not in {help}");
    }
    assert!(user.ok(&["help", "clash:list"]).unwrap().contains("Usage: clash:list"));
    assert_eq!(user.ok(&["clash:list", "--help"]).unwrap(), user.ok(&["help", "clash:list"]).unwrap());
    assert!(user.ok(&["help", "storage:list"]).unwrap().contains("Usage: list"));

    let listed = json(&user.ok(&["plugin", "list", "--json"]).unwrap());
    let row = listed.as_array().unwrap().iter().find(|row| row["name"] == "clash").unwrap();
    assert_eq!(row["commands"], serde_json::json!(["clash:list", "clash:status", "clash:exit", "greet"]));
    let completed = user.ok(&["completions", "fish", "--line", "powerbox clash:"]).unwrap();
    assert_eq!(completed.lines().count(), 3, "{completed}");
    let wrong = user.run(&["clash:list", "more"]).unwrap();
    assert!(wrong.stderr.contains("`clash:list` takes no further word"), "{wrong:?}");
    assert!(wrong.stderr.contains("usage: powerbox clash:list"), "{wrong:?}");
}

#[test]
fn the_older_owner_keeps_the_word_until_the_person_decides_otherwise() {
    let user = Powerbox::embedded().unwrap();
    // By the alphabet, the newer one would come first.
    install(&user, "zebra", &["greet"]);
    let installed = install(&user, "adder", &["greet", "list"]);
    assert!(installed.contains("`powerbox plugin prefer adder greet` gives it the word"), "{installed}");
    assert_eq!(says(&user, &["greet"]), "zebra");

    let preferred = user.run(&["plugin", "prefer", "adder", "greet"]).unwrap();
    assert!(preferred.status == Some(0) && preferred.stderr.contains("`zebra:greet`"), "{preferred:?}");
    assert_eq!(says(&user, &["greet"]), "adder");
    assert_eq!(says(&user, &["zebra:greet"]), "zebra");
    // It stays so when either is installed again.
    install(&user, "zebra", &["greet"]);
    install(&user, "adder", &["greet", "list"]);
    assert_eq!(says(&user, &["greet"]), "adder");

    // Even a word of what comes with the program, and back.
    user.ok(&["plugin", "prefer", "adder", "list"]).unwrap();
    assert_eq!(says(&user, &["list"]), "adder");
    assert!(user.ok(&["storage:list"]).unwrap().contains("@agent"));
    user.ok(&["plugin", "prefer", "storage", "list"]).unwrap();
    assert!(user.ok(&["list"]).unwrap().contains("@agent"));
}

#[test]
fn whoever_removes_a_plugin_is_told_where_its_words_go() {
    let user = Powerbox::embedded().unwrap();
    install(&user, "zebra", &["greet"]);
    install(&user, "adder", &["greet"]);
    let removed = user.run(&["plugin", "remove", "zebra", "--yes"]).unwrap();
    let removed =
        if removed.status == Some(2) { user.run(&["plugin", "remove", "zebra"]).unwrap() } else { removed };
    assert!(removed.stderr.contains("`greet` calls a command of the plugin `adder` now"), "{removed:?}");
    assert_eq!(says(&user, &["greet"]), "adder");
}

#[test]
fn a_verb_of_the_program_cannot_be_given_away() {
    let user = Powerbox::embedded().unwrap();
    install(&user, "clash", &["status", "greet"]);
    for (plugin, word, part) in [
        ("clash", "status", "a verb of powerbox itself"),
        ("clash", "bogus", "no command `bogus`"),
        ("bogus", "greet", "no plugin named `bogus`"),
    ] {
        let refused = user.run(&["plugin", "prefer", plugin, word]).unwrap();
        assert!(refused.status != Some(0) && refused.stderr.contains(part), "{refused:?}");
    }
    assert!(user.run(&["status"]).unwrap().stdout.contains("daemon"));
}

#[test]
fn a_single_command_tells_once_that_its_plugin_was_replaced() {
    let user = Powerbox::embedded().unwrap();
    let file = user.path("reload.wasm");
    fs::copy(component("reload-v1").unwrap(), &file).unwrap();
    user.ok(&["plugin", "install", file.to_str().unwrap(), "--yes"]).unwrap();
    assert_eq!(user.run(&["version"]).unwrap().stderr, "one\n");
    fs::copy(component("reload-v2").unwrap(), &file).unwrap();
    // Who runs something else need not know.
    user.ok(&["list"]).unwrap();
    let told = user.run(&["version"]).unwrap();
    assert_eq!(told.stderr, "the plugin `reload` was replaced by its new version\ntwo\n", "{told:?}");
    assert_eq!(user.run(&["version"]).unwrap().stderr, "two\n");
    // In JSON, too, beside the data.
    fs::copy(component("reload-v1").unwrap(), &file).unwrap();
    let told = user.run(&["version", "--json"]).unwrap();
    assert_eq!(json(&told.stderr)["notice"]["kind"], "swapped", "{told:?}");
    // What the person installs themselves, they know.
    fs::copy(component("reload-v2").unwrap(), &file).unwrap();
    user.ok(&["plugin", "install", file.to_str().unwrap(), "--yes"]).unwrap();
    assert_eq!(version(&user), "two");
    assert_eq!(user.run(&["version"]).unwrap().stderr, "two\n");
}
