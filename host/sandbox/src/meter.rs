//! The clock of one invocation.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use rustix::time::{ClockId, clock_gettime};

/// Between two polls there is no time at which a poll began.
const NONE: u64 = u64::MAX;

/// Below this, the time of a poll stands for its processor time: asking for that costs as much as a tenth of it.
const SHORT: u64 = 50_000;

/// Measures the processor time of an invocation, poll by poll.
///
/// Time spent waiting is between polls and costs nothing, so a command may follow something for days. The invocation
/// and its store share one: an invocation knows its time while it runs, a store tells it when it is dropped. Only
/// whoever polls or drops the invocation writes, so no order between the fields is needed.
#[derive(Debug)]
pub(crate) struct Meter {
    made: Instant,
    /// All times are in nanoseconds.
    used: AtomicU64,
    /// When the poll under way began, since `made`, and in its thread's processor time.
    began: AtomicU64,
    began_cpu: AtomicU64,
    yielded: AtomicBool,
}

impl Meter {
    pub(crate) fn new() -> Meter {
        Meter {
            made: Instant::now(),
            used: AtomicU64::new(0),
            began: AtomicU64::new(NONE),
            began_cpu: AtomicU64::new(0),
            yielded: AtomicBool::new(false),
        }
    }

    /// When the invocation began.
    pub(crate) fn made(&self) -> Instant {
        self.made
    }

    /// A poll begins on this thread.
    pub(crate) fn begin(&self) {
        self.yielded.store(false, Ordering::Relaxed);
        self.began_cpu.store(processor_time(), Ordering::Relaxed);
        self.began.store(nanoseconds(self.made.elapsed()), Ordering::Relaxed);
    }

    /// The poll ends, on the same thread. Gives what it used.
    pub(crate) fn end(&self) -> Duration {
        let spent = self.running(nanoseconds(self.made.elapsed()));
        self.began.store(NONE, Ordering::Relaxed);
        self.used.fetch_add(spent, Ordering::Relaxed);
        Duration::from_nanos(spent)
    }

    /// The guest was made to yield: the poll ends because of that, not because it waits for something.
    pub(crate) fn yields(&self) {
        self.yielded.store(true, Ordering::Relaxed);
    }

    /// Whether the last poll ended because the guest was made to yield.
    pub(crate) fn yielded(&self) -> bool {
        self.yielded.load(Ordering::Relaxed)
    }

    /// The processor time used before the poll under way, if there is one.
    pub(crate) fn cpu(&self) -> Duration {
        Duration::from_nanos(self.used.load(Ordering::Relaxed))
    }

    /// The processor time used, that of a poll under way on this thread included, and the time since the invocation
    /// began.
    pub(crate) fn read(&self) -> (Duration, Duration) {
        let wall = self.made.elapsed();
        (self.cpu() + Duration::from_nanos(self.running(nanoseconds(wall))), wall)
    }

    /// What the poll under way used, `now` being the time since `made`.
    fn running(&self, now: u64) -> u64 {
        match self.began.load(Ordering::Relaxed) {
            NONE => 0,
            began if now.saturating_sub(began) < SHORT => now.saturating_sub(began),
            _ => processor_time().saturating_sub(self.began_cpu.load(Ordering::Relaxed)),
        }
    }
}

fn nanoseconds(duration: Duration) -> u64 {
    u64::try_from(duration.as_nanos()).unwrap_or(NONE - 1)
}

/// The processor time that this thread has used, in nanoseconds.
fn processor_time() -> u64 {
    let time = clock_gettime(ClockId::ThreadCPUTime);
    let (seconds, nanoseconds) = (u64::try_from(time.tv_sec), u64::try_from(time.tv_nsec));
    seconds.unwrap_or(0).saturating_mul(1_000_000_000).saturating_add(nanoseconds.unwrap_or(0))
}
