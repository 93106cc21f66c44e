use std::time::Duration;

use powerbox_captp::{Object, Value};

use crate::support::{
    Client, Home, SPECIAL, change, names, next, object, path, refusal, string, strings, text,
};

async fn follow(client: &Client) -> Object {
    object(client.ok("followNameChanges", vec![]).await)
}

async fn expect(iterator: &Object, changes: &[&str]) {
    for expected in changes {
        assert_eq!(change(&next(iterator).await), *expected);
    }
}

#[tokio::test]
async fn all_names_come_first_and_then_each_change_in_the_order_of_endo() {
    let home = Home::new();
    let daemon = home.start();
    let client = home.client().await;
    client.ok("storeValue", vec![text("x"), text("txt")]).await;
    client.ok("makeDirectory", vec![text("dir")]).await;
    let changes = follow(&client).await;
    assert_eq!(changes.interface().as_deref(), Some("Alleged: AsyncIterator"));
    for name in SPECIAL {
        assert_eq!(change(&next(&changes).await), format!("+{name}"));
    }
    let first = next(&changes).await;
    let id = string(client.ok("identify", names("dir")).await);
    let (number, node) = id.split_once(':').unwrap();
    let value = Value::record([("id", text(&id)), ("node", text(node)), ("number", text(number))]);
    assert_eq!(first, Value::record([("add", text("dir")), ("value", value)]));
    expect(&changes, &["+txt"]).await;

    client.ok("storeValue", vec![1.0.into(), text("fresh")]).await;
    client.ok("move", vec![path("fresh"), path("renamed")]).await;
    expect(&changes, &["+fresh", "-fresh", "+renamed"]).await;
    client.ok("move", vec![path("renamed"), path("txt")]).await;
    expect(&changes, &["-txt", "-renamed", "+txt"]).await;
    client.ok("storeValue", vec![2.0.into(), text("txt")]).await;
    expect(&changes, &["-txt", "+txt"]).await;
    let id = client.ok("identify", names("txt")).await;
    client.ok("storeIdentifier", vec![text("txt"), id]).await;
    client.ok("move", vec![path("txt"), path("dir/txt")]).await;
    client.ok("copy", vec![path("dir/txt"), path("back")]).await;
    client.ok("remove", names("back")).await;
    expect(&changes, &["-txt", "+back", "-back"]).await;
    daemon.stop().await;
}

#[tokio::test]
async fn a_waiting_next_hears_of_what_another_session_does() {
    let home = Home::new();
    let daemon = home.start();
    let (watcher, writer) = (home.client().await, home.client().await);
    let dir = object(watcher.ok("makeDirectory", vec![text("dir")]).await);
    let changes = object(dir.call("followNameChanges", vec![]).await.unwrap());
    let waiting: Vec<_> = (0..3).map(|_| changes.call("next", vec![])).collect();
    writer.ok("storeValue", vec![1.0.into(), path("dir/a")]).await;
    writer.ok("move", vec![path("dir/a"), path("dir/b")]).await;
    let mut heard = Vec::new();
    for answer in waiting {
        heard.push(change(answer.await.unwrap().get("value").unwrap()));
    }
    assert_eq!(heard, ["+a", "-a", "+b"]);
    // What is refused changes nothing, so nobody hears of it.
    writer.refusal("remove", names("dir/absent")).await;
    writer.ok("remove", names("dir/b")).await;
    expect(&changes, &["-b"]).await;
    daemon.stop().await;
}

#[tokio::test]
async fn return_and_throw_are_answered_while_a_next_waits() {
    let home = Home::new();
    let daemon = home.start();
    let client = home.client().await;
    let dir = object(client.ok("makeDirectory", vec![text("dir")]).await);
    let done = |value| Value::record([("done", Value::Bool(true)), ("value", value)]);

    let changes = object(dir.call("followNameChanges", vec![]).await.unwrap());
    let waiting = changes.call("next", vec![]);
    assert_eq!(changes.call("return", vec![text("bye")]).await.unwrap(), done(text("bye")));
    assert_eq!(waiting.await.unwrap(), done(Value::Undefined));
    assert_eq!(changes.call("next", vec![]).await.unwrap(), done(Value::Undefined));

    let changes = object(dir.call("followNameChanges", vec![]).await.unwrap());
    let waiting = changes.call("next", vec![]);
    let thrown = changes.call("throw", vec![Value::error("RangeError", "mine")]).await;
    assert_eq!(refusal(thrown), "RangeError: mine");
    assert_eq!(waiting.await.unwrap(), done(Value::Undefined));
    let refused = refusal(changes.call("next", vec![text("x")]).await);
    assert!(refused.contains("method of (AsyncIterator)\" accepts at most 0 arguments, not 1"), "{refused}");
    daemon.stop().await;
}

#[tokio::test]
async fn the_names_of_one_value_can_be_followed_by_locator() {
    let home = Home::new();
    let daemon = home.start();
    let client = home.client().await;
    client.ok("storeValue", vec![text("x"), text("txt")]).await;
    client.ok("copy", vec![path("txt"), path("again")]).await;
    let locator = client.ok("locate", names("txt")).await;
    let changes = object(client.ok("followLocatorNameChanges", vec![locator.clone()]).await);
    let record = |what: &str, names: &[&str]| {
        Value::record([(what, locator.clone()), ("names", Value::texts(names.iter().copied()))])
    };
    assert_eq!(next(&changes).await, record("add", &["again", "txt"]));
    client.ok("storeValue", vec![text("other"), text("other")]).await;
    client.ok("copy", vec![path("txt"), path("alias")]).await;
    assert_eq!(next(&changes).await, record("add", &["alias"]));
    client.ok("remove", names("alias")).await;
    assert_eq!(next(&changes).await, record("remove", &["alias"]));
    client.ok("move", vec![path("other"), path("txt")]).await;
    assert_eq!(next(&changes).await, record("remove", &["txt"]));

    let locator = client.ok("locate", names("@self")).await;
    let own = object(client.ok("followLocatorNameChanges", vec![locator]).await);
    assert_eq!(strings(next(&own).await.get("names").unwrap()), ["@self"]);
    daemon.stop().await;
}

#[tokio::test]
async fn a_subscriber_that_does_not_read_loses_its_subscription_only() {
    let home = Home::with_limits(|limits| limits.subscription_bytes = 4_000);
    let daemon = home.start();
    let client = home.client().await;
    let dir = object(client.ok("makeDirectory", vec![text("dir")]).await);
    let changes = object(dir.call("followNameChanges", vec![]).await.unwrap());
    for i in 0..50 {
        client.ok("storeValue", vec![1.0.into(), path(&format!("dir/name-{i}"))]).await;
    }
    let mut kept = 0;
    let error = loop {
        match changes.call("next", vec![]).await {
            Ok(result) if result.get("done") == Some(&Value::Bool(false)) => {
                assert_eq!(change(result.get("value").unwrap()), format!("+name-{kept}"));
                kept += 1;
            }
            other => break refusal(other),
        }
    };
    assert!((5..50).contains(&kept), "{kept}");
    assert_eq!(error, "Error: changes were lost because they were not read in time");
    assert_eq!(changes.call("next", vec![]).await.unwrap().get("done"), Some(&Value::Bool(true)));
    // Nothing is held any more, so there is room for others.
    let fresh = object(client.ok("makeDirectory", vec![text("fresh")]).await);
    let fresh = object(fresh.call("followNameChanges", vec![]).await.unwrap());
    client.ok("storeValue", vec![1.0.into(), path("fresh/a")]).await;
    expect(&fresh, &["+a"]).await;
    daemon.stop().await;
}

#[tokio::test]
async fn subscriptions_are_counted_and_end_with_their_session() {
    let home = Home::with_limits(|limits| limits.subscriptions = 6);
    let daemon = home.start();
    let client = home.client().await;
    for _ in 0..3 {
        follow(&client).await;
    }
    assert_eq!(
        client.refusal("followNameChanges", vec![]).await,
        "RangeError: the daemon allows at most 3 subscriptions to these names now"
    );
    client.session.disconnect(None);
    client.session.closed().await;
    let other = home.client().await;
    // The daemon hears of the end a moment later.
    let waited = tokio::time::timeout(Duration::from_secs(10), async {
        while other.call("followNameChanges", vec![]).await.is_err() {
            tokio::task::yield_now().await;
        }
    });
    waited.await.expect("room for a subscription");
    daemon.stop().await;
}

#[tokio::test]
async fn whoever_follows_one_directory_leaves_subscriptions_for_those_who_follow_others() {
    let home = Home::with_limits(|limits| limits.subscriptions = 16);
    let daemon = home.start();
    let client = home.client().await;
    let dir = object(client.ok("makeDirectory", vec![text("dir")]).await);
    let mut held = Vec::new();
    while let Ok(iterator) = dir.call("followNameChanges", vec![]).await {
        held.push(iterator);
        assert!(held.len() < 16, "one directory has them all");
    }
    assert_eq!(held.len(), 8);
    // Another client, and the same one with other names, find room.
    let other = home.client().await;
    follow(&other).await;
    let more = object(client.ok("makeDirectory", vec![text("more")]).await);
    more.call("followNameChanges", vec![]).await.unwrap();
    daemon.stop().await;
}
