//! Who is who: names that go from one agent to another, what the host runs by itself, and what is counted for whom.

use std::path::{Path, PathBuf};

use powerbox_captp::Value;
use powerbox_core::grants::Gift;
use powerbox_core::local::store::Owner;
use powerbox_core::plugin::Data;
use powerbox_core::{Allowance, Allowances, FAILURES};
use powerbox_tests::powerbox::component;
use powerbox_tests::world::{Options, World};
use serde_json::json;

use crate::attack::{Came, Guard, attacks, line, told};
use crate::target::{outcome, world_with};
use crate::things::{SECRET, VAULT};

attacks! {
    a_new_agent_of_an_old_ones_name by Rule "bound to nothing",
    a_new_agent_of_an_old_ones_name_after_a_restart by Rule "bound to nothing",
    a_new_agent_wants_the_old_ones_store by Word "nothing",
    an_agent_that_was_taken_back_comes_by_another_name by Word "has ended",
    an_agent_that_is_limited_comes_by_another_name by Word "at once already",
    a_new_agent_of_a_name_in_an_old_ledger by Word "earlier version",
    a_directory_as_an_agent by Word "not an agent",
    a_migration_of_what_was_taken_back by Word "revoked",
    a_migration_of_what_was_taken_back_from_an_agent by Word "revoked",
    a_migration_beyond_its_caveats by Rule "allows get",
    crashing_for_an_agent_stops_others by Word "is put aside",
    all_compartments_for_an_agent by Word "at once already",
    all_subscriptions by Word "streams of changes of the plugin are open",
    another_plugin_of_the_same_name_finds_what_was_kept by Word "nothing",
}

/// What a plugin keeps: one word.
const TREASURE: &str = "treasure";

/// An old agent leaves its name, and a new one gets it.
async fn replace(world: &World, name: &str, introduced: &[&str]) {
    world.ask("move", vec![Value::texts([name]), Value::texts([&*format!("old-{name}")])]).await.unwrap();
    // Asked for by the same handle, the daemon would give the old one.
    world.ask("remove", vec![Value::text(format!("{name}-handle"))]).await.unwrap();
    world.guest(name, introduced).await.unwrap();
}

fn gift(agent: &str, slot: &str, name: &str) -> Gift {
    Gift {
        plugin: "attacker".into(),
        agent: Some(agent.into()),
        slot: slot.into(),
        name: Some(name.into()),
        parent: None,
        caveats: Vec::new(),
    }
}

/// A directory with a secret, which the attacker may read for the agent `scout`.
async fn granted_to_scout() -> World {
    let world = World::new().await.unwrap();
    world.ask("makeDirectory", vec![Value::texts(["box"])]).await.unwrap();
    world.ask("storeValue", vec![Value::text(SECRET), Value::texts(["box", "plan"])]).await.unwrap();
    world.install("attacker", &[(VAULT, "box")]).await.unwrap();
    world.guest("scout", &["box"]).await.unwrap();
    world.host.give(&gift("scout", "left", "box")).await.unwrap();
    world
}

async fn reads_as(world: &World, agent: &str) -> Came {
    let said = told(world.run_as(agent, &line("", &json!([["left", "lookup", ["plan"]]]))).await);
    Came::of(world, said.contains(SECRET), said)
}

async fn a_new_agent_of_an_old_ones_name(guard: Guard) -> Came {
    let world = granted_to_scout().await;
    if guard.is_up() {
        replace(&world, "scout", &["box"]).await;
        let old = reads_as(&world, "old-scout").await;
        assert!(format!("{old:?}").contains(SECRET), "the old one has lost it: {old:?}");
    }
    reads_as(&world, "scout").await
}

async fn a_new_agent_of_an_old_ones_name_after_a_restart(guard: Guard) -> Came {
    let world = granted_to_scout().await;
    if guard.is_up() {
        replace(&world, "scout", &["box"]).await;
    }
    let world = world.restarted().await.unwrap();
    reads_as(&world, "scout").await
}

/// Without a daemon in the way: the plugin needs none.
async fn a_new_agent_wants_the_old_ones_store(guard: Guard) -> Came {
    let world = World::new().await.unwrap();
    world.install("keeper-v1", &[]).await.unwrap();
    world.guest("scout", &[]).await.unwrap();
    world.run_as("scout", &format!("keep a {TREASURE}")).await.unwrap();
    if guard.is_up() {
        replace(&world, "scout", &[]).await;
        assert_eq!(world.run_as("old-scout", "kept a").await.unwrap().text(), TREASURE);
        // A second name is the same agent.
        world.ask("copy", vec![Value::texts(["old-scout"]), Value::texts(["again"])]).await.unwrap();
        assert_eq!(world.run_as("again", "kept a").await.unwrap().text(), TREASURE);
    }
    let said = told(world.run_as("scout", "kept a").await);
    Came::of(&world, said.contains(TREASURE), said)
}

async fn an_agent_that_was_taken_back_comes_by_another_name(guard: Guard) -> Came {
    let world = granted_to_scout().await;
    if guard.is_up() {
        let scout = powerbox_authority::grant::Holder::agent(&world.agent("scout").await);
        let grant = world.grant_of(&scout, powerbox_authority::grant::Record::AGENT).unwrap();
        world.host.revoke_grant(grant.id).unwrap();
    }
    world.ask("copy", vec![Value::texts(["scout"]), Value::texts(["again"])]).await.unwrap();
    let said = told(world.run_as("again", "show box/plan").await);
    Came::of(&world, said.contains(SECRET), said)
}

/// The limits that the configuration has for an agent are found by any of its names, and go with it.
async fn an_agent_that_is_limited_comes_by_another_name(guard: Guard) -> Came {
    let mut allowances = Allowances::default();
    if guard.is_up() {
        let one = Allowance { concurrent: 1, ..Allowance::default() };
        allowances.agents.insert("scout".into(), one);
    }
    let world = World::with(Options { allowances, ..Options::default() }).await.unwrap();
    world.install("hostile", &[]).await.unwrap();
    world.ask("makeDirectory", vec![Value::texts(["quiet"])]).await.unwrap();
    world.guest("scout", &["quiet"]).await.unwrap();
    world.agent("scout").await;
    replace(&world, "scout", &["quiet"]).await;
    let first = world.run_as("old-scout", "linger quiet");
    let second = async {
        // The first has begun when its stream is open.
        while world.crossings(&powerbox_authority::audit::Filter::default()).unwrap().is_empty() {
            tokio::task::yield_now().await;
        }
        told(world.run_as("old-scout", "ok").await)
    };
    tokio::select! {
        first = first => panic!("it ended: {}", told(first)),
        said = second => Came::of(&world, said == "ok", said),
    }
}

/// The ledger of the version that knew agents by path: nobody can tell whose the grant was.
async fn a_new_agent_of_a_name_in_an_old_ledger(guard: Guard) -> Came {
    let world = granted_to_scout().await;
    let scout = world.agent("scout").await;
    let folder = world.folder().join("state/grants.sqlite");
    let world = {
        let stored = format!("agent #{}", scout.key());
        let change = move || {
            let database = rusqlite::Connection::open(folder).unwrap();
            database
                .execute_batch(&format!(
                    "DROP TABLE agent; DROP TABLE agent_section;
                     UPDATE grants SET holder = replace(holder, '{stored}', 'agent scout');
                     PRAGMA user_version = 1;"
                ))
                .unwrap();
        };
        if guard.is_up() { world.restarted_after(change).await.unwrap() } else { world }
    };
    reads_as(&world, "scout").await
}

async fn a_directory_as_an_agent(guard: Guard) -> Came {
    let world = World::new().await.unwrap();
    world.install("keeper-v1", &[]).await.unwrap();
    world.ask("makeDirectory", vec![Value::texts(["box"])]).await.unwrap();
    world.guest("scout", &[]).await.unwrap();
    let path = if guard.is_up() { "box" } else { "scout" };
    match world.host.agent(path).await {
        Ok(agent) => {
            let principal = powerbox_core::Principal::of(Some(&agent));
            let said = told(world.run_for(&principal, "keep a b", Default::default()).await);
            Came::of(&world, said.is_empty(), said)
        }
        Err(error) => Came::of(&world, false, error.to_string()),
    }
}

/// The first version of a plugin that keeps something, from a file that can be replaced.
async fn keeper(world: &World) -> PathBuf {
    let file = world.folder().join("keeper.wasm");
    std::fs::copy(component("keeper-v1").unwrap(), &file).unwrap();
    world.install_file(&file, &[]).await.unwrap();
    file
}

async fn replaced_by(world: &World, file: &Path, name: &str) {
    let aside = file.with_extension("new");
    std::fs::copy(component(name).unwrap(), &aside).unwrap();
    std::fs::rename(&aside, file).unwrap();
    world.host.reconsider("keeper").await;
}

const STORE: &str = "powerbox:plugin/store@0.1.0";

/// What is kept, past all grants.
fn kept(world: &World, agent: Option<&powerbox_core::Agent>) -> String {
    let agent = agent.map(|agent| agent.key().clone());
    let owner = Owner { plugin: "keeper".into(), agent, slot: STORE.into() };
    world.host.read_store(&owner).unwrap().into_keys().collect::<Vec<_>>().join(" ")
}

async fn a_migration_of_what_was_taken_back(guard: Guard) -> Came {
    let world = World::new().await.unwrap();
    let file = keeper(&world).await;
    world.run("keep a one").await.unwrap();
    if guard.is_up() {
        world.host.revoke_grant(world.grant("keeper", STORE).unwrap().id).unwrap();
    }
    replaced_by(&world, &file, "keeper-v2").await;
    let reached = kept(&world, None).contains("v2/");
    let said = told(world.run("kept a").await);
    if guard.is_up() {
        // The new version is there all the same, and finds all in its form when it may use it again.
        let again = Gift { agent: None, name: None, plugin: "keeper".into(), ..gift("", STORE, "") };
        world.host.give(&again).await.unwrap();
        assert_eq!(told(world.run("kept a").await), "one");
        assert_eq!(kept(&world, None), "v2/a");
    }
    Came::of(&world, reached, said)
}

async fn a_migration_of_what_was_taken_back_from_an_agent(guard: Guard) -> Came {
    let world = World::new().await.unwrap();
    let file = keeper(&world).await;
    world.guest("scout", &[]).await.unwrap();
    world.run_as("scout", "keep a one").await.unwrap();
    world.run("keep b two").await.unwrap();
    let scout = world.agent("scout").await;
    if guard.is_up() {
        let holder = powerbox_authority::grant::Holder::agent(&scout);
        let grant = world.grant_of(&holder, powerbox_authority::grant::Record::AGENT).unwrap();
        world.host.revoke_grant(grant.id).unwrap();
    }
    replaced_by(&world, &file, "keeper-v2").await;
    assert_eq!(kept(&world, None), "v2/b", "what is the person's is brought along");
    let reached = kept(&world, Some(&scout)).contains("v2/");
    let said = told(world.run_as("scout", "kept a").await);
    Came::of(&world, reached, said)
}

async fn a_migration_beyond_its_caveats(guard: Guard) -> Came {
    let world = World::new().await.unwrap();
    let file = keeper(&world).await;
    world.run("keep a one").await.unwrap();
    if guard.is_up() {
        world.narrow("keeper", STORE, &["functions get,keys"]).unwrap();
    }
    replaced_by(&world, &file, "keeper-v2").await;
    let reached = kept(&world, None).contains("v2/");
    let said = told(world.run("kept a").await);
    Came::of(&world, reached, said)
}

/// The control is the plugin's crashes for those who then want to use it.
async fn crashing_for_an_agent_stops_others(guard: Guard) -> Came {
    let world = world_with(|_| {}).await;
    world.guest("scout", &[]).await.unwrap();
    world.guest("eve", &[]).await.unwrap();
    let mut said = String::new();
    for _ in 0..=FAILURES {
        said = match guard {
            Guard::Up => told(world.run_as("scout", "trap").await),
            Guard::Down => outcome(&world, "trap").await,
        };
    }
    if guard.is_up() {
        assert_eq!(told(world.run_as("eve", "ok").await), "ok");
    }
    let others = outcome(&world, "ok").await;
    Came::of(&world, others.contains("is put aside"), format!("{said}\n{others}"))
}

/// Many plugins that act for one agent are no more than one: the person's, and other agents', go on.
async fn all_compartments_for_an_agent(guard: Guard) -> Came {
    let world = world_with(|allowance| allowance.concurrent = 1000).await;
    world.ask("makeDirectory", vec![Value::texts(["quiet"])]).await.unwrap();
    world.guest("scout", &["quiet"]).await.unwrap();
    let agent = match guard {
        Guard::Up => Some(world.agent("scout").await),
        Guard::Down => None,
    };
    let principal = powerbox_core::Principal::of(agent.as_ref());
    let mut running = Vec::new();
    let mut refused = None;
    for _ in 0..48 {
        let mut run = Box::pin(world.run_for(&principal, "linger quiet", Default::default()));
        // Until it waits for changes, or is refused.
        tokio::select! {
            biased;
            outcome = &mut run => { refused = Some(told(outcome)); break; }
            () = lingers(&world, running.len() + 1) => running.push(run),
        }
    }
    assert_eq!(outcome(&world, "ok").await, "ok");
    Came::of(&world, running.len() >= 48, refused.unwrap_or_default())
}

/// Waits until so many runs follow changes.
async fn lingers(world: &World, runs: usize) {
    let filter = powerbox_authority::audit::Filter {
        function: Some("[method]changes.next".into()),
        ..Default::default()
    };
    while world.crossings(&filter).unwrap().len() < runs {
        tokio::task::yield_now().await;
    }
}

async fn all_subscriptions(guard: Guard) -> Came {
    let mut allowances = Allowances::default();
    if !guard.is_up() {
        allowances.plugin.streams = usize::MAX;
    }
    let world = World::with(Options { allowances, ..Options::default() }).await.unwrap();
    world.ask("makeDirectory", vec![Value::texts(["box"])]).await.unwrap();
    world.ask("makeDirectory", vec![Value::texts(["box", "inner"])]).await.unwrap();
    world.install("attacker", &[("left", "box"), (VAULT, "box")]).await.unwrap();
    let mut steps = vec![json!(["left", "lookup", ["inner"]])];
    steps.extend(std::iter::repeat_n(json!(["call", 0, "followNameChanges"]), 100));
    let said = told(world.run(&line("", &json!(steps))).await);
    // They end with the run: another one has as many again.
    let again = told(world.run(&line("", &json!(steps[..3]))).await);
    assert!(again.lines().all(|line| line.starts_with("ok")), "{again}");
    let opened = said.lines().filter(|line| line.starts_with("ok")).count();
    Came::of(&world, opened == steps.len(), said)
}

/// What was kept of a plugin that was removed is not for any other that takes its name: nobody said so.
async fn another_plugin_of_the_same_name_finds_what_was_kept(guard: Guard) -> Came {
    let world = World::new().await.unwrap();
    world.install("keeper-v1", &[]).await.unwrap();
    world.run(&format!("keep a {TREASURE}")).await.unwrap();
    world.host.remove_plugin("keeper", Data::Keep).await.unwrap();
    let mut installation = world.host.prepare_install(&component("keeper-v1").unwrap(), &[]).await.unwrap();
    assert_eq!(installation.kept_by_others().len(), 1, "the person is told of it");
    if !guard.is_up() {
        installation.adopt_data();
    }
    world.host.install(installation).await.unwrap();
    let said = told(world.run("kept a").await);
    Came::of(&world, said.contains(TREASURE), said)
}
