//! A short command beside plugins that take all the processor there is.

use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::{Result, ensure};
use powerbox_core::{Allowance, Allowances, Principal};
use powerbox_tests::world::{Options, Person, World};
use tokio::task::JoinHandle;

use super::figure::{Figure, Times};

/// How many plugins spin.
const GREEDY: [usize; 3] = [1, 2, 4];
/// How many commands take turns with as many by themselves.
const BATCH: usize = 50;

pub(crate) async fn measure(rounds: usize) -> Result<Vec<Figure>> {
    let mut allowance = Allowance::default();
    // Longer than the bench takes.
    (allowance.run.cpu, allowance.run.wall) = (Duration::from_secs(3600), None);
    let allowances =
        Allowances { plugins: [("hostile".to_owned(), allowance)].into(), ..Allowances::default() };
    let world = World::with(Options { allowances, ..Options::default() }).await?;
    world.install("hostile", &[]).await?;
    world.install("empty", &[]).await?;
    let world = Arc::new(world);

    let mut figures = Vec::new();
    for greedy in GREEDY {
        let (mut beside, mut idle) = (Times::default(), Times::default());
        for batch in 0..=(rounds / BATCH).max(2) {
            let (mut unused, warm) = (Times::default(), batch > 0);
            run(&world, if warm { &mut idle } else { &mut unused }).await?;
            let spinning: Vec<_> = (0..greedy).map(|_| spin(&world)).collect();
            // They are past what a short command may take for itself.
            tokio::time::sleep(Duration::from_millis(30)).await;
            run(&world, if warm { &mut beside } else { &mut unused }).await?;
            for task in spinning {
                ensure!(!task.is_finished(), "a plugin does not spin any more");
                task.abort();
                let _ = task.await;
            }
            // One that runs right now is dropped when it next yields.
            tokio::time::sleep(Duration::from_millis(30)).await;
        }
        for hundredths in [50, 99] {
            let name = format!("short command beside {greedy} that spin, p{hundredths}");
            let (ours, peer) = (beside.percentile(hundredths), idle.percentile(hundredths));
            figures.push(Figure::times(name, ours, "by itself", peer));
        }
    }
    Ok(figures)
}

/// Runs the short command, as a task of its own: as requests of others come.
async fn run(world: &Arc<World>, times: &mut Times) -> Result<()> {
    for _ in 0..BATCH {
        let world = Arc::clone(world);
        let task = tokio::spawn(async move {
            let start = Instant::now();
            let ended = world.run_for(&Principal::person(), "empty", Arc::<Person>::default()).await;
            ended.map(|_| start.elapsed())
        });
        times.push(task.await??);
        // Others do not come without a break.
        tokio::time::sleep(Duration::from_millis(2)).await;
    }
    Ok(())
}

fn spin(world: &Arc<World>) -> JoinHandle<()> {
    let world = Arc::clone(world);
    tokio::spawn(async move {
        let _ = world.run_for(&Principal::person(), "spin", Arc::<Person>::default()).await;
    })
}
