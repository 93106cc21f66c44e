//! The thread that makes running code yield.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::mpsc::{self, RecvTimeoutError, SyncSender};

use crate::limits::TICK;

/// Ticks at none of which anything ran, after which the ticker sleeps until something does.
const IDLE_TICKS: u32 = 200;

/// A thread that moves an engine's epoch every [`TICK`] while guests run. It sleeps while they all wait, and ends
/// with the engine.
#[derive(Debug)]
pub(crate) struct Ticker {
    wake: SyncSender<()>,
    state: Arc<State>,
}

#[derive(Debug, Default)]
struct State {
    /// How many polls of invocations are under way.
    running: AtomicUsize,
    asleep: AtomicBool,
}

impl Ticker {
    pub(crate) fn start(engine: wasmtime::Engine) -> std::io::Result<Ticker> {
        let (wake, woken) = mpsc::sync_channel(1);
        let state = Arc::new(State::default());
        let shared = Arc::clone(&state);
        std::thread::Builder::new().name("powerbox-ticker".to_owned()).spawn(move || {
            let mut idle = 0;
            loop {
                match woken.recv_timeout(TICK) {
                    Err(RecvTimeoutError::Disconnected) => return,
                    Err(RecvTimeoutError::Timeout) => engine.increment_epoch(),
                    Ok(()) => {}
                }
                if shared.running.load(Ordering::SeqCst) > 0 {
                    idle = 0;
                    continue;
                }
                idle += 1;
                if idle < IDLE_TICKS {
                    continue;
                }
                idle = 0;
                // Whoever enters after this line sees it and wakes us; whoever entered before is seen here.
                shared.asleep.store(true, Ordering::SeqCst);
                if shared.running.load(Ordering::SeqCst) == 0 && woken.recv().is_err() {
                    return;
                }
                shared.asleep.store(false, Ordering::SeqCst);
            }
        })?;
        Ok(Ticker { wake, state })
    }

    /// Keeps the ticker going until the guard is dropped.
    pub(crate) fn run(&self) -> Running<'_> {
        self.state.running.fetch_add(1, Ordering::SeqCst);
        if self.state.asleep.load(Ordering::SeqCst) {
            // A full channel means that somebody woke it already.
            let _ = self.wake.try_send(());
        }
        Running(self)
    }
}

/// Keeps the ticker going.
pub(crate) struct Running<'a>(&'a Ticker);

impl Drop for Running<'_> {
    fn drop(&mut self) {
        self.0.state.running.fetch_sub(1, Ordering::SeqCst);
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::Ordering;
    use std::time::{Duration, Instant};

    use super::Ticker;

    /// Waits until it is so.
    fn until(what: &str, mut is: impl FnMut() -> bool) {
        let start = Instant::now();
        while !is() {
            assert!(start.elapsed() < Duration::from_secs(120), "{what}");
            std::thread::sleep(Duration::from_millis(1));
        }
    }

    #[test]
    fn the_ticker_sleeps_while_nothing_runs_and_wakes_for_what_does() {
        let ticker = Ticker::start(wasmtime::Engine::default()).unwrap();
        let asleep = || ticker.state.asleep.load(Ordering::SeqCst);
        until("it does not fall asleep", asleep);
        let running = ticker.run();
        until("it does not wake", || !asleep());
        std::thread::sleep(super::TICK * super::IDLE_TICKS * 2);
        assert!(!asleep(), "it sleeps while something runs");
        drop(running);
        until("it does not fall asleep again", asleep);
    }
}
