//! Calls into a running compartment.

use std::sync::{Arc, OnceLock};
use std::time::Duration;

use tokio::sync::Semaphore;
use tokio::task::JoinHandle;

use super::fixture::{CAPS, MEMORY, Object, Recorder, component, failed, load, object, until};
use crate::{Called, Caller, Component, Engine, EngineOptions, Failure, Limits, Reply, Val};

const WORLD: &str = "
    interface commands {
        /// Looks `gate` up, and says how often `receive` was called meanwhile.
        run: async func() -> u32;
        /// Waits for nothing but calls.
        listen: async func();
    }
    interface receiver {
        use types.{object};
        /// Counts, and gives back what it is given.
        receive: async func(id: u64, slots: list<object>) -> list<object>;
        /// Looks up, and then says so.
        ask: async func(path: string) -> u32;
        count: func() -> u32;
        keep: func(slots: list<object>);
        crash: func();
        spin: async func();
        grow: func();
        shout: func() -> string;
        hear: func(text: string);
        /// Blocks the instance while it looks up.
        block: async func(path: string);
    }
    world plugin { import types; import inventory: directory; export commands; export receiver; }";

const CORE: &str = r#"
    (import "inventory" "[async-lower]lookup" (func $lookup (param i32 i32 i32) (result i32)))
    (import "inventory" "lookup" (func $lookup-and-wait (param i32 i32 i32)))
    (import "demo:caps/types@0.1.0" "[method]object.duplicate" (func $duplicate (param i32) (result i32)))
    (import "$root" "[waitable-set-new]" (func $set-new (result i32)))
    (import "$root" "[waitable-join]" (func $join (param i32 i32)))
    (import "$root" "[subtask-drop]" (func $subtask-drop (param i32)))
    (import "[export]demo:caps/commands@0.1.0" "[task-return]run" (func $return-run (param i32)))
    (import "[export]demo:caps/commands@0.1.0" "[task-return]listen" (func $return-listen))
    (import "[export]demo:caps/receiver@0.1.0" "[task-return]ask" (func $return-ask (param i32)))
    (data (i32.const 16) "gate")
    (global $received (mut i32) (i32.const 0))

    ;; Starts a lookup and gives what an async function returns to wait for it: 2, and the set above four bits.
    (func $wait-for (param $at i32) (param $length i32) (result i32)
        (local $call i32) (local $set i32)
        (local.set $call (i32.shr_u (call $lookup (local.get $at) (local.get $length) (i32.const 64)) (i32.const 4)))
        (local.set $set (call $set-new))
        (call $join (local.get $call) (local.get $set))
        (i32.or (i32.const 2) (i32.shl (local.get $set) (i32.const 4))))
    (func (export "[async-lift]demo:caps/commands@0.1.0#run") (result i32)
        (call $wait-for (i32.const 16) (i32.const 4)))
    (func (export "[callback][async-lift]demo:caps/commands@0.1.0#run") (param i32 i32 i32) (result i32)
        (call $subtask-drop (local.get 1))
        (call $return-run (global.get $received))
        (i32.const 0))
    (func (export "[async-lift]demo:caps/commands@0.1.0#listen") (result i32)
        (i32.or (i32.const 2) (i32.shl (call $set-new) (i32.const 4))))
    (func (export "[callback][async-lift]demo:caps/commands@0.1.0#listen") (param i32 i32 i32) (result i32)
        (call $return-listen)
        (i32.const 0))

    (func (export "demo:caps/receiver@0.1.0#receive") (param $id i64) (param $slots i32) (param $count i32)
        (result i32)
        (global.set $received (i32.add (global.get $received) (i32.const 1)))
        (i32.store (i32.const 96) (local.get $slots))
        (i32.store (i32.const 100) (local.get $count))
        (i32.const 96))
    (func (export "[async-lift]demo:caps/receiver@0.1.0#ask") (param i32 i32) (result i32)
        (call $wait-for (local.get 0) (local.get 1)))
    (func (export "[callback][async-lift]demo:caps/receiver@0.1.0#ask") (param i32 i32 i32) (result i32)
        (call $subtask-drop (local.get 1))
        (call $return-ask (i32.const 7))
        (i32.const 0))
    (func (export "demo:caps/receiver@0.1.0#count") (result i32) (global.get $received))
    (func (export "demo:caps/receiver@0.1.0#keep") (param i32 i32))
    (func $inner unreachable)
    (func (export "demo:caps/receiver@0.1.0#crash") (call $inner))
    (func (export "demo:caps/receiver@0.1.0#spin") (loop $again (br $again)))
    (func (export "demo:caps/receiver@0.1.0#grow")
        (loop $again
            (if (i32.eq (memory.grow (i32.const 16)) (i32.const -1)) (then unreachable))
            (br $again)))
    (func (export "demo:caps/receiver@0.1.0#shout") (result i32)
        (i32.store (i32.const 96) (i32.const 1024))
        (i32.store (i32.const 100) (i32.const 100000))
        (i32.const 96))
    (func (export "demo:caps/receiver@0.1.0#hear") (param i32 i32))
    (func (export "demo:caps/receiver@0.1.0#block") (param i32 i32)
        (call $lookup-and-wait (local.get 0) (local.get 1) (i32.const 64)))
"#;

fn plugin() -> Vec<u8> {
    component(&format!("{CAPS} {WORLD}"), &format!("{CORE} {MEMORY}"))
}

type Ended = Result<Option<Val<Object>>, Failure>;

/// An invocation whose guest waits for the gate to open.
struct Running {
    caller: Caller<Object>,
    host: Arc<Recorder>,
    /// Has as many lookups of `gate` answered as it has permits.
    gate: Arc<Semaphore>,
    /// The same for `door`.
    door: Arc<Semaphore>,
    ended: JoinHandle<Ended>,
}

impl Running {
    async fn start(component: &Component<Object>, function: &'static str, limits: Limits) -> Running {
        let (gate, door) = (Arc::new(Semaphore::new(0)), Arc::new(Semaphore::new(0)));
        let host = host(Arc::clone(&gate), Arc::clone(&door));
        let (caller, calls) = Caller::channel(&limits);
        let invoked =
            component.invoke_with("demo:caps/commands", function, vec![], host.clone(), &limits, calls);
        let ended = tokio::spawn(invoked);
        let running = Running { caller, host, gate, door, ended };
        if function == "run" {
            running.asked(1).await;
        }
        running
    }

    /// Waits until the host was asked so often.
    async fn asked(&self, times: usize) {
        until("the host is asked", || self.host.calls().len() >= times).await;
    }

    fn call(&self, function: &str, params: Vec<Val<Object>>) -> Called<Object> {
        self.caller.call("demo:caps/receiver", function, params)
    }

    fn receive(&self, slots: &[&str]) -> Called<Object> {
        self.call("receive", vec![Val::U64(1), Val::List(slots.iter().map(|name| object(name)).collect())])
    }

    /// Lets the invocation end.
    async fn end(self) -> (Ended, Arc<Recorder>) {
        self.gate.add_permits(1);
        (self.ended.await.unwrap(), self.host)
    }
}

/// Answers lookups of `gate` and `door` when these open, of `never` never, and of anything else at once.
fn host(gate: Arc<Semaphore>, door: Arc<Semaphore>) -> Arc<Recorder> {
    Recorder::new(move |function, params| match (&*function.item, params) {
        ("lookup", [Val::String(path)]) => {
            let (gate, door, path) = (Arc::clone(&gate), Arc::clone(&door), path.clone());
            Reply::later(async move {
                // Not at once: the guest counts on having to wait.
                tokio::time::sleep(Duration::from_millis(1)).await;
                match path.as_str() {
                    "gate" => gate.acquire().await.unwrap().forget(),
                    "door" => door.acquire().await.unwrap().forget(),
                    "never" => std::future::pending().await,
                    _ => {}
                }
                Ok(Some(Val::err(Some(Val::string("no")))))
            })
        }
        _ => failed("not expected"),
    })
}

fn limits() -> Limits {
    Limits { cpu: Duration::from_millis(200), wall: Some(Duration::from_secs(20)), ..Limits::default() }
}

#[tokio::test]
async fn a_guest_that_waits_is_called_meanwhile() {
    let running = Running::start(&load(plugin()).await, "run", limits()).await;
    for (already, slots) in [&["a", "b"][..], &[], &["c"]].into_iter().enumerate() {
        assert_eq!(running.call("count", vec![]).await.unwrap(), Some(Val::U32(already as u32)));
        let given = running.receive(slots).await.unwrap();
        assert_eq!(given, Some(Val::List(slots.iter().map(|name| object(name)).collect())));
    }
    assert_eq!(running.call("keep", vec![Val::List(vec![object("kept")])]).await.unwrap(), None);
    let (ended, host) = running.end().await;
    assert_eq!(ended.unwrap(), Some(Val::U32(3)));
    assert_eq!(host.dropped(), ["kept"]);
}

#[tokio::test]
async fn calls_run_beside_each_other() {
    let running = Running::start(&load(plugin()).await, "run", limits()).await;
    let first = running.call("ask", vec![Val::string("door")]);
    let second = running.call("ask", vec![Val::string("door")]);
    running.asked(3).await;
    // Both wait by now, and a third that does not wait is not held up by them.
    assert_eq!(running.call("ask", vec![Val::string("x")]).await.unwrap(), Some(Val::U32(7)));
    running.door.add_permits(2);
    assert_eq!(first.await.unwrap(), Some(Val::U32(7)));
    assert_eq!(second.await.unwrap(), Some(Val::U32(7)));
    assert_eq!(running.end().await.0.unwrap(), Some(Val::U32(0)));
}

#[tokio::test]
async fn a_call_made_before_the_invocation_waits_for_it() {
    let component = load(plugin()).await;
    let (gate, limits) = (Arc::new(Semaphore::new(0)), limits());
    let (caller, calls) = Caller::channel(&limits);
    let early = caller.call("demo:caps/receiver", "count", vec![]);
    let ended = tokio::spawn(component.invoke_with(
        "demo:caps/commands",
        "run",
        vec![],
        host(Arc::clone(&gate), Arc::new(Semaphore::new(0))),
        &limits,
        calls,
    ));
    assert_eq!(early.await.unwrap(), Some(Val::U32(0)));
    gate.add_permits(1);
    assert_eq!(ended.await.unwrap().unwrap(), Some(Val::U32(0)));
}

#[tokio::test]
async fn calls_that_the_end_of_the_invocation_overtakes_say_so_and_give_back() {
    let running = Running::start(&load(plugin()).await, "run", limits()).await;
    let pending = running.call("ask", vec![Val::string("never")]);
    running.asked(2).await;
    let caller = running.caller.clone();
    // This one comes to a guest that cannot be entered: it blocks its instance until the gate opens.
    let blocked = running.call("block", vec![Val::string("never")]);
    running.asked(3).await;
    let waiting = running.receive(&["waiting"]);
    tokio::task::yield_now().await;
    running.ended.abort();
    let host = running.host.clone();
    let ended = running.ended.await.map(drop);
    assert!(ended.unwrap_err().is_cancelled());
    for call in [pending, blocked, waiting] {
        let failure = call.await.unwrap_err();
        assert!(matches!(failure, Failure::Ended), "{failure:?}");
    }
    let late = caller.call("demo:caps/receiver", "keep", vec![Val::List(vec![object("late")])]);
    assert!(matches!(late.await, Err(Failure::Ended)));
    assert_eq!(host.dropped(), ["late", "waiting"]);
}

#[tokio::test]
async fn an_invocation_that_is_never_started_ends_its_calls() {
    let component = load(plugin()).await;
    let (caller, calls) = Caller::channel(&limits());
    let host = Recorder::idle();
    let call = caller.call("demo:caps/receiver", "keep", vec![Val::List(vec![object("a")])]);
    let invoked = component.invoke_with("demo:caps/commands", "run", vec![], host.clone(), &limits(), calls);
    drop(invoked);
    assert!(matches!(call.await, Err(Failure::Ended)));
    assert_eq!(host.dropped(), ["a"]);
    // And one whose host does not exist yet.
    let (caller, calls) = Caller::<Object>::channel(&limits());
    let call = caller.call("demo:caps/receiver", "keep", vec![Val::List(vec![object("a")])]);
    drop(calls);
    assert!(matches!(call.await, Err(Failure::Ended)));
}

#[tokio::test]
async fn a_call_that_nobody_waits_for_does_no_harm() {
    let running = Running::start(&load(plugin()).await, "run", limits()).await;
    // Dropped before it reached the guest: it is not made.
    drop(running.receive(&["early"]));
    assert_eq!(running.call("count", vec![]).await.unwrap(), Some(Val::U32(0)));
    // Dropped while the guest works on it: it is finished, and its result given back.
    let asked = running.call("ask", vec![Val::string("door")]);
    running.asked(2).await;
    drop(asked);
    // Dropped when the result is there.
    let answered = running.receive(&["late"]);
    while running.call("count", vec![]).await.unwrap() != Some(Val::U32(1)) {}
    drop(answered);
    let (ended, host) = running.end().await;
    assert_eq!(ended.unwrap(), Some(Val::U32(1)));
    assert_eq!(host.dropped(), ["early", "late"]);
}

#[tokio::test]
async fn more_calls_than_allowed_at_once_are_refused_until_some_are_answered() {
    let limits = Limits { pending_calls: 3, ..limits() };
    let running = Running::start(&load(plugin()).await, "run", limits).await;
    let pending: Vec<_> = (0..3).map(|_| running.call("ask", vec![Val::string("door")])).collect();
    let refused = running.receive(&["refused"]).await.unwrap_err();
    assert!(matches!(refused, Failure::Congested { limit: 3 }), "{refused:?}");
    running.asked(4).await;
    // One that nobody waits for is under way all the same.
    let mut pending = pending.into_iter();
    drop(pending.next());
    assert!(matches!(running.receive(&["again"]).await, Err(Failure::Congested { .. })));
    running.door.add_permits(3);
    for call in pending {
        call.await.unwrap();
    }
    assert_eq!(running.receive(&["x"]).await.unwrap(), Some(Val::List(vec![object("x")])));
    assert_eq!(running.end().await.1.dropped(), ["again", "refused"]);
}

#[tokio::test]
async fn refused_calls_do_the_invocation_no_harm() {
    let limits = Limits { call_bytes: 10_000, input_bytes: 15_000, handles: 100, ..limits() };
    let running = Running::start(&load(plugin()).await, "run", limits).await;
    let other = running.caller.call("demo:caps/other", "x", vec![]).await.unwrap_err();
    assert!(matches!(other, Failure::NoSuchExport { .. }), "{other:?}");
    let wrong = running.call("keep", vec![object("stray")]).await.unwrap_err();
    assert!(matches!(wrong, Failure::Rejected { .. }), "{wrong:?}");
    let large = || vec![Val::string("x".repeat(20_000))];
    let large = running.call("hear", large()).await.unwrap_err();
    assert_eq!(large.to_string(), "the plugin passed too much data: one call or result");
    assert_eq!(running.call("hear", vec![Val::string("x".repeat(9_000))]).await.unwrap(), None);
    let more = running.call("hear", vec![Val::string("x".repeat(9_000))]).await.unwrap_err();
    assert_eq!(more.to_string(), "the plugin passed too much data: all its input together");
    let many = running.call("keep", vec![Val::List(vec![object("many"); 101])]).await.unwrap_err();
    assert!(matches!(many, Failure::TooManyHandles { limit: 100 }), "{many:?}");
    let (ended, host) = running.end().await;
    assert_eq!(ended.unwrap(), Some(Val::U32(0)));
    assert_eq!(host.dropped().len(), 1 + 101);
}

/// Calls a function, which ends the invocation, and gives why.
async fn ends(function: &str, limits: Limits) -> Failure {
    let running = Running::start(&load(plugin()).await, "run", limits).await;
    let call = running.call(function, vec![]).await.unwrap_err();
    assert!(matches!(call, Failure::Ended), "{call:?}");
    let failure = running.ended.await.unwrap().unwrap_err();
    assert!(running.caller.call("demo:caps/receiver", "count", vec![]).await.is_err());
    failure
}

#[tokio::test]
async fn a_call_that_traps_ends_the_invocation_with_its_trap() {
    let failure = ends("crash", limits()).await;
    let Failure::Trap(trap) = &failure else { panic!("{failure:?}") };
    assert_eq!(trap.frames.first().map(String::as_str), Some("inner"), "{trap:?}");
}

#[tokio::test]
async fn the_limits_of_the_invocation_hold_for_calls_into_it() {
    let failure = ends("spin", limits()).await;
    assert!(matches!(failure, Failure::OutOfCpu { .. }), "{failure:?}");
    let failure = ends("grow", limits()).await;
    assert!(matches!(failure, Failure::OutOfMemory { .. }), "{failure:?}");
    let failure = ends("shout", Limits { output_bytes: 50_000, ..limits() }).await;
    assert!(matches!(failure, Failure::TooMuchData("all its output together")), "{failure:?}");
    let failure = ends("shout", Limits { call_bytes: 50_000, ..limits() }).await;
    assert!(matches!(failure, Failure::TooMuchData("one call or result")), "{failure:?}");
    let limits = Limits { wall: Some(Duration::from_millis(100)), ..limits() };
    let running = Running::start(&load(plugin()).await, "run", limits).await;
    assert!(matches!(running.call("ask", vec![Val::string("never")]).await, Err(Failure::Ended)));
    assert!(matches!(running.ended.await.unwrap(), Err(Failure::OutOfTime { .. })));
}

#[tokio::test]
async fn a_guest_that_waits_for_calls_is_stuck_once_nobody_can_make_any() {
    let component = load(plugin()).await;
    let running = Running::start(&component, "listen", limits()).await;
    assert_eq!(running.receive(&["a"]).await.unwrap(), Some(Val::List(vec![object("a")])));
    let pending = running.call("ask", vec![Val::string("door")]);
    running.asked(1).await;
    let Running { caller, door, ended, .. } = running;
    assert!(!ended.is_finished());
    drop(caller);
    door.add_permits(1);
    assert_eq!(pending.await.unwrap(), Some(Val::U32(7)));
    let failure = ended.await.unwrap().unwrap_err();
    assert!(matches!(failure, Failure::Stuck), "{failure:?}");
}

#[tokio::test]
async fn calls_of_one_compartment_take_no_stacks_from_others() {
    let engine = Engine::new(EngineOptions::pooling(2)).unwrap();
    let component = Component::load(&engine, None, plugin(), |_| true).await.unwrap();
    let running = Running::start(&component, "run", limits()).await;
    // Each blocks the instance, so that only one of them is entered.
    let blocked: Vec<_> = (0..30).map(|_| running.call("block", vec![Val::string("door")])).collect();
    let asked: Vec<_> = (0..30).map(|_| running.call("ask", vec![Val::string("door")])).collect();
    running.asked(2).await;
    let other = Running::start(&component, "run", limits()).await;
    assert_eq!(other.end().await.0.unwrap(), Some(Val::U32(0)));
    running.door.add_permits(60);
    for call in blocked.into_iter().chain(asked) {
        call.await.unwrap();
    }
    assert_eq!(running.end().await.0.unwrap(), Some(Val::U32(0)));
}

#[tokio::test]
async fn many_calls_leave_nothing_behind() {
    let limits = Limits { handles: 50, cpu: Duration::from_secs(20), ..limits() };
    let running = Running::start(&load(plugin()).await, "run", limits).await;
    for _ in 0..1000 {
        running.receive(&["a", "b"]).await.unwrap();
    }
    let (ended, host) = running.end().await;
    assert_eq!(ended.unwrap(), Some(Val::U32(1000)));
    assert!(host.dropped().is_empty());
}

#[tokio::test]
async fn an_answer_to_the_guest_may_itself_call_the_guest() {
    // As when a plugin hands an object out, and who got it calls back before it answers.
    let component = load(plugin()).await;
    let (caller, calls) = Caller::channel(&limits());
    let shared = Arc::new(OnceLock::from(caller));
    let host = Recorder::new(move |_, _| {
        let caller = Arc::clone(&shared);
        Reply::later(async move {
            let called = caller.get().unwrap().call("demo:caps/receiver", "count", vec![]).await;
            assert_eq!(called.unwrap(), Some(Val::U32(0)));
            Ok(Some(Val::err(Some(Val::string("no")))))
        })
    });
    let ended = component.invoke_with("demo:caps/commands", "run", vec![], host.clone(), &limits(), calls);
    assert_eq!(ended.await.unwrap(), Some(Val::U32(0)));
    assert_eq!(Arc::strong_count(&host), 1);
}
