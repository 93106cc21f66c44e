//! Plugins that take or give without end. Each is stopped at its limit and no sooner, with an error that names it, and
//! nobody else notices. With that one limit raised the very same attack succeeds.

use std::sync::Arc;
use std::time::Duration;

use powerbox_authority::audit::AuditBounds;
use powerbox_authority::grant::Record;
use powerbox_captp::Object;
use powerbox_core::Allowance;
use powerbox_core::local::Output;
use powerbox_core::membrane::Word;
use powerbox_sandbox::EngineOptions;
use powerbox_tests::crossing::Rig;
use powerbox_tests::powerbox::{Powerbox, component};
use powerbox_tests::raw::{self, Raw};
use powerbox_tests::world::{LIMIT, Options, Person, World};

use crate::attack::{Came, Guard, attacks};
use crate::target::{Target, goes_on, outcome, outcome_for, world_of, world_on, world_with};

attacks! {
    memory by Word "the plugin needed more than its 16 MiB of memory",
    table_elements by Word "the plugin needed more than its",
    many_memories by Word "the plugin could not be started",
    many_tables by Word "the plugin could not be started",
    many_instances by Word "the plugin could not be started",
    recursion by Word "the plugin ran out of stack",
    a_loop by Word "the plugin used up its 20 ms of processor time",
    waiting_for_ever by Word "the plugin did not finish within 300 ms",
    output_piece_by_piece by Word "the plugin passed too much data: all its output together",
    output_in_one_piece by Word "the plugin passed too much data: one call or result",
    input by Word "the plugin passed too much data: all its input together",
    calls_of_the_host by Word "the plugin made more than 1000 calls to the host",
    references by Word "the plugin held more than 1000 handles or pending calls",
    calls_under_way by Word "the plugin held more than 1000 handles or pending calls",
    messages_that_nobody_answers by Word "calls of the plugin are unanswered",
    crossings by Word "slowed",
    runs_at_once by Word "the plugin `hostile` runs 2 commands at once already",
    questions by Word "the person was asked once",
    notes_in_the_log by Word "of 1000 notes",
    the_log_of_a_long_session by Word "bounded",
    the_audit by Word "bounded",
}

/// Runs an attack under a limit that stops it, or else under one that does not.
async fn within(
    guard: Guard,
    line: &str,
    tight: fn(&mut Allowance),
    loose: fn(&mut Allowance),
) -> (World, String) {
    let world = world_with(if guard.is_up() { tight } else { loose }).await;
    outcome(&world, "mkdir d").await;
    let said = outcome(&world, line).await;
    goes_on(&world).await;
    (world, said)
}

fn as_usual(_: &mut Allowance) {}

async fn memory(guard: Guard) -> Came {
    let line = "exhaust --mebibytes 24";
    let (_, said) = within(guard, line, |allowance| allowance.run.memory = 16 << 20, as_usual).await;
    Came::aside(said == "24 mebibytes", said)
}

async fn table_elements(guard: Guard) -> Came {
    let mut raw = Raw::saying(raw::group("raw", &["grow"]), "grown");
    raw.core = format!(
        r#"(table $table 1 funcref)
           (func $grow (if (i32.eq (i32.const -1) (table.grow $table (ref.null func) (i32.const 50000)))
               (then unreachable)))
           {}"#,
        raw.core.replace("(result i32)", "(result i32) (call $grow)")
    );
    let most = if guard.is_up() { 10_000 } else { 100_000 };
    let world = world_with(|allowance| allowance.run.table_elements = most).await;
    raw.install(&world).await.unwrap();
    let said = outcome(&world, "grow").await;
    goes_on(&world).await;
    Came::aside(said == "grown", said)
}

/// Installs a plugin whose core module has some fields again and again.
async fn with_fields(fields: &str, times: usize) -> Came {
    let world = world_with(as_usual).await;
    let mut raw = Raw::saying(raw::group("raw", &["many"]), "many");
    raw.more = fields.repeat(times);
    // It need not be called to be stopped: describing itself takes a compartment, too.
    let said = match raw.install(&world).await {
        Ok(()) => outcome(&world, "many").await,
        Err(refused) => format!("{refused:#}"),
    };
    goes_on(&world).await;
    Came::aside(said == "many", said)
}

async fn many_memories(guard: Guard) -> Came {
    with_fields("(memory 1)", if guard.is_up() { 70 } else { 3 }).await
}

async fn many_tables(guard: Guard) -> Came {
    with_fields("(table 1 funcref)", if guard.is_up() { 70 } else { 3 }).await
}

async fn many_instances(guard: Guard) -> Came {
    let world = world_with(|allowance| allowance.run.instances = if guard.is_up() { 1 } else { 64 }).await;
    let said = outcome(&world, "ok").await;
    Came::aside(said == "ok", said)
}

async fn recursion(guard: Guard) -> Came {
    let deep = EngineOptions { wasm_stack: 64 << 20, async_stack: 65 << 20, ..EngineOptions::default() };
    let engine = if guard.is_up() { EngineOptions::default() } else { deep };
    let world = world_of(Options { engine, ..Options::default() }, as_usual).await;
    let said = outcome(&world, "recurse --depth 50000").await;
    goes_on(&world).await;
    Came::aside(said == "50000", said)
}

async fn a_loop(guard: Guard) -> Came {
    let tight: fn(&mut Allowance) = |allowance| allowance.run.cpu = Duration::from_millis(20);
    let (_, said) =
        within(guard, "spin --turns 300000000", tight, |allowance| allowance.run.cpu = LIMIT).await;
    Came::aside(said == "dizzy", said)
}

async fn waiting_for_ever(guard: Guard) -> Came {
    let limit = Duration::from_millis(300);
    let target = Target::closed();
    let wall = guard.is_up().then_some(limit);
    let world = world_on(&target.staged(), |allowance| allowance.run.wall = wall).await;
    // It is answered far beyond that limit, which is never for who is stopped there.
    let answering = async {
        target.is_touched(1).await;
        if guard.is_up() {
            return std::future::pending().await;
        }
        tokio::time::sleep(3 * limit).await;
        target.answer(2);
        std::future::pending().await
    };
    let said = tokio::select! {
        said = outcome(&world, "nag it --times 1") => said,
        () = answering => "answered".to_owned(),
    };
    target.answer(2);
    goes_on(&world).await;
    Came::aside(said == "1 of 1", said)
}

async fn output_piece_by_piece(guard: Guard) -> Came {
    let most = 1 << 20;
    let world = world_with(|allowance| {
        if guard.is_up() {
            allowance.run.output_bytes = most;
        }
    })
    .await;
    let person = Arc::<Person>::default();
    let said = outcome_for(&world, "flood --kilobytes 4000", &person).await;
    // What came through before the end is bounded, too, and is not cut short.
    let shown: u64 = person.shown.lock().unwrap().iter().map(Output::size).sum();
    assert!(!guard.is_up() || (most / 2..=most).contains(&shown), "{shown} bytes came through");
    goes_on(&world).await;
    Came::aside(said.ends_with("dry") && said.len() > 4_000_000, said)
}

async fn output_in_one_piece(guard: Guard) -> Came {
    let line = "huge --kilobytes 20000";
    let (_, said) = within(guard, line, as_usual, |allowance| allowance.run.call_bytes = 64 << 20).await;
    Came::aside(said.len() > 20_000_000, said)
}

async fn input(guard: Guard) -> Came {
    let file = tempfile::NamedTempFile::new().unwrap();
    file.as_file().set_len(8 << 20).unwrap();
    let line = format!("gulp {}", file.path().display());
    let (_, said) = within(guard, &line, |allowance| allowance.run.input_bytes = 1 << 20, as_usual).await;
    Came::aside(said == "8388608 bytes", said)
}

async fn calls_of_the_host(guard: Guard) -> Came {
    let line = "chatter d --times 2000";
    let (_, said) = within(guard, line, |allowance| allowance.run.calls = 1000, as_usual).await;
    Came::aside(said == "asked 2000 times", said)
}

async fn references(guard: Guard) -> Came {
    let line = "hoard d --count 5000";
    let (_, said) = within(guard, line, |allowance| allowance.run.handles = 1000, as_usual).await;
    Came::aside(said == "5000", said)
}

async fn calls_under_way(guard: Guard) -> Came {
    let most = if guard.is_up() { 1000 } else { 10_000 };
    let world = world_on(&Target::closed().staged(), |allowance| {
        (allowance.run.handles, allowance.unanswered) = (most, usize::MAX);
    })
    .await;
    let said = outcome(&world, "crowd it --times 4000").await;
    goes_on(&world).await;
    Came::aside(said == "4000 calls", said)
}

/// What is sent without waiting for an answer is unanswered all the same, and there is an end to what one session can
/// have unanswered: others share it.
async fn messages_that_nobody_answers(guard: Guard) -> Came {
    let world = world_on(&Target::open().staged(), |allowance| {
        allowance.crossings_at_once = 1_000_000;
        if !guard.is_up() {
            allowance.unanswered = usize::MAX;
        }
    })
    .await;
    let mut said = String::new();
    // Several runs of it, as a patient one would.
    for _ in 0..3 {
        said = outcome(&world, "post it --times 12000").await;
    }
    let listed = outcome(&world, "list").await;
    Came::aside(listed.starts_with("error"), said)
}

/// The audit grows with each crossing, so what would flood it has to wait.
async fn crossings(guard: Guard) -> Came {
    let world = world_with(|allowance| {
        if guard.is_up() {
            (allowance.crossings_at_once, allowance.crossings_per_second) = (50, 1);
        }
    })
    .await;
    outcome(&world, "mkdir d").await;
    let made = || {
        let crossings = world.crossings(&Default::default()).unwrap();
        crossings.iter().filter(|crossing| crossing.function.contains("identify")).count()
    };
    // Others run one command after another, until the flood has made what it may at once, and then a few more.
    let others = async {
        let mut after = 0;
        while after < 5 {
            assert!(!outcome(&world, "list").await.starts_with("error"));
            after += usize::from(made() >= 50);
            tokio::task::yield_now().await;
        }
        if guard.is_up() { "slowed".to_owned() } else { std::future::pending().await }
    };
    let said = tokio::select! {
        said = outcome(&world, "chatter d --times 300") => said,
        said = others => said,
    };
    goes_on(&world).await;
    let made = made();
    assert!(made >= 50, "{made}: {said}");
    Came::aside(made == 300, said)
}

async fn runs_at_once(guard: Guard) -> Came {
    let target = Target::closed();
    let most = if guard.is_up() { 2 } else { 3 };
    let world = world_on(&target.staged(), |allowance| allowance.concurrent = most).await;
    let third = async {
        target.is_touched(2).await;
        let third = outcome(&world, "ok").await;
        // What others run is not counted.
        assert!(!outcome(&world, "list").await.starts_with("error"));
        target.answer(2);
        third
    };
    let hold = || outcome(&world, "nag it --times 1");
    let (one, two, third) = tokio::join!(hold(), hold(), third);
    assert_eq!((one.as_str(), two.as_str()), ("1 of 1", "1 of 1"));
    // The places are free again.
    goes_on(&world).await;
    Came::aside(third == "ok", third)
}

/// After one refusal nobody is worn down with further questions. Who agrees is asked for each call.
async fn questions(guard: Guard) -> Came {
    let target = Target::open();
    let world = world_on(&target.staged(), as_usual).await;
    world.narrow("hostile", Record::DESIGNATION, &["confirm"]).unwrap();
    let person = Person::saying(if guard.is_up() { Word::No } else { Word::Yes });
    outcome_for(&world, "nag it --times 50", &person).await;
    let asked = person.asked.lock().unwrap().len();
    goes_on(&world).await;
    let said =
        if asked == 1 { "the person was asked once".to_owned() } else { format!("asked {asked} times") };
    Came::aside(target.touched() == 50 && asked == 50, said)
}

/// A user with the plugin `hostile`, and the size of his files of notes after some lines at the prompt.
fn noted(lines: &str) -> (Powerbox, Vec<u64>) {
    let user = Powerbox::embedded().unwrap();
    let file = component("hostile").unwrap();
    user.ok(&["plugin", "install", "--yes", file.to_str().unwrap()]).unwrap();
    let finished = user.run_with::<&str>(&[], lines.as_bytes()).unwrap();
    assert_eq!(finished.status, Some(0), "{finished:?}");
    // Nothing of it is on the screen.
    assert!(!finished.stdout.contains("!!!!") && !finished.stderr.contains("!!!!"), "{finished:?}");
    let size = |name| std::fs::metadata(user.path("state/powerbox").join(name)).map_or(0, |file| file.len());
    let sizes = ["plugins.log", "plugins.log.1"].map(size).to_vec();
    (user, sizes)
}

/// A note is cut, and after a thousand of one run the others are dropped.
async fn notes_in_the_log(guard: Guard) -> Came {
    let wanted = if guard.is_up() { 1_500 } else { 900 };
    let (user, _) = noted(&format!("shout --notes {wanted}\n"));
    let log = std::fs::read_to_string(user.path("state/powerbox/plugins.log")).unwrap();
    assert!(log.lines().all(|line| line.len() < 2_200), "a note is cut");
    let notes = log.lines().count();
    Came::aside(notes == wanted, format!("{notes} of 1000 notes"))
}

/// A process that stays writes no more than one that ends.
async fn the_log_of_a_long_session(guard: Guard) -> Came {
    let (_, sizes) = noted(&"shout --notes 1000\n".repeat(if guard.is_up() { 5 } else { 3 }));
    let lost = sizes.iter().all(|size| *size > 0);
    assert!(sizes.iter().all(|size| *size < (8 << 20) + 10_000), "{sizes:?}");
    Came::aside(!lost, if lost { "bounded" } else { "all of it" })
}

/// All that crosses is recorded, and the oldest of it is let go when there is too much.
async fn the_audit(guard: Guard) -> Came {
    let folder = tempfile::tempdir().unwrap();
    let bounds = AuditBounds { segment: 64 << 10, total: 256 << 10, ..AuditBounds::default() };
    let bounds = if guard.is_up() { bounds } else { AuditBounds::default() };
    let target = Target::open();
    let rig = Rig::new(folder.path(), bounds, Object::exo(Arc::clone(&target))).await.unwrap();
    rig.go(&rig.membrane(&[]).unwrap(), 2_000).await.unwrap();
    assert_eq!(target.touched(), 2_000);
    let files = std::fs::read_dir(folder.path().join("audit")).unwrap();
    let bytes: u64 = files.map(|file| file.unwrap().metadata().unwrap().len()).sum();
    let bounded = bytes <= (256 << 10) + (64 << 10);
    Came::aside(!bounded && bytes > 512 << 10, if bounded { "bounded" } else { "all of it" })
}

#[tokio::test]
async fn what_can_never_end_ends_at_once() {
    let world = world_with(as_usual).await;
    let mut raw = Raw::new(raw::group("raw", &["stall"]));
    raw.core = format!(
        r#"(import "$root" "[waitable-set-new]" (func $new (result i32)))
           (import "$root" "[waitable-set-wait]" (func $wait (param i32 i32) (result i32)))
           (func (export "{}") (param i32 i32 i32 i32) (result i32) (call $wait (call $new) (i32.const 256)))"#,
        raw::RUN
    );
    raw.install(&world).await.unwrap();
    let said = outcome(&world, "stall").await;
    assert!(said.contains("waits for something that cannot happen"), "{said}");
    goes_on(&world).await;
}

#[tokio::test]
async fn all_at_once_and_again_and_again() {
    let world = world_with(|allowance| {
        allowance.run.cpu = Duration::from_millis(200);
        allowance.run.output_bytes = 1 << 20;
        allowance.concurrent = 64;
    })
    .await;
    outcome(&world, "mkdir d").await;
    let lines = ["spin", "exhaust", "recurse", "huge", "flood", "hoard d", "trap", "wait"];
    for _ in 0..3 {
        let ended = futures_util::future::join_all(lines.iter().map(|line| outcome(&world, line))).await;
        for (line, ended) in lines.iter().zip(ended) {
            assert!(ended.starts_with("error: "), "{line}: {ended}");
        }
        // Failing so often, it was put aside.
        world.host.restore_plugin("hostile").unwrap();
        goes_on(&world).await;
    }
}
