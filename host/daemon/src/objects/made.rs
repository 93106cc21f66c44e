//! The frame of an object that a formula makes.

use std::borrow::Cow;
use std::fmt;
use std::sync::Arc;

use powerbox_captp::{Exo, Reply, Value};

use crate::arguments::Arguments;
use crate::hub::Hub;
use crate::id::FormulaId;
use crate::interface::Interface;
use crate::world::World;

/// What is particular about one kind of object.
pub(crate) trait Kind: fmt::Debug + Send + Sync + 'static {
    /// Its methods. A call of any other never gets here, nor one with arguments that do not fit.
    fn interface(&self) -> &'static Interface;

    /// What the object is called, without `Alleged: `.
    fn title(&self) -> Cow<'_, str> {
        Cow::Borrowed(self.interface().name)
    }

    /// The names that the object keeps, if it is a directory or an agent.
    fn hub(&self) -> Option<&Arc<Hub>> {
        None
    }

    /// Runs one of the methods of the interface.
    fn call(self: Arc<Self>, method: &str, args: Arguments) -> Reply;
}

/// An object that a formula makes, of whatever kind.
#[derive(Debug)]
pub(crate) struct Made {
    world: Arc<World>,
    id: FormulaId,
    kind: Arc<dyn Kind>,
}

impl Made {
    pub(crate) fn new(world: Arc<World>, id: FormulaId, kind: Arc<dyn Kind>) -> Arc<Self> {
        Arc::new(Self { world, id, kind })
    }

    /// Gives the identifier of the formula, if `world` is the daemon that keeps it.
    pub(crate) fn id_in(&self, world: &Arc<World>) -> Option<FormulaId> {
        Arc::ptr_eq(&self.world, world).then_some(self.id)
    }

    /// Gives the names that the object keeps, if it does and `world` is the daemon that keeps them.
    pub(crate) fn hub_in(&self, world: &Arc<World>) -> Option<&Arc<Hub>> {
        self.kind.hub().filter(|_| Arc::ptr_eq(&self.world, world))
    }
}

impl Exo for Made {
    fn interface(&self) -> Cow<'_, str> {
        Cow::Owned(format!("Alleged: {}", self.kind.title()))
    }

    fn methods(&self) -> &'static [&'static str] {
        self.kind.interface().methods()
    }

    fn call(self: &Arc<Self>, method: &str, args: Vec<Value>) -> Reply {
        let kind = &self.kind;
        kind.interface().call(&kind.title(), method, args, |args| kind.clone().call(method, args))
    }
}
