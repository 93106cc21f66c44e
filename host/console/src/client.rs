//! A client of the host in Rust.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use powerbox_captp::{Answer, CallError, Config, Object, Release, Session, Value};
use powerbox_core::local::{FrontEnd, Output};
use powerbox_files::{FolderError, Others, check_folder};
use serde::de::DeserializeOwned;
use tokio::net::UnixStream;

use crate::data::{from_value, to_value};
use crate::front_end::{Questions, Served};
use crate::{Build, Failure, Request, Status};

/// How long a host may take to answer the first calls.
const GREETING: Duration = Duration::from_secs(20);

/// A client's session with the host, and the console that it holds.
#[derive(Clone, Debug)]
pub struct Client {
    session: Session,
    console: Object,
}

/// What came of ending a host.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Retired {
    /// It has ended.
    Ended,
    /// It still runs so many commands.
    Running(u64),
}

/// There is no host to work with.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ClientError {
    /// The socket is where others can put one.
    #[error(transparent)]
    Folder(#[from] FolderError),
    /// Another user serves it.
    #[error("what answers at {0} runs as another user")]
    Foreign(String),
    /// It is of another build or configuration.
    #[error("{0}")]
    Outdated(String),
    /// It is ending.
    #[error("the host is ending")]
    Ending,
    /// It does not answer as a host does.
    #[error("the host does not answer: {0}")]
    Call(#[from] CallError),
}

impl Client {
    /// Connects to the host at a socket; `None` if nothing listens there.
    ///
    /// # Errors
    ///
    /// If what listens cannot be worked with.
    pub async fn connect(socket: &Path, build: &Build) -> Result<Option<Self>, ClientError> {
        let Some((session, entrance)) = enter(socket).await? else { return Ok(None) };
        let greeted = async {
            let build = to_value(build).map_err(CallError::fault)?;
            entrance.call("console", vec![build]).await
        };
        let refused = match within(greeted).await {
            Ok(answer) => {
                if let Some(Value::Capability(console)) = answer.get("console") {
                    return Ok(Some(Self { session, console: console.clone() }));
                }
                match answer.get("outdated").and_then(Value::as_str) {
                    Some(said) => ClientError::Outdated(said.to_owned()),
                    None => ClientError::Ending,
                }
            }
            Err(CallError::Disconnected(_)) => ClientError::Ending,
            Err(error) => error.into(),
        };
        session.disconnect(None);
        Err(refused)
    }

    /// Has the host end, whatever build it is: after it has finished what it runs, or at once. Waits for that so long at
    /// most, and tells how many runs it waits for if it has not ended then. `None` if nothing listens.
    ///
    /// # Errors
    ///
    /// If what listens is no host.
    pub async fn retire(
        socket: &Path,
        now: bool,
        patience: Duration,
    ) -> Result<Option<Retired>, ClientError> {
        let (session, entrance) = match enter(socket).await {
            Ok(Some(entered)) => entered,
            Ok(None) => return Ok(None),
            Err(ClientError::Ending) => return Ok(Some(Retired::Ended)),
            Err(error) => return Err(error),
        };
        entrance.send("retire", vec![Value::Bool(now)]);
        if tokio::time::timeout(patience, session.closed()).await.is_ok() {
            return Ok(Some(Retired::Ended));
        }
        let runs = entrance.call("runs", vec![]).await;
        Ok(Some(match runs {
            Ok(runs) => Retired::Running(from_value(&runs).unwrap_or_default()),
            Err(_) => Retired::Ended,
        }))
    }

    /// How many commands the host at a socket runs, whatever build it is, also while it ends. `None` if nothing listens.
    ///
    /// # Errors
    ///
    /// If what listens is no host.
    pub async fn runs(socket: &Path) -> Result<Option<u64>, ClientError> {
        let Some((session, entrance)) = enter(socket).await? else { return Ok(None) };
        let runs = within(async { entrance.call("runs", vec![]).await }).await;
        session.disconnect(None);
        let unfit = |error: crate::Unfit| ClientError::Call(CallError::Invalid(error.to_string()));
        Ok(Some(from_value(&runs?).map_err(unfit)?))
    }

    /// Calls a method of the console with data, and reads data.
    ///
    /// # Errors
    ///
    /// What the host says, or that it is gone.
    pub async fn ask<T: DeserializeOwned>(&self, method: &str, args: Vec<Value>) -> Result<T, Failure> {
        let answer = self.console.call(method, args).await.map_err(|error| failed(&error))?;
        from_value(&answer).map_err(|error| {
            Failure::new(
                Status::Failed,
                format!("the host's answer to `{method}` is not understood: {error}"),
            )
        })
    }

    /// Starts a run of a command. `json` becomes whether the output is wanted as JSON: an option of the program can stand
    /// among the words of a command, which only the host can tell apart.
    pub fn run(&self, request: Request, front_end: Arc<dyn FrontEnd>, json: Arc<AtomicBool>) -> Running {
        let begin = move |wanted| json.store(wanted, Ordering::Release);
        let questions = Questions::new();
        let served = Served::object(front_end, request.words.clone(), questions.clone(), begin);
        let run = match to_value(&request) {
            Ok(request) => self.console.call("run", vec![request, Value::Capability(served)]),
            Err(error) => Answer::ready(Err(CallError::fault(error))),
        };
        Running { outcome: run.call("outcome", vec![]), run, questions }
    }

    /// The session.
    pub fn session(&self) -> &Session {
        &self.session
    }

    /// Ends the session, and with it all that this client has under way.
    pub async fn leave(&self) {
        self.session.disconnect(None);
        self.session.closed().await;
    }
}

/// A run in the host, as its client has it.
pub struct Running {
    run: Answer,
    outcome: Answer,
    questions: Questions,
}

impl Running {
    /// Waits for the end.
    ///
    /// # Errors
    ///
    /// How the run failed, or that the host has gone.
    pub async fn outcome(&self) -> Result<Output, Failure> {
        let ended = self.outcome.clone().await.map_err(|error| failed(&error))?;
        if let Some(output) = ended.get("output") {
            return Output::from_value(output).map_err(|error| Failure::new(Status::Failed, error));
        }
        let failure = ended.get("failure").map(from_value::<Failure>);
        Err(match failure {
            Some(Ok(failure)) => failure,
            _ => Failure::new(Status::Failed, "the host does not say how the command ended"),
        })
    }

    /// Cancels it, and waits until no question of it is before the person any more.
    pub async fn cancel(&self) {
        self.run.object().send("cancel", vec![]);
        self.questions.withdraw();
        self.questions.withdrawn().await;
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        self.questions.withdraw();
    }
}

async fn enter(socket: &Path) -> Result<Option<(Session, Object)>, ClientError> {
    if let Some(folder) = socket.parent()
        && !check_folder(folder, Others::StayOut)?
    {
        return Ok(None);
    }
    let Ok(stream) = UnixStream::connect(socket).await else { return Ok(None) };
    let user = rustix::process::geteuid().as_raw();
    if !stream.peer_cred().is_ok_and(|peer| peer.uid() == user) {
        return Err(ClientError::Foreign(format!("unix:{}", socket.display())));
    }
    let session = Session::start(stream, Config::new("client").release(Release::AtOnce));
    match within(session.bootstrap()).await {
        Ok(Value::Capability(entrance)) => Ok(Some((session, entrance))),
        Ok(_) => Err(CallError::error("its bootstrap is no object").into()),
        Err(CallError::Disconnected(_)) => Err(ClientError::Ending),
        Err(error) => Err(error.into()),
    }
}

async fn within<T>(answer: impl Future<Output = Result<T, CallError>>) -> Result<T, CallError> {
    tokio::time::timeout(GREETING, answer).await.unwrap_or(Err(CallError::Deadline))
}

/// A call to the host that failed by itself, not by what it was to do.
fn failed(error: &CallError) -> Failure {
    match error {
        CallError::Disconnected(_) => Failure::new(
            Status::Failed,
            "the host has gone while this was under way; whether it was done is not known",
        )
        .hinted("the next command starts the host again; `powerbox audit` shows what was done before"),
        error => {
            let said = error.thrown_error().map_or_else(|| error.to_string(), |(_, message)| message);
            Failure::new(Status::Failed, said)
        }
    }
}
