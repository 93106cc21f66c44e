use std::sync::Arc;

use powerbox_captp::{CallError, Reply, Value};

use super::agent::{self, Agent};
use super::{Kind, provide_guest};
use crate::arguments::Arguments;
use crate::hub::{self, Hub, begun};
use crate::id::FormulaId;
use crate::interface::Shape::{Error, NameOrPath, Record, Text};
use crate::interface::{Interface, Method, may_take};
use crate::name::quoted_path;
use crate::quote::quoted;
use crate::world::World;

/// The owner's agent: all of the daemon's authority, by name.
#[derive(Debug)]
pub(crate) struct Host(Agent);

pub(super) static INTERFACE: Interface = Interface::documented(
    "EndoHost",
    "The agent of the daemon's owner: names for values, and ways to make more.",
    &[hub::METHODS, agent::METHODS, METHODS],
);

const METHODS: &[Method] = &[
    may_take(
        "cancel",
        &[NameOrPath],
        &[Error],
        "cancel(nameOrPath, error?) - drops the live value; the next lookup makes a new one.",
    ),
    may_take(
        "provideGuest",
        &[],
        &[Text, Record],
        "provideGuest(handleName?, {agentName?, introducedNames?}?) - makes an agent that has names of its own and \
         those of yours that you introduce, {yours: its}; or gives what the name stands for already.",
    ),
];

impl Host {
    pub(crate) fn new(world: Arc<World>, id: FormulaId) -> Self {
        let (specials, handle) = (world.roots.special_names(), world.roots.handle);
        Self(Agent { hub: Hub::new(world, id.number, specials), handle })
    }

    async fn run(self: Arc<Self>, method: String, mut args: Arguments) -> Result<Value, CallError> {
        match method.as_str() {
            "cancel" => self.cancel(args.value()).await,
            "provideGuest" => provide_guest::run(&self.0.hub, args).await,
            _ => self.0.run(method, args).await,
        }
    }

    async fn cancel(&self, name_or_path: Value) -> Result<Value, CallError> {
        let hub = &self.0.hub;
        let name = name_or_path.as_str().map(str::to_owned);
        let path = hub.path(Arguments::new(vec![name_or_path]).name_or_path()?)?;
        let unknown = name.map_or_else(|| quoted_path(&path), |name| quoted(&name).to_string());
        let Some(id) = hub.identifier(path).await? else {
            return Err(CallError::type_error(format!("Unknown pet name: {unknown}")));
        };
        hub.world.cancel(id);
        Ok(Value::Undefined)
    }
}

impl Kind for Host {
    fn interface(&self) -> &'static Interface {
        &INTERFACE
    }

    fn hub(&self) -> Option<&Arc<Hub>> {
        Some(&self.0.hub)
    }

    fn call(self: Arc<Self>, method: &str, args: Arguments) -> Reply {
        begun(self.run(method.to_owned(), args))
    }
}
