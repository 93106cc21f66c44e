//! Greedy plugins do not slow others.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::thread::{self, ThreadId};
use std::time::Duration;

use super::fixture::{CAPS, MEMORY, Recorder, component, engine, load, object, run, until};
use crate::{Component, Failure, Limits, Reply, Val};

const WORLD: &str = "
    interface commands {
        use types.{object};
        good: async func() -> u32;
        spin: async func(of: object);
        /// Calls all the time and never waits.
        chatter: func(of: object);
        /// Works for a while, and then looks up what it is told, so often.
        work: async func(turns: u32, times: u32, path: string);
        /// Looks up until there is something, and gives back what it is given.
        ask: async func(of: object) -> object;
    }
    world plugin { import types; import inventory: directory; export commands; }";

const CORE: &str = r#"
    (import "inventory" "lookup" (func $lookup (param i32 i32 i32)))
    (import "demo:caps/types@0.1.0" "[method]object.duplicate" (func $duplicate (param i32) (result i32)))
    (import "demo:caps/types@0.1.0" "[resource-drop]object" (func $drop (param i32)))
    (func (export "demo:caps/commands@0.1.0#good") (result i32) (i32.const 42))
    (func (export "demo:caps/commands@0.1.0#spin") (param i32) (loop $again (br $again)))
    (func (export "demo:caps/commands@0.1.0#chatter") (param $of i32)
        (loop $again (call $drop (call $duplicate (local.get $of))) (br $again)))
    (func $spend (param $turns i32)
        (loop $again
            (local.set $turns (i32.sub (local.get $turns) (i32.const 1)))
            (br_if $again (local.get $turns))))
    (func (export "demo:caps/commands@0.1.0#work")
        (param $turns i32) (param $times i32) (param $path i32) (param $length i32)
        (call $spend (local.get $turns))
        (loop $again
            (call $lookup (local.get $path) (local.get $length) (i32.const 64))
            (local.set $times (i32.sub (local.get $times) (i32.const 1)))
            (br_if $again (local.get $times))))
    (func (export "demo:caps/commands@0.1.0#ask") (param $of i32) (result i32)
        (loop $again
            (call $lookup (i32.const 16) (i32.const 0) (i32.const 64))
            (br_if $again (i32.load8_u (i32.const 64))))
        (local.get $of))
"#;

/// Turns that take some tens of milliseconds of processor time, many slices.
const LONG: u32 = 80_000_000;

fn plugin() -> Vec<u8> {
    component(&format!("{CAPS} {WORLD}"), &format!("{CORE} {MEMORY}"))
}

fn limits() -> Limits {
    Limits { cpu: Duration::from_secs(60), wall: Some(Duration::from_secs(120)), ..Limits::default() }
}

/// The threads on which a host was called.
type Threads = Arc<Mutex<Vec<(ThreadId, String)>>>;

/// Notes on which threads it is called, and answers a lookup after as many milliseconds as the path says.
fn host() -> (Arc<Recorder>, Threads) {
    let threads = Threads::default();
    let host = Recorder::new({
        let threads = Arc::clone(&threads);
        move |function, params| {
            let thread = thread::current();
            threads.lock().unwrap().push((thread.id(), thread.name().unwrap_or_default().to_owned()));
            match (&*function.item, params) {
                ("lookup", [Val::String(path)]) => {
                    let wait = Duration::from_millis(path.parse().unwrap());
                    Reply::later(async move {
                        // The timer and the task are those of the caller's runtime.
                        tokio::time::sleep(wait).await;
                        tokio::spawn(async {}).await.unwrap();
                        Ok(Some(Val::err(Some(Val::string("no")))))
                    })
                }
                _ => Reply::value(object("copy")),
            }
        }
    });
    (host, threads)
}

fn is_slow((_, name): &(ThreadId, String)) -> bool {
    name == "powerbox-slow"
}

#[tokio::test]
async fn short_commands_have_the_thread_for_themselves_while_a_greedy_one_runs() {
    let component = load(plugin()).await;
    let (greedy, threads) = host();
    let spinner = tokio::spawn({
        let (component, greedy) = (component.clone(), greedy.clone());
        async move { run(&component, "chatter", vec![object("a")], greedy, &limits()).await }
    });
    until("it moved away", || threads.lock().unwrap().last().is_some_and(is_slow)).await;
    threads.lock().unwrap().clear();
    for _ in 0..200 {
        let result = run(&component, "good", vec![], Recorder::idle(), &limits()).await;
        assert_eq!(result.unwrap(), Some(Val::U32(42)));
    }
    // It went on meanwhile, and never on our only thread.
    until("it goes on", || !threads.lock().unwrap().is_empty()).await;
    assert!(!spinner.is_finished());
    assert!(threads.lock().unwrap().iter().all(is_slow));
    spinner.abort();
    assert!(spinner.await.unwrap_err().is_cancelled());
    until("its compartment is gone", || Arc::strong_count(&greedy) == 1).await;
    assert!(greedy.dropped().contains(&"a".to_owned()));
}

#[tokio::test]
async fn short_commands_stay_on_their_callers_thread() {
    let component = load(plugin()).await;
    let (host, threads) = host();
    let params = |times| vec![Val::U32(1000), Val::U32(times), Val::string("0")];
    run(&component, "work", params(5), host, &limits()).await.unwrap();
    let here = thread::current().id();
    assert!(threads.lock().unwrap().iter().all(|(thread, _)| *thread == here));
}

#[tokio::test]
async fn timers_and_tasks_of_the_callers_runtime_work_in_the_lane() {
    let component = load(plugin()).await;
    let (host, threads) = host();
    for _ in 0..3 {
        // One lookup each, right after the work: who waits long enough comes back from the lane.
        let params = vec![Val::U32(LONG), Val::U32(1), Val::string("5")];
        run(&component, "work", params, host.clone(), &limits()).await.unwrap();
    }
    let threads = threads.lock().unwrap();
    assert_eq!(threads.len(), 3);
    assert!(threads.iter().all(is_slow), "{threads:?}");
    assert!(host.finished().iter().all(|used| used.cpu > crate::SLICE), "{:?}", host.finished());
}

#[tokio::test]
async fn what_waited_long_comes_back() {
    let component = load(plugin()).await;
    let (host, threads) = host();
    let params = vec![Val::U32(LONG), Val::U32(2), Val::string("400")];
    run(&component, "work", params, host, &limits()).await.unwrap();
    // It looks up as soon as it has worked, and again after a long wait.
    let threads = threads.lock().unwrap();
    assert!(is_slow(&threads[0]), "{threads:?}");
    assert_eq!(threads[1].0, thread::current().id());
}

#[tokio::test]
async fn a_result_that_nobody_takes_is_given_back() {
    let component = load(plugin()).await;
    let (moved, found) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicBool::new(false)));
    let host = Recorder::new({
        let (moved, found) = (Arc::clone(&moved), Arc::clone(&found));
        move |_, _| {
            moved.store(thread::current().name() == Some("powerbox-slow"), Ordering::SeqCst);
            Reply::value(match found.load(Ordering::SeqCst) {
                true => Val::ok(Some(object("found"))),
                false => Val::err(Some(Val::string(""))),
            })
        }
    });
    let limits = Limits { calls: u64::MAX, ..limits() };
    let mut call = Box::pin(run(&component, "ask", vec![object("a")], host.clone(), &limits));
    tokio::select! {
        _ = &mut call => panic!("there is nothing to be found"),
        () = until("it moved", || moved.load(Ordering::SeqCst)) => {}
    }
    // It ends by itself; nobody polls it any more.
    found.store(true, Ordering::SeqCst);
    until("it has ended", || host.finished().len() == 1).await;
    assert_eq!(host.dropped(), ["found"]);
    drop(call);
    until("its result is given back", || host.dropped() == ["a", "found"]).await;
}

#[tokio::test]
async fn dropping_a_future_in_the_lane_drops_everything() {
    let component = load(plugin()).await;
    // While it waits.
    let (waiting, threads) = host();
    let params = vec![Val::U32(LONG), Val::U32(1), Val::string("100000")];
    let limits = limits();
    let mut call = Box::pin(run(&component, "work", params, waiting.clone(), &limits));
    tokio::select! {
        _ = &mut call => panic!("it does not wait"),
        () = until("it waits", || !threads.lock().unwrap().is_empty()) => {}
    }
    assert!(threads.lock().unwrap().iter().all(is_slow));
    drop(call);
    until("it is gone", || Arc::strong_count(&waiting) == 1).await;
    assert_eq!(waiting.finished().len(), 1);
    // While it runs.
    let (running, threads) = host();
    let mut call = Box::pin(run(&component, "chatter", vec![object("a")], running.clone(), &limits));
    tokio::select! {
        _ = &mut call => panic!("it ends"),
        () = until("it moved", || threads.lock().unwrap().last().is_some_and(is_slow)) => {}
    }
    drop(call);
    until("it is gone", || Arc::strong_count(&running) == 1).await;
    assert_eq!(running.finished().len(), 1);
    assert!(running.dropped().contains(&"a".to_owned()));
}

#[tokio::test]
async fn limits_hold_in_the_lane() {
    let component = load(plugin()).await;
    let cpu = Limits { cpu: Duration::from_millis(50), ..limits() };
    let (host, _) = host();
    let failure = run(&component, "spin", vec![object("a")], host.clone(), &cpu).await.unwrap_err();
    assert!(matches!(failure, Failure::OutOfCpu { .. }), "{failure:?}");
    let wall = Limits { wall: Some(Duration::from_millis(50)), ..limits() };
    let failure = run(&component, "spin", vec![object("b")], host.clone(), &wall).await.unwrap_err();
    assert!(matches!(failure, Failure::OutOfTime { .. }), "{failure:?}");
    until("both are gone", || host.dropped() == ["a", "b"]).await;
}

#[tokio::test]
async fn a_panic_of_the_host_reaches_the_caller_from_the_lane() {
    let component = load(plugin()).await;
    let host = Recorder::new(|_, _| panic!("the host's own fault"));
    let params = vec![Val::U32(LONG), Val::U32(1), Val::string("0")];
    let invoked = tokio::spawn(async move { run(&component, "work", params, host, &limits()).await });
    let panic = invoked.await.unwrap_err().into_panic();
    assert_eq!(panic.downcast_ref::<&str>(), Some(&"the host's own fault"));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn many_greedy_ones_that_end_in_every_way_leave_nothing_behind() {
    let engine = engine();
    let component = Component::load(&engine, None, plugin(), |_| true).await.unwrap();
    let (host, _) = host();
    let tasks: Vec<_> = (0..60_u64)
        .map(|number| {
            let (component, host) = (component.clone(), host.clone());
            tokio::spawn(async move {
                let limits = match number % 3 {
                    0 => Limits { cpu: Duration::from_millis(3 + number / 4), ..limits() },
                    _ => Limits { wall: Some(Duration::from_millis(3 + number)), ..limits() },
                };
                let (function, of) = (["spin", "chatter"][number as usize % 2], vec![object("a")]);
                run(&component, function, of, host, &limits).await.unwrap_err()
            })
        })
        .collect();
    for (number, task) in tasks.into_iter().enumerate() {
        if number % 7 == 6 {
            task.abort();
        }
        match task.await {
            Ok(failure) => {
                assert!(
                    matches!(failure, Failure::OutOfCpu { .. } | Failure::OutOfTime { .. }),
                    "{failure:?}"
                );
            }
            Err(error) => assert!(error.is_cancelled()),
        }
    }
    until("all are gone", || Arc::strong_count(&host) == 1).await;
    assert_eq!(host.dropped().iter().filter(|name| *name == "a").count(), 60);
    let weak = engine.wasmtime().weak();
    drop((component, engine));
    until("the engine is gone", || weak.upgrade().is_none()).await;
}

/// The lane's threads, by what the kernel says of one of them.
#[cfg(target_os = "linux")]
#[tokio::test]
async fn the_lane_has_a_low_priority_and_ends_with_its_engine() {
    let place = Arc::new(Mutex::new(None));
    let host = Recorder::new({
        let place = Arc::clone(&place);
        move |_, _| {
            *place.lock().unwrap() = std::fs::read_link("/proc/thread-self").ok();
            Reply::later(async { Ok(Some(Val::err(Some(Val::string("no"))))) })
        }
    });
    let component = load(plugin()).await;
    let params = vec![Val::U32(LONG), Val::U32(1), Val::string("0")];
    run(&component, "work", params, host, &limits()).await.unwrap();
    let thread = std::path::Path::new("/proc").join(place.lock().unwrap().take().unwrap());
    let nice = |thread: &std::path::Path| {
        let stat = std::fs::read_to_string(thread.join("stat")).unwrap();
        // After the name in brackets: the state is the third field, the niceness the nineteenth.
        let (_, fields) = stat.rsplit_once(") ").unwrap();
        fields.split(' ').nth(16).unwrap().parse::<i32>().unwrap()
    };
    let ours = nice(std::path::Path::new("/proc/thread-self"));
    assert_eq!(nice(&thread), 19.min(10.max(ours)));
    drop(component);
    until("its threads are gone", || !thread.exists()).await;
}

/// Not a test: prints how long a short command takes beside greedy ones.
/// `cargo test -p powerbox-sandbox --lib -- --ignored --nocapture beside_greedy`
#[test]
#[ignore = "a measurement"]
fn beside_greedy_ones() {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
    for greedy in [0, 1, 2, 4] {
        runtime.block_on(async {
            let component = Component::load(&engine(), None, plugin(), |_| true).await.unwrap();
            let spinners: Vec<_> = (0..greedy)
                .map(|_| {
                    let component = component.clone();
                    tokio::spawn(async move {
                        run(&component, "spin", vec![object("a")], Recorder::idle(), &limits()).await
                    })
                })
                .collect();
            tokio::time::sleep(Duration::from_millis(50)).await;
            let mut times = Vec::new();
            for _ in 0..4000 {
                let (component, start) = (component.clone(), std::time::Instant::now());
                let short = tokio::spawn(async move {
                    run(&component, "good", vec![], Recorder::idle(), &limits()).await
                });
                short.await.unwrap().unwrap();
                times.push(start.elapsed());
                tokio::time::sleep(Duration::from_micros(200)).await;
            }
            times.sort();
            let at = |percent: usize| times[times.len() * percent / 100];
            println!(
                "{greedy} greedy: p50 {:?}, p99 {:?}, most {:?}",
                at(50),
                at(99),
                times[times.len() - 1]
            );
            assert!(spinners.iter().all(|spinner| !spinner.is_finished()));
            spinners.iter().for_each(tokio::task::JoinHandle::abort);
        });
    }
}
