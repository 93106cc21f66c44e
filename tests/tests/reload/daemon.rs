//! A daemon in this process, with one directory, `home` or `elsewhere`, in which the name `gate` answers when the test lets it.

use std::borrow::Cow;
use std::sync::Arc;

use futures_util::FutureExt as _;
use futures_util::future::BoxFuture;
use powerbox_captp::{CallError, Config, Exo, Object, Reply, Session, Value, transport};
use powerbox_core::daemon::{Connect, ConnectError};
use tokio::sync::watch;

/// What the name `gate` waits for.
pub(crate) struct Gate {
    reached: watch::Sender<bool>,
    open: watch::Sender<bool>,
}

impl Gate {
    /// Waits until somebody waits at it.
    pub(crate) async fn reached(&self) {
        self.reached.subscribe().wait_for(|reached| *reached).await.unwrap();
    }

    /// Lets everybody through.
    pub(crate) fn open(&self) {
        self.open.send_replace(true);
    }
}

struct InProcess(Arc<Gate>);

/// Makes the daemon's connector, and its gate.
pub(crate) fn connect() -> (Arc<dyn Connect>, Arc<Gate>) {
    let gate = Arc::new(Gate { reached: watch::Sender::new(false), open: watch::Sender::new(false) });
    (Arc::new(InProcess(Arc::clone(&gate))), gate)
}

impl Connect for InProcess {
    fn connect(&self) -> BoxFuture<'_, Result<Session, ConnectError>> {
        let (ours, theirs) = transport::pair();
        let endo = Object::exo(Arc::new(Endo(Arc::clone(&self.0))));
        Session::start(theirs, Config::new("Endo").bootstrap(endo));
        async move { Ok(Session::start(ours, Config::new("test"))) }.boxed()
    }
}

struct Endo(Arc<Gate>);

impl Exo for Endo {
    fn interface(&self) -> Cow<'_, str> {
        "Alleged: Endo".into()
    }

    fn methods(&self) -> &'static [&'static str] {
        &["host", "nodeId"]
    }

    fn call(self: &Arc<Self>, _: &str, _: Vec<Value>) -> Reply {
        Reply::value(Object::exo(Arc::new(Directory { gate: Arc::clone(&self.0), host: true })))
    }
}

struct Directory {
    gate: Arc<Gate>,
    host: bool,
}

impl Exo for Directory {
    fn interface(&self) -> Cow<'_, str> {
        if self.host { "Alleged: EndoHost".into() } else { "Alleged: EndoDirectory".into() }
    }

    fn methods(&self) -> &'static [&'static str] {
        &["identify", "lookup", "lookupById"]
    }

    fn call(self: &Arc<Self>, method: &str, args: Vec<Value>) -> Reply {
        let name =
            args.first().and_then(Value::as_list).and_then(|path| path.first()?.as_str()).unwrap_or_default();
        match (method, name) {
            ("identify", _) => Reply::value("id of home"),
            ("lookupById", _) | ("lookup", "home" | "elsewhere") => {
                Reply::value(Object::exo(Arc::new(Self { gate: Arc::clone(&self.gate), host: false })))
            }
            ("lookup", "gate") => {
                let gate = Arc::clone(&self.gate);
                Reply::pending(async move {
                    let mut open = gate.open.subscribe();
                    gate.reached.send_replace(true);
                    open.wait_for(|open| *open).await.map_err(|error| CallError::error(error.to_string()))?;
                    Ok(Value::text("through the gate"))
                })
            }
            ("lookup", "note") => Reply::value("a note"),
            _ => Reply::error(CallError::type_error(format!("Unknown pet name: {name:?}"))),
        }
    }
}
