use std::sync::Arc;

use powerbox_captp::Reply;

use super::Kind;
use crate::arguments::Arguments;
use crate::hub::{self, Hub, begun};
use crate::interface::Interface;

/// Names for values.
#[derive(Debug)]
pub(crate) struct Directory(Arc<Hub>);

pub(super) static INTERFACE: Interface = Interface::documented(
    "EndoDirectory",
    "Names for values. A path is a list of names, each of which leads to the next.",
    &[hub::METHODS],
);

impl Directory {
    pub(crate) fn new(hub: Arc<Hub>) -> Self {
        Self(hub)
    }
}

impl Kind for Directory {
    fn interface(&self) -> &'static Interface {
        &INTERFACE
    }

    fn hub(&self) -> Option<&Arc<Hub>> {
        Some(&self.0)
    }

    fn call(self: Arc<Self>, method: &str, args: Arguments) -> Reply {
        begun(self.0.clone().run(method.to_owned(), args))
    }
}
