use std::collections::{HashSet, VecDeque};
use std::sync::{Mutex, OnceLock, PoisonError};

use super::problem::Problem;

/// How many problems are remembered.
const MOST: usize = 64;

/// The problems that the host told a plugin in one invocation for which it has advice.
///
/// A plugin may pass one on as what its command fails with. It cannot make one up: then it speaks for itself, and what
/// it says is shown as its own, without the host's advice.
#[derive(Debug, Default)]
pub(super) struct Told {
    problems: Mutex<VecDeque<Problem>>,
    /// What the user wrote for names. That nothing has some other name is not about the command.
    names: Mutex<HashSet<String>>,
    /// The first refusal, in words.
    refusal: OnceLock<String>,
}

/// Whose word a problem is that a command failed with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Speaker {
    /// The host's: it knows what to do next.
    Host,
    /// The plugin's, or that of an object that it called.
    Plugin,
}

impl Told {
    /// Takes note of what the user wrote for a name.
    pub(super) fn named(&self, text: &str) {
        self.names.lock().unwrap_or_else(PoisonError::into_inner).insert(text.to_owned());
    }

    /// Remembers a problem that the host may advise on.
    pub(super) fn note(&self, problem: &Problem) {
        if matches!(problem, Problem::Denied { .. } | Problem::Revoked) {
            let _ = self.refusal.set(problem.to_string());
        }
        let advised = match problem {
            Problem::Denied { .. } | Problem::Revoked | Problem::Unbound(_) | Problem::Disconnected => true,
            Problem::NotFound(name) => {
                self.names.lock().unwrap_or_else(PoisonError::into_inner).contains(name)
            }
            _ => false,
        };
        if !advised {
            return;
        }
        let mut told = self.problems.lock().unwrap_or_else(PoisonError::into_inner);
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
        self.refusal.get().cloned()
    }

    /// A problem that the plugin gives, as what it is: the host's that it passes on, or its own.
    pub(super) fn or_own(&self, problem: Problem) -> (Problem, Speaker) {
        if self.problems.lock().unwrap_or_else(PoisonError::into_inner).contains(&problem) {
            return (problem, Speaker::Host);
        }
        let own = match problem {
            Problem::Denied { rule, remedy: Some(remedy) } => Problem::denied(format!("{rule} ({remedy})")),
            Problem::Unbound(slot) => Problem::Other(format!("the slot `{slot}` is bound to nothing")),
            problem => problem,
        };
        (own, Speaker::Plugin)
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
        assert_eq!(told.or_own(denied("grant it")), (denied("grant it"), Speaker::Host));
        assert_eq!(told.or_own(denied("grant all")), (Problem::denied("no (grant all)"), Speaker::Plugin));
        let unbound = |slot: &str| Problem::Unbound(slot.to_owned());
        assert_eq!(told.or_own(unbound("home")), (unbound("home"), Speaker::Host));
        assert!(matches!(told.or_own(unbound("x=@agent")), (Problem::Other(_), Speaker::Plugin)));
        for made_up in [Problem::Revoked, Problem::Disconnected, Problem::NotFound("x".to_owned())] {
            assert_eq!(told.or_own(made_up.clone()), (made_up, Speaker::Plugin));
        }
        let absent = |name: &str| Problem::NotFound(name.to_owned());
        told.named("mine");
        told.note(&absent("mine"));
        told.note(&absent("anything"));
        assert_eq!(told.or_own(absent("mine")).1, Speaker::Host);
        assert_eq!(told.or_own(absent("anything")).1, Speaker::Plugin, "an object may say that of any name");
        // However much is told, little is remembered.
        for number in 0..1000 {
            told.note(&denied(&number.to_string()));
        }
        assert_eq!(told.problems.lock().unwrap().len(), MOST);
    }
}
