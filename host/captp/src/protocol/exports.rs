use std::collections::VecDeque;
use std::hash::Hash;

use super::int_map::IntMap;
use super::slot::{ExportId, Kind};

/// What the peer may name of ours.
///
/// Invariants: `by_reference` names an export of `entries` for each reference but those of settled promises, which
/// go out under a new slot when they are mentioned again. `settled` lists the settled promises, oldest first, and may
/// list some that were dropped since.
pub(super) struct Exports<R> {
    entries: IntMap<ExportId, Export<R>>,
    by_reference: IntMap<R, ExportId>,
    settled: VecDeque<ExportId>,
    objects: u64,
    promises: u64,
}

struct Export<R> {
    reference: R,
    settled: bool,
    /// How many messages mentioned it.
    mentions: u64,
    /// The last message that did, and the place in its list of slots.
    mentioned: (u64, usize),
}

/// There are as many exports as the peer may have.
pub(super) struct Full;

/// What a mention came to.
pub(super) struct Mention {
    pub(super) id: ExportId,
    /// The export was made for this mention.
    pub(super) new: bool,
    /// The place in the list of slots, if the message mentioned it before.
    pub(super) index: Option<usize>,
}

impl<R: Clone + Eq + Hash> Exports<R> {
    pub(super) fn new() -> Self {
        Self {
            entries: IntMap::default(),
            by_reference: IntMap::default(),
            settled: VecDeque::new(),
            objects: 0,
            promises: 0,
        }
    }

    pub(super) fn len(&self) -> usize {
        self.entries.len()
    }

    pub(super) fn get(&self, id: ExportId) -> Option<&R> {
        self.entries.get(&id).map(|export| &export.reference)
    }

    /// Tells whether a promise was exported and has not settled.
    pub(super) fn is_open(&self, id: ExportId) -> bool {
        id.kind == Kind::Promise && self.entries.get(&id).is_some_and(|export| !export.settled)
    }

    /// Gives the slot of a reference, which goes to `index` of the list of `message` if it is not there already.
    pub(super) fn mention(
        &mut self,
        reference: &R,
        promise: bool,
        message: u64,
        index: usize,
        most: usize,
    ) -> Result<Mention, Full> {
        if let Some(&id) = self.by_reference.get(reference)
            && let Some(export) = self.entries.get_mut(&id)
        {
            if export.mentioned.0 == message {
                return Ok(Mention { id, new: false, index: Some(export.mentioned.1) });
            }
            export.mentions += 1;
            export.mentioned = (message, index);
            return Ok(Mention { id, new: false, index: None });
        }
        if self.entries.len() >= most {
            return Err(Full);
        }
        let (kind, counter) =
            if promise { (Kind::Promise, &mut self.promises) } else { (Kind::Object, &mut self.objects) };
        *counter += 1;
        let id = ExportId { kind, number: *counter };
        let export =
            Export { reference: reference.clone(), settled: false, mentions: 1, mentioned: (message, index) };
        self.entries.insert(id, export);
        self.by_reference.insert(reference.clone(), id);
        Ok(Mention { id, new: true, index: None })
    }

    /// Takes a mention back, for the message is not sent. Gives the reference if it is exported no longer.
    pub(super) fn unmention(&mut self, id: ExportId) -> Option<R> {
        self.drop_mentions(id, 1)
    }

    /// Gives up mentions, at most as many as there are. Gives the reference if it is exported no longer.
    pub(super) fn drop_mentions(&mut self, id: ExportId, mentions: u64) -> Option<R> {
        let export = self.entries.get_mut(&id)?;
        if export.mentions > mentions {
            export.mentions -= mentions;
            return None;
        }
        self.remove(id)
    }

    /// Marks a promise as settled; gives the oldest settled one if there are more than `most`.
    pub(super) fn settle(&mut self, id: ExportId, most: usize) -> Option<R> {
        let export = self.entries.get_mut(&id)?;
        export.settled = true;
        let reference = export.reference.clone();
        self.by_reference.remove(&reference);
        self.settled.push_back(id);
        if self.settled.len() > most {
            return self.settled.pop_front().and_then(|oldest| self.remove(oldest));
        }
        None
    }

    fn remove(&mut self, id: ExportId) -> Option<R> {
        let export = self.entries.remove(&id)?;
        if !export.settled {
            self.by_reference.remove(&export.reference);
        }
        Some(export.reference)
    }

    /// Forgets everything, and gives it.
    pub(super) fn clear(&mut self) -> Vec<R> {
        self.by_reference = IntMap::default();
        self.settled = VecDeque::new();
        std::mem::take(&mut self.entries).into_values().map(|export| export.reference).collect()
    }
}
