use std::borrow::Cow;
use std::sync::Arc;

use powerbox_captp::{Exo, Reply, Value};

use crate::id::FormulaId;
use crate::world::World;

/// The mail address of an agent.
///
/// This daemon has no mail yet, so it is an identity only: a message to it fails as one to any object that is no
/// handle.
#[derive(Debug)]
pub(crate) struct Handle {
    world: Arc<World>,
    id: FormulaId,
}

impl Handle {
    pub(crate) fn new(world: Arc<World>, id: FormulaId) -> Arc<Self> {
        Arc::new(Self { world, id })
    }

    pub(crate) fn id(&self) -> FormulaId {
        self.id
    }

    pub(crate) fn world(&self) -> &Arc<World> {
        &self.world
    }
}

impl Exo for Handle {
    fn interface(&self) -> Cow<'_, str> {
        Cow::Borrowed("Alleged: Handle")
    }

    fn methods(&self) -> &'static [&'static str] {
        &["__getInterfaceGuard__"]
    }

    fn call(self: &Arc<Self>, _method: &str, _args: Vec<Value>) -> Reply {
        Reply::undefined()
    }
}
