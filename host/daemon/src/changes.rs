//! Subscriptions to the names of directories.
//!
//! A subscription is filled with the names that exist and then with every later change, without gap or repetition:
//! the database thread begins it in the same order in which it makes changes known. What a client does not ask for
//! waits in the subscription, within a budget that all subscriptions share; one that goes beyond it ends with an error
//! once what it kept has been read.
//!
//! Both bounds, of subscriptions and of what they hold, are counted by the directory or agent whose names are followed:
//! nobody who follows one takes from those who follow others all that there is.

use std::collections::{HashMap, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};

use powerbox_authority::shares::{Share, Shares};
use powerbox_captp::{CallError, Reply, Value};
use tokio::sync::oneshot;

use crate::failure::Failure;
use crate::id::{FormulaId, FormulaNumber};
use crate::limits::Limits;
use crate::objects::iterator::{Source, done, item};
use crate::store::{Change, ChangeKind};

/// All subscriptions of a daemon.
#[derive(Debug)]
pub(crate) struct Changes {
    by_directory: Mutex<HashMap<FormulaNumber, Vec<Weak<Subscription>>>>,
    subscriptions: Shares<FormulaNumber>,
    bytes: Shares<FormulaNumber>,
    limits: Limits,
}

/// What a subscription is about.
#[derive(Clone, Debug)]
pub(crate) enum Topic {
    /// All names of a directory.
    Names,
    /// The names of one formula, which the client calls by this locator.
    Locator(FormulaId, Arc<str>),
}

/// One client's view of the changes of a directory.
#[derive(Debug)]
pub(crate) struct Subscription {
    changes: Arc<Changes>,
    directory: FormulaNumber,
    topic: Topic,
    state: Mutex<State>,
    _share: Share<FormulaNumber>,
}

#[derive(Debug, Default)]
struct State {
    /// Each with its room in the budget.
    kept: VecDeque<(Record, Share<FormulaNumber>)>,
    waiting: VecDeque<oneshot::Sender<Result<Value, CallError>>>,
    lost: bool,
    ended: bool,
}

/// What a client is told at a time.
#[derive(Clone, Debug)]
pub(crate) enum Record {
    /// A name and what it stands for.
    Added(Arc<str>, FormulaId),
    /// A name that stands for something else now, or nothing.
    Removed(Arc<str>),
    /// Names that the formula of the topic has.
    Has(Vec<Arc<str>>),
    /// A name that the formula of the topic no longer has.
    HasNot(Arc<str>),
}

impl Changes {
    pub(crate) fn new(limits: Limits) -> Arc<Self> {
        Arc::new(Self {
            by_directory: Mutex::default(),
            subscriptions: Shares::new(limits.subscriptions),
            bytes: Shares::new(limits.subscription_bytes),
            limits,
        })
    }

    /// Gives the number of open subscriptions.
    pub(crate) fn count(&self) -> usize {
        self.subscriptions.taken()
    }

    /// Makes a subscription, which hears of nothing before it [begins](Subscription::begin).
    pub(crate) fn subscription(
        self: &Arc<Self>,
        directory: FormulaNumber,
        topic: Topic,
    ) -> Result<Arc<Subscription>, Failure> {
        let share = self.subscriptions.take(directory).map_err(|full| Failure::Limit {
            most: full.held as u64,
            what: "subscriptions to these names now",
        })?;
        let (changes, state) = (self.clone(), Mutex::default());
        Ok(Arc::new(Subscription { changes, directory, topic, state, _share: share }))
    }

    /// Tells subscribers what has happened. Called by the database thread only, in the order of the changes.
    pub(crate) fn publish(&self, changes: &[Change]) {
        for change in changes {
            // Nobody is told while the table is locked: the last reference to a subscription may go here, and its
            // end takes it out of the table.
            let subscriptions: Vec<_> = match self.table().get(&change.directory) {
                Some(subscriptions) => subscriptions.iter().filter_map(Weak::upgrade).collect(),
                None => continue,
            };
            for subscription in subscriptions {
                subscription.tell(change);
            }
        }
    }

    fn table(&self) -> MutexGuard<'_, HashMap<FormulaNumber, Vec<Weak<Subscription>>>> {
        self.by_directory.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Subscription {
    /// Fills in what there is, and lets later changes come. Called by the database thread only.
    pub(crate) fn begin(self: &Arc<Self>, records: impl IntoIterator<Item = Record>) {
        {
            let mut state = self.lock();
            for record in records {
                self.keep(&mut state, record);
            }
        }
        self.changes.table().entry(self.directory).or_default().push(Arc::downgrade(self));
    }

    fn tell(&self, change: &Change) {
        let record = match (&self.topic, change.kind) {
            (Topic::Names, ChangeKind::Added) => Record::Added(change.name.clone(), change.id),
            (Topic::Names, ChangeKind::Removed) => Record::Removed(change.name.clone()),
            (Topic::Locator(id, _), _) if *id != change.id => return,
            (Topic::Locator(..), ChangeKind::Added) => Record::Has(vec![change.name.clone()]),
            (Topic::Locator(..), ChangeKind::Removed) => Record::HasNot(change.name.clone()),
        };
        self.keep(&mut self.lock(), record);
    }

    /// Gives a record to whoever waits for one, or keeps it.
    fn keep(&self, state: &mut State, record: Record) {
        if state.ended || state.lost {
            return;
        }
        while let Some(waiting) = state.waiting.pop_front() {
            // Whoever asked may be gone.
            if waiting.send(Ok(item(self.value(&record)))).is_ok() {
                return;
            }
        }
        match self.changes.bytes.take_some(self.directory, record.bytes()) {
            Ok(room) => state.kept.push_back((record, room)),
            Err(_) => state.lost = true,
        }
    }

    fn take(&self, state: &mut State) -> Option<Record> {
        state.kept.pop_front().map(|(record, _)| record)
    }

    /// Writes a record as clients read it.
    fn value(&self, record: &Record) -> Value {
        let locator = || match &self.topic {
            Topic::Names => Value::Undefined,
            Topic::Locator(_, locator) => Value::text(&**locator),
        };
        match record {
            Record::Added(name, id) => {
                Value::record([("add", Value::text(&**name)), ("value", id_record(*id))])
            }
            Record::Removed(name) => Value::record([("remove", Value::text(&**name))]),
            Record::Has(names) => {
                Value::record([("add", locator()), ("names", Value::texts(names.iter().map(|name| &**name)))])
            }
            Record::HasNot(name) => {
                Value::record([("remove", locator()), ("names", Value::texts([&**name]))])
            }
        }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Source for Subscription {
    fn next(self: &Arc<Self>) -> Reply {
        let mut state = self.lock();
        if let Some(record) = self.take(&mut state) {
            return Reply::value(item(self.value(&record)));
        }
        if state.lost && !state.ended {
            state.ended = true;
            return Reply::error(Failure::ChangesLost.into());
        }
        if state.ended {
            return Reply::value(done(Value::Undefined));
        }
        let most = self.changes.limits.waiting_nexts;
        if state.waiting.len() >= most {
            return Reply::error(Failure::Limit { most: most as u64, what: "waiting calls of next" }.into());
        }
        let (waiting, told) = oneshot::channel();
        state.waiting.push_back(waiting);
        Reply::pending(async move { told.await.unwrap_or_else(|_| Ok(done(Value::Undefined))) })
    }

    fn end(&self) {
        let waiting = {
            let mut state = self.lock();
            state.ended = true;
            while self.take(&mut state).is_some() {}
            std::mem::take(&mut state.waiting)
        };
        for waiting in waiting {
            _ = waiting.send(Ok(done(Value::Undefined)));
        }
    }
}

impl Drop for Subscription {
    fn drop(&mut self) {
        let mut table = self.changes.table();
        if let Some(subscriptions) = table.get_mut(&self.directory) {
            subscriptions.retain(|subscription| subscription.strong_count() > 0);
            if subscriptions.is_empty() {
                table.remove(&self.directory);
            }
        }
    }
}

impl Record {
    /// About what the record takes in memory.
    fn bytes(&self) -> usize {
        let names = match self {
            Self::Added(name, _) | Self::Removed(name) | Self::HasNot(name) => name.len(),
            Self::Has(names) => names.iter().map(|name| name.len() + size_of::<Arc<str>>()).sum(),
        };
        size_of::<Self>() + names
    }
}

/// Writes an identifier in its parts.
fn id_record(id: FormulaId) -> Value {
    Value::record([
        ("id", Value::text(id.to_string())),
        ("node", Value::text(id.node.to_string())),
        ("number", Value::text(id.number.to_string())),
    ])
}
