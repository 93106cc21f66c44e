//! What a compartment's store carries: its host, its handles, and what it has used of its limits.

use std::sync::Arc;

use wasmtime::ResourceLimiter;

use crate::host::Host;
use crate::limits::Limits;
use crate::meter::Meter;
use crate::table::Table;
use crate::usage::Usage;
use crate::wit::Val;

/// The data of a compartment's store.
pub(crate) struct Context<H: 'static> {
    pub(crate) host: Arc<dyn Host<H>>,
    pub(crate) table: Table<H>,
    pub(crate) fence: Fence,
    meter: Arc<Meter>,
}

impl<H: 'static> Context<H> {
    pub(crate) fn new(host: Arc<dyn Host<H>>, limits: &Limits, meter: Arc<Meter>) -> Context<H> {
        Context { host, table: Table::new(), fence: Fence::new(limits), meter }
    }

    fn usage(&self) -> Usage {
        let (cpu, wall) = self.meter.read();
        Usage {
            cpu,
            wall,
            calls: self.fence.calls.used,
            output_bytes: self.fence.output.used,
            input_bytes: self.fence.input.used,
            memory: self.fence.memory.used,
        }
    }
}

/// However a compartment ends, the host gets back every handle that was still in it, and is told what it used.
impl<H: 'static> Drop for Context<H> {
    fn drop(&mut self) {
        for handle in self.table.drain() {
            self.host.dropped(handle);
        }
        self.host.finished(&self.usage());
    }
}

/// Gives the handles in values to the host as dropped, for values that go nowhere.
pub(crate) fn give_back<H: 'static>(values: impl IntoIterator<Item = Val<H>>, host: &dyn Host<H>) {
    values.into_iter().for_each(|value| give_back_one(value, host));
}

fn give_back_one<H: 'static>(value: Val<H>, host: &dyn Host<H>) {
    match value {
        Val::Handle(handle) => host.dropped(handle),
        Val::List(values) | Val::Tuple(values) => {
            values.into_iter().for_each(|value| give_back_one(value, host));
        }
        Val::Record(fields) => fields.into_iter().for_each(|(_, value)| give_back_one(value, host)),
        Val::Variant(_, Some(payload))
        | Val::Option(Some(payload))
        | Val::Result(Ok(Some(payload)) | Err(Some(payload))) => give_back_one(*payload, host),
        _ => {}
    }
}

/// Values on their way into a compartment or out of it. If they never arrive, the host gets their handles back, even
/// where the future that carries them is dropped before it was first polled.
pub(crate) struct Held<H: 'static> {
    values: Vec<Val<H>>,
    host: Arc<dyn Host<H>>,
}

impl<H: 'static> Held<H> {
    pub(crate) fn new(values: Vec<Val<H>>, host: Arc<dyn Host<H>>) -> Held<H> {
        Held { values, host }
    }

    pub(crate) fn values(&self) -> &[Val<H>] {
        &self.values
    }

    pub(crate) fn host(&self) -> &Arc<dyn Host<H>> {
        &self.host
    }

    pub(crate) fn take(&mut self) -> Vec<Val<H>> {
        std::mem::take(&mut self.values)
    }
}

impl<H: 'static> Drop for Held<H> {
    fn drop(&mut self) {
        give_back(self.take(), &*self.host);
    }
}

/// Why the host's side ends an invocation; travels through wasmtime as an error of the guest's call.
#[derive(Clone, Debug, thiserror::Error)]
pub(crate) enum Stop {
    #[error("too much data in all calls together")]
    Output,
    #[error("too much data in all answers together")]
    Input,
    #[error("too many calls")]
    Calls,
    #[error("too many handles")]
    Handles,
    #[error("{function}: {error}")]
    Host { function: String, error: crate::host::HostError },
}

/// Counts against the limits of one invocation.
pub(crate) struct Fence {
    memory: Quota,
    table_elements: Quota,
    output: Quota,
    input: Quota,
    calls: Quota,
    instances: usize,
    memories: usize,
    tables: usize,
    /// Space was asked for and refused, so that a trap soon after means just that.
    pub(crate) starved: bool,
}

struct Quota {
    used: u64,
    limit: u64,
}

impl Quota {
    fn of(limit: impl TryInto<u64>) -> Quota {
        Quota { used: 0, limit: limit.try_into().unwrap_or(u64::MAX) }
    }

    /// Uses more, unless that is above the limit.
    fn charge(&mut self, more: u64) -> bool {
        let total = self.used.saturating_add(more);
        let granted = total <= self.limit;
        if granted {
            self.used = total;
        }
        granted
    }

    /// Grows one part from `current` to `desired` if all parts together stay within the limit.
    fn grow(&mut self, current: usize, desired: usize) -> bool {
        self.charge(desired.saturating_sub(current).try_into().unwrap_or(u64::MAX))
    }
}

impl Fence {
    fn new(limits: &Limits) -> Fence {
        Fence {
            memory: Quota::of(limits.memory),
            table_elements: Quota::of(limits.table_elements),
            output: Quota::of(limits.output_bytes),
            input: Quota::of(limits.input_bytes),
            calls: Quota::of(limits.calls),
            instances: limits.instances,
            memories: limits.memories,
            tables: limits.tables,
            starved: false,
        }
    }

    /// Charges one call of an import.
    pub(crate) fn charge_call(&mut self) -> Result<(), Stop> {
        if self.calls.charge(1) { Ok(()) } else { Err(Stop::Calls) }
    }

    /// Charges data that the guest passes out.
    pub(crate) fn charge_output(&mut self, bytes: u64) -> Result<(), Stop> {
        if self.output.charge(bytes) { Ok(()) } else { Err(Stop::Output) }
    }

    /// Whether so much data could enter.
    pub(crate) fn has_room(&self, bytes: u64) -> bool {
        self.input.used.saturating_add(bytes) <= self.input.limit
    }

    /// Charges data that enters.
    pub(crate) fn charge_input(&mut self, bytes: u64) -> Result<(), Stop> {
        if self.input.charge(bytes) { Ok(()) } else { Err(Stop::Input) }
    }
}

impl ResourceLimiter for Fence {
    fn memory_growing(
        &mut self,
        current: usize,
        desired: usize,
        _maximum: Option<usize>,
    ) -> wasmtime::Result<bool> {
        let granted = self.memory.grow(current, desired);
        self.starved |= !granted;
        Ok(granted)
    }

    fn memory_grow_failed(&mut self, _error: wasmtime::Error) -> wasmtime::Result<()> {
        // The system refused what we granted: the same to the guest.
        self.starved = true;
        Ok(())
    }

    fn table_growing(
        &mut self,
        current: usize,
        desired: usize,
        _maximum: Option<usize>,
    ) -> wasmtime::Result<bool> {
        let granted = self.table_elements.grow(current, desired);
        self.starved |= !granted;
        Ok(granted)
    }

    fn instances(&self) -> usize {
        self.instances
    }

    fn tables(&self) -> usize {
        self.tables
    }

    fn memories(&self) -> usize {
        self.memories
    }
}
