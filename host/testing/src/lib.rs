//! A test bench for plugins: a scenario says what there is, what is run and what must come of it; the bench runs it with
//! the same registry, bridge, membrane, grants and audit as in production, over a daemon whose objects do what the
//! scenario says.
//!
//! It knows neither files nor terminals: scenarios come as data and go as reports, and whoever calls says how output is
//! shown.

mod bench;
pub use bench::{Bench, BenchError, Show, Shown};

mod compare;
pub use compare::Golden;

mod daemon;

mod guest;
pub use guest::Guest;

mod held;
pub use held::{Answer, Held};

mod outside;

mod person;

mod prepare;

mod read;
pub use read::ScenarioError;

mod report;
pub use report::{Mismatch, Report, StepReport};

mod scenario;
pub use scenario::{Binding, Narrowed, Page, Scenario, Step, Word};

mod scripted;
