use std::borrow::Cow;
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use futures_util::future::BoxFuture;
use powerbox_captp::{CallError, Config, Exo, Object, Reply, Session, Value, transport};
use powerbox_core::daemon::{Connect, ConnectError};

/// A daemon in this process whose names hold what a test gives them: objects that no real daemon has, such as one that
/// answers with a promise for something forbidden.
///
/// It speaks the dialect of Endo's llm branch, knows no more methods than tests need, and forgets everything with this
/// process. All hosts that connect to it meet the same objects.
#[derive(Default)]
pub struct Stage(Mutex<BTreeMap<String, Value>>);

impl Stage {
    /// A daemon with nothing but these names.
    pub fn with<const N: usize>(names: [(&str, Value); N]) -> Arc<Self> {
        let stage = Self::default();
        for (name, value) in names {
            stage.put(name, value);
        }
        Arc::new(stage)
    }

    /// Lets a name hold something.
    pub fn put(&self, name: &str, value: impl Into<Value>) {
        self.names().insert(name.to_owned(), value.into());
    }

    /// What a name holds.
    pub fn get(&self, name: &str) -> Option<Value> {
        self.names().get(name).cloned()
    }

    fn names(&self) -> MutexGuard<'_, BTreeMap<String, Value>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn held(&self, name: &str) -> Result<Value, CallError> {
        self.get(name).ok_or_else(|| CallError::type_error(format!("Unknown pet name: {name:?}")))
    }
}

/// Connects hosts to a [`Stage`].
pub(super) struct OnStage(pub(super) Arc<Stage>);

impl Connect for OnStage {
    fn connect(&self) -> BoxFuture<'_, Result<Session, ConnectError>> {
        let (ours, theirs) = transport::pair();
        let agent = Object::exo(Arc::new(Agent(Arc::clone(&self.0))));
        Session::start(theirs, Config::new("Endo").bootstrap(Object::exo(Arc::new(Endo(agent)))));
        Box::pin(async move { Ok(Session::start(ours, Config::new("test"))) })
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

struct Agent(Arc<Stage>);

impl Exo for Agent {
    fn interface(&self) -> Cow<'_, str> {
        "Alleged: EndoHost".into()
    }

    fn methods(&self) -> &'static [&'static str] {
        &["identify", "list", "locate", "lookup", "lookupById", "remove", "storeValue"]
    }

    fn call(self: &Arc<Self>, method: &str, args: Vec<Value>) -> Reply {
        self.answer(method, &args).unwrap_or_else(Reply::error)
    }
}

impl Agent {
    fn answer(&self, method: &str, args: &[Value]) -> Result<Reply, CallError> {
        let first = args.first().cloned().unwrap_or(Value::Undefined);
        Ok(match method {
            "list" => Reply::value(Value::texts(self.0.names().keys().map(String::as_str))),
            "identify" => match path(args)?.as_slice() {
                [name] if self.0.get(name).is_none() => Reply::undefined(),
                names => Reply::value(identifier(&names.join("/"))),
            },
            "locate" => match path(args)?.as_slice() {
                [name] if self.0.get(name).is_none() => Reply::undefined(),
                names => {
                    // No formula stands behind what is here: it is what it says that it is.
                    let held = names.first().and_then(|name| self.0.get(name));
                    let interface = held.and_then(|held| held.as_capability()?.interface());
                    let kind =
                        if interface.is_some_and(|it| it.ends_with("EndoGuest")) { "guest" } else { "eval" };
                    Reply::value(format!("endo://stage/?id={}&type={kind}", names.join("/")))
                }
            },
            "lookupById" => match first.as_str().and_then(identified) {
                Some(path) => self.lookup(path.split('/').map(str::to_owned).collect())?,
                None => return Err(CallError::type_error("no such identifier")),
            },
            "lookup" => self.lookup(path(first.as_list().unwrap_or(std::slice::from_ref(&first)))?)?,
            "remove" => {
                self.0.names().remove(&path(args)?.join("/"));
                Reply::undefined()
            }
            _ => {
                let to = args.get(1).and_then(Value::as_list).unwrap_or_default();
                self.0.put(&path(to)?.join("/"), first);
                Reply::undefined()
            }
        })
    }

    /// Goes to the first name, and asks what is there for the others.
    fn lookup(&self, mut path: Vec<String>) -> Result<Reply, CallError> {
        if path.is_empty() {
            return Err(CallError::type_error("Invalid name path"));
        }
        let held = self.0.held(&path.remove(0))?;
        if path.is_empty() {
            return Ok(Reply::value(held));
        }
        match held {
            Value::Capability(object) => Ok(Reply::Answer(object.call("lookup", vec![Value::texts(path)]))),
            _ => Err(CallError::type_error(format!("Unknown pet name: {path:?}"))),
        }
    }
}

/// The identifier on a [`Stage`] of what a path leads to: it has the form of a formula's, and tells the path.
pub fn identifier(path: &str) -> String {
    let number: String = path.bytes().map(|byte| format!("{byte:02x}")).collect();
    format!("{number:0<64}:{:0<64}", "")
}

/// The path that an identifier tells.
fn identified(id: &str) -> Option<String> {
    let (digits, []) = id.split_once(':')?.0.as_bytes().as_chunks::<2>() else { return None };
    let byte = |pair: &[u8; 2]| u8::from_str_radix(std::str::from_utf8(pair).ok()?, 16).ok();
    let bytes: Vec<u8> = digits.iter().map(byte).collect::<Option<_>>()?;
    String::from_utf8(bytes).ok().map(|path| path.trim_end_matches('\0').to_owned())
}

/// The names in a list of texts.
pub fn path(names: &[Value]) -> Result<Vec<String>, CallError> {
    let names: Option<Vec<_>> = names.iter().map(|name| Some(name.as_str()?.to_owned())).collect();
    names.ok_or_else(|| CallError::type_error("names are texts"))
}
