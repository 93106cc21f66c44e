//! Letting go: the drops of the peer, and ours.

use std::collections::HashMap;
use std::fmt::Display;

use tracing::debug;

use super::embedding::{Embedding, Serial};
use super::slot::{ImportId, QuestionId, QuestionKey, Slot};
use super::{Connection, outgoing};
use crate::Release;

/// Whether the peer is told of what is no longer used here.
pub(super) struct Drops {
    release: Release,
    peer: Peer,
}

/// What the peer is known to be.
enum Peer {
    /// It has not said yet. The mentions that it would be told of are counted, up to [`OWED`] things.
    Unknown(HashMap<ImportId, u64>),
    /// A program of ours, which exports anew what was dropped.
    Ours,
    /// Perhaps JavaScript, which does not.
    Other,
}

/// How many things may be let go of before the peer has said what it is: it does so with its first words.
const OWED: usize = 1 << 10;

impl Drops {
    pub(super) fn new(release: Release) -> Self {
        Self { release, peer: Peer::Unknown(HashMap::new()) }
    }

    /// Tells whether this side says on its own that it is a program of ours.
    pub(super) fn offers(&self) -> bool {
        matches!(self.release, Release::Offered | Release::AtOnce)
    }

    /// Tells whether drops are sent as soon as something is let go of.
    pub(super) fn at_once(&self) -> bool {
        match self.release {
            Release::AtOnce => true,
            Release::Never => false,
            Release::Agreed | Release::Offered => matches!(self.peer, Peer::Ours),
        }
    }

    /// Tells whether drops are sent, or may be once the peer has said what it is.
    pub(super) fn may_come(&self) -> bool {
        self.at_once() || self.release != Release::Never && matches!(self.peer, Peer::Unknown(_))
    }

    fn owe(&mut self, id: &ImportId, mentions: u64) {
        if self.may_come()
            && let Peer::Unknown(owed) = &mut self.peer
            && (owed.len() < OWED || owed.contains_key(id))
        {
            *owed.entry(id.clone()).or_default() += mentions;
        }
    }
}

impl<E: Embedding> Connection<E> {
    /// Takes note that the last reference to something of the peer is gone.
    pub fn release(&mut self, id: &ImportId, serial: Serial) {
        if let Some(mentions) = self.imports.release(id, serial) {
            self.give_up(id, mentions);
        }
    }

    fn give_up(&mut self, id: &ImportId, mentions: u64) {
        if self.drops.at_once() {
            self.send_drop(id, mentions);
        } else {
            self.drops.owe(id, mentions);
        }
    }

    /// Takes note of whether the peer says that it is a program of ours.
    pub(super) fn hear_of_peer(&mut self, ours: bool) {
        let known = match (&self.drops.peer, ours) {
            (Peer::Ours, _) | (Peer::Other, false) => return,
            (_, true) => Peer::Ours,
            (_, false) => Peer::Other,
        };
        let before = std::mem::replace(&mut self.drops.peer, known);
        if !self.drops.at_once() {
            return;
        }
        if let Peer::Unknown(owed) = before {
            owed.iter().for_each(|(id, mentions)| self.send_drop(id, *mentions));
        }
        // It resolves a promise anew if it mentions it again, so those that have settled need not be remembered.
        let settled = self.imports.let_go_of_settled();
        self.garbage.references.extend(settled);
    }

    /// Lets go of what a message lists that was not read to its end: the peer has counted all of it.
    pub(super) fn forget(&mut self, slots: &[Slot], embedding: &E) {
        if !self.drops.may_come() {
            return;
        }
        let mut refused = HashMap::new();
        for slot in slots {
            match (slot, self.slot_reader(slots, embedding).find(slot, None)) {
                (_, Ok(reference)) => self.garbage.references.push(reference),
                (Slot::Import(id), Err(_)) => {
                    refused.insert(id, 1);
                }
                _ => {}
            }
        }
        refused.into_iter().for_each(|(id, mentions)| self.give_up(id, mentions));
    }

    /// Tells the peer that the answer to a question will not be called any more, so that it need not keep the things
    /// in it. Calls that were made on the answer are on their way already.
    pub fn drop_answer(&mut self, id: QuestionId) {
        if self.drops.at_once() {
            self.send_drop(id, 1);
        }
    }

    /// Takes a drop of the peer.
    pub(super) fn handle_drop(&mut self, slot: Option<Slot>, mentions: u64) {
        match slot {
            Some(Slot::Answer(number)) => {
                self.garbage.answers.extend(self.answers.free(&QuestionKey::Number(number)));
            }
            Some(Slot::Export(id)) => {
                self.garbage.references.extend(self.exports.drop_mentions(id, mentions));
            }
            _ => debug!("a drop of what is not exported"),
        }
    }

    fn send_drop(&mut self, slot: impl Display, mentions: u64) {
        if self.closed().is_some() {
            return;
        }
        let before = self.outbox.len();
        self.frame.clear();
        outgoing::drop(&mut self.frame, slot, mentions);
        if let Err(limit) = self.send() {
            debug!(limit, "a drop could not be sent");
        }
        // A peer that makes this side let go of things and does not read makes itself wait.
        self.answer_bytes += self.outbox.len() - before;
    }
}
