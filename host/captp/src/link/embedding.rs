//! How a connection finds and makes the objects of this side.

use std::borrow::Cow;
use std::sync::{Arc, Weak};

use powerbox_passable::is_interface_name;

use super::Link;
use crate::object::{Kind, Object};
use crate::promise::{Promise, Route};
use crate::protocol::{AnswerId, Embedding, ImportId, Serial};
use crate::remote::Remote;

/// Finds the stand-in for something of a peer while it lives.
pub(crate) enum WeakStandIn {
    Object(Weak<Remote>),
    Promise(Weak<Promise>),
}

impl Embedding for Arc<Link> {
    type Ref = Object;
    type Weak = Option<WeakStandIn>;
    type Waiter = Arc<Promise>;

    fn import(&self, id: &ImportId, serial: Serial, interface: Option<&str>) -> Object {
        let remote = Remote::new(self.clone(), id.clone(), serial, interface);
        Object(if id.is_promise() {
            Kind::Promise(Promise::new(Route::Import(remote)))
        } else {
            Kind::Remote(Arc::new(remote))
        })
    }

    fn pending(&self, _: AnswerId) -> Object {
        Object(Kind::Promise(Promise::new(Route::Queue)))
    }

    fn downgrade(&self, object: &Object) -> Option<WeakStandIn> {
        match &object.0 {
            Kind::Local(_) => None,
            Kind::Remote(remote) => Some(WeakStandIn::Object(Arc::downgrade(remote))),
            Kind::Promise(promise) => Some(WeakStandIn::Promise(Arc::downgrade(promise))),
        }
    }

    fn upgrade(&self, weak: &Option<WeakStandIn>) -> Option<Object> {
        Some(Object(match weak.as_ref()? {
            WeakStandIn::Object(remote) => Kind::Remote(remote.upgrade()?),
            WeakStandIn::Promise(promise) => Kind::Promise(promise.upgrade()?),
        }))
    }

    fn imported(&self, object: &Object) -> Option<ImportId> {
        let remote: &Remote = match &object.0 {
            Kind::Local(_) => return None,
            Kind::Remote(remote) => remote,
            Kind::Promise(promise) => match promise.route() {
                Route::Import(remote) => remote,
                _ => return None,
            },
        };
        remote.is_of(self).then(|| remote.id().clone())
    }

    fn is_promise(&self, object: &Object) -> bool {
        object.is_promise()
    }

    fn interface<'a>(&self, object: &'a Object) -> Cow<'a, str> {
        let name = match &object.0 {
            Kind::Local(receiver) => receiver.interface(),
            Kind::Remote(remote) => Some(Cow::Borrowed(remote.interface())),
            Kind::Promise(_) => None,
        };
        match name {
            None => "Remotable".into(),
            // A peer would refuse the whole message.
            Some(name) if !is_interface_name(&name) => format!("Alleged: {name}").into(),
            Some(name) => name,
        }
    }
}
