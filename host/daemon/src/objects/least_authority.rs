use std::sync::Arc;

use powerbox_captp::Reply;

use super::Kind;
use crate::arguments::Arguments;
use crate::failure::Failure;
use crate::interface::{Interface, Method, anything};

/// An agent that refuses everything: the powers of a program that needs none.
#[derive(Debug)]
pub(crate) struct LeastAuthority;

pub(super) static INTERFACE: Interface =
    Interface::documented("EndoGuest", "An agent that refuses everything.", &[METHODS]);

/// All methods of a guest in Endo.
const METHODS: &[Method] = &[
    anything("adopt"),
    anything("copy"),
    anything("define"),
    anything("deliver"),
    anything("dismiss"),
    anything("dismissAll"),
    anything("evaluate"),
    anything("followLocatorNameChanges"),
    anything("followMessages"),
    anything("followNameChanges"),
    anything("form"),
    anything("handle"),
    anything("has"),
    anything("identify"),
    anything("list"),
    anything("listIdentifiers"),
    anything("listLocators"),
    anything("listMessages"),
    anything("locate"),
    anything("lookup"),
    anything("lookupById"),
    anything("makeDirectory"),
    anything("maybeLookup"),
    anything("maybeReadText"),
    anything("move"),
    anything("readText"),
    anything("reject"),
    anything("remove"),
    anything("reply"),
    anything("request"),
    anything("resolve"),
    anything("reverseIdentify"),
    anything("reverseLocate"),
    anything("reverseLookup"),
    anything("send"),
    anything("sendValue"),
    anything("storeBlob"),
    anything("storeIdentifier"),
    anything("storeLocator"),
    anything("storeValue"),
    anything("submit"),
    anything("writeText"),
];

impl Kind for LeastAuthority {
    fn interface(&self) -> &'static Interface {
        &INTERFACE
    }

    fn call(self: Arc<Self>, _method: &str, _args: Arguments) -> Reply {
        Reply::error(Failure::NotAllowed.into())
    }
}
