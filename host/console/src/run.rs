//! One run of a command as an object: its outcome, and how to cancel it.

use std::borrow::Cow;
use std::sync::Arc;

use powerbox_captp::{CallError, Exo, Object, Reply, Value, promise};
use powerbox_core::local::{FrontEnd as _, Output};
use powerbox_core::{Principal, Request as Invocation};
use tokio::task::AbortHandle;

use crate::data::to_value;
use crate::front_end::{Remote, shown};
use crate::hosts::Hosts;
use crate::line::{Line, Request, Speaks};
use crate::server::{AbortOnDrop, Client};
use crate::{Failure, Status};

/// A run that is under way or has ended.
pub(crate) struct Run {
    outcome: Object,
    task: AbortHandle,
}

impl Run {
    /// Starts one for a client, which it ends with, and answers with it. `front_end` is as the client gave it.
    pub(crate) fn start(client: &Arc<Client>, request: Request, speaks: Speaks, front_end: Value) -> Reply {
        let Value::Capability(front_end) = front_end else {
            return Reply::error(CallError::type_error("a run needs a front end"));
        };
        let entered = match client.enter_run() {
            Ok(entered) => entered,
            Err(error) => return Reply::error(error),
        };
        let (outcome, resolver) = promise();
        let hosts = Arc::clone(client.hosts());
        let task = client.spawn(async move {
            // A run that panics ends alone: what it has to say is made outside of it.
            let run = tokio::spawn(run(hosts, request, speaks, Arc::new(Remote::new(front_end))));
            let _abort = AbortOnDrop(run.abort_handle());
            let ended = run.await.unwrap_or_else(|error| Err(broken(&error)));
            // Whoever is told of the end finds that it counts no more.
            drop(entered);
            resolver.resolve(told(ended));
        });
        Reply::value(Object::exo(Arc::new(Self { outcome, task })))
    }
}

impl Exo for Run {
    fn interface(&self) -> Cow<'_, str> {
        "Alleged: Run".into()
    }

    fn methods(&self) -> &'static [&'static str] {
        &["outcome", "cancel"]
    }

    fn call(self: &Arc<Self>, method: &str, _: Vec<Value>) -> Reply {
        if method == "cancel" {
            self.task.abort();
            return Reply::undefined();
        }
        Reply::Answer(self.outcome.settled())
    }
}

fn broken(error: &tokio::task::JoinError) -> Failure {
    tracing::error!(%error, "a run broke");
    Failure::new(Status::Failed, "the host broke while it ran this command; other commands go on")
        .hinted("`host.log` in the state folder says more")
}

/// How a run ended, as it is told: `{output}` or `{failure}`.
fn told(ended: Result<Output, Failure>) -> Value {
    match ended {
        Ok(output) => Value::record([("output", shown(&output))]),
        Err(failure) => Value::record([("failure", to_value(&failure).unwrap_or(Value::Null))]),
    }
}

async fn run(
    hosts: Arc<Hosts>,
    request: Request,
    speaks: Speaks,
    front_end: Arc<Remote>,
) -> Result<Output, Failure> {
    let host = hosts.of(request.connect.as_deref())?;
    host.look_at_files().await;
    for notice in hosts.take_notices() {
        front_end.notice(&notice);
    }
    let line = Line::of(request, speaks, &host)?;
    front_end.begin(line.json);
    // Looked up each time: the name may be another agent's by now.
    let agent = match &line.agent {
        Some(path) => Some(host.agent(path).await?),
        None => None,
    };
    let principal = Principal::of(agent.as_ref());
    let invocation = Invocation { principal, command: line.name, words: line.words };
    Ok(host.invoke(invocation, front_end).await?)
}
