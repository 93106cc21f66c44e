//! Promises on both sides of a membrane.

use std::collections::HashMap;
use std::sync::{Arc, PoisonError};

use powerbox_captp::{CallError, Object, Value, promise};
use tokio::runtime::Handle;

use super::membrane::{Membrane, Side};
use super::refused::Refused;
use crate::identifiers::Said;

/// The promises that are open, and what stands for each on the other side.
#[derive(Default)]
pub(super) struct Open {
    /// By the promise that crossed and the side it crossed to.
    copies: HashMap<(Object, Side), Object>,
    /// By what stands for it on that side.
    originals: HashMap<Object, (Object, Side)>,
}

/// How many promises may be open at a time on their way across one membrane: each is waited for. Beyond it, what
/// brings a new one fails.
const MOST_OPEN: usize = 1 << 16;

/// How many promises may be found, each in what the one before had settled to already: such a chain may be a circle.
const DEEPEST: u32 = 32;

impl Open {
    fn across(&self, crossing: &Object, to: Side) -> Option<Object> {
        if let Some((original, side)) = self.originals.get(crossing) {
            return Some(if *side == to { crossing } else { original }.clone());
        }
        self.copies.get(&(crossing.clone(), to)).cloned()
    }

    fn insert(&mut self, original: Object, copy: Object, side: Side) {
        self.originals.insert(copy.clone(), (original.clone(), side));
        self.copies.insert((original, side), copy);
    }

    fn forget(&mut self, original: &Object, copy: &Object, side: Side) {
        self.originals.remove(copy);
        self.copies.remove(&(original.clone(), side));
        if self.copies.is_empty() {
            *self = Self::default();
        }
    }

    #[cfg(test)]
    pub(super) fn len(&self) -> usize {
        self.copies.len().max(self.originals.len())
    }
}

impl Membrane {
    /// Gives what stands for a promise on the other side: a promise that settles to what stands for what this one
    /// settles to. Messages to it wait for that, and are then judged like any other.
    pub(super) fn promise_across(
        self: &Arc<Self>,
        crossing: Object,
        to: Side,
        depth: u32,
        said: Said,
    ) -> Result<Object, CallError> {
        let mut open = self.open.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(known) = open.across(&crossing, to) {
            return Ok(known);
        }
        if open.copies.len() >= MOST_OPEN {
            return Err(CallError::Limit("promises that are open through one grant".into()));
        }
        let answer = crossing.settled();
        let outcome = answer.outcome();
        // One that is open still costs whoever made it something to settle.
        let depth = if outcome.is_some() { depth + 1 } else { 0 };
        if depth > DEEPEST {
            return Err(CallError::Limit("promises that lie in what others have settled to".into()));
        }
        let runtime = Handle::try_current().map_err(|_| CallError::Cancelled)?;
        let (copy, resolver) = promise();
        open.insert(crossing.clone(), copy.clone(), to);
        drop(open);
        let (membrane, given) = (Arc::clone(self), copy.clone());
        runtime.spawn(async move {
            let outcome = match outcome {
                Some(outcome) => outcome,
                None => tokio::select! {
                    biased;
                    ending = membrane.grant.ended() => Err(Refused::ended(&membrane.grant, ending).into()),
                    outcome = answer => outcome,
                },
            };
            if crossing == membrane.granted
                && let Ok(Value::Capability(root)) = &outcome
            {
                membrane.settle_root(root);
            }
            // While it is known as open, so that one that lies in itself is found.
            let outcome = membrane.outcome_across(outcome, to, depth, said);
            resolver.settle(outcome);
            let mut open = membrane.open.lock().unwrap_or_else(PoisonError::into_inner);
            open.forget(&crossing, &copy, to);
        });
        Ok(given)
    }
}
