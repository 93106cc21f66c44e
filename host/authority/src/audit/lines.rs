use std::fs::File;
use std::io::{self, BufRead as _, BufReader, Seek as _, SeekFrom};
use std::path::Path;

use super::line::MAX_LINE;

/// Reads a segment line by line.
#[derive(Debug)]
pub(super) struct Lines {
    reader: BufReader<File>,
    line: Vec<u8>,
    /// Where the line that is read next begins.
    offset: u64,
}

/// A line without its line feed.
#[derive(Clone, Copy, Debug)]
pub(super) struct Raw<'a> {
    /// Its bytes, but no more than the longest line has.
    pub(super) bytes: &'a [u8],
    /// How many there are.
    pub(super) length: u64,
}

impl Lines {
    /// Opens a segment to be read from a place on.
    pub(super) fn open(path: &Path, offset: u64) -> io::Result<Self> {
        let mut reader = BufReader::with_capacity(64 * 1024, File::open(path)?);
        reader.seek(SeekFrom::Start(offset))?;
        Ok(Self { reader, line: Vec::new(), offset })
    }

    /// Where the line that is read next begins.
    pub(super) fn offset(&self) -> u64 {
        self.offset
    }

    /// Reads a line, if there is a whole one. If there is not, it can be asked for again later.
    pub(super) fn next(&mut self) -> io::Result<Option<Raw<'_>>> {
        self.line.clear();
        let mut length = 0;
        loop {
            let bytes = match self.reader.fill_buf() {
                Ok(bytes) => bytes,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
                Err(error) => return Err(error),
            };
            if bytes.is_empty() {
                if length > 0 {
                    self.reader.seek(SeekFrom::Start(self.offset))?;
                }
                return Ok(None);
            }
            let (part, ends) = match bytes.iter().position(|byte| *byte == b'\n') {
                Some(feed) => (bytes.get(..feed).unwrap_or_default(), true),
                None => (bytes, false),
            };
            let room = MAX_LINE.saturating_sub(self.line.len());
            self.line.extend_from_slice(part.get(..room).unwrap_or(part));
            length += part.len() as u64;
            let consumed = part.len() + usize::from(ends);
            self.reader.consume(consumed);
            if ends {
                self.offset += length + 1;
                return Ok(Some(Raw { bytes: &self.line, length }));
            }
        }
    }
}
