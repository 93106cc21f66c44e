use std::collections::{HashMap, VecDeque};

use super::slot::ImportId;
use super::{Embedding, Serial};

/// What is held here of the peer's.
///
/// The embedder owns the stand-ins; the table only knows how to find them while they live. Of promises it holds the
/// stand-ins itself: open ones, since their settlement is to be delivered, and a window of settled ones, since the
/// peer may mention them again and will not settle them again.
pub(super) struct Imports<E: Embedding> {
    // The peer chooses the keys, so the hasher is a keyed one.
    entries: HashMap<ImportId, Import<E>>,
    settled: VecDeque<(ImportId, Serial, usize)>,
    settled_bytes: usize,
    serials: u64,
}

struct Import<E: Embedding> {
    stand_in: E::Weak,
    held: Option<E::Ref>,
    serial: Serial,
    open: bool,
    /// How many messages mentioned it.
    mentions: u64,
    /// The last message that came and did.
    came: u64,
    /// The last message sent that mentioned it, and the place in its list of slots.
    sent: (u64, usize),
}

impl<E: Embedding> Imports<E> {
    pub(super) fn new() -> Self {
        Self { entries: HashMap::new(), settled: VecDeque::new(), settled_bytes: 0, serials: 0 }
    }

    pub(super) fn len(&self) -> usize {
        self.entries.len()
    }

    /// Gives the stand-in for something of the peer that `message` mentions, if there is one.
    pub(super) fn find(&mut self, id: &ImportId, message: u64, embedding: &E) -> Option<E::Ref> {
        let import = self.entries.get_mut(id)?;
        let reference = embedding.upgrade(&import.stand_in)?;
        import.count(message);
        Some(reference)
    }

    /// Makes a stand-in for something that `find` did not find.
    pub(super) fn make(
        &mut self,
        id: &ImportId,
        interface: Option<&str>,
        message: u64,
        embedding: &E,
    ) -> E::Ref {
        self.serials += 1;
        let serial = Serial(self.serials);
        let reference = embedding.import(id, serial, interface);
        let open = id.is_promise();
        let mut import = Import {
            stand_in: embedding.downgrade(&reference),
            held: open.then(|| reference.clone()),
            serial,
            open,
            mentions: 0,
            came: 0,
            sent: (0, 0),
        };
        // The last stand-in may have been dropped so recently that its entry is still there: the peer counts on.
        if let Some(old) = self.entries.get(id) {
            import.mentions = old.mentions;
        }
        import.count(message);
        self.entries.insert(id.clone(), import);
        reference
    }

    /// Gives the place of an import in the list of slots of a message, and whether it is there already.
    pub(super) fn mention(&mut self, id: &ImportId, message: u64, index: usize) -> Option<(usize, bool)> {
        let import = self.entries.get_mut(id)?;
        if import.sent.0 == message {
            return Some((import.sent.1, true));
        }
        import.sent = (message, index);
        Some((index, false))
    }

    /// Takes the stand-in of an open promise, which the peer settles.
    pub(super) fn settle(&mut self, id: &ImportId) -> Option<(E::Ref, Serial)> {
        let import = self.entries.get_mut(id)?;
        if !import.open {
            return None;
        }
        import.open = false;
        import.held.take().map(|reference| (reference, import.serial))
    }

    /// Keeps a settled promise in the window; gives those that left it.
    pub(super) fn keep(
        &mut self,
        id: ImportId,
        serial: Serial,
        reference: E::Ref,
        bytes: usize,
        most: (usize, usize),
    ) -> Vec<E::Ref> {
        if let Some(import) = self.entries.get_mut(&id) {
            import.held = Some(reference);
        }
        self.settled.push_back((id, serial, bytes));
        self.settled_bytes += bytes;
        let mut left = Vec::new();
        while self.settled.len() > most.0 || self.settled_bytes > most.1 {
            let Some((id, serial, bytes)) = self.settled.pop_front() else { break };
            self.settled_bytes -= bytes;
            if let Some(import) = self.entries.get_mut(&id)
                && import.serial == serial
            {
                left.extend(import.held.take());
            }
        }
        left
    }

    /// Gives the settled promises that are held for a peer that mentions them again.
    pub(super) fn let_go_of_settled(&mut self) -> Vec<E::Ref> {
        self.settled_bytes = 0;
        let mut left = Vec::new();
        for (id, serial, _) in std::mem::take(&mut self.settled) {
            if let Some(import) = self.entries.get_mut(&id)
                && import.serial == serial
            {
                left.extend(import.held.take());
            }
        }
        left
    }

    /// Forgets an import whose stand-in was dropped; gives how many mentions that gives up.
    pub(super) fn release(&mut self, id: &ImportId, serial: Serial) -> Option<u64> {
        if self.entries.get(id)?.serial != serial {
            return None;
        }
        self.entries.remove(id).map(|import| import.mentions)
    }

    /// Forgets everything, and gives the open promises and what else was held.
    pub(super) fn clear(&mut self) -> (Vec<E::Ref>, Vec<E::Ref>) {
        self.settled = VecDeque::new();
        self.settled_bytes = 0;
        let (mut open, mut rest) = (Vec::new(), Vec::new());
        for import in std::mem::take(&mut self.entries).into_values() {
            if import.open { &mut open } else { &mut rest }.extend(import.held);
        }
        (open, rest)
    }
}

impl<E: Embedding> Import<E> {
    /// Counts a mention, once for each message.
    fn count(&mut self, message: u64) {
        if self.came != message {
            self.came = message;
            self.mentions += 1;
        }
    }
}
