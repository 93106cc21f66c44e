use crate::{ErrorValue, Record, Tagged, Text, Value};

/// A value of which some parts have been exchanged.
enum Frame<C, D> {
    List { left: std::vec::IntoIter<Value<C>>, done: Vec<Value<D>> },
    Record { left: std::vec::IntoIter<(Text, Value<C>)>, key: Text, done: Vec<(Text, Value<D>)> },
    Tagged { tag: Text },
    Cause { error: Box<ErrorValue<D>>, errors: Option<Vec<Value<C>>> },
    Errors { error: Box<ErrorValue<D>>, left: std::vec::IntoIter<Value<C>>, done: Vec<Value<D>> },
}

/// What is to be done next.
enum Step<C, D> {
    Enter(Frame<C, D>, Value<C>),
    Done(Value<D>),
}

impl<C> Value<C> {
    /// Exchanges each capability, in the order in which an encoder would meet them.
    ///
    /// This goes without recursion, so it takes as little stack for a deep value as for a flat one.
    pub fn try_map<D, E>(self, f: &mut impl FnMut(C) -> Result<D, E>) -> Result<Value<D>, E> {
        let mut frames = Vec::new();
        let mut next = self;
        loop {
            let mut value = match open(next, f)? {
                Step::Done(value) => value,
                Step::Enter(frame, inner) => {
                    frames.push(frame);
                    next = inner;
                    continue;
                }
            };
            next = loop {
                let Some(frame) = frames.pop() else { return Ok(value) };
                match resume(frame, value) {
                    Step::Done(complete) => value = complete,
                    Step::Enter(frame, inner) => {
                        frames.push(frame);
                        break inner;
                    }
                }
            };
        }
    }
}

fn open<C, D, E>(value: Value<C>, f: &mut impl FnMut(C) -> Result<D, E>) -> Result<Step<C, D>, E> {
    Ok(Step::Done(match value {
        Value::Undefined => Value::Undefined,
        Value::Null => Value::Null,
        Value::Bool(value) => Value::Bool(value),
        Value::Number(value) => Value::Number(value),
        Value::BigInt(value) => Value::BigInt(value),
        Value::Text(value) => Value::Text(value),
        Value::Symbol(value) => Value::Symbol(value),
        Value::Capability(capability) => Value::Capability(f(capability)?),
        Value::List(items) => {
            let done = Vec::with_capacity(items.len());
            return Ok(list(items.into_iter(), done));
        }
        Value::Record(entries) => {
            let done = Vec::with_capacity(entries.len());
            return Ok(record(entries.into_iter(), done));
        }
        Value::Tagged(tagged) => return Ok(Step::Enter(Frame::Tagged { tag: tagged.tag }, tagged.payload)),
        Value::Error(error) => {
            let ErrorValue { name, message, error_id, cause, errors } = *error;
            let error = Box::new(ErrorValue { name, message, error_id, cause: None, errors: None });
            return Ok(match cause {
                Some(cause) => Step::Enter(Frame::Cause { error, errors }, cause),
                None => parts(error, errors),
            });
        }
    }))
}

fn resume<C, D>(frame: Frame<C, D>, value: Value<D>) -> Step<C, D> {
    match frame {
        Frame::List { left, mut done } => {
            done.push(value);
            list(left, done)
        }
        Frame::Record { left, key, mut done } => {
            done.push((key, value));
            record(left, done)
        }
        Frame::Tagged { tag } => Step::Done(Value::Tagged(Box::new(Tagged { tag, payload: value }))),
        Frame::Cause { mut error, errors } => {
            error.cause = Some(value);
            parts(error, errors)
        }
        Frame::Errors { error, left, mut done } => {
            done.push(value);
            more_parts(error, left, done)
        }
    }
}

fn list<C, D>(mut left: std::vec::IntoIter<Value<C>>, done: Vec<Value<D>>) -> Step<C, D> {
    match left.next() {
        Some(item) => Step::Enter(Frame::List { left, done }, item),
        None => Step::Done(Value::List(done)),
    }
}

fn record<C, D>(mut left: std::vec::IntoIter<(Text, Value<C>)>, done: Vec<(Text, Value<D>)>) -> Step<C, D> {
    match left.next() {
        Some((key, value)) => Step::Enter(Frame::Record { left, key, done }, value),
        None => Step::Done(Value::Record(done.into_iter().collect::<Record<D>>())),
    }
}

fn parts<C, D>(error: Box<ErrorValue<D>>, errors: Option<Vec<Value<C>>>) -> Step<C, D> {
    match errors {
        Some(errors) => more_parts(error, errors.into_iter(), Vec::new()),
        None => Step::Done(Value::Error(error)),
    }
}

fn more_parts<C, D>(
    mut error: Box<ErrorValue<D>>,
    mut left: std::vec::IntoIter<Value<C>>,
    done: Vec<Value<D>>,
) -> Step<C, D> {
    match left.next() {
        Some(part) => Step::Enter(Frame::Errors { error, left, done }, part),
        None => {
            error.errors = Some(done);
            Step::Done(Value::Error(error))
        }
    }
}
