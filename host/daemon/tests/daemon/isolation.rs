//! What guests cannot do, each with what shows that the attempt is a real one.

use powerbox_captp::{Config, Object, Session, Value};
use serde_json::{Value as Json, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt, DuplexStream};

use crate::support::{
    Chunks, Confined, Home, change, guest, names, next, object, path, pet_names, string, strings, text,
};

#[tokio::test]
async fn a_guest_sees_none_of_its_hosts_names() {
    let home = Home::new();
    let daemon = home.start();
    let client = home.client().await;
    let dir = client.ok("makeDirectory", vec![text("dir")]).await;
    client.ok("storeValue", vec![text("hidden"), path("dir/secret")]).await;
    client.ok("storeValue", vec![text("hidden"), text("secret")]).await;
    let gus = Confined::to(&guest(&client, "gus", &[]).await).await;

    for name in ["secret", "dir", "gus", "gus-mail"] {
        assert_eq!(client.ok("has", names(name)).await, Value::Bool(true));
        assert_eq!(gus.ok("has", names(name)).await, Value::Bool(false));
        assert_eq!(gus.ok("identify", names(name)).await, Value::Undefined);
        assert_eq!(gus.ok("locate", names(name)).await, Value::Undefined);
        assert_eq!(gus.ok("maybeLookup", vec![text(name)]).await, Value::Undefined);
        let unknown = format!("TypeError: Unknown pet name: \"{name}\"");
        assert_eq!(gus.refusal("lookup", vec![text(name)]).await, unknown);
        assert_eq!(gus.refusal("readText", vec![text(name)]).await, unknown);
    }
    assert_eq!(client.ok("lookup", vec![path("dir/secret")]).await, text("hidden"));
    gus.refusal("lookup", vec![path("dir/secret")]).await;
    gus.refusal("copy", vec![path("secret"), path("loot")]).await;

    // The host's special names are not the guest's.
    for name in ["@endo", "@info", "@nets", "@none", "@pins", "@mail", "@main", "@node"] {
        assert_eq!(
            gus.refusal("lookup", vec![text(name)]).await,
            format!("Error: Invalid pet name \"{name}\" and not one of @agent, @self, @host")
        );
    }
    client.ok("lookup", vec![text("@pins")]).await;

    // Nor can it tell how the host calls what it is shown, and it knows no identifier but those of its own names.
    assert_eq!(strings(&client.ok("reverseLookup", vec![dir.clone()]).await), ["dir"]);
    assert_eq!(gus.ok("reverseLookup", vec![dir]).await, Value::List(vec![]));
    let locator = client.ok("locate", names("secret")).await;
    assert_eq!(gus.ok("reverseLocate", vec![locator]).await, Value::List(vec![]));
    let mut own = Vec::new();
    for name in ["gus", "gus-mail", "@self"] {
        own.push(string(client.ok("identify", names(name)).await));
    }
    own.sort_unstable();
    assert_eq!(strings(&gus.ok("listIdentifiers", vec![]).await), own);
    daemon.stop().await;
}

#[tokio::test]
async fn what_guests_do_to_their_names_changes_no_others() {
    let home = Home::new();
    let daemon = home.start();
    let client = home.client().await;
    client.ok("storeValue", vec![text("the host's"), text("note")]).await;
    client.ok("makeDirectory", vec![text("dir")]).await;
    let ann = Confined::to(&guest(&client, "ann", &[]).await).await;
    let bob = Confined::to(&guest(&client, "bob", &[]).await).await;
    bob.ok("storeValue", vec![text("bob's"), text("note")]).await;
    let follow = |object: Value| crate::support::object(object);
    let of_host = follow(client.ok("followNameChanges", vec![]).await);
    let of_bob = follow(bob.ok("followNameChanges", vec![]).await);
    let before = pet_names(&client).await;
    while change(&next(&of_host).await) != format!("+{}", before.last().unwrap()) {}
    while change(&next(&of_bob).await) != "+note" {}

    ann.refusal("remove", names("note")).await;
    ann.refusal("move", vec![path("note"), path("mine")]).await;
    ann.refusal("storeValue", vec![text("x"), path("dir/x")]).await;
    for name in ["@host", "@self", "@agent"] {
        ann.refusal("remove", names(name)).await;
        ann.refusal("storeValue", vec![text("x"), text(name)]).await;
    }
    ann.ok("storeValue", vec![text("ann's"), text("note")]).await;
    ann.ok("writeText", vec![text("dir"), text("no directory")]).await;
    ann.ok("makeDirectory", vec![text("bob")]).await;
    ann.ok("remove", names("dir")).await;
    assert_eq!(ann.pet_names().await, ["bob", "note"]);

    assert_eq!(ann.ok("lookup", vec![text("note")]).await, text("ann's"));
    assert_eq!(bob.ok("lookup", vec![text("note")]).await, text("bob's"));
    assert_eq!(client.ok("lookup", vec![text("note")]).await, text("the host's"));
    assert_eq!(pet_names(&client).await, before);
    assert_eq!(bob.pet_names().await, ["note"]);
    // Nor do others hear of it: what they hear first is of their own.
    client.ok("storeValue", vec![text("x"), text("last")]).await;
    bob.ok("storeValue", vec![text("x"), text("last")]).await;
    assert_eq!(change(&next(&of_host).await), "+last");
    assert_eq!(change(&next(&of_bob).await), "+last");
    daemon.stop().await;
}

#[tokio::test]
async fn introduced_names_are_exactly_those_named() {
    let home = Home::new();
    let daemon = home.start();
    let client = home.client().await;
    for name in ["a", "b", "c"] {
        client.ok("storeValue", vec![text(name), text(name)]).await;
    }
    client.ok("makeDirectory", vec![text("shared")]).await;
    client.ok("makeDirectory", vec![text("private")]).await;
    let introduced = [("a", "first"), ("b", "b"), ("shared", "ours")];
    let ann = Confined::to(&guest(&client, "ann", &introduced).await).await;
    let bob = Confined::to(&guest(&client, "bob", &[("c", "first")]).await).await;
    assert_eq!(ann.pet_names().await, ["b", "first", "ours"]);
    assert_eq!(bob.pet_names().await, ["first"]);
    assert_eq!(ann.ok("lookup", vec![text("first")]).await, text("a"));
    assert_eq!(bob.ok("lookup", vec![text("first")]).await, text("c"));

    // It is the value that is introduced, not the name: later changes of the host's name do not reach the guest.
    client.ok("storeValue", vec![text("new"), text("a")]).await;
    assert_eq!(ann.ok("lookup", vec![text("first")]).await, text("a"));
    // A directory that was introduced is shared.
    ann.ok("storeValue", vec![text("from ann"), path("ours/note")]).await;
    assert_eq!(client.ok("lookup", vec![path("shared/note")]).await, text("from ann"));
    // Removing the guest's name removes it from the guest only.
    ann.ok("remove", names("ours")).await;
    assert_eq!(client.ok("has", names("shared/note")).await, Value::Bool(true));
    daemon.stop().await;
}

#[tokio::test]
async fn the_hosts_mail_address_does_not_lead_to_the_host() {
    let home = Home::new();
    let daemon = home.start();
    let client = home.client().await;
    client.ok("storeValue", vec![text("hidden"), text("secret")]).await;
    let plain = Confined::to(&guest(&client, "gus", &[]).await).await;
    let handle = object(plain.ok("lookup", vec![text("@host")]).await);
    for method in
        ["lookup", "list", "has", "identify", "lookupById", "host", "handle", "agent", "help", "receive"]
    {
        let refusal = crate::support::refusal(handle.call(method, vec![text("secret")]).await);
        assert!(refusal.starts_with(&format!("TypeError: target has no method \"{method}\"")), "{refusal}");
    }
    for (method, args) in [
        ("lookup", vec![path("@host/secret")]),
        ("has", names("@host/secret")),
        ("list", names("@host")),
        ("listLocators", names("@host")),
        ("storeValue", vec![text("x"), path("@host/x")]),
        ("copy", vec![path("@host/secret"), path("loot")]),
        ("copy", vec![path("@self"), path("@host/x")]),
        ("readText", vec![path("@host/secret")]),
    ] {
        let refusal = plain.refusal(method, args).await;
        assert!(refusal.starts_with("TypeError: target has no method"), "{method}: {refusal}");
    }
    // What the identifier of the address tells is no identifier of the host.
    let of_handle = string(plain.ok("identify", names("@host")).await);
    let of_host = string(client.ok("identify", names("@agent")).await);
    let (number, node) = of_handle.split_once(':').unwrap();
    let own = string(plain.ok("identify", names("@agent")).await);
    let (own_number, own_node) = own.split_once(':').unwrap();
    for guess in [format!("{number}:{own_node}"), format!("{own_number}:{node}"), format!("{node}:{node}")] {
        assert_ne!(guess, of_host);
        let refusal = plain.refusal("lookupById", vec![text(&guess)]).await;
        assert!(refusal.starts_with("ReferenceError: No formula exists for number"), "{refusal}");
    }
    assert_eq!(object(plain.ok("lookupById", vec![text(&of_handle)]).await), handle);

    // A host that wants it can introduce itself: then all of this works.
    let trusted = Confined::to(&guest(&client, "trusted", &[("@agent", "boss")]).await).await;
    assert_eq!(trusted.ok("lookup", vec![path("boss/secret")]).await, text("hidden"));
    assert_eq!(trusted.ok("list", names("boss")).await, client.ok("list", vec![]).await);
    daemon.stop().await;
}

#[tokio::test]
async fn another_guests_mail_address_does_not_lead_to_that_guest() {
    let home = Home::new();
    let daemon = home.start();
    let client = home.client().await;
    let bob = guest(&client, "bob", &[]).await;
    bob.call("storeValue", vec![text("bob's"), text("note")]).await.unwrap();
    let introduced = [("bob-mail", "bob")];
    let ann = Confined::to(&guest(&client, "ann", &introduced).await).await;
    for (method, args) in [("lookup", vec![path("bob/note")]), ("list", names("bob"))] {
        let refusal = ann.refusal(method, args).await;
        assert!(refusal.starts_with("TypeError: target has no method"), "{method}: {refusal}");
    }
    // Introduced to the guest itself, she has all that it has.
    let friend = Confined::to(&guest(&client, "friend", &[("bob", "bob")]).await).await;
    assert_eq!(friend.ok("lookup", vec![path("bob/note")]).await, text("bob's"));
    daemon.stop().await;
}

#[tokio::test]
async fn an_identifier_is_a_key_that_cannot_be_guessed() {
    let home = Home::new();
    let daemon = home.start();
    let client = home.client().await;
    client.ok("storeValue", vec![text("hidden"), text("secret")]).await;
    let id = string(client.ok("identify", names("secret")).await);
    let gus = Confined::to(&guest(&client, "gus", &[]).await).await;
    let (number, node) = id.split_once(':').unwrap();
    let last = if number.ends_with('0') { '1' } else { '0' };
    let near = format!("{}{last}:{node}", &number[..63]);
    let absent = format!("ReferenceError: No formula exists for number \"{}\"", &near[..64]);
    assert_eq!(gus.refusal("lookupById", vec![text(&near)]).await, absent);
    gus.ok("storeIdentifier", vec![text("near"), text(&near)]).await;
    assert_eq!(gus.refusal("lookup", vec![text("near")]).await, absent);
    // One who was told it has the value, as in Endo.
    assert_eq!(gus.ok("lookupById", vec![text(&id)]).await, text("hidden"));
    gus.ok("storeIdentifier", vec![text("told"), text(&id)]).await;
    assert_eq!(gus.ok("lookup", vec![text("told")]).await, text("hidden"));
    daemon.stop().await;
}

#[tokio::test]
async fn a_guest_stores_only_references_that_it_holds() {
    let home = Home::new();
    let daemon = home.start();
    let client = home.client().await;
    client.ok("makeDirectory", vec![text("dir")]).await;
    let gus = Confined::to(&guest(&client, "gus", &[("dir", "dir")]).await).await;
    let own: Value = Object::exo(Chunks::new(vec![])).into();
    let (promise, _resolver) = powerbox_captp::promise();
    let iterator = gus.ok("followNameChanges", vec![]).await;
    for foreign in [own, promise.into(), iterator] {
        assert_eq!(
            gus.refusal("storeValue", vec![Value::list([foreign]), text("refs")]).await,
            "Error: No corresponding formula for (an object)"
        );
    }
    assert_eq!(gus.pet_names().await, ["dir"]);
    let held = Value::list([gus.ok("lookup", vec![text("dir")]).await, gus.ok("handle", vec![]).await]);
    gus.ok("storeValue", vec![held.clone(), text("refs")]).await;
    assert_eq!(gus.ok("lookup", vec![text("refs")]).await, held);
    // What looks like a reference or an identifier in data is data.
    let id = string(client.ok("identify", names("@agent")).await);
    let data = [
        Value::record([("@qclass", text("slot")), ("index", 0.0.into())]),
        text("$0.Alleged: EndoHost"),
        text(&id),
    ];
    let data = Value::list(data);
    gus.ok("storeValue", vec![data.clone(), text("data")]).await;
    assert_eq!(gus.ok("lookup", vec![text("data")]).await, data);
    daemon.stop().await;
}

/// A confined party that writes its messages itself.
struct Forger {
    stream: DuplexStream,
    questions: usize,
}

impl Forger {
    async fn send(&mut self, message: Json) {
        let message = message.to_string();
        self.stream.write_all(format!("{}:{message},", message.len()).as_bytes()).await.unwrap();
    }

    /// Gives the next message that is an answer; `None` if the session is ended instead.
    async fn answer(&mut self) -> Option<Json> {
        loop {
            let mut length = String::new();
            loop {
                match self.stream.read_u8().await {
                    Ok(b':') => break,
                    Ok(digit) => length.push(char::from(digit)),
                    Err(_) => return None,
                }
            }
            let mut message = vec![0; length.parse::<usize>().unwrap() + 1];
            self.stream.read_exact(&mut message).await.unwrap();
            message.pop();
            let message: Json = serde_json::from_slice(&message).unwrap();
            if message["type"] == "CTP_RETURN" {
                return Some(message);
            }
        }
    }

    /// Asks the agent, which is its only import, to store a value that refers to `slot`.
    async fn store(&mut self, slot: &str) -> Option<Json> {
        self.questions += 1;
        let body = r#"["storeValue",[{"@qclass":"slot","iface":"Alleged: EndoHost","index":0},"loot"]]"#;
        self.send(json!({
            "type": "CTP_CALL", "epoch": 0, "questionID": format!("q-{}", self.questions), "target": "o-1",
            "method": { "body": body, "slots": [slot] },
        }))
        .await;
        self.answer().await
    }

    async fn to(agent: &Object) -> (Self, Session) {
        let (stream, outside) = tokio::io::duplex(1 << 16);
        let config = Config::new("gate").bootstrap(Value::Capability(agent.clone()));
        let gate = Session::start(outside, config);
        let mut forger = Self { stream, questions: 1 };
        forger.send(json!({ "type": "CTP_BOOTSTRAP", "epoch": 0, "questionID": "q-1" })).await;
        let answer = forger.answer().await.unwrap();
        assert_eq!(answer["result"]["slots"], json!(["o+1"]));
        (forger, gate)
    }
}

#[tokio::test]
async fn forged_references_reach_nothing() {
    let home = Home::new();
    let daemon = home.start();
    let client = home.client().await;
    let gus = guest(&client, "gus", &[]).await;
    // The gate's own session with the daemon has the host, as do the tables of the daemon.
    for slot in ["o-0", "o-2", "o-3", "o-7", "p-1", "q-9", "o+1"] {
        let (mut forger, _gate) = Forger::to(&gus).await;
        if let Some(answer) = forger.store(slot).await {
            assert!(answer.get("exception").is_some(), "{slot}: {answer}");
        }
        assert_eq!(gus.call("has", names("loot")).await.unwrap(), Value::Bool(false), "{slot}");
    }
    let (mut honest, _gate) = Forger::to(&gus).await;
    let answer = honest.store("o-1").await.unwrap();
    assert!(answer.get("exception").is_none(), "{answer}");
    assert_eq!(object(gus.call("lookup", vec![text("loot")]).await.unwrap()), gus);
    daemon.stop().await;
}
