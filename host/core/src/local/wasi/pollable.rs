use std::borrow::Cow;
use std::sync::Arc;
use std::time::{Duration, Instant};

use powerbox_captp::{CallError, Exo, Object, Reply, Value};

/// Something to wait for: `wasi:io/poll.pollable`.
pub(super) struct Pollable(When);

#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum When {
    Now,
    At(Instant),
    /// Later than a clock can say.
    Never,
}

impl Pollable {
    pub(super) fn ready() -> Self {
        Self(When::Now)
    }

    pub(super) fn after(wait: Duration) -> Self {
        Self(match Instant::now().checked_add(wait) {
            _ if wait.is_zero() => When::Now,
            Some(at) => When::At(at),
            None => When::Never,
        })
    }

    fn is_ready(&self) -> bool {
        match self.0 {
            When::Now => true,
            When::At(at) => at <= Instant::now(),
            When::Never => false,
        }
    }
}

async fn wait(until: When) {
    match until {
        When::Now => {}
        When::At(at) => tokio::time::sleep_until(at.into()).await,
        When::Never => std::future::pending().await,
    }
}

impl Exo for Pollable {
    fn interface(&self) -> Cow<'_, str> {
        "Alleged: Pollable".into()
    }

    fn methods(&self) -> &'static [&'static str] {
        &["ready", "block"]
    }

    fn call(self: &Arc<Self>, method: &str, _: Vec<Value>) -> Reply {
        let ready = self.is_ready();
        match method {
            "ready" => Reply::value(Value::Bool(ready)),
            _ if ready => Reply::undefined(),
            _ => {
                let until = self.0;
                Reply::pending(async move {
                    wait(until).await;
                    Ok(Value::Undefined)
                })
            }
        }
    }
}

/// Waits until one or more of these are ready, and says which.
pub(super) fn poll(args: &[Value]) -> Reply {
    let Some([Value::List(list)]) = args.get(..1) else {
        return Reply::error(CallError::Invalid("there is no list of pollables".to_owned()));
    };
    let objects: Vec<Object> = list.iter().filter_map(Value::as_capability).cloned().collect();
    let known: Option<Vec<&Pollable>> = objects.iter().map(Object::downcast::<Pollable>).collect();
    let Some(known) = known.filter(|known| !known.is_empty()) else {
        return Reply::error(CallError::Invalid("only pollables of this WASI can be waited for".to_owned()));
    };
    let times: Vec<When> = known.iter().map(|pollable| pollable.0).collect();
    let first = times.iter().copied().min().unwrap_or(When::Now);
    if known.iter().any(|pollable| pollable.is_ready()) {
        return Reply::value(ready(&times));
    }
    Reply::pending(async move {
        wait(first).await;
        Ok(ready(&times))
    })
}

/// The places of those that are ready.
fn ready(times: &[When]) -> Value {
    let places = times.iter().enumerate().filter(|(_, when)| Pollable(**when).is_ready());
    #[allow(clippy::cast_precision_loss, reason = "a compartment holds far fewer handles than 2^53")]
    Value::List(places.map(|(place, _)| Value::Number(place as f64)).collect())
}
