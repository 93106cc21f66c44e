//! WIT as the host sees it: types, functions and values, free of any one store or engine.
//!
//! These mirror wasmtime's own types closely. They exist so that a host can look at a call (which slot, which
//! function, which types) and at values whose resources are its own handles, without meeting a store.

mod function;
mod interface;
mod types;
mod value;

pub use function::{Function, FunctionKind, Param};
pub use interface::{Export, Import, interface_matches};
pub use types::{Case, Field, Resource, ResultType, Type};
pub use value::{Mismatch, Payload, Val};
