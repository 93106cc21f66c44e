//! Names that the person gave a command to write, and that hold something already.

use powerbox_captp::Value;
use powerbox_tests::world::World;
use serde_json::json;

use crate::attack::{Came, Guard, attacks, attempt_with, told};
use crate::things::{FINE, SECRET, VAULT};

attacks! {
    a_taken_name_that_may_only_be_written by Word "holds a value already",
    a_handle_that_replaces_without_the_right by Rule "the parameter declares write, not replace",
    a_place_in_a_directory_that_is_taken by Word "holds a value already",
    a_directory_put_in_place_of_another by Word "holds a directory already",
    a_special_name_under_another_name by Word "which the daemon needs",
}

/// The embedded daemon with `box/plan` and `other/plan`, and the attacker.
async fn world() -> World {
    let world = World::new().await.unwrap();
    for directory in ["box", "other"] {
        world.ask("makeDirectory", vec![Value::texts([directory])]).await.unwrap();
    }
    for (directory, text) in [("box", SECRET), ("other", FINE)] {
        world.ask("storeValue", vec![Value::text(text), Value::texts([directory, "plan"])]).await.unwrap();
    }
    world.install("attacker", &[(VAULT, "box")]).await.unwrap();
    world
}

/// Has the attacker, or without the protection a command that may do it, change something.
async fn lost(guard: Guard, more: &str, steps: serde_json::Value, allowed: &str) -> Came {
    let world = world().await;
    let said =
        if guard.is_up() { attempt_with(&world, more, steps).await } else { told(world.run(allowed).await) };
    let kept = world.ask("lookup", vec![Value::texts(["box", "plan"])]).await;
    Came::of(&world, !kept.is_ok_and(|kept| kept == Value::text(SECRET)), said)
}

async fn a_taken_name_that_may_only_be_written(guard: Guard) -> Came {
    let steps = json!([["to", "holds"], ["to", "store", "loot"]]);
    lost(guard, "--to box/plan", steps, "store box/plan --text loot --force").await
}

async fn a_handle_that_replaces_without_the_right(guard: Guard) -> Came {
    let steps = json!([["to", "replace", "loot"]]);
    lost(guard, "--to box/plan", steps, "store box/plan --text loot --force").await
}

/// The place for a thing in a directory is one name, and what it holds stays, too.
async fn a_place_in_a_directory_that_is_taken(guard: Guard) -> Came {
    let steps = json!([["to", "place", "loot"]]);
    lost(guard, "--to box --from other/plan", steps, "copy other/plan box --force").await
}

async fn a_directory_put_in_place_of_another(guard: Guard) -> Came {
    let steps = json!([["to", "make"], ["to", "store", "loot"], ["to", "copy"], ["to", "move"]]);
    lost(guard, "--to box --from other/plan", steps, "store box --text loot --force").await
}

/// Cancelling ends what depends on a thing, too; that of the daemon's own things nothing else may end.
async fn a_special_name_under_another_name(guard: Guard) -> Came {
    let world = world().await;
    let copy = vec![Value::texts(["@pins"]), Value::texts(["alias"])];
    world.ask("copy", copy).await.unwrap();
    let name = if guard.is_up() { "alias" } else { "box" };
    let said = told(world.run(&format!("end {name}")).await);
    Came::aside(said.contains("ended"), said)
}
