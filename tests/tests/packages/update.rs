use powerbox_tests::powerbox::Powerbox;
use powerbox_tests::registry::{Manner, TestRegistry};

use crate::{json, told, versioned};

/// A user with version 1.0.0 from a registry, and what publishes the next one.
fn stage() -> (Powerbox, TestRegistry, String) {
    let (user, registry) = (Powerbox::embedded().unwrap(), TestRegistry::start(Manner::Honest).unwrap());
    let reference = registry.reference("reload:stable");
    publish(&user, &reference, "reload-v1", "1.0.0");
    user.ok(&["plugin", "install", &reference, "--yes"]).unwrap();
    (user, registry, reference)
}

fn publish(user: &Powerbox, reference: &str, name: &str, version: &str) {
    let file = user.path("publish.wasm");
    std::fs::write(&file, versioned(name, version)).unwrap();
    user.ok(&["plugin", "publish", file.to_str().unwrap(), reference]).unwrap();
}

#[test]
fn a_version_that_asks_for_the_same_is_taken_and_shown() {
    let (user, registry, reference) = stage();
    let current = user.run(&["plugin", "update", "reload"]).unwrap();
    assert!(current.status == Some(0) && current.stderr.contains("current"), "{current:?}");
    publish(&user, &reference, "reload-v2", "1.1.0");
    let check = json(&user.ok(&["plugin", "update", "--all", "--check", "--json"]).unwrap());
    assert_eq!((&check[0]["plugin"], &check[0]["outcome"]), (&"reload".into(), &"available".into()));
    assert_eq!(user.ok(&["version"]).unwrap().trim(), "one");
    let updated = user.run(&["plugin", "update", "reload", "--yes"]).unwrap();
    assert_eq!(updated.status, Some(0), "{updated:?}");
    let shown = told(&user, &updated.stderr).replace(registry.address(), "registry");
    let shown: Vec<_> = shown.lines().filter(|line| !line.contains("digest")).collect();
    insta::assert_snapshot!(shown.join("\n"));
    assert_eq!(user.ok(&["version"]).unwrap().trim(), "two");
}

#[test]
fn a_version_that_asks_for_more_is_held_until_that_is_accepted() {
    let (user, registry, reference) = stage();
    publish(&user, &reference, "reload-more", "2.0.0");
    let held = user.run(&["plugin", "update", "reload", "--yes"]).unwrap();
    assert_eq!(held.status, Some(3), "{held:?}");
    let shown = told(&user, &held.stderr).replace(registry.address(), "registry");
    let shown: Vec<_> = shown.lines().filter(|line| !line.contains("digest")).collect();
    insta::assert_snapshot!(shown.join("\n"));
    let listed = json(&user.ok(&["plugin", "list", "--json"]).unwrap());
    assert!(
        listed.as_array().unwrap().iter().any(|row| row["name"] == "reload" && row["version"] == "1.0.0")
    );
    user.ok(&["plugin", "update", "reload", "--accept-new-imports"]).unwrap();
    let listed = json(&user.ok(&["plugin", "list", "--json"]).unwrap());
    assert!(
        listed.as_array().unwrap().iter().any(|row| row["name"] == "reload" && row["version"] == "2.0.0")
    );
}

#[test]
fn an_older_version_asks() {
    let (user, _registry, reference) = stage();
    publish(&user, &reference, "reload-v2", "0.9.0");
    let held = user.run(&["plugin", "update", "reload", "--yes"]).unwrap();
    assert!(held.status == Some(3) && held.stderr.contains("--allow-downgrade"), "{held:?}");
    let held = user.run(&["plugin", "install", &reference, "--yes"]).unwrap();
    assert!(held.status == Some(3) && held.stderr.contains("0.9.0 is older than 1.0.0"), "{held:?}");
    assert_eq!(user.ok(&["version"]).unwrap().trim(), "one");
    user.ok(&["plugin", "update", "reload", "--allow-downgrade"]).unwrap();
    assert_eq!(user.ok(&["version"]).unwrap().trim(), "two");
}

#[test]
fn a_projects_folder_is_installed_by_what_its_build_put_out() {
    let user = Powerbox::embedded().unwrap();
    let folder = user.path("project");
    std::fs::create_dir_all(folder.join("dist")).unwrap();
    let manifest = "[package]\nname = \"reload\"\nversion = \"0.1.0\"\n[package.metadata.powerbox]\n";
    std::fs::write(folder.join("Cargo.toml"), manifest).unwrap();
    let install = ["plugin", "install", folder.to_str().unwrap(), "--yes"];
    let unbuilt = user.run(&install).unwrap();
    assert!(unbuilt.status == Some(1) && unbuilt.stderr.contains("plugin build"), "{unbuilt:?}");
    let output = folder.join("dist/reload.wasm");
    std::fs::write(&output, versioned("reload-v1", "0.1.0")).unwrap();
    user.ok(&install).unwrap();
    // A new build is live at once, as a file that changed.
    std::fs::write(&output, versioned("reload-v2", "0.1.1")).unwrap();
    assert_eq!(user.ok(&["version"]).unwrap().trim(), "two");
}
