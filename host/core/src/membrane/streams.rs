use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use powerbox_authority::shares::{Part, Share};

use super::problem::Problem;
use super::unanswered::Paced;

/// The methods of Endo's objects that open a stream of changes, for which a daemon keeps something until it is closed.
const OPENING: &[&str] = &[
    "followLocatorNameChanges",
    "followMessages",
    "followNameChanges",
    "followPeerChanges",
    "followRetentionSet",
];

/// The streams of changes that a plugin holds open for one principal, in all its runs. A daemon has so many and all
/// plugins share them, so that one that takes them all would stop the others.
#[derive(Debug)]
pub struct Streams {
    most: usize,
    count: AtomicUsize,
    part: Option<Part<Paced>>,
}

/// A stream that is open, for as long as somebody has it.
#[derive(Debug)]
pub(super) struct Open {
    of: Arc<Streams>,
    _share: Option<Share<Paced>>,
}

impl Streams {
    /// Room for so many, which nobody else shares.
    pub fn alone(most: usize) -> Self {
        Self { most, count: AtomicUsize::new(0), part: None }
    }

    /// Room for so many, of what others have a part in.
    pub(crate) fn new(most: usize, part: Part<Paced>) -> Self {
        Self { part: Some(part), ..Self::alone(most) }
    }

    /// Counts a stream if a method opens one.
    ///
    /// # Errors
    ///
    /// If there are too many.
    pub(super) fn open(self: &Arc<Self>, method: &str) -> Result<Option<Arc<Open>>, Problem> {
        if !OPENING.contains(&method) {
            return Ok(None);
        }
        let full = || {
            let open = self.count.load(Ordering::Relaxed);
            Problem::Limit(format!("{open} streams of changes of the plugin are open"))
        };
        let share = self.part.as_ref().map(Part::take).transpose().map_err(|_| full())?;
        if self.count.fetch_add(1, Ordering::Relaxed) >= self.most {
            self.count.fetch_sub(1, Ordering::Relaxed);
            return Err(full());
        }
        Ok(Some(Arc::new(Open { of: Arc::clone(self), _share: share })))
    }
}

impl Drop for Open {
    fn drop(&mut self) {
        self.of.count.fetch_sub(1, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn streams_count_while_they_are_open_and_other_calls_do_not() {
        let streams = Arc::new(Streams::alone(2));
        let open = || streams.open("followNameChanges");
        let (one, _two) = (open().unwrap(), open().unwrap());
        assert!(matches!(open(), Err(Problem::Limit(_))));
        assert!(streams.open("list").unwrap().is_none());
        drop(one);
        open().unwrap();
    }
}
