//! Parts of a grant that shall allow more than the whole.

use powerbox_captp::Value;
use powerbox_core::grants::Gift;
use powerbox_tests::world::{Options, World, read};
use serde_json::{Value as Json, json};

use crate::attack::{Came, Guard, attacks, line, told};
use crate::things::{Agent, SECRET, Scene, VAULT};

attacks! {
    more_functions by Word "allow more than grant",
    another_path by Word "allow more than grant",
    a_shorter_path by Word "allow more than grant",
    a_wider_range by Word "allow more than grant",
    a_larger_set by Word "allow more than grant",
    a_later_end by Word "allow more than grant",
    more_calls by Word "allow more than grant",
    a_faster_rate by Word "allow more than grant",
    the_same_rate_in_larger_bursts by Word "allow more than grant",
    more_bytes by Word "allow more than grant",
    nothing_said_of_the_functions by Rule "the grant allows take, not wreck",
    nothing_said_of_reading_only by Rule "the grant is read-only",
    nothing_said_of_asking by Rule "wants the person to confirm",
    a_wider_part_of_a_part by Word "allow more than grant",
    narrowed_to_something_wider by Word "allow more than grant",
    a_part_after_the_whole_was_narrowed by Rule "the grant allows take, not wreck",
    another_object_as_a_part by Word "leave out the name",
    a_part_of_what_has_ended by Word "has ended",
}

/// The vault is granted to the person's plugin as `whole` says; a guest's plugin shall have a part of that, as `part`
/// says, and then does what only the part would allow.
async fn part(guard: Guard, whole: &[&str], part: &[&str], steps: Json) -> Came {
    let scene = with_scout(guard, whole).await;
    let parent = scene.world.grant("attacker", VAULT).unwrap().id;
    let gift = Gift {
        plugin: "attacker".into(),
        agent: Some("scout".into()),
        slot: VAULT.into(),
        name: None,
        parent: Some(parent),
        caveats: read(part).unwrap(),
    };
    let refused = scene.world.host.give(&gift).await.err().map(|error| error.to_string());
    scene.vault.let_go();
    let said = told(scene.world.run_as("scout", &line("", &steps)).await);
    let reached = scene.vault.is_wrecked() || said.contains(SECRET);
    Came::of(&scene.world, reached, refused.unwrap_or(said))
}

async fn with_scout(guard: Guard, caveats: &[&str]) -> Scene {
    let scene = Scene::guarded(guard, caveats).await;
    let vault = scene.stage.get("vault").unwrap();
    scene.stage.put("scout", Agent::with("vault", vault));
    scene
}

fn wreck(times: i32) -> Json {
    json!([["vault", "wreck", "all", times]])
}

async fn more_functions(guard: Guard) -> Came {
    part(guard, &["functions take"], &["functions take,wreck"], wreck(1)).await
}

async fn a_wider_range(guard: Guard) -> Came {
    part(guard, &["arg wreck.times between 0 0"], &["arg wreck.times between 0 9"], wreck(5)).await
}

async fn a_larger_set(guard: Guard) -> Came {
    let whole = ["arg wreck.what in [\"little\"]"];
    part(guard, &whole, &["arg wreck.what in [\"little\",\"all\"]"], wreck(1)).await
}

async fn a_later_end(guard: Guard) -> Came {
    part(guard, &["expires 2999-01-01T00:00:00Z"], &["expires 2999-01-01T00:00:01Z"], wreck(1)).await
}

async fn more_calls(guard: Guard) -> Came {
    part(guard, &["calls 1"], &["calls 2"], wreck(1)).await
}

async fn a_faster_rate(guard: Guard) -> Came {
    part(guard, &["rate 2/1h"], &["rate 2/59m"], wreck(1)).await
}

async fn the_same_rate_in_larger_bursts(guard: Guard) -> Came {
    part(guard, &["rate 2/1h"], &["rate 4/2h"], wreck(1)).await
}

async fn more_bytes(guard: Guard) -> Came {
    part(guard, &["bytes 1MiB"], &["bytes 2MiB"], wreck(1)).await
}

/// A part of which nothing is said has all that the whole says.
async fn nothing_said_of_the_functions(guard: Guard) -> Came {
    part(guard, &["functions take"], &[], wreck(1)).await
}

async fn nothing_said_of_reading_only(guard: Guard) -> Came {
    part(guard, &["read-only"], &[], wreck(1)).await
}

async fn nothing_said_of_asking(guard: Guard) -> Came {
    part(guard, &["confirm"], &[], wreck(1)).await
}

/// The same on directories.
async fn part_of_a_directory(guard: Guard, whole: &str, part: &str) -> Came {
    let world = World::with(Options::default()).await.unwrap();
    for path in [&["box"][..], &["box", "notes"], &["box", "notes", "work"]] {
        world.ask("makeDirectory", vec![Value::texts(path.iter().copied())]).await.unwrap();
    }
    for path in [&["box", "notes", "plan"][..], &["box", "plan"]] {
        world.ask("storeValue", vec![Value::text(SECRET), Value::texts(path.iter().copied())]).await.unwrap();
    }
    world.install("attacker", &[("left", "box"), (VAULT, "box")]).await.unwrap();
    world.guest("scout", &[]).await.unwrap();
    if guard.is_up() {
        world.narrow("attacker", "left", &[whole]).unwrap();
    }
    let gift = Gift {
        plugin: "attacker".into(),
        agent: Some("scout".into()),
        slot: "left".into(),
        name: None,
        parent: Some(world.grant("attacker", "left").unwrap().id),
        caveats: read(&[part]).unwrap(),
    };
    let refused = world.host.give(&gift).await.err().map(|error| error.to_string());
    let steps = json!([["left", "lookup", ["notes", "plan"]], ["left", "lookup", ["plan"]]]);
    let said = told(world.run_as("scout", &line("", &steps)).await);
    Came::of(&world, said.contains(SECRET), refused.unwrap_or(said))
}

async fn another_path(guard: Guard) -> Came {
    part_of_a_directory(guard, "path notes/work", "path plan").await
}

async fn a_shorter_path(guard: Guard) -> Came {
    part_of_a_directory(guard, "path notes/work", "path notes").await
}

/// The wider one comes in two steps.
async fn a_wider_part_of_a_part(guard: Guard) -> Came {
    let scene = with_scout(guard, &["functions take"]).await;
    scene.stage.put("mole", Agent::with("vault", scene.stage.get("vault").unwrap()));
    let mut parent = scene.world.grant("attacker", VAULT).unwrap().id;
    let mut refused = None;
    for (agent, caveats) in [("scout", &[][..]), ("mole", &["functions wreck"])] {
        let gift = Gift {
            plugin: "attacker".into(),
            agent: Some(agent.into()),
            slot: VAULT.into(),
            name: None,
            parent: Some(parent),
            caveats: read(caveats).unwrap(),
        };
        match scene.world.host.give(&gift).await {
            Ok(record) => parent = record.id,
            Err(error) => refused = Some(error.to_string()),
        }
    }
    let said = told(scene.world.run_as("mole", &line("", &wreck(1))).await);
    Came::of(&scene.world, scene.vault.is_wrecked(), refused.unwrap_or(said))
}

async fn narrowed_to_something_wider(guard: Guard) -> Came {
    let scene = Scene::guarded(guard, &["functions take"]).await;
    let wider = scene.world.narrow("attacker", VAULT, &["functions take,wreck"]);
    let said = told(scene.world.run(&line("", &wreck(1))).await);
    Came::of(&scene.world, scene.vault.is_wrecked(), wider.err().map_or(said, |error| error.to_string()))
}

/// What is said of the whole later holds for parts that there were before.
async fn a_part_after_the_whole_was_narrowed(guard: Guard) -> Came {
    let scene = with_scout(Guard::Down, &[]).await;
    let gift = Gift {
        plugin: "attacker".into(),
        agent: Some("scout".into()),
        slot: VAULT.into(),
        name: None,
        parent: Some(scene.world.grant("attacker", VAULT).unwrap().id),
        caveats: Vec::new(),
    };
    scene.world.host.give(&gift).await.unwrap();
    // The part is in use already.
    told(scene.world.run_as("scout", &line("", &json!([["vault", "take", "secret"]]))).await);
    if guard.is_up() {
        scene.world.narrow("attacker", VAULT, &["functions take"]).unwrap();
    }
    let said = told(scene.world.run_as("scout", &line("", &wreck(1))).await);
    Came::of(&scene.world, scene.vault.is_wrecked(), said)
}

async fn another_object_as_a_part(guard: Guard) -> Came {
    let scene = with_scout(Guard::Down, &[]).await;
    let whole = if guard.is_up() { Some(scene.world.grant("attacker", "@named").unwrap().id) } else { None };
    let gift = Gift {
        plugin: "attacker".into(),
        agent: Some("scout".into()),
        slot: VAULT.into(),
        name: Some("vault".into()),
        parent: whole,
        caveats: Vec::new(),
    };
    let refused = scene.world.host.give(&gift).await.err().map(|error| error.to_string());
    let said = told(scene.world.run_as("scout", &line("", &wreck(1))).await);
    Came::of(&scene.world, scene.vault.is_wrecked(), refused.unwrap_or(said))
}

async fn a_part_of_what_has_ended(guard: Guard) -> Came {
    let scene = with_scout(Guard::Down, &[]).await;
    let whole = scene.world.grant("attacker", VAULT).unwrap().id;
    if guard.is_up() {
        scene.world.host.revoke_grant(whole).unwrap();
    }
    let gift = Gift {
        plugin: "attacker".into(),
        agent: Some("scout".into()),
        slot: VAULT.into(),
        name: None,
        parent: Some(whole),
        caveats: Vec::new(),
    };
    let refused = scene.world.host.give(&gift).await.err().map(|error| error.to_string());
    let said = told(scene.world.run_as("scout", &line("", &wreck(1))).await);
    Came::of(&scene.world, scene.vault.is_wrecked(), refused.unwrap_or(said))
}
