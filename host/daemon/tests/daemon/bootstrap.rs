use powerbox_captp::Value;

use crate::support::{Home, object, refusal, string, strings};

#[tokio::test]
async fn the_bootstrap_tells_what_it_is() {
    let home = Home::new();
    let daemon = home.start();
    let client = home.client().await;
    let call = |method: &'static str| client.bootstrap.call(method, vec![]);

    assert_eq!(client.bootstrap.interface().as_deref(), Some("Alleged: Endo"));
    assert_eq!(call("ping").await.unwrap(), Value::text("pong"));
    let methods = strings(&call("__getMethodNames__").await.unwrap());
    let expected = "__getInterfaceGuard__ __getMethodNames__ attenuate attenuateObject grantOf help host leastAuthority nodeId \
                    ping powerbox prove terminate";
    assert_eq!(methods.join(" "), expected);
    assert!(call("__getInterfaceGuard__").await.unwrap().is_undefined());
    assert_eq!(string(call("nodeId").await.unwrap()).len(), 64);
    assert!(string(call("help").await.unwrap()).contains("ping()"));

    let facts = call("powerbox").await.unwrap();
    assert_eq!(facts.get("version").and_then(Value::as_str), Some(env!("CARGO_PKG_VERSION")));
    assert_eq!(facts.get("sessions").and_then(Value::as_f64), Some(1.0));
    assert_eq!(facts.get("formulas").and_then(Value::as_f64), Some(7.0));
    let counted = daemon.stop.facts().await.unwrap();
    assert_eq!((counted.sessions, counted.formulas, counted.subscriptions), (1, 7, 0));
    daemon.stop().await;
}

#[tokio::test]
async fn the_host_is_one_object_for_all_sessions_and_names() {
    let home = Home::new();
    let daemon = home.start();
    let (one, two) = (home.client().await, home.client().await);
    assert_eq!(object(one.bootstrap.call("host", vec![]).await.unwrap()), one.host);
    assert_eq!(object(one.ok("lookup", vec!["@agent".into()]).await), one.host);
    assert_eq!(object(one.ok("lookup", vec!["@endo".into()]).await), one.bootstrap);
    assert_eq!(object(one.ok("lookup", vec!["@self".into()]).await), object(one.ok("handle", vec![]).await));
    assert_eq!(strings(&one.ok("reverseLookup", vec![one.host.clone().into()]).await), ["@agent"]);
    let handle = one.ok("lookup", vec!["@host".into()]).await;
    assert_eq!(strings(&one.ok("reverseLookup", vec![handle]).await), ["@self", "@host"]);

    // What one session makes, the other finds under the same identifier and as the same object.
    one.ok("makeDirectory", vec!["d".into()]).await;
    let by_one = one.ok("lookup", vec!["d".into()]).await;
    let by_two = two.ok("lookup", vec!["d".into()]).await;
    assert_eq!(one.ok("lookup", vec!["d".into()]).await, by_one);
    assert_eq!(two.ok("reverseLookup", vec![by_two]).await, Value::texts(["d"]));
    daemon.stop().await;
}

#[tokio::test]
async fn the_least_authority_allows_nothing() {
    let home = Home::new();
    let daemon = home.start();
    let client = home.client().await;
    let nothing = object(client.bootstrap.call("leastAuthority", vec![]).await.unwrap());
    assert_eq!(nothing.interface().as_deref(), Some("Alleged: EndoGuest"));
    for method in ["list", "lookup", "storeValue", "evaluate"] {
        assert_eq!(refusal(nothing.call(method, vec![]).await), "Error: not allowed");
    }
    assert_eq!(object(client.ok("lookup", vec!["@none".into()]).await), nothing);
    daemon.stop().await;
}

#[tokio::test]
async fn inspectors_show_the_type_of_a_formula() {
    let home = Home::new();
    let daemon = home.start();
    let client = home.client().await;
    client.ok("storeValue", vec![1.0.into(), "one".into()]).await;
    let hub = object(client.ok("lookup", vec!["@info".into()]).await);
    assert_eq!(hub.interface().as_deref(), Some("Alleged: EndoInspectorHub"));
    assert_eq!(strings(&hub.call("list", vec![]).await.unwrap()), ["one"]);
    let inspector = object(hub.call("lookup", vec!["one".into()]).await.unwrap());
    assert_eq!(inspector.interface().as_deref(), Some("Alleged: Inspector (marshal)"), "no number is in it");
    assert_eq!(inspector.call("list", vec![]).await.unwrap(), Value::List(vec![]));
    assert_eq!(refusal(hub.call("lookup", vec!["two".into()]).await), "Error: Unknown pet name two");
    daemon.stop().await;
}

#[tokio::test]
async fn terminate_ends_every_session_and_answers_none() {
    let home = Home::new();
    let daemon = home.start();
    let (one, two) = (home.client().await, home.client().await);
    let answer = one.bootstrap.call("terminate", vec![]).await;
    assert!(matches!(answer, Err(powerbox_captp::CallError::Disconnected(_))), "{answer:?}");
    two.session.closed().await;
    daemon.ended.await.unwrap().unwrap();
    assert!(!home.socket().exists());
}
