use powerbox_captp::Value;

use crate::support::{Home, text};

#[tokio::test]
async fn what_goes_beyond_a_limit_is_refused_and_named() {
    let home = Home::with_limits(|limits| {
        limits.value_bytes = 100;
        limits.names_per_directory = 2;
        limits.path_names = 4;
        limits.written_text_units = 10;
        limits.text_bytes = 5;
        limits.waiting_nexts = 2;
    });
    let daemon = home.start();
    let client = home.client().await;
    let at_most = |what: &str| format!("RangeError: the daemon allows at most {what}");
    assert_eq!(
        client.refusal("storeValue", vec![text(&"x".repeat(101)), text("x")]).await,
        at_most("100 bytes in a stored value")
    );
    client.ok("writeText", vec![text("a"), text("0123456789")]).await;
    assert_eq!(
        client.refusal("writeText", vec![text("a"), text("0123456789x")]).await,
        at_most("10 UTF-16 units in a written text")
    );
    assert_eq!(
        client.refusal("readText", vec![text("a")]).await,
        at_most("5 bytes in a blob that is read as one text")
    );
    client.ok("makeDirectory", vec![text("b")]).await;
    assert_eq!(client.refusal("makeDirectory", vec![text("c")]).await, at_most("2 names in a directory"));
    client.ok("storeValue", vec![1.0.into(), text("b")]).await;
    assert_eq!(
        client.refusal("lookup", vec![Value::texts(["@agent"; 5])]).await,
        at_most("4 names in a path")
    );
    client.ok("lookup", vec![Value::texts(["@agent"; 4])]).await;

    let changes =
        client.ok("followLocatorNameChanges", vec![client.ok("locate", vec![text("a")]).await]).await;
    let changes = super::support::object(changes);
    super::support::next(&changes).await;
    let _waiting = [changes.call("next", vec![]), changes.call("next", vec![])];
    assert_eq!(
        super::support::refusal(changes.call("next", vec![]).await),
        at_most("2 waiting calls of next")
    );
    daemon.stop().await;
}

#[tokio::test]
async fn a_further_session_is_closed_and_the_others_go_on() {
    let home = Home::with_limits(|limits| limits.sessions = 2);
    let daemon = home.start();
    let (one, two) = (home.client().await, home.client().await);
    let third = home.session().await;
    third.bootstrap().await.expect_err("closed");
    one.session.disconnect(None);
    one.session.closed().await;
    two.ok("list", vec![]).await;
    daemon.stop().await;
}
