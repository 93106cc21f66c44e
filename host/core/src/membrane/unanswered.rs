use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::{Context, Poll};

use powerbox_authority::grant::AgentKey;
use powerbox_authority::shares::{Part, Share};
use powerbox_captp::{Answer, CallError, Value};

use super::problem::Problem;

/// A plugin, and the agent that it acts for.
pub(crate) type Paced = Arc<(String, Option<AgentKey>)>;

/// The calls of a plugin that nobody has answered yet, in all its runs, those that ended included. A session has room
/// for so many and all plugins share it, so that one that fills it with what is never answered would stop the others.
#[derive(Debug)]
pub struct Unanswered {
    most: usize,
    count: AtomicUsize,
    part: Option<Part<Paced>>,
}

impl Unanswered {
    /// Room for so many, which nobody else shares.
    pub fn alone(most: usize) -> Self {
        Self { most, count: AtomicUsize::new(0), part: None }
    }

    /// Room for so many, of what others have a part in.
    pub(crate) fn new(most: usize, part: Part<Paced>) -> Self {
        Self { part: Some(part), ..Self::alone(most) }
    }

    /// Whether there is room for one more.
    pub(super) fn room(&self) -> Result<(), Problem> {
        let count = self.count.load(Ordering::Relaxed);
        if count < self.most && self.part.as_ref().is_none_or(Part::has_room) {
            return Ok(());
        }
        Err(Problem::Limit(format!("{count} calls of the plugin are unanswered")))
    }

    /// Counts a call that was made until it is answered, whoever waits for that.
    pub(super) fn until(self: &Arc<Self>, answered: Answer) -> Counted {
        self.count.fetch_add(1, Ordering::Relaxed);
        let share = self.part.as_ref().and_then(|part| part.take().ok());
        Counted(Some(answered), Arc::clone(self), share)
    }
}

/// An answer that is waited for. If it is dropped before, it goes on to be counted.
pub(super) struct Counted(Option<Answer>, Arc<Unanswered>, Option<Share<Paced>>);

impl Future for Counted {
    type Output = Result<Value, CallError>;

    fn poll(mut self: Pin<&mut Self>, task: &mut Context<'_>) -> Poll<Self::Output> {
        let Some(answered) = &mut self.0 else { return Poll::Ready(Err(CallError::Cancelled)) };
        let outcome = std::task::ready!(Pin::new(answered).poll(task));
        self.0 = None;
        self.2 = None;
        self.1.count.fetch_sub(1, Ordering::Relaxed);
        Poll::Ready(outcome)
    }
}

impl Drop for Counted {
    fn drop(&mut self) {
        let Some(answered) = self.0.take() else { return };
        let (of, share) = (Arc::clone(&self.1), self.2.take());
        match tokio::runtime::Handle::try_current() {
            Ok(runtime) if answered.outcome().is_none() => {
                runtime.spawn(async move {
                    // What it came to is nobody's concern any more.
                    let _ = answered.await;
                    drop(share);
                    of.count.fetch_sub(1, Ordering::Relaxed);
                });
            }
            // It is answered, or the session ends with the runtime.
            _ => {
                of.count.fetch_sub(1, Ordering::Relaxed);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use powerbox_captp::promise;

    use super::*;

    #[tokio::test]
    async fn a_call_counts_until_it_is_answered_even_if_nobody_waits() {
        let unanswered = Arc::new(Unanswered::alone(2));
        let (object, resolver) = promise();
        let waited = unanswered.until(object.settled());
        drop(unanswered.until(object.settled()));
        assert!(matches!(unanswered.room(), Err(Problem::Limit(_))));
        resolver.resolve(Value::Undefined);
        waited.await.unwrap();
        while unanswered.count.load(Ordering::Relaxed) > 0 {
            tokio::task::yield_now().await;
        }
        unanswered.room().unwrap();
    }
}
