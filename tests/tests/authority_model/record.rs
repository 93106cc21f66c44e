//! The record in memory, and beside it that on disk.

use std::sync::{Arc, Mutex};

use powerbox_authority::forward::{AuditRecorder, Crossed, Recorder, Ticket, Unrecorded, Way};

use crate::model::{Line, Outcome};

/// What was recorded, in the order in which it began.
#[derive(Default)]
pub(crate) struct Lines(Mutex<Vec<Line>>);

impl Lines {
    pub(crate) fn all(&self) -> Vec<Line> {
        self.0.lock().unwrap().clone()
    }
}

/// Records in memory, by the model's numbers.
pub(crate) struct Memory {
    lines: Arc<Lines>,
    grant: usize,
}

impl Memory {
    pub(crate) fn new(lines: &Arc<Lines>, grant: usize) -> Self {
        Self { lines: Arc::clone(lines), grant }
    }

    fn push(&self, crossing: &Crossed<'_>, outcome: Outcome) -> usize {
        let mut lines = self.lines.0.lock().unwrap();
        let function = match crossing.way {
            Way::In => crossing.function.to_owned(),
            Way::Out => format!("callback {}", crossing.function),
        };
        lines.push(Line { grant: self.grant, function, outcome, arrives: false });
        lines.len() - 1
    }
}

/// Records in memory, and in the audit log if there is one.
pub(crate) struct Both {
    memory: Memory,
    audited: Option<AuditRecorder>,
}

impl Both {
    pub(crate) fn new(memory: Memory, audited: Option<AuditRecorder>) -> Self {
        Self { memory, audited }
    }
}

impl Recorder for Both {
    fn begin(&self, crossing: &Crossed<'_>) -> Result<Ticket, Unrecorded> {
        let ticket = self.audited.as_ref().map(|audited| audited.begin(crossing)).transpose()?;
        let number = self.memory.push(crossing, Outcome::Failed);
        let lines = Arc::clone(&self.memory.lines);
        Ok(Box::new(move |outcome, micros| {
            if outcome == "answered" {
                lines.0.lock().unwrap()[number].outcome = Outcome::Answered;
            }
            ticket.map_or(Ok(()), |ticket| ticket(outcome, micros))
        }))
    }

    fn refused(&self, crossing: &Crossed<'_>, rule: &str) {
        self.memory.push(crossing, Outcome::Refused);
        if let Some(audited) = &self.audited {
            audited.refused(crossing, rule);
        }
    }
}
