//! Plugins that take all the processor there is. That others hardly notice is measured by `cargo xtask bench membrane`;
//! here is shown that they go on, and that greed ends at its limit even where many are greedy.

use std::time::Duration;

use powerbox_tests::world::{LIMIT, World};

use crate::attack::{Came, Guard, attacks};
use crate::target::{outcome, world_with};

attacks! {
    four_that_spin by Word "processor time",
    one_that_spins_and_is_given_up by Word "given up",
}

/// Commands of others, one after the other, while something runs.
async fn others(world: &World, times: usize) {
    for _ in 0..times {
        assert_eq!(outcome(world, "empty").await, "");
    }
}

/// On one thread, as a program runs that stays: whoever does not yield stops everybody.
async fn four_that_spin(guard: Guard) -> Came {
    let cpu = if guard.is_up() { Duration::from_millis(300) } else { LIMIT };
    let world = world_with(|allowance| allowance.run.cpu = cpu).await;
    world.install("empty", &[]).await.unwrap();
    let spin = || outcome(&world, "spin --turns 400000000");
    let (one, two, three, four, ()) = tokio::join!(spin(), spin(), spin(), spin(), others(&world, 50));
    let all = [one, two, three, four];
    Came::aside(all.iter().all(|said| said == "dizzy"), all.join(" "))
}

/// Who gives up waiting for a plugin gives its processor back to others.
async fn one_that_spins_and_is_given_up(guard: Guard) -> Came {
    let world = world_with(|allowance| (allowance.run.cpu, allowance.concurrent) = (LIMIT, 1)).await;
    let spin = outcome(&world, "spin --turns 100000000");
    let said = match guard.is_up() {
        true => tokio::time::timeout(Duration::from_millis(50), spin).await.unwrap_or("given up".to_owned()),
        false => spin.await,
    };
    // Its place is free, so that it does not run any more.
    assert_eq!(outcome(&world, "ok").await, "ok");
    Came::aside(said == "dizzy", said)
}
