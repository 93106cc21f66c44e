//! Bringing what a plugin keeps into the form of a new version, before that takes the old one's place.
//!
//! The new version's own `migrate` does it, in a compartment that reaches copies of the plugin's spaces and nothing else.
//! The copies count only when the records say that the new version is current: whatever breaks off in between, the
//! form of the store and the version that reads it belong together.

use std::collections::{BTreeSet, HashMap, HashSet};
use std::sync::Arc;
use std::time::Duration;

use futures_util::future::BoxFuture;
use powerbox_authority::grant::{Ending, Grant, Holder};
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
        let migrates = new.manifest().exports.iter().any(|export| is_power(&export.slot, MIGRATION));
        let stores: Vec<&str> = slots(new.manifest())
            .filter(|slot| is_power(slot.interface, STORE))
            .map(|slot| slot.slot)
            .collect();
        let kept = self.spaces().owners(new.name())?;
        if !migrates || kept.is_empty() {
            return Ok(nothing());
        }
        let alone = self.gate(new.name())?.clear(patience).await?.ok_or(MigrateError::Busy)?;
        let agents: BTreeSet<_> = kept.iter().map(|owner| owner.agent.clone()).collect();
        for agent in agents {
            self.migrate_for(new, from.unwrap_or_default(), agent.as_deref(), &stores).await?;
        }
        self.spaces().drafts_done(new.name(), &new.digest().to_string())?;
        Ok(Migrated { _alone: Some(alone), ..nothing() })
    }

    /// Migrates what the plugin keeps for one for whom it acts.
    async fn migrate_for(
        &self,
        new: &Plugin,
        from: &str,
        agent: Option<&str>,
        stores: &[&str],
    ) -> Result<(), MigrateError> {
        let failed = |reason: String| MigrateError::Failed(reason);
        let component = new.component(self.engine(), self.code_cache()).await;
        let component = component.map_err(|error| failed(error.to_string()))?;
        let migrate =
            component.function(MIGRATION, "migrate").ok_or_else(|| failed("it has no `migrate`".into()))?;
        let parameter = migrate.params.first().ok_or_else(|| failed("its `migrate` takes nothing".into()))?;
        let allowance = self.allowances().of(new.name(), agent);
        let mut principal = Principal::person();
        if let Some(agent) = agent {
            principal = principal.with(Link::Agent(agent.to_owned()));
        }
        let principal = principal.with(Link::Plugin(new.name().to_owned()));
        let grant = Grant::unlisted(Holder::plugin(agent, new.name()), "migration");
        let mut reached = HashMap::new();
        for slot in stores {
            let owner = Owner {
                plugin: new.name().to_owned(),
                agent: agent.map(str::to_owned),
                slot: (*slot).to_owned(),
            };
            let draft = self.spaces().draft(&owner)?;
            let power = StorePower::of_draft(self.spaces().clone(), draft, allowance.store_bytes);
            let object = Object::exo(Arc::new(power));
            reached.insert(owner.slot, Slot { object, grant: grant.child(*slot), power: Some(STORE) });
        }
        for slot in slots(new.manifest()) {
            let log = LogPower::new(new.name());
            let (object, power) = if is_power(slot.interface, LOG) {
                (Object::exo(Arc::new(log)), LOG)
            } else if slot.interface == WASI {
                (Object::exo(Arc::new(WasiPower::still(Some(log)))), VIRTUAL_WASI)
            } else {
                continue;
            };
            let granted = Slot { object, grant: grant.child(slot.slot), power: Some(power) };
            reached.insert(slot.slot.to_owned(), granted);
        }
        let (pace, unanswered) = self.runs().pace(new.name(), agent, &allowance);
        let membrane = Membrane::new(Setting {
            principal,
            slots: reached,
            ended: HashSet::new(),
            dialect: Dialect::Embedded,
            audit: Arc::clone(self.audit()),
            front_end: Arc::new(Nobody),
            questions: Questions::of(self.ledger()),
            pace,
            unanswered,
            secrets: Vec::new(),
            keeper: None,
        });
        let from =
            to_wit(&parameter.ty, &Value::text(from)).map_err(|mismatch| failed(mismatch.to_string()))?;
        let limits = Limits { wall: Some(LONGEST), ..allowance.run };
        let outcome = component.invoke(MIGRATION, "migrate", vec![from], Arc::new(membrane), &limits).await;
        grant.end(Ending::Revoked);
        let outcome = outcome.map_err(|failure| failed(failure.to_string()))?;
        match (&migrate.result, outcome) {
            (Some(Type::Result(_)), Some(Val::Result(Ok(_)))) => Ok(()),
            (Some(Type::Result(types)), Some(Val::Result(Err(problem)))) => {
                let problem = types
                    .err
                    .as_ref()
                    .zip(problem)
                    .and_then(|(ty, problem)| from_wit(ty, *problem, &ValueLimits::default()).ok());
                let problem = problem.map(|value| Problem::from_value(&value).to_string());
                Err(failed(problem.unwrap_or_else(|| "it did not say why".to_owned())))
            }
            _ => Err(failed("its `migrate` does not end in a result".to_owned())),
        }
    }
}

/// Nobody watches a migration.
struct Nobody;

impl FrontEnd for Nobody {
    fn emit(&self, _: Output) -> BoxFuture<'_, ()> {
        Box::pin(async {})
    }
}
