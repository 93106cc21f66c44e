//! One run of a command, from words to output: the middle of the life of a command.

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use powerbox_authority::grant::{Agent, Ending, Grant, Holder, Target};
use powerbox_authority::ledger::AddError;
use powerbox_authority::question::Questions;
use powerbox_captp::{Answer, CallError, Object, Reply, Value as OuterValue, promise};
use powerbox_passable::{Limits as ValueLimits, Value};
use powerbox_sandbox::{Caller, Failure, Host as SandboxHost, LoadError, Type, Val};

use crate::agents::agent_object;
use crate::allowance::Allowance;
use crate::bridge::{Reference as _, from_wit, to_wit};
use crate::daemon::{ConnectError, Daemon, Dialect};
use crate::designation::{DesignationError, UsageError, designate, parse};
use crate::grants::{Held, HeldGrant, Keeper};
use crate::host::Host;
use crate::journal::UnderWay;
use crate::local::http::HttpPower;
use crate::local::store::{Owner, Shared, StorePower};
use crate::local::wasi::{VIRTUAL_WASI, WASI, WasiPower};
use crate::local::{ClockPower, FrontEnd, LogPower, Notice, Output, OutputPower, RandomPower, RegistryPower};
use crate::membrane::{DESIGNATED, Handle, Membrane, Problem, RECEIVER, Setting, Slot, Speaker};
use crate::plugin::{Origin, Plugin, is_power, local_interface_named, slots};
use crate::principal::{Link, Principal};
use crate::quarantine::{PutAside, Whose};
use crate::registry::{Command, Entry, Registry, UnknownCommand};

/// What a front end asks for.
#[derive(Clone, Debug)]
pub struct Request {
    /// For whom.
    pub principal: Principal,
    /// The command's name, an alias, or `plugin:command`.
    pub command: String,
    /// The words after it.
    pub words: Vec<String>,
}

/// Why a command gave no output.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum InvokeError {
    /// There is no such command.
    #[error(transparent)]
    Unknown(#[from] UnknownCommand),
    /// The words do not fit its parameters.
    #[error(transparent)]
    Usage(#[from] UsageError),
    /// There is no daemon.
    #[error(transparent)]
    Connect(#[from] ConnectError),
    /// Something that the user named cannot be handed over.
    #[error(transparent)]
    Designation(DesignationError),
    /// The command itself failed, or was refused something.
    #[error("{problem}")]
    Problem {
        /// For whom it ran.
        principal: Principal,
        /// What happened.
        #[source]
        problem: Problem,
        /// Whose word that is.
        speaker: Speaker,
    },
    /// The plugin failed too often.
    #[error(transparent)]
    PutAside(#[from] PutAside),
    /// The grants cannot be read.
    #[error(transparent)]
    Grants(#[from] AddError),
    /// The plugin broke, or reached a limit.
    #[error("the plugin `{plugin}` failed: {failure}")]
    Plugin {
        /// Which.
        plugin: String,
        /// How.
        #[source]
        failure: Failure,
    },
    /// The plugin's code cannot be loaded.
    #[error("the plugin `{plugin}` cannot be loaded: {error}")]
    Load {
        /// Which.
        plugin: String,
        /// Why.
        #[source]
        error: LoadError,
    },
    /// What the plugin keeps cannot be used.
    #[error("the store of the plugin `{plugin}` cannot be used: {reason}")]
    Store {
        /// Which.
        plugin: String,
        /// Why.
        reason: String,
    },
    /// The plugin does not keep to the contract.
    #[error("the plugin `{plugin}` does not keep to the contract: {reason}")]
    Contract {
        /// Which.
        plugin: String,
        /// How.
        reason: String,
    },
}

static INVOCATIONS: AtomicU64 = AtomicU64::new(1);

const COMMANDS: &str = "powerbox:plugin/commands";

impl Host {
    /// Runs a command. Dropping the future cancels it: the compartment and all its handles are gone at once.
    pub async fn invoke(
        &self,
        request: Request,
        front_end: Arc<dyn FrontEnd>,
    ) -> Result<Output, InvokeError> {
        let agent = request.principal.agent();
        let (registry, entry, _stay) = self.find_current(&request.command, agent).await?;
        let plugin = Arc::clone(&entry.plugin);
        let contract = |reason: String| InvokeError::Contract { plugin: plugin.name().to_owned(), reason };
        let command = entry.command().ok_or_else(|| contract("the command is gone".to_owned()))?;
        if let Some(event) = self.news().of(&plugin)
            && front_end.notice(&Notice::from(&event))
        {
            self.news().heard(&plugin);
        }
        let called = registry.callable(plugin.name(), &command.name);
        let words = if called == command.name {
            parse(command, &request.words)?
        } else {
            // What is said of the words names the command as it can be called.
            parse(&Command { name: called, ..command.clone() }, &request.words)?
        };
        let whose = Whose { plugin: plugin.name(), agent: agent.map(Agent::key) };
        self.quarantine().check(&whose, &plugin.digest().to_string())?;
        let words = words.read_secrets(command, &*front_end).await?;
        let principal = request
            .principal
            .with(Link::Plugin(plugin.name().to_owned()))
            .with(Link::Invocation(INVOCATIONS.fetch_add(1, Ordering::Relaxed)));
        let problem =
            |problem, speaker| InvokeError::Problem { principal: principal.clone(), problem, speaker };
        let failed = |told| problem(told, Speaker::Host);
        let sections = self.sections_of(agent.map(Agent::key)).map_err(AddError::from)?;
        let _run = self
            .runs()
            .enter_within(front_end.patience(), plugin.name(), agent, &sections, self.allowances())
            .await
            .map_err(failed)?;
        let allowance = self.allowances().of(plugin.name(), &sections);
        self.follow_grants();
        let held = self.held(&request.principal, &plugin)?;

        let reaches = slots(plugin.manifest()).any(|slot| {
            let held = held.slot(slot.slot);
            held.is_some_and(|held| matches!(held.target, Target::OwnNames | Target::Object { .. }))
        });
        let reach = if words.needs_agent() || reaches {
            let daemon = self.daemon().await?;
            let agent = agent_object(&daemon, agent).await.map_err(failed)?;
            Some(Reach { daemon, agent })
        } else {
            None
        };
        let this_run = ThisRun::default();
        let designation = match held.designation() {
            Some(grant) => this_run.child(grant, DESIGNATED),
            // Nothing that the user names gets through it.
            None => {
                let nothing = Grant::unlisted(Holder::plugin(agent, plugin.name()), DESIGNATED);
                nothing.end(Ending::Revoked);
                nothing
            }
        };
        let secrets = words.secrets();
        let names = reach.as_ref().map(|reach| (&reach.agent, reach.daemon.dialect()));
        let designated = designate(command, words, names, &designation, &*front_end).await;
        let invocation = designated.map_err(|error| match error {
            DesignationError::Problem(problem) => failed(problem),
            error => InvokeError::Designation(error),
        })?;

        let component = plugin
            .component(self.engine(), self.code_cache())
            .await
            .map_err(|error| InvokeError::Load { plugin: plugin.name().to_owned(), error })?;
        let run =
            component.function(COMMANDS, "run").ok_or_else(|| contract("it exports no `run`".to_owned()))?;
        let parameter = run.params.first().ok_or_else(|| contract("its `run` takes nothing".to_owned()))?;

        let slots =
            self.slots(&plugin, &registry, &held, agent, reach.as_ref(), &front_end, &allowance, &this_run);
        let ended = plugin_slots(&plugin).filter(|slot| held.had(slot)).map(str::to_owned).collect();
        let flow = self.runs().flow(plugin.name(), agent, &allowance);
        let membrane = Membrane::new(Setting {
            principal: principal.clone(),
            slots,
            ended,
            dialect: reach.as_ref().map_or(crate::daemon::Dialect::Embedded, |reach| reach.daemon.dialect()),
            audit: Arc::clone(self.audit()),
            front_end: Arc::clone(&front_end),
            questions: Questions::of(self.ledger()),
            pace: flow.pace,
            unanswered: flow.unanswered,
            streams: flow.streams,
            secrets,
            keeper: reach.as_ref().and_then(|reach| Keeper::new(&reach.daemon, self.ledger(), self.audit())),
        });
        membrane.designate(&invocation);
        let under_way = UnderWay::new(self.journal(), membrane.used(), &plugin, command, &principal);
        let invocation =
            to_wit(&parameter.ty, &invocation).map_err(|mismatch| contract(mismatch.to_string()))?;
        let host: Arc<dyn SandboxHost<Handle>> = Arc::new(membrane.clone());
        let outcome = match component.function(RECEIVER, "receive").and_then(|receive| receive.result.clone())
        {
            // It may make objects of its own, which others can call while it runs.
            Some(result) => {
                let (caller, calls) = Caller::channel(&allowance.run);
                membrane.set_receiver(caller, result);
                component.invoke_with(COMMANDS, "run", vec![invocation], host, &allowance.run, calls).await
            }
            None => component.invoke(COMMANDS, "run", vec![invocation], host, &allowance.run).await,
        };
        self.quarantine().note(&whose, &plugin.digest().to_string(), outcome.as_ref().err());
        let ended = outcome
            .map_err(|failure| plugin_failure(&plugin, &principal, &membrane, failure))
            .and_then(|outcome| {
                let output = output(run.result.as_ref(), outcome).map_err(contract)?;
                output.map_err(|given| {
                    let (given, speaker) = membrane.problem(given);
                    problem(given, speaker)
                })
            });
        if let Some(run) = under_way.end(ended.as_ref().err().map(ToString::to_string)) {
            front_end.ran(&run);
        }
        ended
    }

    /// Finds a command. One of a plugin that keeps something keeps migrations out from here on, and is of the version
    /// that is on record: another process may have replaced the one that this process knows.
    async fn find_current(
        &self,
        word: &str,
        agent: Option<&Agent>,
    ) -> Result<(Arc<Registry>, Entry, Option<Shared>), InvokeError> {
        loop {
            let registry = self.registry();
            let entry = registry.find(word)?;
            let plugin = &entry.plugin;
            let keeps =
                slots(plugin.manifest()).any(|slot| is_power(slot.interface, "powerbox:plugin/store"));
            if !keeps {
                return Ok((registry, entry, None));
            }
            let unusable = |reason: String| InvokeError::Store { plugin: plugin.name().to_owned(), reason };
            let gate = self.gate(plugin.name()).map_err(|error| unusable(error.to_string()))?;
            let stay = gate.enter().await.map_err(|error| unusable(error.to_string()))?;
            if let Origin::Installed(_) = plugin.origin() {
                let digest = plugin.digest().to_string();
                let records = self.installed().list().map_err(|error| unusable(error.to_string()))?;
                let current = records.into_iter().find(|record| record.name == plugin.name());
                if current.is_some_and(|record| record.digest != digest) {
                    drop(stay);
                    self.follow_records().await;
                    let now = self.registry().plugin(plugin.name()).map(|plugin| plugin.digest().to_string());
                    if now.as_ref() == Some(&digest) {
                        return Err(unusable("its new version cannot be loaded here".to_owned()));
                    }
                    continue;
                }
                self.spaces().settle(plugin.name(), &digest).map_err(|error| unusable(error.to_string()))?;
            }
            // What was not allowed to be brought into the form of this version may be allowed by now.
            if self.is_behind(plugin, agent).map_err(|error| unusable(error.to_string()))? {
                drop(stay);
                self.catch_up(plugin, agent).await.map_err(|error| unusable(error.to_string()))?;
                continue;
            }
            // It may have been replaced while this waited.
            if self.registry().plugin(plugin.name()).is_some_and(|now| Arc::ptr_eq(now, plugin)) {
                return Ok((registry, entry, Some(stay)));
            }
        }
    }

    #[allow(clippy::too_many_arguments, reason = "they are what a slot can reach, each of another kind")]
    fn slots(
        &self,
        plugin: &Plugin,
        registry: &Arc<Registry>,
        held: &Held,
        agent: Option<&Agent>,
        reach: Option<&Reach>,
        front_end: &Arc<dyn FrontEnd>,
        allowance: &Allowance,
        this_run: &ThisRun,
    ) -> HashMap<String, Slot> {
        let mut reached = HashMap::new();
        for name in plugin_slots(plugin) {
            let Some(HeldGrant { grant, target }) = held.slot(name) else { continue };
            // No object that was granted for a slot of this name is WASI.
            if name == WASI && !matches!(target, Target::Power { .. }) {
                continue;
            }
            let grant = this_run.child(grant, name);
            let (object, power) = match (target, reach) {
                (Target::OwnNames, Some(reach)) => (reach.agent.clone(), None),
                (Target::Object { name, id }, Some(reach)) => (reach.object(name, id.as_deref()), None),
                (Target::Power { interface }, _) => {
                    let power = local_interface_named(interface);
                    let object = match power {
                        Some("powerbox:plugin/output") => {
                            let (most, rate) = (allowance.run.output_bytes, allowance.output_kib_per_second);
                            Object::exo(Arc::new(OutputPower::new(Arc::clone(front_end), most, rate)))
                        }
                        Some("powerbox:plugin/log") => Object::exo(Arc::new(LogPower::new(plugin.name()))),
                        Some("powerbox:plugin/registry") => {
                            Object::exo(Arc::new(RegistryPower::new(Arc::clone(registry))))
                        }
                        Some("powerbox:plugin/store") => {
                            let owner = Owner {
                                plugin: plugin.name().to_owned(),
                                agent: agent.map(|agent| agent.key().clone()),
                                slot: name.to_owned(),
                            };
                            let spaces = self.spaces().clone();
                            Object::exo(Arc::new(StorePower::new(spaces, owner, allowance.store_bytes)))
                        }
                        Some("powerbox:plugin/clock") => {
                            Object::exo(Arc::new(ClockPower::new(self.outside())))
                        }
                        Some("powerbox:plugin/random") => {
                            Object::exo(Arc::new(RandomPower::new(self.outside())))
                        }
                        Some(VIRTUAL_WASI) => {
                            let log = LogPower::new(plugin.name());
                            Object::exo(Arc::new(WasiPower::new(self.outside(), log, Arc::clone(&grant))))
                        }
                        // Its objects are made by the membrane, which alone knows the compartment.
                        Some("powerbox:plugin/callbacks") => {
                            Object::function("Alleged: Callbacks", |_| Reply::undefined())
                        }
                        _ => continue,
                    };
                    (object, power)
                }
                (Target::Origin { interface, origin }, _) => {
                    // What is written there was an origin when it was granted.
                    let (Some(power), Ok(origin)) = (local_interface_named(interface), origin.parse()) else {
                        continue;
                    };
                    let http = HttpPower::new(origin, self.outside(), Arc::clone(&grant));
                    (Object::exo(Arc::new(http)), Some(power))
                }
                _ => continue,
            };
            reached.insert(name.to_owned(), Slot { object, grant, power });
        }
        reached
    }
}

fn plugin_slots(plugin: &Plugin) -> impl Iterator<Item = &str> {
    slots(plugin.manifest()).map(|slot| slot.slot)
}

/// The grants of one run. They end with it, and with them everything that was handed out under them.
#[derive(Default)]
struct ThisRun(std::sync::Mutex<Vec<Arc<Grant>>>);

impl ThisRun {
    fn child(&self, grant: &Arc<Grant>, what: &str) -> Arc<Grant> {
        let child = grant.child(what);
        self.0.lock().unwrap_or_else(std::sync::PoisonError::into_inner).push(Arc::clone(&child));
        child
    }
}

impl Drop for ThisRun {
    fn drop(&mut self) {
        for grant in self.0.get_mut().unwrap_or_else(std::sync::PoisonError::into_inner) {
            grant.end(Ending::Revoked);
        }
    }
}

/// What a run reaches through the daemon.
struct Reach {
    daemon: Daemon,
    /// The agent whose names count.
    agent: Object,
}

impl Reach {
    /// An object that was granted, as a promise: calls travel with the lookup, and a slot that is not used costs no
    /// waiting. It is the one that was granted, or none: a name that was given to something else since does not count.
    fn object(&self, name: &[String], id: Option<&str>) -> Object {
        let dialect = self.daemon.dialect();
        let path = || OuterValue::texts(dialect.path(name.to_vec()));
        let ask = |function: &str| {
            dialect
                .call(&self.agent, "endo:daemon/directory", function, vec![path()])
                .unwrap_or_else(|mismatch| Answer::ready(Err(CallError::Invalid(mismatch.to_string()))))
        };
        match (id, dialect) {
            // Only these dialects can look up an identifier.
            (Some(id), Dialect::Llm | Dialect::Embedded) => {
                self.daemon.host().call("lookupById", vec![OuterValue::text(id)]).object()
            }
            (Some(id), Dialect::Master) => {
                let (identified, found) = (ask("identify"), ask("lookup"));
                let (id, name) = (id.to_owned(), name.join("/"));
                let (object, resolver) = promise();
                tokio::spawn(async move {
                    let granted = match identified.await {
                        Ok(OuterValue::Text(now)) if now.as_str() == Some(&id) => found,
                        Ok(_) => Answer::ready(Err(CallError::error(format!(
                            "`{name}` is not what was granted any more; grant it again"
                        )))),
                        Err(error) => Answer::ready(Err(error)),
                    };
                    resolver.resolve(OuterValue::Capability(granted.object()));
                });
                object
            }
            (None, _) => ask("lookup").object(),
        }
    }
}

fn plugin_failure(
    plugin: &Plugin,
    principal: &Principal,
    membrane: &Membrane,
    failure: Failure,
) -> InvokeError {
    // A problem that a function's type had no room for comes back as what it is.
    if let Failure::Host { error, .. } = &failure
        && let Some(problem) =
            std::error::Error::source(error).and_then(|source| source.downcast_ref::<Problem>())
    {
        let (problem, speaker) = membrane.problem(problem.clone());
        return InvokeError::Problem { principal: principal.clone(), problem, speaker };
    }
    InvokeError::Plugin { plugin: plugin.name().to_owned(), failure }
}

/// Reads what `run` gave: output, or a problem; the outer error is a breach of the contract.
fn output(ty: Option<&Type>, val: Option<Val<Handle>>) -> Result<Result<Output, Problem>, String> {
    let limits = ValueLimits::default();
    let (Some(Type::Result(types)), Some(Val::Result(outcome))) = (ty, val) else {
        return Err("its `run` does not end in a result".to_owned());
    };
    match (outcome, &types.ok, &types.err) {
        (Ok(Some(val)), Some(ty), _) => {
            let value = from_wit(ty, *val, &limits).map_err(|mismatch| mismatch.to_string())?;
            let shown = value.try_map(&mut |handle: Handle| {
                let label = || format!("the output holds {:?}, which cannot be shown", handle.interface());
                handle.unwrapped().cloned().ok_or_else(label)
            })?;
            Output::from_value(&shown).map(Ok)
        }
        (Err(Some(val)), _, Some(ty)) => {
            let value: Value<Handle> =
                from_wit(ty, *val, &limits).map_err(|mismatch| mismatch.to_string())?;
            Ok(Err(Problem::from_value(&value)))
        }
        (Ok(None), None, _) => Ok(Ok(Output::Nothing)),
        _ => Err("its `run` ends in a result without a value".to_owned()),
    }
}
