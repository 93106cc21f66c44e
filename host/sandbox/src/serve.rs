//! Answering calls into a running compartment.

use std::future::poll_fn;
use std::pin::pin;
use std::sync::Arc;
use std::task::Poll;

use futures_util::stream::{FuturesUnordered, Stream};
use wasmtime::AsContextMut;
use wasmtime::component::{Accessor, AccessorTask, ComponentExportIndex, Instance, Val as Raw};

use crate::calls::{Calls, Request};
use crate::compartment::check;
use crate::component::Component;
use crate::context::{Context, Held};
use crate::convert::{self, Load};
use crate::failure::Failure;
use crate::host::Host;
use crate::limits::Limits;
use crate::wit::{Function, Val};

/// A task in a store's own event loop, beside the call that the invocation is for. While it lives, a guest that
/// waits is not taken for stuck: a call may still come and bring what it waits for.
pub(crate) struct Serve<H: 'static> {
    pub(crate) calls: Calls<H>,
    pub(crate) component: Component<H>,
    pub(crate) instance: Instance,
    pub(crate) host: Arc<dyn Host<H>>,
    pub(crate) limits: Limits,
}

impl<H: Clone + Send + Sync + 'static> AccessorTask<Context<H>> for Serve<H> {
    /// Ends when no call is left and none can come. An error is the end of the whole store, so it is the
    /// invocation's; refusals are not errors.
    async fn run(self, accessor: &Accessor<Context<H>>) -> wasmtime::Result<()> {
        let mut running = pin!(FuturesUnordered::new());
        poll_fn(|task| {
            let closed = loop {
                match self.calls.poll_next(task) {
                    Poll::Ready(Some(request)) if request.is_abandoned() => {
                        let mut request = request;
                        drop(request.take(&self.host));
                    }
                    Poll::Ready(Some(request)) => running.push(self.answer(accessor, request)),
                    Poll::Ready(None) => break true,
                    Poll::Pending => break false,
                }
            };
            loop {
                match running.as_mut().poll_next(task) {
                    Poll::Ready(Some(Ok(()))) => {}
                    Poll::Ready(Some(Err(error))) => return Poll::Ready(Err(error)),
                    Poll::Ready(None) if closed => return Poll::Ready(Ok(())),
                    Poll::Ready(None) | Poll::Pending => return Poll::Pending,
                }
            }
        })
        .await
    }
}

impl<H: Clone + Send + Sync + 'static> Serve<H> {
    async fn answer(&self, accessor: &Accessor<Context<H>>, mut request: Request<H>) -> wasmtime::Result<()> {
        let params = request.take(&self.host);
        let outcome = match self.component.export(&request.interface, &request.function) {
            Err(failure) => Err(failure),
            Ok((export, index)) => match self.admit(accessor, export, &params) {
                Err(refused) => Err(refused),
                Ok(()) => Ok(self.call(accessor, export, index, params).await?),
            },
        };
        request.answer(outcome, &*self.host);
        Ok(())
    }

    /// Checks everything about a call that could end the invocation, since it is not the plugin that made it.
    fn admit(
        &self,
        accessor: &Accessor<Context<H>>,
        export: &Function,
        params: &Held<H>,
    ) -> Result<(), Failure> {
        check(export, params.values())?;
        let load = Load::of(params.values());
        if load.bytes > self.limits.call_bytes as u64 {
            return Err(Failure::TooMuchData("one call or result"));
        }
        accessor.with(|mut access| {
            let context = access.get();
            if !context.fence.has_room(load.bytes) {
                return Err(Failure::TooMuchData("all its input together"));
            }
            if context.table.len().saturating_add(load.handles) > self.limits.handles {
                return Err(Failure::TooManyHandles { limit: self.limits.handles });
            }
            Ok(())
        })
    }

    async fn call(
        &self,
        accessor: &Accessor<Context<H>>,
        export: &Function,
        index: &ComponentExportIndex,
        mut params: Held<H>,
    ) -> wasmtime::Result<Option<Val<H>>> {
        let (function, raw) = accessor.with(|mut access| -> wasmtime::Result<_> {
            let mut store = access.as_context_mut();
            let types = export.params.iter().map(|param| &param.ty);
            let raw = convert::lower(&mut store, params.take().into_iter().zip(types))?;
            let function = self.instance.get_func(&mut store, index);
            Ok((function, raw))
        })?;
        let function = function.ok_or_else(|| wasmtime::format_err!("the export {export} is missing"))?;
        let mut results = match export.result {
            Some(_) => vec![Raw::Bool(false)],
            None => Vec::new(),
        };
        function.call_concurrent(accessor, &raw, &mut results).await?;
        let mut values = accessor.with(|mut access| convert::lift(&mut access.as_context_mut(), results))?;
        Ok(values.pop())
    }
}
