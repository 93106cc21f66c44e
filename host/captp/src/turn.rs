//! Turns: what is delivered while something is being delivered waits until that is done.
//!
//! A receiver that calls another local object, and a promise that settles and so lets queued calls go, would
//! otherwise nest on the stack as deep as a peer cares to make the chain.

use std::cell::{Cell, RefCell};
use std::collections::VecDeque;

type Job = Box<dyn FnOnce()>;

thread_local! {
    static RUNNING: Cell<bool> = const { Cell::new(false) };
    static JOBS: RefCell<VecDeque<Job>> = const { RefCell::new(VecDeque::new()) };
}

/// Runs a job now, and after it the jobs it left behind; inside another turn, leaves the job for later.
pub(crate) fn run(job: impl FnOnce() + 'static) {
    if RUNNING.get() {
        JOBS.with_borrow_mut(|jobs| jobs.push_back(Box::new(job)));
        return;
    }
    enter(job);
}

/// Runs a job now, whether or not this is inside a turn, and after the outermost one all that was left behind.
pub(crate) fn enter<T>(job: impl FnOnce() -> T) -> T {
    if RUNNING.get() {
        return job();
    }
    RUNNING.set(true);
    let turn = Turn;
    let result = job();
    while let Some(job) = JOBS.with_borrow_mut(VecDeque::pop_front) {
        job();
    }
    drop(turn);
    result
}

/// Ends the turn even if a job panics.
struct Turn;

impl Drop for Turn {
    fn drop(&mut self) {
        RUNNING.set(false);
    }
}
