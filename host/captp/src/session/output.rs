use std::pin::Pin;
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};
use std::task::{Context, Poll, Waker};

use futures_util::task::AtomicWaker;
use tokio::io::AsyncWrite;
use tokio::sync::Notify;

use super::Writer;
use crate::link::Link;

/// With fewer calls outstanding, a task that waits for its answer writes the call itself. With more, tasks tend to
/// call in turn, and one write for all of them is cheaper.
const FEW: usize = 4;

/// How much room is kept for writing when there is nothing to write.
const KEEP: usize = 256 << 10;

/// The writing half of a session: any task may write, but one at a time.
pub(crate) struct Output {
    writing: Mutex<Writing>,
    /// There are bytes in the connection that no buffer here has taken.
    dirty: AtomicBool,
    /// Bytes that were taken and not written, all of them and those of answers.
    unsent: AtomicUsize,
    unsent_answers: AtomicUsize,
    /// Bytes that were ever written.
    written: AtomicU64,
    /// The reading task is at work, and will write when it is done.
    reading: AtomicBool,
    driver: AtomicWaker,
    /// Tasks that wait for room.
    waiting: AtomicUsize,
    progress: Notify,
    finished: AtomicBool,
}

struct Writing {
    writer: Option<Writer>,
    buffer: Vec<u8>,
    written: usize,
    answers: usize,
    /// The socket takes no more; it will wake the reading task.
    blocked: bool,
    waker: Waker,
}

/// What came of writing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Flushed {
    All,
    Blocked,
    Failed,
}

impl Output {
    pub(super) fn new(writer: Writer) -> Self {
        Self {
            writing: Mutex::new(Writing {
                writer: Some(writer),
                buffer: Vec::new(),
                written: 0,
                answers: 0,
                blocked: false,
                waker: Waker::noop().clone(),
            }),
            dirty: AtomicBool::new(false),
            unsent: AtomicUsize::new(0),
            unsent_answers: AtomicUsize::new(0),
            written: AtomicU64::new(0),
            reading: AtomicBool::new(false),
            driver: AtomicWaker::new(),
            waiting: AtomicUsize::new(0),
            progress: Notify::new(),
            finished: AtomicBool::new(false),
        }
    }

    /// Takes note that the connection has bytes to send.
    pub(crate) fn queued(&self) {
        // The reading task writes anyway when it is done; the first to queue something else wakes it.
        if !self.dirty.swap(true, Ordering::SeqCst) && !self.reading.load(Ordering::SeqCst) {
            self.driver.wake();
        }
    }

    /// Wakes the reading task.
    pub(crate) fn wake(&self) {
        self.driver.wake();
    }

    /// Writes what waits, unless so much is going on that the reading task does it better.
    pub(crate) fn flush_for_waiter(&self, link: &Link) {
        if self.dirty.load(Ordering::SeqCst)
            && !self.reading.load(Ordering::SeqCst)
            && link.outstanding() <= FEW
        {
            self.flush(link, None);
        }
    }

    /// Registers the reading task, and tells whether it is at work.
    pub(super) fn register(&self, cx: &Context<'_>) {
        self.driver.register(cx.waker());
    }

    pub(super) fn set_reading(&self, reading: bool) {
        self.reading.store(reading, Ordering::SeqCst);
    }

    pub(super) fn unsent_answers(&self) -> usize {
        self.unsent_answers.load(Ordering::SeqCst)
    }

    pub(super) fn written(&self) -> u64 {
        self.written.load(Ordering::Relaxed)
    }

    /// Writes as much as the socket takes. Only the reading task gives a waker, which the socket wakes later.
    pub(super) fn flush(&self, link: &Link, waker: Option<&Waker>) -> Flushed {
        loop {
            let flushed = match (waker, self.writing.try_lock()) {
                (_, Ok(mut writing)) => writing.flush(self, link, waker),
                // The reading task must not miss its waking.
                (Some(_), Err(std::sync::TryLockError::WouldBlock)) => {
                    self.writing.lock().unwrap_or_else(PoisonError::into_inner).flush(self, link, waker)
                }
                (None, Err(std::sync::TryLockError::WouldBlock)) => return Flushed::Blocked,
                (_, Err(std::sync::TryLockError::Poisoned(writing))) => {
                    writing.into_inner().flush(self, link, waker)
                }
            };
            if self.waiting.load(Ordering::SeqCst) > 0 {
                self.progress.notify_waiters();
            }
            // Whoever queued something while this task held the lock has left it to this task.
            if flushed != Flushed::All || !self.dirty.load(Ordering::SeqCst) {
                return flushed;
            }
        }
    }

    /// Closes the writing half.
    pub(super) fn poll_shutdown(&self, cx: &mut Context<'_>) -> Poll<()> {
        let mut writing = self.writing.lock().unwrap_or_else(PoisonError::into_inner);
        match &mut writing.writer {
            Some(writer) => Pin::new(writer).poll_shutdown(cx).map(|_| ()),
            None => Poll::Ready(()),
        }
    }

    /// Takes note that nothing more will be written.
    pub(super) fn finish(&self) {
        let mut writing = self.writing.lock().unwrap_or_else(PoisonError::into_inner);
        writing.writer = None;
        writing.buffer = Vec::new();
        drop(writing);
        self.unsent.store(0, Ordering::SeqCst);
        self.unsent_answers.store(0, Ordering::SeqCst);
        self.finished.store(true, Ordering::SeqCst);
        self.progress.notify_waiters();
    }

    pub(super) async fn finished(&self) {
        self.wait_until(|_| self.finished.load(Ordering::SeqCst)).await;
    }

    /// Waits for a condition that writing, or an answer, may bring about. The condition is given how many bytes were
    /// taken and not written.
    pub(crate) async fn wait_until(&self, condition: impl Fn(usize) -> bool) {
        let met = || condition(self.unsent.load(Ordering::SeqCst));
        if met() {
            return;
        }
        let _waiting = Waiting::new(&self.waiting);
        loop {
            let progress = self.progress.notified();
            if met() {
                return;
            }
            progress.await;
        }
    }

    /// Tells those who wait that something else than writing has happened.
    pub(super) fn tell_waiting(&self) {
        if self.waiting.load(Ordering::SeqCst) > 0 {
            self.progress.notify_waiters();
        }
    }
}

impl Writing {
    fn flush(&mut self, output: &Output, link: &Link, waker: Option<&Waker>) -> Flushed {
        match waker {
            Some(waker) => {
                self.blocked = false;
                if !self.waker.will_wake(waker) {
                    self.waker = waker.clone();
                }
            }
            None if self.blocked => return Flushed::Blocked,
            None => {}
        }
        loop {
            if self.written == self.buffer.len() {
                self.buffer.clear();
                self.buffer.shrink_to(KEEP);
                self.written = 0;
                output.dirty.store(false, Ordering::SeqCst);
                self.answers = link.poll_transmit(&mut self.buffer);
                output.unsent.store(self.buffer.len(), Ordering::SeqCst);
                output.unsent_answers.store(self.answers, Ordering::SeqCst);
                if self.buffer.is_empty() {
                    return Flushed::All;
                }
            }
            let Some(writer) = &mut self.writer else { return Flushed::Failed };
            let rest = self.buffer.get(self.written..).unwrap_or_default();
            match Pin::new(writer).poll_write(&mut Context::from_waker(&self.waker), rest) {
                Poll::Ready(Ok(count @ 1..)) => {
                    self.written += count;
                    output.written.fetch_add(count as u64, Ordering::Relaxed);
                    let left = self.buffer.len() - self.written;
                    output.unsent.store(left, Ordering::SeqCst);
                    output.unsent_answers.store(self.answers.min(left), Ordering::SeqCst);
                }
                Poll::Ready(Ok(_) | Err(_)) => {
                    // The reading task finds out the same way, and ends the session.
                    self.waker.wake_by_ref();
                    self.writer = None;
                    return Flushed::Failed;
                }
                Poll::Pending => {
                    self.blocked = true;
                    return Flushed::Blocked;
                }
            }
        }
    }
}

/// Counts a task that waits, for as long as it does.
struct Waiting<'a>(&'a AtomicUsize);

impl<'a> Waiting<'a> {
    fn new(count: &'a AtomicUsize) -> Self {
        count.fetch_add(1, Ordering::SeqCst);
        Self(count)
    }
}

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::SeqCst);
    }
}
