use std::io::{self, Read, Seek, SeekFrom};

use super::hash::Head;
use super::line::{Kind, Line, MAX_LINE};

/// How much is read at first: mostly that is enough.
const FIRST_WINDOW: usize = 4096;

/// How much is read at most at once.
const WINDOW: usize = 2 * MAX_LINE;

/// The last genuine line of a segment.
#[derive(Clone, Copy, Debug)]
pub(super) struct Tail {
    /// The chain's state after it.
    pub(super) head: Head,
    /// Whether the log goes on in the next segment.
    pub(super) continued: bool,
    /// Where the line ends in the file, its line feed included. What comes after is torn.
    pub(super) end: u64,
}

impl Tail {
    /// Looks for it from the end of a file of that length. However the file looks, little of it is in memory.
    pub(super) fn find(file: &mut (impl Read + Seek), length: u64) -> io::Result<Option<Self>> {
        let mut window = Vec::new();
        let mut end = length;
        let mut size = FIRST_WINDOW;
        while end > 0 {
            let start = end.saturating_sub(size as u64);
            window.clear();
            file.seek(SeekFrom::Start(start))?;
            file.by_ref().take(end - start).read_to_end(&mut window)?;
            if let Some(tail) = Self::within(&window, start) {
                return Ok(Some(tail));
            }
            if start == 0 {
                break;
            }
            // The line that ends at the first line feed may begin before the window.
            let feed = window.iter().position(|byte| *byte == b'\n');
            end = match feed {
                Some(feed) if feed + 1 < window.len() => start + feed as u64 + 1,
                _ if size < WINDOW => {
                    size = WINDOW;
                    continue;
                }
                Some(feed) => start + feed as u64,
                None => start,
            };
            size = WINDOW;
        }
        Ok(None)
    }

    fn within(window: &[u8], start: u64) -> Option<Self> {
        let mut end = window.iter().rposition(|byte| *byte == b'\n')?;
        loop {
            let rest = window.get(..end)?;
            let before = rest.iter().rposition(|byte| *byte == b'\n');
            let begins = match before {
                Some(feed) => feed + 1,
                None if start == 0 => 0,
                None => return None,
            };
            if let Some(line) = Line::genuine(rest.get(begins..)?) {
                let continued = line.kind == Kind::Continued;
                return Some(Self { head: line.head()?, continued, end: start + end as u64 + 1 });
            }
            end = before?;
        }
    }
}
