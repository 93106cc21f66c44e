use powerbox_tests::powerbox::{Powerbox, component};
use powerbox_tests::registry::{Manner, TestRegistry};

use crate::{json, lock, version, versioned};

#[test]
fn what_is_published_can_be_looked_at_and_installed_and_is_pinned() {
    let (user, registry) = (Powerbox::embedded().unwrap(), TestRegistry::start(Manner::Honest).unwrap());
    let reference = registry.reference("anna/reload:1.0.0");
    let file = user.path("reload.wasm");
    std::fs::write(&file, versioned("reload-v1", "1.0.0")).unwrap();
    let published = user.ok(&["plugin", "publish", file.to_str().unwrap(), &reference, "--json"]).unwrap();
    let manifest = json(&published)["manifest"].as_str().unwrap().to_owned();

    let inspected = json(&user.ok(&["plugin", "inspect", &reference, "--json"]).unwrap());
    assert_eq!((&inspected["name"], &inspected["about"]["version"]), (&"reload".into(), &"1.0.0".into()));
    assert!(lock(&user).is_empty(), "looking installs nothing");

    user.ok(&["plugin", "install", &reference, "--yes"]).unwrap();
    assert_eq!(version(&user), "one");
    let lock = lock(&user);
    for part in [&*manifest, &*reference, "version = \"1.0.0\"", inspected["digest"].as_str().unwrap()] {
        assert!(lock.contains(part), "{part}: {lock}");
    }
    let listed = json(&user.ok(&["plugin", "list", "--json"]).unwrap());
    let row = listed.as_array().unwrap().iter().find(|row| row["name"] == "reload").unwrap();
    assert_eq!((&row["version"], row["origin"].as_str()), (&"1.0.0".into(), Some(&*reference)));
}

#[test]
fn the_layout_is_that_of_other_tools() {
    let (user, registry) = (Powerbox::embedded().unwrap(), TestRegistry::start(Manner::Honest).unwrap());
    let file = component("reload-v1").unwrap();
    let reference = registry.reference("reload:x");
    user.ok(&["plugin", "publish", file.to_str().unwrap(), &reference]).unwrap();
    let manifest = registry.get("reload/manifests/x").unwrap();
    let manifest = json(std::str::from_utf8(&manifest).unwrap());
    assert_eq!(manifest["mediaType"], "application/vnd.oci.image.manifest.v1+json");
    assert_eq!(manifest["config"]["mediaType"], "application/vnd.wasm.config.v0+json");
    assert_eq!(manifest["layers"][0]["mediaType"], "application/wasm");
    let digest = manifest["config"]["digest"].as_str().unwrap();
    let config = registry.get(&format!("reload/blobs/{digest}")).unwrap();
    let config = json(std::str::from_utf8(&config).unwrap());
    assert_eq!((&config["architecture"], &config["os"]), (&"wasm".into(), &"wasip2".into()));
    assert_eq!(config["layerDigests"][0], manifest["layers"][0]["digest"]);
}

#[test]
fn a_registry_that_wants_a_token_gets_who_the_user_logged_in_as() {
    // tester:secret
    let registry = TestRegistry::start(Manner::Tokens("dGVzdGVyOnNlY3JldA==".into())).unwrap();
    let user = Powerbox::embedded().unwrap();
    let file = component("reload-v1").unwrap();
    let reference = registry.reference("reload:1");
    let publish = ["plugin", "publish", file.to_str().unwrap(), &reference];
    let refused = user.run(&publish).unwrap();
    assert_eq!(refused.status, Some(3), "{refused:?}");
    assert!(refused.stderr.contains("login"), "{refused:?}");

    let folder = user.path(".docker");
    std::fs::create_dir(&folder).unwrap();
    let config = format!(r#"{{"auths":{{"{}":{{"auth":"dGVzdGVyOnNlY3JldA=="}}}}}}"#, registry.address());
    std::fs::write(folder.join("config.json"), config).unwrap();
    user.ok(&publish).unwrap();
    user.ok(&["plugin", "install", &reference, "--yes"]).unwrap();
}

#[test]
fn a_lock_file_installs_the_same_elsewhere_and_refuses_anything_else() {
    let registry = TestRegistry::start(Manner::Honest).unwrap();
    let (here, there) = (Powerbox::embedded().unwrap(), Powerbox::embedded().unwrap());
    let reference = registry.reference("reload:1");
    let file = here.path("reload.wasm");
    std::fs::write(&file, versioned("reload-v1", "1.0.0")).unwrap();
    here.ok(&["plugin", "publish", file.to_str().unwrap(), &reference]).unwrap();
    here.ok(&["plugin", "install", &reference, "--yes"]).unwrap();
    // The tag moves on; the lock file does not.
    let next = component("reload-v2").unwrap();
    here.ok(&["plugin", "publish", next.to_str().unwrap(), &reference]).unwrap();

    let carried = there.path("carried.lock");
    std::fs::write(&carried, lock(&here)).unwrap();
    there.ok(&["plugin", "install", "--locked", carried.to_str().unwrap(), "--yes"]).unwrap();
    assert_eq!(version(&there), "one");
    assert_eq!(lock(&there), lock(&here));

    let digest = lock(&here).lines().find_map(|line| line.strip_prefix("digest = ")).unwrap().to_owned();
    std::fs::write(&carried, lock(&here).replace(&digest, &format!("\"{}\"", "0".repeat(64)))).unwrap();
    let other = Powerbox::embedded().unwrap();
    let refused = other.run(&["plugin", "install", "--locked", carried.to_str().unwrap(), "--yes"]).unwrap();
    assert_eq!(refused.status, Some(3), "{refused:?}");
    assert!(lock(&other).is_empty());
}
