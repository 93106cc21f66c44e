use std::borrow::Cow;
use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use powerbox_captp::{CallError, Exo, Reply, Value};

use super::outside::Outside;

/// The most bytes that one call gives.
const MOST: usize = 65_536;

/// The power behind a `random` slot.
pub struct RandomPower(Arc<dyn Outside>);

impl RandomPower {
    /// Makes one that gives this randomness.
    pub fn new(outside: Arc<dyn Outside>) -> Self {
        Self(outside)
    }
}

impl Exo for RandomPower {
    fn interface(&self) -> Cow<'_, str> {
        "Alleged: Random".into()
    }

    fn methods(&self) -> &'static [&'static str] {
        &["bytes"]
    }

    fn call(self: &Arc<Self>, _: &str, args: Vec<Value>) -> Reply {
        let count = match args.first() {
            Some(Value::Number(count)) if (0.0..=MOST as f64).contains(count) => Some(*count as usize),
            _ => None,
        };
        Reply::Ready(random_bytes(&*self.0, count))
    }
}

/// So many random bytes, as base64.
pub(super) fn random_bytes(outside: &dyn Outside, count: Option<usize>) -> Result<Value, CallError> {
    let Some(count) = count.filter(|count| *count <= MOST) else {
        return Err(CallError::Limit(format!("one call gives at most {MOST} random bytes").into()));
    };
    let mut bytes = vec![0; count];
    fill(outside, &mut bytes)?;
    Ok(Value::text(STANDARD.encode(bytes)))
}

/// Fills a place with random bytes.
pub(super) fn fill(outside: &dyn Outside, bytes: &mut [u8]) -> Result<(), CallError> {
    outside.random(bytes).map_err(|reason| CallError::error(format!("there is no randomness: {reason}")))
}
