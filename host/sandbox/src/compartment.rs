//! One invocation: a store made, called and dropped.

use std::sync::Arc;

use wasmtime::component::{ComponentExportIndex, Val as Raw};
use wasmtime::{AsContextMut, Store, UpdateDeadline};

use crate::calls::{Calls, Outcome};
use crate::component::Component;
use crate::context::{Context, Held};
use crate::convert;
use crate::failure::{Failure, classify};
use crate::limits::Limits;
use crate::measured::{Halt, Measured};
use crate::meter::Meter;
use crate::serve::Serve;
use crate::slow_lane::Paced;
use crate::wit::{Function, Val};

/// What is called in a fresh compartment.
pub(crate) struct Invocation<H: 'static> {
    pub(crate) component: Component<H>,
    pub(crate) export: Arc<Function>,
    pub(crate) index: ComponentExportIndex,
    pub(crate) params: Held<H>,
    pub(crate) calls: Option<Calls<H>>,
    pub(crate) limits: Limits,
}

impl<H: Clone + Send + Sync + 'static> Invocation<H> {
    /// Makes a compartment, calls the export in it, and drops it.
    pub(crate) async fn run(self) -> Outcome<H> {
        check(&self.export, self.params.values())?;
        let engine = self.component.engine().clone();
        engine.ticker().map_err(|error| Failure::Start(error.to_string()))?;
        let (cpu, wall) = (self.limits.cpu, self.limits.wall);
        let meter = Arc::new(Meter::new());
        let run = Paced::new(Measured::new(engine, Arc::clone(&meter), cpu, self.enter(meter)));
        let ended = match wall {
            None => run.await,
            Some(limit) => match tokio::time::timeout(limit, run).await {
                Ok(ended) => ended,
                Err(_) => return Err(Failure::OutOfTime { limit }),
            },
        };
        match ended {
            Ok(result) => Ok(result?.take().pop()),
            Err(Halt::OutOfCpu) => Err(Failure::OutOfCpu { limit: cpu }),
            Err(Halt::Lost) => Err(Failure::Ended),
        }
    }

    async fn enter(self, meter: Arc<Meter>) -> Result<Held<H>, Failure> {
        let host = Arc::clone(self.params.host());
        let limits = self.limits.clone();
        let context = Context::new(Arc::clone(&host), &limits, Arc::clone(&meter));
        let mut store = Store::new(self.component.engine().wasmtime(), context);
        store.limiter(|context| &mut context.fence);
        store.set_hostcall_fuel(limits.call_bytes);
        store.set_max_component_handles(limits.handles);
        // Running code yields once a tick, so that others run, and so that the meter is read.
        store.set_epoch_deadline(1);
        store.epoch_deadline_callback(move |_| {
            let meter = Arc::clone(&meter);
            let others = async move {
                meter.yields();
                tokio::task::yield_now().await;
            };
            Ok(UpdateDeadline::YieldCustom(1, Box::pin(others)))
        });
        match self.call(&mut store).await {
            Ok(values) => Ok(Held::new(values, host)),
            Err(error) => Err(classify(error, store.data(), &limits)),
        }
    }

    async fn call(mut self, store: &mut Store<Context<H>>) -> wasmtime::Result<Vec<Val<H>>> {
        let types = self.export.params.iter().map(|param| &param.ty);
        let raw = convert::lower(&mut store.as_context_mut(), self.params.take().into_iter().zip(types))?;
        let instance = self.component.instance().instantiate_async(&mut *store).await?;
        let export = self.export;
        let function = instance
            .get_func(&mut *store, self.index)
            .ok_or_else(|| wasmtime::format_err!("the export {export} is missing"))?;
        if let Some(calls) = self.calls {
            let host = Arc::clone(self.params.host());
            let (component, limits) = (self.component, self.limits);
            store.spawn(Serve { calls, component, instance, host, limits })?;
        }
        let mut results = [Raw::Bool(false)];
        let results = match &export.result {
            Some(_) => &mut results[..],
            None => &mut [],
        };
        function.call_async(&mut *store, &raw, results).await?;
        convert::lift(&mut store.as_context_mut(), results.iter().cloned())
    }
}

/// Checks parameters against what an export declares.
pub(crate) fn check<H>(export: &Function, params: &[Val<H>]) -> Result<(), Failure> {
    let rejected = |reason: String| Failure::Rejected { function: export.to_string(), reason };
    if params.len() != export.params.len() {
        return Err(rejected(format!("it takes {} and got {}", export.params.len(), params.len())));
    }
    for (value, param) in params.iter().zip(export.params.iter()) {
        value.check(&param.ty).map_err(|mismatch| rejected(format!("{}: {mismatch}", param.name)))?;
    }
    Ok(())
}
