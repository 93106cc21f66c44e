//! Imports that were not declared, are not offered, or came in with an update.

use std::path::PathBuf;

use anyhow::Result;
use powerbox_core::Event;
use powerbox_core::plugin::Data;
use powerbox_core::registry::{Effect, NameRight, ParameterKind};
use powerbox_tests::raw::{self, Raw};
use powerbox_tests::world::{Stage, World};

use crate::attack::{Came, Guard, attacks, told};
use crate::things::Thing;

attacks! {
    an_interface_that_nobody_knows by Word "test:teleport/beam@1.0.0",
    wasi_that_nobody_granted by Word "brings WASI along",
    an_interface_of_a_wasi_that_is_not_served by Word "wasi:keyvalue/store@0.2.0",
    a_later_version_of_wasi by Word "wasi:random/random@0.3.0",
    a_slot_that_calls_itself_wasi by Word "wasi (test:teleport/beam@1.0.0)",
    a_function_without_an_interface by Word "beam",
    a_later_version_of_a_daemons_interface by Word "endo:daemon/directory@1.0.0",
    a_later_version_of_the_contract by Word "powerbox:plugin/output@9.0.0",
    a_function_among_the_contracts_types by Word "powerbox:plugin/types@0.1.1",
    a_power_that_the_contract_does_not_have by Word "powerbox:plugin/exec@0.1.1",
    a_resource_that_is_constructed by Word "test:keys/ring@1.0.0",
    a_resource_with_a_static_function by Word "test:keys/ring@1.0.0",
    bound_to_nothing_and_hoping by Word "test:teleport/beam@1.0.0",
    an_unknown_interface_in_an_update by Word "unknown interface test:teleport/beam@1.0.0",
    wasi_in_an_update by Word "new slot `wasi` (virtual WASI",
    another_slot_in_an_update by Word "new slot `writer`",
    another_interface_of_a_slot_in_an_update by Word "the slot `box` wants endo:daemon/directory-writer",
    another_plugins_name_in_an_update by Word "another name, `victim`",
    a_wider_right_in_an_update by Word "wants to remove too",
    a_stronger_effect_in_an_update by Word "stronger effect",
    the_name_of_a_plugin_that_comes_along by Word "comes with powerbox",
    the_name_of_a_plugin_that_was_removed by Rule "is bound to nothing",
    an_installed_copy_that_was_exchanged by Word "installed copy was changed",
}

/// A plugin whose command `peek` says something; its world imports what is given, and its code uses that.
fn plugin(name: &str, packages: &str, world: &str, core: &str) -> Raw {
    let mut raw = Raw::saying(raw::group(name, &["peek"]), "peeked");
    raw.packages = packages.to_owned();
    raw.world = world.to_owned();
    raw.core = format!("{core} {}", raw.core);
    raw
}

/// A world in which the name `thing` holds an object, and `box` another.
async fn world() -> World {
    let thing = || powerbox_captp::Object::exo(Thing::new()).into();
    World::on(&Stage::with([("thing", thing()), ("box", thing())])).await.unwrap()
}

/// Stands for `plugin` in the name of a package until the component is made: tools refuse two versions of one package.
const STAND_IN: &str = "plugim";

/// Writes a plugin to its file, as a build tool would.
fn write(world: &World, name: &str, plugin: Raw) -> PathBuf {
    let file = world.folder().join(format!("{name}.wasm"));
    let mut bytes = plugin.build().unwrap();
    let (stand_in, meant) = (format!("powerbox:{STAND_IN}/"), b"powerbox:plugin/");
    for place in 0..bytes.len() - meant.len() {
        if bytes[place..].starts_with(stand_in.as_bytes()) {
            bytes[place..place + meant.len()].copy_from_slice(meant);
        }
    }
    std::fs::write(&file, bytes).unwrap();
    file
}

async fn install(world: &World, plugin: Raw, bind: &[(&str, &str)]) -> Result<()> {
    let file = write(world, "plugin", plugin);
    world.install_file(&file, bind).await
}

/// Installs a plugin, and runs it if that goes well.
async fn installed(plugin: Raw, bind: &[(&str, &str)]) -> Came {
    let world = world().await;
    let installed = install(&world, plugin, bind).await;
    let said = told(world.run("peek").await);
    let reached = said.contains("peeked");
    assert!(
        reached || world.host.installed().list().unwrap().is_empty(),
        "what is refused leaves nothing behind"
    );
    Came::of(&world, reached, installed.err().map_or(said, |error| format!("{error:#}")))
}

/// The same import is refused for what it is, and let in where the person bound it to an object, which then is all that
/// it reaches.
async fn bound(guard: Guard, interface: &str, packages: &str, core: &str) -> Came {
    let plugin = plugin("smuggler", packages, &format!("import {interface};"), core);
    let bind: &[(&str, &str)] = if guard.is_up() { &[] } else { &[(interface, "thing")] };
    installed(plugin, bind).await
}

const BEAM: &str = "package test:teleport@1.0.0; interface beam { up: func() -> u32; }";
const UP: &str = r#"(import "test:teleport/beam@1.0.0" "up" (func (result i32)))"#;

async fn an_interface_that_nobody_knows(guard: Guard) -> Came {
    bound(guard, "test:teleport/beam@1.0.0", BEAM, UP).await
}

const RANDOM: &str = "package wasi:random@0.2.6; interface random { get-random-u64: func() -> u64; }";
const DRAW: &str = r#"(import "wasi:random/random@0.2.6" "get-random-u64" (func (result i64)))"#;

async fn wasi_that_nobody_granted(guard: Guard) -> Came {
    let bind: &[(&str, &str)] = if guard.is_up() { &[] } else { &[("wasi", "virtual")] };
    installed(plugin("smuggler", RANDOM, "import wasi:random/random@0.2.6;", DRAW), bind).await
}

/// The grant of a virtual WASI is of the part that there is.
async fn an_interface_of_a_wasi_that_is_not_served(guard: Guard) -> Came {
    let packages = "package wasi:keyvalue@0.2.0; interface store { open: func() -> u32; }";
    let core = r#"(import "wasi:keyvalue/store@0.2.0" "open" (func (result i32)))"#;
    bound(guard, "wasi:keyvalue/store@0.2.0", packages, core).await
}

async fn a_later_version_of_wasi(guard: Guard) -> Came {
    if !guard.is_up() {
        return wasi_that_nobody_granted(guard).await;
    }
    let (packages, core) = (RANDOM.replace("0.2.6", "0.3.0"), DRAW.replace("0.2.6", "0.3.0"));
    installed(plugin("smuggler", &packages, "import wasi:random/random@0.3.0;", &core), &[]).await
}

/// It would share the grant of the slot that all of WASI is. The control has another name.
async fn a_slot_that_calls_itself_wasi(guard: Guard) -> Came {
    let name = if guard.is_up() { "wasi" } else { "beam" };
    let world = format!("import {name}: test:teleport/beam@1.0.0;");
    let core = format!(r#"(import "{name}" "up" (func (result i32)))"#);
    installed(plugin("smuggler", BEAM, &world, &core), &[(name, "thing")]).await
}

/// There is nothing that it could be bound to. The control has the function in an interface.
async fn a_function_without_an_interface(guard: Guard) -> Came {
    if !guard.is_up() {
        return an_interface_that_nobody_knows(guard).await;
    }
    let core = r#"(import "$root" "beam" (func (result i32)))"#;
    installed(plugin("smuggler", "", "import beam: func() -> u32;", core), &[]).await
}

const HAS: &str = r#"(import "endo:daemon/directory@0.1.0" "has" (func (param i32 i32 i32)))"#;

async fn a_later_version_of_a_daemons_interface(guard: Guard) -> Came {
    let plugin = if guard.is_up() {
        let packages =
            "package endo:daemon@1.0.0; interface directory { has: func(path: list<string>) -> bool; }";
        let core = r#"(import "endo:daemon/directory@1.0.0" "has" (func (param i32 i32) (result i32)))"#;
        plugin("smuggler", packages, "import endo:daemon/directory@1.0.0;", core)
    } else {
        plugin("smuggler", "", "import endo:daemon/directory@0.1.0;", HAS)
    };
    let version = if guard.is_up() { "1.0.0" } else { "0.1.0" };
    installed(plugin, &[(&format!("endo:daemon/directory@{version}"), "box")]).await
}

async fn a_later_version_of_the_contract(guard: Guard) -> Came {
    let plugin = if guard.is_up() {
        let packages = "package powerbox:plugin@9.0.0; interface output { progress: func(done: u64); }";
        let core = r#"(import "powerbox:plugin/output@9.0.0" "progress" (func (param i64)))"#;
        plugin("smuggler", packages, "import powerbox:plugin/output@9.0.0;", core)
    } else {
        let core = r#"(import "powerbox:plugin/output@0.1.0" "progress" (func (param i64 i32 i64 i32 i32)))"#;
        plugin("smuggler", "", "import powerbox:plugin/output@0.1.0;", core)
    };
    installed(plugin, &[]).await
}

/// `types` has no functions, so it asks for nothing: a version of it that has one does.
async fn a_function_among_the_contracts_types(guard: Guard) -> Came {
    let packages = "package powerbox:PLUGIN@0.1.1; interface types { forge: func() -> u32; }"
        .replace("PLUGIN", STAND_IN);
    let core =
        r#"(import "powerbox:PLUGIN/types@0.1.1" "forge" (func (result i32)))"#.replace("PLUGIN", STAND_IN);
    let plugin = plugin("smuggler", &packages, &format!("import powerbox:{STAND_IN}/types@0.1.1;"), &core);
    let bind: &[(&str, &str)] = if guard.is_up() { &[] } else { &[("powerbox:plugin/types@0.1.1", "thing")] };
    installed(plugin, bind).await
}

async fn a_power_that_the_contract_does_not_have(guard: Guard) -> Came {
    let packages = "package powerbox:plugin@0.1.1; interface exec { run: func() -> u32; }";
    let core = r#"(import "powerbox:plugin/exec@0.1.1" "run" (func (result i32)))"#;
    bound(guard, "powerbox:plugin/exec@0.1.1", packages, core).await
}

async fn a_resource_that_is_constructed(guard: Guard) -> Came {
    let packages = "package test:keys@1.0.0; interface ring { resource key { constructor(); } }";
    let core = r#"(import "test:keys/ring@1.0.0" "[constructor]key" (func (result i32)))"#;
    bound(guard, "test:keys/ring@1.0.0", packages, core).await
}

async fn a_resource_with_a_static_function(guard: Guard) -> Came {
    let packages =
        "package test:keys@1.0.0; interface ring { resource key { master: static func() -> key; } }";
    let core = r#"(import "test:keys/ring@1.0.0" "[static]key.master" (func (result i32)))"#;
    bound(guard, "test:keys/ring@1.0.0", packages, core).await
}

/// Another slot is bound; that says nothing of this one.
async fn bound_to_nothing_and_hoping(guard: Guard) -> Came {
    let world = "import box: endo:daemon/directory@0.1.0; import test:teleport/beam@1.0.0;";
    let core = format!(r#"(import "box" "has" (func (param i32 i32 i32))) {UP}"#);
    let beam: &[(&str, &str)] = if guard.is_up() { &[] } else { &[("test:teleport/beam@1.0.0", "thing")] };
    installed(plugin("smuggler", BEAM, world, &core), &[&[("box", "box")], beam].concat()).await
}

/// A plugin is installed, and its file is exchanged. What is new says that it peeked elsewhere.
pub(crate) async fn updated(before: Raw, mut after: Raw, bind: &[(&str, &str)]) -> Came {
    let world = world().await;
    install(&world, before, bind).await.unwrap();
    after.data = raw::Data::default();
    let said = after.data.text("new code");
    let result = after.data.words(&raw::message(said));
    after.core = after.core.rsplit_once("(func (export").unwrap().0.to_owned();
    after.core += &format!(
        r#"(func (export "{}") (param i32 i32 i32 i32) (result i32) (i32.const {result}))"#,
        raw::RUN
    );
    let mut events = world.host.events();
    write(&world, "plugin", after);
    world.host.reconsider("smuggler").await;
    let mut told_of = String::new();
    while let Ok(event) = events.try_recv() {
        if let Event::Waiting { wants, .. } = &event {
            told_of.push_str(&wants.join("; "));
        }
        told_of.push_str(&format!("{event:?}"));
    }
    let said = told(world.run("smuggler:peek").await);
    Came::of(&world, said.contains("new code"), format!("{told_of}\n{said}"))
}

fn with_box(interface: &str, core: &str) -> Raw {
    plugin("smuggler", "", &format!("import box: endo:daemon/{interface}@0.1.0;"), core)
}

const BOX_HAS: &str = r#"(import "box" "has" (func (param i32 i32 i32)))"#;

/// What the update asks for beyond what was agreed to is the protection's case; the control asks for nothing more.
async fn update(guard: Guard, more: impl FnOnce() -> Raw) -> Came {
    let before = with_box("directory", BOX_HAS);
    let after = if guard.is_up() { more() } else { with_box("directory", BOX_HAS) };
    updated(before, after, &[("box", "box")]).await
}

async fn an_unknown_interface_in_an_update(guard: Guard) -> Came {
    update(guard, || {
        let world = "import box: endo:daemon/directory@0.1.0; import test:teleport/beam@1.0.0;";
        plugin("smuggler", BEAM, world, &format!("{BOX_HAS} {UP}"))
    })
    .await
}

async fn wasi_in_an_update(guard: Guard) -> Came {
    update(guard, || {
        let world = "import box: endo:daemon/directory@0.1.0; import wasi:random/random@0.2.6;";
        plugin("smuggler", RANDOM, world, &format!("{BOX_HAS} {DRAW}"))
    })
    .await
}

async fn another_slot_in_an_update(guard: Guard) -> Came {
    update(guard, || {
        let world =
            "import box: endo:daemon/directory@0.1.0; import writer: endo:daemon/directory-writer@0.1.0;";
        let remove = r#"(import "writer" "remove" (func (param i32 i32 i32)))"#;
        plugin("smuggler", "", world, &format!("{BOX_HAS} {remove}"))
    })
    .await
}

async fn another_interface_of_a_slot_in_an_update(guard: Guard) -> Came {
    update(guard, || with_box("directory-writer", r#"(import "box" "remove" (func (param i32 i32 i32)))"#))
        .await
}

async fn another_plugins_name_in_an_update(guard: Guard) -> Came {
    update(guard, || plugin("victim", "", "import box: endo:daemon/directory@0.1.0;", BOX_HAS)).await
}

fn naming(right: NameRight, effect: Effect) -> Raw {
    let mut raw = with_box("directory", BOX_HAS);
    let mut name = raw::parameter("name", ParameterKind::Name(vec![right]));
    name.required = false;
    raw.group.commands[0].parameters.push(name);
    raw.group.commands[0].effect = effect;
    raw
}

async fn a_wider_right_in_an_update(guard: Guard) -> Came {
    let right = if guard.is_up() { NameRight::Remove } else { NameRight::Read };
    let (before, after) = (naming(NameRight::Read, Effect::Reads), naming(right, Effect::Reads));
    updated(before, after, &[("box", "box")]).await
}

async fn a_stronger_effect_in_an_update(guard: Guard) -> Came {
    let effect = if guard.is_up() { Effect::Destroys } else { Effect::Reads };
    let (before, after) = (naming(NameRight::Read, Effect::Reads), naming(NameRight::Read, effect));
    updated(before, after, &[("box", "box")]).await
}

/// `storage` comes with the program, and has the names of whoever runs it.
async fn the_name_of_a_plugin_that_comes_along(guard: Guard) -> Came {
    let name = if guard.is_up() { "storage" } else { "smuggler" };
    let world = world().await;
    let installed = install(&world, plugin(name, "", "", ""), &[]).await;
    let said = told(world.run(&format!("{name}:peek")).await);
    Came::of(&world, said.contains("peeked"), installed.err().map_or(said, |error| format!("{error:#}")))
}

/// What was granted to a plugin that was removed was not granted to the next of that name.
async fn the_name_of_a_plugin_that_was_removed(guard: Guard) -> Came {
    let world =
        World::on(&Stage::with([("box", powerbox_captp::Object::exo(Thing::new()).into())])).await.unwrap();
    let vault = crate::things::VAULT;
    world.install("attacker", &[(vault, "box"), ("left", "box")]).await.unwrap();
    world.host.remove_plugin("attacker", Data::Delete).await.unwrap();
    let left: &[(&str, &str)] = if guard.is_up() { &[] } else { &[("left", "box")] };
    world.install("attacker", &[&[(vault, "box")], left].concat()).await.unwrap();
    let said = crate::attack::attempt(&world, serde_json::json!([["left", "has", ["x"]]])).await;
    // The object has no such method: it was reached.
    Came::of(&world, said.contains("has no method"), said)
}

/// Somebody exchanges the copy that the host keeps. The control exchanges the file that was installed.
async fn an_installed_copy_that_was_exchanged(guard: Guard) -> Came {
    let world = world().await;
    let before = || plugin("smuggler", "", "", "");
    install(&world, before(), &[]).await.unwrap();
    let after = Raw::saying(raw::group("smuggler", &["peek"]), "new code");
    if guard.is_up() {
        let copies: Vec<PathBuf> = copies(&world.folder().join("data"));
        assert_eq!(copies.len(), 1, "{copies:?}");
        std::fs::write(&copies[0], after.build().unwrap()).unwrap();
    } else {
        write(&world, "plugin", after);
    }
    let world = world.restarted().await.unwrap();
    let events = format!("{:?}", world.host.take_startup_events());
    let said = told(world.run("peek").await);
    Came::of(&world, said.contains("new code"), format!("{events}\n{said}"))
}

/// All components in a folder and those in it.
fn copies(folder: &std::path::Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            found.extend(copies(&path));
        } else if path.extension().is_some_and(|extension| extension == "wasm") {
            found.push(path);
        }
    }
    found
}
