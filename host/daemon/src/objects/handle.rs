use std::sync::Arc;

use powerbox_captp::Reply;

use super::Kind;
use crate::arguments::Arguments;
use crate::interface::Interface;

/// The mail address of an agent.
///
/// This daemon has no mail yet, so it is an identity only: a message to it fails as one to any object that is no
/// handle. In particular nothing leads from it to the agent.
#[derive(Debug)]
pub(crate) struct Handle;

pub(super) static INTERFACE: Interface = Interface::new("Handle", &[]);

impl Kind for Handle {
    fn interface(&self) -> &'static Interface {
        &INTERFACE
    }

    fn call(self: Arc<Self>, _method: &str, _args: Arguments) -> Reply {
        Reply::undefined()
    }
}
