//! Promises that are resolved to each other: they end with an error, wherever the ring goes through.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "this is a test, helpers included"
)]

use std::sync::{Arc, Barrier, Mutex};
use std::time::Duration;

use powerbox_captp::{CallError, Config, Object, Reply, Resolver, Session, Value, promise, transport};

/// How long anything may take before it counts as silent for ever.
const PATIENCE: Duration = Duration::from_secs(20);

async fn is_cycle(promise: &Object) {
    let error = promise.settled().within(PATIENCE).await.unwrap_err();
    let (class, message) = error.thrown_error().expect("an error that is thrown");
    assert_eq!(class, "TypeError");
    assert!(message.contains("promise cycle"), "{message}");
}

fn object(value: Value) -> Object {
    match value {
        Value::Capability(object) => object,
        other => panic!("{other:?} is no object"),
    }
}

/// A function that settles a promise with its argument.
fn settler(resolver: Resolver) -> Object {
    let resolver = Mutex::new(Some(resolver));
    Object::function("Alleged: settler", move |args| {
        if let Some(resolver) = resolver.lock().unwrap().take() {
            resolver.resolve(args.into_iter().next().unwrap_or(Value::Undefined));
        }
        Reply::undefined()
    })
}

/// Two sessions, and the function of the second that gives a new promise and what settles it.
async fn sessions() -> (Object, Session, Session) {
    let (near, far) = transport::pair();
    let make = Object::function("Alleged: make", |_| {
        let (promise, resolver) = promise();
        Reply::value(Value::List(vec![promise.into(), settler(resolver).into()]))
    });
    let a = Session::start(near, Config::new("a"));
    let b = Session::start(far, Config::new("b").bootstrap(make));
    (object(a.bootstrap().await.unwrap()), a, b)
}

/// A promise of the other side, and what settles it there.
async fn far_promise(make: &Object) -> (Object, Object) {
    let Value::List(made) = make.apply(vec![]).await.unwrap() else { panic!("no list") };
    let mut made = made.into_iter().map(object);
    (made.next().unwrap(), made.next().unwrap())
}

#[tokio::test]
async fn a_ring_of_promises_of_one_side_is_an_error_for_each() {
    for length in [1, 2, 3, 100] {
        let (promises, resolvers): (Vec<_>, Vec<_>) = (0..length).map(|_| promise()).unzip();
        let call = promises[0].call("anything", vec![]);
        for (number, resolver) in resolvers.into_iter().enumerate() {
            resolver.resolve(promises[(number + 1) % length].clone().into());
        }
        for promise in &promises {
            is_cycle(promise).await;
        }
        assert!(call.within(PATIENCE).await.unwrap_err().to_string().contains("promise cycle"));
    }
}

/// The control: as long a chain, whose end is no part of it.
#[tokio::test]
async fn a_chain_that_ends_settles_with_its_end() {
    for backwards in [false, true] {
        let (promises, resolvers): (Vec<_>, Vec<_>) = (0..2_000).map(|_| promise()).unzip();
        let (end, resolver) = promise();
        let mut links: Vec<_> = resolvers.into_iter().enumerate().collect();
        if backwards {
            links.reverse();
        }
        for (number, link) in links {
            link.resolve(promises.get(number + 1).unwrap_or(&end).clone().into());
        }
        resolver.resolve("done".into());
        for promise in [&promises[0], &promises[1_000], &end] {
            assert_eq!(promise.settled().within(PATIENCE).await.unwrap(), "done".into());
        }
    }
}

/// Nobody else holds what is in the middle of a chain; it is kept for as long as somebody waits behind it.
#[tokio::test]
async fn the_middle_of_a_chain_is_kept_for_those_behind_it() {
    let (end, resolver) = promise();
    let waiting: Vec<_> = (0..100)
        .map(|_| {
            let (middle, to_end) = promise();
            let (first, to_middle) = promise();
            to_middle.resolve(middle.into());
            to_end.resolve(end.clone().into());
            first
        })
        .collect();
    resolver.resolve("done".into());
    for promise in waiting {
        assert_eq!(promise.settled().within(PATIENCE).await.unwrap(), "done".into());
    }
}

#[tokio::test]
async fn a_ring_through_the_answer_of_a_call_is_an_error() {
    let (open, resolver) = promise();
    let inner = open.clone();
    let returns = Object::function("Alleged: returns", move |_| Reply::Answer(inner.settled()));
    let answer = returns.apply(vec![]);
    resolver.resolve(answer.object().into());
    is_cycle(&open).await;
    assert!(answer.within(PATIENCE).await.is_err());
}

/// Whichever thread comes last closes the ring, and finds out.
#[test]
fn a_ring_closed_by_two_threads_at_once_is_an_error() {
    for _ in 0..500 {
        let ((one, to_two), (two, to_one)) = (promise(), promise());
        let start = Arc::new(Barrier::new(2));
        let close = |resolver: Resolver, other: &Object| {
            let (other, start) = (other.clone(), start.clone());
            std::thread::spawn(move || {
                start.wait();
                resolver.resolve(other.into());
            })
        };
        for thread in [close(to_two, &two), close(to_one, &one)] {
            thread.join().unwrap();
        }
        for promise in [one, two] {
            assert!(matches!(promise.settled().outcome(), Some(Err(CallError::Thrown(_)))));
        }
    }
}

#[tokio::test]
async fn a_ring_across_two_sides_is_an_error_on_both() {
    // The other side learns of the promise of this side before that is resolved, and after.
    for early in [true, false] {
        let (make, _a, _b) = sessions().await;
        let (far, settle_far) = far_promise(&make).await;
        let (near, resolver) = promise();
        if early {
            settle_far.apply(vec![near.clone().into()]).await.unwrap();
            resolver.resolve(far.clone().into());
        } else {
            resolver.resolve(far.clone().into());
            settle_far.apply(vec![near.clone().into()]).await.unwrap();
        }
        is_cycle(&near).await;
        is_cycle(&far).await;
    }
}

#[tokio::test]
async fn a_ring_that_crosses_four_times_is_an_error() {
    let (make, _a, _b) = sessions().await;
    let (far, settle_far) = far_promise(&make).await;
    let (other, settle_other) = far_promise(&make).await;
    let ((near, to_far), (next, to_other)) = (promise(), promise());
    // The other side never hears of `next`, which lies between two that it knows.
    let (between, to_next) = promise();
    settle_far.apply(vec![between.clone().into()]).await.unwrap();
    settle_other.apply(vec![near.clone().into()]).await.unwrap();
    to_far.resolve(far.clone().into());
    to_next.resolve(next.clone().into());
    to_other.resolve(other.clone().into());
    for promise in [&near, &next, &between, &far, &other] {
        is_cycle(promise).await;
    }
}

/// The control: promises of two sides that follow each other and end somewhere.
#[tokio::test]
async fn a_chain_across_two_sides_settles_with_its_end() {
    let (make, ..) = sessions().await;
    let (far, settle_far) = far_promise(&make).await;
    let (end, settle_end) = far_promise(&make).await;
    let (near, resolver) = promise();
    settle_far.apply(vec![near.clone().into()]).await.unwrap();
    let call = far.get("length");
    resolver.resolve(end.clone().into());
    settle_end.apply(vec!["done".into()]).await.unwrap();
    for promise in [&near, &far, &end] {
        assert_eq!(promise.settled().within(PATIENCE).await.unwrap(), "done".into());
    }
    assert_eq!(call.within(PATIENCE).await.unwrap(), 4.0.into());
}

/// A ring through three programs, the middle one of which has two sessions.
#[tokio::test]
async fn a_ring_through_three_programs_is_an_error() {
    let (left, _a, _b) = sessions().await;
    let (right, _c, _d) = sessions().await;
    let (in_left, settle_left) = far_promise(&left).await;
    let (in_right, settle_right) = far_promise(&right).await;
    settle_left.apply(vec![in_right.clone().into()]).await.unwrap();
    settle_right.apply(vec![in_left.clone().into()]).await.unwrap();
    is_cycle(&in_left).await;
    is_cycle(&in_right).await;
}
