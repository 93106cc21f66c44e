//! Linking a component by its own declared types.
//!
//! Nothing here knows any interface. Each function that a component imports becomes a call of [`Host::call`](crate::Host::call) with the
//! function's description; each resource becomes a number in the compartment's table of handles.

use std::sync::Arc;

use wasmtime::component::{Accessor, InstancePre, Linker, ResourceType, Val as Raw};
use wasmtime::{AsContextMut, StoreContextMut};

use crate::context::{Context, Stop, give_back};
use crate::convert;
use crate::engine::Engine;
use crate::host::{HostError, Reply};
use crate::reflect::Surface;
use crate::wit::{Function, Val};

/// Links everything a component imports to whatever host an invocation brings.
pub(crate) fn link<H: Clone + Send + Sync + 'static>(
    engine: &Engine,
    compiled: &wasmtime::component::Component,
    surface: &Surface,
) -> wasmtime::Result<InstancePre<Context<H>>> {
    let mut linker = Linker::<Context<H>>::new(engine.wasmtime());
    for (import, resources) in surface.imports.iter().zip(&surface.resources) {
        let mut instance = linker.instance(&import.slot)?;
        for (name, id) in resources {
            instance.resource(name, ResourceType::host_dynamic(*id), |mut store, number| {
                let context: &mut Context<H> = store.data_mut();
                if let Some(handle) = context.table.remove(number) {
                    context.host.dropped(handle);
                }
                Ok(())
            })?;
        }
        for function in &import.functions {
            let shared = Arc::clone(function);
            if function.is_async {
                instance.func_new_concurrent(&function.name, move |accessor, _, params, results| {
                    let function = Arc::clone(&shared);
                    Box::pin(async move { call_async(accessor, &function, params, results).await })
                })?;
            } else {
                // On a fiber of its own, so that a host that has to wait can; the guest waits with it.
                instance.func_new_async(&function.name, move |store, _, params, results| {
                    let function = Arc::clone(&shared);
                    Box::new(async move { call_plain(store, &function, params, results).await })
                })?;
            }
        }
    }
    linker.instantiate_pre(compiled)
}

async fn call_async<H: Clone + Send + Sync + 'static>(
    accessor: &Accessor<Context<H>>,
    function: &Arc<Function>,
    params: &[Raw],
    results: &mut [Raw],
) -> wasmtime::Result<()> {
    let reply = accessor.with(|mut access| start(&mut access.as_context_mut(), function, params))?;
    let answer = match reply {
        Reply::Now(answer) => answer,
        Reply::Later(answer) => answer.await,
    };
    accessor.with(|mut access| finish(&mut access.as_context_mut(), function, answer, results))
}

async fn call_plain<H: Clone + Send + Sync + 'static>(
    mut store: StoreContextMut<'_, Context<H>>,
    function: &Arc<Function>,
    params: &[Raw],
    results: &mut [Raw],
) -> wasmtime::Result<()> {
    let answer = match start(&mut store, function, params)? {
        Reply::Now(answer) => answer,
        Reply::Later(answer) => answer.await,
    };
    finish(&mut store, function, answer, results)
}

/// Takes the arguments out and asks the host.
fn start<H: Clone + Send + Sync + 'static>(
    store: &mut StoreContextMut<'_, Context<H>>,
    function: &Arc<Function>,
    params: &[Raw],
) -> wasmtime::Result<Reply<H>> {
    store.data_mut().fence.charge_call().map_err(wasmtime::Error::new)?;
    let values = convert::lift(store, params.iter().cloned())?;
    Ok(store.data().host.call(function, values))
}

/// Puts the answer in, if it has the right type.
fn finish<H: 'static>(
    store: &mut StoreContextMut<'_, Context<H>>,
    function: &Arc<Function>,
    answer: Result<Option<Val<H>>, HostError>,
    results: &mut [Raw],
) -> wasmtime::Result<()> {
    let stop = |error: HostError| wasmtime::Error::new(Stop::Host { function: function.to_string(), error });
    let answer = answer.map_err(stop)?;
    match (answer, &function.result, results) {
        (None, None, []) => Ok(()),
        (Some(value), Some(ty), [result]) => {
            if let Err(mismatch) = value.check(ty) {
                give_back([value], &*store.data().host);
                return Err(stop(HostError::caused_by("the host's answer has the wrong type", mismatch)));
            }
            if let Some(raw) = convert::lower(store, [(value, ty)])?.pop() {
                *result = raw;
            }
            Ok(())
        }
        (answer, ..) => {
            give_back(answer, &*store.data().host);
            Err(stop(HostError::new(
                "the host's answer has a value where none is expected, or none where one is",
            )))
        }
    }
}
