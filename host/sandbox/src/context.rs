//! What a compartment's store carries: its host, its handles, and what it has used of its limits.

use std::sync::Arc;

use wasmtime::ResourceLimiter;

use crate::host::Host;
use crate::limits::Limits;
use crate::table::Table;
use crate::wit::Val;

/// The data of a compartment's store.
pub(crate) struct Context<H: 'static> {
    pub(crate) host: Arc<dyn Host<H>>,
    pub(crate) table: Table<H>,
    pub(crate) fence: Fence,
}

impl<H: 'static> Context<H> {
    pub(crate) fn new(host: Arc<dyn Host<H>>, limits: &Limits) -> Context<H> {
        Context { host, table: Table::new(), fence: Fence::new(limits) }
    }
}

/// However a compartment ends, the host gets back every handle that was still in it.
impl<H: 'static> Drop for Context<H> {
    fn drop(&mut self) {
        for handle in self.table.drain() {
            self.host.dropped(handle);
        }
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

/// The parameters of an invocation until they enter its compartment. If they never do, the host gets their handles
/// back, even when the invocation's future is dropped before it was first polled.
pub(crate) struct Params<H: 'static> {
    values: Vec<Val<H>>,
    host: Arc<dyn Host<H>>,
}

impl<H: 'static> Params<H> {
    pub(crate) fn new(values: Vec<Val<H>>, host: Arc<dyn Host<H>>) -> Params<H> {
        Params { values, host }
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

impl<H: 'static> Drop for Params<H> {
    fn drop(&mut self) {
        give_back(self.take(), &*self.host);
    }
}

/// Why the host's side ends an invocation; travels through wasmtime as an error of the guest's call.
#[derive(Clone, Debug, thiserror::Error)]
pub(crate) enum Stop {
    #[error("too much data in all calls together")]
    Output,
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
    output: u64,
    calls: u64,
    instances: usize,
    memories: usize,
    tables: usize,
    /// Space was asked for and refused, so that a trap soon after means just that.
    pub(crate) starved: bool,
}

struct Quota {
    used: usize,
    limit: usize,
}

impl Quota {
    /// Grows one part from `current` to `desired` if all parts together stay within the limit.
    fn grow(&mut self, current: usize, desired: usize) -> bool {
        let total = self.used.saturating_add(desired.saturating_sub(current));
        if total > self.limit {
            return false;
        }
        self.used = total;
        true
    }
}

impl Fence {
    fn new(limits: &Limits) -> Fence {
        Fence {
            memory: Quota { used: 0, limit: limits.memory },
            table_elements: Quota { used: 0, limit: limits.table_elements },
            output: limits.output_bytes,
            calls: limits.calls,
            instances: limits.instances,
            memories: limits.memories,
            tables: limits.tables,
            starved: false,
        }
    }

    /// Charges one call of an import.
    pub(crate) fn charge_call(&mut self) -> Result<(), Stop> {
        self.calls = self.calls.checked_sub(1).ok_or(Stop::Calls)?;
        Ok(())
    }

    /// Charges data that the guest passes out.
    pub(crate) fn charge_output(&mut self, bytes: u64) -> Result<(), Stop> {
        self.output = self.output.checked_sub(bytes).ok_or(Stop::Output)?;
        Ok(())
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
