//! A daemon in a folder of its own, and clients of it.

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use powerbox_authority::audit::Audit;
use powerbox_authority::clock::Clock;
use powerbox_authority::ledger::Ledger;
use powerbox_captp::{CallError, Config, Exo, Object, Reply, Session, Value, transport};
use powerbox_daemon::{Authority, Daemon, DaemonConfig, Limits, OpenError, StopHandle};
use tempfile::TempDir;
use tokio::task::JoinHandle;

pub(crate) struct Home {
    pub(crate) folder: TempDir,
    pub(crate) limits: Limits,
}

pub(crate) struct Running {
    pub(crate) stop: StopHandle,
    pub(crate) ended: JoinHandle<Result<(), OpenError>>,
}

pub(crate) struct Client {
    pub(crate) session: Session,
    pub(crate) bootstrap: Object,
    pub(crate) host: Object,
}

impl Home {
    pub(crate) fn new() -> Self {
        Self { folder: tempfile::tempdir().unwrap(), limits: Limits::default() }
    }

    pub(crate) fn with_limits(change: impl FnOnce(&mut Limits)) -> Self {
        let mut home = Self::new();
        change(&mut home.limits);
        home
    }

    pub(crate) fn state(&self) -> PathBuf {
        self.folder.path().join("state")
    }

    pub(crate) fn socket(&self) -> PathBuf {
        self.folder.path().join("run/captp0.sock")
    }

    pub(crate) fn config(&self) -> DaemonConfig {
        let mut config = DaemonConfig::new(self.state(), self.socket());
        config.limits = self.limits;
        config.authority = Some(Authority { ledger: self.ledger(), audit: Audit::discarding() });
        config
    }

    /// The user's grants, as another process opens them.
    pub(crate) fn ledger(&self) -> Ledger {
        Ledger::open(&self.folder.path().join("grants.sqlite"), Clock::system()).unwrap()
    }

    pub(crate) fn start(&self) -> Running {
        let daemon = Daemon::open(self.config()).unwrap();
        let stop = daemon.stop_handle();
        Running { stop, ended: tokio::spawn(daemon.run()) }
    }

    pub(crate) async fn session(&self) -> Session {
        transport::unix::connect(self.socket(), Config::new("client")).await.unwrap()
    }

    pub(crate) async fn client(&self) -> Client {
        let session = self.session().await;
        let bootstrap = object(session.bootstrap().await.unwrap());
        let host = object(bootstrap.call("host", vec![]).await.unwrap());
        Client { session, bootstrap, host }
    }
}

impl Running {
    pub(crate) async fn stop(self) {
        self.stop.stop();
        self.ended.await.unwrap().unwrap();
    }
}

impl Client {
    pub(crate) async fn call(&self, method: &str, args: Vec<Value>) -> Result<Value, CallError> {
        self.host.call(method, args).await
    }

    /// Calls a method of the host, which must succeed.
    pub(crate) async fn ok(&self, method: &str, args: Vec<Value>) -> Value {
        self.call(method, args).await.unwrap_or_else(|error| panic!("{method}: {error}"))
    }

    /// Calls a method of the host, which must fail; gives class and message.
    pub(crate) async fn refusal(&self, method: &str, args: Vec<Value>) -> String {
        refusal(self.call(method, args).await)
    }
}

/// Somebody who has been given one object and nothing else: a session that begins with it.
pub(crate) struct Confined {
    pub(crate) agent: Object,
    _sessions: [Session; 2],
}

impl Confined {
    pub(crate) async fn to(agent: &Object) -> Self {
        let (inside, outside) = tokio::io::duplex(1 << 16);
        let config = Config::new("gate").bootstrap(Value::Capability(agent.clone()));
        let sessions = [Session::start(outside, config), Session::start(inside, Config::new("confined"))];
        let agent = object(sessions[1].bootstrap().await.unwrap());
        Self { agent, _sessions: sessions }
    }

    /// Calls a method of the object, which must succeed.
    pub(crate) async fn ok(&self, method: &str, args: Vec<Value>) -> Value {
        self.agent.call(method, args).await.unwrap_or_else(|error| panic!("{method}: {error}"))
    }

    /// Calls a method of the object, which must fail; gives class and message.
    pub(crate) async fn refusal(&self, method: &str, args: Vec<Value>) -> String {
        refusal(self.agent.call(method, args).await)
    }

    /// Lists the pet names of a guest.
    pub(crate) async fn pet_names(&self) -> Vec<String> {
        let all = strings(&self.ok("list", vec![]).await);
        let (special, pet) = all.split_at(GUEST_SPECIAL.len());
        assert_eq!(special, GUEST_SPECIAL);
        pet.to_vec()
    }
}

/// Gives class and message of what must be an error.
pub(crate) fn refusal(outcome: Result<Value, CallError>) -> String {
    let error = outcome.expect_err("a refusal");
    let (class, message) = error.thrown_error().unwrap_or_else(|| panic!("not a thrown error: {error}"));
    format!("{class}: {message}")
}

pub(crate) fn object(value: Value) -> Object {
    value.as_capability().unwrap_or_else(|| panic!("no object: {value:?}")).clone()
}

pub(crate) fn text(text: &str) -> Value {
    Value::text(text)
}

/// A path written with slashes.
pub(crate) fn path(path: &str) -> Value {
    Value::texts(path.split('/'))
}

/// Names as separate arguments.
pub(crate) fn names(path: &str) -> Vec<Value> {
    path.split('/').map(Value::text).collect()
}

pub(crate) fn string(value: Value) -> String {
    value.as_str().unwrap_or_else(|| panic!("no text: {value:?}")).to_owned()
}

pub(crate) fn strings(value: &Value) -> Vec<String> {
    let items = value.as_list().unwrap_or_else(|| panic!("no list: {value:?}"));
    items.iter().map(|item| item.as_str().unwrap().to_owned()).collect()
}

pub(crate) const SPECIAL: [&str; 8] =
    ["@agent", "@endo", "@host", "@info", "@nets", "@none", "@pins", "@self"];

pub(crate) const GUEST_SPECIAL: [&str; 3] = ["@agent", "@host", "@self"];

/// Makes a guest called `name` with the mail address `name-mail`, and introduces names to it.
pub(crate) async fn guest(client: &Client, name: &str, introduced: &[(&str, &str)]) -> Object {
    let options = Value::record([
        ("agentName", text(name)),
        ("introducedNames", Value::record(introduced.iter().map(|(host, guest)| (*host, text(guest))))),
    ]);
    object(client.ok("provideGuest", vec![text(&format!("{name}-mail")), options]).await)
}

/// Lists the pet names of the host.
pub(crate) async fn pet_names(client: &Client) -> Vec<String> {
    let all = strings(&client.ok("list", vec![]).await);
    let (special, pet) = all.split_at(SPECIAL.len());
    assert_eq!(special, SPECIAL);
    pet.to_vec()
}

/// A reader that hands over chunks, and counts how often it was told to end.
pub(crate) struct Chunks {
    chunks: Vec<Value>,
    pub(crate) asked: AtomicUsize,
    pub(crate) returned: AtomicUsize,
}

impl Chunks {
    pub(crate) fn new(chunks: Vec<Value>) -> Arc<Self> {
        Arc::new(Self { chunks, asked: AtomicUsize::new(0), returned: AtomicUsize::new(0) })
    }
}

impl Exo for Chunks {
    fn interface(&self) -> std::borrow::Cow<'_, str> {
        "Alleged: Reader".into()
    }

    fn methods(&self) -> &'static [&'static str] {
        &["next", "return", "throw"]
    }

    fn call(self: &Arc<Self>, method: &str, _args: Vec<Value>) -> Reply {
        let (done, value) = match method {
            "next" => {
                let i = self.asked.fetch_add(1, Ordering::SeqCst);
                self.chunks.get(i).map_or((true, Value::Undefined), |chunk| (false, chunk.clone()))
            }
            _ => {
                self.returned.fetch_add(1, Ordering::SeqCst);
                (true, Value::Undefined)
            }
        };
        Reply::value(Value::record([("done", Value::Bool(done)), ("value", value)]))
    }
}

/// Takes one value of an iterator that must have one.
pub(crate) async fn next(iterator: &Object) -> Value {
    let result = iterator.call("next", vec![]).await.unwrap();
    assert_eq!(result.get("done"), Some(&Value::Bool(false)), "{result:?}");
    result.get("value").unwrap().clone()
}

/// Writes a name change in short.
pub(crate) fn change(record: &Value) -> String {
    match (record.get("add"), record.get("remove")) {
        (Some(name), None) => format!("+{}", name.as_str().unwrap()),
        (None, Some(name)) => format!("-{}", name.as_str().unwrap()),
        _ => panic!("no change: {record:?}"),
    }
}
