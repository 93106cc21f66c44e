use std::sync::Arc;

use super::{Crossed, Recorder, Ticket, Unrecorded, Way};
use crate::audit::{Audit, Decision, Entry, Redactor};

/// Records crossings in the audit log.
pub struct AuditRecorder {
    /// The log.
    pub audit: Arc<Audit>,
    /// For whom: the chain in words.
    pub principal: String,
    /// The agent whose names count; `None` is the person's own.
    pub agent: Option<String>,
    /// The [key](crate::grant::AgentKey) of that agent.
    pub agent_key: Option<String>,
    /// The plugin that calls.
    pub plugin: String,
    /// The slot or reference that is called through.
    pub slot: String,
}

impl AuditRecorder {
    fn write<T>(&self, crossing: &Crossed<'_>, write: impl FnOnce(&Entry<'_>) -> T) -> T {
        let (arguments, digest) = Redactor::default().arguments(crossing.arguments);
        let callback;
        let function = match crossing.way {
            Way::In => crossing.function,
            Way::Out => {
                callback = format!("callback {}", crossing.function);
                &callback
            }
        };
        write(&Entry {
            principal: &self.principal,
            agent: self.agent.as_deref(),
            agent_key: self.agent_key.as_deref(),
            plugin: &self.plugin,
            // A reference is not bound to one run of anything.
            invocation: 0,
            slot: &self.slot,
            grant: crossing.grant.id().map(crate::grant::GrantId::get),
            function,
            arguments: &arguments,
            digest: &digest,
        })
    }
}

impl Recorder for AuditRecorder {
    fn begin(&self, crossing: &Crossed<'_>) -> Result<Ticket, Unrecorded> {
        let unrecorded = |error: crate::audit::AuditError| Unrecorded(error.to_string());
        let number = self.write(crossing, |entry| self.audit.begin(entry)).map_err(unrecorded)?;
        let audit = Arc::clone(&self.audit);
        Ok(Box::new(move |outcome, micros| audit.end(number, outcome, micros).map_err(unrecorded)))
    }

    fn refused(&self, crossing: &Crossed<'_>, rule: &str) {
        if let Err(error) = self.write(crossing, |entry| self.audit.record(entry, Decision::Denied, rule, 0))
        {
            tracing::error!(%error, "a refused call is not recorded");
        }
    }
}
