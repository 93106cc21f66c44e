//! What the person's front ends hold.

use std::borrow::Cow;
use std::sync::Arc;

use powerbox_captp::{CallError, Exo, Object, Reply, Value};
use powerbox_core::InvokeError;
use powerbox_core::local::Notice;
use serde::{Deserialize, Serialize};
use tokio::sync::broadcast::error::RecvError;

use crate::Failure;
use crate::commands::{Commands, completed, described};
use crate::data::{from_value, to_value};
use crate::line::{Request, Speaks, may_be_kept};
use crate::run::Run;
use crate::server::{AbortOnDrop, Client};

/// The person's console: it runs commands as the person and for all agents, and tells what happens.
///
/// It is served by name: see `docs/console.md` for its methods.
pub struct Console(Arc<Client>);

/// What [`Console`] tells of the host.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct HostStatus {
    /// The program's version.
    pub version: String,
    /// The number of the host's process.
    pub process: u32,
    /// Commands that are under way, for all clients.
    pub runs: u64,
    /// How many plugins there are.
    pub plugins: usize,
    /// The dialect of the daemon that was asked about, if it answers.
    pub dialect: Option<String>,
    /// Why it does not.
    pub failure: Option<Failure>,
}

impl Console {
    pub(crate) fn object(client: &Arc<Client>) -> Object {
        Object::exo(Arc::new(Self(Arc::clone(client))))
    }

    async fn status(&self, connect: Option<&str>) -> Result<Value, CallError> {
        let daemon = match self.0.hosts().of(connect) {
            Ok(host) => host.daemon().await.map_err(|error| Failure::from(InvokeError::from(error))),
            Err(failure) => Err(failure),
        };
        let status = HostStatus {
            version: self.0.build().version.clone(),
            process: std::process::id(),
            runs: self.0.stop_handle().runs(),
            plugins: self.0.hosts().own().registry().plugins().len(),
            dialect: daemon.as_ref().ok().map(|daemon| daemon.dialect().name().to_owned()),
            failure: daemon.err(),
        };
        to_value(&status).map_err(CallError::fault)
    }

    /// Tells a listener what happens to plugins, until it is stopped or the client leaves.
    fn follow(&self, listener: Object) -> Object {
        let mut events = self.0.hosts().own().events();
        let task = self.0.spawn(async move {
            loop {
                match events.recv().await {
                    Ok(event) => {
                        let Ok(notice) = to_value(&Notice::from(&event)) else { continue };
                        // The next one waits until this one was taken: a client that is slow misses the oldest.
                        if listener.call("notice", vec![notice]).await.is_err() {
                            return;
                        }
                    }
                    Err(RecvError::Lagged(_)) => {}
                    Err(RecvError::Closed) => return,
                }
            }
        });
        Object::exo(Arc::new(Following(AbortOnDrop(task))))
    }
}

impl Exo for Console {
    fn interface(&self) -> Cow<'_, str> {
        "Alleged: Console".into()
    }

    fn methods(&self) -> &'static [&'static str] {
        &["run", "commands", "describe", "complete", "mayBeKept", "follow", "status"]
    }

    fn call(self: &Arc<Self>, method: &str, args: Vec<Value>) -> Reply {
        let mut args = args.into_iter();
        let first = args.next().unwrap_or(Value::Undefined);
        let second = args.next().unwrap_or(Value::Undefined);
        let unfit = |error: &dyn std::fmt::Display| Reply::error(CallError::type_error(error.to_string()));
        match method {
            "run" => {
                let request = match from_value::<Request>(&first) {
                    Ok(request) => request,
                    Err(error) => return unfit(&format!("this is no request: {error}")),
                };
                Run::start(&self.0, request, Speaks::ForAll, second)
            }
            "commands" => match first.as_str() {
                Some(agent) => Reply::value(Commands::object(&self.0, agent)),
                None => unfit(&"commands are somebody's: give an agent's path"),
            },
            "describe" => Reply::Ready(described(self.0.hosts())),
            "complete" => completed(&self.0, first.as_str().map(str::to_owned), &second),
            "mayBeKept" => match from_value::<Vec<String>>(&first) {
                Ok(words) => Reply::value(may_be_kept(self.0.hosts().own(), words)),
                Err(error) => unfit(&error),
            },
            "follow" => match first {
                Value::Capability(listener) => Reply::value(self.follow(listener)),
                _ => unfit(&"a listener is an object"),
            },
            _ => {
                let connect = first.as_str().map(str::to_owned);
                let this = Arc::clone(self);
                Reply::pending(async move { this.status(connect.as_deref()).await })
            }
        }
    }
}

/// Somebody who is told what happens; nobody is once this is dropped.
struct Following(AbortOnDrop);

impl Exo for Following {
    fn interface(&self) -> Cow<'_, str> {
        "Alleged: Following".into()
    }

    fn methods(&self) -> &'static [&'static str] {
        &["stop"]
    }

    fn call(self: &Arc<Self>, _: &str, _: Vec<Value>) -> Reply {
        self.0.0.abort();
        Reply::undefined()
    }
}
