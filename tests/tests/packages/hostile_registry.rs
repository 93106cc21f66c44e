use powerbox_tests::powerbox::{Powerbox, component};
use powerbox_tests::program::Running;
use powerbox_tests::registry::{Manner, TestRegistry};

use crate::lock;

const LIMIT: std::time::Duration = std::time::Duration::from_secs(120);

/// A registry with one plugin in it, and a user.
fn stage() -> (Powerbox, TestRegistry, String) {
    let (user, registry) = (Powerbox::embedded().unwrap(), TestRegistry::start(Manner::Honest).unwrap());
    let reference = registry.reference("reload:1");
    let file = component("reload-v1").unwrap();
    user.ok(&["plugin", "publish", file.to_str().unwrap(), &reference]).unwrap();
    (user, registry, reference)
}

/// Installing fails with these words, leaves nothing, and succeeds as soon as the registry is honest.
fn refused(user: &Powerbox, registry: &TestRegistry, reference: &str, part: &str) {
    let refused = user.run(&["plugin", "install", reference, "--yes"]).unwrap();
    assert!(refused.status == Some(1) && refused.stderr.contains(part), "{refused:?}");
    assert!(lock(user).is_empty());
    registry.behave(Manner::Honest);
}

#[test]
fn other_bytes_than_the_digest_says_are_refused() {
    let (user, registry, reference) = stage();
    registry.behave(Manner::WrongBytes);
    refused(&user, &registry, &reference, "has the digest");
    user.ok(&["plugin", "install", &reference, "--yes"]).unwrap();
}

#[test]
fn a_body_without_end_is_cut_at_the_size_that_was_announced() {
    let (user, registry, reference) = stage();
    registry.behave(Manner::Endless);
    refused(&user, &registry, &reference, "sends more than");
    user.ok(&["plugin", "install", &reference, "--yes"]).unwrap();
}

#[test]
fn a_redirect_is_followed_only_where_it_may_lead_and_not_for_ever() {
    let (user, registry, reference) = stage();
    for to in ["http://192.0.2.1/x", "file:///etc/passwd", "ftp://127.0.0.1/x"] {
        registry.behave(Manner::Redirect(to.to_owned()));
        refused(&user, &registry, &reference, "points to");
    }
    let manifest = registry.get("reload/manifests/1").unwrap();
    let manifest = crate::json(std::str::from_utf8(&manifest).unwrap());
    let layer = manifest["layers"][0]["digest"].as_str().unwrap();
    let itself = format!("http://{}/v2/reload/blobs/{layer}", registry.address());
    registry.behave(Manner::Redirect(itself));
    refused(&user, &registry, &reference, "again and again");

    let elsewhere = TestRegistry::start(Manner::Honest).unwrap();
    elsewhere.put("x", &registry.get(&format!("reload/blobs/{layer}")).unwrap());
    registry.behave(Manner::Redirect(format!("http://{}/v2/x", elsewhere.address())));
    user.ok(&["plugin", "install", &reference, "--yes"]).unwrap();
}

#[test]
fn what_is_no_plugin_is_refused_by_its_manifest() {
    let (user, registry, reference) = stage();
    let good = String::from_utf8(registry.get("reload/manifests/1").unwrap()).unwrap();
    let huge = format!("{{\"x\":\"{}\"}}", "a".repeat(2 << 20));
    for (manifest, part) in [
        (huge, "sends more than"),
        ("{".to_owned(), "cannot be read"),
        (good.replace("vnd.wasm.config.v0", "vnd.oci.image.config.v1"), "no WebAssembly artifact"),
        (good.replace("\"application/wasm\"", "\"application/x-tar\""), "has 0 layers"),
        (good.replace("vnd.oci.image.manifest.v1", "vnd.oci.image.index.v1"), "no WebAssembly artifact"),
    ] {
        assert_ne!(manifest, good);
        registry.put("reload/manifests/1", manifest.as_bytes());
        refused(&user, &registry, &reference, part);
    }
    registry.put("reload/manifests/1", good.as_bytes());
    user.ok(&["plugin", "install", &reference, "--yes"]).unwrap();
}

#[test]
fn a_digest_that_was_named_holds_against_the_registry() {
    let (user, registry, _) = stage();
    let manifest = registry.get("reload/manifests/1").unwrap();
    let digest = powerbox_sandbox::Digest::of(&manifest);
    registry.put(&format!("reload/manifests/sha256:{digest}"), br#"{"schemaVersion":2}"#);
    let reference = registry.reference(&format!("reload@sha256:{digest}"));
    refused(&user, &registry, &reference, "has the digest");
    registry.put(&format!("reload/manifests/sha256:{digest}"), &manifest);
    user.ok(&["plugin", "install", &reference, "--yes"]).unwrap();
}

/// What the user logged in with: tester:secret.
const BASIC: &str = "dGVzdGVyOnNlY3JldA==";

/// A registry that lets in only who has a token, a user who logged in there, and what publishes a plugin.
fn logged_in() -> (Powerbox, TestRegistry, [String; 4]) {
    let registry = TestRegistry::start(Manner::Tokens(BASIC.to_owned())).unwrap();
    let user = Powerbox::embedded().unwrap();
    std::fs::create_dir(user.path(".docker")).unwrap();
    let config = format!(r#"{{"auths":{{"{}":{{"auth":"{BASIC}"}}}}}}"#, registry.address());
    std::fs::write(user.path(".docker/config.json"), config).unwrap();
    let file = component("reload-v1").unwrap().to_str().unwrap().to_owned();
    let publish = ["plugin".to_owned(), "publish".to_owned(), file, registry.reference("reload:1")];
    (user, registry, publish)
}

#[test]
fn an_upload_that_is_sent_elsewhere_goes_there_without_credentials() {
    let (user, registry, publish) = logged_in();
    let elsewhere = TestRegistry::start(Manner::Honest).unwrap();
    registry.send_uploads_to(&format!("http://{}", elsewhere.address()));
    user.ok(&publish).unwrap();
    assert!(elsewhere.requests().iter().any(|request| request.starts_with("PUT ")));
    assert_eq!(elsewhere.authorizations(), Vec::<String>::new());
    // The control: the registry itself gets both.
    let own = registry.authorizations();
    assert!(own.iter().any(|sent| sent.starts_with("Bearer ")), "{own:?}");
    assert!(own.iter().any(|sent| sent.starts_with("Basic ")), "{own:?}");
}

#[test]
fn another_origin_that_asks_who_the_user_is_is_not_told() {
    let (user, registry, publish) = logged_in();
    let elsewhere = TestRegistry::start(Manner::Tokens(BASIC.to_owned())).unwrap();
    registry.send_uploads_to(&format!("http://{}", elsewhere.address()));
    let refused = user.run(&publish).unwrap();
    assert_eq!(refused.status, Some(3), "{refused:?}");
    assert_eq!(elsewhere.authorizations(), Vec::<String>::new());
    assert!(!elsewhere.requests().iter().any(|request| request.contains("token")));
}

#[test]
fn a_password_does_not_go_to_where_a_registry_has_its_tokens_outside_its_domain() {
    let (user, registry, publish) = logged_in();
    let elsewhere = TestRegistry::start(Manner::Tokens(BASIC.to_owned())).unwrap();
    registry.send_for_tokens_to(&format!("http://{}/token", elsewhere.address()));
    let refused = user.run(&publish).unwrap();
    assert_eq!(refused.status, Some(3), "{refused:?}");
    assert!(refused.stderr.contains("your password for"), "{refused:?}");
    assert!(elsewhere.requests().iter().any(|request| request.contains("/token")));
    assert_eq!(elsewhere.authorizations(), Vec::<String>::new());
    registry.send_for_tokens_to(&format!("http://{}/token", registry.address()));
    user.ok(&publish).unwrap();
}

#[test]
fn a_redirect_takes_no_credentials_along() {
    let (user, registry, publish) = logged_in();
    user.ok(&publish).unwrap();
    let elsewhere = TestRegistry::start(Manner::Honest).unwrap();
    registry.behave(Manner::Redirect(format!("http://{}/v2/x", elsewhere.address())));
    let manifest = registry.get("reload/manifests/1").unwrap();
    let manifest = crate::json(std::str::from_utf8(&manifest).unwrap());
    let layer = manifest["layers"][0]["digest"].as_str().unwrap();
    elsewhere.put("x", &registry.get(&format!("reload/blobs/{layer}")).unwrap());
    user.ok(&["plugin", "install", &publish[3], "--yes"]).unwrap();
    assert!(!elsewhere.requests().is_empty());
    assert_eq!(elsewhere.authorizations(), Vec::<String>::new());
}

#[test]
fn a_proxy_that_the_environment_names_sees_nothing() {
    let (user, registry, publish) = logged_in();
    let proxy = TestRegistry::start(Manner::Honest).unwrap();
    let address = format!("http://{}", proxy.address());
    let mut command = user.command(&publish).unwrap();
    for variable in ["HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY"] {
        command.env(variable, &address).env(variable.to_lowercase(), &address);
    }
    let published = Running::start(&mut command).unwrap().finish(LIMIT).unwrap();
    assert_eq!(published.status, Some(0), "{published:?}");
    assert_eq!(proxy.requests(), Vec::<String>::new());
    assert!(!registry.requests().is_empty());
}
