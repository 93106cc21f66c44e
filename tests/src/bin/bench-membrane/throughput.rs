//! Invocations of a command that does nothing, with few and with many plugins installed.

use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::{Result, ensure};
use powerbox_core::Principal;
use powerbox_tests::world::{Person, World};

use super::figure::Figure;
use super::rest::variant;

/// How many plugins are many.
const MANY: usize = 100;
/// How many invocations take turns with as many of the other.
const BATCH: usize = 50;

pub(crate) async fn measure(rounds: usize) -> Result<Vec<Figure>> {
    let (one, many) = (world(1).await?, world(MANY).await?);
    let (mut ours, mut other) = (Duration::ZERO, Duration::ZERO);
    let batches = (rounds / BATCH).max(2);
    for batch in 0..=batches {
        let (of_many, of_one) = (invoke(&many).await?, invoke(&one).await?);
        if batch > 0 {
            ours += of_many;
            other += of_one;
        }
    }
    let per_second = |time: Duration| (batches * BATCH) as f64 / time.as_secs_f64();
    let figure = format!("invocations of an empty command, {MANY} plugins");
    let figure = Figure::new(figure, "per second", per_second(ours), "1 plugin", per_second(other));
    one.close().await?;
    many.close().await?;
    Ok(vec![figure])
}

async fn world(plugins: usize) -> Result<World> {
    let world = World::new().await?;
    world.install("empty", &[]).await?;
    for number in 1..plugins {
        let file = world.folder().join("variant.wasm");
        std::fs::write(&file, variant(number)?)?;
        world.install_file(&file, &[]).await?;
    }
    Ok(world)
}

async fn invoke(world: &World) -> Result<Duration> {
    let start = Instant::now();
    for _ in 0..BATCH {
        let shown = world.run_for(&Principal::person(), "empty", Arc::<Person>::default()).await?;
        ensure!(shown.text().is_empty(), "{shown:?}");
    }
    Ok(start.elapsed())
}
