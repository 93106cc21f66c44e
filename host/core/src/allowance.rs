//! How much plugins may use: in one run, and all runs together.

use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use powerbox_sandbox::Limits;

use crate::membrane::{Pace, Problem, Unanswered};

/// What a plugin may use, or all plugins that act for one agent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Allowance {
    /// In one run.
    pub run: Limits,
    /// How many runs there may be at once in this process. Default 16. Stops a plugin, or an agent, that takes all
    /// compartments.
    pub concurrent: usize,
    /// How many calls may cross the membrane in a second in the long run; a plugin that is faster waits. Default 5,000:
    /// about 5 MB of audit a second.
    pub crossings_per_second: u32,
    /// How many may come at once before that counts. Default 50,000.
    pub crossings_at_once: u32,
    /// How many KiB a run may put out in a second in the long run, and at once; a faster one waits. Default 64 MiB. Stops
    /// a flood that a terminal or a page would choke on.
    pub output_kib_per_second: u32,
    /// How many of its calls may be unanswered at once, those of runs that ended included. Default 2,048. Stops a plugin
    /// that fills the session, which all share, with what nobody answers.
    pub unanswered: usize,
    /// How many bytes each of its stores may have. Default 64 MiB. Stops a plugin that fills the disk.
    pub store_bytes: u64,
}

impl Default for Allowance {
    fn default() -> Self {
        Self {
            run: Limits::default(),
            concurrent: 16,
            crossings_per_second: 5_000,
            crossings_at_once: 50_000,
            output_kib_per_second: 64 << 10,
            unanswered: 2_048,
            store_bytes: 64 << 20,
        }
    }
}

impl Allowance {
    /// What both allow.
    #[must_use]
    pub fn and(&self, other: &Self) -> Self {
        let (one, two) = (&self.run, &other.run);
        Self {
            run: Limits {
                cpu: one.cpu.min(two.cpu),
                wall: match (one.wall, two.wall) {
                    (Some(one), Some(two)) => Some(one.min(two)),
                    (one, two) => one.or(two),
                },
                memory: one.memory.min(two.memory),
                table_elements: one.table_elements.min(two.table_elements),
                instances: one.instances.min(two.instances),
                memories: one.memories.min(two.memories),
                tables: one.tables.min(two.tables),
                call_bytes: one.call_bytes.min(two.call_bytes),
                output_bytes: one.output_bytes.min(two.output_bytes),
                input_bytes: one.input_bytes.min(two.input_bytes),
                calls: one.calls.min(two.calls),
                handles: one.handles.min(two.handles),
                pending_calls: one.pending_calls.min(two.pending_calls),
            },
            concurrent: self.concurrent.min(other.concurrent),
            crossings_per_second: self.crossings_per_second.min(other.crossings_per_second),
            crossings_at_once: self.crossings_at_once.min(other.crossings_at_once),
            output_kib_per_second: self.output_kib_per_second.min(other.output_kib_per_second),
            unanswered: self.unanswered.min(other.unanswered),
            store_bytes: self.store_bytes.min(other.store_bytes),
        }
    }
}

/// The allowances of all plugins and agents.
#[derive(Clone, Debug, Default)]
pub struct Allowances {
    /// Of a plugin that is not named below.
    pub plugin: Allowance,
    /// Of these plugins, by name.
    pub plugins: BTreeMap<String, Allowance>,
    /// Of these agents, by path: what holds for a plugin that acts for one of them is what both allow.
    pub agents: BTreeMap<String, Allowance>,
}

impl Allowances {
    /// What holds for a plugin that acts for an agent, or for the person.
    pub fn of(&self, plugin: &str, agent: Option<&str>) -> Allowance {
        let own = self.plugins.get(plugin).unwrap_or(&self.plugin);
        match agent.and_then(|agent| self.agents.get(agent)) {
            Some(agent) => own.and(agent),
            None => own.clone(),
        }
    }
}

/// Who is counted: a plugin, or an agent.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
enum Whose {
    Plugin(String),
    Agent(String),
}

/// A plugin, and the agent that it acts for.
type Paced = (String, Option<String>);

/// What all runs of a plugin for one principal share.
type Shared = (Arc<Pace>, Arc<Unanswered>);

/// The runs that there are at this moment, and how fast those of each plugin may cross the membrane.
#[derive(Default)]
pub(crate) struct Runs {
    running: Arc<Mutex<HashMap<Whose, usize>>>,
    /// By plugin and agent.
    paces: Mutex<HashMap<Paced, Shared>>,
}

/// One run, for as long as it lives.
pub(crate) struct Run {
    whose: Vec<Whose>,
    running: Arc<Mutex<HashMap<Whose, usize>>>,
}

impl Runs {
    /// Counts one more run of a plugin.
    pub(crate) fn enter(
        &self,
        plugin: &str,
        agent: Option<&str>,
        allowances: &Allowances,
    ) -> Result<Run, Problem> {
        let own = allowances.plugins.get(plugin).unwrap_or(&allowances.plugin).concurrent;
        let mut wanted = vec![(Whose::Plugin(plugin.to_owned()), own)];
        if let Some(agent) = agent {
            let most = allowances.agents.get(agent).map_or(usize::MAX, |allowance| allowance.concurrent);
            wanted.push((Whose::Agent(agent.to_owned()), most));
        }
        let mut running = self.running.lock().unwrap_or_else(PoisonError::into_inner);
        for (whose, most) in &wanted {
            if running.get(whose).is_some_and(|count| count >= most) {
                let whose = match whose {
                    Whose::Plugin(name) => format!("the plugin `{name}`"),
                    Whose::Agent(path) => format!("the agent `{}`", crate::text::clean_line(path)),
                };
                return Err(Problem::Limit(format!(
                    "{whose} runs {most} commands at once already; wait for one to end, or raise `concurrent` in config.toml"
                )));
            }
        }
        let whose: Vec<_> = wanted.into_iter().map(|(whose, _)| whose).collect();
        for whose in &whose {
            *running.entry(whose.clone()).or_default() += 1;
        }
        drop(running);
        Ok(Run { whose, running: Arc::clone(&self.running) })
    }

    /// The pace that all runs of a plugin for one principal share, and their unanswered calls.
    pub(crate) fn pace(
        &self,
        plugin: &str,
        agent: Option<&str>,
        allowance: &Allowance,
    ) -> (Arc<Pace>, Arc<Unanswered>) {
        let mut paces = self.paces.lock().unwrap_or_else(PoisonError::into_inner);
        let make = || {
            let pace = Pace::new(allowance.crossings_at_once, allowance.crossings_per_second);
            (Arc::new(pace), Arc::new(Unanswered::new(allowance.unanswered)))
        };
        paces.entry((plugin.to_owned(), agent.map(str::to_owned))).or_insert_with(make).clone()
    }
}

impl Drop for Run {
    fn drop(&mut self) {
        let mut running = self.running.lock().unwrap_or_else(PoisonError::into_inner);
        for whose in &self.whose {
            if let Some(count) = running.get_mut(whose) {
                *count -= 1;
                if *count == 0 {
                    running.remove(whose);
                }
            }
        }
    }
}

/// How long a run may take where nobody sits and waits who could interrupt it.
pub const UNATTENDED: Duration = Duration::from_secs(60);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn runs_are_counted_by_plugin_and_by_agent() {
        let mut allowances = Allowances::default();
        allowances.plugin.concurrent = 2;
        allowances.agents.insert("scout".into(), Allowance { concurrent: 1, ..Allowance::default() });
        let runs = Runs::default();
        let first = runs.enter("a", Some("scout"), &allowances).unwrap();
        assert!(matches!(runs.enter("b", Some("scout"), &allowances), Err(Problem::Limit(_))), "the agent's");
        let _second = runs.enter("a", None, &allowances).unwrap();
        assert!(matches!(runs.enter("a", None, &allowances), Err(Problem::Limit(_))), "the plugin's");
        drop(first);
        runs.enter("b", Some("scout"), &allowances).unwrap();
    }

    #[test]
    fn an_agent_can_only_have_less() {
        let mut allowances = Allowances::default();
        let mut less = Allowance::default();
        less.run.memory = 1 << 20;
        less.run.calls = u64::MAX;
        less.run.wall = None;
        allowances.agents.insert("scout".into(), less);
        let held = allowances.of("a", Some("scout"));
        let plain = Allowance::default().run;
        assert_eq!((held.run.memory, held.run.calls, held.run.wall), (1 << 20, plain.calls, plain.wall));
    }
}
