//! What all objects of a daemon share: its store, its live values, and the way to make a value of a formula.

use std::collections::HashMap;
use std::path::Path;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError, Weak};

use powerbox_captp::{Object, Receiver, Value};
use tokio::sync::watch;

use crate::authority::Authority;
use crate::changes::Changes;
use crate::failure::Failure;
use crate::formula::Formula;
use crate::hub::Hub;
use crate::id::FormulaId;
use crate::limits::Limits;
use crate::objects::{
    Attenuated, Blob, Bootstrap, Directory, Guest, Handle, Host, InspectorHub, Kind, LeastAuthority, Made,
    marshal,
};
use crate::roots::Roots;
use crate::store::{Content, FormulaError, Store, StoreError, Tables};

/// A daemon, apart from its socket.
#[derive(Debug)]
pub(crate) struct World {
    pub(crate) store: Store,
    pub(crate) content: Content,
    pub(crate) changes: Arc<Changes>,
    pub(crate) roots: Roots,
    pub(crate) limits: Limits,
    pub(crate) authority: Option<Authority>,
    live: Live,
    sessions: AtomicUsize,
    stop: watch::Sender<bool>,
}

impl World {
    /// Opens the state of a daemon. Blocks.
    pub(crate) fn open(
        state_dir: &Path,
        limits: Limits,
        authority: Option<Authority>,
    ) -> Result<Arc<Self>, StoreError> {
        let content = Content::open(state_dir)?;
        let (store, roots) =
            Store::open(&state_dir.join("daemon.sqlite"), limits.queued_operations, Roots::prepare)?;
        Ok(Arc::new(Self {
            store,
            content,
            changes: Changes::new(limits),
            roots,
            limits,
            authority,
            live: Live::default(),
            sessions: AtomicUsize::new(0),
            stop: watch::channel(false).0,
        }))
    }

    /// Gives the value of a formula: the live one, or one made again.
    pub(crate) async fn provide(self: &Arc<Self>, id: FormulaId) -> Result<Value, Failure> {
        if let Some(object) = self.live.get(id) {
            return Ok(object.into());
        }
        let formula = self.store.read(move |tables| tables.formula(id)).await?;
        self.revive(id, &formula).await
    }

    /// Makes the value of a formula that has been read.
    pub(crate) async fn revive(self: &Arc<Self>, id: FormulaId, formula: &Formula) -> Result<Value, Failure> {
        match formula {
            Formula::Marshal { body, slots } => {
                let objects = self.objects(slots.clone()).await?;
                marshal::value_of(body, &objects)
            }
            formula => Ok(self.object(id, formula)?.into()),
        }
    }

    /// Gives the objects that a stored value refers to.
    async fn objects(self: &Arc<Self>, ids: Vec<FormulaId>) -> Result<Vec<Object>, Failure> {
        if ids.is_empty() {
            return Ok(Vec::new());
        }
        let read = move |tables: Tables<'_>| {
            ids.into_iter().map(|id| Ok((id, tables.formula(id)?))).collect::<Result<Vec<_>, FormulaError>>()
        };
        let formulas = self.store.read(read).await?;
        formulas.iter().map(|(id, formula)| self.object(*id, formula)).collect()
    }

    /// Gives the live object of a formula, or makes it.
    pub(crate) fn object(self: &Arc<Self>, id: FormulaId, formula: &Formula) -> Result<Object, Failure> {
        let make = || -> Option<Arc<dyn Receiver>> {
            Some(match formula {
                Formula::Attenuated { target, grant } => Attenuated::new(self.clone(), id, *target, *grant),
                formula => Made::new(self.clone(), id, self.kind(id, formula)?),
            })
        };
        self.live.object(id, make).ok_or_else(|| Failure::Value("a stored value is no object".to_owned()))
    }

    /// Makes what is particular about the object of a formula; data has no object.
    fn kind(self: &Arc<Self>, id: FormulaId, formula: &Formula) -> Option<Arc<dyn Kind>> {
        let world = || self.clone();
        Some(match formula {
            Formula::Endo {} => Arc::new(Bootstrap::new(world())),
            Formula::Host {} => Arc::new(Host::new(world(), id)),
            Formula::Guest { handle, host_handle, .. } => {
                Arc::new(Guest::new(world(), id, *handle, *host_handle))
            }
            Formula::Handle { .. } => Arc::new(Handle),
            Formula::Directory {} => Arc::new(Directory::new(Hub::new(world(), id.number, Vec::new()))),
            Formula::ReadableBlob { content } => Arc::new(Blob::new(world(), *content)),
            Formula::LeastAuthority {} => Arc::new(LeastAuthority),
            Formula::PetInspector {} => Arc::new(InspectorHub::new(world())),
            Formula::Marshal { .. } | Formula::Attenuated { .. } => return None,
        })
    }

    /// Gives the formula of an object that this daemon made; a promise has none, nor has another's object.
    pub(crate) fn id_of(self: &Arc<Self>, object: &Object) -> Option<FormulaId> {
        let made = object.downcast::<Made>().and_then(|made| made.id_in(self));
        made.or_else(|| object.downcast::<Attenuated>()?.id_in(self))
    }

    /// Forgets the live value of a formula: the next to look it up gets a new one.
    pub(crate) fn cancel(&self, id: FormulaId) {
        self.live.forget(id);
    }

    /// Ends the daemon, in order.
    pub(crate) fn stop(&self) {
        self.stop.send_replace(true);
    }

    /// Waits until the daemon is to end.
    pub(crate) async fn stopped(&self) {
        // The sender lives as long as this does.
        _ = self.stop.subscribe().wait_for(|stop| *stop).await;
    }

    /// Counts the open sessions.
    pub(crate) fn sessions(&self) -> usize {
        self.sessions.load(Ordering::Relaxed)
    }

    /// Counts one more session until the guard is dropped, unless there are too many already.
    pub(crate) fn enter_session(self: &Arc<Self>) -> Option<SessionCount> {
        let before = self.sessions.fetch_add(1, Ordering::Relaxed);
        let count = SessionCount(self.clone());
        (before < self.limits.sessions).then_some(count)
    }
}

/// One open session, while it lives.
#[derive(Debug)]
pub(crate) struct SessionCount(Arc<World>);

impl Drop for SessionCount {
    fn drop(&mut self) {
        self.0.sessions.fetch_sub(1, Ordering::Relaxed);
    }
}

/// The objects that somebody holds, so that one formula is one object for all sessions.
///
/// An object that nobody holds is forgotten; nobody can tell it from the one made instead.
#[derive(Default)]
struct Live(Mutex<LiveTable>);

#[derive(Default)]
struct LiveTable {
    objects: HashMap<FormulaId, Weak<dyn Receiver>>,
    /// How many entries there may be before those that nobody holds are swept out.
    sweep_at: usize,
}

impl Live {
    /// Gives the object of a formula; makes it with `make` if nobody holds it.
    fn object(&self, id: FormulaId, make: impl FnOnce() -> Option<Arc<dyn Receiver>>) -> Option<Object> {
        let mut live = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(object) = live.objects.get(&id).and_then(Weak::upgrade) {
            return Some(Object::from_arc(object));
        }
        if live.objects.len() >= live.sweep_at {
            live.objects.retain(|_, object| object.strong_count() > 0);
            live.sweep_at = 64.max(2 * live.objects.len());
        }
        let object = make()?;
        live.objects.insert(id, Arc::downgrade(&object));
        Some(Object::from_arc(object))
    }

    fn get(&self, id: FormulaId) -> Option<Object> {
        let live = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        live.objects.get(&id).and_then(Weak::upgrade).map(Object::from_arc)
    }

    fn forget(&self, id: FormulaId) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).objects.remove(&id);
    }
}

impl std::fmt::Debug for Live {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Live")
    }
}
