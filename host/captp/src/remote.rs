use std::sync::{Arc, Weak};

use crate::Message;
use crate::link::Link;
use crate::promise::Promise;
use crate::protocol::{ImportId, Serial, Target};

/// Stands for an object or promise of a peer, and tells the session when it is gone.
pub(crate) struct Remote {
    link: Arc<Link>,
    id: ImportId,
    serial: Serial,
    interface: Option<Box<str>>,
}

impl Remote {
    pub(crate) fn new(link: Arc<Link>, id: ImportId, serial: Serial, interface: Option<&str>) -> Self {
        // A name that was not given is made up as JavaScript does it.
        let interface = match interface {
            Some(given) => Some(given.into()),
            None if id.is_promise() => None,
            None => Some(format!("Alleged: Presence {} {id}", link.name()).into()),
        };
        Self { link, id, serial, interface }
    }

    pub(crate) fn call(&self, message: Message) -> Arc<Promise> {
        self.link.call(&Target::Import(self.id.clone()), message)
    }

    pub(crate) fn interface(&self) -> &str {
        self.interface.as_deref().unwrap_or("Remotable")
    }

    pub(crate) fn id(&self) -> &ImportId {
        &self.id
    }

    pub(crate) fn is_of_same(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.link, &other.link)
    }

    pub(crate) fn is_of_weak(&self, link: &Weak<Link>) -> bool {
        std::ptr::eq(Arc::as_ptr(&self.link), link.as_ptr())
    }

    pub(crate) fn is_of(&self, link: &Arc<Link>) -> bool {
        Arc::ptr_eq(&self.link, link)
    }
}

impl Drop for Remote {
    fn drop(&mut self) {
        self.link.release(&self.id, self.serial);
    }
}
