use powerbox_captp::Value;

use crate::support::{
    Client, Confined, GUEST_SPECIAL, Home, change, guest, names, next, object, path, pet_names, refusal,
    string, strings, text,
};

fn named(agent: &str) -> Value {
    Value::record([("agentName", text(agent))])
}

fn introducing(host: &str, guest: &str) -> Value {
    Value::record([("introducedNames", Value::record([(host, text(guest))]))])
}

fn node(id: &Value) -> String {
    id.as_str().unwrap().split_once(':').unwrap().1.to_owned()
}

async fn identify(client: &Client, name: &str) -> Value {
    client.ok("identify", names(name)).await
}

#[tokio::test]
async fn a_guest_and_its_mail_address_get_the_names_asked_for() {
    let home = Home::new();
    let daemon = home.start();
    let client = home.client().await;
    let gus = object(client.ok("provideGuest", vec![text("gus"), named("gus-agent")]).await);
    assert_eq!(gus.interface().as_deref(), Some("Alleged: EndoGuest"));
    assert_eq!(pet_names(&client).await, ["gus", "gus-agent"]);
    assert_eq!(object(client.ok("lookup", vec![text("gus-agent")]).await), gus);
    let handle = object(client.ok("lookup", vec![text("gus")]).await);
    assert_eq!(handle.interface().as_deref(), Some("Alleged: Handle"));
    assert_eq!(object(gus.call("handle", vec![]).await.unwrap()), handle);
    assert_eq!(strings(&client.ok("reverseLookup", vec![gus.clone().into()]).await), ["gus-agent"]);

    // Both carry a key of the guest's own.
    let (agent_id, handle_id) = (identify(&client, "gus-agent").await, identify(&client, "gus").await);
    assert_eq!(node(&agent_id), node(&handle_id));
    let others = [
        node(&identify(&client, "@agent").await),
        string(client.bootstrap.call("nodeId", vec![]).await.unwrap()),
    ];
    assert!(!others.contains(&node(&agent_id)));
    for (name, kind) in [("gus-agent", "guest"), ("gus", "handle")] {
        let locator = string(client.ok("locate", names(name)).await);
        assert!(locator.ends_with(&format!("&type={kind}")), "{locator}");
    }

    assert_eq!(strings(&gus.call("list", vec![]).await.unwrap()), GUEST_SPECIAL);
    let of_guest = |name: &'static str| gus.call("lookup", vec![text(name)]);
    assert_eq!(object(of_guest("@agent").await.unwrap()), gus);
    assert_eq!(object(of_guest("@self").await.unwrap()), handle);
    let hosts = object(client.ok("handle", vec![]).await);
    assert_eq!(object(of_guest("@host").await.unwrap()), hosts);
    daemon.stop().await;
}

#[tokio::test]
async fn names_are_given_only_if_asked_for() {
    let home = Home::new();
    let daemon = home.start();
    let client = home.client().await;
    let anonymous = object(client.ok("provideGuest", vec![]).await);
    let another = object(client.ok("provideGuest", vec![Value::Undefined, Value::record::<&str>([])]).await);
    assert_ne!(anonymous, another);
    assert!(pet_names(&client).await.is_empty());
    client.ok("provideGuest", vec![text("mail")]).await;
    assert_eq!(pet_names(&client).await, ["mail"]);
    let ann = client.ok("provideGuest", vec![Value::Undefined, named("ann")]).await;
    assert_eq!(client.ok("lookup", vec![text("ann")]).await, ann);
    // Without a mail name there is nothing to find again, and a new guest does not take the name of another.
    let refused = client.refusal("provideGuest", vec![Value::Undefined, named("ann")]).await;
    assert_eq!(refused, "Error: Name taken: \"ann\" (guest)");
    assert_eq!(client.ok("lookup", vec![text("ann")]).await, ann);
    daemon.stop().await;
}

#[tokio::test]
async fn asking_again_gives_whatever_the_name_stands_for() {
    let home = Home::new();
    let daemon = home.start();
    let client = home.client().await;
    client.ok("storeValue", vec![text("hello"), text("txt")]).await;
    let gus = guest(&client, "gus", &[]).await;
    let before = daemon.stop.facts().await.unwrap().formulas;
    let handle = client.ok("provideGuest", vec![text("gus-mail"), named("other")]).await;
    assert_eq!(object(handle).interface().as_deref(), Some("Alleged: Handle"));
    assert_eq!(object(client.ok("provideGuest", vec![text("gus")]).await), gus);
    assert_eq!(object(client.ok("provideGuest", vec![text("@agent")]).await), client.host);
    assert_eq!(client.ok("provideGuest", vec![text("txt")]).await, text("hello"));
    assert_eq!(pet_names(&client).await, ["gus", "gus-mail", "txt"], "no other name was given");
    assert_eq!(daemon.stop.facts().await.unwrap().formulas, before, "nothing was made");

    // Names are introduced to a guest that is there; to what has no names they cannot be.
    client.ok("provideGuest", vec![text("gus"), introducing("txt", "given")]).await;
    assert_eq!(gus.call("lookup", vec![text("given")]).await.unwrap(), text("hello"));
    for name in ["gus-mail", "txt"] {
        assert_eq!(
            client.refusal("provideGuest", vec![text(name), introducing("txt", "given")]).await,
            "TypeError: agent.storeIdentifier is not a function"
        );
        assert_eq!(
            client.refusal("provideGuest", vec![text(name), introducing("absent", "given")]).await,
            "TypeError: Unknown pet name: \"absent\""
        );
    }
    daemon.stop().await;
}

#[tokio::test]
async fn two_who_ask_for_one_guest_at_once_do_not_make_two() {
    let home = Home::new();
    let daemon = home.start();
    let (one, two) = (home.client().await, home.client().await);
    let before = daemon.stop.facts().await.unwrap().formulas;
    let asked = [&one, &two].map(|client| client.host.call("provideGuest", vec![text("gus")]));
    let mut kinds = Vec::new();
    for answer in asked {
        kinds.push(object(answer.await.unwrap()).interface().unwrap());
    }
    kinds.sort_unstable();
    assert_eq!(kinds, ["Alleged: EndoGuest", "Alleged: Handle"]);
    assert_eq!(daemon.stop.facts().await.unwrap().formulas, before + 2);
    daemon.stop().await;
}

#[tokio::test]
async fn guests_their_names_and_keys_survive_a_restart() {
    let home = Home::new();
    let daemon = home.start();
    let client = home.client().await;
    client.ok("storeValue", vec![text("hello"), text("txt")]).await;
    let gus = guest(&client, "gus", &[("txt", "given")]).await;
    let dir = gus.call("makeDirectory", vec![text("dir")]).await.unwrap();
    let refs = Value::list([dir, gus.clone().into()]);
    gus.call("storeValue", vec![refs, text("refs")]).await.unwrap();
    gus.call("writeText", vec![path("dir/note"), text("kept")]).await.unwrap();
    let ids = gus.call("listIdentifiers", vec![]).await.unwrap();
    let agent = identify(&client, "gus").await;
    daemon.stop().await;

    let daemon = home.start();
    let client = home.client().await;
    let gus = object(client.ok("lookup", vec![text("gus")]).await);
    assert_eq!(identify(&client, "gus").await, agent);
    assert_eq!(gus.call("listIdentifiers", vec![]).await.unwrap(), ids);
    let listed = strings(&gus.call("list", vec![]).await.unwrap());
    assert_eq!(listed[GUEST_SPECIAL.len()..], ["dir", "given", "refs"]);
    assert_eq!(gus.call("lookup", vec![text("given")]).await.unwrap(), text("hello"));
    assert_eq!(gus.call("readText", vec![path("dir/note")]).await.unwrap(), text("kept"));
    let refs = gus.call("lookup", vec![text("refs")]).await.unwrap();
    assert_eq!(object(refs.as_list().unwrap()[1].clone()), gus);
    // Asking again still finds it.
    assert_eq!(object(client.ok("provideGuest", vec![text("gus")]).await), gus);
    daemon.stop().await;
}

#[tokio::test]
async fn removing_the_name_of_a_guest_forgets_only_the_name() {
    let home = Home::new();
    let daemon = home.start();
    let client = home.client().await;
    let gus = guest(&client, "gus", &[]).await;
    gus.call("storeValue", vec![text("mine"), text("note")]).await.unwrap();
    let id = identify(&client, "gus").await;
    client.ok("remove", names("gus")).await;
    client.ok("remove", names("gus-mail")).await;
    assert_eq!(gus.call("lookup", vec![text("note")]).await.unwrap(), text("mine"));
    daemon.stop().await;

    let daemon = home.start();
    let client = home.client().await;
    assert!(pet_names(&client).await.is_empty());
    client.ok("storeIdentifier", vec![text("again"), id]).await;
    assert_eq!(client.ok("lookup", vec![path("again/note")]).await, text("mine"));
    daemon.stop().await;
}

#[tokio::test]
async fn the_host_reaches_through_a_guest_by_paths() {
    let home = Home::new();
    let daemon = home.start();
    let client = home.client().await;
    let scout = Confined::to(&guest(&client, "scout", &[]).await).await;
    client.ok("storeValue", vec![text("one"), path("scout/notes")]).await;
    assert_eq!(scout.ok("lookup", vec![text("notes")]).await, text("one"));
    client.ok("makeDirectory", vec![path("scout/dir")]).await;
    client.ok("move", vec![path("scout/notes"), path("scout/dir/notes")]).await;
    assert_eq!(scout.pet_names().await, ["dir"]);
    client.ok("copy", vec![path("scout/dir/notes"), path("seen")]).await;
    assert_eq!(client.ok("lookup", vec![text("seen")]).await, text("one"));
    assert_eq!(strings(&client.ok("list", names("scout")).await), ["@agent", "@host", "@self", "dir"]);
    client.ok("remove", names("scout/dir")).await;
    assert!(scout.pet_names().await.is_empty());

    // A new object for the same guest, once the old one is cancelled.
    client.ok("cancel", vec![text("scout")]).await;
    let again = object(client.ok("lookup", vec![text("scout")]).await);
    assert_eq!(strings(&again.call("list", vec![]).await.unwrap()), GUEST_SPECIAL);
    daemon.stop().await;
}

#[tokio::test]
async fn subscribers_hear_of_names_that_making_a_guest_gives() {
    let home = Home::new();
    let daemon = home.start();
    let client = home.client().await;
    client.ok("storeValue", vec![text("hello"), text("txt")]).await;
    let of_host = object(client.ok("followNameChanges", vec![]).await);
    while change(&next(&of_host).await) != "+txt" {}
    let gus = guest(&client, "gus", &[]).await;
    assert_eq!(change(&next(&of_host).await), "+gus-mail");
    assert_eq!(change(&next(&of_host).await), "+gus");
    let of_guest = object(gus.call("followNameChanges", vec![]).await.unwrap());
    for name in GUEST_SPECIAL {
        assert_eq!(change(&next(&of_guest).await), format!("+{name}"));
    }
    client.ok("provideGuest", vec![text("gus"), introducing("txt", "given")]).await;
    assert_eq!(change(&next(&of_guest).await), "+given");
    daemon.stop().await;
}

#[tokio::test]
async fn what_cannot_be_made_as_asked_is_not_made_at_all() {
    let home = Home::with_limits(|limits| limits.names_per_directory = 2);
    let daemon = home.start();
    let client = home.client().await;
    client.ok("storeValue", vec![text("hello"), text("txt")]).await;
    let before = daemon.stop.facts().await.unwrap().formulas;
    let options = |name: &'static str, value: Value| Value::record([(name, value)]);
    let introduce =
        |name: &'static str, value: Value| options("introducedNames", Value::record([(name, value)]));
    let in_method = "In \"provideGuest\" method of (EndoHost): arg";
    let cases: Vec<(Vec<Value>, String)> = vec![
        (vec![1.0.into()], format!("Error: {in_method} 0?: number (a number) - Must be a string")),
        (vec![path("a/b")], format!("Error: {in_method} 0?: copyArray (an object) - Must be a string")),
        (
            vec![text("gus"), text("gus")],
            format!("Error: {in_method} 1?: string (a string) - Must be a copyRecord"),
        ),
        (
            vec![text("gus"), Value::Undefined, Value::Undefined],
            "Error: \"In \\\"provideGuest\\\" method of (EndoHost)\" accepts at most 2 arguments, not 3: (an object)"
                .to_owned(),
        ),
        (vec![text("a/b")], "Error: Invalid name \"a/b\"".to_owned()),
        (
            vec![text("@gus")],
            "Error: Invalid pet name \"@gus\" and not one of @agent, @self, @host, @endo, @nets, @pins, @info, @none"
                .to_owned(),
        ),
        (vec![text("gus"), named("@gus")], "Error: Invalid pet name \"@gus\"".to_owned()),
        (
            vec![text("gus"), options("agentName", 1.0.into())],
            format!("Error: {in_method} 1?: agentName?: number (a number) - Must be a string"),
        ),
        (
            vec![text("gus"), options("introducedNames", text("txt"))],
            format!("Error: {in_method} 1?: introducedNames?: string (a string) - Must be a copyRecord"),
        ),
        (
            vec![text("gus"), introduce("txt", Value::Null)],
            format!("Error: {in_method} 1?: introducedNames?: null (an object) - Must be a string"),
        ),
        (vec![text("gus"), introduce("txt", text("@self"))], "Error: Invalid pet name \"@self\"".to_owned()),
        (vec![text("gus"), introduce("txt", text("a/b"))], "Error: Invalid name \"a/b\"".to_owned()),
        (
            vec![text("gus"), named("gus-agent")],
            "RangeError: the daemon allows at most 2 names in a directory".to_owned(),
        ),
    ];
    for (args, expected) in cases {
        assert_eq!(client.refusal("provideGuest", args.clone()).await, expected, "{args:?}");
    }
    assert_eq!(pet_names(&client).await, ["txt"]);
    assert_eq!(daemon.stop.facts().await.unwrap().formulas, before);
    client.ok("provideGuest", vec![text("gus"), introduce("txt", text("given"))]).await;
    assert_eq!(pet_names(&client).await, ["gus", "txt"]);
    daemon.stop().await;
}

#[tokio::test]
async fn guests_have_the_methods_of_endo_that_this_daemon_has_and_no_more() {
    let home = Home::new();
    let daemon = home.start();
    let client = home.client().await;
    let gus = guest(&client, "gus", &[]).await;
    let methods = strings(&gus.call("__getMethodNames__", vec![]).await.unwrap()).join(" ");
    assert_eq!(
        methods,
        "__getInterfaceGuard__ __getMethodNames__ copy followLocatorNameChanges followNameChanges handle has help \
         identify list listIdentifiers listLocators locate lookup lookupById makeDirectory maybeLookup maybeReadText \
         move readText remove reverseIdentify reverseLocate reverseLookup storeBlob storeIdentifier storeLocator \
         storeValue writeText"
    );
    for method in ["cancel", "provideGuest", "provideHost", "evaluate", "request", "terminate"] {
        let refusal = refusal(gus.call(method, vec![]).await);
        assert!(refusal.starts_with(&format!("TypeError: target has no method \"{method}\"")), "{refusal}");
    }
    assert_eq!(
        refusal(gus.call("copy", vec![text("a"), text("b")]).await),
        "Error: In \"copy\" method of (EndoGuest): arg 0: string (a string) - Must be a copyArray"
    );
    assert!(gus.call("__getInterfaceGuard__", vec![]).await.unwrap().is_undefined());
    let help = string(gus.call("help", vec![]).await.unwrap());
    assert!(help.starts_with("EndoGuest - ") && !help.contains("provideGuest"), "{help}");
    assert!(string(client.ok("help", vec![text("provideGuest")]).await).starts_with("provideGuest("));
    daemon.stop().await;
}

#[tokio::test]
async fn the_inspector_shows_who_made_a_guest() {
    let home = Home::new();
    let daemon = home.start();
    let client = home.client().await;
    guest(&client, "gus", &[]).await;
    let inspector = object(client.ok("lookup", vec![path("@info/gus")]).await);
    assert_eq!(inspector.interface().as_deref(), Some("Alleged: Inspector (guest)"));
    assert_eq!(strings(&inspector.call("list", vec![]).await.unwrap()), ["hostAgent", "hostHandle"]);
    let shown = |name: &'static str| inspector.call("lookup", vec![text(name)]);
    assert_eq!(object(shown("hostAgent").await.unwrap()), client.host);
    assert_eq!(shown("hostHandle").await.unwrap(), client.ok("handle", vec![]).await);
    assert!(shown("handle").await.unwrap().is_undefined());
    daemon.stop().await;
}
