use std::io;

use super::line::Line;
use super::lines::Lines;
use super::{Crossing, Record};

/// What a line means for a reader.
#[derive(Debug)]
pub(super) enum Event {
    /// A crossing began. It is unfinished so far.
    Begun(Crossing),
    /// A crossing ended.
    Ended(End),
    /// Something is told whole.
    Whole(Record),
    /// The log goes on in the segment whose first line has that number.
    Continued(u64),
    /// The line is about the log itself, or is no line: to find those is for [`verify`](super::verify).
    Nothing,
}

/// What came of a crossing.
#[derive(Debug)]
pub(super) struct End {
    /// The number of the line with which it began.
    pub(super) begin: u64,
    pub(super) outcome: String,
    pub(super) micros: Option<u64>,
}

impl Event {
    /// Reads the next line of a segment, if there is one.
    pub(super) fn next(lines: &mut Lines) -> io::Result<Option<Self>> {
        let raw = lines.next()?;
        Ok(raw.map(|raw| Line::parse(raw.bytes).map_or(Self::Nothing, Line::event)))
    }
}

impl End {
    /// Completes the crossing.
    pub(super) fn finish(self, mut crossing: Crossing) -> Record {
        crossing.outcome = self.outcome;
        crossing.micros = self.micros;
        Record::Crossing(crossing)
    }
}
