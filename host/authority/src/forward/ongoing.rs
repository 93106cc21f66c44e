use std::time::Instant;

use powerbox_captp::{CallError, Value};

use super::{Ticket, Unrecorded};

/// A call that has begun. If it is dropped before it ended, that is recorded, too.
pub(super) struct Ongoing {
    ticket: Option<Ticket>,
    began: Instant,
}

impl Ongoing {
    pub(super) fn new(ticket: Ticket) -> Self {
        Self { ticket: Some(ticket), began: Instant::now() }
    }

    /// Records the outcome, without which nobody is given it.
    pub(super) fn end(mut self, outcome: &Result<Value, CallError>) -> Result<(), Unrecorded> {
        self.write(&in_words(outcome))
    }

    fn write(&mut self, outcome: &str) -> Result<(), Unrecorded> {
        let micros = u64::try_from(self.began.elapsed().as_micros()).unwrap_or(u64::MAX);
        self.ticket.take().map_or(Ok(()), |ticket| ticket(outcome, micros))
    }
}

impl Drop for Ongoing {
    fn drop(&mut self) {
        if let Err(error) = self.write("abandoned: the session of the caller ended first") {
            tracing::error!(%error, "the end of a call is not recorded");
        }
    }
}

/// The longest outcome, in characters.
const LONGEST: usize = 300;

fn in_words(outcome: &Result<Value, CallError>) -> String {
    let words = match outcome {
        Ok(_) => return "answered".to_owned(),
        // Anything else can be large, and says less.
        Err(CallError::Thrown(value)) if !matches!(value, Value::Error(_) | Value::Text(_)) => {
            return "threw a value that is no error".to_owned();
        }
        Err(error) => error.to_string(),
    };
    crate::text::clean_line(&words.chars().take(LONGEST).collect::<String>())
}
