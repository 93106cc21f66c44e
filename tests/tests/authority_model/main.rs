//! Random grants, calls, passing around of references, restarts and turned clocks, against a small model that knows
//! nothing of how any of it is done.
//!
//! After each step the outcome is the one that the model foretells, references are the same objects exactly where the
//! model says so, what the objects saw is what they should have seen, and the record tells just that.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "this is a test, helpers included"
)]

mod agents;
mod model;
mod record;
mod rules;
mod steps;
mod stored;
mod thing;
mod world;

use proptest::prelude::*;
use proptest::test_runner::TestCaseResult;

use model::Model;
use steps::{Step, step};
use world::{Record, World};

fn config(cases: u32) -> ProptestConfig {
    ProptestConfig { failure_persistence: None, max_shrink_iters: 4000, ..ProptestConfig::with_cases(cases) }
}

proptest! {
    #![proptest_config(config(512))]

    #[test]
    fn a_call_succeeds_exactly_if_the_model_says_it_may(steps in prop::collection::vec(step(), 1..50)) {
        run(&steps, Record::InMemory)?;
    }
}

proptest! {
    #![proptest_config(config(64))]

    #[test]
    fn the_audit_log_tells_exactly_what_happened(steps in prop::collection::vec(step(), 1..40)) {
        run(&steps, Record::OnDisk)?;
    }
}

/// Runs a test of a whole host.
fn on_threads(test: impl Future<Output = TestCaseResult>) -> TestCaseResult {
    tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap().block_on(test)
}

fn run(steps: &[Step], record: Record) -> TestCaseResult {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        let (mut model, mut world) = (Model::new(), World::new(record));
        // Everything that is held at the end is tried once more.
        let last = world::probes();
        for step in steps.iter().chain(&last) {
            world.take(step, &mut model).await?;
            prop_assert_eq!(world.live(), model.live(), "which grants live");
            prop_assert_eq!(world.recorded(), &*model.records, "what is recorded");
            world.compare_effects(&model)?;
        }
        // What is on disk is the same, read by who was not there.
        let told = world.recorded().to_vec();
        let read = world.close();
        prop_assert_eq!(read.unwrap_or_else(|| told.clone()), told);
        let arrived = model.records.iter().filter(|line| line.arrives).count();
        prop_assert_eq!(
            arrived + model.among,
            model.effects.len(),
            "each effect has its line, and each line its effect"
        );
        Ok(())
    })
}
