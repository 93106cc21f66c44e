//! Plugins that want a person's yes without his knowing to what: a question of their own, a yes to something else, a yes
//! used twice, a question that cannot be read.

use std::sync::Arc;

use powerbox_authority::grant::Record;
use powerbox_core::membrane::{Consent, Word};
use powerbox_tests::world::{Person, World};

use crate::attack::{Came, Guard, attacks};
use crate::poison;
use crate::target::{Target, outcome, outcome_for, world_on, world_with};

attacks! {
    a_question_of_its_own by Rule "wants the person to confirm each call, and there is nobody to ask",
    going_on_after_a_no by Rule "the person refused this call",
    a_yes_used_twice by Word "powerbox grant allow",
    a_yes_to_another_call by Word "powerbox grant allow",
    a_yes_to_another_object by Word "powerbox grant allow",
    a_yes_to_another_plugin by Word "powerbox grant allow",
    a_question_that_cannot_be_read by Word "\\u{202e}",
}

/// A world with two names, in which the plugin's user is asked about each call.
async fn world(asks: bool) -> World {
    let world = world_with(|_| {}).await;
    for name in ["one", "two"] {
        assert!(!outcome(&world, &format!("mkdir {name}")).await.starts_with("error"));
    }
    if asks {
        world.narrow("hostile", Record::DESIGNATION, &["confirm"]).unwrap();
    }
    world
}

async fn is_there(world: &World, name: &str) -> bool {
    outcome(world, "list").await.lines().any(|line| line == name)
}

/// What the person is asked when a line is run, and says no to.
async fn question(world: &World, line: &str) -> Consent {
    let person = Person::saying(Word::No);
    outcome_for(world, line, &person).await;
    let asked = person.asked.lock().unwrap().pop();
    asked.expect("nobody was asked")
}

/// It draws what looks like the host's question. Nobody hears an answer to that: what the person types is not among
/// the things that a plugin can ask for.
async fn a_question_of_its_own(guard: Guard) -> Came {
    let world = world(guard.is_up()).await;
    let person = Arc::<Person>::default();
    let imitated = outcome_for(&world, "imitate", &person).await;
    assert!(imitated.contains("allow this call?"), "{imitated}");
    assert!(person.asked.lock().unwrap().is_empty(), "the host asked for what the plugin drew");
    let said = outcome_for(&world, "erase one", &person).await;
    Came::of(&world, !is_there(&world, "one").await, said)
}

async fn going_on_after_a_no(guard: Guard) -> Came {
    let world = world(true).await;
    let person = Person::saying(if guard.is_up() { Word::No } else { Word::Yes });
    let said = outcome_for(&world, "erase one", &person).await;
    let asked = person.asked.lock().unwrap().clone();
    assert_eq!(asked.len(), 1);
    // He was told what it is about, in the host's words.
    assert!(asked[0].function.contains("remove") && asked[0].slot.contains("one"), "{asked:?}");
    assert!(asked[0].principal.contains("hostile"), "{asked:?}");
    Came::of(&world, !is_there(&world, "one").await, said)
}

async fn a_yes_used_twice(guard: Guard) -> Came {
    let world = world(true).await;
    let asked = question(&world, "erase one").await;
    let allow = || world.host.approve_call(asked.grant.unwrap(), &asked.digest).unwrap();
    allow();
    assert_eq!(outcome(&world, "erase one").await, "erased", "the first time is what was allowed");
    outcome(&world, "mkdir one").await;
    if !guard.is_up() {
        allow();
    }
    let said = outcome(&world, "erase one").await;
    Came::of(&world, !is_there(&world, "one").await, said)
}

async fn a_yes_to_another_call(guard: Guard) -> Came {
    let world = world(true).await;
    let asked = question(&world, if guard.is_up() { "erase one" } else { "erase two" }).await;
    world.host.approve_call(asked.grant.unwrap(), &asked.digest).unwrap();
    let said = outcome(&world, "erase two").await;
    assert!(is_there(&world, "one").await);
    Came::of(&world, !is_there(&world, "two").await, said)
}

/// Two objects of one kind, called in the same way: a payment to one is no payment to the other.
async fn a_yes_to_another_object(guard: Guard) -> Came {
    let (one, two) = (Target::open(), Target::open());
    let stage = one.staged();
    stage.put("two", powerbox_captp::Object::exo(Arc::clone(&two)));
    let world = world_on(&stage, |_| {}).await;
    world.narrow("hostile", Record::DESIGNATION, &["confirm"]).unwrap();
    let asked = question(&world, if guard.is_up() { "nag it --times 1" } else { "nag two --times 1" }).await;
    assert!(asked.slot.contains(if guard.is_up() { "`it`" } else { "`two`" }), "{asked:?}");
    world.host.approve_call(asked.grant.unwrap(), &asked.digest).unwrap();
    let person = Arc::<Person>::default();
    outcome_for(&world, "nag two --times 1", &person).await;
    assert_eq!(one.touched(), 0);
    let said = world.denials().unwrap().into_iter().map(|denied| denied.outcome).collect::<String>();
    Came::aside(two.touched() == 1, said)
}

async fn a_yes_to_another_plugin(guard: Guard) -> Came {
    let world = world(true).await;
    world.narrow("storage", Record::DESIGNATION, &["confirm"]).unwrap();
    let plugin = if guard.is_up() { "remove one" } else { "erase one" };
    let asked = question(&world, plugin).await;
    world.host.approve_call(asked.grant.unwrap(), &asked.digest).unwrap();
    let said = outcome(&world, "erase one").await;
    Came::of(&world, !is_there(&world, "one").await, said)
}

/// The arguments are the plugin's, and stand in the question. What the object gets shows what would have stood there.
async fn a_question_that_cannot_be_read(guard: Guard) -> Came {
    let target = Target::open();
    let world = world_on(&target.staged(), |_| {}).await;
    world.narrow("hostile", Record::DESIGNATION, &["confirm"]).unwrap();
    let person = Person::saying(Word::Yes);
    outcome_for(&world, "plead it", &person).await;
    let asked = person.asked.lock().unwrap().pop().unwrap();
    let shown = [asked.principal, asked.slot, asked.function, asked.arguments, asked.digest].join(" ");
    assert!(shown.chars().count() < 1000, "{shown}");
    let sent = target.taken().first().and_then(|value| Some(value.as_str()?.to_owned())).unwrap();
    let text = if guard.is_up() { shown } else { sent };
    let poisoned = poison::has_any(&text) || text.contains('\n');
    Came::aside(poisoned, text)
}

/// A world in which the person is asked about what the attacker does with its vault, and what they were asked.
async fn asked_about(steps: serde_json::Value, word: Word) -> (crate::things::Scene, Vec<Consent>, String) {
    let scene = crate::things::Scene::new().await;
    scene.world.narrow("attacker", crate::things::VAULT, &["confirm"]).unwrap();
    let person = Person::saying(word);
    let said = outcome_for(&scene.world, &crate::attack::line("--object tool", &steps), &person).await;
    let asked = person.asked.lock().unwrap().clone();
    (scene, asked, said)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_question_shows_long_arguments_to_their_end() {
    let long = format!("{}, and then everything", "x".repeat(5000));
    let (scene, asked, _) = asked_about(serde_json::json!([["vault", "wreck", long, 1]]), Word::Yes).await;
    assert!(asked[0].arguments.contains(&long), "{:?}", asked[0].arguments);
    assert!(scene.vault.is_wrecked(), "the person agreed");
    // What is written for the audit is short all the same, and decided nothing.
    let crossings = scene.world.crossings(&Default::default()).unwrap();
    assert!(crossings.iter().all(|crossing| crossing.arguments.chars().count() <= 201));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_question_shows_every_part_of_many() {
    let parts: Vec<_> = (0..500).map(|number| format!("part-{number}")).collect();
    let (_, asked, _) = asked_about(serde_json::json!([["vault", "put", parts]]), Word::No).await;
    for part in &parts {
        assert!(asked[0].arguments.contains(&format!("\"{part}\"")), "{part}: {:?}", asked[0].arguments);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_question_says_what_references_are() {
    let steps = serde_json::json!([
        ["vault", "take", "thing"],
        ["vault", "put", [{"ref": 0}, {"ref": 1}, {"callback": []}]],
        ["call", 1, "wreck", ["all", 1]]
    ]);
    let (_, asked, _) = asked_about(steps, Word::Yes).await;
    let arguments = &asked[1].arguments;
    assert!(arguments.contains("what the user named `tool`"), "{arguments}");
    assert!(arguments.contains("led to, which calls itself \"Alleged: Thing\""), "{arguments}");
    assert!(arguments.contains("an object of the plugin's own"), "{arguments}");
    // A call of something else than the vault itself says so.
    assert!(asked[2].slot.contains("something that the slot"), "{:?}", asked[2]);
    assert_eq!((asked[2].function.as_str(), asked[2].arguments.as_str()), ("wreck", "\"all\", 1"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_call_that_is_too_long_to_be_shown_is_refused_and_not_asked_about() {
    let steps = |length: usize| serde_json::json!([["vault", "wreck", "x".repeat(length), 1]]);
    let (scene, asked, said) = asked_about(steps(70_000), Word::Yes).await;
    assert!(asked.is_empty() && said.contains("too long to be asked about"), "{asked:?} {said}");
    assert!(!scene.vault.is_wrecked());
    let denied = scene.world.denials().unwrap();
    assert!(denied.iter().any(|denied| denied.outcome.contains("too long to be asked about")), "{denied:?}");
    let (scene, asked, _) = asked_about(steps(60_000), Word::Yes).await;
    assert!(asked.len() == 1 && scene.vault.is_wrecked(), "a shorter one is asked about");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_question_that_nobody_was_there_to_answer_is_kept_whole() {
    let long = format!("{}, and then everything", "x".repeat(5000));
    let steps = serde_json::json!([["vault", "wreck", long, 1]]);
    let (scene, asked, _) = asked_about(steps.clone(), Word::Nobody).await;
    let (grant, digest) = (asked[0].grant.unwrap(), asked[0].digest.as_str());
    let kept = scene.world.host.question(grant, digest).unwrap().expect("the question is kept");
    assert!(kept.arguments.contains(&long) && kept.function.contains("wreck"), "{kept:?}");
    assert_eq!(scene.world.host.question(grant, &"0".repeat(64)).unwrap(), None, "no other call is known");
    scene.world.host.approve_call(grant, digest).unwrap();
    let person = Person::saying(Word::Nobody);
    outcome_for(&scene.world, &crate::attack::line("--object tool", &steps), &person).await;
    assert!(scene.vault.is_wrecked());
}
