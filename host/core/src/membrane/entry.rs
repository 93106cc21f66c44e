use std::sync::Arc;
use std::time::Instant;

use powerbox_authority::audit::{Audit, AuditError, Decision, Entry as Line, Number, Redactor};

use super::problem::Problem;

/// A crossing's place in the audit. If it is dropped before it ended, the invocation was: that is recorded too.
pub(super) struct Entry {
    pub(super) audit: Arc<Audit>,
    pub(super) whose: Arc<Whose>,
    pub(super) redactor: Arc<Redactor>,
    pub(super) slot: String,
    pub(super) grant: Option<u64>,
    pub(super) function: String,
    pub(super) arguments: String,
    pub(super) digest: String,
    pub(super) began: Instant,
    pub(super) state: State,
}

/// For whom an invocation runs, as the audit says it.
#[derive(Debug)]
pub(super) struct Whose {
    pub(super) principal: String,
    pub(super) agent: Option<String>,
    pub(super) agent_key: Option<String>,
    pub(super) plugin: String,
    pub(super) invocation: u64,
}

/// How far a crossing is recorded.
pub(super) enum State {
    /// Not at all.
    Unwritten,
    /// As allowed and under way.
    Begun(Number),
    /// To its end.
    Written,
}

impl Entry {
    /// Writes down that the call is allowed and about to be made.
    pub(super) fn begin(&mut self) -> Result<(), Problem> {
        let number = self.audit.begin(&self.line()).map_err(unwritable)?;
        self.state = State::Begun(number);
        Ok(())
    }

    /// Writes down how it ended, in full; the plugin may be told less.
    ///
    /// # Errors
    ///
    /// If it cannot be written: an answer that is not recorded is not given.
    pub(super) fn end(&mut self, outcome: Result<(), &Problem>) -> Result<(), Problem> {
        let (decision, said) = match outcome {
            Ok(()) => (Decision::Allowed, "answered".to_owned()),
            Err(problem) if problem.is_refusal() => (Decision::Denied, problem.to_string()),
            Err(problem) => (Decision::Allowed, problem.to_string()),
        };
        self.write(decision, &said).map_err(unwritable)
    }

    fn write(&mut self, decision: Decision, said: &str) -> Result<(), AuditError> {
        // A peer may quote what it was given.
        let said = self.redactor.text(said);
        let micros = u64::try_from(self.began.elapsed().as_micros()).unwrap_or(u64::MAX);
        match std::mem::replace(&mut self.state, State::Written) {
            State::Unwritten => self.audit.record(&self.line(), decision, said, micros).map(drop),
            State::Begun(number) => self.audit.end(number, said, micros),
            State::Written => Ok(()),
        }
    }

    fn line(&self) -> Line<'_> {
        Line {
            principal: &self.whose.principal,
            agent: self.whose.agent.as_deref(),
            agent_key: self.whose.agent_key.as_deref(),
            plugin: &self.whose.plugin,
            invocation: self.whose.invocation,
            slot: &self.slot,
            grant: self.grant,
            function: &self.function,
            arguments: &self.arguments,
            digest: &self.digest,
        }
    }
}

fn unwritable(error: AuditError) -> Problem {
    tracing::error!(%error, "the audit log can not be written");
    Problem::Other("the audit log can not be written, so the call is not made".to_owned())
}

impl Drop for Entry {
    fn drop(&mut self) {
        // What was not even begun was not allowed: the person was still asked, or the plugin still waited.
        let decision = match self.state {
            State::Unwritten => Decision::Denied,
            State::Begun(_) | State::Written => Decision::Allowed,
        };
        if let Err(error) = self.write(decision, "abandoned: the invocation ended first") {
            tracing::error!(%error, "the audit log can not be written");
        }
    }
}
