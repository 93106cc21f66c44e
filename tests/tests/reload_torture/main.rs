//! A plugin's file is replaced 500 times while eight tasks run its command in a loop; some versions are broken, cut off,
//! or ask for more. No run fails because of a swap, none is of code older than what was current when it began, and at
//! the end there is no more in memory than after the beginning.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test fails by panicking, in its helpers too"
)]

use std::path::Path;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Weak};
use std::time::Duration;

use powerbox_core::Event;
use powerbox_core::plugin::Plugin;
use powerbox_sandbox::EngineOptions;
use powerbox_tests::numbered::{self, numbered, version};
use powerbox_tests::powerbox::component;

const SWAPS: u64 = 500;
const TASKS: usize = 8;
/// After so many the caches are warm, and memory is measured for the first time.
const WARM: u64 = 100;
/// What may come and go by itself, in bytes.
const SLACK: u64 = 24 << 20;
/// Longer than anything takes on a busy machine.
const LIMIT: Duration = Duration::from_secs(60);

/// Between two runs of a task.
const PAUSE: Duration = Duration::from_millis(10);

/// The memory of this process that is in use, in bytes.
fn resident() -> u64 {
    let statm = std::fs::read_to_string("/proc/self/statm").unwrap();
    statm.split_whitespace().nth(1).unwrap().parse::<u64>().unwrap() * 4096
}

enum Kind {
    Good,
    Broken,
    CutOff,
    More,
}

/// What the version of a number is; the same each time.
fn kind(number: u64) -> Kind {
    match number % 10 {
        3 => Kind::Broken,
        5 => Kind::CutOff,
        8 => Kind::More,
        _ => Kind::Good,
    }
}

fn replace(file: &Path, bytes: &[u8], in_place: bool) {
    if in_place {
        std::fs::write(file, bytes).unwrap();
    } else {
        let aside = file.with_extension("new");
        std::fs::write(&aside, bytes).unwrap();
        std::fs::rename(&aside, file).unwrap();
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_run_fails_or_is_of_old_code_while_its_plugin_is_replaced_five_hundred_times() {
    let folder = tempfile::tempdir().unwrap();
    let host = numbered::host(folder.path(), EngineOptions::default()).await.unwrap();
    let base = std::fs::read(component("torture").unwrap()).unwrap();
    let more = std::fs::read(component("torture-more").unwrap()).unwrap();
    let file = folder.path().join("plugin.wasm");
    replace(&file, &numbered(&base, 0).unwrap(), false);
    let installation = host.prepare_install(&file, &[]).await.unwrap();
    host.install(installation).await.unwrap();
    let _watch = host.watch().unwrap();
    let mut events = host.events();

    // The last good version that was seen to be current.
    let current = Arc::new(AtomicU64::new(0));
    let (over, runs) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicU64::new(0)));
    let callers: Vec<_> = (0..TASKS)
        .map(|_| {
            let (host, current, over) = (host.clone(), Arc::clone(&current), Arc::clone(&over));
            let runs = Arc::clone(&runs);
            tokio::spawn(async move {
                while !over.load(Ordering::SeqCst) {
                    let before = current.load(Ordering::SeqCst);
                    let found = version(&host).await.unwrap();
                    assert!(found >= before, "version {found} ran when {before} was current");
                    assert!(matches!(kind(found), Kind::Good), "version {found} is no good one");
                    runs.fetch_add(1, Ordering::SeqCst);
                    // The swaps shall get on, too.
                    tokio::time::sleep(PAUSE).await;
                }
            })
        })
        .collect();

    let mut old: Vec<Weak<Plugin>> = Vec::new();
    let mut warm = 0;
    for number in 1..=SWAPS {
        let bytes = match kind(number) {
            Kind::Good => numbered(&base, number).unwrap(),
            Kind::Broken => numbered(&base, number).unwrap().into_iter().map(|byte| byte ^ 0x55).collect(),
            Kind::CutOff => {
                let whole = numbered(&base, number).unwrap();
                whole[..whole.len() / 2 + usize::try_from(number).unwrap()].to_vec()
            }
            Kind::More => numbered(&more, number).unwrap(),
        };
        old.extend(host.registry().plugin("torture").map(Arc::downgrade));
        replace(&file, &bytes, number % 7 == 0);
        loop {
            let event = tokio::time::timeout(LIMIT, events.recv()).await.unwrap().unwrap();
            match (event, kind(number)) {
                (Event::Swapped { .. }, Kind::Good)
                | (Event::Broken { kept: true, .. }, Kind::Broken | Kind::CutOff)
                | (Event::Waiting { .. }, Kind::More) => break,
                // Written in place, it may be seen before it is whole.
                (Event::Broken { kept: true, .. }, _) if number % 7 == 0 => {}
                (event, _) => panic!("version {number}: {event:?}"),
            }
        }
        if matches!(kind(number), Kind::Good) {
            current.store(number, Ordering::SeqCst);
            assert_eq!(version(&host).await.unwrap(), number);
        }
        if number == WARM {
            warm = resident();
        }
    }
    over.store(true, Ordering::SeqCst);
    for caller in callers {
        caller.await.unwrap();
    }
    let end = resident();
    let alive = old.iter().filter(|plugin| plugin.strong_count() > 0).count();
    println!(
        "{} runs; {} MiB after {WARM} swaps, {} MiB after {SWAPS}",
        runs.load(Ordering::SeqCst),
        warm >> 20,
        end >> 20
    );
    assert!(runs.load(Ordering::SeqCst) > SWAPS, "hardly anything ran");
    // The last good version is the current one, and may have been noted before a version that was not taken.
    let now = host.registry().plugin("torture").map(Arc::downgrade).unwrap();
    let stale = old.iter().filter(|plugin| plugin.strong_count() > 0 && !plugin.ptr_eq(&now)).count();
    assert_eq!(stale, 0, "of {} old versions {alive} are still there", old.len());
    assert!(end < warm + SLACK, "memory grew from {warm} to {end} bytes");
}
