use std::fmt;

use serde::Serialize;

use super::Head;

/// What [`verify`](super::verify) found.
#[derive(Clone, Debug, Default, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Report {
    /// How many segments there are.
    pub segments: u64,
    /// How many lines, torn ones included.
    pub lines: u64,
    /// How many crossings began.
    pub crossings: u64,
    /// How many acts there are.
    pub acts: u64,
    /// The number of the first line. It is larger than 1 if old segments were removed.
    pub first: Option<u64>,
    /// The number of the last line.
    pub last: Option<u64>,
    /// How many crossings have no end: the call still runs, or its process was killed.
    pub unfinished: u64,
    /// How many lines were torn by an interrupted write, as later lines say. Nobody was told that those were written.
    pub torn: u64,
    /// How many bytes follow the last line: one that is being written, or torn and not yet announced.
    pub rest: u64,
    /// The end of the log: what to note where those who can write the log cannot.
    pub head: Option<Head>,
    /// What is wrong: nothing, if nobody but the host wrote to the log.
    pub problems: Vec<Problem>,
    /// How many more problems there are.
    pub further: u64,
}

/// Something that is wrong with the log.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Problem {
    /// The file name of the segment; `None` if it is the log as a whole.
    pub segment: Option<String>,
    /// Which line of the segment, from 1; `None` if it is the segment as a whole.
    pub line: Option<u64>,
    /// What is wrong.
    pub what: String,
}

impl Report {
    /// Tells whether nothing is wrong.
    pub fn is_sound(&self) -> bool {
        self.problems.is_empty()
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (&self.segment, self.line) {
            (Some(segment), Some(line)) => write!(f, "{segment}, line {line}: {}", self.what),
            (Some(segment), None) => write!(f, "{segment}: {}", self.what),
            (None, _) => f.write_str(&self.what),
        }
    }
}
