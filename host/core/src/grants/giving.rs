//! Giving and taking back: what the person does, and nobody else can.

use powerbox_authority::caveat::Caveat;
use powerbox_authority::grant::{Agent, GrantId, Holder, Record, Target};
use powerbox_authority::ledger::{AddError, LedgerError, NewGrant, Origin};
use powerbox_authority::question::{Question, Questions};
use powerbox_captp::{CallError, Object, Value};

use super::held::{PERSON, agent_gift, record_act};
use crate::agents::{AgentError, agent_object};
use crate::daemon::{ConnectError, Daemon};
use crate::designation::parse_path;
use crate::host::Host;
use crate::local::HTTP;
use crate::local::http::{Origin as WebOrigin, OriginError};
use crate::local::wasi::{VIRTUAL, VIRTUAL_WASI};
use crate::membrane::Problem;
use crate::plugin::{local_interface, slot_meant, slots};

/// A grant that the person makes by hand.
#[derive(Clone, Debug)]
pub struct Gift {
    /// The plugin that shall have it.
    pub plugin: String,
    /// The agent that the plugin acts for, by its path in the person's names now; none is the person.
    pub agent: Option<String>,
    /// Its slot, or [`Record::DESIGNATION`].
    pub slot: String,
    /// The name of the object, in the names of whom the plugin acts for; not given for what the host itself serves, for
    /// designation, and for a part of another grant.
    pub name: Option<String>,
    /// The grant that it shall be a part of.
    pub parent: Option<GrantId>,
    /// What it shall not allow.
    pub caveats: Vec<Caveat>,
}

/// A grant cannot be given or taken back. Nothing was changed.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum GiveError {
    /// No plugin has this name.
    #[error("there is no plugin named `{0}`; `powerbox plugin list` lists them")]
    UnknownPlugin(String),
    /// The plugin has no such slot.
    #[error("the plugin `{plugin}` has no slot `{slot}`; it has {}", if .slots.is_empty() { "none".to_owned() } else { .slots.join(", ") })]
    NoSlot {
        /// Which plugin.
        plugin: String,
        /// What was asked for.
        slot: String,
        /// What there is.
        slots: Vec<String>,
    },
    /// The slot needs an object, or cannot have one.
    #[error("{0}")]
    Object(String),
    /// The object cannot be had.
    #[error("`{name}` cannot be granted: {problem}")]
    Name {
        /// Its name.
        name: String,
        /// Why not.
        #[source]
        problem: Problem,
    },
    /// The agent cannot be found.
    #[error(transparent)]
    Agent(#[from] AgentError),
    /// The name for something new holds something.
    #[error("`{name}` holds {held} already; choose another name, or replace it with `--force`")]
    Taken {
        /// The name.
        name: String,
        /// What it holds, in words.
        held: &'static str,
    },
    /// The ledger refuses.
    #[error(transparent)]
    Add(#[from] AddError),
    /// The ledger cannot be used.
    #[error(transparent)]
    Ledger(#[from] LedgerError),
    /// There is no daemon.
    #[error(transparent)]
    Connect(#[from] ConnectError),
}

impl Host {
    /// Gives a plugin something for one of its slots. What filled the slot before is taken back in the same step.
    ///
    /// # Errors
    ///
    /// Why it cannot be given.
    pub async fn give(&self, gift: &Gift) -> Result<Record, GiveError> {
        let registry = self.registry();
        let plugin =
            registry.plugin(&gift.plugin).ok_or_else(|| GiveError::UnknownPlugin(gift.plugin.clone()))?;
        let meant = slot_meant(plugin.manifest(), &gift.slot);
        let filled = meant.as_ref().map_or_else(|| gift.slot.clone(), |slot| slot.slot.to_owned());
        let interface = meant.map(|slot| slot.interface.to_owned());
        if interface.is_none() && gift.slot != Record::DESIGNATION {
            let slots = slots(plugin.manifest()).map(|slot| slot.slot.to_owned()).collect();
            return Err(GiveError::NoSlot { plugin: gift.plugin.clone(), slot: gift.slot.clone(), slots });
        }
        let power = interface.as_deref().and_then(local_interface);
        let whom = match &gift.agent {
            Some(path) => Some(self.agent(path).await?),
            None => None,
        };
        let holder = Holder::plugin(whom.as_ref(), plugin.name());
        let agent = whom.as_ref().map(|agent| self.book().agent_grant(agent)).transpose()?;
        let origin = match (gift.parent, &gift.name, interface) {
            (Some(parent), None, _) => Origin::Child(parent),
            (Some(_), Some(_), _) => {
                let message = "a part of another grant is to what that grant is to; leave out the name";
                return Err(GiveError::Object(message.to_owned()));
            }
            (None, name, interface) => {
                let target = match (interface, power, name) {
                    (None, _, None) => Target::Designated,
                    (Some(_), Some(HTTP), Some(origin)) => {
                        let origin: WebOrigin = origin
                            .parse()
                            .map_err(|error: OriginError| GiveError::Object(error.to_string()))?;
                        Target::Origin { interface: HTTP.to_owned(), origin: origin.to_string() }
                    }
                    (Some(_), Some(HTTP), None) => {
                        let message = format!("give an origin: {}=https://example.org", gift.slot);
                        return Err(GiveError::Object(message));
                    }
                    (Some(_), Some(power @ VIRTUAL_WASI), Some(name)) if name == VIRTUAL => {
                        Target::Power { interface: power.to_owned() }
                    }
                    (Some(_), Some(power), None) => Target::Power { interface: power.to_owned() },
                    (Some(_), None, None) if plugin.own_names().contains(&gift.slot.as_str()) => {
                        Target::OwnNames
                    }
                    (Some(_), None, Some(name)) => self.object_target(whom.as_ref(), name).await?,
                    (Some(_), None, None) => {
                        return Err(GiveError::Object(format!("give a name: {}=NAME", gift.slot)));
                    }
                    (_, _, Some(_)) => {
                        let message = format!("`{}` is the host's own and takes no name", gift.slot);
                        return Err(GiveError::Object(message));
                    }
                };
                match &agent {
                    Some(agent) => Origin::OfAgent(agent.id, target),
                    None => Origin::Object(target),
                }
            }
        };
        let record = self.ledger().add(&NewGrant {
            origin,
            holder,
            slot: filled,
            caveats: gift.caveats.clone(),
            giver: PERSON.to_owned(),
        })?;
        record_act(self.audit(), PERSON, "grant", &record);
        Ok(record)
    }

    /// Gives an agent what it is: the grant from which come all grants to plugins that act for it. The first is made by
    /// itself; one that was taken back, and one that an earlier version kept by name, only the person gives again.
    ///
    /// # Errors
    ///
    /// Why it cannot be given.
    pub async fn give_agent(&self, path: &str, caveats: Vec<Caveat>) -> Result<Record, GiveError> {
        let agent = self.agent(path).await?;
        let record = self.ledger().add(&agent_gift(&agent, caveats))?;
        record_act(self.audit(), PERSON, "grant", &record);
        Ok(record)
    }

    /// Adds caveats to a grant.
    ///
    /// # Errors
    ///
    /// Why they cannot be added.
    pub fn narrow_grant(&self, id: GrantId, caveats: &[Caveat]) -> Result<Record, GiveError> {
        let record = self.ledger().narrow(id, caveats)?;
        record_act(self.audit(), PERSON, "narrow", &record);
        Ok(record)
    }

    /// Takes back a grant and all that came of it; gives the numbers of those that ended. Calls under way end with
    /// `revoked`, in other processes of the user too.
    ///
    /// # Errors
    ///
    /// If there is no such grant, or it cannot be written.
    pub fn revoke_grant(&self, id: GrantId) -> Result<Vec<GrantId>, GiveError> {
        let ended = self.ledger().revoke(id)?;
        for id in &ended {
            if let Some(record) = self.ledger().get(*id)? {
                record_act(self.audit(), PERSON, "revoke", &record);
            }
        }
        Ok(ended)
    }

    /// The call with a digest that a grant's `confirm` caveat would have asked about, had somebody been there.
    ///
    /// # Errors
    ///
    /// If it cannot be read.
    pub fn question(&self, id: GrantId, digest: &str) -> std::io::Result<Option<Question>> {
        Questions::of(self.ledger()).get(id, digest)
    }

    /// Allows one call beforehand that a `confirm` caveat will ask for: the one with this digest.
    ///
    /// # Errors
    ///
    /// If there is no such grant, or it cannot be written.
    pub fn approve_call(&self, id: GrantId, digest: &str) -> Result<(), GiveError> {
        self.ledger().approve(id, digest)?;
        if let Err(error) = self.audit().act(PERSON, "allow", Some(id.get()), digest) {
            tracing::error!(%error, "the audit log can not be written");
        }
        Ok(())
    }

    /// Finds what a name stands for, in a form that is found again after a restart.
    pub(crate) async fn object_target(&self, agent: Option<&Agent>, name: &str) -> Result<Target, GiveError> {
        let failed = |problem| GiveError::Name { name: name.to_owned(), problem };
        let daemon = self.daemon().await?;
        let agent = agent_object(&daemon, agent).await.map_err(failed)?;
        resolve(&daemon, &agent, name).await.map_err(failed)
    }
}

/// Finds what a name stands for, and its formula identifier where the daemon has such.
async fn resolve(daemon: &Daemon, agent: &Object, name: &str) -> Result<Target, Problem> {
    let path = parse_path(name).map_err(Problem::Invalid)?;
    let spelled = daemon.dialect().path(path.clone());
    let ask = |function: &str| {
        let path = Value::texts(spelled.iter().map(String::as_str));
        let answer = daemon.dialect().call(agent, "endo:daemon/directory", function, vec![path]);
        answer.map_err(|mismatch| Problem::Invalid(mismatch.to_string()))
    };
    let id = match ask("identify")?.await {
        Ok(Value::Text(id)) => id.as_str().map(str::to_owned),
        Ok(_) => return Err(Problem::NotFound(name.to_owned())),
        // Not every object that names things knows identifiers.
        Err(CallError::Thrown(_)) => None,
        Err(error) => return Err(error.into()),
    };
    match ask("lookup")?.await? {
        Value::Capability(_) => Ok(Target::Object { name: path, id }),
        other => Err(Problem::Invalid(format!("it is {}, not an object", crate::bridge::kind(&other)))),
    }
}
