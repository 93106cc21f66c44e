use std::borrow::Cow;
use std::sync::Arc;

use powerbox_captp::{CallError, Exo, Reply, Value};

use crate::bridge::from_json;
use crate::registry::Registry;

/// The power behind a `registry` slot: tells which commands there are.
pub struct RegistryPower(Arc<Registry>);

impl RegistryPower {
    /// Makes one that tells of a registry as it is now.
    pub fn new(registry: Arc<Registry>) -> Self {
        Self(registry)
    }
}

impl Exo for RegistryPower {
    fn interface(&self) -> Cow<'_, str> {
        "Alleged: Registry".into()
    }

    fn methods(&self) -> &'static [&'static str] {
        &["groups"]
    }

    fn call(self: &Arc<Self>, _: &str, _: Vec<Value>) -> Reply {
        // The JSON form of these types is the bridge's form of their WIT types.
        match serde_json::to_value(self.0.groups()) {
            Ok(json) => Reply::value(from_json(&json)),
            Err(error) => Reply::error(CallError::error(error.to_string())),
        }
    }
}
