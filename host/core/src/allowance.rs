//! How much plugins may use: in one run, and all runs together.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use powerbox_authority::grant::{Agent, AgentKey};
use powerbox_authority::shares::{Share, Shares};
use powerbox_sandbox::Limits;
use tokio::sync::Notify;
use tokio::time::Instant;

use crate::membrane::{Pace, Paced, Problem, Streams, Unanswered};

/// What a plugin may use, or all plugins that act for one agent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Allowance {
    /// In one run.
    pub run: Limits,
    /// How many runs there may be at once in this process, for each for whom the plugin acts. Default 16. Stops a plugin,
    /// or an agent, that takes all compartments.
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
    /// How many streams of changes it may hold open at once, in all its runs for one principal. Default 64. Stops a
    /// plugin that takes all the subscriptions that a daemon has.
    pub streams: usize,
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
            streams: 64,
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
            streams: self.streams.min(other.streams),
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
    /// Of these agents, by a path that leads or once led to them: what holds for a plugin that acts for one of them is
    /// what all allow.
    pub agents: BTreeMap<String, Allowance>,
}

impl Allowances {
    /// What holds for a plugin that acts for an agent which these sections are about, or for the person.
    pub fn of(&self, plugin: &str, sections: &BTreeSet<String>) -> Allowance {
        let own = self.plugins.get(plugin).unwrap_or(&self.plugin);
        self.about(sections).fold(own.clone(), |allowed, agent| allowed.and(agent))
    }

    fn about(&self, sections: &BTreeSet<String>) -> impl Iterator<Item = &Allowance> {
        sections.iter().filter_map(|section| self.agents.get(section))
    }
}

/// Who is counted.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
enum Whose {
    /// A plugin that acts for an agent or for the person: what it does for one takes nothing from the others.
    Plugin(String, Option<AgentKey>),
    /// All plugins that act for an agent.
    Agent(AgentKey),
}

/// What all runs of a plugin for one principal share, and nobody else.
#[derive(Clone)]
pub(crate) struct Flow {
    /// How fast they may cross the membrane.
    pub(crate) pace: Arc<Pace>,
    /// Their calls that nobody has answered yet.
    pub(crate) unanswered: Arc<Unanswered>,
    /// The streams of changes that they hold open.
    pub(crate) streams: Arc<Streams>,
}

/// How many runs all agents together may have at once in this process. The person's own runs do not count here, so
/// that agents leave them compartments; and no agent takes all of it from the others.
const RUNS_FOR_AGENTS: usize = 48;

/// How many calls of plugins may be unanswered in this process, for everybody together: half of what a session has.
const UNANSWERED: usize = 32_768;

/// How many streams of changes plugins may hold open in this process, for everybody together: half of what the embedded
/// daemon has.
const STREAMS: usize = 512;

/// The runs that there are at this moment, and what those of each plugin share.
pub(crate) struct Runs {
    running: Arc<Mutex<HashMap<Whose, usize>>>,
    agents: Shares<AgentKey>,
    unanswered: Shares<Paced>,
    streams: Shares<Paced>,
    flows: Mutex<HashMap<Paced, Flow>>,
    /// Told whenever a run ends.
    ended: Arc<Notify>,
}

impl Default for Runs {
    fn default() -> Self {
        Self {
            running: Arc::default(),
            agents: Shares::new(RUNS_FOR_AGENTS),
            unanswered: Shares::new(UNANSWERED),
            streams: Shares::new(STREAMS),
            flows: Mutex::default(),
            ended: Arc::default(),
        }
    }
}

/// One run, for as long as it lives.
pub(crate) struct Run {
    whose: Vec<Whose>,
    running: Arc<Mutex<HashMap<Whose, usize>>>,
    ended: Arc<Notify>,
    _share: Option<Share<AgentKey>>,
}

impl Runs {
    /// Counts one more run of a plugin, as soon as there is room for it: many short commands at once take turns.
    ///
    /// # Errors
    ///
    /// If there is none for so long.
    pub(crate) async fn enter_within(
        &self,
        patience: Duration,
        plugin: &str,
        agent: Option<&Agent>,
        sections: &BTreeSet<String>,
        allowances: &Allowances,
    ) -> Result<Run, Problem> {
        let enough = Instant::now() + patience;
        loop {
            let mut ended = std::pin::pin!(self.ended.notified());
            // What ends from here on is noticed, also before it is waited for.
            ended.as_mut().enable();
            match self.enter(plugin, agent, sections, allowances) {
                Err(full) => {
                    if tokio::time::timeout_at(enough, ended).await.is_err() {
                        return Err(full);
                    }
                }
                entered => return entered,
            }
        }
    }

    /// Counts one more run of a plugin.
    pub(crate) fn enter(
        &self,
        plugin: &str,
        agent: Option<&Agent>,
        sections: &BTreeSet<String>,
        allowances: &Allowances,
    ) -> Result<Run, Problem> {
        let own = allowances.plugins.get(plugin).unwrap_or(&allowances.plugin).concurrent;
        let key = agent.map(|agent| agent.key().clone());
        let mut wanted = vec![(Whose::Plugin(plugin.to_owned(), key.clone()), own)];
        if let Some(key) = &key {
            let most = allowances.about(sections).map(|allowance| allowance.concurrent).min();
            wanted.push((Whose::Agent(key.clone()), most.unwrap_or(usize::MAX)));
        }
        let name = || crate::text::clean_line(agent.map(Agent::name).unwrap_or_default());
        let share = match key {
            Some(key) => Some(self.agents.take(key).map_err(|full| {
                Problem::Limit(format!(
                    "the agent `{}` runs {} commands at once already; wait for one to end",
                    name(),
                    full.held
                ))
            })?),
            None => None,
        };
        let mut running = self.running.lock().unwrap_or_else(PoisonError::into_inner);
        for (whose, most) in &wanted {
            if running.get(whose).is_some_and(|count| count >= most) {
                let whose = match whose {
                    Whose::Plugin(plugin, None) => format!("the plugin `{plugin}`"),
                    Whose::Plugin(plugin, Some(_)) => {
                        format!("the plugin `{plugin}` for the agent `{}`", name())
                    }
                    Whose::Agent(_) => format!("the agent `{}`", name()),
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
        let ended = Arc::clone(&self.ended);
        Ok(Run { whose, running: Arc::clone(&self.running), ended, _share: share })
    }

    /// What all runs of a plugin for one principal share.
    pub(crate) fn flow(&self, plugin: &str, agent: Option<&Agent>, allowance: &Allowance) -> Flow {
        let whose = Arc::new((plugin.to_owned(), agent.map(|agent| agent.key().clone())));
        let mut flows = self.flows.lock().unwrap_or_else(PoisonError::into_inner);
        let make = || Flow {
            pace: Arc::new(Pace::new(allowance.crossings_at_once, allowance.crossings_per_second)),
            // A person who allows one more than its share takes it out of the sharing.
            unanswered: Arc::new(match allowance.unanswered {
                most if most > UNANSWERED / 2 => Unanswered::alone(most),
                most => Unanswered::new(most, self.unanswered.of(whose.clone())),
            }),
            streams: Arc::new(match allowance.streams {
                most if most > STREAMS / 2 => Streams::alone(most),
                most => Streams::new(most, self.streams.of(whose.clone())),
            }),
        };
        flows.entry(whose.clone()).or_insert_with(make).clone()
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
        drop(running);
        self.ended.notify_waiters();
    }
}

/// How long a run may take where nobody sits and waits who could interrupt it.
pub const UNATTENDED: Duration = Duration::from_secs(60);

#[cfg(test)]
mod tests {
    use powerbox_authority::grant::AgentId;

    use super::*;

    fn agent(digit: char, name: &str) -> Agent {
        let number: String = std::iter::repeat_n(digit, 64).collect();
        Agent::new(AgentId::parse(&format!("{number}:{number}")).unwrap(), name)
    }

    fn sections(names: &[&str]) -> BTreeSet<String> {
        names.iter().map(|name| (*name).to_owned()).collect()
    }

    #[test]
    fn runs_for_one_agent_take_nothing_from_others() {
        let mut allowances = Allowances::default();
        allowances.plugin.concurrent = 2;
        allowances.agents.insert("scout".into(), Allowance { concurrent: 3, ..Allowance::default() });
        let (scout, eve) = (agent('a', "scout"), agent('b', "eve"));
        let runs = Runs::default();
        let of_scout = || sections(&["scout"]);
        let enter = |plugin: &str| runs.enter(plugin, Some(&scout), &of_scout(), &allowances);
        let first = enter("a").unwrap();
        let _second = enter("a").unwrap();
        let refused = enter("a").map(drop).unwrap_err().to_string();
        assert!(refused.contains("plugin `a` for the agent `scout`"), "{refused}");
        // The same plugin still runs for the person and for another agent.
        let _person = runs.enter("a", None, &sections(&[]), &allowances).unwrap();
        let _other = runs.enter("a", Some(&eve), &sections(&[]), &allowances).unwrap();
        let _third = enter("b").unwrap();
        let refused = enter("c").map(drop).unwrap_err().to_string();
        assert!(refused.contains("the agent `scout` runs 3"), "{refused}");
        drop(first);
        enter("c").unwrap();
    }

    #[test]
    fn an_agent_leaves_compartments_to_the_person_and_to_other_agents() {
        let mut allowances = Allowances::default();
        allowances.plugin.concurrent = usize::MAX;
        let runs = Runs::default();
        let greedy = agent('a', "greedy");
        let mut held = Vec::new();
        while let Ok(run) = runs.enter("a", Some(&greedy), &sections(&[]), &allowances) {
            held.push(run);
            assert!(held.len() < RUNS_FOR_AGENTS, "one agent has everything");
        }
        // By another plugin it gets no more either.
        assert!(runs.enter("b", Some(&greedy), &sections(&[]), &allowances).is_err());
        runs.enter("a", Some(&agent('b', "other")), &sections(&[]), &allowances).unwrap();
        runs.enter("a", None, &sections(&[]), &allowances).unwrap();
    }

    #[test]
    fn an_agent_can_only_have_less() {
        let mut allowances = Allowances::default();
        let mut less = Allowance::default();
        less.run.memory = 1 << 20;
        less.run.calls = u64::MAX;
        less.run.wall = None;
        allowances.agents.insert("scout".into(), less);
        let held = allowances.of("a", &sections(&["scout"]));
        let plain = Allowance::default().run;
        assert_eq!((held.run.memory, held.run.calls, held.run.wall), (1 << 20, plain.calls, plain.wall));
        // Limits that were written about an agent under two names hold both.
        allowances.agents.insert("old-scout".into(), Allowance { concurrent: 1, ..Allowance::default() });
        let held = allowances.of("a", &sections(&["scout", "old-scout", "unknown"]));
        assert_eq!((held.run.memory, held.concurrent), (1 << 20, 1));
    }

    #[test]
    fn what_a_plugin_shares_is_kept_apart_for_each_for_whom_it_acts() {
        let runs = Runs::default();
        let allowance = Allowance::default();
        let scout = agent('a', "scout");
        let flow = |agent: Option<&Agent>| runs.flow("a", agent, &allowance);
        assert!(Arc::ptr_eq(&flow(Some(&scout)).pace, &flow(Some(&agent('a', "renamed"))).pace));
        assert!(!Arc::ptr_eq(&flow(Some(&scout)).pace, &flow(None).pace));
        assert!(!Arc::ptr_eq(&flow(Some(&scout)).pace, &flow(Some(&agent('b', "scout"))).pace));
    }
}
