//! Calling after a grant was taken back, while it is taken back, and after a restart.

use std::sync::Arc;
use std::time::Duration;

use powerbox_authority::caveat::Caveat;
use powerbox_authority::grant::{Holder, Record};
use powerbox_captp::Value;
use powerbox_core::grants::{Gift, IfTaken};
use powerbox_core::plugin::Data;
use powerbox_core::{Host, Principal};
use powerbox_tests::world::{Person, World};
use serde_json::json;

use crate::attack::{Came, Guard, attacks, attempt, attempt_with, line, told};
use crate::things::{FINE, SECRET, Scene, VAULT, harm};

attacks! {
    after_it_was_taken_back by Rule "revoked",
    while_it_is_taken_back by Rule "revoked",
    with_what_was_answered_before by Rule "revoked",
    while_another_process_takes_it_back by Word "revoked",
    after_another_process_took_it_back by Rule "revoked",
    while_the_plugin_is_removed by Word "revoked",
    after_a_restart by Rule "revoked",
    what_a_plugin_has_by_default_after_a_restart by Rule "revoked",
    after_the_plugin_was_given_something_else by Rule "revoked",
    a_name_that_holds_another_object_now by Word "unharmed",
    a_part_of_what_was_taken_back by Word "revoked",
    all_that_an_agent_had by Word "has ended",
    a_subscription_that_goes_on by Word "revoked",
    a_call_that_outlasts_its_time by Word "revoked",
    a_reference_that_another_object_kept by Word "revoked",
    a_reference_that_was_kept_until_the_slot_was_filled_again by Word "revoked",
    a_lent_reference_that_is_lent_again by Word "revoked",
    a_lent_reference_after_a_restart by Word "revoked",
}

fn revoke(host: &Host, record: &Record) {
    host.revoke_grant(record.id).unwrap();
}

fn vault_grant(scene: &Scene) -> Record {
    scene.world.grant("attacker", VAULT).unwrap()
}

async fn after_it_was_taken_back(guard: Guard) -> Came {
    let scene = Scene::new().await;
    if guard.is_up() {
        revoke(&scene.world.host, &vault_grant(&scene));
    }
    let said = attempt(&scene.world, json!([["vault", "wreck", "all", 1]])).await;
    Came::of(&scene.world, scene.vault.is_wrecked(), said)
}

/// Something happens while an answer is awaited; then the answer comes, and more is tried.
async fn meanwhile(scene: &Scene, happens: impl AsyncFnOnce()) -> String {
    let steps =
        json!([["vault", "take", "thing"], ["vault", "take", "wait"], ["call", 0, "wreck", ["all", 1]]]);
    let watching = async {
        scene.vault.waits(1).await;
        happens().await;
        scene.vault.let_go();
        std::future::pending().await
    };
    tokio::select! {
        said = attempt(&scene.world, steps) => said,
        () = watching => unreachable!("it only watches"),
    }
}

async fn while_it_is_taken_back(guard: Guard) -> Came {
    let scene = Scene::new().await;
    let said = meanwhile(&scene, async || {
        if guard.is_up() {
            revoke(&scene.world.host, &vault_grant(&scene));
        }
    })
    .await;
    Came::of(&scene.world, said.contains(SECRET), said)
}

async fn with_what_was_answered_before(guard: Guard) -> Came {
    let scene = Scene::new().await;
    let said = meanwhile(&scene, async || {
        if guard.is_up() {
            revoke(&scene.world.host, &vault_grant(&scene));
        }
    })
    .await;
    Came::of(&scene.world, scene.vault.is_wrecked(), said)
}

/// The answer never comes if it depends on the object: the host itself must learn what the other process did.
async fn while_another_process_takes_it_back(guard: Guard) -> Came {
    let scene = Scene::new().await;
    let other = scene.world.second_host().await.unwrap();
    let grant = vault_grant(&scene);
    let steps = json!([["vault", "take", "wait"]]);
    let watched = async {
        scene.vault.waits(1).await;
        if guard.is_up() {
            revoke(&other, &grant);
            std::future::pending().await
        } else {
            scene.vault.let_go();
            std::future::pending::<()>().await
        }
    };
    let said = tokio::select! {
        said = attempt(&scene.world, steps) => said,
        () = watched => unreachable!(),
    };
    Came::of(&scene.world, said.contains(SECRET), said)
}

async fn after_another_process_took_it_back(guard: Guard) -> Came {
    let scene = Scene::new().await;
    let other = scene.world.second_host().await.unwrap();
    // This process knows the grant, and has used it.
    attempt(&scene.world, json!([["vault", "take", "secret"]])).await;
    if guard.is_up() {
        revoke(&other, &vault_grant(&scene));
    }
    let said = attempt(&scene.world, json!([["vault", "wreck", "all", 1]])).await;
    Came::of(&scene.world, scene.vault.is_wrecked(), said)
}

async fn while_the_plugin_is_removed(guard: Guard) -> Came {
    let scene = Scene::new().await;
    let said = meanwhile(&scene, async || {
        if guard.is_up() {
            scene.world.host.remove_plugin("attacker", Data::Delete).await.unwrap();
        }
    })
    .await;
    Came::of(&scene.world, said.contains(SECRET) || scene.vault.is_wrecked(), said)
}

async fn after_a_restart(guard: Guard) -> Came {
    let mut scene = Scene::new().await;
    if guard.is_up() {
        revoke(&scene.world.host, &vault_grant(&scene));
    }
    scene.world = scene.world.restarted().await.unwrap();
    let said = attempt(&scene.world, json!([["vault", "wreck", "all", 1]])).await;
    Came::of(&scene.world, scene.vault.is_wrecked(), said)
}

async fn what_a_plugin_has_by_default_after_a_restart(guard: Guard) -> Came {
    let mut scene = Scene::new().await;
    if guard.is_up() {
        revoke(&scene.world.host, &scene.world.grant("attacker", Record::DESIGNATION).unwrap());
    }
    for _ in 0..2 {
        scene.world = scene.world.restarted().await.unwrap();
    }
    let said = attempt_with(&scene.world, "--strong tool", json!([["call", 0, "wreck", ["all", 1]]])).await;
    Came::of(&scene.world, scene.tool.is_wrecked(), said)
}

/// What fills the slot is taken back when the slot is filled with something else; the reference from before is used in
/// a run that began before.
async fn after_the_plugin_was_given_something_else(guard: Guard) -> Came {
    let scene = Scene::new().await;
    let said = meanwhile(&scene, async || {
        if guard.is_up() {
            scene.world.host.give(&gift(None, VAULT, Some("tool"), None)).await.unwrap();
        }
    })
    .await;
    Came::of(&scene.world, scene.vault.is_wrecked(), said)
}

/// The grant is to the object, not to whatever has its name.
async fn a_name_that_holds_another_object_now(guard: Guard) -> Came {
    let world = World::new().await.unwrap();
    for name in ["box", "safe"] {
        world.ask("makeDirectory", vec![Value::texts([name])]).await.unwrap();
    }
    world.ask("storeValue", vec![Value::text(FINE), Value::texts(["box", "plan"])]).await.unwrap();
    world.ask("storeValue", vec![Value::text(SECRET), Value::texts(["safe", "plan"])]).await.unwrap();
    world.install("attacker", &[("left", "box"), (VAULT, "box")]).await.unwrap();
    world.ask("move", vec![Value::texts(["safe"]), Value::texts(["box"])]).await.unwrap();
    if !guard.is_up() {
        // The person grants what has the name now.
        world.host.give(&gift(None, "left", Some("box"), None)).await.unwrap();
    }
    let said = attempt(&world, json!([["left", "lookup", ["plan"]]])).await;
    Came::of(&world, said.contains(SECRET), said)
}

fn gift(
    agent: Option<&str>,
    slot: &str,
    name: Option<&str>,
    parent: Option<powerbox_authority::grant::GrantId>,
) -> Gift {
    Gift {
        plugin: "attacker".into(),
        agent: agent.map(str::to_owned),
        slot: slot.into(),
        name: name.map(str::to_owned),
        parent,
        caveats: Vec::new(),
    }
}

/// A directory of the person's that a guest's plugin reads, too.
async fn shared() -> World {
    let world = World::new().await.unwrap();
    world.ask("makeDirectory", vec![Value::texts(["box"])]).await.unwrap();
    world.ask("storeValue", vec![Value::text(SECRET), Value::texts(["box", "plan"])]).await.unwrap();
    world.install("attacker", &[("left", "box"), (VAULT, "box")]).await.unwrap();
    world.guest("scout", &["box"]).await.unwrap();
    world
}

async fn a_part_of_what_was_taken_back(guard: Guard) -> Came {
    let world = shared().await;
    let parent = world.grant("attacker", "left").unwrap();
    world.host.give(&gift(Some("scout"), "left", None, Some(parent.id))).await.unwrap();
    if guard.is_up() {
        revoke(&world.host, &parent);
    }
    let said = told(world.run_as("scout", &line("", &json!([["left", "lookup", ["plan"]]]))).await);
    Came::of(&world, said.contains(SECRET), said)
}

async fn all_that_an_agent_had(guard: Guard) -> Came {
    let world = shared().await;
    world.host.give(&gift(Some("scout"), "left", Some("box"), None)).await.unwrap();
    if guard.is_up() {
        let scout = Holder::agent(&world.agent("scout").await);
        revoke(&world.host, &world.grant_of(&scout, Record::AGENT).unwrap());
    }
    // A part of it that was not there before is not made of what has ended, either.
    let steps = json!([["left", "lookup", ["plan"]], ["from", "lookup"]]);
    let said = told(world.run_as("scout", &line("--from box/plan", &steps)).await);
    let default = told(world.run_as("scout", "show box/plan").await);
    Came::of(&world, said.contains(SECRET) || default.contains(SECRET), format!("{said}\n{default}"))
}

async fn a_subscription_that_goes_on(guard: Guard) -> Came {
    let world = World::new().await.unwrap();
    world.ask("makeDirectory", vec![Value::texts(["box"])]).await.unwrap();
    world.ask("makeDirectory", vec![Value::texts(["box", "first"])]).await.unwrap();
    world.install("attacker", &[(VAULT, "box")]).await.unwrap();
    let person = Arc::new(Person::default());
    let principal = Principal::person();
    let running = world.run_for(&principal, "follow box", Arc::clone(&person));
    let watching = async {
        person.has_seen(1).await;
        if guard.is_up() {
            revoke(&world.host, &world.grant("attacker", Record::DESIGNATION).unwrap());
        }
        world.ask("makeDirectory", vec![Value::texts(["box", "second"])]).await.unwrap();
        person.has_seen(2).await;
        "it goes on".to_owned()
    };
    let said = tokio::select! {
        ended = running => told(ended),
        said = watching => said,
    };
    let seen = person.shown.lock().unwrap().len();
    Came::of(&world, seen > 1, said)
}

async fn a_call_that_outlasts_its_time(guard: Guard) -> Came {
    let scene = Scene::new().await;
    if guard.is_up() {
        let grant = vault_grant(&scene);
        let now = scene.world.host.ledger().clock().now();
        let soon = Caveat::expires_in(Duration::from_secs(3), now).unwrap();
        scene.world.host.narrow_grant(grant.id, &[soon]).unwrap();
    }
    // The object answers when the grant has ended, if it ever does.
    let grant = scene.world.host.ledger().grant(vault_grant(&scene).id).unwrap();
    let said = meanwhile(&scene, async || {
        if guard.is_up() {
            grant.ended().await;
        }
    })
    .await;
    Came::of(&scene.world, said.contains(SECRET) || scene.vault.is_wrecked(), said)
}

/// The vault keeps the tool that it is given, and uses it when the run is over.
async fn a_reference_that_another_object_kept(guard: Guard) -> Came {
    let scene = Scene::new().await;
    let steps = json!([["vault", "put", [{"ref": 0}]], ["vault", "take", "wait"]]);
    let meanwhile = async {
        scene.vault.waits(1).await;
        let said = if guard.is_up() { None } else { Some(harm(&scene.vault.last_kept()).await) };
        scene.vault.let_go();
        said
    };
    let (_, said) = tokio::join!(attempt_with(&scene.world, "--strong tool", steps), meanwhile);
    let said = match said {
        Some(said) => said,
        None => harm(&scene.vault.last_kept()).await,
    };
    Came::of(&scene.world, scene.tool.is_wrecked(), said)
}

/// The tool keeps what came from the vault. That the slot is filled anew with the same object revives nothing.
async fn a_reference_that_was_kept_until_the_slot_was_filled_again(guard: Guard) -> Came {
    let scene = Scene::new().await;
    let steps =
        json!([["vault", "take", "thing"], ["call", 0, "put", [[{"ref": 1}]]], ["vault", "take", "wait"]]);
    let meanwhile = async {
        scene.vault.waits(1).await;
        if guard.is_up() {
            revoke(&scene.world.host, &vault_grant(&scene));
            scene.world.host.give(&gift(None, VAULT, Some("vault"), None)).await.unwrap();
        }
        let said = harm(&scene.tool.last_kept()).await;
        scene.vault.let_go();
        said
    };
    let (_, said) = tokio::join!(attempt_with(&scene.world, "--taker tool", steps), meanwhile);
    Came::of(&scene.world, scene.vault.is_wrecked(), said)
}

/// The directory `box` is lent as `lent`, of which there is a copy that the attacker has.
async fn lent() -> World {
    let world = World::new().await.unwrap();
    world.ask("makeDirectory", vec![Value::texts(["box"])]).await.unwrap();
    world.ask("storeValue", vec![Value::text(SECRET), Value::texts(["box", "plan"])]).await.unwrap();
    world.host.attenuate("box", "lent", Vec::new(), IfTaken::Refuse).await.unwrap();
    world.ask("copy", vec![Value::texts(["lent"]), Value::texts(["kept"])]).await.unwrap();
    world.install("attacker", &[("left", "kept"), (VAULT, "box")]).await.unwrap();
    world
}

async fn a_lent_reference_that_is_lent_again(guard: Guard) -> Came {
    let world = lent().await;
    if guard.is_up() {
        revoke(&world.host, &world.grant_of(&Holder::reference("lent"), "lent").unwrap());
        world.host.attenuate("box", "lent", Vec::new(), IfTaken::Replace).await.unwrap();
    }
    let said = attempt(&world, json!([["left", "lookup", ["plan"]]])).await;
    Came::of(&world, said.contains(SECRET), said)
}

async fn a_lent_reference_after_a_restart(guard: Guard) -> Came {
    let world = lent().await;
    if guard.is_up() {
        revoke(&world.host, &world.grant_of(&Holder::reference("lent"), "lent").unwrap());
    }
    let world = world.restarted().await.unwrap();
    let said = attempt(&world, json!([["left", "lookup", ["plan"]]])).await;
    Came::of(&world, said.contains(SECRET), said)
}
