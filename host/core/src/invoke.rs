//! One run of a command, from words to output: the middle of the life of a command.

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use powerbox_captp::{Answer, CallError, Object, Value as OuterValue};
use powerbox_passable::{Limits as ValueLimits, Value};
use powerbox_sandbox::{Failure, LoadError, Type, Val};

use crate::bridge::{Reference as _, from_wit, to_wit};
use crate::daemon::{ConnectError, Daemon};
use crate::designation::{DesignationError, UsageError, designate, lookup, parse, parse_path};
use crate::host::Host;
use crate::local::{FrontEnd, LogPower, Output, OutputPower, RegistryPower};
use crate::membrane::{Handle, Membrane, Problem, Slot};
use crate::plugin::{Binding, BoundTo, Plugin, local_interface, slots};
use crate::principal::{Link, Principal};
use crate::registry::{Registry, UnknownCommand};

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
    #[error(transparent)]
    Problem(#[from] Problem),
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
    /// The plugin does not keep to the contract.
    #[error("the plugin `{plugin}` does not keep to the contract: {reason}")]
    Contract {
        /// Which.
        plugin: String,
        /// How.
        reason: String,
    },
}

impl From<DesignationError> for InvokeError {
    fn from(error: DesignationError) -> Self {
        match error {
            DesignationError::Problem(problem) => Self::Problem(problem),
            error => Self::Designation(error),
        }
    }
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
        let registry = self.registry();
        let entry = registry.find(&request.command)?;
        let plugin = Arc::clone(&entry.plugin);
        let contract = |reason: String| InvokeError::Contract { plugin: plugin.name().to_owned(), reason };
        let command = entry.command().ok_or_else(|| contract("the command is gone".to_owned()))?;
        let words = parse(command, &request.words)?;
        let principal = request
            .principal
            .with(Link::Plugin(plugin.name().to_owned()))
            .with(Link::Invocation(INVOCATIONS.fetch_add(1, Ordering::Relaxed)));

        let reach = if words.needs_agent() || !plugin.bindings().is_empty() {
            let daemon = self.daemon().await?;
            let agent = agent(&daemon, &request.principal).await?;
            Some((daemon, agent))
        } else {
            None
        };
        let agent = reach.as_ref().map(|(daemon, agent)| (agent, daemon.dialect()));
        let invocation = designate(command, words, agent, &plugin.rights().designation()).await?;

        let component = plugin
            .component(self.engine(), self.code_cache())
            .await
            .map_err(|error| InvokeError::Load { plugin: plugin.name().to_owned(), error })?;
        let run =
            component.function(COMMANDS, "run").ok_or_else(|| contract("it exports no `run`".to_owned()))?;
        let parameter = run.params.first().ok_or_else(|| contract("its `run` takes nothing".to_owned()))?;
        let invocation =
            to_wit(&parameter.ty, &invocation).map_err(|mismatch| contract(mismatch.to_string()))?;

        let membrane = Membrane {
            principal,
            slots: self.slots(&plugin, &registry, reach.as_ref(), front_end),
            dialect: reach.as_ref().map_or(crate::daemon::Dialect::Embedded, |(daemon, _)| daemon.dialect()),
            audit: Arc::clone(self.audit()),
        };
        let outcome =
            component.invoke(COMMANDS, "run", vec![invocation], Arc::new(membrane), self.limits()).await;
        let outcome = outcome.map_err(|failure| plugin_failure(&plugin, failure))?;
        output(run.result.as_ref(), outcome).map_err(contract)?.map_err(InvokeError::Problem)
    }

    fn slots(
        &self,
        plugin: &Plugin,
        registry: &Arc<Registry>,
        reach: Option<&(Daemon, Object)>,
        front_end: Arc<dyn FrontEnd>,
    ) -> HashMap<String, Slot> {
        let mut bound = HashMap::new();
        for slot in slots(plugin.manifest()) {
            let interface = slot.interface.as_deref().unwrap_or(&slot.slot);
            let object = match (plugin.bindings().get(&slot.slot), local_interface(interface), reach) {
                (Some(Binding::OwnNames), _, Some((_, agent))) => agent.clone(),
                (Some(Binding::Bound(to)), _, Some((daemon, _))) => bound_object(daemon, to),
                (None, Some("powerbox:plugin/output"), _) => {
                    let power = OutputPower::new(Arc::clone(&front_end), self.limits().output_bytes);
                    Object::exo(Arc::new(power))
                }
                (None, Some("powerbox:plugin/log"), _) => Object::exo(Arc::new(LogPower::new(plugin.name()))),
                (None, Some("powerbox:plugin/registry"), _) => {
                    Object::exo(Arc::new(RegistryPower::new(Arc::clone(registry))))
                }
                _ => continue,
            };
            let local = !plugin.bindings().contains_key(&slot.slot);
            bound.insert(slot.slot.clone(), Slot { object, grant: plugin.rights().slot(&slot.slot), local });
        }
        bound
    }
}

/// The agent whose names count for a principal.
pub(crate) async fn agent(daemon: &Daemon, principal: &Principal) -> Result<Object, Problem> {
    match principal.agent() {
        None => Ok(daemon.host().clone()),
        Some(path) => {
            let names = parse_path(path).map_err(Problem::Invalid)?;
            lookup(daemon.host(), daemon.dialect(), names, path).await
        }
    }
}

/// The object that a slot is bound to, as a promise: calls travel with the lookup, and a slot that is not used costs
/// no waiting.
fn bound_object(daemon: &Daemon, to: &BoundTo) -> Object {
    let dialect = daemon.dialect();
    let lookup = match (&to.id, dialect) {
        // Only these dialects can look up an identifier; elsewhere the slot follows the name.
        (Some(id), crate::daemon::Dialect::Llm | crate::daemon::Dialect::Embedded) => {
            daemon.host().call("lookupById", vec![OuterValue::text(id.as_str())])
        }
        _ => {
            let path = OuterValue::texts(dialect.path(to.name.clone()));
            dialect
                .call(daemon.host(), "endo:daemon/directory", "lookup", vec![path])
                .unwrap_or_else(|mismatch| Answer::ready(Err(CallError::Invalid(mismatch.to_string()))))
        }
    };
    lookup.object()
}

fn plugin_failure(plugin: &Plugin, failure: Failure) -> InvokeError {
    // A problem that a function's type had no room for comes back as what it is.
    if let Failure::Host { error, .. } = &failure
        && let Some(problem) =
            std::error::Error::source(error).and_then(|source| source.downcast_ref::<Problem>())
    {
        return InvokeError::Problem(problem.clone());
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
