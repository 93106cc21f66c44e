use std::collections::HashMap;
use std::hash::{Hash as _, Hasher};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};

use powerbox_captp::Object;

use super::Forwarder;

/// The forwarders on one side of a membrane, by what they stand for.
///
/// It keeps nothing alive: a forwarder keeps what it stands for, and takes itself out of here at its end.
#[derive(Default)]
pub(super) struct Known(Mutex<HashMap<u64, Weak<Forwarder>>>);

impl Known {
    /// Gives the forwarder for an object, and makes it if there is none.
    pub(super) fn forwarder(&self, target: &Object, make: impl FnOnce() -> Forwarder) -> Arc<Forwarder> {
        let key = address(target);
        // One of something else with the same key must not be dropped while the table is locked: it wants it, too.
        let other;
        let mut known = self.lock();
        match known.get(&key).and_then(Weak::upgrade) {
            Some(forwarder) if forwarder.target() == target => return forwarder,
            found => other = found,
        }
        let forwarder = Arc::new(make());
        known.insert(key, Arc::downgrade(&forwarder));
        drop(known);
        drop(other);
        forwarder
    }

    /// Forgets a forwarder that is being dropped.
    pub(super) fn forget(&self, forwarder: &Forwarder) {
        let key = address(forwarder.target());
        let mut known = self.lock();
        // There may be a new one for the same object already.
        if known.get(&key).is_some_and(|entry| std::ptr::eq(entry.as_ptr(), forwarder)) {
            known.remove(&key);
            if known.capacity() > 64 && known.capacity() > 4 * known.len() {
                known.shrink_to_fit();
            }
        }
    }

    #[cfg(test)]
    pub(super) fn len(&self) -> usize {
        self.lock().len()
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<u64, Weak<Forwarder>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The number that an object gives as its identity to whoever hashes it: no other has it while it lives.
fn address(object: &Object) -> u64 {
    let mut address = Address(0);
    object.hash(&mut address);
    address.finish()
}

struct Address(u64);

impl Hasher for Address {
    fn finish(&self) -> u64 {
        self.0
    }

    fn write(&mut self, bytes: &[u8]) {
        for byte in bytes {
            self.0 = self.0.rotate_left(8) ^ u64::from(*byte);
        }
    }

    fn write_usize(&mut self, number: usize) {
        self.0 = number as u64;
    }
}
