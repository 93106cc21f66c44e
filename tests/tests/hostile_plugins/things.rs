//! Objects that attacks are made on and with.

use std::borrow::Cow;
use std::sync::{Arc, Mutex};

use powerbox_captp::{CallError, Exo, Object, Reply, Value, promise};
use powerbox_tests::world::{Stage, World, identifier};
use tokio::sync::watch;

/// What attacks are after.
pub(crate) const SECRET: &str = "the secret";

/// What anybody may know.
pub(crate) const FINE: &str = "unharmed";

/// An object with methods that do no harm (`text`), that do (`wreck`), that give things out (`take`), and one to which
/// things are given (`put`), which then does harm with them if it can. What it gives out is like itself and
/// shares its log.
pub(crate) struct Thing {
    pub(crate) log: Arc<Log>,
}

/// What happened to a thing and all that came of it.
pub(crate) struct Log {
    /// The harm that was done.
    pub(crate) wrecked: Mutex<Vec<String>>,
    /// What was put.
    pub(crate) kept: Mutex<Vec<Value>>,
    /// How many answers were asked for.
    pub(crate) waiting: watch::Sender<usize>,
    /// Whether those answers may come.
    pub(crate) open: watch::Sender<bool>,
}

impl Thing {
    pub(crate) fn new() -> Arc<Self> {
        Arc::new(Self {
            log: Arc::new(Log {
                wrecked: Mutex::default(),
                kept: Mutex::default(),
                waiting: watch::Sender::new(0),
                open: watch::Sender::new(false),
            }),
        })
    }

    /// Another one with the same log.
    fn another(&self) -> Object {
        Object::exo(Arc::new(Self { log: Arc::clone(&self.log) }))
    }

    fn take(self: &Arc<Self>, what: &str) -> Reply {
        let log = Arc::clone(&self.log);
        match what {
            "self" => Reply::value(Object::exo(Arc::clone(self))),
            "thing" => Reply::value(self.another()),
            "secret" => Reply::value(SECRET),
            "big" => Reply::value("x".repeat(4096)),
            "wait" => Reply::pending(async move {
                log.opened().await;
                Ok(Value::text(SECRET))
            }),
            "promise" | "forbidden" => {
                // The answer holds a promise that is open until the test lets it settle.
                let (open, resolver) = promise();
                let this = if what == "promise" { self.another() } else { Object::exo(Arc::clone(self)) };
                tokio::spawn(async move {
                    log.opened().await;
                    resolver.resolve(this.into());
                });
                Reply::value(Value::list([open.into()]))
            }
            "broken promise" => {
                let (open, resolver) = promise();
                tokio::spawn(async move {
                    log.opened().await;
                    resolver.settle(Err(fails("promise")));
                });
                Reply::value(Value::list([open.into()]))
            }
            "error" => {
                let mut error = powerbox_passable::ErrorValue::new("Error", "see the cause");
                error.cause = Some(Value::list([self.another().into()]));
                Reply::value(Value::Error(Box::new(error)))
            }
            "thrown" => Reply::error(CallError::Thrown(Value::list([self.another().into()]))),
            "kept" => Reply::value(self.log.kept.lock().unwrap().last().cloned().unwrap_or(Value::Undefined)),
            other => Reply::error(fails(other)),
        }
    }

    /// Shows a listener the thing itself, or whatever else is asked for; gives what the listener answers.
    fn tell(self: &Arc<Self>, listener: Object, what: Option<Value>) -> Reply {
        let this = Object::exo(Arc::clone(self));
        match what.as_ref().and_then(Value::as_str) {
            Some("promise") => {
                let (open, resolver) = promise();
                let log = Arc::clone(&self.log);
                tokio::spawn(async move {
                    log.opened().await;
                    resolver.resolve(this.into());
                });
                Reply::Answer(listener.call("hear", vec![Value::list([open.into()])]))
            }
            Some("much") => Reply::pending(async move {
                let mut heard = Vec::new();
                for _ in 0..4 {
                    heard.push(listener.call("hear", vec![Value::text("x".repeat(4096))]).await?);
                }
                Ok(Value::List(heard))
            }),
            _ => Reply::Answer(listener.call("hear", vec![this.into()])),
        }
    }

    /// Keeps what it is given, and does all the harm with it that it can; tells what came of that.
    fn put(self: &Arc<Self>, thing: Value) -> Reply {
        self.log.kept.lock().unwrap().push(thing.clone());
        match thing {
            Value::Capability(object) => Reply::pending(async move { Ok(Value::text(harm(&object).await)) }),
            _ => Reply::undefined(),
        }
    }
}

/// What a daemon on somebody's machine may say when something fails.
fn fails(how: &str) -> CallError {
    let number = "0123456789abcdef".repeat(4);
    let error = |message: String| CallError::error(message);
    match how {
        "file" => error("ENOENT: no such file or directory, open '/home/anna/secret-place/x.json'".into()),
        "file in a url" => error("cannot import file:///home/anna/secret-place/daemon.js".into()),
        "file after a colon" => error("cannot read:/home/anna/secret-place/daemon.js".into()),
        "file on windows" => error("cannot open C:\\Users\\anna\\secret-place".into()),
        "file in an assignment" => error("failed with path=/home/anna/secret-place/x".into()),
        "identifier" => error(format!("no formula for {number}:{number} in secret-place")),
        "locator" => error(format!("no peer at endo://{number}/?id={number}&type=directory")),
        "trace" => {
            error("it failed\n    at secret-place (daemon.js:1:2)\n    at Object.open (x.js:3:4)".into())
        }
        "class" => CallError::Thrown(Value::error("/home/anna/secret-place", "it failed")),
        "text" => CallError::Thrown(Value::text("it failed in /home/anna/secret-place/x")),
        "absent" => error("Unknown pet name: \"/home/anna/secret-place/x\"".into()),
        "promise" => error("it failed in /home/anna/secret-place/x".into()),
        "name" => error("cannot read secret-place".into()),
        other => error(format!("there is no {other}")),
    }
}

/// Calls the methods of an object that it should not have.
pub(crate) async fn harm(object: &Object) -> String {
    match object.call("wreck", vec![Value::text("by another"), Value::Number(1.0)]).await {
        // An object of a plugin's own may have given something out.
        Ok(Value::Capability(given)) => {
            match given.call("wreck", vec![Value::text("given"), Value::Number(1.0)]).await {
                Ok(answer) => format!("harm was done: {answer:?}"),
                Err(error) => format!("no harm was done: {error}"),
            }
        }
        Ok(answer) => format!("harm was done: {answer:?}"),
        Err(error) => format!("no harm was done: {error}"),
    }
}

impl Log {
    /// What harm was done.
    pub(crate) fn wrecked(&self) -> Vec<String> {
        self.wrecked.lock().unwrap().clone()
    }

    pub(crate) fn is_wrecked(&self) -> bool {
        !self.wrecked().is_empty()
    }

    /// The object that was put last, by itself or in a list.
    pub(crate) fn last_kept(&self) -> Object {
        match self.kept.lock().unwrap().last() {
            Some(Value::Capability(object)) => object.clone(),
            Some(Value::List(items)) if let [Value::Capability(object)] = items.as_slice() => object.clone(),
            other => panic!("no object was put, but {other:?}"),
        }
    }

    /// Waits until so many answers wait for the test.
    pub(crate) async fn waits(&self, count: usize) {
        self.waiting.subscribe().wait_for(|waiting| *waiting >= count).await.unwrap();
    }

    /// Lets answers come.
    pub(crate) fn let_go(&self) {
        self.open.send_replace(true);
    }

    async fn opened(&self) {
        let mut open = self.open.subscribe();
        self.waiting.send_modify(|waiting| *waiting += 1);
        // The test may be over.
        let _ = open.wait_for(|open| *open).await;
    }
}

impl Exo for Thing {
    fn interface(&self) -> Cow<'_, str> {
        "Alleged: Thing".into()
    }

    fn methods(&self) -> &'static [&'static str] {
        &["lookup", "put", "take", "text", "wreck"]
    }

    fn call(self: &Arc<Self>, method: &str, args: Vec<Value>) -> Reply {
        let mut args = args.into_iter();
        let first = args.next().unwrap_or(Value::Undefined);
        match method {
            "take" => self.take(first.as_str().unwrap_or_default()),
            "put" => self.put(first),
            "lookup" => self.take("wait"),
            "text" => match first {
                Value::Capability(listener) => self.tell(listener, args.next()),
                _ => Reply::value(FINE),
            },
            _ => {
                let what = match &first {
                    Value::Text(text) => text.to_string_lossy().into_owned(),
                    other => format!("{other:?}"),
                };
                let times = args.next().and_then(|times| times.as_f64()).unwrap_or(1.0);
                self.log.wrecked.lock().unwrap().push(format!("{what} x{times}"));
                Reply::undefined()
            }
        }
    }
}

/// An agent with one name.
pub(crate) struct Agent(&'static str, Value);

impl Agent {
    pub(crate) fn with(name: &'static str, holds: Value) -> Object {
        Object::exo(Arc::new(Self(name, holds)))
    }
}

impl Exo for Agent {
    fn interface(&self) -> Cow<'_, str> {
        "Alleged: EndoGuest".into()
    }

    fn methods(&self) -> &'static [&'static str] {
        &["identify", "lookup"]
    }

    fn call(self: &Arc<Self>, method: &str, _: Vec<Value>) -> Reply {
        Reply::value(if method == "lookup" { self.1.clone() } else { identifier(self.0).into() })
    }
}

/// A person's world in which the attacker's slot `vault` is bound to one thing, and the name `tool` holds another.
pub(crate) struct Scene {
    pub(crate) world: World,
    pub(crate) stage: Arc<Stage>,
    /// What happened to the vault and what came of it.
    pub(crate) vault: Arc<Log>,
    /// What happened to the tool and what came of it.
    pub(crate) tool: Arc<Log>,
}

impl Scene {
    pub(crate) async fn new() -> Self {
        let (vault, tool) = (Thing::new(), Thing::new());
        let logs = (Arc::clone(&vault.log), Arc::clone(&tool.log));
        let stage = Stage::with([("vault", Object::exo(vault).into()), ("tool", Object::exo(tool).into())]);
        let world = World::on(&stage).await.unwrap();
        world.install("attacker", &[(VAULT, "vault")]).await.unwrap();
        Self { world, stage, vault: logs.0, tool: logs.1 }
    }

    /// One whose vault was granted with caveats, if the protection is there.
    pub(crate) async fn guarded(guard: crate::attack::Guard, caveats: &[&str]) -> Self {
        let scene = Self::new().await;
        if guard.is_up() {
            scene.world.narrow("attacker", VAULT, caveats).unwrap();
        }
        scene
    }
}

/// The attacker's slot of a third party's interface.
pub(crate) const VAULT: &str = "test:vault/vault@1.0.0";
