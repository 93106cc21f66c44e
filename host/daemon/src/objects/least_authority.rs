use std::borrow::Cow;
use std::sync::Arc;

use powerbox_captp::{Exo, Reply, Value};

use super::help;
use crate::failure::Failure;
use crate::id::FormulaId;
use crate::world::World;

/// An agent that refuses everything: the powers of a program that needs none.
#[derive(Debug)]
pub(crate) struct LeastAuthority {
    world: Arc<World>,
    id: FormulaId,
}

impl LeastAuthority {
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

impl Exo for LeastAuthority {
    fn interface(&self) -> Cow<'_, str> {
        Cow::Borrowed("Alleged: EndoGuest")
    }

    fn methods(&self) -> &'static [&'static str] {
        &[
            "__getInterfaceGuard__",
            "adopt",
            "copy",
            "define",
            "deliver",
            "dismiss",
            "dismissAll",
            "evaluate",
            "followLocatorNameChanges",
            "followMessages",
            "followNameChanges",
            "form",
            "handle",
            "has",
            "help",
            "identify",
            "list",
            "listIdentifiers",
            "listLocators",
            "listMessages",
            "locate",
            "lookup",
            "lookupById",
            "makeDirectory",
            "maybeLookup",
            "maybeReadText",
            "move",
            "readText",
            "reject",
            "remove",
            "reply",
            "request",
            "resolve",
            "reverseIdentify",
            "reverseLocate",
            "reverseLookup",
            "send",
            "sendValue",
            "storeBlob",
            "storeIdentifier",
            "storeLocator",
            "storeValue",
            "submit",
            "writeText",
        ]
    }

    fn call(self: &Arc<Self>, method: &str, args: Vec<Value>) -> Reply {
        match method {
            "help" => help::answer("EndoGuest", help::NOTHING_OVERVIEW, &[], args),
            "__getInterfaceGuard__" => Reply::undefined(),
            _ => Reply::error(Failure::NotAllowed.into()),
        }
    }
}
