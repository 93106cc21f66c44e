use powerbox_captp::Value;

use crate::support::{Home, SPECIAL, names, object, path, pet_names, string, strings, text};

#[tokio::test]
async fn names_can_be_made_copied_moved_and_removed() {
    let home = Home::new();
    let daemon = home.start();
    let client = home.client().await;
    client.ok("storeValue", vec![text("hello"), text("txt")]).await;
    let dir = object(client.ok("makeDirectory", vec![path("dir")]).await);
    assert_eq!(dir.interface().as_deref(), Some("Alleged: EndoDirectory"));

    assert!(client.ok("copy", vec![path("txt"), path("dir/copy")]).await.is_undefined());
    assert_eq!(client.ok("lookup", vec![path("dir/copy")]).await, text("hello"));
    assert_eq!(
        client.ok("identify", names("dir/copy")).await,
        client.ok("identify", names("txt")).await,
        "a copy is another name of the same"
    );
    client.ok("move", vec![path("dir/copy"), path("dir/moved")]).await;
    assert_eq!(strings(&client.ok("list", names("dir")).await), ["moved"]);
    client.ok("move", vec![path("dir/moved"), path("out")]).await;
    assert_eq!(client.ok("list", names("dir")).await, Value::List(vec![]));
    assert_eq!(pet_names(&client).await, ["dir", "out", "txt"]);
    client.ok("remove", names("out")).await;
    client.ok("move", vec![path("txt"), path("dir")]).await;
    assert_eq!(pet_names(&client).await, ["dir"], "moving overwrites");
    assert_eq!(client.ok("lookup", vec![path("dir")]).await, text("hello"));
    // The directory lives on, nameless.
    dir.call("storeValue", vec![]).await.expect_err("a directory stores no values");
    assert_eq!(strings(&dir.call("list", vec![]).await.unwrap()), Vec::<String>::new());
    daemon.stop().await;
}

#[tokio::test]
async fn paths_lead_through_anything_that_has_lookup() {
    let home = Home::new();
    let daemon = home.start();
    let client = home.client().await;
    client.ok("makeDirectory", vec![text("a")]).await;
    client.ok("makeDirectory", vec![path("a/b")]).await;
    client.ok("copy", vec![path("@agent"), path("a/b/me")]).await;
    client.ok("storeValue", vec![text("x"), path("a/b/me/a/x")]).await;
    assert_eq!(client.ok("lookup", vec![path("a/x")]).await, text("x"));
    assert_eq!(client.ok("has", names("a/b/me/@pins")).await, Value::Bool(true));
    client.ok("move", vec![path("a/x"), path("@pins/x")]).await;
    assert_eq!(strings(&client.ok("list", names("@pins")).await), ["x"]);
    let inspector = object(client.ok("lookup", vec![path("@info/a")]).await);
    assert_eq!(inspector.interface().as_deref(), Some("Alleged: Inspector (directory)"));
    // The inspector hub is no directory: what it does not know fails as a call of it does.
    let refusal = client.refusal("remove", names("@info/a")).await;
    assert!(refusal.starts_with("TypeError: target has no method \"remove\", has ["), "{refusal}");
    daemon.stop().await;
}

#[tokio::test]
async fn identifiers_and_locators_name_the_same_values() {
    let home = Home::new();
    let daemon = home.start();
    let client = home.client().await;
    client.ok("storeValue", vec![text("text"), text("txt")]).await;
    client.ok("makeDirectory", vec![text("dir")]).await;
    let node = string(client.bootstrap.call("nodeId", vec![]).await.unwrap());
    let id = string(client.ok("identify", names("txt")).await);
    let (number, of) = id.split_once(':').unwrap();
    assert_eq!(of, node);
    let locator = string(client.ok("locate", names("txt")).await);
    assert_eq!(locator, format!("endo://{node}/?id={number}&type=marshal"));

    client.ok("storeIdentifier", vec![path("dir/by-id"), text(&id)]).await;
    client.ok("storeLocator", vec![path("dir/by-locator"), text(&locator)]).await;
    let located = client.ok("listLocators", names("dir")).await;
    assert_eq!(located, Value::record([("by-id", text(&locator)), ("by-locator", text(&locator))]));
    assert_eq!(strings(&client.ok("listIdentifiers", names("dir")).await), [id.as_str()]);
    assert_eq!(client.ok("lookupById", vec![text(&id)]).await, text("text"));
    assert_eq!(strings(&client.ok("reverseIdentify", vec![text(&id)]).await), ["txt"]);
    assert_eq!(strings(&client.ok("reverseLocate", vec![text(&locator)]).await), ["txt"]);
    assert_eq!(client.ok("identify", names("absent")).await, Value::Undefined);
    assert_eq!(client.ok("locate", names("absent")).await, Value::Undefined);
    assert_eq!(client.ok("maybeLookup", vec![text("absent")]).await, Value::Undefined);
    assert_eq!(client.ok("reverseLookup", vec![text("text")]).await, Value::List(vec![]));

    // The agent and its handle carry a key of their own.
    let agent = string(client.ok("identify", names("@agent")).await);
    let handle = string(client.ok("identify", names("@self")).await);
    assert_ne!(agent.split_once(':').unwrap().1, node);
    assert_eq!(agent.split_once(':').unwrap().1, handle.split_once(':').unwrap().1);
    assert_eq!(object(client.ok("lookupById", vec![text(&agent)]).await), client.host);
    let locators = client.ok("listLocators", vec![]).await;
    for name in SPECIAL {
        assert!(locators.get(name).is_some(), "{name}");
    }

    // What another daemon keeps can be named, though not reached yet.
    let foreign = format!("{}:{}", "1".repeat(64), "2".repeat(64));
    client.ok("storeIdentifier", vec![text("far"), text(&foreign)]).await;
    let located = string(client.ok("locate", names("far")).await);
    assert_eq!(located, format!("endo://{}/?id={}&type=remote", "2".repeat(64), "1".repeat(64)));
    assert_eq!(
        client.refusal("lookup", vec![text("far")]).await,
        format!("Error: No peer found for node identifier \"{}\".", "2".repeat(64))
    );
    daemon.stop().await;
}

#[tokio::test]
async fn calls_that_follow_one_another_see_each_others_effects() {
    let home = Home::new();
    let daemon = home.start();
    let client = home.client().await;
    let mut answers = Vec::new();
    for i in 0..50 {
        let name = format!("n{i}");
        answers.push((client.host.call("makeDirectory", vec![text(&name)]), false));
        answers.push((client.host.call("has", vec![text(&name)]), true));
    }
    for (answer, expected) in answers {
        let value = answer.await.unwrap();
        assert!(!expected || value == Value::Bool(true));
    }
    daemon.stop().await;
}

#[tokio::test]
async fn texts_can_be_written_and_read_by_name() {
    let home = Home::new();
    let daemon = home.start();
    let client = home.client().await;
    client.ok("writeText", vec![text("note"), text("some text")]).await;
    client.ok("makeDirectory", vec![text("dir")]).await;
    client.ok("writeText", vec![path("dir/note"), text("ünder")]).await;
    assert_eq!(client.ok("readText", vec![text("note")]).await, text("some text"));
    assert_eq!(client.ok("readText", vec![path("dir/note")]).await, text("ünder"));
    assert_eq!(client.ok("maybeReadText", vec![path("dir/none")]).await, Value::Undefined);
    assert_eq!(client.ok("maybeReadText", vec![text("absent")]).await, Value::Undefined);
    assert_eq!(
        client.refusal("readText", vec![text("absent")]).await,
        "TypeError: Unknown pet name: \"absent\""
    );
    client.ok("storeValue", vec![1.0.into(), text("one")]).await;
    assert!(client.refusal("readText", vec![text("one")]).await.starts_with("TypeError: "));
    daemon.stop().await;
}

#[tokio::test]
async fn directories_have_all_methods_of_directories_and_no_more() {
    let home = Home::new();
    let daemon = home.start();
    let client = home.client().await;
    let dir = object(client.ok("makeDirectory", vec![text("dir")]).await);
    let methods = strings(&dir.call("__getMethodNames__", vec![]).await.unwrap()).join(" ");
    assert_eq!(
        methods,
        "__getInterfaceGuard__ __getMethodNames__ copy followLocatorNameChanges followNameChanges has help identify \
         list listIdentifiers listLocators locate lookup makeDirectory maybeLookup maybeReadText move readText \
         remove reverseLocate reverseLookup storeIdentifier storeLocator writeText"
    );
    assert!(string(dir.call("help", vec![]).await.unwrap()).contains("makeDirectory("));
    assert!(string(dir.call("help", vec![text("list")]).await.unwrap()).starts_with("list(...path)"));
    assert!(string(client.ok("help", vec![text("storeBlob")]).await).starts_with("storeBlob("));
    daemon.stop().await;
}

#[tokio::test]
async fn cancelling_makes_the_next_lookup_give_a_new_object() {
    let home = Home::new();
    let daemon = home.start();
    let client = home.client().await;
    let error = || Value::error("Error", "because");
    let old = object(client.ok("makeDirectory", vec![text("dir")]).await);
    let id = client.ok("identify", names("dir")).await;
    client.ok("cancel", vec![text("dir"), error()]).await;
    let new = object(client.ok("lookup", vec![text("dir")]).await);
    assert_ne!(old, new);
    assert_eq!(client.ok("identify", names("dir")).await, id);
    // What was held before keeps working, and both are the same directory.
    old.call("makeDirectory", vec![text("in")]).await.unwrap();
    assert_eq!(strings(&new.call("list", vec![]).await.unwrap()), ["in"]);
    client.ok("cancel", vec![path("dir/in"), Value::Undefined]).await;
    client.ok("cancel", vec![text("@agent")]).await;
    assert_ne!(object(client.bootstrap.call("host", vec![]).await.unwrap()), client.host);
    assert_eq!(
        client.refusal("cancel", vec![text("absent")]).await,
        "TypeError: Unknown pet name: \"absent\""
    );
    assert_eq!(
        client.refusal("cancel", vec![path("dir/absent")]).await,
        "TypeError: Unknown pet name: [\"dir\",\"absent\"]"
    );
    daemon.stop().await;
}
