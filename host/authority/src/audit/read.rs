use std::collections::{BTreeMap, VecDeque, btree_map};
use std::io;
use std::path::{Path, PathBuf};

use super::event::Event;
use super::last::Newest;
use super::lines::Lines;
use super::{AuditError, Crossing, Filter, Record, segment};

/// How many records wait for an older one that is not over yet.
const MAX_HELD: usize = 16 * 1024;

/// How many crossings that are not over are remembered beyond that.
const MAX_LATE: usize = 64 * 1024;

/// Reads the log: gives the records that fit a filter, each as one, in the order in which they began.
///
/// It reads what was there when it was opened and holds little of it at a time. A crossing that lasted while more than
/// 16384 others began comes when it is over instead of in its place.
#[derive(Debug)]
pub struct Reader(Source);

#[derive(Debug)]
enum Source {
    Newest(btree_map::IntoValues<u64, Record>),
    All(Box<All>),
}

#[derive(Debug)]
struct All {
    folder: PathBuf,
    filter: Filter,
    segments: VecDeque<u64>,
    lines: Option<(Lines, u64)>,
    /// What waits for its turn, by number.
    held: BTreeMap<u64, Held>,
    /// Crossings that the others no longer wait for.
    late: BTreeMap<u64, Crossing>,
    ready: VecDeque<Record>,
}

#[derive(Debug)]
enum Held {
    Open(Crossing),
    Over(Record),
}

impl Reader {
    /// Opens the log in a folder. A folder that is not there has no records.
    pub fn open(folder: &Path, filter: &Filter) -> Result<Self, AuditError> {
        if let Some(wanted) = filter.last {
            let newest = Newest::find(folder, filter, wanted)?;
            let mut records = newest.over;
            records.extend(newest.open.into_iter().map(|(number, open)| (number, Record::Crossing(open))));
            while records.len() > wanted {
                records.pop_first();
            }
            return Ok(Self(Source::Newest(records.into_values())));
        }
        let segments = segment::list(folder).map_err(AuditError::io("list", folder))?;
        Ok(Self(Source::All(Box::new(All {
            folder: folder.to_owned(),
            filter: filter.clone(),
            segments: segments.into(),
            lines: None,
            held: BTreeMap::new(),
            late: BTreeMap::new(),
            ready: VecDeque::new(),
        }))))
    }
}

impl Iterator for Reader {
    type Item = Result<Record, AuditError>;

    fn next(&mut self) -> Option<Self::Item> {
        match &mut self.0 {
            Source::Newest(records) => records.next().map(Ok),
            Source::All(all) => all.next().transpose(),
        }
    }
}

impl All {
    fn next(&mut self) -> Result<Option<Record>, AuditError> {
        loop {
            if let Some(record) = self.take_ready() {
                return Ok(Some(record));
            }
            match self.next_event()? {
                Some(event) => self.take_in(event),
                None => return Ok(self.take_rest()),
            }
        }
    }

    /// Reads a line, of the next segment if one is at its end.
    fn next_event(&mut self) -> Result<Option<Event>, AuditError> {
        loop {
            if let Some((lines, first)) = &mut self.lines {
                let event = Event::next(lines);
                let path = || segment::path(&self.folder, *first);
                if let Some(event) = event.map_err(|error| AuditError::io("read", &path())(error))? {
                    return Ok(Some(event));
                }
            }
            let Some(first) = self.segments.pop_front() else { return Ok(None) };
            let path = segment::path(&self.folder, first);
            self.lines = match Lines::open(&path, 0) {
                Ok(lines) => Some((lines, first)),
                // Removed since it was listed.
                Err(error) if error.kind() == io::ErrorKind::NotFound => None,
                Err(error) => return Err(AuditError::io("open", &path)(error)),
            };
        }
    }

    fn take_in(&mut self, event: Event) {
        match event {
            Event::Begun(crossing) if self.filter.matches_crossing(&crossing) => {
                self.held.insert(crossing.number, Held::Open(crossing));
            }
            Event::Whole(record) if self.filter.matches(&record) => {
                self.held.insert(record.number(), Held::Over(record));
            }
            Event::Ended(end) => {
                let number = end.begin;
                match self.held.remove(&number) {
                    Some(Held::Open(crossing)) => {
                        self.held.insert(number, Held::Over(end.finish(crossing)));
                    }
                    Some(over) => {
                        self.held.insert(number, over);
                    }
                    None => self.ready.extend(self.late.remove(&number).map(|open| end.finish(open))),
                }
            }
            Event::Begun(_) | Event::Whole(_) | Event::Continued(_) | Event::Nothing => {}
        }
        if self.held.len() > MAX_HELD
            && let Some((number, Held::Open(crossing))) = self.held.pop_first()
        {
            self.late.insert(number, crossing);
        }
        if self.late.len() > MAX_LATE {
            self.ready.extend(self.late.pop_first().map(|(_, open)| Record::Crossing(open)));
        }
    }

    fn take_ready(&mut self) -> Option<Record> {
        if let Some(record) = self.ready.pop_front() {
            return Some(record);
        }
        let oldest = self.held.first_entry()?;
        match oldest.get() {
            Held::Open(_) => None,
            Held::Over(_) => Some(oldest.remove().into_record()),
        }
    }

    fn take_rest(&mut self) -> Option<Record> {
        if let Some((_, open)) = self.late.pop_first() {
            return Some(Record::Crossing(open));
        }
        self.held.pop_first().map(|(_, held)| held.into_record())
    }
}

impl Held {
    fn into_record(self) -> Record {
        match self {
            Self::Open(crossing) => Record::Crossing(crossing),
            Self::Over(record) => record,
        }
    }
}
