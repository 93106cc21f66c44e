use powerbox_captp::Value;

use super::support::{NOW, Thing, around, books, class, error, granted, is_pending, references};
use crate::clock::Clock;
use crate::grant::Ending;
use crate::ledger::Ledger;

#[tokio::test]
async fn a_call_after_the_end_is_refused_and_never_arrives() {
    let books = books();
    let (granted, id) = books.granted(&[]);
    let child = granted.object("child", vec![]).await;
    assert_eq!(class(child.call("echo", vec![]).await), "answered");
    books.ledger.revoke(id).unwrap();
    let (class_, message) = error(granted.call("echo", vec![]).await);
    assert_eq!((class_.as_str(), message.as_str()), ("Revoked", "the grant 1 was revoked"));
    assert_eq!(class(child.call("echo", vec![]).await), "Revoked", "with all that came of it");
    assert_eq!(class(granted.outside.apply(vec![]).await), "Revoked");
    assert_eq!(class(granted.outside.get("x").await), "Revoked");
    assert_eq!(granted.thing.asked(), ["child"]);
    assert_eq!(granted.thing.child().asked(), ["echo"]);
}

#[tokio::test]
async fn a_call_under_way_ends_with_revoked_whatever_the_object_does() {
    let books = books();
    let (granted, id) = books.granted(&[]);
    let one = granted.outside.call("slow", vec![]);
    assert!(is_pending(&one).await);
    granted.thing.go.notify_one();
    assert_eq!(one.await.unwrap(), Value::text("at last"), "this is what it does otherwise");
    let two = granted.outside.call("slow", vec![]);
    assert!(is_pending(&two).await);
    books.ledger.revoke(id).unwrap();
    assert_eq!(class(two.clone().await), "Revoked");
    granted.thing.go.notify_one();
    assert_eq!(class(two.await), "Revoked");
    let last = granted.recorder.lines().pop().unwrap();
    assert_eq!(last, ("slow".to_owned(), "Revoked: the grant 1 was revoked".to_owned()));
}

#[tokio::test]
async fn a_callback_that_was_stored_is_dead_after_the_end() {
    let books = books();
    let (granted, id) = books.granted(&[]);
    let callback = Thing::new();
    granted.call("keep", vec![callback.object().into()]).await.unwrap();
    let stored = references(&granted.thing.last()[0]).remove(0);
    assert_eq!(class(stored.call("take", vec![]).await), "answered");
    books.ledger.revoke(id).unwrap();
    assert_eq!(class(stored.call("take", vec![granted.thing.object().into()]).await), "Revoked");
    assert_eq!(callback.asked(), ["take"]);
    let lines = granted.recorder.lines();
    assert_eq!(lines.last().unwrap().1, "refused: the grant 1 was revoked");
}

#[tokio::test]
async fn a_callback_that_answers_after_the_end_is_not_heard() {
    let granted = granted();
    let callback = Thing::new();
    granted.call("keep", vec![callback.object().into()]).await.unwrap();
    let stored = references(&granted.thing.last()[0]).remove(0);
    let answer = stored.call("slow", vec![]);
    assert!(is_pending(&answer).await);
    granted.membrane.grant().end(Ending::Revoked);
    callback.go.notify_one();
    assert_eq!(class(answer.await), "Revoked");
}

#[tokio::test]
async fn another_process_revokes() {
    let books = books();
    let (granted, id) = books.granted(&[]);
    let other = Ledger::open(books.ledger.path(), Clock::with(|| NOW)).unwrap();
    assert_eq!(class(granted.call("echo", vec![]).await), "answered");
    let under_way = granted.outside.call("slow", vec![]);
    assert!(is_pending(&under_way).await);
    assert_eq!(other.revoke(id).unwrap(), [id]);
    assert_eq!(class(granted.call("echo", vec![]).await), "Revoked", "the next call knows");
    assert_eq!(class(under_way.await), "Revoked");
    assert_eq!(granted.thing.asked(), ["echo", "slow"]);
}

#[tokio::test]
async fn another_process_revokes_while_only_the_answer_is_missing() {
    let books = books();
    let (granted, id) = books.granted(&[]);
    let other = Ledger::open(books.ledger.path(), Clock::with(|| NOW)).unwrap();
    let answer = granted.outside.call("slow", vec![]);
    assert!(is_pending(&answer).await);
    other.revoke(id).unwrap();
    granted.thing.go.notify_one();
    assert_eq!(class(answer.await), "Revoked");
}

#[tokio::test]
async fn a_grant_expires_before_a_call_during_one_and_for_a_stored_callback() {
    let books = books();
    let (granted, _) = books.granted(&["expires 2024-01-01T00:00:00Z"]);
    let expiry = 1_704_067_200_000;
    let callback = Thing::new();
    granted.call("keep", vec![callback.object().into()]).await.unwrap();
    let stored = references(&granted.thing.last()[0]).remove(0);
    books.set_time(expiry - 1);
    assert_eq!(class(granted.call("echo", vec![]).await), "answered");
    let under_way = granted.outside.call("slow", vec![]);
    assert!(is_pending(&under_way).await);
    books.set_time(expiry);
    granted.thing.go.notify_one();
    assert_eq!(error(under_way.await).1, "the grant 1 has expired");
    books.set_time(NOW);
    assert_eq!(error(granted.call("echo", vec![]).await).1, "the grant 1 has expired");
    assert_eq!(class(stored.call("take", vec![]).await), "Revoked");
    assert!(callback.asked().is_empty());
}

#[tokio::test]
async fn one_invocation_ends_and_the_grant_it_came_from_goes_on() {
    let books = books();
    let record = books.add(&[]);
    let grant = books.ledger.grant(record.id).unwrap();
    let (one, two) = (around(grant.child("invocation"), None), around(grant.child("invocation"), None));
    one.membrane.grant().end(Ending::Revoked);
    assert_eq!(class(one.call("echo", vec![]).await), "Revoked");
    assert_eq!(class(two.call("echo", vec![]).await), "answered");
    books.ledger.revoke(record.id).unwrap();
    assert_eq!(class(two.call("echo", vec![]).await), "Revoked");
    // One that is made of an ended grant is dead from the start.
    let three = around(grant.child("invocation"), None);
    assert_eq!(class(three.call("echo", vec![]).await), "Revoked");
}
