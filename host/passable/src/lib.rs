//! The values that CapTP can carry, and the two ways Endo writes them as text.
//!
//! A [`Value`] is data, or a list, record, tagged value or error made of values, or a capability `C`. What a
//! capability is, this crate refuses to know: a protocol session, a plugin boundary and a database each put their
//! own type there, and read and write it by [`ReadSlot`] and [`WriteSlot`]. [`capdata`] is what goes over a CapTP
//! wire; [`smallcaps`] is what Endo stores and what crosses the boundary to a plugin. Both are read within
//! [`Limits`], and no input makes this crate panic.
//!
//! There is no I/O here, and the crate compiles to `wasm32-unknown-unknown` for the plugin SDK.

mod decode;
mod encode;
mod json;
mod map;
mod number;
mod reorder;
mod scan;
pub use scan::plain_prefix;

mod error;
pub use error::{DecodeError, EncodeError};

mod limits;
pub use limits::Limits;

mod slot;
pub use slot::{
    Mentions, NoSlots, RESERVED_ID, ReadSlot, SlotError, SlotKind, WriteSlot, WrittenSlot, is_interface_name,
};

mod text;
pub use text::Text;

mod value;
pub use value::{ErrorValue, Record, Symbol, Tagged, Value};

pub use num_bigint::BigInt;

pub mod capdata;
pub mod smallcaps;

/// Reads a body in the format that it announces: smallcaps if it starts with `#`, capdata otherwise.
pub fn decode<C>(body: &str, slots: &mut impl ReadSlot<C>, limits: &Limits) -> Result<Value<C>, DecodeError> {
    if body.starts_with('#') {
        smallcaps::decode(body, slots, limits)
    } else {
        capdata::decode(body, slots, limits)
    }
}
