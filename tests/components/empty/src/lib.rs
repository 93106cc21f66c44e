//! A plugin that does nothing, for measuring what a command costs.

use powerbox_sdk::{Problem, command};

powerbox_sdk::group! {
    /// Nothing
    empty: [empty]
}

/// Do nothing
#[command(effect = reads)]
async fn empty() -> Result<(), Problem> {
    Ok(())
}
