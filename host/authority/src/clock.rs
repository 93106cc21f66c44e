//! Time that never goes back, and never stands still.

use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Instant, SystemTime, UNIX_EPOCH};

/// Tells the time in milliseconds since 1970, never earlier than it told before, and never earlier than a start that
/// was remembered from before a restart.
///
/// A machine's clock that is set back so revives nothing that has expired, and does not stretch what has not: from the
/// latest time that was told, time goes on as this process runs. One that was wrong by years lets things expire too
/// early, which fails to the safe side.
#[derive(Clone)]
pub struct Clock(Arc<Inner>);

struct Inner {
    /// The machine's clock, which anybody may set.
    system: Box<dyn Fn() -> u64 + Send + Sync>,
    /// For how many milliseconds this process has run, which nobody can set.
    run: Box<dyn Fn() -> u64 + Send + Sync>,
    latest: Mutex<Told>,
}

/// The latest time that was told, and how long this process had run then.
#[derive(Clone, Copy, Default)]
struct Told {
    time: u64,
    run: u64,
}

impl Clock {
    /// The machine's clock, and beside it the time that this process has run.
    pub fn system() -> Self {
        let began = Instant::now();
        Self::of(
            || {
                let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
                u64::try_from(since.as_millis()).unwrap_or(u64::MAX)
            },
            move || u64::try_from(began.elapsed().as_millis()).unwrap_or(u64::MAX),
        )
    }

    /// A clock that asks a function, for tests. When the function goes back, this one stands still.
    pub fn with(system: impl Fn() -> u64 + Send + Sync + 'static) -> Self {
        Self::of(system, || 0)
    }

    fn of(
        system: impl Fn() -> u64 + Send + Sync + 'static,
        run: impl Fn() -> u64 + Send + Sync + 'static,
    ) -> Self {
        Self(Arc::new(Inner { system: Box::new(system), run: Box::new(run), latest: Mutex::default() }))
    }

    /// The time now.
    pub fn now(&self) -> u64 {
        let mut latest = self.latest();
        // Asked under the lock, so that what is told second is not earlier.
        let run = (self.0.run)();
        let by_run = latest.time.saturating_add(run.saturating_sub(latest.run));
        let time = (self.0.system)().max(by_run);
        *latest = Told { time, run };
        time
    }

    /// Takes note of a time that was told before a restart, or by another process.
    pub fn not_before(&self, time: u64) {
        let now = self.now();
        let mut latest = self.latest();
        if time > now.max(latest.time) {
            *latest = Told { time, run: (self.0.run)() };
        }
    }

    fn latest(&self) -> MutexGuard<'_, Told> {
        self.0.latest.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl fmt::Debug for Clock {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Clock").field(&self.now()).finish()
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicU64, Ordering};

    use super::*;

    fn settable(at: u64) -> (Arc<AtomicU64>, impl Fn() -> u64 + Send + Sync + 'static) {
        let time = Arc::new(AtomicU64::new(at));
        (Arc::clone(&time), move || time.load(Ordering::SeqCst))
    }

    #[test]
    fn a_clock_that_is_set_back_stands_still_and_one_set_forward_goes_on() {
        let (time, system) = settable(1000);
        let clock = Clock::with(system);
        assert_eq!(clock.now(), 1000);
        time.store(400, Ordering::SeqCst);
        assert_eq!(clock.now(), 1000);
        clock.not_before(700);
        assert_eq!(clock.now(), 1000, "what is noted does not turn it back either");
        clock.not_before(2000);
        assert_eq!(clock.now(), 2000);
        time.store(2500, Ordering::SeqCst);
        assert_eq!(clock.now(), 2500);
    }

    #[test]
    fn time_goes_on_as_the_process_runs_although_the_clock_was_set_back_before_a_restart() {
        let (time, system) = settable(5_000);
        let (ran, run) = settable(0);
        let clock = Clock::of(system, run);
        clock.not_before(1_000_000);
        assert_eq!(clock.now(), 1_000_000);
        ran.store(300, Ordering::SeqCst);
        time.store(5_300, Ordering::SeqCst);
        assert_eq!(clock.now(), 1_000_300, "an hour that is granted is an hour");
        // The clock is put right: no more than the right time is told.
        time.store(2_000_000, Ordering::SeqCst);
        assert_eq!(clock.now(), 2_000_000);
        ran.store(400, Ordering::SeqCst);
        assert_eq!(clock.now(), 2_000_100);
    }
}
