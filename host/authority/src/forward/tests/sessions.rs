use std::slice;

use powerbox_captp::{Config, Object, Release, Session, Value, transport};

use super::support::{Granted, Memory, Thing, class, granted, object, references};
use crate::forward::Membrane;
use crate::grant::{Ending, Grant, Holder};

/// Serves an object in a session; gives it as the other end sees it.
async fn serve(object: Object) -> (Object, Session, Session) {
    let (near, far) = transport::pair();
    let near = Session::start(near, Config::new("near").release(Release::AtOnce));
    let far = Session::start(far, Config::new("far").release(Release::AtOnce).bootstrap(object));
    let Value::Capability(object) = near.bootstrap().await.unwrap() else { panic!() };
    (object, near, far)
}

#[tokio::test]
async fn messages_keep_their_order() {
    let granted = granted();
    for number in 0..200 {
        granted.outside.send("echo", vec![Value::Number(number.into())]);
    }
    granted.call("list", vec![]).await.unwrap();
    let order = |thing: &Thing| -> Vec<f64> {
        thing.seen.lock().unwrap().iter().filter_map(|(_, args)| args.first()?.as_f64()).collect()
    };
    let wanted: Vec<f64> = (0..200).map(f64::from).collect();
    assert_eq!(order(&granted.thing), wanted);
    // And through sessions on both sides of it.
    let thing = Thing::new();
    let (far, _one, _two) = serve(thing.object()).await;
    let grant = Grant::unlisted(Holder::reference("test"), "thing");
    let outside = Membrane::new(far, grant, None, std::sync::Arc::new(Memory::default())).outside();
    let (holders, _three, _four) = serve(outside).await;
    for number in 0..200 {
        holders.send("echo", vec![Value::Number(number.into())]);
    }
    holders.call("list", vec![]).await.unwrap();
    assert_eq!(order(&thing), wanted);
}

#[tokio::test]
async fn the_holder_may_be_at_the_other_end_of_a_session() {
    let granted = granted();
    let (holders, _near, _far) = serve(granted.outside.clone()).await;
    let child = object(holders.call("child", vec![]).await);
    assert_eq!(object(holders.call("child", vec![]).await), child);
    assert_eq!(object(child.call("me", vec![]).await), child);
    holders.call("keep", vec![child.clone().into()]).await.unwrap();
    assert_eq!(references(&granted.thing.last()[0]), [granted.thing.child().object()], "it came home");
    let callback = Thing::new();
    holders.call("pass", vec![callback.object().into()]).await.unwrap();
    assert_eq!(references(&callback.last()[0]), slice::from_ref(&child));
    assert_eq!(references(&callback.last()[1]), slice::from_ref(&holders));
    // Calls may be sent before the answer is there.
    assert_eq!(object(holders.call("child", vec![]).call("me", vec![]).await), child);
    granted.membrane.grant().end(Ending::Revoked);
    assert!(holders.call("echo", vec![]).await.is_err());
    assert!(child.call("echo", vec![]).await.is_err());
}

#[tokio::test]
async fn the_granted_object_may_be_at_the_other_end_of_a_session() {
    let thing = Thing::new();
    let (far, near, _far) = serve(thing.object()).await;
    let grant = Grant::unlisted(Holder::reference("test"), "thing");
    let recorder = std::sync::Arc::new(Memory::default());
    let membrane = Membrane::new(far.clone(), grant, None, recorder.clone());
    let granted = Granted { thing: thing.clone(), outside: membrane.outside(), membrane, recorder };
    assert_eq!(granted.object("me", vec![]).await, granted.outside, "it is known by its identity");
    let child = granted.object("child", vec![]).await;
    assert_ne!(child, object(far.call("child", vec![]).await));
    granted.call("keep", vec![child.clone().into()]).await.unwrap();
    assert_eq!(references(&thing.last()[0]), [thing.child().object()]);
    assert_eq!(granted.object("kept", vec![]).await, child);
    // A lost session is told as such.
    near.disconnect(None);
    assert!(class(granted.call("echo", vec![]).await).contains("closed"));
    // What was lost is nobody's any more.
    drop(child);
    assert_eq!(granted.tables(), (1, 0, 0));
}

#[tokio::test]
async fn a_holder_whose_session_ends_leaves_a_line() {
    let granted = granted();
    let (holders, near, far) = serve(granted.outside.clone()).await;
    let answer = holders.call("slow", vec![]);
    while granted.thing.asked().is_empty() {
        tokio::task::yield_now().await;
    }
    near.disconnect(None);
    assert!(answer.await.is_err());
    far.closed().await;
    while granted.recorder.lines()[0].1 == "unfinished" {
        tokio::task::yield_now().await;
    }
    assert!(granted.recorder.lines()[0].1.starts_with("abandoned"));
}
