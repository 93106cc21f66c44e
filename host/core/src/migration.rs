//! Bringing what a plugin keeps into the form of a new version, before that takes the old one's place.
//!
//! The new version's own `migrate` does it, in a compartment that reaches copies of the plugin's spaces and nothing else.
//! The copies count only when the records say that the new version is current: whatever breaks off in between, the
//! form of the store and the version that reads it belong together.
//!
//! It is a run like others: each store comes through the grant that the plugin has for it, with its caveats, and what
//! crosses is recorded. What was taken back, and what a caveat keeps from being brought along, stays in its old form
//! and is noted as such. It is brought along before it is next used, when the person has given it again.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;
use std::time::Duration;

use futures_util::future::BoxFuture;
use powerbox_authority::grant::{Agent, AgentId, AgentKey, Ending, Grant, Holder, Record};
use powerbox_authority::ledger::LedgerError;
use powerbox_authority::question::Questions;
use powerbox_captp::Object;
use powerbox_passable::{Limits as ValueLimits, Value};
use powerbox_sandbox::{Limits, Type, Val};

use crate::bridge::{from_wit, to_wit};
use crate::daemon::Dialect;
use crate::host::Host;
use crate::local::store::{Owner, SpaceError, StorePower};
use crate::local::wasi::{VIRTUAL_WASI, WASI, WasiPower};
use crate::local::{FrontEnd, LogPower, Output};
use crate::membrane::{Membrane, Problem, Setting, Slot};
use crate::plugin::{Plugin, is_power, slots};
use crate::principal::{Link, Principal};

const MIGRATION: &str = "powerbox:plugin/migration";
const STORE: &str = "powerbox:plugin/store";
const LOG: &str = "powerbox:plugin/log";

/// How long a migration may take for one for whom the plugin acts.
const LONGEST: Duration = Duration::from_secs(30);
/// How long it waits for running commands to end.
pub(crate) const PATIENCE: Duration = Duration::from_secs(10);

/// Why a version cannot take over what the one before it kept.
#[derive(Debug, thiserror::Error)]
pub enum MigrateError {
    /// Commands of the old version run and do not end.
    #[error("commands of the old version still run, which use its store")]
    Busy,
    /// The new version could not do it. The store is as it was.
    #[error("what it kept could not be brought into its new form, and is as it was: {0}")]
    Failed(String),
    /// The store cannot be used.
    #[error(transparent)]
    Store(#[from] SpaceError),
    /// What the plugin was granted cannot be read.
    #[error(transparent)]
    Ledger(#[from] LedgerError),
    /// The lock that keeps commands out.
    #[error("the commands of the plugin cannot be kept out: {0}")]
    Gate(#[from] std::io::Error),
}

/// A migration that is done, and counts as soon as the new version is on record. No command of the plugin runs while it
/// lives.
#[must_use = "it is settled once the version is on record, or is not"]
pub(crate) struct Migrated {
    plugin: String,
    /// None if there was nothing to do.
    _alone: Option<crate::local::store::Alone>,
}

impl Migrated {
    /// Puts the new form in place, or throws it away, by which version is current now.
    pub(crate) fn settle(self, host: &Host, current: &str) {
        if self._alone.is_some()
            && let Err(error) = host.spaces().settle(&self.plugin, current)
        {
            // The next command of the plugin tries again before it runs.
            tracing::warn!(%error, plugin = self.plugin, "the plugin's store was not settled");
        }
    }
}

/// What came of a migration for one for whom the plugin acts.
enum Came {
    /// What it kept is in its new form.
    Along,
    /// It is not allowed, which says why: what it kept is as it was.
    NotAllowed(String),
}

/// What a plugin kept for one for whom it acts.
struct Keeps {
    agent: Option<AgentKey>,
    slots: Vec<String>,
    /// The version whose form it is in, if that is not the one before.
    behind: Option<String>,
}

impl Keeps {
    fn all(owners: Vec<(Owner, Option<String>)>) -> Vec<Self> {
        let mut all: Vec<Self> = Vec::new();
        for (owner, behind) in owners {
            match all.iter_mut().find(|keeps| keeps.agent == owner.agent) {
                Some(keeps) => {
                    keeps.slots.push(owner.slot);
                    keeps.behind = keeps.behind.take().or(behind);
                }
                None => all.push(Self { agent: owner.agent, slots: vec![owner.slot], behind }),
            }
        }
        all
    }
}

/// The right by which a run of the host's own reaches a slot.
enum Right {
    /// What the plugin has.
    Held(Arc<Grant>),
    /// It will have it by itself when it first runs.
    AtFirst,
    /// It was taken back.
    Ended,
}

fn migrates(plugin: &Plugin) -> bool {
    plugin.manifest().exports.iter().any(|export| is_power(&export.slot, MIGRATION))
}

/// Whether a plugin has a store in a slot; what it kept in one that is gone stays as it is.
fn has_store(plugin: &Plugin, slot: &str) -> bool {
    slots(plugin.manifest()).any(|known| known.slot == slot && is_power(known.interface, STORE))
}

impl Host {
    /// Has a new version of a plugin bring what it kept into its form. `from` is the version that it takes the place
    /// of, if that says any.
    ///
    /// # Errors
    ///
    /// Why it cannot. Then nothing has changed.
    pub(crate) async fn migrate(
        &self,
        new: &Plugin,
        from: Option<&str>,
        patience: Duration,
    ) -> Result<Migrated, MigrateError> {
        let nothing = || Migrated { plugin: new.name().to_owned(), _alone: None };
        let kept = self.spaces().owners(new.name())?;
        if !migrates(new) || kept.is_empty() {
            return Ok(nothing());
        }
        let alone = self.gate(new.name())?.clear(patience).await?.ok_or(MigrateError::Busy)?;
        for keeps in Keeps::all(kept) {
            let from = keeps.behind.as_deref().or(from).unwrap_or_default();
            if let Came::NotAllowed(reason) = self.migrate_for(new, from, &keeps).await? {
                let (plugin, agent) = (new.name(), keeps.agent.as_ref().map(AgentKey::as_str));
                tracing::info!(plugin, agent, reason, "what a plugin kept stays in its old form");
            }
        }
        self.spaces().drafts_done(new.name(), &new.digest().to_string())?;
        Ok(Migrated { _alone: Some(alone), ..nothing() })
    }

    /// Brings along what stayed in the form of an earlier version because it was not allowed then. What still is not
    /// allowed stays, and its slot reaches nothing.
    ///
    /// # Errors
    ///
    /// If a slot is allowed again and what it keeps cannot be brought along: its form is not one that this version knows.
    pub(crate) async fn catch_up(&self, plugin: &Plugin, agent: Option<&Agent>) -> Result<(), MigrateError> {
        let alone = self.gate(plugin.name())?.clear(PATIENCE).await?.ok_or(MigrateError::Busy)?;
        let key = agent.map(Agent::key);
        let owners = self.spaces().owners(plugin.name())?;
        let behind = owners.into_iter().filter(|(owner, behind)| {
            owner.agent.as_ref() == key && behind.is_some() && has_store(plugin, &owner.slot)
        });
        for keeps in Keeps::all(behind.collect()) {
            let from = keeps.behind.clone().unwrap_or_default();
            if let Came::NotAllowed(reason) = self.migrate_for(plugin, &from, &keeps).await? {
                self.spaces().drop_drafts(plugin.name())?;
                return Err(MigrateError::Failed(format!(
                    "{reason}; give the slot again without that caveat, with `powerbox grant add {}`",
                    plugin.name()
                )));
            }
        }
        let digest = plugin.digest().to_string();
        self.spaces().drafts_done(plugin.name(), &digest)?;
        self.spaces().settle(plugin.name(), &digest)?;
        drop(alone);
        Ok(())
    }

    /// Whether something that a plugin keeps for an agent, or for the person, is in the form of an earlier version and
    /// may be brought along.
    pub(crate) fn is_behind(&self, plugin: &Plugin, agent: Option<&Agent>) -> Result<bool, MigrateError> {
        if !migrates(plugin) {
            return Ok(false);
        }
        let holder = Holder::plugin(agent, plugin.name());
        for (owner, behind) in self.spaces().owners(plugin.name())? {
            if owner.agent.as_ref() == agent.map(Agent::key)
                && behind.is_some()
                && has_store(plugin, &owner.slot)
                // What it is given with its first run counts: this may be that.
                && !matches!(self.right(&holder, agent, &owner.slot)?, Right::Ended)
            {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// By which right a run of the host's own reaches a slot of a plugin.
    fn right(&self, holder: &Holder, agent: Option<&Agent>, slot: &str) -> Result<Right, LedgerError> {
        let ledger = self.ledger();
        if let Some(record) = ledger.filling(holder, slot)? {
            return Ok(Right::Held(ledger.grant(record.id)?));
        }
        if ledger.ever_filled(holder)?.iter().any(|ever| ever == slot) {
            return Ok(Right::Ended);
        }
        Ok(match agent {
            // What an agent's plugins have comes of what the agent has.
            Some(agent) => match ledger.filling(&Holder::agent(agent), Record::AGENT)? {
                Some(record) => Right::Held(ledger.grant(record.id)?),
                None => Right::Ended,
            },
            None => Right::AtFirst,
        })
    }

    /// Migrates what the plugin keeps for one for whom it acts, as far as its grants allow.
    async fn migrate_for(&self, new: &Plugin, from: &str, keeps: &Keeps) -> Result<Came, MigrateError> {
        let failed = |reason: String| MigrateError::Failed(reason);
        let agent = match &keeps.agent {
            Some(key) => match self.known_agent(key)? {
                Some(agent) => Some(agent),
                None => return self.leave(new, keeps, from, "nothing is known of the agent".to_owned()),
            },
            None => None,
        };
        let agent = agent.as_ref();
        let holder = Holder::plugin(agent, new.name());
        let component = new.component(self.engine(), self.code_cache()).await;
        let component = component.map_err(|error| failed(error.to_string()))?;
        let migrate =
            component.function(MIGRATION, "migrate").ok_or_else(|| failed("it has no `migrate`".into()))?;
        let parameter = migrate.params.first().ok_or_else(|| failed("its `migrate` takes nothing".into()))?;
        let allowance = self.allowance(new.name(), agent.map(Agent::key))?;
        let principal = Principal::of(agent).with(Link::Plugin(new.name().to_owned()));
        // Ends with this run whatever came through it.
        let at_first = Grant::unlisted(holder.clone(), "migration");
        let mut rights = vec![Arc::clone(&at_first)];
        let (mut reached, mut ended) = (HashMap::new(), HashSet::new());
        let mut stores = 0_usize;
        for slot in slots(new.manifest()) {
            let log = LogPower::new(new.name());
            let is_store = is_power(slot.interface, STORE);
            let power = if is_store {
                STORE
            } else if is_power(slot.interface, LOG) {
                LOG
            } else if slot.interface == WASI {
                VIRTUAL_WASI
            } else {
                continue;
            };
            let grant = match self.right(&holder, agent, slot.slot)? {
                Right::Held(grant) => grant.child(slot.slot),
                Right::AtFirst => at_first.child(slot.slot),
                Right::Ended => {
                    ended.insert(slot.slot.to_owned());
                    continue;
                }
            };
            rights.push(Arc::clone(&grant));
            let object = if is_store {
                stores += usize::from(keeps.slots.iter().any(|kept| kept == slot.slot));
                let owner = Owner {
                    plugin: new.name().to_owned(),
                    agent: keeps.agent.clone(),
                    slot: slot.slot.to_owned(),
                };
                let draft = self.spaces().draft(&owner, None)?;
                Object::exo(Arc::new(StorePower::of_draft(
                    self.spaces().clone(),
                    draft,
                    allowance.store_bytes,
                )))
            } else if power == LOG {
                Object::exo(Arc::new(log))
            } else {
                Object::exo(Arc::new(WasiPower::still(Some(log))))
            };
            reached.insert(slot.slot.to_owned(), Slot { object, grant, power: Some(power) });
        }
        if stores == 0 && keeps.slots.iter().any(|slot| ended.contains(slot)) {
            return self.leave(new, keeps, from, "the store was taken back".to_owned());
        }
        let flow = self.runs().flow(new.name(), agent, &allowance);
        let membrane = Membrane::new(Setting {
            principal,
            slots: reached,
            ended,
            dialect: Dialect::Embedded,
            audit: Arc::clone(self.audit()),
            front_end: Arc::new(Nobody),
            questions: Questions::of(self.ledger()),
            pace: flow.pace,
            unanswered: flow.unanswered,
            streams: flow.streams,
            secrets: Vec::new(),
            keeper: None,
        });
        let given =
            to_wit(&parameter.ty, &Value::text(from)).map_err(|mismatch| failed(mismatch.to_string()))?;
        let limits = Limits { wall: Some(LONGEST), ..allowance.run };
        let host = Arc::new(membrane.clone());
        let outcome = component.invoke(MIGRATION, "migrate", vec![given], host, &limits).await;
        for right in rights {
            right.end(Ending::Revoked);
        }
        let outcome = outcome.map_err(|failure| failure.to_string()).and_then(|outcome| {
            match (&migrate.result, outcome) {
                (Some(Type::Result(_)), Some(Val::Result(Ok(_)))) => Ok(()),
                (Some(Type::Result(types)), Some(Val::Result(Err(problem)))) => {
                    let problem = types
                        .err
                        .as_ref()
                        .zip(problem)
                        .and_then(|(ty, problem)| from_wit(ty, *problem, &ValueLimits::default()).ok());
                    let problem = problem.map(|value| Problem::from_value(&value).to_string());
                    Err(problem.unwrap_or_else(|| "it did not say why".to_owned()))
                }
                _ => Err("its `migrate` does not end in a result".to_owned()),
            }
        });
        match (outcome, membrane.first_refusal()) {
            (Ok(()), None) => {
                // A slot that was taken back keeps its form, whatever became of the others.
                let left = keeps.slots.iter().filter(|slot| !membrane.reaches(slot));
                self.leave_slots(new, keeps, from, left)?;
                Ok(Came::Along)
            }
            // What it did without what it was refused is not what it is meant to do.
            (_, Some(refusal)) => self.leave(new, keeps, from, refusal),
            (Err(reason), None) => Err(failed(reason)),
        }
    }

    /// Leaves all that a plugin keeps for somebody in its form.
    fn leave(&self, new: &Plugin, keeps: &Keeps, from: &str, why: String) -> Result<Came, MigrateError> {
        self.leave_slots(new, keeps, from, keeps.slots.iter())?;
        Ok(Came::NotAllowed(why))
    }

    fn leave_slots<'a>(
        &self,
        new: &Plugin,
        keeps: &Keeps,
        from: &str,
        slots: impl Iterator<Item = &'a String>,
    ) -> Result<(), MigrateError> {
        for slot in slots {
            let owner =
                Owner { plugin: new.name().to_owned(), agent: keeps.agent.clone(), slot: slot.clone() };
            self.spaces().draft(&owner, Some(from))?;
        }
        Ok(())
    }

    /// An agent that the ledger knows, by its last name or by what stands for it.
    fn known_agent(&self, key: &AgentKey) -> Result<Option<Agent>, LedgerError> {
        let known = self.ledger().agents()?.into_iter().find(|known| known.key == *key);
        Ok(known.map(|known| {
            let name = known.name.unwrap_or_else(|| format!("#{}", key.short()));
            Agent::new(AgentId::clone(&known.id), &name)
        }))
    }
}

/// Nobody watches a migration.
struct Nobody;

impl FrontEnd for Nobody {
    fn emit(&self, _: Output) -> BoxFuture<'_, ()> {
        Box::pin(async {})
    }
}
