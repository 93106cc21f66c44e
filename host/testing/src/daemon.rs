//! The daemon of a scenario: the embedded one, which keeps names, values, blobs and guests as it does for users, with
//! scripted objects laid over its root names, which no real daemon has.

use std::borrow::Cow;
use std::path::Path;
use std::sync::Arc;

use futures_util::future::BoxFuture;
use powerbox_captp::{
    CallError, Config, Exo, Message, Method, Object, Receiver, Release, Reply, Session, Value, transport,
};
use powerbox_core::daemon::{Connect, ConnectError};
use powerbox_daemon::{Daemon, DaemonConfig, StopHandle};
use tokio::task::JoinHandle;

use crate::scripted::Objects;

/// What stands before the identifiers of scripted objects.
const MARK: &str = "scripted:";

/// The daemon behind. It stops when this is dropped, too, but nobody waits until it has.
pub(crate) struct Behind {
    stop: StopHandle,
    served: JoinHandle<()>,
}

impl Behind {
    /// Starts one in a folder.
    pub(crate) fn start(folder: &Path) -> Result<Self, String> {
        let daemon = Daemon::open(DaemonConfig::new(folder.join("daemon"), socket(folder)));
        let daemon = daemon.map_err(|error| error.to_string())?;
        let stop = daemon.stop_handle();
        let served = tokio::spawn(async move {
            if let Err(error) = daemon.run().await {
                tracing::error!(%error, "the daemon of a scenario ended");
            }
        });
        Ok(Self { stop, served })
    }

    /// Stops it, and waits until it has put away what it keeps.
    pub(crate) async fn end(mut self) {
        self.stop.stop();
        // What went wrong with it is in the log.
        let _ = (&mut self.served).await;
    }
}

impl Drop for Behind {
    fn drop(&mut self) {
        self.stop.stop();
    }
}

fn socket(folder: &Path) -> std::path::PathBuf {
    folder.join("daemon.sock")
}

/// Connects a host to the daemon of a scenario.
pub(crate) struct Laid {
    pub(crate) folder: std::path::PathBuf,
    pub(crate) objects: Arc<Objects>,
}

impl Connect for Laid {
    fn connect(&self) -> BoxFuture<'_, Result<Session, ConnectError>> {
        Box::pin(async {
            let config = Config::new("test").release(Release::AtOnce);
            let behind = transport::unix::connect(&socket(&self.folder), config).await;
            let behind = behind.map_err(|error| ConnectError::NotStarted(error.to_string().into()))?;
            let bootstrap = match behind.bootstrap().await? {
                Value::Capability(bootstrap) => bootstrap,
                _ => return Err(ConnectError::NoHost("its bootstrap is no object".to_owned())),
            };
            let host = bootstrap.call("host", vec![]).object();
            let agent = Object::new(Agent { host, objects: Arc::clone(&self.objects), _behind: behind });
            let (ours, theirs) = transport::pair();
            Session::start(theirs, Config::new("Endo").bootstrap(Object::exo(Arc::new(Endo(agent)))));
            Ok(Session::start(ours, Config::new("test")))
        })
    }
}

struct Endo(Object);

impl Exo for Endo {
    fn interface(&self) -> Cow<'_, str> {
        "Alleged: Endo".into()
    }

    fn methods(&self) -> &'static [&'static str] {
        &["host", "nodeId"]
    }

    fn call(self: &Arc<Self>, _: &str, _: Vec<Value>) -> Reply {
        Reply::value(self.0.clone())
    }
}

/// The person's agent.
struct Agent {
    host: Object,
    objects: Arc<Objects>,
    _behind: Session,
}

impl Agent {
    /// The scripted object at the head of a path, and the rest of the path.
    fn scripted(&self, path: &[Value]) -> Option<(&str, &Object, Vec<Value>)> {
        let (first, rest) = path.split_first()?;
        let (name, object) = self.objects.get_key_value(first.as_str()?)?;
        Some((name, object, rest.to_vec()))
    }
}

impl Receiver for Agent {
    fn receive(self: Arc<Self>, message: Message) -> Reply {
        let Message::Call { method: Method::Name(method), args } = message else {
            return Reply::error(CallError::type_error("the agent has methods only"));
        };
        let first = args.first().cloned().unwrap_or(Value::Undefined);
        // A path comes as one list, as one name, or spread.
        let path: Vec<Value> = match (&*method, &first) {
            ("lookup", Value::List(_)) => first.as_list().unwrap_or_default().to_vec(),
            _ => args.clone(),
        };
        match &*method {
            "lookupById" => {
                if let Some(name) = first.as_str().and_then(|id| id.strip_prefix(MARK))
                    && let Some(object) = self.objects.get(name)
                {
                    return Reply::value(object.clone());
                }
            }
            "lookup" | "identify" | "has" | "list"
                if let Some((name, object, rest)) = self.scripted(&path) =>
            {
                return match (&*method, rest.is_empty()) {
                    ("lookup", true) => Reply::value(object.clone()),
                    ("lookup", false) => Reply::Answer(object.call("lookup", vec![Value::list(rest)])),
                    ("identify", true) => Reply::value(format!("{MARK}{name}")),
                    ("has", true) => Reply::value(Value::Bool(true)),
                    _ => Reply::Answer(object.call(&*method, rest)),
                };
            }
            "list" if args.is_empty() => {
                let (there, objects) = (self.host.call("list", vec![]), Arc::clone(&self.objects));
                return Reply::pending(async move {
                    let there = there.await?;
                    let there = there.as_list().unwrap_or_default().iter();
                    let mut names: Vec<_> =
                        there.filter_map(|name| Some(name.as_str()?.to_owned())).collect();
                    names.extend(objects.keys().cloned());
                    names.sort();
                    Ok(Value::texts(names))
                });
            }
            _ => {}
        }
        Reply::Answer(self.host.call(&*method, args))
    }

    fn interface(&self) -> Option<Cow<'_, str>> {
        Some(Cow::Borrowed("Alleged: EndoHost"))
    }
}
