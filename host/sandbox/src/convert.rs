//! Values between a store and the host.
//!
//! *Lifting* takes a guest's value to the host: an owned handle leaves the store's table, a borrowed one is cloned out
//! of it. *Lowering* takes a host's value to a guest: its handles enter the table. Recursion follows types or values
//! that wasmtime built from types, and the nesting of types is bounded when a component is parsed.

use wasmtime::component::{ResourceDynamic, Val as Raw};
use wasmtime::{AsContextMut, StoreContextMut};

use crate::context::{Context, Stop};
use crate::wit::{Resource, Type, Val};

/// What a value counts for without those inside it: bytes and text by their length.
fn weight<H>(value: &Val<H>) -> u64 {
    match value {
        Val::Bool(_) | Val::S8(_) | Val::U8(_) => 1,
        Val::String(text) => 8 + text.len() as u64,
        _ => 8,
    }
}

/// What values that may enter would count for.
#[derive(Debug, Default)]
pub(crate) struct Load {
    pub(crate) bytes: u64,
    pub(crate) handles: usize,
}

impl Load {
    pub(crate) fn of<H>(values: &[Val<H>]) -> Load {
        let mut load = Load::default();
        values.iter().for_each(|value| load.add(value));
        load
    }

    fn add<H>(&mut self, value: &Val<H>) {
        self.bytes += weight(value);
        match value {
            Val::Handle(_) => self.handles += 1,
            Val::List(values) | Val::Tuple(values) => values.iter().for_each(|value| self.add(value)),
            Val::Record(fields) => fields.iter().for_each(|(_, value)| self.add(value)),
            Val::Variant(_, Some(payload))
            | Val::Option(Some(payload))
            | Val::Result(Ok(Some(payload)) | Err(Some(payload))) => self.add(payload),
            _ => {}
        }
    }
}

/// Takes a guest's values to the host and charges them to the guest. After an error nothing has left the compartment.
pub(crate) fn lift<H: Clone + 'static>(
    store: &mut StoreContextMut<'_, Context<H>>,
    raw: impl IntoIterator<Item = Raw>,
) -> wasmtime::Result<Vec<Val<H>>> {
    let mut lift = Lift { bytes: 0, given: Vec::new() };
    let values = lift.all(store, raw)?;
    let context = store.data_mut();
    context.fence.charge_output(lift.bytes).map_err(wasmtime::Error::new)?;
    for number in lift.given {
        context.table.remove(number);
    }
    Ok(values)
}

struct Lift {
    bytes: u64,
    /// The owned handles among the values. They leave the table only once all is well.
    given: Vec<u32>,
}

impl Lift {
    fn all<H: Clone + 'static>(
        &mut self,
        store: &mut StoreContextMut<'_, Context<H>>,
        values: impl IntoIterator<Item = Raw>,
    ) -> wasmtime::Result<Vec<Val<H>>> {
        values.into_iter().map(|value| self.one(store, value)).collect()
    }

    fn boxed<H: Clone + 'static>(
        &mut self,
        store: &mut StoreContextMut<'_, Context<H>>,
        payload: Option<Box<Raw>>,
    ) -> wasmtime::Result<Option<Box<Val<H>>>> {
        payload.map(|payload| self.one(store, *payload).map(Box::new)).transpose()
    }

    fn one<H: Clone + 'static>(
        &mut self,
        store: &mut StoreContextMut<'_, Context<H>>,
        raw: Raw,
    ) -> wasmtime::Result<Val<H>> {
        let value = match raw {
            Raw::Bool(value) => Val::Bool(value),
            Raw::S8(value) => Val::S8(value),
            Raw::U8(value) => Val::U8(value),
            Raw::S16(value) => Val::S16(value),
            Raw::U16(value) => Val::U16(value),
            Raw::S32(value) => Val::S32(value),
            Raw::U32(value) => Val::U32(value),
            Raw::S64(value) => Val::S64(value),
            Raw::U64(value) => Val::U64(value),
            Raw::Float32(value) => Val::F32(value),
            Raw::Float64(value) => Val::F64(value),
            Raw::Char(value) => Val::Char(value),
            Raw::String(value) => Val::String(value),
            Raw::List(values) => Val::List(self.all(store, values)?),
            Raw::Tuple(values) => Val::Tuple(self.all(store, values)?),
            Raw::Record(fields) => Val::Record(
                fields
                    .into_iter()
                    .map(|(name, value)| Ok((name, self.one(store, value)?)))
                    .collect::<wasmtime::Result<_>>()?,
            ),
            Raw::Variant(name, payload) => Val::Variant(name, self.boxed(store, payload)?),
            Raw::Enum(name) => Val::Enum(name),
            Raw::Option(payload) => Val::Option(self.boxed(store, payload)?),
            Raw::Result(Ok(payload)) => Val::Result(Ok(self.boxed(store, payload)?)),
            Raw::Result(Err(payload)) => Val::Result(Err(self.boxed(store, payload)?)),
            Raw::Flags(names) => Val::Flags(names),
            Raw::Resource(resource) => {
                let resource = ResourceDynamic::try_from_resource_any(resource, &mut *store)?;
                if resource.owned() {
                    self.given.push(resource.rep());
                }
                let handle = store.data().table.get(resource.rep()).cloned();
                Val::Handle(handle.ok_or_else(|| wasmtime::format_err!("a handle that is no longer there"))?)
            }
            Raw::Map(_)
            | Raw::Future(_)
            | Raw::Stream(_)
            | Raw::ErrorContext(_)
            | Raw::FixedLengthList(_) => {
                // Types with these are refused before any call.
                wasmtime::bail!("a value of a kind that cannot be passed")
            }
        };
        self.bytes += weight(&value);
        Ok(value)
    }
}

/// Takes a host's values, which [`Val::check`] found to be of these types, to the guest and charges them to it. Their
/// handles are in the compartment afterwards even after an error.
pub(crate) fn lower<'a, H: 'static>(
    store: &mut StoreContextMut<'_, Context<H>>,
    values: impl IntoIterator<Item = (Val<H>, &'a Type)>,
) -> wasmtime::Result<Vec<Raw>> {
    let mut lower = Lower { bytes: 0, error: None };
    let raw = values.into_iter().map(|(value, ty)| lower.one(store, value, ty)).collect();
    if let Some(error) = lower.error {
        return Err(error);
    }
    store.data_mut().fence.charge_input(lower.bytes).map_err(wasmtime::Error::new)?;
    Ok(raw)
}

struct Lower {
    bytes: u64,
    /// The first error. Lowering goes on after it, so that every handle gets into the table and is accounted for.
    error: Option<wasmtime::Error>,
}

impl Lower {
    fn one<H: 'static>(
        &mut self,
        store: &mut StoreContextMut<'_, Context<H>>,
        value: Val<H>,
        ty: &Type,
    ) -> Raw {
        self.bytes += weight(&value);
        match (value, ty) {
            (Val::Bool(value), _) => Raw::Bool(value),
            (Val::S8(value), _) => Raw::S8(value),
            (Val::U8(value), _) => Raw::U8(value),
            (Val::S16(value), _) => Raw::S16(value),
            (Val::U16(value), _) => Raw::U16(value),
            (Val::S32(value), _) => Raw::S32(value),
            (Val::U32(value), _) => Raw::U32(value),
            (Val::S64(value), _) => Raw::S64(value),
            (Val::U64(value), _) => Raw::U64(value),
            (Val::F32(value), _) => Raw::Float32(value),
            (Val::F64(value), _) => Raw::Float64(value),
            (Val::Char(value), _) => Raw::Char(value),
            (Val::String(value), _) => Raw::String(value),
            (Val::Enum(name), _) => Raw::Enum(name),
            (Val::Flags(names), _) => Raw::Flags(names),
            (Val::List(values), Type::List(ty)) => {
                Raw::List(values.into_iter().map(|value| self.one(store, value, ty)).collect())
            }
            (Val::Tuple(values), Type::Tuple(types)) => Raw::Tuple(
                values.into_iter().zip(types.iter()).map(|(value, ty)| self.one(store, value, ty)).collect(),
            ),
            (Val::Record(values), Type::Record(fields)) => Raw::Record(
                values
                    .into_iter()
                    .zip(fields.iter())
                    .map(|((name, value), field)| (name, self.one(store, value, &field.ty)))
                    .collect(),
            ),
            (Val::Variant(name, payload), Type::Variant(_)) => {
                let payload_type = ty.case(&name).and_then(|case| case.ty.as_ref());
                let payload = self.boxed(store, payload, payload_type);
                Raw::Variant(name, payload)
            }
            (Val::Option(payload), Type::Option(ty)) => Raw::Option(self.boxed(store, payload, Some(ty))),
            (Val::Result(Ok(payload)), Type::Result(sides)) => {
                Raw::Result(Ok(self.boxed(store, payload, sides.ok.as_ref())))
            }
            (Val::Result(Err(payload)), Type::Result(sides)) => {
                Raw::Result(Err(self.boxed(store, payload, sides.err.as_ref())))
            }
            (Val::Handle(handle), Type::Own(resource) | Type::Borrow(resource)) => {
                match enter(store, handle, resource) {
                    Ok(raw) => raw,
                    Err(error) => self.fail(error),
                }
            }
            _ => self.fail(wasmtime::format_err!("a value of another type than was checked")),
        }
    }

    fn boxed<H: 'static>(
        &mut self,
        store: &mut StoreContextMut<'_, Context<H>>,
        payload: Option<Box<Val<H>>>,
        ty: Option<&Type>,
    ) -> Option<Box<Raw>> {
        let (payload, ty) = (payload?, ty?);
        Some(Box::new(self.one(store, *payload, ty)))
    }

    fn fail(&mut self, error: wasmtime::Error) -> Raw {
        self.error.get_or_insert(error);
        Raw::Bool(false)
    }
}

/// Puts a handle into the compartment. It enters as owned even where it is lent: the store ends with the call.
fn enter<H: 'static>(
    store: &mut StoreContextMut<'_, Context<H>>,
    handle: H,
    resource: &Resource,
) -> wasmtime::Result<Raw> {
    let context = store.data_mut();
    let number = match context.table.insert(handle) {
        Ok(number) => number,
        Err(handle) => {
            context.host.dropped(handle);
            return Err(wasmtime::Error::new(Stop::Handles));
        }
    };
    let any =
        ResourceDynamic::new_own(number, resource.id()).try_into_resource_any(store.as_context_mut())?;
    Ok(Raw::Resource(any))
}
