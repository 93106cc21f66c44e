//! The protocol as a state machine: messages in, messages and events out.
//!
//! [`Connection`] knows the wire and the tables of one connection, and nothing else: no sockets, no clock, no tasks,
//! and no idea of what an object is. It is told through [`Embedding`] how its owner calls things. The rules it keeps
//! are written in `SPECIFICATION.md` beside the sources of this crate.

mod answers;
mod body;
mod calls;

mod connection;
pub use connection::{Connection, Stats};

mod drops;

mod embedding;
pub use embedding::{
    CallError as Refusal, CallTarget, Embedding, Event, Failure, Serial, Settlement, Target,
};

mod exports;
mod imports;
mod incoming;
mod int_map;
mod json;
mod outgoing;
mod receiving;
mod sending;

mod slot;
pub use slot::{AnswerId, ExportId, ImportId, Kind, QuestionId};

#[cfg(test)]
mod tests;
