use std::borrow::Cow;
use std::sync::Arc;

use powerbox_captp::{Exo, Reply, Value};

use super::outside::Outside;

/// The power behind a `clock` slot.
pub struct ClockPower(Arc<dyn Outside>);

impl ClockPower {
    /// Makes one that tells this time.
    pub fn new(outside: Arc<dyn Outside>) -> Self {
        Self(outside)
    }
}

impl Exo for ClockPower {
    fn interface(&self) -> Cow<'_, str> {
        "Alleged: Clock".into()
    }

    fn methods(&self) -> &'static [&'static str] {
        &["now"]
    }

    fn call(self: &Arc<Self>, _: &str, _: Vec<Value>) -> Reply {
        Reply::value(Value::BigInt(self.0.now().into()))
    }
}
