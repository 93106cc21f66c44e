//! An invocation under way, measured wherever it is polled.

use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context as TaskContext, Poll};
use std::time::{Duration, Instant};

use crate::engine::Engine;
use crate::limits::SLICE;
use crate::meter::Meter;

/// A sixteenth of the time that a compartment waits is taken off what counts against its slice.
const RECOVERY: u32 = 16;

/// However much a compartment used, after a quarter of a second of waiting it is as good as new.
const MOST: Duration = SLICE.saturating_mul(8);

/// Why a future has no output.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Halt {
    /// The limit of processor time was reached.
    OutOfCpu,
    /// The threads that polled it are gone.
    Lost,
}

/// A future with the processor time it used, which gives up above its limit.
///
/// Guests yield every [`TICK`](crate::TICK), so the limit is overrun by that at most.
pub(crate) struct Measured<T> {
    run: Pin<Box<dyn Future<Output = T> + Send>>,
    engine: Engine,
    meter: Arc<Meter>,
    limit: Duration,
    /// What it used lately. Unlike the meter's sum it shrinks again.
    recent: Duration,
    /// When that was last up to date.
    seen: Instant,
}

impl<T> Measured<T> {
    pub(crate) fn new(
        engine: Engine,
        meter: Arc<Meter>,
        limit: Duration,
        run: impl Future<Output = T> + Send + 'static,
    ) -> Measured<T> {
        let seen = meter.made();
        Measured { run: Box::pin(run), engine, meter, limit, recent: Duration::ZERO, seen }
    }

    pub(crate) fn engine(&self) -> &Engine {
        &self.engine
    }

    /// Whether it still runs after its slice. What only waits is not greedy, however much it used before.
    pub(crate) fn is_greedy(&self) -> bool {
        self.meter.yielded() && self.recent >= SLICE
    }

    /// Whether it has waited so long that what it used before is forgotten.
    pub(crate) fn is_calm(&mut self) -> bool {
        self.rest();
        self.recent.is_zero()
    }

    fn rest(&mut self) {
        // A guest that was made to yield did not wait, even if others ran meanwhile.
        if self.recent.is_zero() || self.meter.yielded() {
            return;
        }
        let now = Instant::now();
        self.recent = self.recent.saturating_sub(now.duration_since(self.seen) / RECOVERY);
        self.seen = now;
    }
}

impl<T> Future for Measured<T> {
    type Output = Result<T, Halt>;

    fn poll(mut self: Pin<&mut Self>, task: &mut TaskContext<'_>) -> Poll<Result<T, Halt>> {
        let this = &mut *self;
        this.rest();
        // Without a ticker nothing is started, so there is one.
        let _running = this.engine.ticker().ok().map(|ticker| ticker.run());
        this.meter.begin();
        if let Poll::Ready(output) = this.run.as_mut().poll(task) {
            return Poll::Ready(Ok(output));
        }
        this.recent = (this.recent + this.meter.end()).min(MOST);
        this.seen = Instant::now();
        if this.meter.cpu() >= this.limit { Poll::Ready(Err(Halt::OutOfCpu)) } else { Poll::Pending }
    }
}

#[cfg(test)]
mod tests {
    use std::future::poll_fn;
    use std::task::Waker;

    use super::*;
    use crate::engine::EngineOptions;

    /// A future that takes so much processor time at each poll, and says that it was made to yield.
    fn measured(each: Duration, yields: bool) -> Measured<()> {
        let meter = Arc::new(Meter::new());
        let shared = Arc::clone(&meter);
        let work = poll_fn(move |_| {
            let (before, _) = shared.read();
            while shared.read().0 - before < each {}
            if yields {
                shared.yields();
            }
            Poll::Pending
        });
        let engine = Engine::new(EngineOptions::default()).unwrap();
        Measured::new(engine, meter, SLICE * 20, work)
    }

    fn poll(measured: &mut Measured<()>) -> Poll<Result<(), Halt>> {
        Pin::new(measured).poll(&mut TaskContext::from_waker(Waker::noop()))
    }

    #[test]
    fn what_still_runs_after_its_slice_is_greedy_until_it_waits() {
        let mut measured = measured(SLICE / 4, true);
        assert!(poll(&mut measured).is_pending() && !measured.is_greedy() && !measured.is_calm());
        while poll(&mut measured).is_pending() && measured.meter.cpu() < SLICE * 10 {}
        assert!(measured.is_greedy() && measured.recent == MOST);
        // Others ran meanwhile, which is not its merit.
        std::thread::sleep(SLICE);
        assert!(measured.is_greedy() && !measured.is_calm());
        measured.meter.begin();
        measured.meter.end();
        assert!(!measured.is_greedy() && !measured.is_calm());
        measured.seen -= MOST * RECOVERY;
        assert!(measured.is_calm());
        while poll(&mut measured).is_pending() {}
        assert_eq!(poll(&mut measured), Poll::Ready(Err(Halt::OutOfCpu)));
    }

    #[test]
    fn what_does_a_little_now_and_then_is_not_greedy() {
        let mut measured = measured(SLICE / 4, false);
        for _ in 0..40 {
            assert!(poll(&mut measured).is_pending());
            assert!(!measured.is_greedy());
            measured.seen -= SLICE * RECOVERY;
        }
        assert!(measured.is_calm());
    }
}
