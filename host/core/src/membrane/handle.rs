use std::borrow::Cow;
use std::hash::{Hash, Hasher};
use std::sync::Arc;

use powerbox_authority::grant::Grant;
use powerbox_authority::identifiers::{Texts, described};
use powerbox_captp::Object;
use powerbox_passable::SlotKind;

use super::blob::Blob;
use super::name::Name;
use super::streams::Open;
use crate::bridge::Reference;

/// What a compartment holds of the world outside: one reference, with the authority that its giver put into it.
///
/// Plugins see handles as resources of `powerbox:plugin/types` (or of an interface of their own, for which every
/// handle is an object). Two handles are equal if they refer to the same thing with the same rights.
#[derive(Clone, Debug)]
pub struct Handle(Arc<Kind>);

#[derive(Debug)]
pub(super) enum Kind {
    Object(ObjectRef),
    Name(Name),
    Blob(Blob),
    Changes(ObjectRef),
    Own(Own),
}

/// An object of the plugin's own.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct Own {
    /// What the plugin calls it.
    pub(super) id: u64,
    /// What it says that it is.
    pub(super) interface: Arc<str>,
}

/// A reference to an object behind the membrane.
#[derive(Clone, Debug)]
pub(super) struct ObjectRef {
    pub(super) object: Object,
    pub(super) rights: Rights,
    pub(super) grant: Arc<Grant>,
    /// Whether it is the very object that the grant is to, not something that this answered with.
    pub(super) direct: bool,
    /// If it is a stream of changes, what counts it: held, and looked at by nobody.
    pub(super) _open: Option<Arc<Open>>,
    /// What its answers are, unless its method says otherwise.
    pub(super) texts: Texts,
}

/// Which methods of an object may be called.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Rights {
    /// All, and of all that they answer with.
    All,
    /// These, and all of what they answer with.
    Methods(Arc<[String]>),
    /// None: it can be shown and compared.
    Opaque,
}

impl Handle {
    pub(super) fn new(kind: Kind) -> Self {
        Self(Arc::new(kind))
    }

    /// A handle to an object that the user designated.
    pub fn object(object: Object, rights: Rights, grant: Arc<Grant>) -> Self {
        let texts = Texts::Told;
        Self::new(Kind::Object(ObjectRef { object, rights, grant, direct: true, texts, _open: None }))
    }

    /// The same as a stream of changes, which is counted while somebody has it.
    pub(super) fn streaming(self, open: Arc<Open>) -> Self {
        match self.kind() {
            Kind::Object(reference) => {
                Self::new(Kind::Object(ObjectRef { _open: Some(open), ..reference.clone() }))
            }
            Kind::Changes(reference) => {
                Self::new(Kind::Changes(ObjectRef { _open: Some(open), ..reference.clone() }))
            }
            Kind::Name(_) | Kind::Blob(_) | Kind::Own(_) => self,
        }
    }

    pub(super) fn own(own: Own) -> Self {
        Self::new(Kind::Own(own))
    }

    /// The grant through which it came; an object of the plugin's own has none.
    pub(super) fn grant(&self) -> Option<&Arc<Grant>> {
        match self.kind() {
            Kind::Object(reference) | Kind::Changes(reference) => Some(&reference.grant),
            Kind::Name(name) => Some(&name.grant),
            Kind::Blob(blob) => Some(&blob.grant),
            Kind::Own(_) => None,
        }
    }

    pub(super) fn is_promise(&self) -> bool {
        self.unwrapped().is_some_and(Object::is_promise)
    }

    /// A handle to a place in a directory.
    pub fn name(name: Name) -> Self {
        Self::new(Kind::Name(name))
    }

    /// A handle to bytes.
    pub fn blob(blob: Blob) -> Self {
        Self::new(Kind::Blob(blob))
    }

    pub(super) fn kind(&self) -> &Kind {
        &self.0
    }

    /// The object behind it, if it is a handle to an object: for whoever is on the outer side of the membrane.
    pub(crate) fn unwrapped(&self) -> Option<&Object> {
        match self.kind() {
            Kind::Object(reference) | Kind::Changes(reference) => Some(&reference.object),
            Kind::Name(_) | Kind::Blob(_) | Kind::Own(_) => None,
        }
    }
}

impl Reference for Handle {
    fn slot_kind(&self) -> SlotKind {
        match self.unwrapped() {
            Some(object) if object.is_promise() => SlotKind::Promise,
            _ => SlotKind::Object,
        }
    }

    fn interface(&self) -> Option<Cow<'_, str>> {
        match self.kind() {
            Kind::Own(own) => Some(Cow::Borrowed(&own.interface)),
            // Some name themselves after their identifier.
            _ => Some(Cow::Owned(described(&self.unwrapped()?.interface()?).into_owned())),
        }
    }
}

impl PartialEq for Handle {
    fn eq(&self, other: &Self) -> bool {
        match (self.kind(), other.kind()) {
            (Kind::Object(a), Kind::Object(b)) | (Kind::Changes(a), Kind::Changes(b)) => {
                a.object == b.object && a.rights == b.rights && Arc::ptr_eq(&a.grant, &b.grant)
            }
            (Kind::Own(a), Kind::Own(b)) => a == b,
            _ => Arc::ptr_eq(&self.0, &other.0),
        }
    }
}

impl Eq for Handle {}

impl Hash for Handle {
    fn hash<H: Hasher>(&self, state: &mut H) {
        match self.kind() {
            Kind::Object(reference) | Kind::Changes(reference) => {
                reference.object.hash(state);
                reference.rights.hash(state);
                Arc::as_ptr(&reference.grant).hash(state);
            }
            Kind::Own(own) => own.hash(state),
            Kind::Name(_) | Kind::Blob(_) => Arc::as_ptr(&self.0).hash(state),
        }
    }
}
