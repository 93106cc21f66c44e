use std::sync::{Arc, PoisonError};

use rusqlite::{TransactionBehavior, params};

use super::changes::sql_time;
use super::{Ledger, LedgerError};
use crate::grant::{GrantId, Uses};

impl Ledger {
    /// Where uses of a grant are counted: they outlive the live grant until they are written down.
    pub(crate) fn uses_of(&self, id: GrantId) -> Arc<Uses> {
        let mut uses = self.0.uses.lock().unwrap_or_else(PoisonError::into_inner);
        Arc::clone(uses.entry(id).or_default())
    }

    /// Writes down how often the grants that live in this process were used, and when last. For people to read; no
    /// decision depends on it, so it is done now and then and at the end.
    ///
    /// # Errors
    ///
    /// If it cannot be written.
    pub fn note_use(&self) -> Result<(), LedgerError> {
        let mut uses = self.0.uses.lock().unwrap_or_else(PoisonError::into_inner);
        let grants: Vec<_> = uses.iter().filter_map(|(id, uses)| Some((*id, uses.take()?))).collect();
        // Grants that nobody holds any more cannot be used; should one come back, it counts from zero.
        uses.retain(|_, uses| Arc::strong_count(uses) > 1);
        drop(uses);
        if grants.is_empty() {
            return Ok(());
        }
        let mut connection = self.connection();
        connection.pragma_update(None, "synchronous", "NORMAL")?;
        let written = (|| {
            let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
            for (id, (calls, last)) in grants {
                transaction.execute(
                    "UPDATE grants SET calls = calls + ?2, last_call = max(coalesce(last_call, 0), ?3) WHERE id = ?1",
                    params![id.0, sql_time(calls), sql_time(last)],
                )?;
            }
            transaction.commit()
        })();
        connection.pragma_update(None, "synchronous", "FULL")?;
        Ok(written?)
    }
}
