//! The host's own powers: what a plugin keeps, the time, randomness, and the web as far as the user bound it.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test fails by panicking, in its helpers too"
)]

mod site;

use std::path::Path;
use std::sync::Arc;

use powerbox_core::plugin::Data;
use powerbox_core::{Event, Principal};
use powerbox_tests::powerbox::component;
use powerbox_tests::world::{LIMIT, Options, World};
use powerbox_web::Web;

use self::site::Site;

async fn keeper() -> World {
    let world = World::new().await.unwrap();
    world.install("keeper-v1", &[]).await.unwrap();
    world
}

async fn said(world: &World, line: &str) -> String {
    world.run(line).await.unwrap_or_else(|error| panic!("{line}: {error}")).text()
}

async fn refused(world: &World, line: &str) -> String {
    world.run(line).await.unwrap_err().to_string()
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_kept_survives_a_restart_and_ends_with_the_plugin() {
    let world = keeper().await;
    said(&world, "keep a one").await;
    said(&world, "keep ä zwei").await;
    let world = world.restarted().await.unwrap();
    assert_eq!(said(&world, "kept a").await, "one");
    assert_eq!(said(&world, "keys").await, "a\nä");
    assert_eq!(said(&world, "swap a two three").await, "false");
    assert_eq!(said(&world, "swap a one three").await, "true");
    assert_eq!(said(&world, "drop-key a").await, "true");
    assert_eq!(said(&world, "drop-key a").await, "false");
    world.host.remove_plugin("keeper", Data::Delete).await.unwrap();
    world.install("keeper-v1", &[]).await.unwrap();
    assert_eq!(said(&world, "keys").await, "");
    world.close().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_plugin_that_acts_for_an_agent_keeps_things_apart() {
    let world = keeper().await;
    world.guest("scout", &[]).await.unwrap();
    said(&world, "keep a mine").await;
    assert_eq!(world.run_as("scout", "kept a").await.unwrap().text(), "nothing");
    world.run_as("scout", "keep a his").await.unwrap();
    assert_eq!(world.run_as("scout", "kept a").await.unwrap().text(), "his");
    assert_eq!(said(&world, "kept a").await, "mine");
    world.close().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_too_much_is_refused_and_a_revoked_store_is_closed() {
    let mut options = Options::default();
    options.allowances.plugin.store_bytes = 150 << 10;
    let world = World::with(options).await.unwrap();
    world.install("keeper-v1", &[]).await.unwrap();
    assert!(refused(&world, &format!("keep {} x", "k".repeat(513))).await.contains("512 bytes"));
    let full = refused(&world, "both one two 90000").await;
    assert!(full.contains("store is full"), "{full}");
    assert_eq!(said(&world, "keys").await, "");
    // The control: what fits is kept.
    said(&world, "both one two 70000").await;
    assert_eq!(said(&world, "keys").await, "one\ntwo");
    let grant = world.grant("keeper", "powerbox:plugin/store@0.1.0").unwrap();
    world.host.narrow_grant(grant.id, &["functions get".parse().unwrap()]).unwrap();
    assert!(refused(&world, "keep a b").await.contains("denied"));
    assert_eq!(said(&world, "kept a").await, "nothing");
    world.host.revoke_grant(grant.id).unwrap();
    assert!(refused(&world, "kept a").await.contains("revoked"));
    world.close().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn the_time_and_randomness_are_powers_like_others() {
    let world = keeper().await;
    let time: u64 = said(&world, "time").await.parse().unwrap();
    assert!(time > 1_700_000_000_000, "{time}");
    let (one, two) = (said(&world, "dice 16").await, said(&world, "dice 16").await);
    assert_eq!((one.len(), two.len()), (32, 32));
    assert_ne!(one, two);
    assert!(refused(&world, "dice 65537").await.contains("65536"));
    world.host.revoke_grant(world.grant("keeper", "powerbox:plugin/clock@0.1.0").unwrap().id).unwrap();
    assert!(refused(&world, "time").await.contains("revoked"));
    world.close().await.unwrap();
}

async fn surfer(site: &Site) -> World {
    let world = World::new().await.unwrap();
    world.host.set_outside(Arc::new(Web::default()));
    world.install("keeper-v1", &[("http", &site.origin())]).await.unwrap();
    world
}

#[tokio::test(flavor = "multi_thread")]
async fn a_plugin_reaches_the_origin_that_it_is_bound_to_and_no_other() {
    let site = Site::open().await;
    let unbound = keeper().await;
    assert!(refused(&unbound, "fetch /hello").await.contains("bound to nothing"));
    assert_eq!(site.requests(), 0);
    unbound.close().await.unwrap();

    let world = surfer(&site).await;
    assert_eq!(said(&world, "fetch /hello").await, "200 hello");
    assert_eq!(said(&world, "fetch /moved").await, "200 hello");
    assert_eq!(said(&world, "fetch /nothing").await, "404 there is no such page");
    // A redirect to elsewhere is the answer.
    assert_eq!(said(&world, "fetch /away").await, "302 ");
    let before = site.requests();
    for path in ["//localhost/", "http://localhost/", "hello", "/a\\b", "/#x"] {
        let refused = refused(&world, &format!("fetch {path}")).await;
        assert!(refused.contains("path"), "{path}: {refused}");
    }
    assert!(refused(&world, "fetch /hello --header=host").await.contains("host's own"));
    assert_eq!(site.requests(), before);
    assert!(refused(&world, "fetch /large").await.contains("more than"));
    assert_eq!(said(&world, "fetch /big").await.len(), 4 + (1 << 20));
    world.close().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn headers_and_bodies_go_out_as_they_are_and_caveats_hold() {
    let site = Site::open().await;
    let world = surfer(&site).await;
    let request = powerbox_core::Request {
        principal: Principal::person(),
        command: "fetch".into(),
        words: ["/echo", "--header", "x-told: you", "--body", "so"].map(str::to_owned).to_vec(),
    };
    let person = Arc::new(powerbox_tests::world::Person::default());
    let output = world.host.invoke(request, person).await.unwrap();
    assert_eq!(output, powerbox_core::local::Output::Text("200 x-told: you so".into()));
    world.narrow("keeper", "powerbox:plugin/http@0.1.0", &["calls 1"]).unwrap();
    said(&world, "fetch /hello").await;
    assert!(refused(&world, "fetch /hello").await.contains("used up"));
    world.close().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn revoking_ends_a_request_that_waits_and_so_does_the_end_of_the_command() {
    let site = Site::open().await;
    let world = Arc::new(surfer(&site).await);
    let waiting = tokio::spawn({
        let world = Arc::clone(&world);
        async move { refused(&world, "fetch /never").await }
    });
    site.state.waits.notified().await;
    world.host.revoke_grant(world.grant("keeper", "powerbox:plugin/http@0.1.0").unwrap().id).unwrap();
    assert!(waiting.await.unwrap().contains("revoked"));
    tokio::time::timeout(LIMIT, site.state.left.notified()).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_version_that_running_commands_are_in_the_way_of_is_told_of_once_and_taken_when_they_end() {
    let site = Site::open().await;
    let world = Arc::new(surfer(&site).await);
    let file = versions(&world).await;
    let running = tokio::spawn({
        let world = Arc::clone(&world);
        async move { world.run("fetch /never").await.map(drop) }
    });
    site.state.waits.notified().await;
    let mut events = world.host.events();
    replace(&file, "keeper-v2");
    // Looked at twice, it is tried again by one.
    world.host.reconsider("keeper").await;
    world.host.reconsider("keeper").await;
    assert!(matches!(events.recv().await.unwrap(), Event::Postponed { .. }));
    let later = tokio::time::timeout(std::time::Duration::from_secs(5), events.recv()).await;
    assert!(later.is_err(), "it is told again: {later:?}");
    running.abort();
    let event = tokio::time::timeout(LIMIT, events.recv()).await.unwrap().unwrap();
    assert!(matches!(event, Event::Swapped { .. }), "{event:?}");
    assert_eq!(said(&world, "keys").await, "v2/a");
}

/// Installs the first version from a file that is watched and can be replaced.
async fn versions(world: &World) -> std::path::PathBuf {
    let file = world.folder().join("keeper.wasm");
    replace(&file, "keeper-v1");
    world.install_file(&file, &[]).await.unwrap();
    said(world, "keep a one").await;
    file
}

fn replace(file: &Path, name: &str) {
    let aside = file.with_extension("new");
    std::fs::copy(component(name).unwrap(), &aside).unwrap();
    std::fs::rename(&aside, file).unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_new_version_brings_what_was_kept_into_its_form_for_each_for_whom_it_acts() {
    let world = World::new().await.unwrap();
    let file = versions(&world).await;
    world.guest("scout", &[]).await.unwrap();
    world.run_as("scout", "keep b two").await.unwrap();
    let mut events = world.host.events();
    replace(&file, "keeper-v2");
    world.host.reconsider("keeper").await;
    assert!(matches!(events.recv().await.unwrap(), Event::Swapped { .. }));
    assert_eq!(said(&world, "keys").await, "v2/a");
    assert_eq!(said(&world, "kept a").await, "one");
    assert_eq!(world.run_as("scout", "kept b").await.unwrap().text(), "two");
    // Once: after a restart it is as it was.
    let world = world.restarted().await.unwrap();
    assert_eq!(said(&world, "keys").await, "v2/a");
    world.close().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_migration_that_fails_leaves_the_old_version_and_what_it_kept() {
    let world = World::new().await.unwrap();
    let file = versions(&world).await;
    let mut events = world.host.events();
    replace(&file, "keeper-bad");
    world.host.reconsider("keeper").await;
    let Event::Broken { reason, kept: true, .. } = events.recv().await.unwrap() else {
        panic!("it was taken")
    };
    assert!(reason.contains("form of version 0.1.0 is unknown"), "{reason}");
    assert_eq!(said(&world, "keys").await, "a");
    assert_eq!(said(&world, "kept a").await, "one");
    // By installing it is no different.
    let installation = world.host.prepare_install(&file, &[]).await.unwrap();
    assert!(world.host.install(installation).await.is_err());
    assert_eq!(said(&world, "kept a").await, "one");
    let world = world.restarted().await.unwrap();
    assert_eq!(said(&world, "kept a").await, "one");
    replace(&file, "keeper-v2");
    world.host.reconsider("keeper").await;
    assert_eq!(said(&world, "keys").await, "v2/a");
    world.close().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn another_process_that_knows_the_old_version_runs_the_new_one_on_what_was_migrated() {
    let world = World::new().await.unwrap();
    let file = versions(&world).await;
    let other = world.second_host().await.unwrap();
    let old = other.registry().plugin("keeper").unwrap().digest();
    replace(&file, "keeper-v2");
    world.host.reconsider("keeper").await;
    // Nobody told the other one: it does not watch.
    assert_eq!(other.registry().plugin("keeper").unwrap().digest(), old);
    let person = Arc::default();
    let shown = powerbox_tests::world::run(&other, &Principal::person(), "kept a", person).await.unwrap();
    assert_eq!(shown.text(), "one");
    assert_ne!(other.registry().plugin("keeper").unwrap().digest(), old);
    world.close().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_running_command_that_uses_the_store_ends_before_a_migration_begins() {
    let site = Site::open().await;
    let world = World::new().await.unwrap();
    world.host.set_outside(Arc::new(Web::default()));
    let file = world.folder().join("keeper.wasm");
    replace(&file, "keeper-v1");
    world.install_file(&file, &[("http", &site.origin())]).await.unwrap();
    let host = world.host.clone();
    let running = tokio::spawn(async move {
        powerbox_tests::world::run(&host, &Principal::person(), "linger", Arc::default()).await
    });
    site.state.waits.notified().await;
    replace(&file, "keeper-v2");
    let host = world.host.clone();
    let considering = tokio::spawn(async move { host.reconsider("keeper").await });
    // A command that comes now waits, and then runs the new version.
    let host = world.host.clone();
    let coming = tokio::spawn(async move {
        powerbox_tests::world::run(&host, &Principal::person(), "keys", Arc::default()).await
    });
    tokio::time::sleep(std::time::Duration::from_millis(300)).await;
    assert!(!considering.is_finished());
    running.abort();
    tokio::time::timeout(LIMIT, considering).await.unwrap().unwrap();
    let coming = coming.await.unwrap().unwrap().text();
    assert!(["lingering", "v2/lingering"].contains(&&*coming), "{coming}");
    assert_eq!(said(&world, "keys").await, "v2/lingering");
    world.close().await.unwrap();
}
