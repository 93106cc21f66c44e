//! Calls into a running compartment, on their way to it.

use std::collections::VecDeque;
use std::fmt;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::task::{Context as TaskContext, Poll, Waker};

use tokio::sync::oneshot;

use crate::context::{Held, give_back};
use crate::failure::Failure;
use crate::host::Host;
use crate::limits::Limits;
use crate::wit::Val;

/// What a call into a compartment ends with.
pub(crate) type Outcome<H> = Result<Option<Val<H>>, Failure>;

/// Calls the exports of one compartment while its invocation is under way, for instance an object that the plugin
/// made and handed out. Clones call the same compartment.
///
/// It is made before the invocation that it belongs to, which takes its other end, [`Calls`]. Calls wait until the
/// compartment is there, and until its guest waits for something itself; they run beside each other as far as the
/// guest's own functions allow it. They end with [`Failure::Ended`] when the invocation does. A call that traps ends
/// the whole invocation with its trap; one that is refused (no such export, wrong parameters, too much data) does it
/// no harm.
pub struct Caller<H: 'static>(Arc<Callers<H>>);

/// Where an invocation gets the calls of its [`Caller`] from. Dropping it ends them all.
pub struct Calls<H: 'static>(Arc<Queue<H>>);

impl<H: Send + Sync + 'static> Caller<H> {
    /// Makes a caller for an invocation to come, with as many unanswered calls at once as
    /// [`Limits::pending_calls`] says.
    pub fn channel(limits: &Limits) -> (Caller<H>, Calls<H>) {
        let queue = Arc::new(Queue { limit: limits.pending_calls, state: Mutex::new(State::default()) });
        (Caller(Arc::new(Callers(Arc::clone(&queue)))), Calls(queue))
    }

    /// Calls an exported function; names are as for [`Component::invoke`](crate::Component::invoke).
    ///
    /// The call is on its way when this returns. Dropping the future gives its result up, and nothing else: a guest's
    /// function cannot be interrupted by itself. Handles in parameters that do not get into the compartment are given
    /// back to the invocation's host, or just dropped if that is gone.
    pub fn call(
        &self,
        interface: impl Into<String>,
        function: impl Into<String>,
        params: Vec<Val<H>>,
    ) -> Called<H> {
        let queue = &self.0.0;
        let (answer, outcome) = oneshot::channel();
        let mut state = queue.lock();
        let refused = if state.ended {
            Some(Failure::Ended)
        } else if state.pending >= queue.limit {
            Some(Failure::Congested { limit: queue.limit })
        } else {
            None
        };
        match refused {
            None => {
                state.pending += 1;
                state.waiting.push_back(Request {
                    interface: interface.into(),
                    function: function.into(),
                    params,
                    answer,
                    _pending: Pending(Arc::clone(queue)),
                });
                let waker = state.waker.take();
                drop(state);
                if let Some(waker) = waker {
                    waker.wake();
                }
            }
            Some(failure) => {
                drop(state);
                let _ = answer.send(Err(failure));
                queue.give_back(params);
            }
        }
        Called { outcome, queue: Arc::clone(queue) }
    }
}

impl<H: 'static> Clone for Caller<H> {
    fn clone(&self) -> Self {
        Caller(Arc::clone(&self.0))
    }
}

impl<H: 'static> fmt::Debug for Caller<H> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Caller").finish_non_exhaustive()
    }
}

impl<H: 'static> fmt::Debug for Calls<H> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Calls").finish_non_exhaustive()
    }
}

/// All clones of one caller. Without any, a guest that waits for nothing but calls can be told that none will come.
struct Callers<H: 'static>(Arc<Queue<H>>);

impl<H: 'static> Drop for Callers<H> {
    fn drop(&mut self) {
        let mut state = self.0.lock();
        state.closed = true;
        let waker = state.waker.take();
        drop(state);
        if let Some(waker) = waker {
            waker.wake();
        }
    }
}

/// A call under way: ends with what the exported function returns.
#[must_use = "the call is made, but its result is lost"]
pub struct Called<H: 'static> {
    outcome: oneshot::Receiver<Outcome<H>>,
    queue: Arc<Queue<H>>,
}

impl<H: 'static> Future for Called<H> {
    type Output = Result<Option<Val<H>>, Failure>;

    fn poll(mut self: Pin<&mut Self>, task: &mut TaskContext<'_>) -> Poll<Self::Output> {
        Pin::new(&mut self.outcome).poll(task).map(|answered| answered.unwrap_or(Err(Failure::Ended)))
    }
}

/// A result that nobody took has handles in it all the same.
impl<H: 'static> Drop for Called<H> {
    fn drop(&mut self) {
        self.outcome.close();
        if let Ok(Ok(Some(value))) = self.outcome.try_recv() {
            self.queue.give_back([value]);
        }
    }
}

/// A call that has not reached the guest yet.
pub(crate) struct Request<H: 'static> {
    pub(crate) interface: String,
    pub(crate) function: String,
    params: Vec<Val<H>>,
    answer: oneshot::Sender<Outcome<H>>,
    _pending: Pending<H>,
}

impl<H: 'static> Request<H> {
    /// Whether nobody waits for it any more.
    pub(crate) fn is_abandoned(&self) -> bool {
        self.answer.is_closed()
    }

    /// Takes the parameters out.
    pub(crate) fn take(&mut self, host: &Arc<dyn Host<H>>) -> Held<H> {
        Held::new(std::mem::take(&mut self.params), Arc::clone(host))
    }

    /// Answers it.
    pub(crate) fn answer(self, outcome: Outcome<H>, host: &dyn Host<H>) {
        if let Err(Ok(Some(unwanted))) = self.answer.send(outcome) {
            give_back([unwanted], host);
        }
    }
}

/// One of the calls that may be unanswered at once.
struct Pending<H: 'static>(Arc<Queue<H>>);

impl<H: 'static> Drop for Pending<H> {
    fn drop(&mut self) {
        let mut state = self.0.lock();
        state.pending = state.pending.saturating_sub(1);
    }
}

impl<H: 'static> Calls<H> {
    /// Tells whose compartment it is, so that what does not get there can be given back.
    pub(crate) fn belongs_to(&self, host: &Arc<dyn Host<H>>) {
        self.0.lock().host = Some(Arc::downgrade(host));
    }

    /// The next call; `None` when there is none and nobody is left to make one.
    pub(crate) fn poll_next(&self, task: &mut TaskContext<'_>) -> Poll<Option<Request<H>>> {
        let mut state = self.0.lock();
        if let Some(request) = state.waiting.pop_front() {
            return Poll::Ready(Some(request));
        }
        if state.closed {
            return Poll::Ready(None);
        }
        state.waker = Some(task.waker().clone());
        Poll::Pending
    }
}

impl<H: 'static> Drop for Calls<H> {
    fn drop(&mut self) {
        let mut state = self.0.lock();
        state.ended = true;
        let (waiting, waker) = (std::mem::take(&mut state.waiting), state.waker.take());
        drop(state);
        drop(waker);
        for mut request in waiting {
            self.0.give_back(std::mem::take(&mut request.params));
        }
    }
}

struct Queue<H: 'static> {
    limit: usize,
    state: Mutex<State<H>>,
}

struct State<H: 'static> {
    host: Option<Weak<dyn Host<H>>>,
    waiting: VecDeque<Request<H>>,
    /// Calls that are not answered, waiting ones included.
    pending: usize,
    /// No caller is left.
    closed: bool,
    /// No compartment is left.
    ended: bool,
    waker: Option<Waker>,
}

impl<H: 'static> Default for State<H> {
    fn default() -> Self {
        State { host: None, waiting: VecDeque::new(), pending: 0, closed: false, ended: false, waker: None }
    }
}

impl<H: 'static> Queue<H> {
    fn lock(&self) -> MutexGuard<'_, State<H>> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn give_back(&self, values: impl IntoIterator<Item = Val<H>>) {
        let host = self.lock().host.as_ref().and_then(Weak::upgrade);
        match host {
            Some(host) => give_back(values, &*host),
            None => drop(values),
        }
    }
}
