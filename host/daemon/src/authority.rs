use std::fmt;
use std::sync::Arc;

use powerbox_authority::audit::Audit;
use powerbox_authority::ledger::Ledger;

/// By what the daemon decides on calls of attenuated references, and where it records them.
#[derive(Clone)]
pub struct Authority {
    /// The user's grants.
    pub ledger: Ledger,
    /// The record of what crossed.
    pub audit: Arc<Audit>,
}

impl fmt::Debug for Authority {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Authority").field(&self.ledger).finish()
    }
}
