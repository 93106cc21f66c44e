use std::collections::{BTreeMap, HashMap};
use std::io;
use std::path::Path;

use super::event::{End, Event};
use super::lines::Lines;
use super::{AuditError, Crossing, Filter, Record, segment};

/// How many crossings under way are kept in mind.
pub(super) const MAX_OPEN: usize = 4096;

/// A place in the log: a segment, by the number of its first line, and an offset in it.
#[derive(Clone, Copy, Debug)]
pub(super) struct Position {
    pub(super) first: u64,
    pub(super) offset: u64,
}

/// The newest records that fit a filter, found without reading older segments than necessary.
#[derive(Debug, Default)]
pub(super) struct Newest {
    /// What is over, by number.
    pub(super) over: BTreeMap<u64, Record>,
    /// What is unfinished, by number.
    pub(super) open: BTreeMap<u64, Crossing>,
    /// Every crossing that began with this line or a later one was looked at.
    pub(super) from: u64,
    /// Where the log ended; `None` if there is none.
    pub(super) end: Option<Position>,
}

impl Newest {
    /// Looks for so many.
    pub(super) fn find(folder: &Path, filter: &Filter, wanted: usize) -> Result<Self, AuditError> {
        let mut newest = Self::default();
        // Ends whose beginnings are in segments that are not read yet.
        let mut ends = HashMap::new();
        for first in segment::list(folder).map_err(AuditError::io("list", folder))?.into_iter().rev() {
            let path = segment::path(folder, first);
            match newest.add(folder, filter, wanted, first, &mut ends) {
                Ok(()) => {}
                // Removed since it was listed, as all that are older are.
                Err(error) if error.kind() == io::ErrorKind::NotFound => break,
                Err(error) => return Err(AuditError::io("read", &path)(error)),
            }
            if newest.over.len() + newest.open.len() >= wanted {
                break;
            }
        }
        Ok(newest)
    }

    /// Adds a segment that is older than those that were added before.
    fn add(
        &mut self,
        folder: &Path,
        filter: &Filter,
        wanted: usize,
        first: u64,
        ends: &mut HashMap<u64, End>,
    ) -> io::Result<()> {
        let mut lines = Lines::open(&segment::path(folder, first), 0)?;
        let mut open = BTreeMap::new();
        let mut next = None;
        while let Some(event) = Event::next(&mut lines)? {
            match event {
                Event::Begun(crossing) if filter.matches_crossing(&crossing) => {
                    open.insert(crossing.number, crossing);
                    // What is older than so many that are unfinished is not among the newest.
                    if open.len() > wanted.max(MAX_OPEN) {
                        open.pop_first();
                    }
                }
                Event::Ended(end) if end.begin < first => {
                    ends.insert(end.begin, end);
                }
                Event::Ended(end) => {
                    if let Some(crossing) = open.remove(&end.begin) {
                        self.keep(end.finish(crossing), wanted);
                    }
                }
                Event::Whole(record) if filter.matches(&record) => self.keep(record, wanted),
                Event::Continued(first) => next = Some(first),
                Event::Begun(_) | Event::Whole(_) | Event::Nothing => {}
            }
        }
        for (number, crossing) in open {
            match ends.remove(&number) {
                Some(end) => self.keep(end.finish(crossing), wanted),
                None => {
                    self.open.insert(number, crossing);
                }
            }
        }
        self.from = self.from.max(first);
        while self.open.len() > wanted.max(MAX_OPEN) {
            if let Some((number, _)) = self.open.pop_first() {
                self.from = self.from.max(number.saturating_add(1));
            }
        }
        self.end.get_or_insert(match next {
            Some(first) => Position { first, offset: 0 },
            None => Position { first, offset: lines.offset() },
        });
        Ok(())
    }

    fn keep(&mut self, record: Record, wanted: usize) {
        self.over.insert(record.number(), record);
        if self.over.len() > wanted {
            self.over.pop_first();
        }
    }
}
