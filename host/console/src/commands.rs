//! What everybody else's front ends hold: the commands, run for one agent.

use std::borrow::Cow;
use std::sync::Arc;

use powerbox_captp::{CallError, Exo, Object, Reply, Value};
use powerbox_core::registry::CommandGroup;
use serde::Serialize;

use crate::data::{from_value, to_value};
use crate::hosts::Hosts;
use crate::line::{Request, Speaks};
use crate::run::Run;
use crate::server::Client;

/// The commands for one agent. It can describe, complete and run them, and cannot say for whom else.
///
/// It is served by name: see `docs/console.md` for its methods.
pub struct Commands {
    client: Arc<Client>,
    agent: String,
}

/// A plugin and its commands, as front ends learn of them.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Described {
    plugin: String,
    digest: String,
    group: CommandGroup,
    /// By which word each command is called, in the order of the group.
    called: Vec<String>,
}

/// All commands there are.
pub(crate) fn described(hosts: &Hosts) -> Result<Value, CallError> {
    let registry = hosts.own().registry();
    let plugins: Vec<_> = registry
        .plugins()
        .iter()
        .map(|plugin| Described {
            plugin: plugin.name().to_owned(),
            digest: plugin.digest().to_string(),
            called: plugin
                .group()
                .commands
                .iter()
                .map(|command| registry.callable(plugin.name(), &command.name))
                .collect(),
            group: plugin.group().clone(),
        })
        .collect();
    to_value(&plugins).map_err(CallError::fault)
}

/// The names of an agent, or of the person, that begin with a prefix.
pub(crate) fn completed(client: &Arc<Client>, agent: Option<String>, prefix: &Value) -> Reply {
    let Some(prefix) = prefix.as_str().map(str::to_owned) else {
        return Reply::error(CallError::type_error("a prefix is a text"));
    };
    let hosts = Arc::clone(client.hosts());
    Reply::pending(
        async move { Ok(Value::texts(hosts.own().complete_names(agent.as_deref(), &prefix).await)) },
    )
}

impl Commands {
    pub(crate) fn object(client: &Arc<Client>, agent: &str) -> Object {
        Object::exo(Arc::new(Self { client: Arc::clone(client), agent: agent.to_owned() }))
    }
}

impl Exo for Commands {
    fn interface(&self) -> Cow<'_, str> {
        "Alleged: Commands".into()
    }

    fn methods(&self) -> &'static [&'static str] {
        &["run", "describe", "complete"]
    }

    fn call(self: &Arc<Self>, method: &str, args: Vec<Value>) -> Reply {
        let mut args = args.into_iter();
        let first = args.next().unwrap_or(Value::Undefined);
        match method {
            "run" => {
                let words = match from_value::<Vec<String>>(&first) {
                    Ok(words) => words,
                    Err(error) => {
                        return Reply::error(CallError::type_error(format!("these are no words: {error}")));
                    }
                };
                let request = Request { words, agent: Some(self.agent.clone()), ..Request::default() };
                let front_end = args.next().unwrap_or(Value::Undefined);
                Run::start(&self.client, request, Speaks::ForOne, front_end)
            }
            "describe" => Reply::Ready(described(self.client.hosts())),
            _ => completed(&self.client, Some(self.agent.clone()), &first),
        }
    }
}
