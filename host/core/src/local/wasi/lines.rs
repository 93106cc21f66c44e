use std::sync::{Arc, Mutex, PoisonError};

use crate::local::LogPower;

/// How much of a line is kept until it ends, in bytes. A longer one is noted in pieces.
const LONGEST: usize = 8192;

/// Cuts what is written into lines, and notes each in the log. What is left when it goes is a line too.
pub(super) struct Lines {
    log: Option<Arc<LogPower>>,
    level: &'static str,
    begun: Mutex<Vec<u8>>,
}

impl Lines {
    /// Notes lines at this level; without a log they are lost.
    pub(super) fn new(log: Option<Arc<LogPower>>, level: &'static str) -> Self {
        Self { log, level, begun: Mutex::default() }
    }

    pub(super) fn write(&self, bytes: &[u8]) {
        let mut begun = self.begun.lock().unwrap_or_else(PoisonError::into_inner);
        for piece in bytes.split_inclusive(|byte| *byte == b'\n') {
            for part in piece.chunks(LONGEST) {
                begun.extend_from_slice(part);
                if part.ends_with(b"\n") || begun.len() >= LONGEST {
                    self.note(&std::mem::take(&mut *begun));
                }
            }
        }
    }

    fn note(&self, line: &[u8]) {
        let line = String::from_utf8_lossy(line);
        let line = line.trim_end_matches(['\r', '\n']);
        if let Some(log) = self.log.as_ref().filter(|_| !line.is_empty()) {
            log.note(self.level, line);
        }
    }
}

impl Drop for Lines {
    fn drop(&mut self) {
        let begun = std::mem::take(self.begun.get_mut().unwrap_or_else(PoisonError::into_inner));
        self.note(&begun);
    }
}
