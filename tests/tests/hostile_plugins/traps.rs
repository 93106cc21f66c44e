//! Plugins that break: where they describe themselves, where they start, run, allocate, tidy up or are called back.
//! Each takes down its own compartment and nothing else. The control is the same plugin without the break.

use std::time::{Duration, Instant};

use powerbox_core::registry::{Command, CommandGroup, ParameterKind, ParameterStyle};
use powerbox_core::{FAILURES, InvokeError, Principal};
use powerbox_tests::raw::{self, RUN, Raw};
use powerbox_tests::world::World;

use crate::attack::{Came, Guard, attacks};
use crate::target::{Target, goes_on, outcome, world_on, world_with};

attacks! {
    describing_traps by Word "it did not describe its commands: the plugin crashed",
    describing_takes_for_ever by Word "it did not describe its commands",
    describing_gives_nine_mebibytes by Word "it did not describe its commands: the plugin passed too much data",
    describing_calls_a_slot by Word "was called while describing",
    a_description_of_no_form by Word "its description of commands is malformed",
    a_name_with_a_colon by Word "must be of lower case letters",
    a_name_with_an_escape by Word "must be of lower case letters",
    no_name_at_all by Word "must be of lower case letters",
    two_commands_of_one_name by Word "is declared twice",
    thousands_of_commands by Word "more than 256 commands",
    thousands_of_aliases by Word "more than 16 aliases",
    hundreds_of_parameters by Word "more than 64 parameters",
    half_a_megabyte_of_help by Word "more than 262144 bytes of text",
    an_option_that_turns_the_text by Word "must be a letter or digit",
    the_name_of_a_bundled_plugin by Word "its name cannot be taken",
    the_command_of_a_bundled_plugin by Word "not mine",
    starting_traps by Word "the plugin crashed: wasm trap",
    running_traps by Word "the plugin crashed: wasm trap",
    allocating_traps by Word "the plugin crashed: wasm trap",
    allocating_beyond_memory by Word "the plugin crashed",
    tidying_up_traps by Word "the plugin crashed: wasm trap",
    a_destructor_traps by Word "the plugin crashed: wasm trap",
    a_callback_traps by Word "the plugin crashed: wasm trap",
    a_callback_spins by Word "the plugin used up its 100 ms of processor time",
    callbacks_by_the_hundred by Word "already has 64 calls to answer",
    crashing_again_and_again by Word "is put aside",
    a_copy_that_was_exchanged by Word "the installed copy was changed",
}

/// Installs a plugin in place of one that works, and gives what its command then says, or why it was refused. If it was,
/// the one before is there as it was.
async fn replaces(raw: Raw) -> String {
    let world = world_with(|_| {}).await;
    let before = Raw::saying(raw::group("raw", &["tell"]), "the one before");
    before.install(&world).await.unwrap();
    let file = world.folder().join("new.wasm");
    std::fs::write(&file, raw.build().unwrap()).unwrap();
    let said = match world.install_file(&file, &[]).await {
        Ok(()) => outcome(&world, "tell").await,
        Err(error) => {
            assert_eq!(outcome(&world, "tell").await, "the one before");
            error.to_string()
        }
    };
    goes_on(&world).await;
    said
}

fn tell() -> Raw {
    Raw::saying(raw::group("raw", &["tell"]), "new")
}

async fn describes(guard: Guard, lie: impl FnOnce(&mut Raw), truth: impl FnOnce(&mut Raw)) -> Came {
    let mut raw = tell();
    if guard.is_up() {
        lie(&mut raw)
    } else {
        truth(&mut raw)
    }
    let said = replaces(raw).await;
    Came::aside(said == "new", said)
}

async fn describing_traps(guard: Guard) -> Came {
    describes(guard, |raw| raw.describe = Some("unreachable".to_owned()), |_| {}).await
}

async fn describing_takes_for_ever(guard: Guard) -> Came {
    let spin = "(loop $again (br $again)) unreachable";
    describes(guard, |raw| raw.describe = Some(spin.to_owned()), |_| {}).await
}

async fn describing_gives_nine_mebibytes(guard: Guard) -> Came {
    let long = |length: u32| {
        move |raw: &mut Raw| {
            // It has so much memory only when it is asked.
            let [name, name_length] = raw.data.text("raw");
            let commands = raw.group.commands.clone();
            let [commands, count] = raw.data.commands(&commands);
            let group = raw.data.words(&[name, name_length, 0, length, commands, count]);
            raw.describe = Some(format!("(drop (memory.grow (i32.const 160))) (i32.const {group})"));
        }
    };
    describes(guard, long(9 << 20), long(9)).await
}

async fn describing_calls_a_slot(guard: Guard) -> Came {
    let calls = |raw: &mut Raw| {
        raw.world = "import powerbox:plugin/log@0.1.0;".to_owned();
        let import = r#"(import "powerbox:plugin/log@0.1.0" "write" (func $write (param i32 i32 i32)))"#;
        raw.core.insert_str(0, import);
    };
    let lie = |raw: &mut Raw| {
        calls(raw);
        let group = raw.data.describe(&raw.group.clone());
        let write = "(call $write (i32.const 0) (i32.const 0) (i32.const 8))";
        raw.describe = Some(format!("{write} (i32.const {group})"));
    };
    let truth = |raw: &mut Raw| {
        calls(raw);
        let write = "(result i32) (call $write (i32.const 0) (i32.const 0) (i32.const 8))";
        raw.core = raw
            .core
            .replace("(param i32 i32 i32 i32) (result i32)", &format!("(param i32 i32 i32 i32) {write}"));
    };
    describes(guard, lie, truth).await
}

async fn a_description_of_no_form(guard: Guard) -> Came {
    // Made of a component that exports the right functions of the wrong types.
    let world = world_with(|_| {}).await;
    let component = wat::parse_str(
        r#"(component
            (core module $m
                (func (export "describe") (result i32) (i32.const 7))
                (func (export "run") (result i32) (i32.const 7)))
            (core instance $i (instantiate $m))
            (func $describe (result u32) (canon lift (core func $i "describe")))
            (func $run (result u32) (canon lift (core func $i "run")))
            (instance $commands (export "describe" (func $describe)) (export "run" (func $run)))
            (export "powerbox:plugin/commands@0.1.0" (instance $commands)))"#,
    )
    .unwrap();
    let component = if guard.is_up() { component } else { tell().build().unwrap() };
    let file = world.folder().join("raw.wasm");
    std::fs::write(&file, component).unwrap();
    let installed = world.install_file(&file, &[]).await;
    goes_on(&world).await;
    Came::aside(installed.is_ok(), installed.err().map(|error| error.to_string()).unwrap_or_default())
}

/// Gives the plugin another group, in place of the one that works.
async fn of_group(
    guard: Guard,
    lie: impl FnOnce(&mut CommandGroup),
    truth: impl FnOnce(&mut CommandGroup),
) -> Came {
    describes(guard, |raw| lie(&mut raw.group), |raw| truth(&mut raw.group)).await
}

async fn a_name_with_a_colon(guard: Guard) -> Came {
    let name = |name: &'static str| |group: &mut CommandGroup| group.commands.push(raw::command(name));
    of_group(guard, name("storage:list"), name("storage-list")).await
}

async fn a_name_with_an_escape(guard: Guard) -> Came {
    let name = |name: &'static str| |group: &mut CommandGroup| group.commands.push(raw::command(name));
    of_group(guard, name("a\u{1b}[2J"), name("a2j")).await
}

async fn no_name_at_all(guard: Guard) -> Came {
    of_group(guard, |group| group.name.clear(), |_| {}).await
}

async fn two_commands_of_one_name(guard: Guard) -> Came {
    let twice = |name: &'static str| |group: &mut CommandGroup| group.commands.push(raw::command(name));
    of_group(guard, twice("tell"), twice("tell-more")).await
}

async fn thousands_of_commands(guard: Guard) -> Came {
    let many = |count: usize| {
        move |group: &mut CommandGroup| {
            group.commands.extend((0..count).map(|number| raw::command(&format!("c{number}"))));
        }
    };
    of_group(guard, many(5_000), many(200)).await
}

async fn thousands_of_aliases(guard: Guard) -> Came {
    let many = |count: usize| {
        move |group: &mut CommandGroup| {
            group.commands[0].aliases = (0..count).map(|number| format!("a{number}")).collect();
        }
    };
    of_group(guard, many(50_000), many(16)).await
}

async fn hundreds_of_parameters(guard: Guard) -> Came {
    let many = |count: usize| {
        move |group: &mut CommandGroup| {
            let one = |number| raw::parameter(&format!("p{number}"), ParameterKind::Text);
            let more = Command { parameters: (0..count).map(one).collect(), ..raw::command("more") };
            group.commands.push(more);
        }
    };
    of_group(guard, many(300), many(30)).await
}

async fn half_a_megabyte_of_help(guard: Guard) -> Came {
    let details =
        |length: usize| move |group: &mut CommandGroup| group.commands[0].details = "x".repeat(length);
    of_group(guard, details(512 << 10), details(128 << 10)).await
}

async fn an_option_that_turns_the_text(guard: Guard) -> Came {
    let option = |letter: char| {
        move |group: &mut CommandGroup| {
            let mut parameter = raw::parameter("turn", ParameterKind::Text);
            (parameter.style, parameter.required) = (ParameterStyle::Option(Some(letter)), false);
            group.commands[0].parameters.push(parameter);
        }
    };
    of_group(guard, option('\u{202e}'), option('t')).await
}

async fn the_name_of_a_bundled_plugin(guard: Guard) -> Came {
    let world = world_with(|_| {}).await;
    let name = if guard.is_up() { "storage" } else { "storage-two" };
    let said = match Raw::saying(raw::group(name, &["tell"]), "new").install(&world).await {
        Ok(()) => outcome(&world, "tell").await,
        Err(error) => error.to_string(),
    };
    goes_on(&world).await;
    Came::aside(said == "new", said)
}

async fn the_command_of_a_bundled_plugin(guard: Guard) -> Came {
    let world = world_with(|_| {}).await;
    let mut group = raw::group("raw", &["tell"]);
    group.commands[0].aliases.push("list".to_owned());
    Raw::saying(group, "mine").install(&world).await.unwrap();
    // Who wants it has to name the plugin, too.
    let said = outcome(&world, if guard.is_up() { "list" } else { "raw:list" }).await;
    let mine = said == "mine";
    Came::aside(mine, if mine { "mine" } else { "not mine" })
}

/// A plugin whose second command works, and the first too, unless it breaks.
async fn breaks(guard: Guard, breaking: impl FnOnce(&mut Raw)) -> Came {
    let mut raw = tell();
    if guard.is_up() {
        breaking(&mut raw);
    }
    let world = world_with(|_| {}).await;
    let said = match raw.install(&world).await {
        Ok(()) => outcome(&world, "tell").await,
        Err(error) => error.to_string(),
    };
    goes_on(&world).await;
    Came::aside(said == "new", said)
}

async fn starting_traps(guard: Guard) -> Came {
    breaks(guard, |raw| raw.core.push_str("(func $start unreachable) (start $start)")).await
}

async fn running_traps(guard: Guard) -> Came {
    breaks(guard, |raw| {
        raw.core = format!(r#"(func (export "{RUN}") (param i32 i32 i32 i32) (result i32) unreachable)"#);
    })
    .await
}

async fn allocating_traps(guard: Guard) -> Came {
    let trap = r#"(func (export "cabi_realloc") (param i32 i32 i32 i32) (result i32) unreachable)"#;
    breaks(guard, |raw| raw.realloc = Some(trap.to_owned())).await
}

async fn allocating_beyond_memory(guard: Guard) -> Came {
    let beyond =
        r#"(func (export "cabi_realloc") (param i32 i32 i32 i32) (result i32) (i32.const 0xfffffff0))"#;
    breaks(guard, |raw| raw.realloc = Some(beyond.to_owned())).await
}

async fn tidying_up_traps(guard: Guard) -> Came {
    let post = format!(r#"(func (export "cabi_post_{RUN}") (param i32) unreachable)"#);
    breaks(guard, |raw| raw.core.push_str(&post)).await
}

/// A resource of the plugin's own, whose destructor runs when the plugin drops it.
async fn a_destructor_traps(guard: Guard) -> Came {
    let mut raw = tell();
    raw.packages =
        "package test:mine@1.0.0; interface things { resource thing { make: static func() -> thing; } }"
            .to_owned();
    raw.world = "export test:mine/things@1.0.0;".to_owned();
    let dtor = if guard.is_up() { "unreachable" } else { "" };
    raw.core = format!(
        r#"(import "[export]test:mine/things@1.0.0" "[resource-new]thing" (func $new (param i32) (result i32)))
           (import "[export]test:mine/things@1.0.0" "[resource-drop]thing" (func $drop (param i32)))
           {}
           (func (export "test:mine/things@1.0.0#[static]thing.make") (result i32) (call $new (i32.const 1)))
           (func (export "test:mine/things@1.0.0#[dtor]thing") (param i32) {dtor})"#,
        raw.core.replace("(result i32)", "(result i32) (call $drop (call $new (i32.const 1)))")
    );
    let world = world_with(|_| {}).await;
    raw.install(&world).await.unwrap();
    let said = outcome(&world, "tell").await;
    goes_on(&world).await;
    Came::aside(said == "new", said)
}

/// Has the plugin called back in the middle of its command.
async fn called_back(does: &str, method: &str, pending: usize) -> String {
    let world = world_on(&Target::open().staged(), |allowance| {
        allowance.run.pending_calls = pending;
        if does == "spin" {
            allowance.run.cpu = Duration::from_millis(100);
        }
    })
    .await;
    let said = outcome(&world, &format!("bait it {does} --method {method}")).await;
    goes_on(&world).await;
    said
}

async fn a_callback_traps(guard: Guard) -> Came {
    let said = called_back(if guard.is_up() { "panic" } else { "nothing" }, "tease", 64).await;
    Came::aside(said.contains("1 of 1 answered"), said)
}

async fn a_callback_spins(guard: Guard) -> Came {
    let said = called_back(if guard.is_up() { "spin" } else { "nothing" }, "tease", 64).await;
    Came::aside(said.contains("1 of 1 answered"), said)
}

/// Here it is the plugin that is attacked, by whoever it handed an object to.
async fn callbacks_by_the_hundred(guard: Guard) -> Came {
    let said = called_back("rest", "swarm", if guard.is_up() { 64 } else { 1000 }).await;
    Came::aside(said.contains("500 of 500 answered"), said)
}

/// What runs is what was consented to, whoever can write to the folder where it is kept.
async fn a_copy_that_was_exchanged(guard: Guard) -> Came {
    let world = world_with(|_| {}).await;
    Raw::saying(raw::group("raw", &["tell"]), "consented to").install(&world).await.unwrap();
    let record =
        world.host.installed().list().unwrap().into_iter().find(|plugin| plugin.name == "raw").unwrap();
    let copy = world.host.installed().component(&record.digest);
    // After a restart nothing is in memory but what it said of itself.
    let world = world.restarted().await.unwrap();
    if guard.is_up() {
        let other = Raw::saying(raw::group("raw", &["tell"]), "slipped in").build().unwrap();
        std::fs::write(copy, other).unwrap();
    }
    let said = outcome(&world, "tell").await;
    goes_on(&world).await;
    Came::aside(said == "slipped in" || said == "consented to", said)
}

async fn crash(world: &World, times: u32) {
    for _ in 0..times {
        let said = outcome(world, "trap").await;
        assert!(said.contains("the plugin crashed"), "{said}");
    }
}

async fn crashing_again_and_again(guard: Guard) -> Came {
    let world = world_with(|_| {}).await;
    let mut said = String::new();
    if guard.is_up() {
        crash(&world, FAILURES).await;
        // On a busy machine the first wait may be over before this runs; each failure more makes it longer.
        for _ in 0..10 {
            said = outcome(&world, "trap").await;
            if said.contains("put aside") {
                said = outcome(&world, "ok").await;
                break;
            }
        }
    } else {
        crash(&world, FAILURES - 1).await;
        said = outcome(&world, "ok").await;
    }
    // Others do not pay for it.
    assert!(!outcome(&world, "list").await.starts_with("error"));
    Came::aside(said == "ok", said)
}

/// A plugin whose one command traps, of one of several versions.
fn trapping(version: &str) -> Raw {
    let mut raw = Raw::new(raw::group("raw", &["tell"]));
    raw.group.summary = version.to_owned();
    raw.core = format!(r#"(func (export "{RUN}") (param i32 i32 i32 i32) (result i32) unreachable)"#);
    raw
}

async fn is_put_aside(world: &World) -> Option<Duration> {
    match world.run_for(&Principal::person(), "tell", Default::default()).await {
        Err(InvokeError::PutAside(aside)) => {
            assert!(aside.to_string().contains("`powerbox plugin restore raw`"), "{aside}");
            Some(aside.left)
        }
        Err(InvokeError::Plugin { .. }) => None,
        other => panic!("{other:?}"),
    }
}

async fn put_aside(world: &World) {
    for _ in 0..FAILURES {
        assert_eq!(is_put_aside(world).await, None);
    }
}

#[tokio::test]
async fn who_is_put_aside_stays_so_over_a_restart() {
    let world = world_with(|_| {}).await;
    trapping("first").install(&world).await.unwrap();
    put_aside(&world).await;
    let world = world.restarted().await.unwrap();
    // The wait may be over, but then it is the sixth failure, and the next wait is longer.
    let left = match is_put_aside(&world).await {
        Some(left) => left,
        None => is_put_aside(&world).await.expect("the sixth failure puts it aside again"),
    };
    assert!(left <= Duration::from_secs(2), "{left:?}");
    goes_on(&world).await;
}

#[tokio::test]
async fn a_new_version_and_the_person_let_it_run_again() {
    let world = world_with(|_| {}).await;
    trapping("first").install(&world).await.unwrap();
    put_aside(&world).await;
    assert!(world.host.restore_plugin("raw").unwrap());
    put_aside(&world).await;
    trapping("second").install(&world).await.unwrap();
    put_aside(&world).await;
}

#[tokio::test]
async fn each_failure_more_makes_the_wait_longer() {
    let world = world_with(|_| {}).await;
    trapping("first").install(&world).await.unwrap();
    put_aside(&world).await;
    // One second, then two: each wait ends with one more try. What is left of a wait, and the time since before the
    // failure that began it, are together no less than the wait, however busy the machine is.
    let (mut longest, mut failed) = (Duration::ZERO, Instant::now());
    for _ in 0..3 {
        loop {
            let before = Instant::now();
            let Some(left) = is_put_aside(&world).await else {
                failed = before;
                break;
            };
            longest = longest.max(left + failed.elapsed());
            if longest > Duration::from_millis(1_990) {
                return;
            }
            tokio::time::sleep(left).await;
        }
    }
    panic!("no wait was longer than {longest:?}");
}

#[tokio::test]
async fn success_in_between_makes_up_for_failures() {
    let world = world_with(|_| {}).await;
    for _ in 0..3 {
        crash(&world, FAILURES - 1).await;
        assert_eq!(outcome(&world, "ok").await, "ok");
    }
}
