use std::sync::Arc;

use powerbox_captp::Reply;

use super::Kind;
use super::agent::{self, Agent};
use crate::arguments::Arguments;
use crate::hub::{self, Hub, begun};
use crate::id::FormulaId;
use crate::interface::Interface;
use crate::world::World;

/// An agent confined to names of its own: those that its host introduced, and those that it gave itself.
///
/// Its special names are `@agent`, `@self` and `@host`, which is the mail address of its host and leads nowhere. It has
/// no `@mail`, since there is no mail yet, and unlike in Endo no `@nets`: that is the daemon's own directory, which the
/// host and all guests would share and could write to.
#[derive(Debug)]
pub(crate) struct Guest(Agent);

pub(super) static INTERFACE: Interface = Interface::documented(
    "EndoGuest",
    "A confined agent: names for values of its own, and ways to make more.",
    &[hub::METHODS, agent::METHODS],
);

impl Guest {
    pub(crate) fn new(world: Arc<World>, id: FormulaId, handle: FormulaId, host_handle: FormulaId) -> Self {
        let specials = vec![("@agent", id), ("@self", handle), ("@host", host_handle)];
        Self(Agent { hub: Hub::new(world, id.number, specials), handle })
    }
}

impl Kind for Guest {
    fn interface(&self) -> &'static Interface {
        &INTERFACE
    }

    fn hub(&self) -> Option<&Arc<Hub>> {
        Some(&self.0.hub)
    }

    fn call(self: Arc<Self>, method: &str, args: Arguments) -> Reply {
        let method = method.to_owned();
        begun(async move { self.0.run(method, args).await })
    }
}
