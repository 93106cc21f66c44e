//! Names outside what was designated: a directory was granted under a prefix, or a command was given names.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::sync::Arc;

use powerbox_captp::{CallError, Exo, Object, Reply, Value};
use powerbox_tests::world::{Stage, World, path};
use serde_json::{Value as Json, json};

use crate::attack::{Came, Guard, attacks, attempt, attempt_with};
use crate::things::{FINE, SECRET, VAULT};

attacks! {
    a_sibling_that_begins_alike by Rule "paths under `notes` only",
    a_sibling_of_the_last_name_of_two by Rule "paths under `notes/work` only",
    another_case by Rule "paths under `notes` only",
    a_cyrillic_letter by Rule "paths under `notes` only",
    fullwidth_letters by Rule "paths under `notes` only",
    a_combining_mark by Rule "paths under `notes` only",
    a_zero_width_space by Rule "paths under `notes` only",
    a_space_behind by Rule "paths under `notes` only",
    a_soft_hyphen by Rule "paths under `notes` only",
    the_prefix_in_two_pieces by Rule "paths under `notes` only",
    a_special_name by Rule "paths under `notes` only",
    no_name_at_all by Rule "paths under `notes` only",
    the_directory_above by Rule "paths under `notes` only",
    the_directory_above_and_down_again by Rule "paths under `notes` only",
    the_same_directory_first by Rule "paths under `notes` only",
    an_empty_name by Rule "paths under `notes` only",
    an_absolute_path by Rule "paths under `notes` only",
    a_slash_inside_a_name by Rule "paths under `notes` only",
    dots_with_a_nul_between by Rule "paths under `notes` only",
    a_name_too_long_to_be_counted by Rule "paths under `notes` only",
    a_copy_to_the_outside by Rule "paths under `notes` only",
    a_copy_from_the_outside by Rule "paths under `notes` only",
    a_move_to_the_outside by Rule "paths under `notes` only",
    a_removal_outside by Rule "paths under `notes` only",
    a_function_that_names_no_path by Rule "`followNameChanges` names none",
    a_way_back_to_the_directory_itself by Rule "paths under `notes` only",
    a_name_as_text_on_the_directory_itself by Rule "paths under `notes` only",
    a_method_of_the_directory_that_no_rule_knows by Rule "`listLocators` names none",
    the_person_names_something_outside by Rule "paths under `box/notes` only",
    the_person_names_a_target_outside by Rule "paths under `box/notes` only",
    a_right_that_the_parameter_does_not_declare by Rule "the parameter declares read, not remove",
}

/// The embedded daemon with `box/notes/plan`, and the secret at some other place; the attacker's slots are bound to
/// `box`.
async fn library(guard: Guard, prefix: &str, secret: &[&str]) -> World {
    let world = World::new().await.unwrap();
    keep(&world, &[], None).await;
    for depth in 1..secret.len() {
        keep(&world, &secret[..depth], None).await;
    }
    if secret[0] != "notes" {
        keep(&world, &["notes"], None).await;
    }
    keep(&world, &["notes", "plan"], Some(FINE)).await;
    keep(&world, secret, Some(SECRET)).await;
    let bind = ["left", "writer", VAULT].map(|slot| (slot, "box"));
    world.install("attacker", &bind).await.unwrap();
    if guard.is_up() {
        for slot in ["left", "writer"] {
            world.narrow("attacker", slot, &[&format!("path {prefix}")]).unwrap();
        }
    }
    world
}

/// Stores a text in the box, or makes a directory there.
async fn keep(world: &World, path: &[&str], text: Option<&str>) {
    let path = Value::texts([&["box"], path].concat());
    match text {
        Some(text) => world.ask("storeValue", vec![Value::text(text), path]).await.unwrap(),
        None => world.ask("makeDirectory", vec![path]).await.unwrap(),
    };
}

/// What is at a path of the box, or `undefined`.
async fn there(world: &World, path: &[&str]) -> Value {
    let path = Value::texts([&["box"], path].concat());
    world.ask("lookup", vec![path]).await.unwrap_or(Value::Undefined)
}

/// Looks the secret up at the very path where it is.
async fn look(guard: Guard, secret: &[&str]) -> Came {
    look_under(guard, "notes", secret).await
}

async fn look_under(guard: Guard, prefix: &str, secret: &[&str]) -> Came {
    let world = library(guard, prefix, secret).await;
    let said = attempt(&world, json!([["left", "has", secret], ["left", "lookup", secret]])).await;
    Came::of(&world, said.contains(SECRET) || said.contains("true"), said)
}

async fn a_sibling_that_begins_alike(guard: Guard) -> Came {
    look(guard, &["notes2", "plan"]).await
}

async fn a_sibling_of_the_last_name_of_two(guard: Guard) -> Came {
    look_under(guard, "notes/work", &["notes", "works"]).await
}

async fn another_case(guard: Guard) -> Came {
    look(guard, &["Notes", "plan"]).await
}

async fn a_cyrillic_letter(guard: Guard) -> Came {
    look(guard, &["n\u{43e}tes", "plan"]).await
}

async fn fullwidth_letters(guard: Guard) -> Came {
    look(guard, &["\u{ff4e}\u{ff4f}\u{ff54}\u{ff45}\u{ff53}", "plan"]).await
}

async fn a_combining_mark(guard: Guard) -> Came {
    look(guard, &["notes\u{301}", "plan"]).await
}

async fn a_zero_width_space(guard: Guard) -> Came {
    look(guard, &["no\u{200b}tes", "plan"]).await
}

async fn a_space_behind(guard: Guard) -> Came {
    look(guard, &["notes ", "plan"]).await
}

async fn a_soft_hyphen(guard: Guard) -> Came {
    look(guard, &["no\u{ad}tes", "plan"]).await
}

async fn the_prefix_in_two_pieces(guard: Guard) -> Came {
    look(guard, &["no", "tes", "plan"]).await
}

/// A slot that is bound to the person's own names, where `@agent` leads to all of them.
async fn a_special_name(guard: Guard) -> Came {
    let world = library(guard, "notes", &["secret"]).await;
    world.install("attacker", &[("left", "@agent")]).await.unwrap();
    if guard.is_up() {
        world.narrow("attacker", "left", &["path notes"]).unwrap();
    }
    let said = attempt(&world, json!([["left", "lookup", ["@agent", "box", "secret"]]])).await;
    Came::of(&world, said.contains(SECRET), said)
}

async fn no_name_at_all(guard: Guard) -> Came {
    let world = library(guard, "notes", &["secret"]).await;
    let said = attempt(&world, json!([["left", "list", []]])).await;
    Came::of(&world, said.contains("secret"), said)
}

/// A directory that reads paths as careless programs do: joined with slashes and taken apart again, without regard for
/// NUL, and with the length of a name in one byte.
struct Careless(BTreeMap<&'static str, &'static str>);

impl Careless {
    fn resolve(names: &[String]) -> String {
        let name = |name: &String| {
            let name = name.replace('\0', "");
            name.get(..name.len() % 256).unwrap_or_default().to_owned()
        };
        let joined: Vec<_> = names.iter().map(name).collect();
        let joined = joined.join("/");
        let mut path = Vec::new();
        for (place, part) in joined.split('/').enumerate() {
            match part {
                // Nothing before the first slash: from the top.
                "" if place == 0 => path.clear(),
                "" | "." => {}
                ".." => drop(path.pop()),
                part => path.push(part),
            }
        }
        path.join("/")
    }
}

impl Exo for Careless {
    fn interface(&self) -> Cow<'_, str> {
        "Alleged: Directory".into()
    }

    fn methods(&self) -> &'static [&'static str] {
        &["lookup"]
    }

    fn call(self: &Arc<Self>, _: &str, args: Vec<Value>) -> Reply {
        let names = path(args.first().and_then(Value::as_list).unwrap_or_default()).unwrap_or_default();
        match self.0.get(Self::resolve(&names).as_str()) {
            Some(found) => Reply::value(*found),
            None => Reply::error(CallError::type_error("Unknown pet name: \"x\"")),
        }
    }
}

/// Looks up a path that leads to the secret with a careless daemon.
async fn stray(guard: Guard, path: Json) -> Came {
    let careless = Careless([("notes/plan", FINE), ("secret", SECRET)].into());
    let stage = Stage::with([("box", Object::exo(Arc::new(careless)).into())]);
    let world = World::on(&stage).await.unwrap();
    world.install("attacker", &[("left", "box"), (VAULT, "box")]).await.unwrap();
    if guard.is_up() {
        world.narrow("attacker", "left", &["path notes"]).unwrap();
    }
    let said =
        attempt(&world, json!([["left", "lookup", ["notes", "plan"]], ["left", "lookup", path]])).await;
    assert!(said.contains(FINE), "what was granted can be had: {said}");
    Came::of(&world, said.contains(SECRET), said)
}

async fn the_directory_above(guard: Guard) -> Came {
    stray(guard, json!(["notes", "..", "secret"])).await
}

async fn the_directory_above_and_down_again(guard: Guard) -> Came {
    stray(guard, json!(["notes", "plan", "..", "..", "notes", "..", "secret"])).await
}

async fn the_same_directory_first(guard: Guard) -> Came {
    stray(guard, json!([".", "secret"])).await
}

async fn an_empty_name(guard: Guard) -> Came {
    stray(guard, json!(["", "secret"])).await
}

async fn an_absolute_path(guard: Guard) -> Came {
    stray(guard, json!(["/secret"])).await
}

async fn a_slash_inside_a_name(guard: Guard) -> Came {
    stray(guard, json!(["notes", "x/../../secret"])).await
}

async fn dots_with_a_nul_between(guard: Guard) -> Came {
    stray(guard, json!(["notes", ".\0.", "secret"])).await
}

async fn a_name_too_long_to_be_counted(guard: Guard) -> Came {
    stray(guard, json!(["notes", format!("..{}", "x".repeat(256)), "secret"])).await
}

async fn a_copy_to_the_outside(guard: Guard) -> Came {
    let world = library(guard, "notes", &["secret"]).await;
    let said = attempt(&world, json!([["writer", "copy", ["notes", "plan"], ["loot"]]])).await;
    Came::of(&world, there(&world, &["loot"]).await == Value::text(FINE), said)
}

async fn a_copy_from_the_outside(guard: Guard) -> Came {
    let world = library(guard, "notes", &["secret"]).await;
    let steps =
        json!([["writer", "copy", ["secret"], ["notes", "loot"]], ["left", "lookup", ["notes", "loot"]]]);
    let said = attempt(&world, steps).await;
    Came::of(&world, there(&world, &["notes", "loot"]).await == Value::text(SECRET), said)
}

async fn a_move_to_the_outside(guard: Guard) -> Came {
    let world = library(guard, "notes", &["secret"]).await;
    let said = attempt(&world, json!([["writer", "move", ["notes", "plan"], ["secret"]]])).await;
    let kept = there(&world, &["notes", "plan"]).await;
    Came::of(&world, there(&world, &["secret"]).await != Value::text(SECRET) || kept.is_undefined(), said)
}

async fn a_removal_outside(guard: Guard) -> Came {
    let world = library(guard, "notes", &["secret"]).await;
    let said = attempt(&world, json!([["writer", "remove", ["secret"]]])).await;
    Came::of(&world, there(&world, &["secret"]).await.is_undefined(), said)
}

async fn a_function_that_names_no_path(guard: Guard) -> Came {
    let world = library(guard, "notes", &["secret"]).await;
    let said = attempt(&world, json!([["left", "follow"]])).await;
    Came::of(&world, said.contains("ok"), said)
}

/// A name under the prefix may hold the very directory: what is looked up there is still under the rule.
async fn back(guard: Guard, step: Json) -> Came {
    let world = library(guard, "notes", &["secret"]).await;
    let copy = vec![Value::texts(["box"]), Value::texts(["box", "notes", "up"])];
    world.ask("copy", copy).await.unwrap();
    let granted = json!(["call", 0, "lookup", [["notes", "plan"]]]);
    let said = attempt(&world, json!([["left", "lookup", ["notes", "up"]], granted, step])).await;
    assert!(said.contains(FINE), "what was granted can be had: {said}");
    Came::of(&world, said.contains(SECRET) || said.contains("\"secret\":"), said)
}

async fn a_way_back_to_the_directory_itself(guard: Guard) -> Came {
    back(guard, json!(["call", 0, "lookup", [["secret"]]])).await
}

async fn a_name_as_text_on_the_directory_itself(guard: Guard) -> Came {
    back(guard, json!(["duplicate", 0, "lookup", ["secret"]])).await
}

async fn a_method_of_the_directory_that_no_rule_knows(guard: Guard) -> Came {
    back(guard, json!(["call", 0, "listLocators", []])).await
}

/// What the person names counts as named by the plugin's command: a rule on that holds there, too.
async fn named(guard: Guard, more: &str, step: Json, reached: impl AsyncFn(&World) -> bool) -> Came {
    let world = library(guard, "notes", &["secret"]).await;
    if guard.is_up() {
        world.narrow("attacker", "@named", &["path box/notes"]).unwrap();
    }
    let said = attempt_with(&world, more, json!([step])).await;
    Came::of(&world, reached(&world).await || said.contains(SECRET), said)
}

async fn the_person_names_something_outside(guard: Guard) -> Came {
    named(guard, "--from box/secret", json!(["from", "lookup"]), async |_| false).await
}

async fn the_person_names_a_target_outside(guard: Guard) -> Came {
    let reached = async |world: &World| there(world, &["loot"]).await == Value::text(FINE);
    named(guard, "--from box/notes/plan --to box/loot", json!(["to", "copy"]), reached).await
}

/// The attacker's parameter declares that it reads; the storage plugin's that it removes.
async fn a_right_that_the_parameter_does_not_declare(guard: Guard) -> Came {
    let world = library(guard, "notes", &["secret"]).await;
    let said = if guard.is_up() {
        attempt_with(&world, "--from box/secret", json!([["from", "remove"]])).await
    } else {
        crate::attack::told(world.run("remove box/secret").await)
    };
    Came::of(&world, there(&world, &["secret"]).await.is_undefined(), said)
}
