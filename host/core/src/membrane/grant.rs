use std::sync::Arc;

use tokio::sync::watch;

/// The right of one plugin to one object, for as long as it is not taken back.
///
/// Every handle that came through a grant holds it, so that revoking it ends them all: calls that follow are refused
/// and calls under way end with `revoked`. A revoked grant never comes to life again.
#[derive(Debug)]
pub struct Grant {
    holder: String,
    what: String,
    revoked: watch::Sender<bool>,
}

impl Grant {
    /// Makes a grant to the plugin `holder` of what the slot or parameter `what` is bound to.
    pub fn new(holder: impl Into<String>, what: impl Into<String>) -> Arc<Self> {
        Arc::new(Self { holder: holder.into(), what: what.into(), revoked: watch::Sender::new(false) })
    }

    /// The plugin that holds it.
    pub fn holder(&self) -> &str {
        &self.holder
    }

    /// The slot or parameter that it stands for.
    pub fn what(&self) -> &str {
        &self.what
    }

    /// Takes it back, for good.
    pub fn revoke(&self) {
        self.revoked.send_replace(true);
    }

    /// Whether it was taken back.
    pub fn is_revoked(&self) -> bool {
        *self.revoked.borrow()
    }

    /// Waits until it is taken back.
    pub async fn revoked(&self) {
        // The sender lives as long as `self`, so waiting cannot fail.
        let _ = self.revoked.subscribe().wait_for(|revoked| *revoked).await;
    }
}
