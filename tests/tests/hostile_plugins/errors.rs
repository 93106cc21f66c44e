//! Errors that say more than the plugin may know: places and identifiers of this machine.

use serde_json::json;

use crate::attack::{Came, Guard, attacks, attempt, attempt_with};
use crate::things::{Scene, Thing};

attacks! {
    a_path_of_this_machine by Word "no such file or directory",
    a_path_in_a_url by Word "cannot import",
    a_path_after_a_colon by Word "cannot",
    a_path_of_another_system by Word "cannot open",
    a_path_in_an_assignment by Word "failed with",
    a_formula_identifier by Word "no formula for",
    a_locator by Word "no peer at",
    a_stack_trace by Word "it failed",
    a_class_that_is_a_path by Word "it failed",
    a_text_that_is_thrown by Word "it failed in",
    a_name_that_is_a_path by Word "nothing named",
    an_error_through_a_promise by Word "it failed in",
    an_error_through_another_object by Word "no such file or directory",
}

/// The vault fails in some way; the control is that it fails with a name that anybody may know.
async fn failing(guard: Guard, how: &str) -> Came {
    let scene = Scene::new().await;
    let how = if guard.is_up() { how } else { "name" };
    let said = attempt(&scene.world, json!([["vault", "take", how]])).await;
    Came::of(&scene.world, leaks(&said), said)
}

fn leaks(said: &str) -> bool {
    said.contains("secret-place") || said.contains("89abcdef") || said.contains("Users")
}

async fn a_path_of_this_machine(guard: Guard) -> Came {
    failing(guard, "file").await
}

async fn a_path_in_a_url(guard: Guard) -> Came {
    failing(guard, "file in a url").await
}

async fn a_path_after_a_colon(guard: Guard) -> Came {
    failing(guard, "file after a colon").await
}

async fn a_path_of_another_system(guard: Guard) -> Came {
    failing(guard, "file on windows").await
}

async fn a_path_in_an_assignment(guard: Guard) -> Came {
    failing(guard, "file in an assignment").await
}

/// The identifier is what must not be said; that there is such a place may be.
async fn a_formula_identifier(guard: Guard) -> Came {
    let scene = Scene::new().await;
    let how = if guard.is_up() { "identifier" } else { "name" };
    let said = attempt(&scene.world, json!([["vault", "take", how]])).await;
    let leaks = said.contains("89abcdef") || said.contains("cannot read secret-place");
    Came::of(&scene.world, leaks, said)
}

async fn a_locator(guard: Guard) -> Came {
    failing(guard, "locator").await
}

async fn a_stack_trace(guard: Guard) -> Came {
    failing(guard, "trace").await
}

async fn a_class_that_is_a_path(guard: Guard) -> Came {
    failing(guard, "class").await
}

async fn a_text_that_is_thrown(guard: Guard) -> Came {
    failing(guard, "text").await
}

async fn a_name_that_is_a_path(guard: Guard) -> Came {
    failing(guard, "absent").await
}

/// A promise that was answered with is broken, when it is called.
async fn an_error_through_a_promise(guard: Guard) -> Came {
    let scene = Scene::new().await;
    scene.vault.let_go();
    let how = if guard.is_up() { "broken promise" } else { "name" };
    let said = attempt(&scene.world, json!([["vault", "take", how], ["call", 0, "text", []]])).await;
    Came::of(&scene.world, leaks(&said), said)
}

/// The tool calls back, and what its call fails with goes through the plugin and back to it.
async fn an_error_through_another_object(guard: Guard) -> Came {
    let scene = Scene::new().await;
    scene.stage.put("other", powerbox_captp::Object::exo(Thing::new()));
    let how = if guard.is_up() { "file" } else { "name" };
    let steps = json!([["call", 0, "text", [{"callback": [["vault", "take", how]]}]]]);
    let said = attempt_with(&scene.world, "--object other", steps).await;
    Came::of(&scene.world, leaks(&said), said)
}
