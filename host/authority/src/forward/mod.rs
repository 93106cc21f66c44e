//! Objects that pass on what a grant allows.
//!
//! A [`Membrane`] stands around one object that was granted to one holder. The holder has a [`Forwarder`] in its place.
//! Each message to it is judged by the grant, recorded, and passed on; whatever comes back is given as a forwarder in
//! turn, and so is what the holder passes in. So all that can be reached through the object ends with the grant, and is
//! judged by it, however long it was kept and wherever it was passed.
//!
//! The same object is the same forwarder, in both directions, and an object that comes home is itself again. Nothing is
//! remembered of objects that nobody holds. A promise is followed, and a message to it is judged by what it settles to.
//! Identifiers, by which a holder could reach the same objects in another way, do not cross.

mod audited;
mod call;
mod digest;
mod forwarder;
mod identifiers;
mod identity;
mod measure;
mod membrane;
mod ongoing;
mod promises;
mod recorder;
mod refused;
#[cfg(test)]
mod tests;

pub use audited::AuditRecorder;
pub use forwarder::Forwarder;
pub use membrane::Membrane;
pub use recorder::{Crossed, Recorder, Ticket, Unrecorded, Way};
pub use refused::{Refusing, Rule};
