//! Objects of the plugin's own, handed out so that somebody brings it what it was not given.

use powerbox_authority::grant::Record;
use serde_json::{Value as Json, json};

use crate::attack::{Came, Guard, attacks, attempt, attempt_with};
use crate::things::{SECRET, Scene, VAULT, harm};

attacks! {
    a_stronger_reference_is_brought by Rule "the grant allows take,text, not wreck",
    the_object_brings_itself by Rule "the parameter allows text, not wreck",
    a_promise_for_a_stronger_reference_is_brought by Rule "the grant allows take,text, not wreck",
    what_was_brought_brings_more by Rule "the grant allows take,text, not wreck",
    a_limited_reference_is_given_as_the_answer by Rule "the reference allows text, not wreck",
    a_limited_reference_is_passed_on_from_within by Rule "the grant allows take,text, not put",
    more_bytes_than_the_budget_are_brought by Word "is used up",
    called_after_the_run by Word "revoked",
    called_after_it_was_taken_back by Word "revoked",
    called_while_it_is_taken_back by Word "revoked",
    kept_for_the_next_run by Word "revoked",
}

/// The vault, which is granted with few functions, is asked to call an object of the plugin's own.
async fn called_by_the_vault(guard: Guard, arguments: Json, then: Json) -> Came {
    let scene = Scene::guarded(guard, &["functions take,text"]).await;
    scene.vault.let_go();
    let mut with = vec![json!({"callback": then})];
    with.extend(arguments.as_array().unwrap().iter().cloned());
    let said = attempt(&scene.world, json!([["vault", "take", "self"], ["call", 0, "text", with]])).await;
    Came::of(&scene.world, scene.vault.is_wrecked(), said)
}

async fn a_stronger_reference_is_brought(guard: Guard) -> Came {
    called_by_the_vault(guard, json!([]), json!([["call", 0, "wreck", ["all", 1]]])).await
}

async fn a_promise_for_a_stronger_reference_is_brought(guard: Guard) -> Came {
    called_by_the_vault(guard, json!(["promise"]), json!([["call", 0, "wreck", ["all", 1]]])).await
}

async fn what_was_brought_brings_more(guard: Guard) -> Came {
    let steps = json!([["call", 0, "take", ["thing"]], ["call", 1, "wreck", ["all", 1]]]);
    called_by_the_vault(guard, json!([]), steps).await
}

/// The tool was designated with its method `text`; it shows itself to whoever listens.
async fn the_object_brings_itself(guard: Guard) -> Came {
    let scene = Scene::new().await;
    let object = if guard.is_up() { "--object tool" } else { "--strong tool" };
    let steps = json!([["call", 0, "text", [{"callback": [["call", 0, "wreck", ["all", 1]]]}]]]);
    let said = attempt_with(&scene.world, object, steps).await;
    Came::of(&scene.world, scene.tool.is_wrecked(), said)
}

async fn a_limited_reference_is_given_as_the_answer(guard: Guard) -> Came {
    let scene = Scene::new().await;
    let object = if guard.is_up() { "--object tool" } else { "--strong tool" };
    let said = attempt_with(&scene.world, object, json!([["vault", "put", {"giver": 0}]])).await;
    Came::of(&scene.world, scene.tool.is_wrecked(), said)
}

/// What is brought is given to itself, which would do harm with it.
async fn a_limited_reference_is_passed_on_from_within(guard: Guard) -> Came {
    called_by_the_vault(guard, json!([]), json!([["call", 0, "put", [{"ref": 0}]]])).await
}

async fn more_bytes_than_the_budget_are_brought(guard: Guard) -> Came {
    let scene = Scene::guarded(guard, &["bytes 8KiB"]).await;
    let steps = json!([["vault", "take", "self"], ["call", 0, "text", [{"callback": []}, "much"]]]);
    let said = attempt(&scene.world, steps).await;
    let heard = said.matches("heard 4").count();
    Came::of(&scene.world, heard > 2, said)
}

/// Calls the object that the vault was given as another object would.
async fn harmed(scene: &Scene) -> (bool, String) {
    let said = harm(&scene.vault.last_kept()).await;
    (said.contains("heard"), said)
}

async fn called_after_the_run(guard: Guard) -> Came {
    let scene = Scene::new().await;
    let steps = json!([["vault", "put", [{"callback": []}]], ["vault", "take", "wait"]]);
    let meanwhile = async {
        scene.vault.waits(1).await;
        let during = if guard.is_up() { None } else { Some(harmed(&scene).await) };
        scene.vault.let_go();
        during
    };
    let (_, during) = tokio::join!(attempt(&scene.world, steps), meanwhile);
    let (reached, said) = match during {
        Some(during) => during,
        None => harmed(&scene).await,
    };
    Came::of(&scene.world, reached, said)
}

/// The run goes on, waiting for the tool, while the vault calls what it was given before.
async fn while_waiting(guard: Guard, after: &[Json]) -> Came {
    let scene = Scene::new().await;
    scene.world.install("attacker", &[(VAULT, "vault"), ("left", "tool")]).await.unwrap();
    let steps = json!([["vault", "put", [{"callback": after}]], ["left", "lookup", ["x"]]]);
    let meanwhile = async {
        scene.tool.waits(1).await;
        let calls = if after.is_empty() {
            if guard.is_up() {
                revoke(&scene);
            }
            harmed(&scene).await
        } else {
            // What it does when it is called waits for the vault.
            let (called, ()) = tokio::join!(harmed(&scene), async {
                scene.vault.waits(1).await;
                if guard.is_up() {
                    revoke(&scene);
                }
                scene.vault.let_go();
            });
            called
        };
        scene.tool.let_go();
        calls
    };
    let (ended, (reached, said)) = tokio::join!(attempt(&scene.world, steps), meanwhile);
    assert!(ended.contains(SECRET), "the run itself goes on: {ended}");
    Came::of(&scene.world, reached, said)
}

fn revoke(scene: &Scene) {
    let Record { id, .. } = scene.world.grant("attacker", VAULT).unwrap();
    scene.world.host.revoke_grant(id).unwrap();
}

async fn called_after_it_was_taken_back(guard: Guard) -> Came {
    while_waiting(guard, &[]).await
}

async fn called_while_it_is_taken_back(guard: Guard) -> Came {
    while_waiting(guard, &[json!(["vault", "take", "wait"])]).await
}

/// An object of a run that is over is used while another run of the same plugin is under way.
async fn kept_for_the_next_run(guard: Guard) -> Came {
    let scene = Scene::new().await;
    let put = json!(["vault", "put", [{"callback": []}]]);
    let first = attempt(&scene.world, json!([put])).await;
    let steps = if guard.is_up() {
        json!([["vault", "take", "wait"]])
    } else {
        json!([put, ["vault", "take", "wait"]])
    };
    let meanwhile = async {
        scene.vault.waits(1).await;
        let called = harmed(&scene).await;
        scene.vault.let_go();
        called
    };
    let (_, (reached, said)) = tokio::join!(attempt(&scene.world, steps), meanwhile);
    Came::of(&scene.world, reached, format!("{first}\n{said}"))
}
