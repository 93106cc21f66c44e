use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::{Arc, Mutex, PoisonError};

use powerbox_authority::audit::Audit;
use powerbox_authority::caveat::Caveat;
use powerbox_authority::grant::{Agent, Grant, Holder, Record, Target};
use powerbox_authority::ledger::{AddError, Ledger, LedgerError, NewGrant, Origin};

use crate::local::is_asked_for;
use crate::plugin::{Plugin, local_interface, slots};
use crate::principal::Principal;

/// Who gives what the program gives by itself.
const PROGRAM: &str = "powerbox";
/// Who gives everything else.
pub(crate) const PERSON: &str = "person";

/// What one holder has, by slot.
#[derive(Debug, Default)]
pub(crate) struct Held {
    live: BTreeMap<String, HeldGrant>,
    /// The slots for which it had something that was taken back.
    ended: BTreeSet<String>,
}

/// One grant that a holder has.
#[derive(Clone, Debug)]
pub(crate) struct HeldGrant {
    /// The right.
    pub(crate) grant: Arc<Grant>,
    /// To what.
    pub(crate) target: Target,
}

impl Held {
    /// What fills a slot.
    pub(crate) fn slot(&self, slot: &str) -> Option<&HeldGrant> {
        self.live.get(slot)
    }

    /// Whether there was something for a slot that has ended.
    pub(crate) fn had(&self, slot: &str) -> bool {
        self.ended.contains(slot)
    }

    /// The right to what the user names in commands.
    pub(crate) fn designation(&self) -> Option<&Arc<Grant>> {
        self.slot(Record::DESIGNATION).map(|held| &held.grant)
    }
}

/// The ledger, with what was read from it for holders that were asked about.
pub(crate) struct Book {
    ledger: Ledger,
    read: Mutex<HashMap<Holder, (i64, Arc<Held>)>>,
}

impl Book {
    pub(crate) fn new(ledger: Ledger) -> Self {
        Self { ledger, read: Mutex::default() }
    }

    pub(crate) fn ledger(&self) -> &Ledger {
        &self.ledger
    }

    /// What a plugin has that acts for a principal. What it has by default is given when it is first asked about.
    pub(crate) fn held(
        &self,
        principal: &Principal,
        plugin: &Plugin,
        audit: &Audit,
    ) -> Result<Arc<Held>, AddError> {
        self.ledger.keep_up()?;
        let agent = principal.agent();
        let holder = Holder::plugin(agent, plugin.name());
        let read = || self.read.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((revision, held)) = read().get(&holder)
            && *revision == self.ledger.known_revision()
        {
            return Ok(Arc::clone(held));
        }
        self.give_defaults(agent, &holder, plugin, audit)?;
        let revision = self.ledger.known_revision();
        let mut live = BTreeMap::new();
        for record in self.ledger.held_by(&holder)? {
            let grant = self.ledger.grant(record.id)?;
            live.insert(record.slot, HeldGrant { grant, target: record.target });
        }
        let mut ended: BTreeSet<_> = self.ledger.ever_filled(&holder)?.into_iter().collect();
        ended.retain(|slot| !live.contains_key(slot));
        let held = Arc::new(Held { live, ended });
        read().insert(holder, (revision, Arc::clone(&held)));
        Ok(held)
    }

    /// Gives a plugin what it has without being given it: the host's own powers, the right to what the user names, and
    /// for bundled plugins the names of whoever runs them. Each only if it never had it: what was taken back stays so.
    pub(crate) fn give_defaults(
        &self,
        agent: Option<&Agent>,
        holder: &Holder,
        plugin: &Plugin,
        audit: &Audit,
    ) -> Result<(), AddError> {
        let ever = self.ledger.ever_filled(holder)?;
        let mut wanted: Vec<(String, Target)> = vec![(Record::DESIGNATION.to_owned(), Target::Designated)];
        for slot in slots(plugin.manifest()) {
            if plugin.own_names().contains(&slot.slot) {
                wanted.push((slot.slot.to_owned(), Target::OwnNames));
            } else if let Some(power) = local_interface(slot.interface).filter(|power| !is_asked_for(power)) {
                wanted.push((slot.slot.to_owned(), Target::Power { interface: power.to_owned() }));
            }
        }
        wanted.retain(|(slot, _)| !ever.contains(slot));
        if wanted.is_empty() {
            return Ok(());
        }
        let parent = agent.map(|agent| self.agent_grant(agent)).transpose()?;
        let new: Vec<_> = wanted
            .into_iter()
            .map(|(slot, target)| NewGrant {
                origin: match &parent {
                    Some(parent) => Origin::OfAgent(parent.id, target),
                    None => Origin::Object(target),
                },
                holder: holder.clone(),
                slot,
                caveats: Vec::new(),
                giver: PROGRAM.to_owned(),
            })
            .collect();
        for record in self.ledger.add_first(&new)? {
            record_act(audit, PROGRAM, "grant", &record);
        }
        Ok(())
    }

    /// The grant to an agent, from which come those of all plugins that act for it. It is made when the person first
    /// runs something for that agent, unless an earlier version kept grants by that name: whether they were this
    /// agent's nobody can tell, and what was taken back must not come back by an update.
    pub(crate) fn agent_grant(&self, agent: &Agent) -> Result<Record, AddError> {
        let holder = Holder::agent(agent);
        if let Some(record) = self.ledger.filling(&holder, Record::AGENT)? {
            return Ok(record);
        }
        if self.ledger.ever_filled(&holder)?.iter().any(|slot| slot == Record::AGENT) {
            // It was there and was taken back: only the person gives it again.
            let records = self.ledger.list(true)?;
            let last = records.into_iter().rev().find(|record| record.holder == holder);
            if let Some(last) = last {
                return Err(AddError::Ended(last.id));
            }
        }
        if self.ledger.had_path(agent.name())? {
            return Err(AddError::Unproven(agent.name().to_owned()));
        }
        // Another process may be as quick: then one of the two is made, and both have it.
        let gift = agent_gift(agent, Vec::new());
        let made = self.ledger.add_first(std::slice::from_ref(&gift))?;
        match made.into_iter().next() {
            Some(record) => Ok(record),
            None => match self.ledger.filling(&holder, Record::AGENT)? {
                Some(record) => Ok(record),
                None => self.ledger.add(&gift),
            },
        }
    }

    /// Takes away everything that plugins of a name have, whoever they act for.
    pub(crate) fn remove_plugin(&self, name: &str) -> Result<usize, LedgerError> {
        Ok(self.ledger.remove_holders(|holder| holder.plugin_name() == Some(name))?.len())
    }
}

/// The grant to an agent, as the person gives it.
pub(crate) fn agent_gift(agent: &Agent, caveats: Vec<Caveat>) -> NewGrant {
    let name = agent.name().split('/').map(str::to_owned).collect();
    NewGrant {
        origin: Origin::Object(Target::Agent { name, id: Some(agent.id().clone()) }),
        holder: Holder::agent(agent),
        slot: Record::AGENT.to_owned(),
        caveats,
        giver: PERSON.to_owned(),
    }
}

/// Puts a change of the grants into the audit. That it could not be written is no reason to undo what is done.
pub(crate) fn record_act(audit: &Audit, who: &str, what: &str, record: &Record) {
    let caveats: Vec<_> = record.caveats.iter().map(ToString::to_string).collect();
    let with = if caveats.is_empty() { String::new() } else { format!(" with {}", caveats.join("; ")) };
    let detail = format!("{} holds {} as {}{with}", record.holder.with_key(), record.target, record.slot);
    if let Err(error) = audit.act(who, what, Some(record.id.get()), &detail) {
        tracing::error!(%error, what, "the audit log can not be written");
    }
}
