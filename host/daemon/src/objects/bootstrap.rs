use std::sync::Arc;

use powerbox_authority::grant::GrantId;
use powerbox_captp::{CallError, Reply, Value};

use super::{Kind, Made};
use crate::arguments::Arguments;
use crate::failure::Failure;
use crate::formula::Formula;
use crate::hub::{Taken, begun};
use crate::id::{FormulaId, FormulaNumber};
use crate::interface::Shape::{Any, NameOrPath, Record, Remotable, Text};
use crate::interface::{Interface, Method, may_take, takes};
use crate::key::Challenge;
use crate::store::StoreError;
use crate::world::World;

/// What a session begins with.
#[derive(Debug)]
pub(crate) struct Bootstrap {
    world: Arc<World>,
}

pub(super) static INTERFACE: Interface =
    Interface::documented("Endo", "The embedded daemon of Powerbox: what a session begins with.", &[METHODS]);

const METHODS: &[Method] = &[
    may_take(
        "attenuate",
        &[Text, Any, NameOrPath],
        &[Record],
        "attenuate(id, grant, nameOrPath, {replace}?) - stores an object that passes on what the grant of this number allows.",
    ),
    takes(
        "attenuateObject",
        &[Remotable, Any],
        "attenuateObject(object, grant) - gives an object without a name that passes on what the grant of this number \
         allows.",
    ),
    takes("grantOf", &[Text], "grantOf(id) - gives the number of the grant of an attenuated object."),
    takes("host", &[], "host() - gives the agent of the owner."),
    takes("leastAuthority", &[], "leastAuthority() - gives an agent that refuses everything."),
    takes("nodeId", &[], "nodeId() - gives the public key of the daemon."),
    takes("ping", &[], "ping() - answers \"pong\"."),
    takes("powerbox", &[], "powerbox() - tells version, process and counts of the embedded daemon."),
    takes("prove", &[Text], "prove(challenge) - signs 64 hex digits, to prove which daemon this is."),
    takes("terminate", &[], "terminate() - ends the daemon; the session ends before there is an answer."),
];

impl Bootstrap {
    pub(crate) fn new(world: Arc<World>) -> Self {
        Self { world }
    }

    fn provide(&self, id: FormulaId) -> Reply {
        let world = self.world.clone();
        begun(async move { Ok(world.provide(id).await?) })
    }

    /// Stores an attenuated object among the owner's names.
    async fn attenuate(self: Arc<Self>, mut args: Arguments) -> Result<Value, CallError> {
        let target: FormulaId = args.text()?.to_string().parse().map_err(Failure::from)?;
        let grant = grant_number(&args.value())?;
        let path = args.name_or_path()?;
        let taken = Taken::from_options(&args.value());
        // It must be there, and be no data.
        let formula =
            self.world.store.read(move |tables| tables.formula(target)).await.map_err(Failure::from)?;
        self.world.object(target, &formula)?;
        let host = self.world.provide(self.world.roots.host).await?;
        let hub = host.as_capability().and_then(|host| host.downcast::<Made>()?.hub_in(&self.world));
        let hub = hub.ok_or_else(|| CallError::error("the host has no names"))?;
        let path = hub.written_path(path)?;
        hub.store_formula(path, Formula::Attenuated { target, grant }, taken).await?;
        Ok(Value::Undefined)
    }

    /// Makes an attenuated object of one that the caller holds. What refers to it keeps it.
    async fn attenuate_object(self: Arc<Self>, mut args: Arguments) -> Result<Value, CallError> {
        let object = args.object()?;
        let grant = grant_number(&args.value())?;
        let target = self.world.id_of(&object).ok_or(Failure::NoCorrespondingFormula)?;
        let number = FormulaNumber::random().map_err(|error| Failure::from(StoreError::from(error)))?;
        let id = FormulaId { number, node: self.world.roots.node };
        let formula = Formula::Attenuated { target, grant };
        let kept = formula.clone();
        let written = self.world.store.write(move |tables| tables.add_formula(id, &kept), |()| ());
        written.await.map_err(Failure::from)?;
        Ok(self.world.object(id, &formula)?.into())
    }

    async fn grant_of(self: Arc<Self>, mut args: Arguments) -> Result<Value, CallError> {
        let id: FormulaId = args.text()?.to_string().parse().map_err(Failure::from)?;
        let formula = self.world.store.read(move |tables| tables.formula(id)).await.map_err(Failure::from)?;
        Ok(match formula {
            Formula::Attenuated { grant, .. } => Value::bigint(grant.get()),
            _ => Value::Undefined,
        })
    }

    /// Proves to a client that this daemon holds its key.
    async fn prove(self: Arc<Self>, mut args: Arguments) -> Result<Value, CallError> {
        let challenge = Challenge::from_hex(&args.text()?.to_string());
        let challenge =
            challenge.ok_or_else(|| CallError::type_error("a challenge is 64 lowercase hex digits"))?;
        let key = self.world.store.read(|tables| tables.key("daemon")).await.map_err(Failure::from)?;
        let key = key.ok_or_else(|| CallError::error("the daemon has no key"))?;
        Ok(Value::text(key.prove(&challenge)))
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

impl Kind for Bootstrap {
    fn interface(&self) -> &'static Interface {
        &INTERFACE
    }

    fn call(self: Arc<Self>, method: &str, args: Arguments) -> Reply {
        match method {
            "attenuate" => begun(self.attenuate(args)),
            "attenuateObject" => begun(self.attenuate_object(args)),
            "grantOf" => begun(self.grant_of(args)),
            "host" => self.provide(self.world.roots.host),
            "leastAuthority" => self.provide(self.world.roots.least_authority),
            "nodeId" => Reply::value(self.world.roots.node.to_string()),
            "ping" => Reply::value("pong"),
            "powerbox" => begun(self.facts()),
            "prove" => begun(self.prove(args)),
            // Never answered: the session ends first.
            "terminate" => {
                self.world.stop();
                Reply::pending(std::future::pending())
            }
            _ => Reply::undefined(),
        }
    }
}

fn grant_number(value: &Value) -> Result<GrantId, CallError> {
    let number = match value {
        Value::BigInt(number) => number.to_string().parse().ok(),
        _ => None,
    };
    number.ok_or_else(|| CallError::type_error("a grant is named by its number, a bigint"))
}
