use std::borrow::Cow;
use std::sync::Arc;

use powerbox_captp::{Exo, Reply, Value};

use super::help;
use crate::arguments::Arguments;
use crate::guard;
use crate::hub::{Hub, begun};
use crate::id::FormulaId;
use crate::world::World;

/// Names for values.
#[derive(Debug)]
pub(crate) struct Directory {
    id: FormulaId,
    hub: Arc<Hub>,
}

impl Directory {
    pub(crate) fn new(world: Arc<World>, id: FormulaId) -> Arc<Self> {
        Arc::new(Self { id, hub: Hub::new(world, id.number, Vec::new()) })
    }

    pub(crate) fn id(&self) -> FormulaId {
        self.id
    }

    pub(crate) fn world(&self) -> &Arc<World> {
        &self.hub.world
    }

    pub(crate) fn hub(&self) -> &Arc<Hub> {
        &self.hub
    }
}

impl Exo for Directory {
    fn interface(&self) -> Cow<'_, str> {
        Cow::Borrowed("Alleged: EndoDirectory")
    }

    fn methods(&self) -> &'static [&'static str] {
        &[
            "__getInterfaceGuard__",
            "copy",
            "followLocatorNameChanges",
            "followNameChanges",
            "has",
            "help",
            "identify",
            "list",
            "listIdentifiers",
            "listLocators",
            "locate",
            "lookup",
            "makeDirectory",
            "maybeLookup",
            "maybeReadText",
            "move",
            "readText",
            "remove",
            "reverseLocate",
            "reverseLookup",
            "storeIdentifier",
            "storeLocator",
            "writeText",
        ]
    }

    fn call(self: &Arc<Self>, method: &str, args: Vec<Value>) -> Reply {
        if let Err(refusal) = guard::check("EndoDirectory", &[guard::HUB], method, &args) {
            return Reply::error(refusal.into());
        }
        match method {
            "help" => help::answer("EndoDirectory", help::DIRECTORY, &[help::HUB], args),
            _ => begun(self.hub.clone().run(method.to_owned(), Arguments::new(args))),
        }
    }
}
