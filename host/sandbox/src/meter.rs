//! The clock of one invocation.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use rustix::time::{ClockId, clock_gettime};

use crate::limits::TICK;

/// Between two polls there is no time at which a poll began.
const NONE: u64 = u64::MAX;

/// An invocation that used less than this, in nanoseconds, is charged the time of its polls instead of their processor
/// time: to ask for that twice would cost a short command some percent of its time.
const SHORT: u64 = 250_000;

/// The most that it is charged for one poll: no guest runs longer than a tick, but its thread may be interrupted.
const MOST: u64 = TICK.as_nanos() as u64;

/// Measures the processor time of an invocation, poll by poll.
///
/// Time spent waiting is between polls and costs nothing, so a command may follow something for days. The invocation
/// and its store share one: an invocation knows its time while it runs, a store tells it when it is dropped. Only
/// whoever polls or drops the invocation writes, so no order between the fields is needed.
#[derive(Debug)]
pub(crate) struct Meter {
    made: Instant,
    /// In nanoseconds, as all times here.
    used: AtomicU64,
    /// When the poll under way began, since `made`; `NONE` between polls.
    began: AtomicU64,
    /// The same in its thread's processor time; `NONE` if that was not asked for.
    began_cpu: AtomicU64,
    yielded: AtomicBool,
}

impl Meter {
    pub(crate) fn new() -> Meter {
        Meter {
            made: Instant::now(),
            used: AtomicU64::new(0),
            began: AtomicU64::new(NONE),
            began_cpu: AtomicU64::new(NONE),
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
        self.began.store(nanoseconds(self.made.elapsed()), Ordering::Relaxed);
        let short = self.used.load(Ordering::Relaxed) < SHORT;
        self.began_cpu.store(if short { NONE } else { processor_time() }, Ordering::Relaxed);
    }

    /// The poll ends, on the same thread. Gives what it used.
    pub(crate) fn end(&self) -> Duration {
        let spent = self.running(self.made.elapsed());
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
        (self.cpu() + Duration::from_nanos(self.running(wall)), wall)
    }

    /// What the poll under way used, `now` being the time since `made`.
    fn running(&self, now: Duration) -> u64 {
        match (self.began.load(Ordering::Relaxed), self.began_cpu.load(Ordering::Relaxed)) {
            (NONE, _) => 0,
            (began, NONE) => nanoseconds(now).saturating_sub(began).min(MOST),
            (_, began) => processor_time().saturating_sub(began),
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
