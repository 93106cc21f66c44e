//! Where compartments go on that turned out to be greedy.
//!
//! A short command runs on its caller's own task: nothing is quicker. One that runs longer would have everybody else
//! on that thread wait, again and again. So it moves to a few threads of the engine's, where such compartments take
//! turns, and moves back when it has waited for long enough.

use std::num::NonZero;
use std::pin::Pin;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, TryLockError};
use std::task::{Context as TaskContext, Poll};

use tokio::runtime::{Builder, Handle, Runtime};
use tokio::task::JoinHandle;

use crate::measured::{Halt, Measured};

/// How much lower the priority of the lane's threads is, as `nice` has it: where others want the processor, they get
/// a tenth of what others get.
#[cfg(target_os = "linux")]
const NICENESS: i32 = 10;

/// Threads for greedy compartments: one for two processors, at least one.
#[derive(Debug)]
pub(crate) struct SlowLane(Option<Runtime>);

impl SlowLane {
    /// Starts the threads; `None` if that is not possible.
    pub(crate) fn start() -> Option<SlowLane> {
        let processors = std::thread::available_parallelism().map_or(1, NonZero::get);
        let runtime = Builder::new_multi_thread()
            .worker_threads((processors / 2).max(1))
            .thread_name("powerbox-slow")
            .on_thread_start(lower_priority)
            .build();
        match runtime {
            Ok(runtime) => Some(SlowLane(Some(runtime))),
            Err(error) => {
                tracing::warn!(%error, "cannot start threads for long-running plugins: they will slow others");
                None
            }
        }
    }

    fn take<T: Send + 'static>(&self, measured: Measured<T>, home: Handle) -> Result<Ride<T>, Measured<T>> {
        let Some(runtime) = &self.0 else { return Err(measured) };
        let seat = Arc::new(Seat { measured: Mutex::new(Some(measured)), left: AtomicBool::new(false) });
        let task = runtime.spawn(Rider { seat: Arc::clone(&seat), home });
        Ok(Ride { seat, task })
    }
}

impl Drop for SlowLane {
    fn drop(&mut self) {
        // The last compartment may be dropped on any thread, one of the lane's included, so nothing is waited for.
        if let Some(runtime) = self.0.take() {
            runtime.shutdown_background();
        }
    }
}

/// Lowers the priority of this thread alone, which Linux can. Threads that it starts inherit that.
fn lower_priority() {
    #[cfg(target_os = "linux")]
    if let Err(error) = rustix::process::setpriority_process(None, NICENESS) {
        tracing::debug!(%error, "cannot lower a thread's priority");
    }
}

/// A future that runs on its caller's task unless it is greedy, and in the slow lane while it is.
///
/// Dropping it drops what it runs: at once, or if that runs in the lane right now, when it next yields.
pub(crate) struct Paced<T>(Place<T>);

enum Place<T> {
    Here(Measured<T>),
    Lane(Ride<T>),
    /// Over; or for a moment, between the other two.
    Nowhere,
}

impl<T> Paced<T> {
    pub(crate) fn new(measured: Measured<T>) -> Paced<T> {
        Paced(Place::Here(measured))
    }
}

impl<T: Send + 'static> Future for Paced<T> {
    type Output = Result<T, Halt>;

    fn poll(mut self: Pin<&mut Self>, task: &mut TaskContext<'_>) -> Poll<Result<T, Halt>> {
        loop {
            match &mut self.0 {
                Place::Here(measured) => {
                    if let Poll::Ready(output) = Pin::new(&mut *measured).poll(task) {
                        self.0 = Place::Nowhere;
                        return Poll::Ready(output);
                    }
                    if !measured.is_greedy() {
                        return Poll::Pending;
                    }
                    let engine = measured.engine().clone();
                    let (Some(lane), Ok(home)) = (engine.slow_lane(), Handle::try_current()) else {
                        return Poll::Pending;
                    };
                    let Place::Here(measured) = std::mem::replace(&mut self.0, Place::Nowhere) else {
                        return Poll::Pending;
                    };
                    match lane.take(measured, home) {
                        Ok(ride) => self.0 = Place::Lane(ride),
                        Err(measured) => {
                            self.0 = Place::Here(measured);
                            return Poll::Pending;
                        }
                    }
                }
                Place::Lane(ride) => {
                    let left = std::task::ready!(Pin::new(&mut ride.task).poll(task));
                    self.0 = Place::Nowhere;
                    match left {
                        Ok(Left::Over(output)) => return Poll::Ready(output),
                        Ok(Left::Calm(measured)) => self.0 = Place::Here(measured),
                        Err(error) => match error.try_into_panic() {
                            Ok(panic) => std::panic::resume_unwind(panic),
                            Err(_) => return Poll::Ready(Err(Halt::Lost)),
                        },
                    }
                }
                Place::Nowhere => return Poll::Ready(Err(Halt::Lost)),
            }
        }
    }
}

/// The caller's end of a stay in the lane.
struct Ride<T> {
    seat: Arc<Seat<T>>,
    task: JoinHandle<Left<T>>,
}

impl<T> Drop for Ride<T> {
    fn drop(&mut self) {
        self.seat.left.store(true, Ordering::SeqCst);
        // While it is being polled the seat is locked; then the thread that polls it sees that we left.
        self.seat.clear();
        self.task.abort();
    }
}

struct Seat<T> {
    measured: Mutex<Option<Measured<T>>>,
    /// Nobody waits for it any more.
    left: AtomicBool,
}

impl<T> Seat<T> {
    /// Drops what is in it, unless it is being polled.
    fn clear(&self) {
        let measured = match self.measured.try_lock() {
            Ok(mut measured) => measured.take(),
            Err(TryLockError::Poisoned(poisoned)) => poisoned.into_inner().take(),
            Err(TryLockError::WouldBlock) => None,
        };
        drop(measured);
    }

    fn lock(&self) -> MutexGuard<'_, Option<Measured<T>>> {
        self.measured.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The lane's end.
struct Rider<T> {
    seat: Arc<Seat<T>>,
    /// The caller's runtime, whose timers and sockets the host's answers use.
    home: Handle,
}

/// How a stay in the lane ended.
enum Left<T> {
    Over(Result<T, Halt>),
    Calm(Measured<T>),
}

impl<T> Future for Rider<T> {
    type Output = Left<T>;

    fn poll(self: Pin<&mut Self>, task: &mut TaskContext<'_>) -> Poll<Left<T>> {
        let _home = self.home.enter();
        let mut seat = self.seat.lock();
        let Some(measured) = &mut *seat else { return Poll::Ready(Left::Over(Err(Halt::Lost))) };
        if measured.is_calm()
            && let Some(measured) = seat.take()
        {
            return Poll::Ready(Left::Calm(measured));
        }
        let Some(measured) = &mut *seat else { return Poll::Ready(Left::Over(Err(Halt::Lost))) };
        if let Poll::Ready(output) = Pin::new(measured).poll(task) {
            *seat = None;
            return Poll::Ready(Left::Over(output));
        }
        drop(seat);
        if self.seat.left.load(Ordering::SeqCst) {
            self.seat.clear();
        }
        Poll::Pending
    }
}
