use std::collections::BTreeMap;
use std::io;
use std::path::{Path, PathBuf};

use super::event::{End, Event};
use super::last::{MAX_OPEN, Newest, Position};
use super::lines::Lines;
use super::{AuditError, Crossing, Filter, Record, segment};

/// How many records a batch has at most.
const MAX_BATCH: usize = 1024;

/// Reads what is appended to the log, as often as it is asked to.
///
/// A crossing comes when it is over. With [`Filter::last`], at first the newest so many come, as far as they were over
/// already; without it, all. Nothing is left out or repeated, also where the log goes on in a new segment, unless
/// segments were removed before they were read.
#[derive(Debug)]
pub struct Follow {
    folder: PathBuf,
    filter: Filter,
    /// Where to go on; `None` is the oldest segment.
    at: Option<Position>,
    /// The segment there, if it is open.
    lines: Option<Lines>,
    /// Crossings that began with this line or a later one, and are not over, are all in `open` if they fit.
    from: u64,
    /// Crossings that are not over, by number.
    open: BTreeMap<u64, Crossing>,
    /// What was there before.
    earlier: Vec<Record>,
}

impl Follow {
    /// Begins to follow the log in a folder, which need not be there yet.
    pub fn new(folder: &Path, filter: &Filter) -> Result<Self, AuditError> {
        let newest = match filter.last {
            Some(wanted) => Newest::find(folder, filter, wanted)?,
            None => Newest::default(),
        };
        Ok(Self {
            folder: folder.to_owned(),
            filter: filter.clone(),
            at: newest.end,
            lines: None,
            from: newest.from,
            open: newest.open,
            earlier: newest.over.into_values().collect(),
        })
    }

    /// Gives what came since the last time, or a part of it: what is left comes the next time. Nothing means that
    /// there is nothing new.
    pub fn next_batch(&mut self) -> Result<Vec<Record>, AuditError> {
        let mut batch = std::mem::take(&mut self.earlier);
        while batch.len() < MAX_BATCH {
            match self.next_event()? {
                None => break,
                Some(Event::Begun(crossing)) => self.begin(crossing),
                Some(Event::Whole(record)) if self.filter.matches(&record) => batch.push(record),
                Some(Event::Ended(end)) => batch.extend(self.end(end)?),
                Some(Event::Whole(_) | Event::Continued(_) | Event::Nothing) => {}
            }
        }
        Ok(batch)
    }

    fn next_event(&mut self) -> Result<Option<Event>, AuditError> {
        loop {
            if !self.open_segment()? {
                return Ok(None);
            }
            let (Some(at), Some(lines)) = (self.at, &mut self.lines) else { return Ok(None) };
            let failed = |error| AuditError::io("read", &segment::path(&self.folder, at.first))(error);
            let mut event = Event::next(lines).map_err(failed)?;
            if event.is_none() {
                let Some(later) = later(&self.folder, at.first)? else { return Ok(None) };
                // That there is a later segment means that this one is complete: what was added since is its end.
                event = Event::next(lines).map_err(failed)?;
                if event.is_none() {
                    self.go_to(later);
                    continue;
                }
            }
            if let Some(Event::Continued(first)) = event
                && first > at.first
            {
                self.go_to(first);
            }
            return Ok(event);
        }
    }

    fn go_to(&mut self, first: u64) {
        self.at = Some(Position { first, offset: 0 });
        self.lines = None;
    }

    /// Opens the segment at which to go on, if there is one.
    fn open_segment(&mut self) -> Result<bool, AuditError> {
        if self.lines.is_some() {
            return Ok(true);
        }
        let at = match self.at {
            Some(at) => at,
            None => match later(&self.folder, 0)? {
                Some(first) => Position { first, offset: 0 },
                None => return Ok(false),
            },
        };
        self.at = Some(at);
        if let Some(lines) = self.try_open(at)? {
            self.lines = Some(lines);
            return Ok(true);
        }
        // It is about to be made, or was removed. If there is a later one, it had been made before that.
        let Some(later) = later(&self.folder, at.first)? else { return Ok(false) };
        self.lines = self.try_open(at)?;
        if self.lines.is_none() {
            tracing::warn!(from = at.first, to = later, "a part of the audit log was removed unread");
            self.go_to(later);
            self.lines = self.try_open(Position { first: later, offset: 0 })?;
        }
        Ok(self.lines.is_some())
    }

    fn try_open(&self, at: Position) -> Result<Option<Lines>, AuditError> {
        let path = segment::path(&self.folder, at.first);
        match Lines::open(&path, at.offset) {
            Ok(lines) => Ok(Some(lines)),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(AuditError::io("open", &path)(error)),
        }
    }

    fn begin(&mut self, crossing: Crossing) {
        if !self.filter.matches_crossing(&crossing) {
            return;
        }
        self.open.insert(crossing.number, crossing);
        if self.open.len() > MAX_OPEN
            && let Some((number, _)) = self.open.pop_first()
        {
            // If it ends, it is looked up.
            self.from = number.saturating_add(1);
        }
    }

    /// Completes a crossing, whose beginning may be older than what was read.
    fn end(&mut self, end: End) -> Result<Option<Record>, AuditError> {
        if let Some(crossing) = self.open.remove(&end.begin) {
            return Ok(Some(end.finish(crossing)));
        }
        if end.begin >= self.from {
            // It did not fit.
            return Ok(None);
        }
        let begun = look_up(&self.folder, end.begin)?.filter(|begun| self.filter.matches_crossing(begun));
        Ok(begun.map(|begun| end.finish(begun)))
    }
}

/// The oldest segment after that one.
fn later(folder: &Path, first: u64) -> Result<Option<u64>, AuditError> {
    let segments = segment::list(folder).map_err(AuditError::io("list", folder))?;
    Ok(segments.into_iter().find(|other| *other > first))
}

/// Finds the crossing that began with a line, if that is still there.
fn look_up(folder: &Path, number: u64) -> Result<Option<Crossing>, AuditError> {
    let segments = segment::list(folder).map_err(AuditError::io("list", folder))?;
    let Some(first) = segments.into_iter().rfind(|first| *first <= number) else { return Ok(None) };
    let path = segment::path(folder, first);
    let find = || -> io::Result<_> {
        let mut lines = Lines::open(&path, 0)?;
        while let Some(event) = Event::next(&mut lines)? {
            if let Event::Begun(crossing) = event
                && crossing.number >= number
            {
                return Ok(Some(crossing).filter(|crossing| crossing.number == number));
            }
        }
        Ok(None)
    };
    match find() {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        found => found.map_err(AuditError::io("read", &path)),
    }
}
