use std::borrow::Cow;
use std::sync::Arc;
use std::time::{Duration, Instant};

use powerbox_authority::grant::Grant;
use powerbox_captp::{CallError, Exo, Object, Reply, Value};

/// Something to wait for: `wasi:io/poll.pollable`.
pub(super) struct Pollable {
    when: When,
    /// With which waiting ends.
    grant: Option<Arc<Grant>>,
}

/// How many can be waited for at once: more than a compartment holds handles.
const MOST: usize = 10_000;

#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum When {
    Now,
    At(Instant),
    /// Later than a clock can say.
    Never,
}

impl Pollable {
    pub(super) fn ready() -> Self {
        Self { when: When::Now, grant: None }
    }

    /// One that is ready in a while.
    pub(super) fn after(wait: Duration, grant: Arc<Grant>) -> Self {
        let when = match Instant::now().checked_add(wait) {
            _ if wait.is_zero() => When::Now,
            Some(at) => When::At(at),
            None => When::Never,
        };
        Self { when, grant: Some(grant) }
    }
}

impl When {
    fn is_there(self) -> bool {
        match self {
            Self::Now => true,
            Self::At(at) => at <= Instant::now(),
            Self::Never => false,
        }
    }

    /// Waits for it, but no longer than the grant lives: nothing of a run outlives it.
    async fn wait(self, grant: Option<Arc<Grant>>) -> Result<(), CallError> {
        let comes = async {
            match self {
                Self::Now => {}
                Self::At(at) => tokio::time::sleep_until(at.into()).await,
                Self::Never => std::future::pending().await,
            }
        };
        let Some(grant) = grant else {
            comes.await;
            return Ok(());
        };
        tokio::select! {
            biased;
            _ = grant.ended() => Err(CallError::Cancelled),
            () = comes => Ok(()),
        }
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
        let ready = self.when.is_there();
        match method {
            "ready" => Reply::value(Value::Bool(ready)),
            _ if ready => Reply::undefined(),
            _ => {
                let (when, grant) = (self.when, self.grant.clone());
                Reply::pending(async move {
                    when.wait(grant).await?;
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
    if list.len() > MOST {
        return Reply::error(CallError::Limit(format!("one call waits for at most {MOST} pollables").into()));
    }
    let objects: Vec<Object> = list.iter().filter_map(Value::as_capability).cloned().collect();
    let known: Option<Vec<&Pollable>> = objects.iter().map(Object::downcast::<Pollable>).collect();
    let Some(known) = known.filter(|known| !known.is_empty()) else {
        return Reply::error(CallError::Invalid("only pollables of this WASI can be waited for".to_owned()));
    };
    let times: Vec<When> = known.iter().map(|pollable| pollable.when).collect();
    let first = times.iter().copied().min().unwrap_or(When::Now);
    if times.iter().any(|when| when.is_there()) {
        return Reply::value(ready(&times));
    }
    let grant = known.iter().find_map(|pollable| pollable.grant.clone());
    Reply::pending(async move {
        first.wait(grant).await?;
        Ok(ready(&times))
    })
}

/// The places of those that are ready.
fn ready(times: &[When]) -> Value {
    let places = times.iter().enumerate().filter(|(_, when)| when.is_there());
    #[allow(clippy::cast_precision_loss, reason = "there are far fewer than 2^53")]
    Value::List(places.map(|(place, _)| Value::Number(place as f64)).collect())
}
