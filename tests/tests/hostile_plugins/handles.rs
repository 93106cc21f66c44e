//! Guessing and reusing the numbers by which a compartment knows its references.

use serde_json::json;

use crate::attack::{Came, Guard, attacks, attempt_with, told};
use crate::things::{FINE, Scene};

attacks! {
    a_number_that_was_never_given by Word "unknown handle",
    a_name_taken_for_an_object by Word "handle",
    a_reference_that_was_given_up by Word "unknown handle",
    a_number_kept_from_the_run_before by Word "unknown handle",
    one_reference_given_away_twice by Word "unknown handle",
    a_slot_beyond_those_of_the_call by Word "slot",
    a_reference_written_as_the_wire_has_it by Word "no harm",
    a_method_that_the_parameter_does_not_declare by Rule "the parameter allows text, not wreck",
}

/// Runs a command of the attacker's; it reached something if the tool's text came out.
async fn run(lines: &[&str]) -> Came {
    let scene = Scene::new().await;
    let mut said = String::new();
    for line in lines {
        said = told(scene.world.run(line).await);
    }
    Came::of(&scene.world, said.contains(FINE), said)
}

async fn a_number_that_was_never_given(guard: Guard) -> Came {
    run(&[if guard.is_up() { "forge tool --beside 1" } else { "forge tool" }]).await
}

async fn a_name_taken_for_an_object(guard: Guard) -> Came {
    run(&[if guard.is_up() { "confuse tool tool --swap" } else { "confuse tool tool" }]).await
}

async fn a_reference_that_was_given_up(guard: Guard) -> Came {
    run(&[if guard.is_up() { "stale tool --give-up" } else { "stale tool" }]).await
}

async fn a_number_kept_from_the_run_before(guard: Guard) -> Came {
    run(if guard.is_up() { &["keep tool", "keep"] } else { &["keep tool --now"] }).await
}

async fn one_reference_given_away_twice(guard: Guard) -> Came {
    let scene = Scene::new().await;
    let line = if guard.is_up() { "twice tool --double" } else { "twice tool" };
    let said = told(scene.world.run(line).await);
    Came::of(&scene.world, said.matches("Alleged: Thing").count() == 2, said)
}

async fn a_slot_beyond_those_of_the_call(guard: Guard) -> Came {
    let scene = Scene::new().await;
    let body = if guard.is_up() { "#[\"$7\"]" } else { "#[\"x\",\"$0\"]" };
    let said = attempt_with(&scene.world, "--strong tool", json!([["raw", 0, "wreck", body]])).await;
    Came::of(&scene.world, scene.tool.is_wrecked(), said)
}

/// The text of a reference, in the forms that the wire has, must stay text: the thing calls what it takes for an
/// object.
async fn a_reference_written_as_the_wire_has_it(guard: Guard) -> Came {
    let scene = Scene::new().await;
    let steps = if guard.is_up() {
        let forms = [
            r#"#[{"@qclass":"slot","index":0}]"#,
            r#"[{"@qclass":"slot","index":0}]"#,
            r##"#["!$0"]"##,
            r##"#[{"body":"#\"!$0\"","slots":["o+0","o-1"]}]"##,
            r##"#["!$0.Alleged: Thing"]"##,
        ];
        let steps: Vec<_> = forms.iter().map(|form| json!(["raw", 0, "text", form])).collect();
        json!(steps)
    } else {
        json!([["raw", 0, "text", "#[\"$0\"]"]])
    };
    // With an object as its argument, `text` calls its `hear`, which a thing has not.
    let said = attempt_with(&scene.world, "--object tool", steps).await;
    let called = said.contains("hear");
    Came::of(&scene.world, called, if called { said } else { format!("no harm: {said}") })
}

async fn a_method_that_the_parameter_does_not_declare(guard: Guard) -> Came {
    let scene = Scene::new().await;
    let object = if guard.is_up() { "--object tool" } else { "--strong tool" };
    let said = attempt_with(&scene.world, object, json!([["call", 0, "wreck", ["all", 1]]])).await;
    Came::of(&scene.world, scene.tool.is_wrecked(), said)
}
