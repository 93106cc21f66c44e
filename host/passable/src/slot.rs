use std::{borrow::Cow, collections::HashMap, hash::Hash};

use crate::Text;

/// What a slot stands for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum SlotKind {
    /// An object that receives messages: a remotable.
    Object,
    /// A promise.
    Promise,
}

/// Turns the slots that a body mentions into capabilities.
///
/// A closure of the same shape will do.
pub trait ReadSlot<C> {
    /// Gives the capability at `index` of the list of slots.
    ///
    /// Called once for each mention, in the order in which JavaScript would meet them, so one index may come more
    /// than once: give the same capability then, and ignore the interface. `kind` is what the body claims, which
    /// only smallcaps does; an implementation must refuse a slot of the other kind. `iface` is the text that the
    /// sender alleges, unchecked: see [`is_interface_name`]; it is empty if it was not even a text. An interface on a
    /// promise means nothing.
    fn read_slot(
        &mut self,
        index: usize,
        kind: Option<SlotKind>,
        iface: Option<&str>,
    ) -> Result<C, SlotError>;

    /// Gives the id that an error keeps which came with this one.
    ///
    /// Ids that begin with [`RESERVED_ID`] are dropped unless an implementation believes whoever wrote the body.
    fn error_id(&mut self, id: Text) -> Option<Text> {
        (!is_reserved(&id)).then_some(id)
    }
}

/// How the ids of errors begin that a program of ours made and vouches for. They are written as they are, and readers
/// drop them unless they believe the writer: so an id of this kind on an error in this process was not made up by a
/// peer.
pub const RESERVED_ID: &str = "powerbox:";

/// Whether an error's id is one that only a program of ours may give.
pub(crate) fn is_reserved(id: &Text) -> bool {
    id.strip_prefix(RESERVED_ID).is_some()
}

impl<C, F> ReadSlot<C> for F
where
    F: FnMut(usize, Option<SlotKind>, Option<&str>) -> Result<C, SlotError>,
{
    fn read_slot(
        &mut self,
        index: usize,
        kind: Option<SlotKind>,
        iface: Option<&str>,
    ) -> Result<C, SlotError> {
        self(index, kind, iface)
    }
}

/// Gives the capabilities that a value mentions their places in the list of slots.
pub trait WriteSlot<C> {
    /// Gives the place of a capability.
    ///
    /// Called once for each mention, in the order in which Endo numbers slots: that of first mention, where lists
    /// go in order and records by key. [`Mentions`] does the numbering.
    fn write_slot(&mut self, capability: &C) -> Result<WrittenSlot<'_>, SlotError>;

    /// Gives the id by which the error that is being written can be found in the logs of this side.
    ///
    /// With `None` the error keeps the id that it came with, if any, and so does one with a reserved id.
    fn error_id(&mut self) -> Option<String> {
        None
    }
}

/// How a body mentions a capability.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WrittenSlot<'a> {
    /// The place in the list of slots.
    pub index: usize,
    /// Which mark smallcaps uses; capdata writes both alike.
    pub kind: SlotKind,
    /// The interface name, such as `Alleged: Foo`: Endo writes it where a body first mentions an object, and never
    /// for a promise.
    pub iface: Option<Cow<'a, str>>,
}

/// Why a slot can not be read or written.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum SlotError {
    /// The body mentions a slot that is not in the list.
    #[error("there is no slot {0}")]
    Missing(usize),
    /// The body claims an object where there is a promise, or the other way around.
    #[error("slot {0} is not of the kind that the body claims")]
    Kind(usize),
    /// See [`is_interface_name`].
    #[error("interface {0:?} is neither `Remotable` nor begins with `Alleged: ` or `DebugName: `")]
    Interface(String),
    /// Whoever owns the table of capabilities does not want this one in it.
    #[error("{0}")]
    Refused(String),
}

/// Tells whether JavaScript would take a text as the interface name of an object.
pub fn is_interface_name(iface: &str) -> bool {
    iface == "Remotable" || iface.starts_with("Alleged: ") || iface.starts_with("DebugName: ")
}

/// Reads and writes bodies that must not have any capability in them.
#[derive(Clone, Copy, Debug, Default)]
pub struct NoSlots;

impl<C> ReadSlot<C> for NoSlots {
    fn read_slot(&mut self, index: usize, _: Option<SlotKind>, _: Option<&str>) -> Result<C, SlotError> {
        Err(SlotError::Missing(index))
    }
}

impl<C> WriteSlot<C> for NoSlots {
    fn write_slot(&mut self, _: &C) -> Result<WrittenSlot<'_>, SlotError> {
        Err(SlotError::Refused("capabilities can not be written here".to_owned()))
    }
}

/// Numbers the capabilities of one body by first mention, as Endo does.
#[derive(Clone, Debug)]
pub struct Mentions<C> {
    order: Vec<C>,
    places: HashMap<C, usize>,
}

impl<C> Default for Mentions<C> {
    fn default() -> Self {
        Self { order: Vec::new(), places: HashMap::new() }
    }
}

impl<C: Clone + Eq + Hash> Mentions<C> {
    // So few are found faster by looking at each, and bodies seldom have more.
    const FEW: usize = 8;

    /// Gives the place of a capability, and whether this is its first mention.
    pub fn mention(&mut self, capability: &C) -> (usize, bool) {
        let known = if self.places.is_empty() {
            self.order.iter().position(|known| known == capability)
        } else {
            self.places.get(capability).copied()
        };
        if let Some(index) = known {
            return (index, false);
        }
        let index = self.order.len();
        self.order.push(capability.clone());
        if index >= Self::FEW {
            if self.places.is_empty() {
                self.places.extend(self.order.iter().cloned().zip(0..));
            } else {
                self.places.insert(capability.clone(), index);
            }
        }
        (index, true)
    }

    /// Gives the capabilities mentioned, each at its place.
    pub fn into_order(self) -> Vec<C> {
        self.order
    }

    /// Gives the capabilities mentioned so far, each at its place.
    pub fn order(&self) -> &[C] {
        &self.order
    }
}
