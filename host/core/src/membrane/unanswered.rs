use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::{Context, Poll};

use powerbox_captp::{Answer, CallError, Value};

use super::problem::Problem;

/// The calls of a plugin that nobody has answered yet, in all its runs, those that ended included. A session has room
/// for so many and all plugins share it, so that one that fills it with what is never answered would stop the others.
#[derive(Debug)]
pub struct Unanswered {
    most: usize,
    count: AtomicUsize,
}

impl Unanswered {
    /// Room for so many.
    pub fn new(most: usize) -> Self {
        Self { most, count: AtomicUsize::new(0) }
    }

    /// Whether there is room for one more.
    pub(super) fn room(&self) -> Result<(), Problem> {
        if self.count.load(Ordering::Relaxed) < self.most {
            return Ok(());
        }
        Err(Problem::Limit(format!("{} calls of the plugin are unanswered", self.most)))
    }

    /// Counts a call that was made until it is answered, whoever waits for that.
    pub(super) fn until(self: &Arc<Self>, answered: Answer) -> Counted {
        self.count.fetch_add(1, Ordering::Relaxed);
        Counted(Some(answered), Arc::clone(self))
    }
}

/// An answer that is waited for. If it is dropped before, it goes on to be counted.
pub(super) struct Counted(Option<Answer>, Arc<Unanswered>);

impl Future for Counted {
    type Output = Result<Value, CallError>;

    fn poll(mut self: Pin<&mut Self>, task: &mut Context<'_>) -> Poll<Self::Output> {
        let Some(answered) = &mut self.0 else { return Poll::Ready(Err(CallError::Cancelled)) };
        let outcome = std::task::ready!(Pin::new(answered).poll(task));
        self.0 = None;
        self.1.count.fetch_sub(1, Ordering::Relaxed);
        Poll::Ready(outcome)
    }
}

impl Drop for Counted {
    fn drop(&mut self) {
        let Some(answered) = self.0.take() else { return };
        let of = Arc::clone(&self.1);
        match tokio::runtime::Handle::try_current() {
            Ok(runtime) if answered.outcome().is_none() => {
                runtime.spawn(async move {
                    // What it came to is nobody's concern any more.
                    let _ = answered.await;
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
        let unanswered = Arc::new(Unanswered::new(2));
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
