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

/// So many turns take far more processor time than [`LITTLE`] on any machine, and far less than [`LIMIT`].
const TURNS: u32 = 200_000_000;

/// So much processor time, however long a busy machine takes to give it.
const LITTLE: Duration = Duration::from_millis(20);

/// On one thread, as a program runs that stays: whoever does not yield stops everybody.
async fn four_that_spin(guard: Guard) -> Came {
    let cpu = if guard.is_up() { LITTLE } else { LIMIT };
    let world = world_with(|allowance| allowance.run.cpu = cpu).await;
    world.install("empty", &[]).await.unwrap();
    let line = format!("spin --turns {TURNS}");
    let spin = || outcome(&world, &line);
    let (one, two, three, four, ()) = tokio::join!(spin(), spin(), spin(), spin(), others(&world, 50));
    let all = [one, two, three, four];
    Came::aside(all.iter().all(|said| said == "dizzy"), all.join(" "))
}

/// Who gives up waiting for a plugin gives its processor back to others.
async fn one_that_spins_and_is_given_up(guard: Guard) -> Came {
    let world = world_with(|allowance| (allowance.run.cpu, allowance.concurrent) = (LIMIT, 1)).await;
    world.install("empty", &[]).await.unwrap();
    // Nobody can wait for the end of the one that is given up.
    let line = if guard.is_up() { "spin".to_owned() } else { format!("spin --turns {TURNS}") };
    let spin = outcome(&world, &line);
    let said = match guard.is_up() {
        true => tokio::select! {
            biased;
            said = spin => said,
            // It has begun, and others had their turn since.
            () = others(&world, 20) => "given up".to_owned(),
        },
        false => spin.await,
    };
    // Its place is free, so that it does not run any more.
    assert_eq!(outcome(&world, "ok").await, "ok");
    Came::aside(said == "dizzy", said)
}
