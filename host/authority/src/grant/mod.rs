//! Live grants: the right of one holder to one object, for as long as it is not taken back.

mod admission;
mod agent;
mod holder;
mod record;
mod target;
#[cfg(test)]
mod tests;
mod uses;

pub use admission::{Admission, Refusal};
pub use agent::{Agent, AgentId, AgentKey, NotAnIdentifier};
pub use holder::Holder;
pub use record::{Ending, GrantId, Record, Use};
pub use target::Target;
pub(crate) use uses::Uses;

use std::sync::{Arc, Mutex, PoisonError, RwLock, Weak};
use std::time::Duration;

use tokio::sync::watch;

use crate::caveat::{Caveat, Expiry};
use crate::ledger::Ledger;
use crate::question::Questions;

/// A grant, as calls meet it.
///
/// Whatever came through a grant holds it, so that ending it ends them all: calls that follow are refused and calls
/// under way end with `revoked`. An ended grant never comes to life again, and a child has all restrictions of its
/// parents: the only ways to make one are [`child`](Self::child) and the ledger's, which add and never take away.
pub struct Grant {
    id: Option<GrantId>,
    holder: Holder,
    what: String,
    parent: Option<Arc<Grant>>,
    children: Mutex<Vec<Weak<Grant>>>,
    caveats: RwLock<Arc<[Caveat]>>,
    ended: watch::Sender<Option<Ending>>,
    ledger: Option<Ledger>,
    uses: Arc<Uses>,
}

impl Grant {
    /// A grant that lives in this process only and has no caveats: for the person's own doings, and for tests.
    pub fn unlisted(holder: Holder, what: impl Into<String>) -> Arc<Self> {
        Arc::new(Self::make(None, holder, what.into(), None, [].into(), None))
    }

    /// A grant that the ledger keeps.
    pub(crate) fn listed(ledger: Ledger, record: &Record, parent: Option<Arc<Self>>) -> Arc<Self> {
        let caveats = record.caveats.clone().into();
        let (holder, what) = (record.holder.clone(), record.slot.clone());
        let uses = ledger.uses_of(record.id);
        let grant = Self { uses, ..Self::make(Some(record.id), holder, what, parent, caveats, Some(ledger)) };
        grant.ended.send_replace(record.ended);
        Self::adopted(grant)
    }

    /// A child that lives in this process only, such as one invocation's: it ends with its parent, or before.
    pub fn child(self: &Arc<Self>, what: impl Into<String>) -> Arc<Self> {
        let parent = Some(Arc::clone(self));
        Self::adopted(Self::make(
            None,
            self.holder.clone(),
            what.into(),
            parent,
            [].into(),
            self.ledger.clone(),
        ))
    }

    fn make(
        id: Option<GrantId>,
        holder: Holder,
        what: String,
        parent: Option<Arc<Self>>,
        caveats: Arc<[Caveat]>,
        ledger: Option<Ledger>,
    ) -> Self {
        Self {
            id,
            holder,
            what,
            parent,
            children: Mutex::default(),
            caveats: RwLock::new(caveats),
            ended: watch::Sender::new(None),
            ledger,
            uses: Arc::default(),
        }
    }

    fn adopted(grant: Self) -> Arc<Self> {
        let grant = Arc::new(grant);
        if let Some(parent) = &grant.parent {
            let mut children = parent.children.lock().unwrap_or_else(PoisonError::into_inner);
            if children.len() == children.capacity() {
                children.retain(|child| child.strong_count() > 0);
            }
            children.push(Arc::downgrade(&grant));
            drop(children);
            // The parent may have ended before it knew of this child.
            if let Some(ending) = parent.ending() {
                grant.end(ending);
            }
        }
        grant
    }

    /// Its number in the ledger; a grant that lives in this process only has that of the parent it came from.
    pub fn id(&self) -> Option<GrantId> {
        self.chain().find_map(|link| link.id)
    }

    /// Its own number in the ledger.
    pub fn number(&self) -> Option<GrantId> {
        self.id
    }

    /// Whether the ledger keeps it; else it lives in this process only.
    pub fn is_listed(&self) -> bool {
        self.id.is_some()
    }

    /// What it is to, as the ledger has it: for messages.
    pub fn target(&self) -> Option<Target> {
        self.ledger.as_ref()?.get(self.id()?).ok()?.map(|record| record.target)
    }

    /// Where questions about calls through it are kept; nowhere if it lives in this process only.
    pub(crate) fn questions(&self) -> Option<Questions> {
        self.ledger.as_ref().map(Questions::of)
    }

    /// Who holds it, with the name that its agent had when the grant was read.
    pub fn holder(&self) -> &Holder {
        &self.holder
    }

    /// Who holds it, with the name that its agent has now: for messages that say what to type.
    pub fn holder_now(&self) -> Holder {
        let stored = self.holder.as_stored().to_owned();
        Holder::stored(stored, |key| match &self.ledger {
            Some(ledger) => ledger.agent_name(key).unwrap_or_default(),
            None => self.holder.agent_name().map(str::to_owned),
        })
    }

    /// The slot, parameter or reference that it stands for.
    pub fn what(&self) -> &str {
        &self.what
    }

    /// This grant and those it came from, itself first.
    pub fn chain(&self) -> impl Iterator<Item = &Self> {
        std::iter::successors(Some(self), |grant| grant.parent.as_deref())
    }

    /// Its own caveats; those of its parents hold as well.
    pub fn caveats(&self) -> Arc<[Caveat]> {
        Arc::clone(&self.caveats.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// Whether calls through it have no restriction but that it lives.
    pub fn is_unrestricted(&self) -> bool {
        self.chain().all(|link| link.caveats().is_empty())
    }

    /// Whether both came of the same grant in the ledger, or are that grant: what came through one may go back through
    /// the other as what it is.
    pub fn is_akin(&self, other: &Self) -> bool {
        let root = |grant: &Self| grant.chain().find(|link| link.id.is_some()).map(|link| link.id);
        match (root(self), root(other)) {
            (Some(one), Some(two)) => one == two,
            _ => std::ptr::eq(self.chain().last().unwrap_or(self), other.chain().last().unwrap_or(other)),
        }
    }

    /// Takes back a grant that lives in this process only, with all that came of it. The ledger takes back those that
    /// it lists.
    pub fn end(&self, ending: Ending) {
        let ended = self.ended.send_if_modified(|state| {
            let first = state.is_none();
            if first {
                *state = Some(ending);
            }
            first
        });
        if ended {
            let children = std::mem::take(&mut *self.children.lock().unwrap_or_else(PoisonError::into_inner));
            for child in children.iter().filter_map(Weak::upgrade) {
                child.end(ending);
            }
        }
    }

    /// How it ended, if it did.
    pub fn ending(&self) -> Option<Ending> {
        *self.ended.borrow()
    }

    /// Whether it has ended.
    pub fn has_ended(&self) -> bool {
        self.ending().is_some()
    }

    /// Waits until it has ended: is taken back, or its time is over. Needs a runtime with a timer if it can expire.
    pub async fn ended(&self) -> Ending {
        let mut ended = self.ended.subscribe();
        loop {
            let expires = self.expires_in();
            let expiry = async {
                match expires {
                    Some(wait) => tokio::time::sleep(wait).await,
                    None => std::future::pending().await,
                }
            };
            tokio::select! {
                biased;
                ended = ended.wait_for(Option::is_some) => match ended {
                    Ok(ending) => return ending.unwrap_or(Ending::Revoked),
                    // The sender lives as long as `self`, so this cannot be.
                    Err(_) => return Ending::Revoked,
                },
                () = expiry => self.expire(),
            }
        }
    }

    /// How long it is until the first of its chain expires.
    fn expires_in(&self) -> Option<Duration> {
        let expiries = self.chain().flat_map(|link| link.expiries());
        let first = expiries.map(Expiry::millis).min()?;
        let now = self.ledger.as_ref().map_or(0, |ledger| ledger.clock().now());
        // A moment too late rather than one too early, which would wait again for nothing.
        Some(Duration::from_millis(first.saturating_sub(now).saturating_add(1)))
    }

    fn expiries(&self) -> Vec<Expiry> {
        let caveats = self.caveats();
        caveats
            .iter()
            .filter_map(|caveat| if let Caveat::Expires(expiry) = caveat { Some(*expiry) } else { None })
            .collect()
    }

    /// Ends those of the chain whose time is over.
    fn expire(&self) {
        let Some(ledger) = &self.ledger else { return };
        let now = ledger.clock().now();
        for link in self.chain().filter(|link| link.expiries().iter().any(|expiry| expiry.is_over(now))) {
            let ended = link.id.map(|id| ledger.expire(id));
            if let Some(Err(error)) = ended {
                tracing::warn!(%error, "that a grant has expired cannot be written down");
            }
            link.end(Ending::Expired);
        }
    }

    /// Takes over what another process did to it.
    pub(crate) fn follow(&self, record: &Record) {
        let mut caveats = self.caveats.write().unwrap_or_else(PoisonError::into_inner);
        // Caveats are only ever added: a record with fewer is an older one that another thread read.
        if record.caveats.len() > caveats.len() {
            *caveats = record.caveats.clone().into();
        }
        drop(caveats);
        if let Some(ending) = record.ended {
            self.end(ending);
        }
    }

    fn touch(&self, now: u64) {
        self.uses.count(now);
    }
}

impl std::fmt::Debug for Grant {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Grant")
            .field("id", &self.id)
            .field("holder", &self.holder)
            .field("what", &self.what)
            .field("ended", &self.ending())
            .finish_non_exhaustive()
    }
}
