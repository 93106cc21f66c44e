//! Rights that are meant to become wider on a detour: through another object, another plugin, a stored value, an error,
//! a promise, an answer.

use std::sync::Arc;

use powerbox_captp::{CallError, Object, Value};
use powerbox_core::grants::{Gift, IfTaken};
use powerbox_tests::world::{Person, World, run};
use serde_json::{Value as Json, json};

use crate::attack::{Came, Guard, attacks, attempt, attempt_with, line, told};
use crate::things::{FINE, SECRET, Scene, VAULT};

attacks! {
    passed_to_another_object by Rule "the reference allows text, not wreck",
    passed_to_another_object_and_got_back by Rule "the parameter allows text, not wreck",
    duplicated by Rule "the parameter allows text, not wreck",
    stored_by_one_and_used_by_another by Rule "the reference allows text, not wreck",
    answered_by_an_object_that_may_do_less by Rule "the grant allows take, not wreck",
    the_object_answers_with_itself by Rule "wreck.1 between 0 1",
    what_cannot_be_judged_on_an_answer by Rule "cannot be judged on an object",
    a_promise_that_settles_later by Rule "the grant allows take, not wreck",
    a_promise_for_the_object_itself by Rule "wreck.times between 0 1",
    a_promise_passed_to_another_object by Rule "the grant allows take, not wreck",
    in_the_cause_of_an_error by Word "there is no reference 0",
    thrown_instead_of_answered by Word "there is no reference 0",
    a_path_that_is_the_name_of_the_method by Rule "paths under `lookup` only",
    what_a_name_holds_is_called by Rule "can be shown, not called",
    what_a_name_holds_is_passed_on by Rule "not passed to an object",
    an_identifier_becomes_a_reference by Rule "identifier",
    a_locator_becomes_a_reference by Rule "identifier",
    an_identifier_in_a_slot_of_ones_own_making by Rule "identifier",
    a_guest_uses_what_the_persons_plugin_holds by Rule "is bound to nothing",
    a_guest_names_what_is_the_persons by Word "nothing named",
    a_lent_reference_leads_to_more by Word "read-only",
    a_lent_reference_under_another_name by Word "read-only",
    a_lent_reference_is_copied_name_by_name by Word "tells identifiers",
    a_lent_reference_tells_an_identifier by Word "tells identifiers",
    a_lent_reference_tells_identifiers_as_names_change by Word "nothing told of `deep` but its name",
    a_lent_reference_of_a_lent_reference by Word "read-only",
}

/// Carries out steps that begin with the tool as reference 0; the right to `wreck` is what the attack lacks.
async fn with_tool(guard: Guard, steps: Json) -> Came {
    let scene = Scene::new().await;
    let object = if guard.is_up() { "--object tool" } else { "--strong tool" };
    let said = attempt_with(&scene.world, object, steps).await;
    Came::of(&scene.world, scene.tool.is_wrecked(), said)
}

async fn passed_to_another_object(guard: Guard) -> Came {
    with_tool(guard, json!([["vault", "put", {"ref": 0}]])).await
}

async fn passed_to_another_object_and_got_back(guard: Guard) -> Came {
    let steps =
        json!([["vault", "put", [{"ref": 0}]], ["vault", "take", "kept"], ["call", 1, "wreck", ["all", 1]]]);
    with_tool(guard, steps).await
}

async fn duplicated(guard: Guard) -> Came {
    with_tool(guard, json!([["duplicate", 0, "wreck", ["all", 1]]])).await
}

/// Another holder's plugin takes the reference out while the run that put it is not over.
async fn stored_by_one_and_used_by_another(guard: Guard) -> Came {
    let scene = Scene::new().await;
    let vault = scene.stage.get("vault").unwrap();
    scene.stage.put("scout", crate::things::Agent::with("vault", vault));
    let gift = Gift {
        plugin: "attacker".into(),
        agent: Some("scout".into()),
        slot: VAULT.into(),
        name: Some("vault".into()),
        parent: None,
        caveats: Vec::new(),
    };
    scene.world.host.give(&gift).await.unwrap();
    let object = if guard.is_up() { "--object tool" } else { "--strong tool" };
    let first = line(object, &json!([["vault", "put", [{"ref": 0}]], ["vault", "take", "wait"]]));
    let second = line("", &json!([["vault", "take", "kept"], ["call", 0, "wreck", ["all", 1]]]));
    let (_, said) = tokio::join!(scene.world.run(&first), async {
        scene.vault.waits(1).await;
        let said = told(scene.world.run_as("scout", &second).await);
        scene.vault.let_go();
        said
    });
    Came::of(&scene.world, scene.tool.is_wrecked(), said)
}

/// Carries out steps on a vault that is granted with a caveat.
async fn with_vault(guard: Guard, caveat: &str, steps: Json) -> Came {
    let scene = Scene::guarded(guard, &[caveat]).await;
    // What waits may come at once.
    scene.vault.let_go();
    let said = attempt(&scene.world, steps).await;
    Came::of(&scene.world, scene.vault.wrecked().iter().any(|wrecked| wrecked.ends_with("x5")), said)
}

async fn answered_by_an_object_that_may_do_less(guard: Guard) -> Came {
    let steps = json!([["vault", "take", "thing"], ["call", 0, "wreck", ["all", 5]]]);
    with_vault(guard, "functions take", steps).await
}

async fn the_object_answers_with_itself(guard: Guard) -> Came {
    let steps = json!([["vault", "take", "self"], ["call", 0, "wreck", ["all", 5]]]);
    with_vault(guard, "arg wreck.1 between 0 1", steps).await
}

async fn what_cannot_be_judged_on_an_answer(guard: Guard) -> Came {
    let steps = json!([["vault", "take", "thing"], ["call", 0, "wreck", ["all", 5]]]);
    with_vault(guard, "arg wreck.times between 0 1", steps).await
}

async fn a_promise_that_settles_later(guard: Guard) -> Came {
    let steps = json!([["vault", "take", "promise"], ["call", 0, "wreck", ["all", 5]]]);
    with_vault(guard, "functions take", steps).await
}

async fn a_promise_for_the_object_itself(guard: Guard) -> Came {
    let steps = json!([["vault", "take", "forbidden"], ["call", 0, "wreck", ["all", 5]]]);
    with_vault(guard, "arg wreck.times between 0 1", steps).await
}

/// What is taken from the vault is promised, and given to another object before that can know what it is.
async fn a_promise_passed_to_another_object(guard: Guard) -> Came {
    let scene = Scene::guarded(guard, &["functions take"]).await;
    scene.stage.put("other", Object::exo(crate::things::Thing::new()));
    let steps = json!([["vault", "take", "promise"], ["call", 0, "put", [{"ref": 1}]]]);
    scene.vault.let_go();
    let said = attempt_with(&scene.world, "--taker other", steps).await;
    Came::of(&scene.world, scene.vault.is_wrecked(), said)
}

/// Nothing but text comes through in an error; in an answer the same reference does.
async fn in_the_cause_of_an_error(guard: Guard) -> Came {
    let scene = Scene::new().await;
    let what = if guard.is_up() { "error" } else { "thing" };
    let said =
        attempt(&scene.world, json!([["vault", "take", what], ["call", 0, "wreck", ["all", 5]]])).await;
    Came::of(&scene.world, scene.vault.is_wrecked(), said)
}

/// What is thrown need not be an error.
async fn thrown_instead_of_answered(guard: Guard) -> Came {
    let scene = Scene::new().await;
    let what = if guard.is_up() { "thrown" } else { "thing" };
    let said =
        attempt(&scene.world, json!([["vault", "take", what], ["call", 0, "wreck", ["all", 5]]])).await;
    Came::of(&scene.world, scene.vault.is_wrecked(), said)
}

/// The rule is on paths; a directory has the name of the method, by which no path may be taken.
async fn a_path_that_is_the_name_of_the_method(guard: Guard) -> Came {
    let world = World::new().await.unwrap();
    for path in [&["box"][..], &["box", "lookup"]] {
        world.ask("makeDirectory", vec![Value::texts(path.iter().copied())]).await.unwrap();
    }
    world.ask("storeValue", vec![Value::text(SECRET), Value::texts(["box", "plan"])]).await.unwrap();
    let up = vec![Value::texts(["box"]), Value::texts(["box", "lookup", "up"])];
    world.ask("copy", up).await.unwrap();
    world.install("attacker", &[("left", "box"), (VAULT, "box")]).await.unwrap();
    if guard.is_up() {
        world.narrow("attacker", "left", &["path lookup"]).unwrap();
    }
    let steps = json!([["left", "lookup", ["lookup", "up"]], ["call", 0, "lookup", [["plan"]]]]);
    let said = attempt(&world, steps).await;
    Came::of(&world, said.contains(SECRET), said)
}

async fn what_a_name_holds_is_called(guard: Guard) -> Came {
    let scene = Scene::new().await;
    let said = if guard.is_up() {
        let steps = json!([["from", "lookup"], ["call", 0, "wreck", ["all", 1]]]);
        attempt_with(&scene.world, "--from tool", steps).await
    } else {
        attempt_with(&scene.world, "--strong tool", json!([["call", 0, "wreck", ["all", 1]]])).await
    };
    Came::of(&scene.world, scene.tool.is_wrecked(), said)
}

async fn what_a_name_holds_is_passed_on(guard: Guard) -> Came {
    let scene = Scene::new().await;
    let said = if guard.is_up() {
        let steps = json!([["from", "lookup"], ["vault", "put", {"ref": 0}]]);
        attempt_with(&scene.world, "--from tool", steps).await
    } else {
        attempt_with(&scene.world, "--strong tool", json!([["vault", "put", {"ref": 0}]])).await
    };
    Came::of(&scene.world, scene.tool.is_wrecked(), said)
}

/// In Endo an identifier is as good as a reference for whoever has a directory: it is text, but text is no authority
/// here. The attacker may see what `safe` holds, a directory, but not use it; a directory of its own it may use.
async fn by_text(guard: Guard, steps: Json) -> Came {
    let world = World::new().await.unwrap();
    for path in [&["box"][..], &["box", "own"], &["safe"]] {
        world.ask("makeDirectory", vec![Value::texts(path.iter().copied())]).await.unwrap();
    }
    world.ask("storeValue", vec![Value::text(SECRET), Value::texts(["safe", "plan"])]).await.unwrap();
    world.install("attacker", &[("left", "box"), (VAULT, "box")]).await.unwrap();
    if !guard.is_up() {
        // The person gives what the text stands for, too.
        let copy = vec![Value::texts(["safe"]), Value::texts(["box", "own", "loot"])];
        world.ask("copy", copy).await.unwrap();
    }
    let first = told(world.run(&line("--from safe", &json!([["from", "identify"]]))).await);
    let id = first.split('"').nth(1).unwrap_or_default().to_owned();
    let (number, node) = id.split_once(':').unwrap_or_default();
    let locator = format!("endo://{node}/?id={number}&type=directory");
    let steps: Json =
        serde_json::from_str(&steps.to_string().replace("IDENTIFIER", &id).replace("LOCATOR", &locator))
            .unwrap();
    let said = attempt(&world, steps).await;
    Came::of(&world, said.contains(SECRET), said)
}

async fn an_identifier_becomes_a_reference(guard: Guard) -> Came {
    let steps = json!([
        ["left", "lookup", ["own"]],
        ["call", 0, "storeIdentifier", [["loot"], "IDENTIFIER"]],
        ["left", "lookup", ["own", "loot", "plan"]]
    ]);
    by_text(guard, steps).await
}

async fn a_locator_becomes_a_reference(guard: Guard) -> Came {
    let steps = json!([
        ["left", "lookup", ["own"]],
        ["send", 0, "storeLocator", [["loot"], "LOCATOR"]],
        ["left", "has", ["own"]],
        ["left", "lookup", ["own", "loot", "plan"]]
    ]);
    by_text(guard, steps).await
}

/// The third party's interface is bound to `box`, and has the daemon's method for a function.
async fn an_identifier_in_a_slot_of_ones_own_making(guard: Guard) -> Came {
    let steps = json!([
        ["vault", "store", ["own", "loot"], "IDENTIFIER"],
        ["left", "lookup", ["own", "loot", "plan"]]
    ]);
    by_text(guard, steps).await
}

async fn a_guest_uses_what_the_persons_plugin_holds(guard: Guard) -> Came {
    let world = World::new().await.unwrap();
    world.ask("makeDirectory", vec![Value::texts(["box"])]).await.unwrap();
    world.ask("storeValue", vec![Value::text(SECRET), Value::texts(["box", "plan"])]).await.unwrap();
    world.install("attacker", &[("left", "box"), (VAULT, "box")]).await.unwrap();
    world.guest("scout", &["box"]).await.unwrap();
    if !guard.is_up() {
        let gift = Gift {
            plugin: "attacker".into(),
            agent: Some("scout".into()),
            slot: "left".into(),
            name: Some("box".into()),
            parent: None,
            caveats: Vec::new(),
        };
        world.host.give(&gift).await.unwrap();
    }
    let said = told(world.run_as("scout", &line("", &json!([["left", "lookup", ["plan"]]]))).await);
    Came::of(&world, said.contains(SECRET), said)
}

async fn a_guest_names_what_is_the_persons(guard: Guard) -> Came {
    let world = World::new().await.unwrap();
    world.ask("storeValue", vec![Value::text(SECRET), Value::texts(["plan"])]).await.unwrap();
    world.ask("makeDirectory", vec![Value::texts(["box"])]).await.unwrap();
    world.install("attacker", &[(VAULT, "box")]).await.unwrap();
    let introduced: &[&str] = if guard.is_up() { &[] } else { &["plan"] };
    world.guest("scout", introduced).await.unwrap();
    let said = told(world.run_as("scout", &line("--from plan", &json!([["from", "lookup"]]))).await);
    Came::of(&world, said.contains(SECRET), said)
}

/// A guest is lent the directory `box` to read; it has its own plugin remove what is in there.
async fn lent(guard: Guard, name: &str, prepare: impl AsyncFn(&World), steps: Json) -> Came {
    let world = World::new().await.unwrap();
    for path in [&["box"][..], &["box", "deep"]] {
        world.ask("makeDirectory", vec![Value::texts(path.iter().copied())]).await.unwrap();
    }
    world.ask("storeValue", vec![Value::text(FINE), Value::texts(["box", "deep", "plan"])]).await.unwrap();
    world.install("attacker", &[(VAULT, "box")]).await.unwrap();
    let caveats: &[&str] = if guard.is_up() { &["read-only"] } else { &[] };
    let caveats = powerbox_tests::world::read(caveats).unwrap();
    world.host.attenuate("box", "lent", caveats, IfTaken::Refuse).await.unwrap();
    prepare(&world).await;
    world.guest("scout", &[name]).await.unwrap();
    let gift = Gift {
        plugin: "attacker".into(),
        agent: Some("scout".into()),
        slot: "left".into(),
        name: Some(name.into()),
        parent: None,
        caveats: Vec::new(),
    };
    world.host.give(&gift).await.unwrap();
    let said = told(
        run(&world.host, &world.principal("scout").await, &line("", &steps), Arc::new(Person::default()))
            .await,
    );
    let left = world.ask("has", ["box", "deep", "plan"].map(Value::text).to_vec()).await.unwrap();
    Came::of(&world, left == Value::Bool(false), said)
}

async fn a_lent_reference_leads_to_more(guard: Guard) -> Came {
    let steps = json!([["left", "lookup", ["deep"]], ["call", 0, "remove", ["plan"]]]);
    lent(guard, "lent", async |_| {}, steps).await
}

async fn a_lent_reference_under_another_name(guard: Guard) -> Came {
    let prepare = async |world: &World| {
        let copy = vec![Value::texts(["lent"]), Value::texts(["borrowed"])];
        world.ask("copy", copy).await.unwrap();
    };
    let steps = json!([["left", "lookup", ["deep"]], ["call", 0, "remove", ["plan"]]]);
    lent(guard, "borrowed", prepare, steps).await
}

async fn a_lent_reference_of_a_lent_reference(guard: Guard) -> Came {
    let prepare = async |world: &World| {
        world.host.attenuate("lent", "lent-on", Vec::new(), IfTaken::Refuse).await.unwrap();
    };
    let steps = json!([["left", "lookup", ["deep"]], ["call", 0, "remove", ["plan"]]]);
    lent(guard, "lent-on", prepare, steps).await
}

/// A guest that is no plugin, with the directory `box` as `lent`: all of it, if the protection is down. What is
/// reached must still be `lent`, and so not writable.
async fn guest(guard: Guard) -> (World, Object, Object) {
    let world = World::new().await.unwrap();
    for path in [&["box"][..], &["box", "deep"]] {
        world.ask("makeDirectory", vec![Value::texts(path.iter().copied())]).await.unwrap();
    }
    world.ask("storeValue", vec![Value::text(FINE), Value::texts(["box", "deep", "plan"])]).await.unwrap();
    if guard.is_up() {
        world
            .host
            .attenuate("box", "lent", powerbox_tests::world::read(&["read-only"]).unwrap(), IfTaken::Refuse)
            .await
            .unwrap();
    } else {
        world.ask("copy", vec![Value::texts(["box"]), Value::texts(["lent"])]).await.unwrap();
    }
    world.guest("scout", &["lent"]).await.unwrap();
    let object = |value: Value| value.as_capability().cloned().unwrap();
    let scout = object(world.ask("lookup", vec![Value::text("scout")]).await.unwrap());
    let lent = object(scout.call("lookup", vec![Value::text("lent")]).await.unwrap());
    (world, scout, lent)
}

async fn removed(world: &World, said: String) -> Came {
    let left = world.ask("has", ["box", "deep", "plan"].map(Value::text).to_vec()).await.unwrap();
    Came::of(world, left == Value::Bool(false), said)
}

/// With the very commands that the guest has.
async fn a_lent_reference_is_copied_name_by_name(guard: Guard) -> Came {
    let (world, ..) = guest(guard).await;
    let mut said = told(world.run_as("scout", "copy lent/deep loot").await);
    said += &told(world.run_as("scout", "remove loot/plan").await);
    removed(&world, said).await
}

/// Makes the identifier a name of the guest's own, and removes what is there.
async fn use_identifier(scout: &Object, id: Value) -> Result<Value, CallError> {
    scout.call("storeIdentifier", vec![Value::texts(["loot"]), id]).await?;
    scout.call("remove", vec![Value::text("loot"), Value::text("plan")]).await
}

async fn a_lent_reference_tells_an_identifier(guard: Guard) -> Came {
    let (world, scout, lent) = guest(guard).await;
    let said = match lent.call("identify", vec![Value::text("deep")]).await {
        Ok(id) => format!("{:?}", use_identifier(&scout, id).await),
        Err(error) => error.to_string(),
    };
    removed(&world, said).await
}

/// The identifier that a change tells, in one piece or in two.
fn identifier(told: &Value) -> Option<Value> {
    let part = |key| told.get(key).and_then(Value::as_str);
    let whole = part("id").map(str::to_owned);
    whole.or_else(|| Some(format!("{}:{}", part("number")?, part("node")?))).map(Value::text)
}

async fn a_lent_reference_tells_identifiers_as_names_change(guard: Guard) -> Came {
    let (world, scout, lent) = guest(guard).await;
    let step = lent.call("followNameChanges", vec![]).call("next", vec![]).await.unwrap();
    let change = step.get("value").unwrap();
    assert_eq!(change.get("add"), Some(&Value::text("deep")), "names are told");
    let said = match change.get("value").and_then(identifier) {
        Some(id) => format!("{:?}", use_identifier(&scout, id).await),
        None => "nothing told of `deep` but its name".to_owned(),
    };
    removed(&world, said).await
}
