use std::fs::{File, Metadata};
use std::io::{self, Read as _, Seek as _, SeekFrom, Write as _};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use super::content::Content;
use super::hash::{Hash, Head};
use super::line::{self, FRAME, Line, MAX_LINE};
use super::tail::Tail;
use super::{AuditBounds, AuditError, segment};

/// Appends lines to the last segment, in turn with other processes.
///
/// A line is written while the segment is locked. A file that still has the length at which this process left it ends
/// with the line that this process wrote; otherwise its end is read.
#[derive(Debug)]
pub(super) struct Appender {
    folder: PathBuf,
    bounds: AuditBounds,
    current: Segment,
    /// The last line that this process knows of.
    known: u64,
    /// What was written since it was last brought to the disk.
    unsynced: Vec<Arc<File>>,
    middle: Vec<u8>,
    line: Vec<u8>,
}

/// The segment to append to.
#[derive(Debug)]
struct Segment {
    file: Arc<File>,
    path: PathBuf,
    first: u64,
    /// The length at which this process left it, and the chain's state there.
    left: Option<(u64, Head)>,
    /// Whether it is among the unsynced.
    unsynced: bool,
    /// Whether the folder is known to be on the disk with this segment in it.
    settled: bool,
}

/// What the locked segment turned out to be.
enum Place {
    /// The end of the log, with that length.
    End(u64, Head),
    /// Full: the log goes on after this line.
    Continued(Head),
    /// Removed since it was opened.
    Gone,
}

impl Appender {
    /// Opens the log, makes it if there is none, and repairs the end if the last write was interrupted.
    pub(super) fn open(folder: &Path, bounds: AuditBounds) -> Result<Self, AuditError> {
        segment::make_folder(folder).map_err(AuditError::io("make", folder))?;
        let mut appender = Self {
            folder: folder.to_owned(),
            bounds,
            current: Segment::last(folder)?,
            known: 0,
            unsynced: Vec::new(),
            middle: Vec::new(),
            line: Vec::new(),
        };
        loop {
            let locked = appender.current.lock()?;
            match appender.place()? {
                Place::End(..) => return Ok(appender),
                Place::Continued(head) => {
                    appender.current = Segment::open(folder, head.seq.saturating_add(1))?
                }
                Place::Gone => appender.current = Segment::last(folder)?,
            }
            drop(locked);
        }
    }

    /// Writes a line, and gives its number.
    pub(super) fn append(&mut self, content: &Content<'_>) -> Result<u64, AuditError> {
        self.middle.clear();
        content.write(now(), &mut self.middle);
        let (number, rolled) = self.append_middle()?;
        if rolled && let Err(error) = self.prune() {
            // The line is written. The next roll tries again.
            tracing::warn!(%error, "old segments of the audit log cannot be removed");
        }
        Ok(number)
    }

    /// Tells whether everything is on the disk.
    pub(super) fn is_synced(&self) -> bool {
        self.unsynced.is_empty()
    }

    /// Takes what must be brought to the disk.
    pub(super) fn take_unsynced(&mut self) -> Vec<Arc<File>> {
        self.current.unsynced = false;
        std::mem::take(&mut self.unsynced)
    }

    fn append_middle(&mut self) -> Result<(u64, bool), AuditError> {
        let mut rolled = false;
        loop {
            let locked = self.current.lock()?;
            let next = match self.place()? {
                Place::End(length, head) => {
                    if length == 0 || length + self.middle.len() as u64 + FRAME <= self.bounds.segment {
                        return Ok((self.write_middle(length, head)?, rolled));
                    }
                    let continued = self.write(length, head, &Content::Continued)?;
                    rolled = true;
                    Some(continued.seq.saturating_add(1))
                }
                Place::Continued(head) => Some(head.seq.saturating_add(1)),
                Place::Gone => None,
            };
            self.current = match next {
                Some(first) => Segment::open(&self.folder, first)?,
                None => Segment::last(&self.folder)?,
            };
            drop(locked);
        }
    }

    /// Learns where the log ends. The segment is locked.
    fn place(&mut self) -> Result<Place, AuditError> {
        let metadata = self.current.file.metadata().map_err(self.current.failed("look at"))?;
        if is_removed(&metadata) {
            return Ok(Place::Gone);
        }
        let length = metadata.len();
        match self.current.left {
            Some((left, head)) if left == length => Ok(Place::End(length, head)),
            _ => self.look(length),
        }
    }

    /// Reads where the log ends, and repairs it if a write was interrupted.
    fn look(&mut self, length: u64) -> Result<Place, AuditError> {
        self.current.left = None;
        let mut file = &*self.current.file;
        let tail = Tail::find(&mut file, length).map_err(self.current.failed("read"))?;
        let (head, end) = match tail {
            Some(tail) => (tail.head, tail.end),
            None => (self.head_before()?, 0),
        };
        if head.seq < self.known {
            return Err(AuditError::Cut { folder: self.folder.clone(), known: self.known, found: head.seq });
        }
        self.known = head.seq;
        // A segment never leads back, whatever was done to it.
        if tail.is_some_and(|tail| tail.continued) && head.seq >= self.current.first {
            return Ok(Place::Continued(head));
        }
        if end < length {
            return self.repair(head, end, length);
        }
        self.current.left = Some((length, head));
        Ok(Place::End(length, head))
    }

    /// Deals with what is between the end of the last line and the end of the file.
    fn repair(&mut self, head: Head, end: u64, length: u64) -> Result<Place, AuditError> {
        let torn = length - end;
        let mut bytes = Vec::new();
        let mut file = &*self.current.file;
        file.seek(SeekFrom::Start(end)).map_err(self.current.failed("read"))?;
        file.take(MAX_LINE as u64).read_to_end(&mut bytes).map_err(self.current.failed("read"))?;
        let lacks_only_its_end = Line::genuine(&bytes)
            .is_some_and(|line| line.seq == head.seq.saturating_add(1) && line.previous() == Some(head.hash));
        self.line.clear();
        if lacks_only_its_end {
            self.line.push(b'\n');
            self.write_line(length)?;
            return self.look(length + 1);
        }
        tracing::warn!(torn, path = %self.current.path.display(), "a write to the audit log was interrupted");
        let ends_a_line = length > 0 && self.byte_before(length)? == Some(b'\n');
        let mut middle = Vec::new();
        Content::Repaired { torn }.write(now(), &mut middle);
        if !ends_a_line {
            self.line.push(b'\n');
        }
        let head = self.finish(length, head, &middle)?;
        let length = self.current.left.map_or(length, |(length, _)| length);
        Ok(Place::End(length, head))
    }

    fn byte_before(&self, end: u64) -> Result<Option<u8>, AuditError> {
        let mut file = &*self.current.file;
        let mut byte = Vec::new();
        file.seek(SeekFrom::Start(end.saturating_sub(1))).map_err(self.current.failed("read"))?;
        file.take(1).read_to_end(&mut byte).map_err(self.current.failed("read"))?;
        Ok(byte.first().copied())
    }

    /// The chain's state before the first line of the current segment.
    fn head_before(&self) -> Result<Head, AuditError> {
        let none = Head { seq: self.current.first.saturating_sub(1), hash: Hash::NONE };
        let segments = segment::list(&self.folder).map_err(AuditError::io("list", &self.folder))?;
        let Some(before) = segments.into_iter().rfind(|first| *first < self.current.first) else {
            return Ok(none);
        };
        let path = segment::path(&self.folder, before);
        let find = || {
            let mut file = File::open(&path)?;
            let length = file.metadata()?.len();
            Tail::find(&mut file, length)
        };
        match find() {
            Ok(tail) => Ok(tail.map_or(none, |tail| Head { seq: none.seq, hash: tail.head.hash })),
            // Removed in between, since it was old.
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(none),
            Err(error) => Err(AuditError::io("read", &path)(error)),
        }
    }

    fn write_middle(&mut self, length: u64, head: Head) -> Result<u64, AuditError> {
        let middle = std::mem::take(&mut self.middle);
        self.line.clear();
        let written = self.finish(length, head, &middle);
        self.middle = middle;
        Ok(written?.seq)
    }

    fn write(&mut self, length: u64, head: Head, content: &Content<'_>) -> Result<Head, AuditError> {
        let mut middle = Vec::new();
        content.write(now(), &mut middle);
        self.line.clear();
        self.finish(length, head, &middle)
    }

    /// Completes the line and writes it.
    fn finish(&mut self, length: u64, head: Head, middle: &[u8]) -> Result<Head, AuditError> {
        let seq = head.seq.saturating_add(1);
        let hash = line::write(&mut self.line, seq, middle, &head.hash);
        let head = Head { seq, hash };
        self.write_line(length)?;
        self.current.left = Some((length + self.line.len() as u64, head));
        self.known = seq;
        Ok(head)
    }

    /// Writes what is in `line` after `length` bytes, in one piece or not at all.
    fn write_line(&mut self, length: u64) -> Result<(), AuditError> {
        self.current.left = None;
        let mut file = &*self.current.file;
        let written = loop {
            match file.write(&self.line) {
                Ok(written) if written == self.line.len() => break Ok(()),
                Ok(_) => break Err(io::ErrorKind::StorageFull.into()),
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => break Err(error),
            }
        };
        if let Err(error) = written {
            // Nobody was told of this line. If it cannot be taken back, the next writer finds it torn.
            let _ = file.set_len(length);
            return Err(self.current.failed("write to")(error));
        }
        if !self.current.unsynced {
            self.current.unsynced = true;
            self.unsynced.push(Arc::clone(&self.current.file));
            if !self.current.settled {
                let folder = File::open(&self.folder).map_err(AuditError::io("open", &self.folder))?;
                self.unsynced.push(Arc::new(folder));
                self.current.settled = true;
            }
        }
        Ok(())
    }

    /// Removes the oldest segments if all together are too large. A line says so first.
    fn prune(&mut self) -> Result<(), AuditError> {
        let mut segments = Vec::new();
        for first in segment::list(&self.folder).map_err(AuditError::io("list", &self.folder))? {
            let path = segment::path(&self.folder, first);
            let length = path.metadata().map_err(AuditError::io("look at", &path))?.len();
            segments.push((first, path, length));
        }
        let mut total: u64 = segments.iter().map(|(_, _, length)| length).sum();
        let old = segments.iter().take_while(|(first, _, length)| {
            let too_large = total > self.bounds.total && *first < self.current.first;
            total = total.saturating_sub(*length);
            too_large
        });
        let old = old.count();
        let Some((begins, _, _)) = segments.get(old).filter(|_| old > 0) else { return Ok(()) };
        self.middle.clear();
        Content::Pruned { begins: *begins }.write(now(), &mut self.middle);
        self.append_middle()?;
        for (_, path, _) in segments.iter().take(old) {
            std::fs::remove_file(path).map_err(AuditError::io("remove", path))?;
        }
        Ok(())
    }
}

impl Segment {
    fn open(folder: &Path, first: u64) -> Result<Self, AuditError> {
        let path = segment::path(folder, first);
        let file = segment::open(&path).map_err(AuditError::io("open", &path))?;
        Ok(Self { file: Arc::new(file), path, first, left: None, unsynced: false, settled: false })
    }

    fn last(folder: &Path) -> Result<Self, AuditError> {
        let segments = segment::list(folder).map_err(AuditError::io("list", folder))?;
        Self::open(folder, segments.last().copied().unwrap_or(1))
    }

    /// Waits until no other process writes.
    fn lock(&self) -> Result<Locked, AuditError> {
        loop {
            match self.file.lock() {
                Ok(()) => return Ok(Locked(Arc::clone(&self.file))),
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(self.failed("lock")(error)),
            }
        }
    }

    fn failed(&self, doing: &'static str) -> impl FnOnce(io::Error) -> AuditError {
        AuditError::io(doing, &self.path)
    }
}

/// A segment that no other process writes to until this is dropped.
struct Locked(Arc<File>);

impl Drop for Locked {
    fn drop(&mut self) {
        if let Err(error) = self.0.unlock() {
            tracing::error!(%error, "the audit log cannot be unlocked");
        }
    }
}

#[cfg(unix)]
fn is_removed(metadata: &Metadata) -> bool {
    std::os::unix::fs::MetadataExt::nlink(metadata) == 0
}

#[cfg(not(unix))]
fn is_removed(_: &Metadata) -> bool {
    false
}

fn now() -> u64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or(Duration::ZERO);
    u64::try_from(since.as_millis()).unwrap_or(u64::MAX)
}
