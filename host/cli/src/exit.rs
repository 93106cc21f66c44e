use std::process::ExitCode;

use powerbox_authority::audit::AuditError;
use powerbox_authority::ledger::{AddError, LedgerError};
use powerbox_core::grants::GiveError;
use powerbox_core::local::store::SpaceError;
use powerbox_core::membrane::{Problem, Speaker};
use powerbox_core::text::word;
use powerbox_core::{AgentError, InstallError, InvokeError, PreferError, Principal};
use serde_json::json;

use crate::render;

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
    /// For whom it was tried: the chain in words, if it was a call of a plugin.
    pub(crate) principal: Option<String>,
}

impl Failure {
    /// A failure of its own kind.
    pub(crate) fn new(status: Status, message: impl Into<String>) -> Self {
        Self { status, message: message.into(), hint: None, principal: None }
    }

    /// The same, with what to do next.
    pub(crate) fn hinted(self, hint: impl Into<String>) -> Self {
        Self { hint: Some(hint.into()), ..self }
    }

    /// Words that make no sense.
    pub(crate) fn usage(message: impl Into<String>) -> Self {
        Self::new(Status::Usage, message)
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
            let mut error = json!({ "kind": kind, "message": self.message });
            if let Some(error) = error.as_object_mut() {
                let more = [("hint", &self.hint), ("principal", &self.principal)];
                error.extend(
                    more.into_iter().filter_map(|(key, text)| Some((key.to_owned(), json!(text.as_ref()?)))),
                );
            }
            eprintln!("{}", render::spelled(&json!({ "error": error })));
        } else {
            eprintln!("error: {}", render::sentence(&self.message));
            if let Some(hint) = &self.hint {
                eprintln!("hint: {}", powerbox_core::text::clean_line(hint));
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
            // The host has no advice on what a plugin or an object says, and did not end the session.
            InvokeError::Problem { principal, problem, speaker: Speaker::Plugin } => {
                let status =
                    if matches!(problem, Problem::Denied { .. }) { Status::Denied } else { Status::Failed };
                Self { principal: Some(principal.to_string()), ..Self::new(status, problem.to_string()) }
            }
            InvokeError::Problem { principal, problem, speaker: Speaker::Host } => {
                let hint = way_out(&principal, &problem);
                let failure = Self { principal: Some(principal.to_string()), ..Self::from(problem) };
                if let Some(hint) = hint { failure.hinted(hint) } else { failure }
            }
            InvokeError::Grants(error) => Self::from(error),
            _ => Self::new(Status::Failed, message),
        }
    }
}

/// The command that gives a plugin what it lacks, where the problem itself does not know whose it is.
fn way_out(principal: &Principal, problem: &Problem) -> Option<String> {
    let plugin = word(principal.plugin()?);
    let agent = principal.agent().map(|agent| format!(" --as {}", word(agent.name()))).unwrap_or_default();
    match problem {
        Problem::Unbound(slot) => {
            let binding = word(&format!("{slot}=NAME"));
            Some(format!("`powerbox grant add {plugin} {binding}{agent}` binds it"))
        }
        Problem::Revoked => Some(format!(
            "`powerbox grant list --all {plugin}` shows what was taken back, `powerbox grant add {plugin}{agent}` grants anew"
        )),
        _ => None,
    }
}

impl From<Problem> for Failure {
    fn from(problem: Problem) -> Self {
        match problem {
            Problem::Denied { rule, remedy } => {
                let failure = Self::new(Status::Denied, format!("denied: {rule}"));
                if let Some(remedy) = remedy { failure.hinted(remedy) } else { failure }
            }
            Problem::Revoked => Self::new(Status::Denied, problem.to_string())
                .hinted("`powerbox grant list --all` shows what was taken back"),
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
            InstallError::NoSlot { .. } => Self::usage(message),
            InstallError::Unsigned { .. } => Self::new(Status::Denied, message).hinted(
                "without `--yes` you are asked at the terminal whether it may take the signed one's place",
            ),
            InstallError::Give(error) => Self::from(error),
            _ => Self::new(Status::Failed, message),
        }
    }
}

impl From<PreferError> for Failure {
    fn from(error: PreferError) -> Self {
        let message = error.to_string();
        match error {
            PreferError::Verb(_) | PreferError::NoCommand { .. } => Self::usage(message),
            PreferError::Change(error) => Self::from(error),
            _ => Self::new(Status::Failed, message),
        }
    }
}

impl From<GiveError> for Failure {
    fn from(error: GiveError) -> Self {
        let message = error.to_string();
        match error {
            GiveError::Connect(_) => Self::new(Status::NoDaemon, message),
            GiveError::NoSlot { .. } | GiveError::Object(_) => Self::usage(message),
            GiveError::Agent(error) => Self::from(error),
            GiveError::Add(error) => Self::from(error),
            GiveError::Name { problem: Problem::Denied { remedy, .. }, .. } => {
                let failure = Self::new(Status::Denied, message);
                if let Some(remedy) = remedy { failure.hinted(remedy) } else { failure }
            }
            _ => Self::new(Status::Failed, message),
        }
    }
}

impl From<AddError> for Failure {
    fn from(error: AddError) -> Self {
        let message = error.to_string();
        match error {
            AddError::Ended(id) => Self::new(Status::Denied, message)
                .hinted(format!("`powerbox grant show {id}` tells what it was")),
            AddError::Unproven(ref name) => Self::new(Status::Denied, message.clone()).hinted(format!(
                "`powerbox grant add @agent --as {}` lets the agent of that name begin with nothing",
                powerbox_core::text::clean_line(name)
            )),
            AddError::Over(_) | AddError::TooMany(_) => Self::usage(message),
            _ => Self::new(Status::Failed, message),
        }
    }
}

impl From<LedgerError> for Failure {
    fn from(error: LedgerError) -> Self {
        Self::new(Status::Failed, error.to_string())
    }
}

impl From<SpaceError> for Failure {
    fn from(error: SpaceError) -> Self {
        Self::new(Status::Failed, error.to_string())
    }
}

impl From<AgentError> for Failure {
    fn from(error: AgentError) -> Self {
        let message = error.to_string();
        match error {
            AgentError::Connect(_) => Self::new(Status::NoDaemon, message),
            AgentError::Name { problem: Problem::Invalid(_), .. } => Self::usage(message),
            AgentError::Name { problem: Problem::NotFound(_), .. } => {
                Self::new(Status::Failed, message).hinted("`powerbox list` shows the names there are")
            }
            AgentError::Name { problem: Problem::Disconnected, .. } => Self::new(Status::NoDaemon, message),
            AgentError::Name { problem: Problem::Denied { .. } | Problem::Revoked, .. } => {
                Self::new(Status::Denied, message)
            }
            _ => Self::new(Status::Failed, message),
        }
    }
}

impl From<AuditError> for Failure {
    fn from(error: AuditError) -> Self {
        Self::new(Status::Failed, error.to_string())
    }
}

impl From<anyhow::Error> for Failure {
    fn from(error: anyhow::Error) -> Self {
        Self::new(Status::Failed, format!("{error:#}"))
    }
}
