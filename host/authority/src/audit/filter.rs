use super::{Act, Crossing, Decision, Record};

/// Which records are asked for: those that fit everything that is set.
#[derive(Clone, Debug, Default)]
pub struct Filter {
    /// Calls of this plugin.
    pub plugin: Option<String>,
    /// What was done for principals whose chain in words contains this.
    pub principal: Option<String>,
    /// Calls with the names of this agent, by the name that it had then.
    pub agent: Option<String>,
    /// Calls with the names of the agent of this [key](crate::grant::AgentKey), whatever it was called.
    pub agent_key: Option<String>,
    /// Calls through this slot.
    pub slot: Option<String>,
    /// Calls of this function.
    pub function: Option<String>,
    /// What was done by this grant, or to it.
    pub grant: Option<u64>,
    /// Calls that were let through, or that were not.
    pub decision: Option<Decision>,
    /// What began at this time or later, in milliseconds since 1970.
    pub since: Option<u64>,
    /// What began before this time, in milliseconds since 1970.
    pub until: Option<u64>,
    /// Only so many, the newest. For [`Follow`](super::Follow), this counts for what is there already.
    pub last: Option<usize>,
}

impl Filter {
    /// Tells whether a record is asked for, by everything but [`Filter::last`].
    pub fn matches(&self, record: &Record) -> bool {
        match record {
            Record::Crossing(crossing) => self.matches_crossing(crossing),
            Record::Act(act) => self.matches_act(act),
        }
    }

    pub(super) fn matches_crossing(&self, crossing: &Crossing) -> bool {
        is(self.plugin.as_deref(), &crossing.plugin)
            && is(self.slot.as_deref(), &crossing.slot)
            && is(self.function.as_deref(), &crossing.function)
            && self.agent.as_ref().is_none_or(|agent| crossing.agent.as_ref() == Some(agent))
            && self.agent_key.as_ref().is_none_or(|key| crossing.agent_key.as_ref() == Some(key))
            && self.decision.is_none_or(|decision| decision == crossing.decision)
            && self.matches_any(&crossing.principal, crossing.grant, crossing.time)
    }

    fn matches_act(&self, act: &Act) -> bool {
        let of_crossings = self.plugin.is_some()
            || self.slot.is_some()
            || self.function.is_some()
            || self.agent.is_some()
            || self.agent_key.is_some()
            || self.decision.is_some();
        !of_crossings && self.matches_any(&act.who, act.grant, act.time)
    }

    fn matches_any(&self, principal: &str, grant: Option<u64>, time: u64) -> bool {
        self.principal.as_ref().is_none_or(|part| principal.contains(part.as_str()))
            && self.grant.is_none_or(|wanted| grant == Some(wanted))
            && self.since.is_none_or(|since| time >= since)
            && self.until.is_none_or(|until| time < until)
    }
}

fn is(wanted: Option<&str>, actual: &str) -> bool {
    wanted.is_none_or(|wanted| wanted == actual)
}
