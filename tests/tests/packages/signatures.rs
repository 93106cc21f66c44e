use std::io::Cursor;
use std::path::Path;

use minisign::KeyPair;
use powerbox_tests::powerbox::{Powerbox, component};
use powerbox_tests::registry::{Manner, TestRegistry};
use powerbox_tests::terminal::AtTerminal;

use crate::{lock, version};

fn sign(key: &KeyPair, file: &Path) {
    let bytes = std::fs::read(file).unwrap();
    let signature = minisign::sign(Some(&key.pk), &key.sk, Cursor::new(bytes), None, None).unwrap();
    std::fs::write(format!("{}.minisig", file.display()), signature.into_string()).unwrap();
}

/// A user who trusts this key.
fn user(demand: &str, key: &KeyPair) -> Powerbox {
    let user = Powerbox::embedded().unwrap();
    let folder = user.path("config/powerbox");
    std::fs::create_dir_all(&folder).unwrap();
    let key = key.pk.to_base64();
    let text = format!("[plugins]\nsignatures = \"{demand}\"\nkeys = {{ anna = \"{key}\" }}\n");
    std::fs::write(folder.join("config.toml"), text).unwrap();
    user
}

#[test]
fn where_signatures_are_required_only_what_a_trusted_key_signed_is_installed() {
    let (anna, other) =
        (KeyPair::generate_unencrypted_keypair().unwrap(), KeyPair::generate_unencrypted_keypair().unwrap());
    let user = user("required", &anna);
    let file = user.path("reload.wasm");
    std::fs::copy(component("reload-v1").unwrap(), &file).unwrap();
    let install = ["plugin", "install", file.to_str().unwrap(), "--yes"];
    let refused = |part: &str| {
        let refused = user.run(&install).unwrap();
        assert!(refused.status == Some(1) && refused.stderr.contains(part), "{part}: {refused:?}");
        assert!(lock(&user).is_empty());
    };
    refused("no signature");
    sign(&other, &file);
    refused("not among");
    sign(&anna, &file);
    std::fs::copy(component("reload-v2").unwrap(), &file).unwrap();
    refused("signature is wrong");
    std::fs::write(user.path("reload.wasm.minisig"), "what?").unwrap();
    refused("cannot be read");

    sign(&anna, &file);
    user.ok(&install).unwrap();
    assert!(lock(&user).contains("signer = \"anna\""));
    assert!(user.ok(&["plugin", "inspect", "reload"]).unwrap().contains("signed   by the key `anna`"));
}

#[test]
fn a_watched_file_keeps_to_the_policy() {
    let anna = KeyPair::generate_unencrypted_keypair().unwrap();
    let user = user("required", &anna);
    let file = user.path("reload.wasm");
    std::fs::copy(component("reload-v1").unwrap(), &file).unwrap();
    sign(&anna, &file);
    user.ok(&["plugin", "install", file.to_str().unwrap(), "--yes"]).unwrap();

    std::fs::copy(component("reload-v2").unwrap(), &file).unwrap();
    let held = user.run(&["version"]).unwrap();
    assert!(
        held.stderr.lines().last() == Some("one") && held.stderr.contains("signature is wrong"),
        "{held:?}"
    );
    // It is said once, and looked at again when a signature comes.
    assert_eq!(user.run(&["version"]).unwrap().stderr, "one\n");
    sign(&anna, &file);
    assert_eq!(version(&user), "two");
}

#[test]
fn what_was_signed_once_is_not_replaced_by_what_is_not() {
    let anna = KeyPair::generate_unencrypted_keypair().unwrap();
    let user = user("when-present", &anna);
    let file = user.path("reload.wasm");
    std::fs::copy(component("reload-v1").unwrap(), &file).unwrap();
    sign(&anna, &file);
    user.ok(&["plugin", "install", file.to_str().unwrap(), "--yes"]).unwrap();

    std::fs::copy(component("reload-v2").unwrap(), &file).unwrap();
    let wrong = user.run(&["plugin", "install", file.to_str().unwrap(), "--yes"]).unwrap();
    assert!(wrong.stderr.contains("signature is wrong"), "{wrong:?}");
    std::fs::remove_file(user.path("reload.wasm.minisig")).unwrap();
    let held = user.run(&["version"]).unwrap();
    assert!(
        held.stderr.lines().last() == Some("one") && held.stderr.contains("without the signature"),
        "{held:?}"
    );
    let held = user.run(&["plugin", "update", "reload", "--yes"]).unwrap();
    assert_eq!(held.status, Some(3), "{held:?}");
    user.ok(&["plugin", "update", "reload", "--accept-new-imports"]).unwrap();
    assert_eq!(version(&user), "two");
}

#[test]
fn installing_what_is_not_signed_over_what_is_takes_more_than_a_yes_beforehand() {
    let anna = KeyPair::generate_unencrypted_keypair().unwrap();
    let user = user("when-present", &anna);
    let file = user.path("reload.wasm");
    std::fs::copy(component("reload-v1").unwrap(), &file).unwrap();
    sign(&anna, &file);
    let install = ["plugin", "install", file.to_str().unwrap(), "--yes"];
    user.ok(&install).unwrap();

    // The control: what is signed takes its place.
    std::fs::copy(component("reload-v2").unwrap(), &file).unwrap();
    sign(&anna, &file);
    user.ok(&install).unwrap();
    let unsigned = user.path("unsigned.wasm");
    std::fs::copy(component("reload-v1").unwrap(), &unsigned).unwrap();
    let words = ["plugin", "install", unsigned.to_str().unwrap()];
    for more in [&["--yes"][..], &["--yes", "--json"], &["--yes", "--allow-downgrade"]] {
        let refused = user.run(&[&words[..], more].concat()).unwrap();
        assert_eq!(refused.status, Some(3), "{refused:?}");
        assert!(refused.stderr.contains("signed by the key `anna`"), "{refused:?}");
    }
    assert_eq!(version(&user), "two");
    // A lock file says what to install, and not that its signature does not matter.
    let other = Powerbox::embedded().unwrap();
    other.ok(&[&words[..], &["--yes"]].concat()).unwrap();
    let carried = user.path("carried.lock");
    std::fs::write(&carried, lock(&other)).unwrap();
    let refused = user.run(&["plugin", "install", "--locked", carried.to_str().unwrap(), "--yes"]).unwrap();
    assert_eq!(refused.status, Some(3), "{refused:?}");
    assert_eq!(version(&user), "two");

    // The person at the terminal may want it so.
    let mut terminal = AtTerminal::start(&user.command(&words).unwrap()).unwrap();
    terminal.wait_for("name of the object for slot").unwrap();
    terminal.type_in("\n").unwrap();
    terminal.wait_for("install it? [y/N] ").unwrap();
    assert!(terminal.shown().contains("without the signature"), "{}", terminal.shown());
    terminal.type_in("y\n").unwrap();
    assert_eq!(terminal.finish().unwrap().0, Some(0));
    assert_eq!(version(&user), "one");
}

#[test]
fn a_signature_goes_through_a_registry() {
    let anna = KeyPair::generate_unencrypted_keypair().unwrap();
    let (user, registry) = (user("required", &anna), TestRegistry::start(Manner::Honest).unwrap());
    let file = user.path("reload.wasm");
    std::fs::copy(component("reload-v1").unwrap(), &file).unwrap();
    let (signed, unsigned) = (registry.reference("reload:signed"), registry.reference("reload:unsigned"));
    user.ok(&["plugin", "publish", file.to_str().unwrap(), &unsigned]).unwrap();
    sign(&anna, &file);
    user.ok(&["plugin", "publish", file.to_str().unwrap(), &signed]).unwrap();
    let refused = user.run(&["plugin", "install", &unsigned, "--yes"]).unwrap();
    assert!(refused.stderr.contains("no signature"), "{refused:?}");
    user.ok(&["plugin", "install", &signed, "--yes"]).unwrap();
    assert!(lock(&user).contains("signer = \"anna\""));
}

#[test]
fn what_a_removed_plugin_stored_is_found_again_by_one_that_the_same_key_signed() {
    let (anna, other) =
        (KeyPair::generate_unencrypted_keypair().unwrap(), KeyPair::generate_unencrypted_keypair().unwrap());
    let user = user("when-present", &anna);
    let text = std::fs::read_to_string(user.path("config/powerbox/config.toml")).unwrap();
    let both = text.replace(" }", &format!(", eve = \"{}\" }}", other.pk.to_base64()));
    std::fs::write(user.path("config/powerbox/config.toml"), both).unwrap();
    let file = user.path("keeper.wasm");
    let install = ["plugin", "install", file.to_str().unwrap(), "--yes"];
    let put = |name: &str| std::fs::copy(component(name).unwrap(), &file).map(drop).unwrap();
    let kept = || user.ok(&["kept", "a"]).unwrap();
    put("keeper-v1");
    sign(&anna, &file);
    user.ok(&install).unwrap();
    user.ok(&["keep", "a", "one"]).unwrap();
    let remove = ["plugin", "remove", "keeper", "--keep-data"];
    user.ok(&remove).unwrap();
    // Another key, or none, is another author.
    sign(&other, &file);
    user.ok(&install).unwrap();
    assert_eq!(kept(), "nothing\n");
    user.ok(&remove).unwrap();
    std::fs::remove_file(user.path("keeper.wasm.minisig")).unwrap();
    user.ok(&install).unwrap();
    assert_eq!(kept(), "nothing\n");
    user.ok(&remove).unwrap();
    // The same key is enough, and a later version brings it into its form.
    put("keeper-v2");
    sign(&anna, &file);
    let again = user.run(&install).unwrap();
    assert!(again.stderr.contains("it begins with the data of"), "{again:?}");
    assert_eq!(kept(), "one\n");
    assert_eq!(user.ok(&["keys"]).unwrap(), "v2/a\n");
}
