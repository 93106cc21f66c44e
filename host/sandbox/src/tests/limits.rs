//! Plugins that misbehave, and what becomes of them and their neighbours.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use super::fixture::{
    CAPS, MEMORY, Recorder, component, engine, failed, load, object, processor_time, run, until,
};
use crate::{Component, Engine, EngineOptions, Failure, Limits, Reply, Usage, Val};

const WORLD: &str = "
    interface commands {
        use types.{object};
        good: async func() -> u32;
        spin: async func();
        crash: func();
        bomb: func();
        table-bomb: func();
        recurse: func(depth: u32) -> u32;
        flood: func() -> list<string>;
        outside: func() -> string;
        hoard: func(of: object);
        chatter: func(of: object);
        wait: async func();
        shout: async func();
        stuck: async func();
    }
    world plugin { import types; import inventory: directory; export commands; }";

const CORE: &str = r#"
    (import "inventory" "lookup" (func $lookup (param i32 i32 i32)))
    (import "demo:caps/types@0.1.0" "[method]object.duplicate" (func $duplicate (param i32) (result i32)))
    (import "demo:caps/types@0.1.0" "[resource-drop]object" (func $drop (param i32)))
    (import "$root" "[waitable-set-new]" (func $set-new (result i32)))
    (import "$root" "[waitable-set-wait]" (func $set-wait (param i32 i32) (result i32)))
    (table $table 1 funcref)
    (func (export "demo:caps/commands@0.1.0#good") (result i32) (i32.const 42))
    (func (export "demo:caps/commands@0.1.0#spin") (loop $again (br $again)))
    (func $inner unreachable)
    (func (export "demo:caps/commands@0.1.0#crash") (call $inner))
    (func (export "demo:caps/commands@0.1.0#bomb")
        (loop $again
            (if (i32.eq (memory.grow (i32.const 16)) (i32.const -1)) (then unreachable))
            (br $again)))
    (func (export "demo:caps/commands@0.1.0#table-bomb")
        (loop $again
            (if (i32.eq (table.grow $table (ref.null func) (i32.const 1000)) (i32.const -1)) (then unreachable))
            (br $again)))
    (func $recurse (export "demo:caps/commands@0.1.0#recurse") (param i32) (result i32)
        (if (i32.eqz (local.get 0)) (then (return (i32.const 0))))
        (i32.add (i32.const 1) (call $recurse (i32.sub (local.get 0) (i32.const 1)))))
    ;; A thousand strings of 100 KB that all are the same: 100 MB from 108 KB.
    (func (export "demo:caps/commands@0.1.0#flood") (result i32)
        (local $i i32)
        (loop $again
            (i32.store (i32.add (i32.const 1024) (i32.mul (local.get $i) (i32.const 8))) (i32.const 16384))
            (i32.store (i32.add (i32.const 1028) (i32.mul (local.get $i) (i32.const 8))) (i32.const 100000))
            (local.set $i (i32.add (local.get $i) (i32.const 1)))
            (br_if $again (i32.lt_u (local.get $i) (i32.const 1000))))
        (i32.store (i32.const 64) (i32.const 1024))
        (i32.store (i32.const 68) (i32.const 1000))
        (i32.const 64))
    (func (export "demo:caps/commands@0.1.0#outside") (result i32)
        (i32.store (i32.const 64) (i32.const 200000))
        (i32.store (i32.const 68) (i32.const 100000000))
        (i32.const 64))
    (func (export "demo:caps/commands@0.1.0#hoard") (param $of i32)
        (loop $again (drop (call $duplicate (local.get $of))) (br $again)))
    (func (export "demo:caps/commands@0.1.0#chatter") (param $of i32)
        (loop $again (call $drop (call $duplicate (local.get $of))) (br $again)))
    (func (export "demo:caps/commands@0.1.0#wait")
        (call $lookup (i32.const 0) (i32.const 1) (i32.const 64)))
    (func (export "demo:caps/commands@0.1.0#stuck")
        (drop (call $set-wait (call $set-new) (i32.const 256))))
    ;; 100 KB a call, for ever.
    (func (export "demo:caps/commands@0.1.0#shout")
        (loop $again (call $lookup (i32.const 1024) (i32.const 100000) (i32.const 64)) (br $again)))
"#;

fn plugin() -> Vec<u8> {
    component(&format!("{CAPS} {WORLD}"), &format!("{CORE} {MEMORY}"))
}

/// Tight limits, so that the tests are quick.
fn limits() -> Limits {
    Limits { cpu: Duration::from_millis(200), wall: Some(Duration::from_secs(20)), ..Limits::default() }
}

fn host() -> Arc<Recorder> {
    Recorder::new(|function, _| match &*function.item {
        "duplicate" => Reply::value(object("copy")),
        "lookup" => Reply::value(Val::err(Some(Val::string("no")))),
        _ => failed("not expected"),
    })
}

async fn fails(function: &str, params: Vec<Val<super::fixture::Object>>, limits: &Limits) -> Failure {
    let component = load(plugin()).await;
    let failure = run(&component, function, params, host(), limits).await.unwrap_err();
    // The component is as good as before, in whatever time.
    let limits = Limits { cpu: limits.cpu.max(self::limits().cpu), wall: None, ..limits.clone() };
    let result = run(&component, "good", vec![], host(), &limits).await;
    assert_eq!(result.unwrap(), Some(Val::U32(42)));
    failure
}

#[tokio::test]
async fn a_loop_ends_at_its_budget_while_others_go_on() {
    // One thread: whoever does not yield stops everybody.
    let component = load(plugin()).await;
    let spin = |limits: Limits, host: Arc<Recorder>| {
        let component = component.clone();
        tokio::spawn(async move { run(&component, "spin", vec![], host, &limits).await })
    };
    let bad = spin(Limits { cpu: Duration::from_secs(3600), wall: None, ..limits() }, host());
    for _ in 0..20 {
        let result = run(&component, "good", vec![], host(), &limits()).await;
        assert_eq!(result.unwrap(), Some(Val::U32(42)));
    }
    assert!(!bad.is_finished(), "others went on while it ran");
    bad.abort();

    let spun = host();
    let failure = spin(Limits { wall: None, ..limits() }, spun.clone()).await.unwrap().unwrap_err();
    assert!(matches!(failure, Failure::OutOfCpu { .. }), "{failure:?}");
    let used = spun.finished().remove(0).cpu;
    assert!(used >= Duration::from_millis(200) && used < Duration::from_secs(2), "{used:?}");
}

#[tokio::test]
async fn a_loop_ends_at_the_wall_clock_too() {
    let limits = Limits { cpu: Duration::from_secs(60), wall: Some(Duration::from_millis(100)), ..limits() };
    let failure = fails("spin", vec![], &limits).await;
    assert!(matches!(failure, Failure::OutOfTime { .. }), "{failure:?}");
    assert_eq!(failure.to_string(), "the plugin did not finish within 100 ms");
}

#[tokio::test]
async fn a_trap_says_what_and_where() {
    let failure = fails("crash", vec![], &limits()).await;
    let Failure::Trap(trap) = &failure else { panic!("{failure:?}") };
    assert!(trap.message.contains("unreachable"), "{trap:?}");
    assert_eq!(trap.frames.first().map(String::as_str), Some("inner"), "{trap:?}");
}

#[tokio::test]
async fn a_memory_bomb_is_out_of_memory() {
    let failure = fails("bomb", vec![], &limits()).await;
    assert_eq!(failure.to_string(), "the plugin needed more than its 64 MiB of memory");
    assert!(matches!(failure, Failure::OutOfMemory { .. }));
    let failure = fails("table-bomb", vec![], &limits()).await;
    assert!(matches!(failure, Failure::OutOfMemory { .. }), "{failure:?}");
}

#[tokio::test]
async fn more_memory_than_allowed_from_the_start_is_out_of_memory() {
    let component = load(plugin()).await;
    let limits = Limits { memory: 64 << 10, ..limits() };
    let failure = run(&component, "good", vec![], host(), &limits).await.unwrap_err();
    assert!(matches!(failure, Failure::OutOfMemory { limit: 65536 }), "{failure:?}");
}

#[tokio::test]
async fn too_many_instances_are_not_started() {
    let component = load(plugin()).await;
    let limits = Limits { instances: 0, ..limits() };
    let failure = run(&component, "good", vec![], host(), &limits).await.unwrap_err();
    assert!(matches!(failure, Failure::Start(_)), "{failure:?}");
}

#[tokio::test]
async fn endless_recursion_is_out_of_stack() {
    let failure = fails("recurse", vec![Val::U32(u32::MAX)], &limits()).await;
    assert!(matches!(failure, Failure::StackOverflow), "{failure:?}");
    let component = load(plugin()).await;
    let deep = run(&component, "recurse", vec![Val::U32(5000)], host(), &limits()).await;
    assert_eq!(deep.unwrap(), Some(Val::U32(5000)));
}

#[tokio::test]
async fn a_hundred_megabytes_are_too_much_data() {
    let start = processor_time();
    let failure = fails("flood", vec![], &limits()).await;
    assert!(matches!(failure, Failure::TooMuchData(_)), "{failure:?}");
    assert!(processor_time() - start < Duration::from_secs(10));
    let failure = fails("outside", vec![], &limits()).await;
    assert!(matches!(failure, Failure::TooMuchData(_) | Failure::Trap(_)), "{failure:?}");
}

#[tokio::test]
async fn all_output_together_is_bounded() {
    let limits = Limits { output_bytes: 1 << 20, ..limits() };
    let component = load(plugin()).await;
    let host = host();
    let failure = run(&component, "shout", vec![], host.clone(), &limits).await.unwrap_err();
    assert!(matches!(failure, Failure::TooMuchData(_)), "{failure:?}");
    assert_eq!(host.calls().len(), 10);
}

#[tokio::test]
async fn all_input_together_is_bounded() {
    let limits = Limits { input_bytes: 100_000, ..limits() };
    let component = load(plugin()).await;
    let host = Recorder::new(|_, _| Reply::value(Val::err(Some(Val::string("x".repeat(10_000))))));
    let failure = run(&component, "shout", vec![], host.clone(), &limits).await.unwrap_err();
    assert_eq!(failure.to_string(), "the plugin passed too much data: all its input together");
    // The tenth answer is refused: each counts for a little more than its text.
    assert_eq!(host.calls().len(), 10);
    let used = host.finished().remove(0);
    assert_eq!((used.calls, used.input_bytes), (10, 9 * 10_016));

    let limits = Limits { input_bytes: 7, ..limits };
    let failure = run(&component, "hoard", vec![object("a")], host.clone(), &limits).await.unwrap_err();
    assert!(matches!(failure, Failure::TooMuchData("all its input together")), "{failure:?}");
    assert_eq!(host.dropped(), ["a"]);
}

#[tokio::test]
async fn what_was_used_is_told_however_it_ends() {
    let component = load(plugin()).await;
    let memory = 4 << 16;

    let good = host();
    run(&component, "good", vec![], good.clone(), &limits()).await.unwrap();
    let used = good.finished();
    assert_eq!(used.len(), 1);
    assert!(used[0].cpu > Duration::ZERO && used[0].cpu < used[0].wall, "{used:?}");
    let counted = |used: &Usage| (used.calls, used.output_bytes, used.input_bytes, used.memory);
    assert_eq!(counted(&used[0]), (0, 8, 0, memory));

    let waited = host();
    run(&component, "wait", vec![], waited.clone(), &limits()).await.unwrap();
    // Out: a path of one letter. In: a result with a text of two.
    assert_eq!(counted(&waited.finished()[0]), (1, 9, 18, memory));

    let greedy = host();
    run(&component, "bomb", vec![], greedy.clone(), &limits()).await.unwrap_err();
    let peak = greedy.finished()[0].memory;
    assert!(peak > (63 << 20) && peak <= (64 << 20), "{peak}");

    let spun = host();
    run(&component, "spin", vec![], spun.clone(), &limits()).await.unwrap_err();
    let used = spun.finished().remove(0);
    assert!(used.cpu >= Duration::from_millis(200) && used.cpu < Duration::from_secs(10), "{used:?}");

    let cancelled = Recorder::new(|_, _| Reply::later(std::future::pending()));
    let limits = Limits { wall: Some(Duration::from_millis(50)), ..limits() };
    run(&component, "wait", vec![], cancelled.clone(), &limits).await.unwrap_err();
    let used = cancelled.finished().remove(0);
    assert!(used.wall >= Duration::from_millis(45) && used.cpu < used.wall, "{used:?}");
    assert_eq!(used.calls, 1);

    // Without a compartment there is nothing to tell.
    let rejected = host();
    run(&component, "good", vec![Val::Bool(true)], rejected.clone(), &limits).await.unwrap_err();
    assert!(rejected.finished().is_empty());
}

#[tokio::test]
async fn hoarded_handles_are_counted_and_given_back() {
    let limits = Limits { handles: 1000, ..limits() };
    let component = load(plugin()).await;
    let host = host();
    let failure = run(&component, "hoard", vec![object("first")], host.clone(), &limits).await.unwrap_err();
    assert!(matches!(failure, Failure::TooManyHandles { limit: 1000 }), "{failure:?}");
    // One copy for each call, and the one that came with the invocation.
    assert_eq!(host.dropped().len(), host.calls().len() + 1);
}

#[tokio::test]
async fn calls_are_counted() {
    let limits = Limits { calls: 1000, cpu: Duration::from_secs(20), ..limits() };
    let failure = fails("chatter", vec![object("first")], &limits).await;
    assert!(matches!(failure, Failure::TooManyCalls { limit: 1000 }), "{failure:?}");
}

#[tokio::test]
async fn waiting_costs_no_processor_time() {
    let component = load(plugin()).await;
    let host = Recorder::new(|_, _| {
        Reply::later(async {
            tokio::time::sleep(Duration::from_millis(300)).await;
            Ok(Some(Val::err(Some(Val::string("late")))))
        })
    });
    let limits = Limits { cpu: Duration::from_millis(50), ..limits() };
    let start = std::time::Instant::now();
    run(&component, "wait", vec![], host, &limits).await.unwrap();
    assert!(start.elapsed() >= Duration::from_millis(300));
}

#[tokio::test]
async fn what_never_comes_ends_at_the_wall_clock() {
    let component = load(plugin()).await;
    let host = Recorder::new(|_, _| Reply::later(std::future::pending()));
    let limits = Limits { wall: Some(Duration::from_millis(50)), ..limits() };
    let failure = run(&component, "wait", vec![], host, &limits).await.unwrap_err();
    assert!(matches!(failure, Failure::OutOfTime { .. }), "{failure:?}");
}

#[tokio::test]
async fn a_guest_that_waits_for_nothing_is_told_so_at_once() {
    let failure = fails("stuck", vec![], &limits()).await;
    assert!(matches!(failure, Failure::Stuck), "{failure:?}");
}

#[tokio::test]
async fn an_endless_start_ends_at_its_budget() {
    let wit = "package a:b; world plugin { export go: func(); }";
    let core =
        format!("(func $start (loop $again (br $again))) (start $start) (func (export \"go\")) {MEMORY}");
    let component = load(component(wit, &core)).await;
    let failure = component.invoke("", "go", vec![], host(), &limits()).await.unwrap_err();
    assert!(matches!(failure, Failure::OutOfCpu { .. }), "{failure:?}");
}

#[tokio::test]
async fn dropping_the_future_drops_everything_at_once() {
    struct Flag(Arc<AtomicBool>);
    impl Drop for Flag {
        fn drop(&mut self) {
            self.0.store(true, Ordering::SeqCst);
        }
    }
    let component = load(plugin()).await;
    let gone = Arc::new(AtomicBool::new(false));
    let host = Recorder::new({
        let gone = Arc::clone(&gone);
        move |_, _| {
            let flag = Flag(Arc::clone(&gone));
            Reply::later(async move {
                let _flag = flag;
                std::future::pending().await
            })
        }
    });
    let limits = limits();
    let mut call = Box::pin(run(&component, "wait", vec![], host.clone(), &limits));
    tokio::select! {
        _ = &mut call => panic!("nothing answers it"),
        () = until("it waits for the host", || host.calls().len() == 1) => {}
    }
    assert!(!gone.load(Ordering::SeqCst));
    drop(call);
    assert!(gone.load(Ordering::SeqCst), "the host's pending answer is still there");

    // The same while the guest runs instead of waiting; it may have to yield first.
    let endless = Limits { cpu: Duration::from_secs(3600), wall: None, ..limits };
    let mut call = Box::pin(run(&component, "spin", vec![], host.clone(), &endless));
    let others = async {
        for _ in 0..20 {
            run(&component, "good", vec![], Recorder::idle(), &endless).await.unwrap();
        }
    };
    tokio::select! {
        biased;
        _ = &mut call => panic!("it ends"),
        () = others => {}
    }
    drop(call);
    until("the compartment is gone", || Arc::strong_count(&host) == 1).await;
}

#[tokio::test]
async fn a_full_pool_is_busy() {
    let engine = Engine::new(EngineOptions::pooling(1)).unwrap();
    let component = Component::load(&engine, None, plugin(), |_| true).await.unwrap();
    let host = Recorder::new(|_, _| Reply::later(std::future::pending()));
    let limits = limits();
    let mut first = Box::pin(run(&component, "wait", vec![], host.clone(), &limits));
    tokio::select! {
        _ = &mut first => panic!("nothing answers it"),
        () = until("it waits for the host", || host.calls().len() == 1) => {}
    }
    let failure = run(&component, "good", vec![], host.clone(), &limits).await.unwrap_err();
    assert!(matches!(failure, Failure::Busy), "{failure:?}");
    drop(first);
    for _ in 0..10 {
        let result = run(&component, "good", vec![], host.clone(), &limits).await;
        assert_eq!(result.unwrap(), Some(Val::U32(42)));
    }
    let failure = run(&component, "bomb", vec![], host, &limits).await.unwrap_err();
    assert!(matches!(failure, Failure::OutOfMemory { .. }), "{failure:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn many_at_once_on_many_threads() {
    let component = Component::load(&engine(), None, plugin(), |_| true).await.unwrap();
    let tasks: Vec<_> = (0..200)
        .map(|number| {
            let component = component.clone();
            tokio::spawn(async move {
                let function = ["good", "crash", "bomb", "good"][number % 4];
                run(&component, function, vec![], host(), &limits()).await.is_ok()
            })
        })
        .collect();
    let mut good = 0;
    for task in tasks {
        good += usize::from(task.await.unwrap());
    }
    assert_eq!(good, 100);
}
