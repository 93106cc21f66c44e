use std::process::ExitCode;

use powerbox_core::membrane::Problem;
use powerbox_core::{InstallError, InvokeError};
use serde_json::json;

/// How the program ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Status {
    /// It did what was asked.
    Done = 0,
    /// It could not.
    Failed = 1,
    /// The words make no sense.
    Usage = 2,
    /// It was not allowed to.
    Denied = 3,
    /// There is no daemon.
    NoDaemon = 4,
    /// The person interrupted it.
    Interrupted = 130,
}

impl From<Status> for ExitCode {
    fn from(status: Status) -> Self {
        Self::from(status as u8)
    }
}

/// An error as a person sees it: how it ends the program, what happened, and what to do next.
#[derive(Debug)]
pub(crate) struct Failure {
    /// The exit status.
    pub(crate) status: Status,
    /// What happened, to what.
    pub(crate) message: String,
    /// What to do next.
    pub(crate) hint: Option<String>,
}

impl Failure {
    /// A failure of its own kind.
    pub(crate) fn new(status: Status, message: impl Into<String>) -> Self {
        Self { status, message: message.into(), hint: None }
    }

    /// The same, with what to do next.
    pub(crate) fn hinted(self, hint: impl Into<String>) -> Self {
        Self { hint: Some(hint.into()), ..self }
    }

    /// Shows it on standard error.
    pub(crate) fn show(&self, json: bool) {
        if json {
            let kind = match self.status {
                Status::Done => "done",
                Status::Failed => "failed",
                Status::Usage => "usage",
                Status::Denied => "denied",
                Status::NoDaemon => "no-daemon",
                Status::Interrupted => "interrupted",
            };
            let mut error = json!({ "error": { "kind": kind, "message": self.message } });
            if let (Some(hint), Some(error)) =
                (&self.hint, error.get_mut("error").and_then(|e| e.as_object_mut()))
            {
                error.insert("hint".to_owned(), json!(hint));
            }
            eprintln!("{error}");
        } else {
            eprintln!("error: {}", powerbox_core::text::clean(&self.message));
            if let Some(hint) = &self.hint {
                eprintln!("hint: {hint}");
            }
        }
    }
}

impl From<InvokeError> for Failure {
    fn from(error: InvokeError) -> Self {
        let message = error.to_string();
        match error {
            InvokeError::Unknown(_) => Self::new(Status::Usage, message),
            InvokeError::Usage(usage) => {
                Self::new(Status::Usage, message).hinted(format!("usage: powerbox {}", usage.usage))
            }
            InvokeError::Connect(_) => Self::new(Status::NoDaemon, message),
            InvokeError::Problem(problem) => Self::from(problem),
            _ => Self::new(Status::Failed, message),
        }
    }
}

impl From<Problem> for Failure {
    fn from(problem: Problem) -> Self {
        match problem {
            Problem::Denied { rule, remedy } => {
                let failure = Self::new(Status::Denied, format!("denied: {rule}"));
                if let Some(remedy) = remedy { failure.hinted(remedy) } else { failure }
            }
            Problem::Revoked => Self::new(Status::Denied, problem.to_string()),
            Problem::NotFound(_) => Self::new(Status::Failed, problem.to_string())
                .hinted("`powerbox list` shows the names there are"),
            Problem::Disconnected => Self::new(Status::NoDaemon, problem.to_string()),
            problem => Self::new(Status::Failed, problem.to_string()),
        }
    }
}

impl From<InstallError> for Failure {
    fn from(error: InstallError) -> Self {
        let message = error.to_string();
        match error {
            InstallError::Connect(_) => Self::new(Status::NoDaemon, message),
            InstallError::NoSlot { .. } => Self::new(Status::Usage, message),
            _ => Self::new(Status::Failed, message),
        }
    }
}

impl From<anyhow::Error> for Failure {
    fn from(error: anyhow::Error) -> Self {
        Self::new(Status::Failed, format!("{error:#}"))
    }
}
