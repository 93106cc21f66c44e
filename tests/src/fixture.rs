//! The object that wire suites call, over nothing but the public API of `powerbox-captp`.
//!
//! Its methods are those of the fixture's description; one is made for each connection, and they meet in a
//! [`Rendezvous`].

use std::borrow::Cow;
use std::collections::HashMap;
use std::fs::File;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use powerbox_captp::{CallError, Config, Exo, Method, Object, Reply, Resolver, Value, promise};
use tokio::sync::Notify;

/// What the connections of one server share.
#[derive(Default)]
pub struct Rendezvous {
    values: Mutex<HashMap<String, Value>>,
    put: Notify,
}

/// The bootstrap object of one connection.
pub struct Fixture {
    rendezvous: Arc<Rendezvous>,
    held: Mutex<Vec<Value>>,
    notes: Mutex<Vec<Value>>,
}

/// Gives the configuration of a server's side of one connection: default limits, and a new fixture.
pub fn config(rendezvous: &Arc<Rendezvous>) -> Config {
    let fixture = Fixture { rendezvous: rendezvous.clone(), held: Mutex::default(), notes: Mutex::default() };
    Config::new("fixture").bootstrap(Object::exo(Arc::new(fixture)))
}

impl Exo for Fixture {
    fn interface(&self) -> Cow<'_, str> {
        "Alleged: Fixture".into()
    }

    fn methods(&self) -> &'static [&'static str] {
        &[
            "ping",
            "echo",
            "self",
            "make",
            "fn",
            "rec",
            "same",
            "eq",
            "fail",
            "failSecret",
            "failWith",
            "pending",
            "never",
            "wait",
            "hold",
            "held",
            "drop",
            "callBack",
            "later",
            "note",
            "notes",
            "put",
            "get",
            "gc",
        ]
    }

    fn call(self: &Arc<Self>, method: &str, args: Vec<Value>) -> Reply {
        let mut args = Args(args.into_iter());
        self.run(method, &mut args).unwrap_or_else(Reply::error)
    }
}

impl Fixture {
    fn run(self: &Arc<Self>, method: &str, args: &mut Args) -> Result<Reply, CallError> {
        Ok(match method {
            "ping" | "wait" => Reply::value(args.next()),
            "echo" => Reply::value(Value::List(args.rest())),
            "self" => Reply::value(Object::exo(self.clone())),
            "make" => Reply::value(Object::exo(Arc::new(Labelled(args.next())))),
            "fn" => Reply::value(Object::function("Alleged: double", double)),
            "rec" => Reply::value(Value::record([
                ("a", Value::Number(1.0)),
                ("o", Object::exo(self.clone()).into()),
            ])),
            "same" => Reply::value(args.next() == Value::from(Object::exo(self.clone()))),
            "eq" => Reply::value(args.next() == args.next()),
            "fail" => Err(CallError::error(text(&args.next()).unwrap_or_default()))?,
            "failSecret" => {
                File::open("/nonexistent/secret-path-4711").map_err(CallError::fault)?;
                Reply::undefined()
            }
            "failWith" => Err(CallError::Thrown(args.next()))?,
            "pending" => {
                let (promise, resolver) = promise();
                let resolver = Object::exo(Arc::new(Settler(Mutex::new(Some(resolver)))));
                Reply::value(Value::record([("promise", promise.into()), ("resolver", resolver.into())]))
            }
            "never" => Reply::pending(std::future::pending()),
            "hold" => {
                lock(&self.held).extend(args.rest());
                Reply::undefined()
            }
            "held" => Reply::value(Value::List(lock(&self.held).clone())),
            "drop" => {
                let held = std::mem::take(&mut *lock(&self.held));
                drop(held);
                Reply::undefined()
            }
            "callBack" | "later" => Reply::Answer(match (args.object()?, args.next(), args.list()?) {
                (object, Value::Null, args) => object.apply(args),
                (object, Value::Symbol(symbol), args) => object.call(Method::Symbol(symbol), args),
                (object, method, args) => object.call(text(&method)?, args),
            }),
            "note" => {
                lock(&self.notes).push(args.next());
                Reply::undefined()
            }
            "notes" => Reply::value(Value::List(std::mem::take(&mut *lock(&self.notes)))),
            "put" => {
                let (key, value) = (args.text()?, args.next());
                let replaced = lock(&self.rendezvous.values).insert(key, value);
                drop(replaced);
                self.rendezvous.put.notify_waiters();
                Reply::undefined()
            }
            "get" => {
                let (rendezvous, key) = (self.rendezvous.clone(), args.text()?);
                Reply::pending(async move { Ok(rendezvous.get(&key).await) })
            }
            // Drops are at once, so there is nothing to collect.
            _ => Reply::undefined(),
        })
    }
}

impl Rendezvous {
    async fn get(&self, key: &str) -> Value {
        loop {
            let put = self.put.notified();
            if let Some(value) = lock(&self.values).get(key) {
                return value.clone();
            }
            put.await;
        }
    }
}

struct Labelled(Value);

impl Exo for Labelled {
    fn interface(&self) -> Cow<'_, str> {
        "Alleged: Made".into()
    }

    fn methods(&self) -> &'static [&'static str] {
        &["label", "me"]
    }

    fn call(self: &Arc<Self>, _: &str, _: Vec<Value>) -> Reply {
        Reply::value(self.0.clone())
    }
}

struct Settler(Mutex<Option<Resolver>>);

impl Exo for Settler {
    fn interface(&self) -> Cow<'_, str> {
        "Alleged: Resolver".into()
    }

    fn methods(&self) -> &'static [&'static str] {
        &["resolve", "reject"]
    }

    fn call(self: &Arc<Self>, method: &str, args: Vec<Value>) -> Reply {
        let value = Args(args.into_iter()).next();
        let resolver = lock(&self.0).take();
        match resolver {
            Some(resolver) if method == "resolve" => resolver.resolve(value),
            Some(resolver) => resolver.reject(value),
            // Like any promise, it settles once.
            None => {}
        }
        Reply::undefined()
    }
}

fn double(args: Vec<Value>) -> Reply {
    match args.first() {
        Some(Value::Number(number)) => Reply::value(2.0 * number),
        Some(Value::BigInt(integer)) => Reply::value(integer * 2),
        _ => Reply::error(CallError::type_error("a number is needed")),
    }
}

/// The arguments of one call; missing ones are `undefined`.
struct Args(std::vec::IntoIter<Value>);

impl Args {
    fn next(&mut self) -> Value {
        self.0.next().unwrap_or(Value::Undefined)
    }

    fn rest(&mut self) -> Vec<Value> {
        self.0.by_ref().collect()
    }

    fn text(&mut self) -> Result<String, CallError> {
        text(&self.next())
    }

    fn object(&mut self) -> Result<Object, CallError> {
        match self.next() {
            Value::Capability(object) => Ok(object),
            _ => Err(CallError::type_error("an object is needed")),
        }
    }

    fn list(&mut self) -> Result<Vec<Value>, CallError> {
        match self.next() {
            Value::List(items) => Ok(items),
            Value::Undefined => Ok(Vec::new()),
            _ => Err(CallError::type_error("a list is needed")),
        }
    }
}

fn text(value: &Value) -> Result<String, CallError> {
    match value {
        Value::Text(text) => Ok(text.to_string_lossy().into_owned()),
        _ => Err(CallError::type_error("a string is needed")),
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
