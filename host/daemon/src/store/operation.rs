//! One operation on the database, from being asked for to being answered.

use tokio::sync::oneshot;

use super::{StoreError, Tables};

/// An operation, whatever its result is.
pub(super) trait Operation: Send {
    /// Does it, and tells whether to keep what it changed.
    fn run(&mut self, tables: Tables<'_>) -> bool;

    /// Answers it, once it is known whether all that it did or saw is on disk.
    fn finish(self: Box<Self>, committed: Result<(), StoreError>);
}

/// The operation that does `work`, and `then` makes the result known.
pub(super) struct Work<W, N, T, E> {
    work: Option<W>,
    then: N,
    answer: oneshot::Sender<Result<T, E>>,
    result: Option<Result<T, E>>,
}

impl<W, N, T, E> Work<W, N, T, E>
where
    W: FnOnce(Tables<'_>) -> Result<T, E> + Send + 'static,
    N: FnOnce(&T) + Send + 'static,
    T: Send + 'static,
    E: From<StoreError> + Send + 'static,
{
    pub(super) fn boxed(work: W, then: N, answer: oneshot::Sender<Result<T, E>>) -> Box<dyn Operation> {
        Box::new(Self { work: Some(work), then, answer, result: None })
    }
}

impl<W, N, T, E> Operation for Work<W, N, T, E>
where
    W: FnOnce(Tables<'_>) -> Result<T, E> + Send,
    N: FnOnce(&T) + Send,
    T: Send,
    E: From<StoreError> + Send,
{
    fn run(&mut self, tables: Tables<'_>) -> bool {
        let Some(work) = self.work.take() else { return false };
        self.result.insert(work(tables)).is_ok()
    }

    fn finish(self: Box<Self>, committed: Result<(), StoreError>) {
        let result = match (committed, self.result) {
            (Ok(()), Some(result)) => result,
            (Ok(()), None) => Err(StoreError::Stopped.into()),
            (Err(error), _) => Err(error.into()),
        };
        if let Ok(value) = &result {
            (self.then)(value);
        }
        // Whoever asked may have gone.
        _ = self.answer.send(result);
    }
}
