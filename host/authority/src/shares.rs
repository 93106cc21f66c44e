//! Bounds that several have in common, so that none of them can take it all.

use std::collections::HashMap;
use std::hash::Hash;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// A bound that is counted by who causes what counts.
///
/// Whoever takes may hold as much as they leave: half of what the others do not hold. So one alone gets half of the
/// whole, the next one half of the rest, and the first that comes after a greedy one always finds room.
#[derive(Clone, Debug)]
pub struct Shares<K>(Arc<Inner<K>>);

#[derive(Debug)]
struct Inner<K> {
    most: usize,
    held: Mutex<Held<K>>,
}

#[derive(Debug)]
struct Held<K> {
    by: HashMap<K, usize>,
    all: usize,
}

/// There is no room for whoever asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Full {
    /// How much they hold.
    pub held: usize,
}

/// What one of them took, until it is dropped.
#[derive(Debug)]
pub struct Share<K: Eq + Hash> {
    whose: K,
    amount: usize,
    of: Shares<K>,
}

/// The bound as one of them sees it.
#[derive(Clone, Debug)]
pub struct Part<K> {
    whose: K,
    of: Shares<K>,
}

impl<K: Clone + Eq + Hash> Shares<K> {
    /// A bound of so many in all.
    pub fn new(most: usize) -> Self {
        Self(Arc::new(Inner { most, held: Mutex::new(Held { by: HashMap::new(), all: 0 }) }))
    }

    /// Takes one.
    ///
    /// # Errors
    ///
    /// If whoever asks has their share already.
    pub fn take(&self, whose: K) -> Result<Share<K>, Full> {
        self.take_some(whose, 1)
    }

    /// Takes so many, or none.
    ///
    /// # Errors
    ///
    /// As [`take`](Self::take).
    pub fn take_some(&self, whose: K, amount: usize) -> Result<Share<K>, Full> {
        let mut held = self.0.lock();
        let own = self.0.room(&held, &whose, amount)?;
        held.all = held.all.saturating_add(amount);
        held.by.insert(whose.clone(), own.saturating_add(amount));
        drop(held);
        Ok(Share { whose, amount, of: self.clone() })
    }

    /// How many are taken.
    pub fn taken(&self) -> usize {
        self.0.lock().all
    }

    /// The bound for one of them.
    pub fn of(&self, whose: K) -> Part<K> {
        Part { whose, of: self.clone() }
    }
}

impl<K: Eq + Hash> Inner<K> {
    /// Tells whether there is room for so many more, and if so how many they hold.
    fn room(&self, held: &Held<K>, whose: &K, amount: usize) -> Result<usize, Full> {
        let own = held.by.get(whose).copied().unwrap_or_default();
        let left_by_others = self.most.saturating_sub(held.all.saturating_sub(own));
        if own.saturating_add(amount) > left_by_others.div_ceil(2) {
            Err(Full { held: own })
        } else {
            Ok(own)
        }
    }
}

impl<K: Clone + Eq + Hash> Part<K> {
    /// Whether one could be taken now.
    pub fn has_room(&self) -> bool {
        let inner = &self.of.0;
        inner.room(&inner.lock(), &self.whose, 1).is_ok()
    }

    /// Takes one.
    ///
    /// # Errors
    ///
    /// As [`Shares::take`].
    pub fn take(&self) -> Result<Share<K>, Full> {
        self.of.take(self.whose.clone())
    }
}

impl<K: Eq + Hash> Drop for Share<K> {
    fn drop(&mut self) {
        let mut held = self.of.0.lock();
        held.all = held.all.saturating_sub(self.amount);
        let left = held.by.get_mut(&self.whose).map(|own| {
            *own = own.saturating_sub(self.amount);
            *own
        });
        // Nobody is remembered who holds nothing.
        if left == Some(0) {
            held.by.remove(&self.whose);
        }
    }
}

impl<K> Inner<K> {
    fn lock(&self) -> MutexGuard<'_, Held<K>> {
        self.held.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Takes as many as there are to have.
    fn greedy(shares: &Shares<char>, whose: char) -> Vec<Share<char>> {
        std::iter::from_fn(|| shares.take(whose).ok()).collect()
    }

    #[test]
    fn whoever_comes_after_a_greedy_one_finds_room() {
        let shares = Shares::new(64);
        let mut held = Vec::new();
        for whose in 'a'..='e' {
            let took = greedy(&shares, whose);
            assert!(!took.is_empty(), "{whose}");
            held.push(took);
        }
        assert_eq!(held.iter().map(Vec::len).collect::<Vec<_>>(), [32, 16, 8, 4, 2]);
        assert!(shares.taken() < 64);
        assert_eq!(shares.take('a').unwrap_err(), Full { held: 32 });
        // What one gives back, all can have.
        held.clear();
        assert_eq!(greedy(&shares, 'e').len(), 32);
    }

    #[test]
    fn all_or_none_is_taken_and_nobody_is_remembered_who_holds_nothing() {
        let shares = Shares::new(10);
        assert!(shares.take_some('a', 6).is_err());
        let took = shares.take_some('a', 5).unwrap();
        assert!(shares.take_some('b', usize::MAX).is_err());
        drop(took);
        assert_eq!(shares.taken(), 0);
        assert!(shares.0.lock().by.is_empty());
        assert!(Shares::new(1).take('a').is_ok(), "one that is there can be had");
        assert!(Shares::new(0).take('a').is_err());
    }
}
