use std::slice;
use std::sync::Arc;

use powerbox_captp::{CallError, Object, Value};

use super::support::{
    Granted, Memory, Thing, books, class, granted, is_pending, object, open, references, thrown,
};
use crate::forward::{Forwarder, Membrane};
use crate::grant::Ending;

/// Has the granted thing answer with a list that holds a promise, as the holder sees it.
async fn promised(granted: &Granted, promise: Value) -> Object {
    granted.thing.object().call("keep", vec![Value::list([promise])]).await.unwrap();
    references(&granted.call("kept", vec![]).await.unwrap()).remove(0)
}

#[tokio::test]
async fn a_promise_comes_as_a_promise_for_a_forwarder() {
    let granted = granted();
    let (promise, resolver) = open();
    let outside = promised(&granted, promise.clone()).await;
    assert!(outside.is_promise());
    assert_ne!(Value::Capability(outside.clone()), promise);
    assert_eq!(promised(&granted, promise).await, outside, "the same while it is open");
    resolver.resolve(granted.thing.child().object().into());
    let settled = object(outside.settled().await);
    assert_eq!(settled, granted.object("child", vec![]).await);
}

#[tokio::test]
async fn a_call_of_a_promise_is_judged_by_what_it_settles_to() {
    let books = books();
    let (granted, _) = books.granted(&["functions kept,keep,echo,list", "arg list.0 = \"ok\""]);
    // To the granted object itself: its rules hold.
    let (promise, resolver) = open();
    let outside = promised(&granted, promise).await;
    let (wrong, right) =
        (outside.call("list", vec![Value::text("no")]), outside.call("list", vec![Value::text("ok")]));
    let unlisted = outside.call("writeText", vec![]);
    assert!(is_pending(&right).await, "nothing is decided before it settles");
    resolver.resolve(granted.thing.object().into());
    assert_eq!(class(right.await), "answered");
    assert_eq!(class(wrong.await), "Denied");
    assert_eq!(class(unlisted.await), "Denied");
    assert_eq!(object(outside.settled().await), granted.outside);
    // To another object: an `arg` rule cannot be judged there, others can.
    let (promise, resolver) = open();
    let outside = promised(&granted, promise).await;
    resolver.resolve(granted.thing.child().object().into());
    assert_eq!(class(outside.call("echo", vec![]).await), "answered");
    assert_eq!(class(outside.call("list", vec![Value::text("ok")]).await), "Denied");
}

#[tokio::test]
async fn a_promise_of_the_holder_that_settles_to_the_granted_object_does_not_free_it() {
    let books = books();
    let (granted, _) = books.granted(&["functions echo,keep,kept"]);
    // The holder passes a promise in, has it settle to his forwarder, and gets it back.
    let (promise, resolver) = open();
    granted.call("keep", vec![Value::list([promise.clone()])]).await.unwrap();
    let inward = references(&granted.thing.last()[0]).remove(0);
    let back = references(&granted.call("kept", vec![]).await.unwrap()).remove(0);
    assert_eq!(Value::Capability(back), promise, "what is his is his own again");
    resolver.resolve(granted.outside.clone().into());
    assert_eq!(object(inward.settled().await), granted.thing.object(), "inside it is the very object");
    let again = references(&granted.call("kept", vec![]).await.unwrap()).remove(0);
    assert_eq!(class(again.call("list", vec![]).await), "Denied");
    assert_eq!(object(again.settled().await), granted.outside);
}

#[tokio::test]
async fn a_promise_of_the_holder_settles_inside_to_an_inward_forwarder() {
    let granted = granted();
    let (promise, resolver) = open();
    granted.call("keep", vec![promise]).await.unwrap();
    let inward = references(&granted.thing.last()[0]).remove(0);
    let own = Thing::new();
    let answer = inward.call("take", vec![granted.thing.child().object().into()]);
    resolver.resolve(own.object().into());
    answer.await.unwrap();
    let got = references(&own.last()[0]).remove(0);
    assert!(got.downcast::<Forwarder>().is_some(), "the queued call came through the membrane");
    assert_ne!(object(inward.settled().await), own.object());
}

#[tokio::test]
async fn a_rejection_and_a_thrown_error_come_with_forwarders_in_them() {
    let granted = granted();
    let child = granted.object("child", vec![]).await;
    let own = Thing::new().object();
    let Err(CallError::Thrown(error)) = granted.call("fail", vec![own.clone().into()]).await else {
        panic!()
    };
    assert_eq!(references(&error), [own]);
    let Err(CallError::Thrown(error)) = granted.call("fail", vec![child.clone().into()]).await else {
        panic!()
    };
    assert_eq!(references(&error), slice::from_ref(&child), "no reference is laundered through an error");
    let (promise, resolver) = open();
    let outside = promised(&granted, promise).await;
    resolver.reject(thrown(granted.thing.child().object().into()));
    let Err(CallError::Thrown(error)) = outside.settled().await else { panic!() };
    assert_eq!(references(&error), [child]);
}

#[tokio::test]
async fn a_promise_that_is_open_when_the_grant_ends_is_revoked() {
    let granted = granted();
    let (promise, resolver) = open();
    let outside = promised(&granted, promise).await;
    let call = outside.call("echo", vec![]);
    granted.membrane.grant().end(Ending::Revoked);
    assert_eq!(class(outside.settled().await), "Revoked");
    assert_eq!(class(call.await), "Revoked");
    resolver.resolve(granted.thing.object().into());
    assert_eq!(class(outside.settled().await), "Revoked");
    assert_eq!(granted.thing.asked(), ["keep", "kept"]);
}

#[tokio::test]
async fn a_granted_promise_is_judged_as_what_it_settles_to() {
    let thing = Thing::new();
    let (promise, resolver) = open();
    let promise = promise.as_capability().unwrap().clone();
    let books = books();
    let grant = books.ledger.grant(books.add(&["arg list.0 = 1"]).id).unwrap();
    let methods: Arc<[String]> = ["me".to_owned(), "list".to_owned()].into();
    let membrane = Membrane::new(promise, grant, Some(methods), Arc::new(Memory::default()));
    let outside = membrane.outside();
    let (allowed, denied) = (outside.call("me", vec![]), outside.call("echo", vec![]));
    let (right, wrong) =
        (outside.call("list", vec![Value::Number(1.0)]), outside.call("list", vec![Value::Number(2.0)]));
    resolver.resolve(thing.object().into());
    assert_eq!(class(denied.await), "Denied");
    assert_eq!((class(right.await), class(wrong.await)), ("answered".to_owned(), "Denied".to_owned()));
    let root = object(allowed.await);
    assert!(root.downcast::<Forwarder>().unwrap().is_root());
    assert_eq!(class(root.call("echo", vec![]).await), "Denied");
}

#[tokio::test]
async fn promises_that_lie_in_one_another_end_somewhere() {
    let granted = granted();
    // Each lies in what the other settles to, and one in itself.
    let ((one, first), (two, second), (itself, third)) = (open(), open(), open());
    first.resolve(Value::list([two.clone()]));
    second.resolve(Value::list([one.clone()]));
    third.resolve(Value::list([itself.clone()]));
    let own = promised(&granted, itself).await;
    let inner = references(&own.settled().await.unwrap()).remove(0);
    assert_eq!(inner, own);
    let mut at = promised(&granted, one).await;
    let mut depth = 0;
    while let Ok(value) = at.settled().await {
        at = references(&value).remove(0);
        depth += 1;
        assert!(depth < 1000);
    }
    assert!(depth >= 10, "some nesting is fine");
    assert!(granted.tables().2 <= 1, "and none of them is remembered");
}

#[tokio::test]
async fn settled_promises_are_forgotten() {
    let granted = granted();
    for _ in 0..100 {
        let (promise, resolver) = open();
        let outside = promised(&granted, promise).await;
        resolver.resolve(Value::Null);
        outside.settled().await.unwrap();
    }
    tokio::task::yield_now().await;
    assert_eq!(granted.tables().2, 0);
}
