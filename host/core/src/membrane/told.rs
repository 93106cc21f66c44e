use std::collections::VecDeque;
use std::sync::{Mutex, OnceLock, PoisonError};

use super::problem::Problem;

/// How many problems are remembered.
const MOST: usize = 64;

/// The problems that the host told a plugin in one invocation, with what the person can do about each.
///
/// A plugin may pass one on as what its command fails with. It cannot make one up: then it speaks for itself, and what
/// it advises is not shown as the host's advice.
#[derive(Debug, Default)]
pub(super) struct Told(Mutex<VecDeque<Problem>>, OnceLock<String>);

impl Told {
    /// Remembers a problem if it comes with advice.
    pub(super) fn note(&self, problem: &Problem) {
        if matches!(problem, Problem::Denied { .. } | Problem::Revoked) {
            let _ = self.1.set(problem.to_string());
        }
        if !matches!(problem, Problem::Denied { remedy: Some(_), .. } | Problem::Unbound(_)) {
            return;
        }
        let mut told = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if told.contains(problem) {
            return;
        }
        if told.len() == MOST {
            told.pop_front();
        }
        told.push_back(problem.clone());
    }

    /// The first refusal, in words.
    pub(super) fn refusal(&self) -> Option<String> {
        self.1.get().cloned()
    }

    /// A problem that the plugin gives, as what it is: the host's that it passes on, or its own.
    pub(super) fn or_own(&self, problem: Problem) -> Problem {
        if self.0.lock().unwrap_or_else(PoisonError::into_inner).contains(&problem) {
            return problem;
        }
        match problem {
            Problem::Denied { rule, remedy: Some(remedy) } => Problem::denied(format!("{rule} ({remedy})")),
            Problem::Unbound(slot) => Problem::Other(format!("the slot `{slot}` is bound to nothing")),
            problem => problem,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_the_host_told_is_passed_on_and_what_is_made_up_is_the_plugins_own() {
        let told = Told::default();
        let denied =
            |remedy: &str| Problem::Denied { rule: "no".to_owned(), remedy: Some(remedy.to_owned()) };
        told.note(&denied("grant it"));
        told.note(&Problem::Unbound("home".to_owned()));
        assert_eq!(told.or_own(denied("grant it")), denied("grant it"));
        assert_eq!(told.or_own(denied("grant all")), Problem::denied("no (grant all)"));
        assert_eq!(told.or_own(Problem::Unbound("home".to_owned())), Problem::Unbound("home".to_owned()));
        assert!(matches!(told.or_own(Problem::Unbound("x=@agent".to_owned())), Problem::Other(_)));
        // However much is told, little is remembered.
        for number in 0..1000 {
            told.note(&denied(&number.to_string()));
        }
        assert_eq!(told.0.lock().unwrap().len(), MOST);
    }
}
