//! The process is killed at each step of an installation and a removal. Whoever comes next finds the old state or the new one.

use powerbox_tests::powerbox::{Powerbox, component};

use crate::json;

/// Whether the plugin is there: in the list, with its component, and with what it was granted. All of it or nothing.
fn is_there(user: &Powerbox) -> bool {
    let listed = json(&user.ok(&["plugin", "list", "--json"]).unwrap());
    let row = listed.as_array().unwrap().iter().find(|row| row["name"] == "reload");
    let grants = json(&user.ok(&["grant", "list", "--json"]).unwrap()).to_string();
    assert_eq!(row.is_some(), grants.contains("reload"), "{listed} {grants}");
    if let Some(row) = row {
        assert!(grants.contains("home"), "{grants}");
        let digest = row["digest"].as_str().unwrap();
        assert!(user.path(&format!("data/powerbox/plugins/{digest}.wasm")).is_file());
    }
    assert!(!user.path("state/powerbox/installing.json").exists());
    row.is_some()
}

fn killed(user: &Powerbox, step: &str, words: &[&str]) {
    let mut command = user.command(words).unwrap();
    let output = command.env("POWERBOX_DIE_AT", step).output().unwrap();
    assert!(output.status.code().is_none(), "it was to die at {step}: {output:?}");
}

#[test]
fn after_a_kill_at_any_step_the_old_state_or_the_new_one_is_there() {
    let user = Powerbox::embedded().unwrap();
    user.ok(&["mkdir", "notes"]).unwrap();
    let (one, two) = (component("reload-v1").unwrap(), component("reload-v2").unwrap());
    let (one, two) = (one.to_str().unwrap(), two.to_str().unwrap());
    let install = |file| ["plugin", "install", file, "--bind", "home=notes", "--yes"];
    let remove = ["plugin", "remove", "reload"];

    for step in ["install-intended", "install-granted", "install-recorded"] {
        killed(&user, step, &install(one));
        assert!(is_there(&user), "what was written down to be done is done: {step}");
        assert_eq!(user.ok(&["version"]).unwrap().trim(), "one");
        // A version in the place of another.
        killed(&user, step, &install(two));
        assert!(is_there(&user), "{step}");
        assert_eq!(user.ok(&["version"]).unwrap().trim(), "two", "{step}");
        user.ok(&remove).unwrap();
        assert!(!is_there(&user));
    }
    for step in ["removal-intended", "removal-revoked", "removal-recorded"] {
        user.ok(&install(one)).unwrap();
        killed(&user, step, &remove);
        assert!(!is_there(&user), "{step}");
    }
}

#[test]
fn an_installation_whose_component_was_lost_meanwhile_is_undone() {
    let user = Powerbox::embedded().unwrap();
    let file = component("reload-v1").unwrap();
    killed(&user, "install-granted", &["plugin", "install", file.to_str().unwrap(), "--yes"]);
    let store = user.path("data/powerbox/plugins");
    for component in std::fs::read_dir(store).unwrap() {
        std::fs::write(component.unwrap().path(), b"damaged").unwrap();
    }
    assert!(!is_there(&user));
}
