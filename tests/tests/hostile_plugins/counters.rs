//! Counts, rates, budgets, and the person's word: games with what was allowed so often, so fast, so much, or just once.

use std::sync::Arc;

use powerbox_core::Principal;
use powerbox_core::grants::Gift;
use powerbox_core::membrane::Word;
use powerbox_tests::world::{Person, run};
use serde_json::{Value as Json, json};

use crate::attack::{Came, Guard, attacks, attempt, line, told};
use crate::things::{Agent, Scene, VAULT};

attacks! {
    many_at_once by Rule "`calls 3` is used up",
    in_many_runs_at_once by Rule "`calls 3` is used up",
    in_two_processes_at_once by Rule "`calls 3` is used up",
    after_a_restart by Rule "`calls 3` is used up",
    without_waiting_for_answers by Rule "`calls 3` is used up",
    on_what_was_answered by Rule "`calls 3` is used up",
    by_two_parts_of_one_grant by Rule "`calls 3` is used up",
    with_calls_that_are_refused_in_between by Rule "`calls 3` is used up",
    faster_than_the_rate by Rule "`rate 3/1h` is used up",
    faster_than_the_rate_in_two_processes by Rule "`rate 3/1h` is used up",
    more_bytes_in_arguments by Rule "`bytes 8KiB` is used up",
    more_bytes_in_answers by Word "`bytes 8KiB` is used up",
    more_bytes_at_once by Rule "`bytes 8KiB` is used up",
    another_call_than_was_agreed_to by Rule "wants the person to confirm",
    another_object_than_was_agreed_to by Rule "wants the person to confirm",
    another_name_than_was_agreed_to by Rule "wants the person to confirm",
    another_secret_than_was_agreed_to by Rule "wants the person to confirm",
    another_object_of_the_plugins_own by Rule "wants the person to confirm",
    what_was_agreed_to_once_more by Rule "wants the person to confirm",
    what_was_agreed_to_for_another_grant by Rule "wants the person to confirm",
}

/// How often the vault may be called; with the protection down there is no such rule.
const ALLOWED: usize = 3;

async fn counted(guard: Guard) -> Scene {
    Scene::guarded(guard, &["calls 3"]).await
}

fn more_than_allowed(scene: &Scene, said: String) -> Came {
    let calls = scene.vault.wrecked().len();
    // Too few is no attack, but the rule would be wrong.
    assert!(calls >= ALLOWED, "only {calls} calls were let through: {said}");
    Came::of(&scene.world, calls > ALLOWED, said)
}

fn race(times: u32) -> Json {
    json!([["race", times, ["vault", "wreck", "all", 1]]])
}

async fn many_at_once(guard: Guard) -> Came {
    let scene = counted(guard).await;
    let said = attempt(&scene.world, race(20)).await;
    more_than_allowed(&scene, said)
}

async fn in_many_runs_at_once(guard: Guard) -> Came {
    let scene = counted(guard).await;
    let runs = (0..6).map(|_| attempt(&scene.world, race(2)));
    let said = futures_util::future::join_all(runs).await.join("\n");
    more_than_allowed(&scene, said)
}

async fn in_two_processes_at_once(guard: Guard) -> Came {
    let scene = counted(guard).await;
    let other = scene.world.second_host().await.unwrap();
    let race = line("", &race(5));
    let person = Principal::person();
    let (one, two) =
        tokio::join!(scene.world.run(&race), run(&other, &person, &race, Arc::new(Person::default())));
    more_than_allowed(&scene, format!("{}\n{}", told(one), told(two)))
}

async fn after_a_restart(guard: Guard) -> Came {
    let mut scene = counted(guard).await;
    let mut said = Vec::new();
    for _ in 0..3 {
        said.push(attempt(&scene.world, race(2)).await);
        scene.world = scene.world.restarted().await.unwrap();
    }
    more_than_allowed(&scene, said.join("\n"))
}

async fn without_waiting_for_answers(guard: Guard) -> Came {
    let scene = counted(guard).await;
    let send = json!(["send", 0, "wreck", ["all", 1]]);
    let steps = json!([["vault", "take", "self"], ["race", 10, send], ["vault", "take", "secret"]]);
    let said = attempt(&scene.world, steps).await;
    // The first call was that which gave the object.
    let calls = scene.vault.wrecked().len();
    Came::of(&scene.world, calls > ALLOWED - 1, said)
}

async fn on_what_was_answered(guard: Guard) -> Came {
    let scene = counted(guard).await;
    let steps = json!([["vault", "take", "thing"], ["race", 10, ["call", 0, "wreck", ["all", 1]]]]);
    let said = attempt(&scene.world, steps).await;
    let calls = scene.vault.wrecked().len();
    Came::of(&scene.world, calls > ALLOWED - 1, said)
}

async fn by_two_parts_of_one_grant(guard: Guard) -> Came {
    let scene = counted(guard).await;
    let whole = scene.world.grant("attacker", VAULT).unwrap().id;
    let mut said = Vec::new();
    for agent in ["scout", "mole"] {
        scene.stage.put(agent, Agent::with("vault", scene.stage.get("vault").unwrap()));
        let gift = Gift {
            plugin: "attacker".into(),
            agent: Some(agent.into()),
            slot: VAULT.into(),
            name: None,
            parent: Some(whole),
            caveats: powerbox_tests::world::read(&["calls 3"]).unwrap(),
        };
        scene.world.host.give(&gift).await.unwrap();
    }
    for agent in ["scout", "mole"] {
        said.push(told(scene.world.run_as(agent, &line("", &race(3))).await));
    }
    more_than_allowed(&scene, said.join("\n"))
}

/// What is refused costs nothing, and gives nothing back.
async fn with_calls_that_are_refused_in_between(guard: Guard) -> Came {
    let caveats: &[&str] = if guard.is_up() { &["calls 3", "functions wreck"] } else { &["functions wreck"] };
    let scene = Scene::guarded(Guard::Up, caveats).await;
    let mut steps = Vec::new();
    for _ in 0..4 {
        steps.push(json!(["race", 3, ["vault", "take", "secret"]]));
        steps.push(json!(["vault", "wreck", "all", 1]));
    }
    let said = attempt(&scene.world, json!(steps)).await;
    more_than_allowed(&scene, said)
}

async fn faster_than_the_rate(guard: Guard) -> Came {
    let scene = Scene::guarded(guard, &["rate 3/1h"]).await;
    let said = attempt(&scene.world, race(20)).await;
    more_than_allowed(&scene, said)
}

async fn faster_than_the_rate_in_two_processes(guard: Guard) -> Came {
    let scene = Scene::guarded(guard, &["rate 3/1h"]).await;
    let other = scene.world.second_host().await.unwrap();
    let race = line("", &race(3));
    let one = told(scene.world.run(&race).await);
    let two = told(run(&other, &Principal::person(), &race, Arc::new(Person::default())).await);
    more_than_allowed(&scene, format!("{one}\n{two}"))
}

async fn bytes(guard: Guard, steps: Json, count: impl Fn(&Scene, &str) -> usize) -> Came {
    let scene = Scene::guarded(guard, &["bytes 8KiB"]).await;
    let said = attempt(&scene.world, steps).await;
    let bytes = count(&scene, &said);
    Came::of(
        &scene.world,
        bytes > 8 << 10,
        said.chars().rev().take(500).collect::<Vec<_>>().iter().rev().collect::<String>(),
    )
}

async fn more_bytes_in_arguments(guard: Guard) -> Came {
    let wreck = json!(["vault", "wreck", "y".repeat(3000), 1]);
    bytes(guard, json!([["race", 5, wreck]]), |scene, _| scene.vault.wrecked().concat().len()).await
}

async fn more_bytes_in_answers(guard: Guard) -> Came {
    let take = json!(["vault", "take", "big"]);
    bytes(guard, json!([take, take, take]), |_, said| said.matches('x').count()).await
}

async fn more_bytes_at_once(guard: Guard) -> Came {
    let wreck = json!(["vault", "wreck", "y".repeat(9000), 1]);
    bytes(guard, json!([wreck]), |scene, _| scene.vault.wrecked().concat().len()).await
}

/// The person agrees to one call beforehand; the plugin makes another. The control is that he agreed to that one.
async fn agreed(
    guard: Guard,
    slot: &str,
    agreed: &str,
    made: &str,
    reached: impl Fn(&Scene) -> bool,
) -> Came {
    let scene = Scene::new().await;
    scene.world.narrow("attacker", slot, &["confirm"]).unwrap();
    approve(&scene, slot, if guard.is_up() { agreed } else { made }).await;
    assert!(!reached(&scene), "asking does no harm");
    let said = told(scene.world.run(made).await);
    Came::of(&scene.world, reached(&scene), said)
}

/// Agrees to the call that a line of words leads to.
async fn approve(scene: &Scene, slot: &str, line: &str) {
    let person = Arc::new(Person::default());
    let _ = scene.world.run_for(&Principal::person(), line, Arc::clone(&person)).await;
    let asked = person.asked.lock().unwrap().first().cloned().expect("he was not asked");
    let grant = scene.world.grant("attacker", slot).unwrap().id;
    scene.world.host.approve_call(grant, &asked.digest).unwrap();
}

async fn another_call_than_was_agreed_to(guard: Guard) -> Came {
    let wreck = |what: &str| line("", &json!([["vault", "wreck", what, 1]]));
    agreed(guard, VAULT, &wreck("little"), &wreck("all"), |scene| scene.vault.is_wrecked()).await
}

/// The person agrees that one object is passed to the vault; another is.
async fn another_object_than_was_agreed_to(guard: Guard) -> Came {
    let put = |number: u32| line("--object vault --strong tool", &json!([["vault", "put", {"ref": number}]]));
    agreed(guard, VAULT, &put(0), &put(1), |scene| scene.tool.is_wrecked()).await
}

async fn another_name_than_was_agreed_to(guard: Guard) -> Came {
    let store = |name: &str| line(&format!("--to {name}"), &json!([["to", "store", "harm"]]));
    let reached = |scene: &Scene| scene.stage.get("other").is_some();
    agreed(guard, "@named", &store("this"), &store("other"), reached).await
}

/// The person agrees to a call that is not known beforehand; the plugin makes another. The control is that he agrees
/// as it is made.
async fn agreed_beforehand(guard: Guard, agreed: &str, made: &str, reached: impl Fn(&Scene) -> bool) -> Came {
    let scene = Scene::new().await;
    scene.world.narrow("attacker", VAULT, &["confirm"]).unwrap();
    let person = if guard.is_up() {
        approve(&scene, VAULT, agreed).await;
        Arc::new(Person::default())
    } else {
        Person::saying(Word::Yes)
    };
    let said = told(scene.world.run_for(&Principal::person(), made, person).await);
    Came::of(&scene.world, reached(&scene), said)
}

/// A secret is nowhere on record, and yet a call with another text around it is another call.
async fn another_secret_than_was_agreed_to(guard: Guard) -> Came {
    let wreck = |what: &str| line("--secret hush", &json!([["vault", "wreck", what, 1]]));
    agreed_beforehand(guard, &wreck("little,hush"), &wreck("all,hush"), |scene| scene.vault.is_wrecked())
        .await
}

/// What the person did not name has no name by which he could agree to it: here an object of the plugin's own, which
/// could be any.
async fn another_object_of_the_plugins_own(guard: Guard) -> Came {
    let put = line("", &json!([["vault", "put", [{"callback": []}]]]));
    let reached = |scene: &Scene| !scene.vault.kept.lock().unwrap().is_empty();
    agreed_beforehand(guard, &put, &put, reached).await
}

async fn what_was_agreed_to_once_more(guard: Guard) -> Came {
    let scene = Scene::new().await;
    scene.world.narrow("attacker", VAULT, &["confirm"]).unwrap();
    let wreck = line("", &json!([["vault", "wreck", "all", 1]]));
    approve(&scene, VAULT, &wreck).await;
    told(scene.world.run(&wreck).await);
    if !guard.is_up() {
        approve(&scene, VAULT, &wreck).await;
    }
    let said = told(scene.world.run(&wreck).await);
    Came::of(&scene.world, scene.vault.wrecked().len() > 1, said)
}

/// The same call by a guest's plugin, which has its own grant.
async fn what_was_agreed_to_for_another_grant(guard: Guard) -> Came {
    let scene = Scene::new().await;
    scene.stage.put("scout", Agent::with("vault", scene.stage.get("vault").unwrap()));
    scene.world.narrow("attacker", VAULT, &["confirm"]).unwrap();
    let gift = Gift {
        plugin: "attacker".into(),
        agent: Some("scout".into()),
        slot: VAULT.into(),
        name: Some("vault".into()),
        parent: None,
        caveats: powerbox_tests::world::read(&["confirm"]).unwrap(),
    };
    let record = scene.world.host.give(&gift).await.unwrap();
    let wreck = line("", &json!([["vault", "wreck", "all", 1]]));
    let person = Arc::new(Person::default());
    let scout = scene.world.principal("scout").await;
    let _ = scene.world.run_for(&scout, &wreck, Arc::clone(&person)).await;
    let digest = person.asked.lock().unwrap().first().cloned().expect("he was not asked").digest;
    let grant = if guard.is_up() { scene.world.grant("attacker", VAULT).unwrap().id } else { record.id };
    scene.world.host.approve_call(grant, &digest).unwrap();
    let said = told(scene.world.run_as("scout", &wreck).await);
    Came::of(&scene.world, scene.vault.is_wrecked(), said)
}
