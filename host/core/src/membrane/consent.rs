use std::collections::HashSet;
use std::sync::{Arc, Mutex, PoisonError};

use powerbox_authority::grant::GrantId;
use powerbox_authority::question::{Question, Questions};
use serde::{Deserialize, Serialize};

use super::problem::Problem;
use crate::local::FrontEnd;

/// What the person is asked before a call is made. All of it is the host's own account; what stems from the plugin is
/// quoted and cleaned.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Consent {
    /// For whom: the chain in words.
    pub principal: String,
    /// Through which slot or parameter of the command, and on what.
    pub slot: String,
    /// What would be called.
    pub function: String,
    /// With what: all of it.
    pub arguments: String,
    /// The digest of the exact call that is agreed to.
    pub digest: String,
    /// Whether the same call can be told by its digest later, so that it can be agreed to beforehand.
    pub repeatable: bool,
    /// The grant that wants the person asked.
    pub grant: Option<GrantId>,
}

impl Consent {
    /// The call, as it is kept for those who are asked later.
    fn question(&self) -> Question {
        Question {
            principal: self.principal.clone(),
            slot: self.slot.clone(),
            function: self.function.clone(),
            arguments: self.arguments.clone(),
        }
    }
}

/// What the person said.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Word {
    /// This one call may be made.
    Yes,
    /// It may not.
    No,
    /// There is nobody to ask.
    Nobody,
}

/// Asks the person for the calls of one invocation, one question at a time.
pub(super) struct Asking {
    front_end: Arc<dyn FrontEnd>,
    questions: Questions,
    turn: tokio::sync::Mutex<()>,
    refused: Mutex<HashSet<Option<GrantId>>>,
}

impl Asking {
    pub(super) fn new(front_end: Arc<dyn FrontEnd>, questions: Questions) -> Self {
        Self { front_end, questions, turn: tokio::sync::Mutex::new(()), refused: Mutex::default() }
    }

    /// Asks. After one refusal a grant's further calls in this invocation are refused without a question: nobody is to
    /// be worn down.
    pub(super) async fn ask(&self, consent: &Consent) -> Result<(), Problem> {
        let _turn = self.turn.lock().await;
        let refused = || self.refused.lock().unwrap_or_else(PoisonError::into_inner);
        let number = consent.grant.map_or_else(|| "of this command".to_owned(), |grant| grant.to_string());
        if refused().contains(&consent.grant) {
            return Err(Problem::denied(format!("the person refused another call of grant {number}")));
        }
        let word = self.front_end.confirm(consent).await;
        if let (Word::Nobody, true, Some(grant)) = (word, consent.repeatable, consent.grant)
            && let Err(error) = self.questions.keep(grant, &consent.digest, &consent.question())
        {
            tracing::warn!(%error, "a question cannot be kept, so its call cannot be allowed afterwards");
        }
        match word {
            Word::Yes => Ok(()),
            Word::No => {
                refused().insert(consent.grant);
                Err(Problem::denied(format!("the person refused this call of grant {number}")))
            }
            Word::Nobody => Err(Problem::Denied {
                rule: format!(
                    "grant {number} wants the person to confirm each call, and there is nobody to ask"
                ),
                remedy: Some(if consent.repeatable {
                    let digest = &consent.digest;
                    format!(
                        "run it at a terminal, or allow this one call with `powerbox grant allow {number} {digest}`"
                    )
                } else {
                    "run it at a terminal; this call carries something that has no name of yours, so it can only be \
                     agreed to as it is made"
                        .to_owned()
                }),
            }),
        }
    }
}
