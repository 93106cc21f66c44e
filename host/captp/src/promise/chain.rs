//! Chains: promises that were resolved to other promises.
//!
//! A chain ends in a promise that follows no other. One that was closed to a ring has no end, and would stay open for
//! ever; so whoever would close it is told instead. Rings can also go through a peer: promises of ours that follow
//! promises of the peer, and the other way round. For that one side must see all of the ring, so a peer is told at once
//! when a promise that it knows from us follows one of its own.

use std::sync::{Arc, Mutex, PoisonError, Weak};

use super::{Promise, Route, Watcher};
use crate::Value;
use crate::link::Link;
use crate::object::{Kind, Object};
use crate::protocol::ExportId;

/// A promise was to follow one that follows it already.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("promise cycle: the promise resolves to itself, directly or by way of other promises")]
pub(super) struct Cycle;

/// Held while two chains are joined, so that no two threads close a ring from both ends and neither notices. It is
/// taken before the lock of any promise, and nothing is dropped under it.
static JOINING: Mutex<()> = Mutex::new(());

impl Promise {
    /// Has this promise follow another.
    pub(super) fn join(self: &Arc<Self>, other: &Arc<Self>) -> Result<(), Cycle> {
        let mut passed = Vec::new();
        let joining = JOINING.lock().unwrap_or_else(PoisonError::into_inner);
        let end = other.walk(&mut passed);
        let result = if Arc::ptr_eq(&end, self) {
            Err(Cycle)
        } else {
            self.shorten(&end);
            Ok(())
        };
        drop(joining);
        drop((passed, end));
        result
    }

    /// Gives the end of the chain that begins here: this very promise, if it follows none.
    pub(super) fn end(self: &Arc<Self>) -> Arc<Self> {
        let mut passed = Vec::new();
        let joining = JOINING.lock().unwrap_or_else(PoisonError::into_inner);
        let end = self.walk(&mut passed);
        drop(joining);
        end
    }

    /// Walks to the end of the chain. Those that were passed point there afterwards, so that no chain is walked twice
    /// at full length.
    fn walk(self: &Arc<Self>, passed: &mut Vec<Arc<Self>>) -> Arc<Self> {
        let mut end = self.clone();
        while let Some(next) = end.next() {
            passed.push(std::mem::replace(&mut end, next));
        }
        passed.iter().for_each(|promise| promise.shorten(&end));
        end
    }

    fn next(&self) -> Option<Arc<Self>> {
        self.lock().follows.as_ref()?.upgrade()
    }

    fn shorten(&self, end: &Arc<Self>) {
        let mut state = self.lock();
        if state.outcome.is_none() {
            // Whoever is followed holds those that follow, so they must not hold it.
            state.follows = Some(Arc::downgrade(end));
        }
    }

    /// Tells a peer at whose promise the chain ends of all the promises it knows from us that follow it.
    pub(super) fn tell_peers(self: &Arc<Self>, end: &Arc<Self>) {
        let Route::Import(remote) = &end.route else { return };
        if matches!(&self.route, Route::Import(own) if own.is_of_same(remote)) {
            // Those that follow this one were told of it already.
            return;
        }
        let mut following = vec![self.clone()];
        while let Some(promise) = following.pop() {
            for (link, id) in promise.take_exports(|link| remote.is_of_weak(link), &mut following) {
                if let Some(link) = link.upgrade() {
                    link.resolve(id, Ok(Value::Capability(Object(Kind::Promise(end.clone())))));
                }
            }
        }
    }

    /// Takes out those who watch for a peer, and lists the promises that follow this one.
    fn take_exports(
        &self,
        is_of_peer: impl Fn(&Weak<Link>) -> bool,
        following: &mut Vec<Arc<Self>>,
    ) -> Vec<(Weak<Link>, ExportId)> {
        let mut exports = Vec::new();
        self.lock().watchers.retain(|watcher| match watcher {
            Watcher::Export(link, id) if is_of_peer(link) => {
                exports.push((link.clone(), *id));
                false
            }
            Watcher::Promise(promise) => {
                following.push(promise.clone());
                true
            }
            _ => true,
        });
        exports
    }
}
