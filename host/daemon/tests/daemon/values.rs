use powerbox_captp::{Object, Value};
use powerbox_passable::{Symbol, Tagged};

use crate::support::{Chunks, Home, names, object, path, pet_names, text};

#[tokio::test]
async fn any_data_is_stored_as_it_is_and_survives_a_restart() {
    let home = Home::new();
    let daemon = home.start();
    let client = home.client().await;
    let tagged = Tagged { tag: "copySet".into(), payload: Value::texts(["b", "a"]) };
    let values = [
        Value::Undefined,
        Value::Null,
        Value::Bool(true),
        Value::Number(f64::NAN),
        Value::Number(f64::NEG_INFINITY),
        Value::Number(1.5),
        Value::bigint(-12_345_678_901_234_567_890_i128),
        text("#!+ text that looks like smallcaps"),
        Value::text(powerbox_passable::Text::from_utf16(&[0xd800])),
        Value::Symbol(Symbol::WellKnown("asyncIterator".into())),
        Value::list([Value::Number(1.0), Value::list([])]),
        Value::record([("a", Value::Number(1.0)), ("@qclass", text("b")), ("", Value::Null)]),
        Value::Tagged(Box::new(tagged)),
        Value::error("TypeError", "no"),
    ];
    for (i, value) in values.iter().enumerate() {
        let name = format!("v{i}");
        assert!(client.ok("storeValue", vec![value.clone(), text(&name)]).await.is_undefined());
        assert_eq!(client.ok("lookup", vec![text(&name)]).await, *value);
    }
    daemon.stop().await;

    let daemon = home.start();
    let client = home.client().await;
    for (i, value) in values.iter().enumerate() {
        assert_eq!(client.ok("lookup", vec![text(&format!("v{i}"))]).await, *value);
    }
    daemon.stop().await;
}

#[tokio::test]
async fn a_value_may_refer_to_what_the_daemon_made() {
    let home = Home::new();
    let daemon = home.start();
    let client = home.client().await;
    let dir = client.ok("makeDirectory", vec![text("dir")]).await;
    let agent: Value = client.host.clone().into();
    let value =
        Value::record([("both", Value::list([dir.clone(), agent.clone(), dir.clone()])), ("n", 1.0.into())]);
    client.ok("storeValue", vec![value.clone(), text("refs")]).await;
    assert_eq!(client.ok("lookup", vec![text("refs")]).await, value);

    // Also from another session, and after the name of the directory is gone.
    client.ok("remove", names("dir")).await;
    let other = home.client().await;
    let refs = other.ok("lookup", vec![text("refs")]).await;
    let dir = object(refs.get("both").unwrap().as_list().unwrap()[0].clone());
    dir.call("makeDirectory", vec![text("inside")]).await.unwrap();
    daemon.stop().await;

    let daemon = home.start();
    let client = home.client().await;
    let refs = client.ok("lookup", vec![text("refs")]).await;
    let items = refs.get("both").unwrap().as_list().unwrap().to_vec();
    assert_eq!(items[0], items[2]);
    assert_eq!(object(items[1].clone()), client.host);
    let listed = object(items[0].clone()).call("list", vec![]).await.unwrap();
    assert_eq!(listed, Value::texts(["inside"]));
    daemon.stop().await;
}

#[tokio::test]
async fn what_the_daemon_did_not_make_cannot_be_stored() {
    let home = Home::new();
    let daemon = home.start();
    let client = home.client().await;
    let dir = object(client.ok("makeDirectory", vec![text("dir")]).await);
    let iterator = client.ok("followNameChanges", vec![]).await;
    let (promise, _resolver) = powerbox_captp::promise();
    let own: Value = Object::exo(Chunks::new(vec![])).into();
    for value in [own, promise.into(), iterator, dir.call("lookup", vec![text("x")]).object().into()] {
        let value = Value::list([1.0.into(), value]);
        assert_eq!(
            client.refusal("storeValue", vec![value, text("local")]).await,
            "Error: No corresponding formula for (an object)"
        );
    }
    assert_eq!(pet_names(&client).await, ["dir"], "nothing was named");
    daemon.stop().await;
}

#[tokio::test]
async fn storing_overwrites_and_needs_its_parent() {
    let home = Home::new();
    let daemon = home.start();
    let client = home.client().await;
    client.ok("storeValue", vec![text("one"), text("x")]).await;
    client.ok("storeValue", vec![text("two"), text("x")]).await;
    assert_eq!(client.ok("lookup", vec![text("x")]).await, text("two"));
    assert_eq!(
        client.refusal("storeValue", vec![text("one"), path("no/x")]).await,
        "TypeError: Unknown pet name: \"no\""
    );
    assert!(client.refusal("storeValue", vec![text("one"), path("x/y")]).await.contains("storeIdentifier"));
    daemon.stop().await;
}
