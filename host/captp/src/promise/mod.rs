//! Promises: results that are not there yet, and queues of what is to be done with them.
//!
//! One cell serves four purposes: the answer of a call, a promise made here with a [`Resolver`], a promise imported
//! from a peer, and the answer a peer waits for. A message to a promise of a peer that is still open goes to the peer
//! at once; one to an open promise of this side waits here, in order.

mod chain;

use std::collections::VecDeque;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::task::{Context, Poll, Waker};

use crate::delivery;
use crate::link::Link;
use crate::object::{Kind, Object};
use crate::protocol::{AnswerId, ExportId, QuestionId};
use crate::remote::Remote;
use crate::{CallError, Message, Value, turn};

/// How a promise turned out.
pub(crate) type Outcome = Result<Value, CallError>;

pub(crate) struct Promise {
    route: Route,
    state: Mutex<State>,
    /// Whether the peer is told when this is gone, because it keeps the answer for calls on it.
    tells: AtomicBool,
}

impl Drop for Promise {
    fn drop(&mut self) {
        if let Route::Question(link, question) = &self.route
            && *self.tells.get_mut()
        {
            link.release_answer(*question);
        }
    }
}

/// Where messages go while the promise is open.
pub(crate) enum Route {
    /// Into the queue here.
    Queue,
    /// To the peer, on the question whose answer this is.
    Question(Arc<Link>, QuestionId),
    /// To the peer, on its promise.
    Import(Remote),
}

#[derive(Default)]
struct State {
    outcome: Option<Outcome>,
    /// Set as soon as the promise can only be settled by what it was resolved to.
    resolved: bool,
    /// While that is an open promise: the end of the chain that begins there, or a promise on the way to it.
    follows: Option<Weak<Promise>>,
    /// Messages leave the queue after the settlement one by one; until the last has left, others queue up behind.
    draining: bool,
    queue: VecDeque<(Message, Arc<Promise>)>,
    waker: Option<Waker>,
    watchers: Vec<Watcher>,
}

/// Who is told of the settlement, in the order of asking.
pub(crate) enum Watcher {
    Wake(Waker),
    /// A promise resolved to this one.
    Promise(Arc<Promise>),
    /// A peer that asked.
    Answer(Weak<Link>, AnswerId),
    /// A peer that this promise was sent to.
    Export(Weak<Link>, ExportId),
}

/// How many messages may wait for one promise of this side: stops a loop that pipelines into the void.
const QUEUE: usize = 1 << 16;

impl Promise {
    pub(crate) fn new(route: Route) -> Arc<Self> {
        Arc::new(Self { route, state: Mutex::default(), tells: AtomicBool::new(false) })
    }

    pub(crate) fn settled(outcome: Outcome) -> Arc<Self> {
        let state = State { outcome: Some(outcome), resolved: true, ..State::default() };
        Arc::new(Self { route: Route::Queue, state: Mutex::new(state), tells: AtomicBool::new(false) })
    }

    /// Has the peer told when nobody can call the answer by its question any more: while this lives, somebody may be
    /// about to.
    pub(crate) fn tell_when_gone(&self) {
        self.tells.store(true, Ordering::Release);
    }

    pub(crate) fn route(&self) -> &Route {
        &self.route
    }

    pub(crate) fn is_remote(&self) -> bool {
        !matches!(self.route, Route::Queue)
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Gives the outcome, if it is known and every message that came before it is on its way.
    pub(crate) fn outcome(&self) -> Option<Outcome> {
        self.lock().outcome.clone()
    }

    /// Tells whether something waits for the outcome that does not hold the promise.
    fn is_awaited(&self) -> bool {
        // Whoever holds the lock is about to use the promise.
        let Ok(state) = self.state.try_lock() else { return true };
        let alive = |watcher: &Watcher| matches!(watcher, Watcher::Promise(_)) || watcher.is_alive();
        !state.queue.is_empty() || state.waker.is_some() || state.watchers.iter().any(alive)
    }

    /// Waits for the outcome.
    pub(crate) fn poll(&self, cx: &Context<'_>) -> Poll<Outcome> {
        let mut state = self.lock();
        if let Some(outcome) = &state.outcome {
            return Poll::Ready(outcome.clone());
        }
        match &mut state.waker {
            Some(waker) if waker.will_wake(cx.waker()) => {}
            Some(_) => state.watch(Watcher::Wake(cx.waker().clone())),
            empty => *empty = Some(cx.waker().clone()),
        }
        Poll::Pending
    }

    /// Takes the outcome out without a copy, if nobody else can see the promise.
    pub(crate) fn take(self: &mut Arc<Self>) -> Option<Outcome> {
        let state = Arc::get_mut(self)?.state.get_mut().unwrap_or_else(PoisonError::into_inner);
        state.outcome.take()
    }

    /// Has a watcher told of the outcome, at once if it is known.
    pub(crate) fn watch(self: &Arc<Self>, watcher: Watcher) {
        let mut state = self.lock();
        match state.outcome.clone() {
            None => {
                let for_peer = matches!(watcher, Watcher::Export(..)) && state.follows.is_some();
                state.watch(watcher);
                drop(state);
                if for_peer {
                    self.tell_peers(&self.end());
                }
            }
            Some(outcome) => {
                drop(state);
                turn::run(move || watcher.tell(outcome));
            }
        }
    }

    /// Delivers a message to what the promise comes to.
    pub(crate) fn deliver(self: &Arc<Self>, message: Message) -> Arc<Self> {
        let mut state = self.lock();
        match &state.outcome {
            Some(outcome) if !state.draining => {
                let outcome = outcome.clone();
                drop(state);
                delivery::to_outcome(outcome, message)
            }
            None if self.is_remote() => {
                drop(state);
                match &self.route {
                    Route::Question(link, question) => link.call_question(*question, message),
                    Route::Import(remote) => remote.call(message),
                    Route::Queue => Self::settled(Err(CallError::Cancelled)),
                }
            }
            _ => {
                if state.queue.len() >= QUEUE {
                    return Self::settled(Err(CallError::Limit("messages waiting for one promise".into())));
                }
                let answer = Self::new(Route::Queue);
                state.queue.push_back((message, answer.clone()));
                answer
            }
        }
    }

    /// Resolves the promise, once: to a value, an error, or what another promise comes to.
    pub(crate) fn resolve(self: &Arc<Self>, outcome: Outcome) {
        {
            let mut state = self.lock();
            if state.resolved {
                return;
            }
            state.resolved = true;
        }
        self.follow(outcome);
    }

    /// Settles with what `outcome` comes to, if that is itself a promise.
    fn follow(self: &Arc<Self>, outcome: Outcome) {
        match outcome {
            Ok(Value::Capability(Object(Kind::Promise(promise)))) => match self.join(&promise) {
                Ok(()) => {
                    promise.watch(Watcher::Promise(self.clone()));
                    // Looked up only now that this promise is seen by whoever has the other follow a third.
                    self.tell_peers(&self.end());
                }
                Err(cycle) => self.settle(Err(CallError::type_error(cycle.to_string()))),
            },
            settled => self.settle(settled),
        }
    }

    fn settle(self: &Arc<Self>, outcome: Outcome) {
        let (waker, watchers, drain) = {
            let mut state = self.lock();
            if state.outcome.is_some() {
                return;
            }
            state.draining = !state.queue.is_empty();
            state.outcome = Some(outcome.clone());
            state.follows = None;
            (state.waker.take(), std::mem::take(&mut state.watchers), state.draining)
        };
        if drain {
            let promise = self.clone();
            turn::run(move || promise.drain());
        }
        if let Some(waker) = waker {
            waker.wake();
        }
        for watcher in watchers {
            match watcher {
                Watcher::Wake(waker) => waker.wake(),
                other => {
                    let outcome = outcome.clone();
                    turn::run(move || other.tell(outcome));
                }
            }
        }
    }

    fn drain(self: Arc<Self>) {
        loop {
            let (message, answer, outcome) = {
                let mut state = self.lock();
                let (Some((message, answer)), Some(outcome)) = (state.queue.pop_front(), &state.outcome)
                else {
                    state.draining = false;
                    state.queue = VecDeque::new();
                    return;
                };
                (message, answer, outcome.clone())
            };
            answer.follow_answer(delivery::to_outcome(outcome, message));
        }
    }

    /// Settles with what another promise comes to.
    pub(crate) fn follow_answer(self: &Arc<Self>, answer: Arc<Self>) {
        let outcome = answer.outcome();
        self.resolve(outcome.unwrap_or(Ok(Value::Capability(Object(Kind::Promise(answer))))));
    }
}

impl State {
    fn watch(&mut self, watcher: Watcher) {
        // Watchers whose session is gone, or whose peer has dropped the promise, are swept out whenever the list
        // would grow, so that a promise that stays open for ever does not remember everybody who ever saw it.
        if self.watchers.len() == self.watchers.capacity() {
            self.watchers.retain(Watcher::is_alive);
        }
        self.watchers.push(watcher);
    }
}

impl Watcher {
    fn is_alive(&self) -> bool {
        match self {
            Self::Wake(_) => true,
            Self::Promise(promise) => Arc::strong_count(promise) > 1 || promise.is_awaited(),
            Self::Answer(link, _) => link.strong_count() > 0,
            Self::Export(link, id) => link.upgrade().is_some_and(|link| link.may_be_open(*id)),
        }
    }

    fn tell(self, outcome: Outcome) {
        match self {
            Self::Wake(waker) => waker.wake(),
            Self::Promise(promise) => promise.follow(outcome),
            Self::Answer(link, id) => {
                if let Some(link) = link.upgrade() {
                    link.answer(id, outcome);
                }
            }
            Self::Export(link, id) => {
                if let Some(link) = link.upgrade() {
                    link.resolve(id, outcome);
                }
            }
        }
    }
}
