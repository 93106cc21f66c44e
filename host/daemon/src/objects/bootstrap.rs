use std::borrow::Cow;
use std::sync::Arc;

use powerbox_captp::{CallError, Exo, Reply, Value};

use super::help;
use crate::failure::Failure;
use crate::guard;
use crate::hub::begun;
use crate::id::FormulaId;
use crate::world::World;

/// What a session begins with.
#[derive(Debug)]
pub(crate) struct Bootstrap {
    world: Arc<World>,
}

impl Bootstrap {
    pub(crate) fn new(world: Arc<World>) -> Arc<Self> {
        Arc::new(Self { world })
    }

    pub(crate) fn id(&self) -> FormulaId {
        self.world.roots.endo
    }

    pub(crate) fn world(&self) -> &Arc<World> {
        &self.world
    }

    fn provide(&self, id: FormulaId) -> Reply {
        let world = self.world.clone();
        begun(async move { Ok(world.provide(id).await?) })
    }

    /// Tells that this is the embedded daemon, and how it does.
    async fn facts(self: Arc<Self>) -> Result<Value, CallError> {
        let formulas = self.world.store.read(|tables| tables.formula_count()).await.map_err(Failure::from)?;
        let count = |n: usize| Value::Number(n as f64);
        Ok(Value::record([
            ("version", Value::text(env!("CARGO_PKG_VERSION"))),
            ("pid", Value::Number(f64::from(std::process::id()))),
            ("formulas", Value::Number(formulas as f64)),
            ("sessions", count(self.world.sessions())),
            ("subscriptions", count(self.world.changes.count())),
        ]))
    }
}

impl Exo for Bootstrap {
    fn interface(&self) -> Cow<'_, str> {
        Cow::Borrowed("Alleged: Endo")
    }

    fn methods(&self) -> &'static [&'static str] {
        &[
            "__getInterfaceGuard__",
            "help",
            "host",
            "leastAuthority",
            "nodeId",
            "ping",
            "powerbox",
            "terminate",
        ]
    }

    fn call(self: &Arc<Self>, method: &str, args: Vec<Value>) -> Reply {
        if let Err(refusal) = guard::check("Endo", &[guard::ENDO], method, &args) {
            return Reply::error(refusal.into());
        }
        match method {
            "help" => help::answer("Endo", help::ENDO_OVERVIEW, &[help::ENDO], args),
            "host" => self.provide(self.world.roots.host),
            "leastAuthority" => self.provide(self.world.roots.least_authority),
            "nodeId" => Reply::value(self.world.roots.node.to_string()),
            "ping" => Reply::value("pong"),
            "powerbox" => begun(self.clone().facts()),
            // Never answered: the session ends first.
            "terminate" => {
                self.world.stop();
                Reply::pending(std::future::pending())
            }
            _ => Reply::undefined(),
        }
    }
}
