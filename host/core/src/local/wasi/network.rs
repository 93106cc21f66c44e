use std::borrow::Cow;
use std::sync::Arc;

use powerbox_captp::{Exo, Reply, Value};

/// A network without anything in it: `wasi:sockets/network.network`. It only goes into calls that are denied.
pub(super) struct Network;

impl Exo for Network {
    fn interface(&self) -> Cow<'_, str> {
        "Alleged: Network".into()
    }

    fn methods(&self) -> &'static [&'static str] {
        &[]
    }

    fn call(self: &Arc<Self>, _: &str, _: Vec<Value>) -> Reply {
        Reply::undefined()
    }
}
