use powerbox_captp::{Object, Value};

use super::support::{Thing, granted, object, references};
use crate::forward::Forwarder;

#[tokio::test]
async fn whatever_comes_back_is_a_forwarder_wherever_it_lies() {
    let granted = granted();
    let child = granted.thing.child().object();
    assert_ne!(granted.outside, granted.thing.object());
    let nested = granted.call("nested", vec![]).await.unwrap();
    let found = references(&nested);
    assert_eq!(found.len(), 3);
    for reference in &found {
        assert_ne!(*reference, child);
        assert!(reference.downcast::<Forwarder>().is_some());
        assert_eq!(*reference, found[0], "one object is one forwarder");
    }
    // And so on, from each that came back.
    let grandchild = object(found[0].call("child", vec![]).await);
    assert!(grandchild.downcast::<Forwarder>().is_some());
    assert_ne!(grandchild, granted.thing.child().child().object());
    assert_eq!(granted.thing.child().asked(), ["child"]);
}

#[tokio::test]
async fn the_granted_object_itself_is_the_same_forwarder_however_it_comes_back() {
    let granted = granted();
    assert_eq!(granted.object("me", vec![]).await, granted.outside);
    assert_eq!(granted.membrane.outside(), granted.outside);
    let child = granted.object("child", vec![]).await;
    granted.thing.child().object().call("keep", vec![granted.thing.object().into()]).await.unwrap();
    assert_eq!(object(child.call("kept", vec![]).await), granted.outside);
    assert!(granted.outside.downcast::<Forwarder>().unwrap().is_root());
    assert!(!child.downcast::<Forwarder>().unwrap().is_root());
}

#[tokio::test]
async fn a_forwarder_that_comes_home_is_the_very_object() {
    let granted = granted();
    let child = granted.object("child", vec![]).await;
    let deep = Value::list([Value::record([("it", Value::from(child.clone()))])]);
    granted.call("keep", vec![deep]).await.unwrap();
    assert_eq!(references(&granted.thing.last()[0]), [granted.thing.child().object()]);
    assert_eq!(references(&granted.call("kept", vec![]).await.unwrap()), [child]);
}

#[tokio::test]
async fn an_object_of_the_holder_is_one_inward_forwarder_and_comes_back_as_itself() {
    let granted = granted();
    let own = Thing::new().object();
    granted.call("keep", vec![own.clone().into()]).await.unwrap();
    let inward = references(&granted.thing.last()[0]).remove(0);
    assert_ne!(inward, own);
    assert_eq!(granted.object("echo", vec![own.clone().into()]).await, own);
    assert_eq!(references(&granted.thing.last()[0]), [inward], "the same each time");
    assert_eq!(granted.object("kept", vec![]).await, own);
}

#[tokio::test]
async fn a_callback_gets_forwarders_only_and_its_answer_arrives_wrapped() {
    let granted = granted();
    let callback = Thing::new();
    let own = Thing::new().object();
    let args = vec![callback.object().into(), own.clone().into()];
    let answered = granted.call("pass", args).await.unwrap();
    let (child, root) = (granted.thing.child().object(), granted.thing.object());
    let got: Vec<Object> = callback.last().iter().flat_map(references).collect();
    assert_eq!(got.len(), 3);
    assert!(!got.contains(&child) && !got.contains(&root), "nothing reaches the holder unwrapped");
    assert_eq!(got[1], granted.outside, "the granted object is the limited one");
    assert_eq!(got[2], own, "what is his is his own again");
    // It answered with what it got, which came home on the way in and was wrapped again on the way out.
    assert_eq!(references(&answered), got);
}

#[tokio::test]
async fn what_is_passed_to_a_callback_by_promise_or_answer_is_wrapped_too() {
    let granted = granted();
    let callback = Thing::new();
    granted.call("keep", vec![callback.object().into()]).await.unwrap();
    let inward = references(&granted.thing.last()[0]).remove(0);
    // The inner side calls again later, by itself.
    let answer = inward.call("take", vec![granted.thing.child().object().call("me", vec![]).object().into()]);
    answer.await.unwrap();
    let promise = references(&callback.last()[0]).remove(0);
    assert!(promise.is_promise());
    assert_eq!(object(promise.settled().await), granted.object("child", vec![]).await);
}

#[tokio::test]
async fn two_membranes_around_one_object_are_two_worlds() {
    let one = granted();
    let two = granted();
    let child = one.object("child", vec![]).await;
    two.call("keep", vec![child.clone().into()]).await.unwrap();
    let inward = references(&two.thing.last()[0]).remove(0);
    assert_ne!(inward, one.thing.child().object(), "passed on it is still limited by its own grant");
    assert_ne!(inward, child);
    assert_eq!(two.object("kept", vec![]).await, child);
    one.membrane.grant().end(crate::grant::Ending::Revoked);
    assert!(inward.call("echo", vec![]).await.is_err());
}

#[tokio::test]
async fn the_tables_hold_nothing_that_nobody_holds() {
    let granted = granted();
    assert_eq!(granted.tables(), (1, 0, 0));
    for _ in 0..500 {
        let fresh = Thing::new();
        // An object of the holder's goes in, and one of the inner side comes out.
        granted.call("echo", vec![fresh.object().into()]).await.unwrap();
        granted.thing.object().call("keep", vec![fresh.object().into()]).await.unwrap();
        granted.object("kept", vec![]).await;
    }
    granted.thing.seen.lock().unwrap().clear();
    granted.thing.object().call("keep", vec![Value::Null]).await.unwrap();
    assert_eq!(granted.tables(), (1, 0, 0));
    // What is held is remembered.
    let child = granted.object("child", vec![]).await;
    assert_eq!(granted.tables(), (2, 0, 0));
    drop(child);
    assert_eq!(granted.tables(), (1, 0, 0));
}
