use std::time::Duration;

use powerbox_core::Event;
use powerbox_sandbox::{CompileLimits, Compiler, Component, Engine, EngineOptions};
use rustix::fs::{CWD, FileType, Mode, mknodat};

use crate::aside::{Bench, LIMIT, install, limits, prepare, refusal, said};
use crate::bombs;

/// A few KiB that take many seconds.
fn bomb() -> Vec<u8> {
    bombs::loops(1000, 1000)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_component_that_compiles_for_long_is_stopped_and_never_tried_again() {
    let bench = Bench::new();
    let bytes = bomb();
    assert!(bytes.len() < 24 << 10, "{} bytes", bytes.len());
    let file = bench.file("bomb.wasm", &bytes);
    let host = bench.host().await;
    for _ in 0..3 {
        let refused = refusal(&host, &file).await;
        assert!(refused.contains("more than the 2 s of processor time"), "{refused}");
        assert_eq!(bench.starts(), 1);
    }
    // Nor by another process of the user, nor as another file.
    let refused = refusal(&bench.host().await, &bench.file("again.wasm", &bytes)).await;
    assert!(refused.contains("processor time") && bench.starts() == 1, "{refused}");
    // A larger one is another, and more time is another chance.
    refusal(&host, &bench.file("large.wasm", &bombs::loops(4000, 4000))).await;
    assert_eq!(bench.starts(), 2);
    let more = CompileLimits { cpu: Duration::from_secs(3), ..limits() };
    let refused = refusal(&bench.host_with(more).await, &file).await;
    assert!(refused.contains("more than the 3 s") && bench.starts() == 3, "{refused}");
    install(&host, &bench.built("plugin.wasm", "reload-v1")).await;
    assert_eq!(said(&host, &["version"]).await, "one");
}

/// The control: nothing but the process aside holds the compiler back.
#[tokio::test(flavor = "multi_thread")]
async fn the_same_attack_without_a_process_aside_is_not_held_back() {
    let bench = Bench::new();
    // Small enough to be waited for, and far more than an ordinary function of its size.
    let bytes = bombs::loops(120, 120);
    let tight = CompileLimits { cpu: Duration::from_millis(100), ..limits() };
    let refused = refusal(&bench.host_with(tight).await, &bench.file("bomb.wasm", &bytes)).await;
    assert!(refused.contains("processor time"), "{refused}");
    let engine = Engine::new(EngineOptions::default()).unwrap();
    Component::<()>::load(&engine, None, bytes, |_| true).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_component_that_needs_too_much_memory_is_stopped_and_never_tried_again() {
    let bench = Bench::new();
    let small =
        CompileLimits { cpu: Duration::from_secs(60), memory: 96 << 20, memory_per_mib: 0, ..limits() };
    let host = bench.host_with(small).await;
    let file = bench.file("bomb.wasm", &bomb());
    for _ in 0..2 {
        let refused = refusal(&host, &file).await;
        assert!(refused.contains("more than the 96 MiB of memory"), "{refused}");
    }
    assert_eq!(bench.starts(), 1);
    install(&host, &bench.built("plugin.wasm", "reload-v1")).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_component_is_compiled_once_however_many_ask() {
    let bench = Bench::new();
    let (one, two) = (bench.host().await, bench.host().await);
    let file = bench.built("plugin.wasm", "reload-v1");
    let asked = (0..8).map(|number| {
        let (host, file) = (if number % 2 == 0 { one.clone() } else { two.clone() }, file.clone());
        tokio::spawn(async move { prepare(&host, &file).await.map(drop) })
    });
    for asked in asked.collect::<Vec<_>>() {
        asked.await.unwrap().unwrap();
    }
    assert_eq!(bench.starts(), 1);
    // What is left is what is used: no locks, nothing half done.
    let left: Vec<_> = std::fs::read_dir(bench.path("cache/code")).unwrap().flatten().collect();
    assert_eq!(left.len(), 2, "{left:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_waits_for_the_compiler_who_wants_something_else() {
    let bench = Bench::new();
    let host = bench.host().await;
    let file = bench.built("plugin.wasm", "reload-v1");
    install(&host, &file).await;
    install(&host, &bench.built("other.wasm", "torture")).await;
    let ready = bench.built("third.wasm", "hostile");
    prepare(&host, &ready).await.unwrap();
    let _watch = host.watch().unwrap();
    let mut events = host.events();

    // From here on whatever is compiled takes until the gate opens.
    mknodat(CWD, bench.path("gate"), FileType::Fifo, Mode::from_raw_mode(0o600), 0).unwrap();
    bench.script("echo reached > \"$here/reached\"; read line < \"$here/gate\"");
    bench.built("plugin.wasm", "reload-v2");
    let reached = async {
        while !bench.path("reached").exists() {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    tokio::time::timeout(LIMIT, reached).await.expect("nobody compiles");
    // The old version runs, other commands do, and what is compiled already can be installed and removed.
    assert_eq!(said(&host, &["reload:version"]).await, "one");
    assert!(!said(&host, &["torture:version"]).await.is_empty());
    install(&host, &ready).await;
    host.remove_plugin("hostile", powerbox_core::plugin::Data::Delete).await.unwrap();
    // So does a process that starts meanwhile.
    let second = bench.host().await;
    assert_eq!(said(&second, &["reload:version"]).await, "one");

    std::fs::write(bench.path("gate"), "go\n").unwrap();
    let swapped = async { while !matches!(events.recv().await, Ok(Event::Swapped { .. })) {} };
    tokio::time::timeout(LIMIT, swapped).await.expect("the new version never came");
    assert_eq!(said(&host, &["reload:version"]).await, "two");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_update_that_cannot_be_compiled_leaves_the_old_version_and_costs_later_starts_nothing() {
    let bench = Bench::new();
    let host = bench.host().await;
    let file = bench.built("plugin.wasm", "reload-v1");
    install(&host, &file).await;
    drop(host);
    let before = bench.starts();
    let bytes = bomb();
    // A start does not wait for the compiler to give up: on a busy machine a later one hears of it.
    let mut heard = 0;
    while heard < 3 {
        // Touched each time, so that each start looks at it again.
        bench.file("plugin.wasm", &bytes);
        let host = bench.host().await;
        match &host.take_startup_events()[..] {
            [] if heard == 0 => {}
            [Event::Broken { kept: true, .. }] => heard += 1,
            events => panic!("{events:?}"),
        }
        assert_eq!(said(&host, &["version"]).await, "one");
        assert_eq!(bench.starts(), before + 1);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_compiled_for_a_process_that_ends_is_there_for_the_next() {
    let bench = Bench::new();
    let host = bench.host().await;
    let file = bench.built("plugin.wasm", "reload-v1");
    mknodat(CWD, bench.path("gate"), FileType::Fifo, Mode::from_raw_mode(0o600), 0).unwrap();
    bench.script("read line < \"$here/gate\"");
    let waiting = tokio::spawn({
        let (host, file) = (host.clone(), file.clone());
        async move { prepare(&host, &file).await.map(drop) }
    });
    // Opening it waits for the compiler to come to it.
    let gate = bench.path("gate");
    let mut gate = tokio::task::spawn_blocking(move || std::fs::File::create(gate)).await.unwrap().unwrap();
    waiting.abort();
    drop(host);
    std::io::Write::write_all(&mut gate, b"go\n").unwrap();
    drop(gate);
    bench.script("exit 1");
    install(&bench.host().await, &file).await;
    assert_eq!(bench.starts(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_compiler_that_is_killed_is_tried_three_times_and_one_that_cannot_start_counts_for_nothing() {
    let bench = Bench::new();
    let host = bench.host().await;
    let file = bench.built("plugin.wasm", "reload-v1");
    bench.script("exit 7");
    for _ in 0..5 {
        assert!(refusal(&host, &file).await.contains("cannot compile"));
    }
    assert_eq!(bench.starts(), 5);
    bench.script("kill -9 $$");
    for _ in 0..2 {
        assert!(refusal(&host, &file).await.contains("interrupted"));
    }
    // Twice is an accident.
    bench.script("");
    install(&host, &file).await;
    bench.script("kill -9 $$");
    let before = bench.starts();
    let other = bench.built("other.wasm", "torture");
    for _ in 0..6 {
        refusal(&host, &other).await;
    }
    assert_eq!(bench.starts(), before + 3);
    assert!(refusal(&host, &other).await.contains("stopped 3 times"));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_deep_wide_or_many_ends_in_an_answer() {
    let bench = Bench::new();
    let host = bench.host().await;
    for (name, bytes) in [
        ("deep", bombs::deep(50_000)),
        ("wide", bombs::wide(2_000, 200)),
        ("segments", bombs::segments(90_000)),
        ("functions", bombs::core(&"(func)".repeat(400_000))),
        ("blocks", bombs::core(&format!("(func {} {})", "block ".repeat(400_000), "end ".repeat(400_000)))),
    ] {
        let file = bench.file(&format!("{name}.wasm"), &bytes);
        // All lack commands, so whatever the compiler made of them, they are refused.
        let first = refusal(&host, &file).await;
        let starts = bench.starts();
        assert_eq!(refusal(&host, &file).await, first, "{name}");
        assert_eq!(bench.starts(), starts, "{name} is compiled again: {first}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_runs_before_anybody_agreed_is_bounded_and_runs_once() {
    let bench = Bench::new();
    let host = bench.host().await;
    let spin = "loop br 0 end";
    let grow = "loop i32.const 16 memory.grow drop br 0 end";
    for (name, bytes, part) in [
        ("start", bombs::describing(spin, ""), "processor time"),
        ("describe", bombs::describing("", spin), "processor time"),
        ("memory", bombs::describing("", grow), "processor time"),
        ("trap", bombs::describing("unreachable", ""), "crashed"),
        ("large", bombs::describing("", "i32.const 0 i32.const -1 i32.store offset=4"), ""),
    ] {
        let file = bench.file(&format!("{name}.wasm"), &bytes);
        let first = refusal(&host, &file).await;
        assert!(first.contains(part), "{name}: {first}");
        let used = processor_time();
        for _ in 0..5 {
            assert_eq!(refusal(&host, &file).await, first);
        }
        // It is remembered: what took seconds takes nothing now.
        assert!(processor_time() - used < Duration::from_secs(2), "{name} ran again");
    }
}

/// What this process and its children have used.
fn processor_time() -> Duration {
    let ticks = std::fs::read_to_string("/proc/self/stat").unwrap();
    // After the name in parentheses: 14th to 17th of all fields, in hundredths of a second.
    let fields = ticks.rsplit(')').next().unwrap().split_whitespace();
    let ticks: u64 = fields.skip(11).take(4).map(|field| field.parse::<u64>().unwrap()).sum();
    Duration::from_millis(ticks * 10)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_compiler_of_another_version_is_not_believed() {
    let bench = Bench::new();
    let program = std::path::PathBuf::from("/bin/false");
    let host = bench.host_by(Compiler::Aside { program, limits: limits() }).await;
    let file = bench.built("plugin.wasm", "reload-v1");
    let refused = refusal(&host, &file).await;
    assert!(refused.contains("cannot compile"), "{refused}");
    install(&bench.host().await, &file).await;
}
