use rusqlite::{TransactionBehavior, params};

use super::changes::sql_time;
use super::{Ledger, LedgerError};

impl Ledger {
    /// Writes down how often the grants that live in this process were used, and when last. For people to read; no
    /// decision depends on it, so it is done now and then and at the end.
    ///
    /// # Errors
    ///
    /// If it cannot be written.
    pub fn note_use(&self) -> Result<(), LedgerError> {
        let grants: Vec<_> =
            self.live().iter().filter_map(|(id, grant)| Some((*id, grant.upgrade()?.take_use()?))).collect();
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
