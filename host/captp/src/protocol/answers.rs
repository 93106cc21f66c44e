use std::collections::{HashMap, VecDeque, hash_map};
use std::hash::Hash;
use std::sync::Arc;

use super::embedding::Settlement;
use super::int_map::IntMap;
use super::slot::{AnswerId, QuestionKey};
use crate::Limits;

pub(super) type Settled<R> = Arc<Settlement<R>>;

/// The calls of the peer: those it waits for, and a window of those that were answered, for it may call their
/// answers before it has read them.
pub(super) struct Answers<R> {
    pending: IntMap<AnswerId, Pending<R>>,
    // The peer chooses the keys, so the hasher is a keyed one.
    by_key: HashMap<QuestionKey, Entry<R>>,
    /// Answers that are data, which take room, and answers that are references, which take little.
    data: Window,
    objects: Window,
    serials: u64,
    pending_bytes: usize,
    queued: usize,
}

struct Pending<R> {
    key: QuestionKey,
    bytes: usize,
    /// It waits for another answer or promise.
    queued: bool,
    /// Stands for the answer in calls on it.
    promise: Option<R>,
    /// It came from a program of ours, which is told that this is one too.
    ours: bool,
}

/// What is known of a call that is to be answered now.
pub(super) struct Closed<R> {
    pub(super) key: QuestionKey,
    /// Stood for the answer in calls on it.
    pub(super) promise: Option<R>,
    pub(super) ours: bool,
}

enum Entry<R> {
    Pending(AnswerId),
    Settled(u64, Settled<R>),
}

/// Answered calls, oldest first. Some may have been dropped, or their key used again.
struct Window {
    order: VecDeque<(QuestionKey, u64, usize)>,
    bytes: usize,
}

/// What it takes to keep an answer.
#[derive(Clone, Copy, Debug)]
pub(super) enum Size {
    /// No more than a reference.
    Object,
    /// Data that made so many bytes as a frame.
    Data(usize),
}

/// What a call on an earlier answer meets.
pub(super) enum Found<R> {
    Pending(AnswerId),
    Settled(Settled<R>),
}

impl<R: Clone + Eq + Hash> Answers<R> {
    pub(super) fn new() -> Self {
        let window = || Window { order: VecDeque::new(), bytes: 0 };
        Self {
            pending: IntMap::default(),
            by_key: HashMap::new(),
            data: window(),
            objects: window(),
            serials: 0,
            pending_bytes: 0,
            queued: 0,
        }
    }

    pub(super) fn pending(&self) -> usize {
        self.pending.len()
    }

    pub(super) fn kept(&self) -> usize {
        self.by_key.len().saturating_sub(self.pending.len())
    }

    /// Tells which limit forbids one more call of so many bytes, if any does.
    pub(super) fn refuses(&self, bytes: usize, queued: bool, limits: &Limits) -> Option<&'static str> {
        if self.pending.len() >= limits.peer_questions {
            Some("unanswered calls")
        } else if self.pending_bytes > 0
            && self.pending_bytes.saturating_add(bytes) > limits.peer_question_bytes
        {
            // A call by itself is bounded by the size of a frame.
            Some("bytes of unanswered calls")
        } else if queued && self.queued >= limits.queued_calls {
            Some("queued calls")
        } else {
            None
        }
    }

    /// Tells whether a question of this key is not answered yet, so that the key cannot be used again.
    pub(super) fn is_open(&self, key: &QuestionKey) -> bool {
        matches!(self.by_key.get(key), Some(Entry::Pending(_)))
    }

    /// Files a call that is to be answered, whose key is not that of an open one. What is kept of an earlier call of
    /// the same key goes to `trash`: from here on the key means the new one.
    pub(super) fn open(
        &mut self,
        key: QuestionKey,
        bytes: usize,
        queued: bool,
        trash: &mut Vec<Settled<R>>,
    ) -> AnswerId {
        self.serials += 1;
        let id = AnswerId(self.serials);
        self.pending_bytes += bytes;
        self.queued += usize::from(queued);
        if key != QuestionKey::Missing {
            let earlier = self.by_key.insert(key.clone(), Entry::Pending(id));
            trash.extend(earlier.and_then(Entry::into_settled));
        }
        self.pending.insert(id, Pending { key, bytes, queued, promise: None, ours: false });
        id
    }

    /// Tells whether a question of this key is open or its answer kept.
    pub(super) fn has(&self, key: &QuestionKey) -> bool {
        self.by_key.contains_key(key)
    }

    pub(super) fn find(&self, key: &QuestionKey) -> Option<Found<R>> {
        Some(match self.by_key.get(key)? {
            Entry::Pending(id) => Found::Pending(*id),
            Entry::Settled(_, outcome) => Found::Settled(outcome.clone()),
        })
    }

    /// Gives the place for the promise that stands for a pending answer.
    pub(super) fn promise(&mut self, id: AnswerId) -> Option<&mut Option<R>> {
        self.pending.get_mut(&id).map(|pending| &mut pending.promise)
    }

    /// Has the answer say that it is one of ours.
    pub(super) fn mark_ours(&mut self, id: AnswerId) {
        if let Some(pending) = self.pending.get_mut(&id) {
            pending.ours = true;
        }
    }

    /// Strikes off an answered call.
    pub(super) fn close(&mut self, id: AnswerId) -> Option<Closed<R>> {
        let pending = self.pending.remove(&id)?;
        self.pending_bytes -= pending.bytes;
        self.queued -= usize::from(pending.queued);
        Some(Closed { key: pending.key, promise: pending.promise, ours: pending.ours })
    }

    /// Keeps an answer for calls on it; `trash` takes those that are kept no longer.
    pub(super) fn keep(
        &mut self,
        id: AnswerId,
        key: QuestionKey,
        outcome: Settlement<R>,
        size: Size,
        limits: &Limits,
        trash: &mut Vec<Settled<R>>,
    ) {
        let outcome = Arc::new(outcome);
        match self.by_key.get_mut(&key) {
            Some(entry) if entry.is_pending(id) => *entry = Entry::Settled(id.0, outcome),
            // There is no key: nobody can call the answer.
            _ => return trash.push(outcome),
        }
        let (window, bytes, most) = match size {
            Size::Object => (&mut self.objects, 0, (limits.kept_objects, usize::MAX)),
            Size::Data(bytes) => (&mut self.data, bytes, (limits.kept_answers, limits.kept_answer_bytes)),
        };
        window.push(key, id.0, bytes);
        while let Some((key, serial)) = window.pop(most) {
            if let hash_map::Entry::Occupied(entry) = self.by_key.entry(key)
                && entry.get().is_settled(serial)
                && let Entry::Settled(_, outcome) = entry.remove()
            {
                trash.push(outcome);
            }
        }
    }

    /// Frees an answer that the peer will not call. One that is pending is still owed.
    pub(super) fn free(&mut self, key: &QuestionKey) -> Option<Settled<R>> {
        match self.by_key.remove(key)? {
            Entry::Settled(_, outcome) => Some(outcome),
            pending @ Entry::Pending(_) => {
                self.by_key.insert(key.clone(), pending);
                None
            }
        }
    }

    /// Forgets everything, and gives what was kept and the promises of pending answers.
    pub(super) fn clear(&mut self) -> (Vec<Settled<R>>, Vec<R>) {
        let old = std::mem::replace(self, Self::new());
        self.serials = old.serials;
        let kept = old.by_key.into_values().filter_map(Entry::into_settled);
        (kept.collect(), old.pending.into_values().filter_map(|pending| pending.promise).collect())
    }
}

impl<R> Entry<R> {
    fn is_pending(&self, id: AnswerId) -> bool {
        matches!(self, Self::Pending(pending) if *pending == id)
    }

    fn into_settled(self) -> Option<Settled<R>> {
        match self {
            Self::Settled(_, outcome) => Some(outcome),
            Self::Pending(_) => None,
        }
    }

    fn is_settled(&self, serial: u64) -> bool {
        matches!(self, Self::Settled(kept, _) if *kept == serial)
    }
}

impl Window {
    fn push(&mut self, key: QuestionKey, serial: u64, bytes: usize) {
        self.order.push_back((key, serial, bytes));
        self.bytes += bytes;
    }

    /// Gives the oldest, if there are more than the most.
    fn pop(&mut self, (count, bytes): (usize, usize)) -> Option<(QuestionKey, u64)> {
        if self.order.len() <= count && self.bytes <= bytes {
            return None;
        }
        let (key, serial, size) = self.order.pop_front()?;
        self.bytes -= size;
        Some((key, serial))
    }
}
