//! How what was asked for failed, as every front end shows it: a kind, what happened, to what, and what to do next.

use powerbox_authority::audit::AuditError;
use powerbox_authority::ledger::{AddError, LedgerError};
use powerbox_core::grants::GiveError;
use powerbox_core::local::store::SpaceError;
use powerbox_core::membrane::{Problem, Speaker};
use powerbox_core::text::word;
use powerbox_core::{AgentError, InstallError, InvokeError, PreferError, Principal};
use serde::{Deserialize, Serialize};

/// How a run, or a program, ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Status {
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

impl Status {
    /// The word for it, as programs read it.
    pub fn word(self) -> &'static str {
        match self {
            Self::Done => "done",
            Self::Failed => "failed",
            Self::Usage => "usage",
            Self::Denied => "denied",
            Self::NoDaemon => "no-daemon",
            Self::Interrupted => "interrupted",
        }
    }
}

/// An error as a person sees it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Failure {
    /// How it ends.
    #[serde(rename = "kind")]
    pub status: Status,
    /// What happened, to what.
    pub message: String,
    /// What to do next.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub hint: Option<String>,
    /// For whom it was tried: the chain in words, if it was a call of a plugin.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub principal: Option<String>,
}

impl Failure {
    /// A failure of its own kind.
    pub fn new(status: Status, message: impl Into<String>) -> Self {
        Self { status, message: message.into(), hint: None, principal: None }
    }

    /// The same, with what to do next.
    #[must_use]
    pub fn hinted(self, hint: impl Into<String>) -> Self {
        Self { hint: Some(hint.into()), ..self }
    }

    /// Words that make no sense.
    pub fn usage(message: impl Into<String>) -> Self {
        Self::new(Status::Usage, message)
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
            "`powerbox why {plugin}{agent}` shows which slot lacks it, and `powerbox grant add {plugin} SLOT=NAME{agent}` grants it anew"
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
