//! References with limits that are stored and fetched back by another way, on which they had none.

use powerbox_authority::grant::{Holder, Record};
use powerbox_captp::{Object, Value};
use powerbox_tests::world::World;
use serde_json::{Value as Json, json};

use crate::attack::{Came, Guard, attacks, attempt_with, line, told};
use crate::things::{SECRET, Scene, VAULT};

attacks! {
    an_object_with_few_methods by Rule "the grant allows text, not lookup",
    in_a_record by Rule "the grant allows text, not lookup",
    in_a_list_in_a_record by Rule "the grant allows text, not lookup",
    through_a_slot_that_stores by Rule "the grant allows text, not lookup",
    what_came_through_a_grant_with_caveats by Rule "the grant allows lookup, not remove",
    what_came_through_a_grant_with_rules_on_paths by Rule "rules on paths or arguments",
    what_was_only_read by Rule "can be shown, not stored",
    what_was_only_read_in_a_record by Rule "can be shown, not stored",
    an_object_of_the_plugins_own by Rule "ends with the command",
}

/// The user's `safe` holds a plan. The attacker may do as it likes with `box`, where the user lets it write `loot`.
async fn world() -> World {
    let world = World::new().await.unwrap();
    for path in [&["box"][..], &["safe"], &["safe", "deep"]] {
        world.ask("makeDirectory", vec![Value::texts(path.iter().copied())]).await.unwrap();
    }
    for path in [["safe", "plan"], ["deep", "plan"]] {
        let path: Vec<_> = if path[0] == "deep" { vec!["safe", "deep", "plan"] } else { path.to_vec() };
        world.ask("storeValue", vec![Value::text(SECRET), Value::texts(path)]).await.unwrap();
    }
    let slots = [("left", "box"), ("right", "safe"), ("storer", "@agent"), (VAULT, "box")];
    world.install("attacker", &slots).await.unwrap();
    // What it may do with `safe` is the matter of each attack.
    world.host.revoke_grant(world.grant("attacker", "right").unwrap().id).unwrap();
    world
}

/// Stores a value in which `{"ref": 0}` is `safe`, designated for other methods, and looks into what is stored. In the
/// control the user puts the thing itself there.
async fn with_few_methods(guard: Guard, store: Json, fetched: u32) -> Came {
    let world = world().await;
    let mut steps = vec![];
    if guard.is_up() {
        steps.push(store);
    } else {
        let copy = vec![Value::texts(["safe"]), Value::texts(["box", "loot"])];
        world.ask("copy", copy).await.unwrap();
    }
    steps.push(json!(["left", "lookup", ["loot"]]));
    steps.push(json!(["call", fetched, "lookup", ["plan"]]));
    let said = attempt_with(&world, "--object safe --to box/loot", steps.into()).await;
    Came::of(&world, said.contains(SECRET), said)
}

async fn an_object_with_few_methods(guard: Guard) -> Came {
    with_few_methods(guard, json!(["to", "store", {"ref": 0}]), 1).await
}

async fn in_a_record(guard: Guard) -> Came {
    with_few_methods(guard, json!(["to", "store", {"a": {"ref": 0}, "b": 1}]), 1).await
}

async fn in_a_list_in_a_record(guard: Guard) -> Came {
    with_few_methods(guard, json!(["to", "store", {"a": [1, [{"ref": 0}]]}]), 1).await
}

/// The slot stores among the person's own names.
async fn through_a_slot_that_stores(guard: Guard) -> Came {
    with_few_methods(guard, json!(["storer", {"ref": 0}, ["box", "loot"]]), 1).await
}

/// What the slot `right` leads to, which was granted with caveats.
async fn led_to(guard: Guard, caveat: &str) -> (World, String) {
    let world = world().await;
    let gift = powerbox_core::grants::Gift {
        plugin: "attacker".into(),
        agent: None,
        slot: "right".into(),
        name: Some("safe".into()),
        parent: None,
        caveats: powerbox_tests::world::read(if guard.is_up() { std::slice::from_ref(&caveat) } else { &[] })
            .unwrap(),
    };
    world.host.give(&gift).await.unwrap();
    let steps = json!([
        ["right", "lookup", ["deep"]],
        ["to", "store", [{"ref": 0}]],
        ["left", "lookup", ["loot"]],
        ["call", 1, "remove", ["plan"]]
    ]);
    let said = attempt_with(&world, "--to box/loot", steps).await;
    (world, said)
}

async fn removed(world: &World, said: String) -> Came {
    let left = world.ask("has", ["safe", "deep", "plan"].map(Value::text).to_vec()).await.unwrap();
    Came::of(world, left == Value::Bool(false), said)
}

async fn what_came_through_a_grant_with_caveats(guard: Guard) -> Came {
    let (world, said) = led_to(guard, "functions lookup").await;
    removed(&world, said).await
}

/// On the thing itself the rule would mean something else, so it is not stored at all.
async fn what_came_through_a_grant_with_rules_on_paths(guard: Guard) -> Came {
    let (world, said) = led_to(guard, "path deep").await;
    removed(&world, said).await
}

/// What was read from a name is stored under another; in the control the user lets it be copied.
async fn only_read(guard: Guard, stored: Json) -> Came {
    let world = world().await;
    let mut steps = vec![];
    if guard.is_up() {
        steps.extend([json!(["from", "lookup"]), json!(["to", "store", stored])]);
    } else {
        steps.push(json!(["to", "copy"]));
    }
    steps.push(json!(["left", "lookup", ["loot", "plan"]]));
    let said = attempt_with(&world, "--from safe --to box/loot", steps.into()).await;
    Came::of(&world, said.contains(SECRET), said)
}

async fn what_was_only_read(guard: Guard) -> Came {
    only_read(guard, json!({"ref": 0})).await
}

async fn what_was_only_read_in_a_record(guard: Guard) -> Came {
    only_read(guard, json!({"a": [{"ref": 0}]})).await
}

/// One that gives out what it was given, to whoever finds it. The control stores data.
async fn an_object_of_the_plugins_own(guard: Guard) -> Came {
    let world = world().await;
    let stored = if guard.is_up() { json!({"giver": 0}) } else { json!("a text") };
    let said = attempt_with(&world, "--object safe --to box/loot", json!([["to", "store", stored]])).await;
    let there = world.ask("has", ["box", "loot"].map(Value::text).to_vec()).await.unwrap();
    Came::of(&world, there == Value::Bool(true), said)
}

/// What the person finds under the name that a command was given to write.
async fn loot(world: &World) -> Object {
    let found = world.ask("lookup", vec![Value::texts(["box", "loot"])]).await.unwrap();
    found.as_capability().cloned().expect("an object is stored")
}

async fn store_safe(world: &World) {
    let steps = json!([["to", "store", {"ref": 0}]]);
    let said = told(world.run(&line("--object safe --to box/loot", &steps)).await);
    assert!(said.starts_with("ok"), "{said}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stored_reference_allows_what_the_parameter_did() {
    let world = world().await;
    // A blob has the method that the parameter declares.
    world.ask("writeText", vec![Value::texts(["file"]), Value::text("hello")]).await.unwrap();
    let steps = json!([["to", "store", {"ref": 0}]]);
    let said = told(world.run(&line("--object file --to box/loot", &steps)).await);
    assert!(said.starts_with("ok"), "{said}");
    let text = loot(&world).await.call("text", vec![]).await.unwrap();
    assert_eq!(text, Value::text("hello"));
    let refused = loot(&world).await.call("sha256", vec![]).await.unwrap_err().to_string();
    assert!(refused.contains("allows text, not sha256"), "{refused}");
    // It is a grant, which the person can find and take back.
    let records = world.host.ledger().list(false).unwrap();
    let stored = records.iter().find(|record| record.holder == Holder::reference("box/loot")).unwrap();
    assert!(stored.giver.contains("plugin attacker"), "{stored:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn revoking_the_grant_ends_what_was_stored_by_it_also_after_a_restart() {
    let world = world().await;
    store_safe(&world).await;
    let designation = world.grant("attacker", Record::DESIGNATION).unwrap().id;
    world.host.revoke_grant(designation).unwrap();
    let ended = async |world: &World| {
        let refused = loot(world).await.call("text", vec![]).await.unwrap_err().to_string();
        assert!(refused.contains("was revoked"), "{refused}");
    };
    ended(&world).await;
    let world = world.restarted().await.unwrap();
    ended(&world).await;
    world.close().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_reference_that_is_stored_again_leaves_the_first_as_it_is() {
    let world = world().await;
    store_safe(&world).await;
    let paths = vec![Value::texts(["box", "loot"]), Value::texts(["box", "first"])];
    world.ask("move", paths).await.unwrap();
    store_safe(&world).await;
    let first = world.ask("lookup", vec![Value::texts(["box", "first"])]).await.unwrap();
    let refused = first.as_capability().unwrap().call("lookup", vec![Value::text("plan")]).await.unwrap_err();
    assert!(refused.to_string().contains("not lookup"), "{refused}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_reference_that_is_not_stored_after_all_leaves_no_grant() {
    let world = world().await;
    let before = world.host.ledger().list(false).unwrap().len();
    // There is no such directory.
    let steps = json!([["storer", {"ref": 0}, ["nowhere", "loot"]]]);
    let said = attempt_with(&world, "--object safe", steps).await;
    assert!(said.starts_with("no"), "{said}");
    // What is given by default has been given by now, and nothing else.
    let after = world.host.ledger().list(false).unwrap();
    assert!(
        !after.iter().any(|record| record.holder.as_stored().starts_with("reference")),
        "{before} {after:?}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn the_users_own_copy_is_of_the_thing_itself() {
    let world = world().await;
    let said = told(world.run("copy safe box/loot").await);
    assert!(!said.contains("denied"), "{said}");
    assert_eq!(
        world.ask("identify", vec![Value::text("safe")]).await.unwrap(),
        world.ask("identify", ["box", "loot"].map(Value::text).to_vec()).await.unwrap()
    );
    let said = told(world.run("move box/loot box/moved").await);
    assert!(!said.contains("denied"), "{said}");
}

#[tokio::test(flavor = "multi_thread")]
async fn where_the_daemon_keeps_no_limits_the_reference_is_refused() {
    let scene = Scene::new().await;
    let steps = json!([["to", "store", [{"ref": 0}]], ["to", "store", "a text"]]);
    let said = attempt_with(&scene.world, "--object tool --to loot", steps).await;
    assert!(said.lines().next().unwrap().contains("the daemon cannot keep"), "{said}");
    assert!(said.lines().nth(1).unwrap().starts_with("ok"), "{said}");
    assert_eq!(scene.stage.get("loot"), Some(Value::text("a text")));
    let denied = scene.world.denials().unwrap();
    assert!(denied.iter().any(|denied| denied.outcome.contains("the daemon cannot keep")), "{denied:?}");
}
