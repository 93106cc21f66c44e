//! One invocation: a store made, called and dropped.

use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context as TaskContext, Poll};
use std::time::Duration;

use rustix::time::{ClockId, clock_gettime};
use wasmtime::component::{ComponentExportIndex, InstancePre, Val as Raw};
use wasmtime::{AsContextMut, Store, UpdateDeadline};

use crate::context::{Context, Params};
use crate::convert;
use crate::engine::Engine;
use crate::failure::{Failure, classify};
use crate::limits::Limits;
use crate::wit::{Function, Val};

/// Makes a compartment, calls the export in it, and drops it.
pub(crate) async fn invoke<H: Clone + Send + Sync + 'static>(
    engine: &Engine,
    pre: &InstancePre<Context<H>>,
    export: &Arc<Function>,
    index: &ComponentExportIndex,
    params: Params<H>,
    limits: &Limits,
) -> Result<Option<Val<H>>, Failure> {
    check(export, params.values())?;
    let _ticking = engine.tick().map_err(|error| Failure::Start(error.to_string()))?;
    let mut store = Store::new(engine.wasmtime(), Context::new(Arc::clone(params.host()), limits));
    store.limiter(|context| &mut context.fence);
    store.set_hostcall_fuel(limits.call_bytes);
    store.set_max_component_handles(limits.handles);
    // Running code yields once a tick, so that others run, and so that the meter below is read.
    store.set_epoch_deadline(1);
    store.epoch_deadline_callback(|_| Ok(UpdateDeadline::YieldCustom(1, Box::pin(tokio::task::yield_now()))));

    let call = Metered {
        used: Duration::ZERO,
        limit: limits.cpu,
        call: call(&mut store, pre, export, index, params),
    };
    let ended = match limits.wall {
        None => call.await,
        Some(limit) => match tokio::time::timeout(limit, call).await {
            Ok(ended) => ended,
            Err(_) => return Err(Failure::OutOfTime { limit }),
        },
    };
    match ended {
        Some(Ok(result)) => Ok(result),
        Some(Err(error)) => Err(classify(error, store.data(), limits)),
        None => Err(Failure::OutOfCpu { limit: limits.cpu }),
    }
}

async fn call<H: Clone + Send + Sync + 'static>(
    store: &mut Store<Context<H>>,
    pre: &InstancePre<Context<H>>,
    export: &Function,
    index: &ComponentExportIndex,
    mut params: Params<H>,
) -> wasmtime::Result<Option<Val<H>>> {
    let types = export.params.iter().map(|param| &param.ty);
    let raw = convert::lower(&mut store.as_context_mut(), params.take().into_iter().zip(types))?;
    let instance = pre.instantiate_async(&mut *store).await?;
    let function = instance
        .get_func(&mut *store, index)
        .ok_or_else(|| wasmtime::format_err!("the export {export} is missing"))?;
    let mut results = [Raw::Bool(false)];
    match &export.result {
        Some(_) => {
            function.call_async(&mut *store, &raw, &mut results).await?;
            Ok(convert::lift(&mut store.as_context_mut(), results)?.pop())
        }
        None => {
            function.call_async(&mut *store, &raw, &mut []).await?;
            Ok(None)
        }
    }
}

fn check<H>(export: &Function, params: &[Val<H>]) -> Result<(), Failure> {
    let rejected = |reason: String| Failure::Rejected { function: export.to_string(), reason };
    if params.len() != export.params.len() {
        return Err(rejected(format!("it takes {} and got {}", export.params.len(), params.len())));
    }
    for (value, param) in params.iter().zip(export.params.iter()) {
        value.check(&param.ty).map_err(|mismatch| rejected(format!("{}: {mismatch}", param.name)))?;
    }
    Ok(())
}

/// Measures the processor time of a future, poll by poll, and gives up on it above the limit.
///
/// Time spent waiting is between polls and costs nothing, so a command may follow something for days. Guests yield
/// every tick, so the limit is overrun by that at most.
struct Metered<F> {
    call: F,
    used: Duration,
    limit: Duration,
}

impl<F: Future> Future for Metered<F> {
    type Output = Option<F::Output>;

    fn poll(self: Pin<&mut Self>, task: &mut TaskContext<'_>) -> Poll<Option<F::Output>> {
        // SAFETY: `call` is pinned with `self`: it is never moved out of it, `Metered` has no `Drop` of its own, and is
        // `Unpin` only if `F` is. The other fields are never pinned.
        let this = unsafe { self.get_unchecked_mut() };
        let call = unsafe { Pin::new_unchecked(&mut this.call) };
        let before = processor_time();
        if let Poll::Ready(output) = call.poll(task) {
            return Poll::Ready(Some(output));
        }
        this.used += processor_time().saturating_sub(before);
        if this.used >= this.limit { Poll::Ready(None) } else { Poll::Pending }
    }
}

/// The processor time that this thread has used.
fn processor_time() -> Duration {
    let time = clock_gettime(ClockId::ThreadCPUTime);
    Duration::new(u64::try_from(time.tv_sec).unwrap_or(0), u32::try_from(time.tv_nsec).unwrap_or(0))
}
