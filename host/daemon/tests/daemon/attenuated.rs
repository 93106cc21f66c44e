use powerbox_authority::grant::{GrantId, Holder, Target};
use powerbox_authority::ledger::{NewGrant, Origin};
use powerbox_captp::{Object, Value};

use crate::support::{
    Client, Confined, Home, guest, names, object, path, pet_names, refusal, string, strings, text,
};

/// A grant with caveats, as the command host makes one for a reference.
fn granted(home: &Home, caveats: &[&str]) -> GrantId {
    let new = NewGrant {
        origin: Origin::Object(Target::Object { name: vec!["notes".into()], id: None }),
        holder: Holder::reference("shared"),
        slot: "shared".into(),
        caveats: caveats.iter().map(|caveat| caveat.parse().unwrap()).collect(),
        giver: "person".into(),
    };
    home.ledger().add(&new).unwrap().id
}

/// Makes `notes` with one name in it, and `shared`, which passes on to it what the caveats allow.
async fn share(home: &Home, client: &Client, caveats: &[&str]) -> GrantId {
    client.ok("makeDirectory", vec![path("notes")]).await;
    client.ok("storeValue", vec![text("water the plants"), path("notes/todo")]).await;
    let grant = granted(home, caveats);
    attenuate(client, "notes", grant, "shared").await;
    grant
}

async fn attenuate(client: &Client, target: &str, grant: GrantId, name: &str) {
    let id = client.ok("identify", names(target)).await;
    let args = vec![id, Value::bigint(grant.get()), text(name)];
    client.bootstrap.call("attenuate", args).await.unwrap();
}

async fn shared(client: &Client) -> Object {
    object(client.ok("lookup", vec![text("shared")]).await)
}

#[tokio::test]
async fn it_passes_on_what_its_grant_allows_and_nothing_else() {
    let home = Home::new();
    let daemon = home.start();
    let client = home.client().await;
    share(&home, &client, &["functions list,lookup"]).await;
    let reference = shared(&client).await;
    assert_eq!(strings(&reference.call("list", vec![]).await.unwrap()), ["todo"]);
    assert_eq!(string(reference.call("lookup", vec![text("todo")]).await.unwrap()), "water the plants");
    let refused = refusal(reference.call("remove", vec![text("todo")]).await);
    assert!(refused.contains("allows list,lookup, not remove"), "{refused}");
    // The positive control: without the reference in between, the same call is made.
    assert_eq!(strings(&client.ok("list", names("notes")).await), ["todo"]);
    client.ok("remove", names("notes/todo")).await;
    assert!(strings(&client.ok("list", names("notes")).await).is_empty());
    daemon.stop().await;
}

#[tokio::test]
async fn what_it_leads_to_keeps_its_limits() {
    let home = Home::new();
    let daemon = home.start();
    let client = home.client().await;
    client.ok("makeDirectory", vec![path("notes")]).await;
    client.ok("makeDirectory", vec![path("notes/deep")]).await;
    attenuate(&client, "notes", granted(&home, &["read-only"]), "shared").await;
    let deep = object(shared(&client).await.call("lookup", vec![text("deep")]).await.unwrap());
    assert!(strings(&deep.call("list", vec![]).await.unwrap()).is_empty());
    let refused = refusal(deep.call("makeDirectory", vec![text("deeper")]).await);
    assert!(refused.contains("read-only"), "{refused}");
    let unguarded = object(client.ok("lookup", vec![path("notes/deep")]).await);
    unguarded.call("makeDirectory", vec![text("deeper")]).await.unwrap();
    daemon.stop().await;
}

#[tokio::test]
async fn a_guest_gets_by_it_what_it_could_not_have() {
    let home = Home::new();
    let daemon = home.start();
    let client = home.client().await;
    share(&home, &client, &["functions list"]).await;
    let scout = Confined::to(&guest(&client, "scout", &[("shared", "notes")]).await).await;
    assert_eq!(strings(&scout.ok("list", names("notes")).await), ["todo"]);
    let notes = object(scout.ok("lookup", vec![text("notes")]).await);
    assert!(refusal(notes.call("lookup", vec![text("todo")]).await).contains("not lookup"));
    // It can be stored like any object of the daemon's.
    scout.ok("copy", vec![path("notes"), path("mine")]).await;
    scout.ok("storeValue", vec![Value::list([Value::Capability(notes)]), text("kept")]).await;
    daemon.stop().await;
}

#[tokio::test]
async fn it_is_there_again_after_a_restart_and_so_is_its_count() {
    let home = Home::new();
    let daemon = home.start();
    let client = home.client().await;
    share(&home, &client, &["calls 2"]).await;
    shared(&client).await.call("list", vec![]).await.unwrap();
    daemon.stop().await;

    let daemon = home.start();
    let client = home.client().await;
    assert!(pet_names(&client).await.contains(&"shared".to_owned()));
    let reference = shared(&client).await;
    reference.call("list", vec![]).await.unwrap();
    assert!(refusal(reference.call("list", vec![]).await).contains("used up"));
    daemon.stop().await;
}

#[tokio::test]
async fn revoking_ends_it_for_everybody_at_once_and_for_good() {
    let home = Home::new();
    let daemon = home.start();
    let client = home.client().await;
    let grant = share(&home, &client, &[]).await;
    let reference = shared(&client).await;
    reference.call("list", vec![]).await.unwrap();
    client.ok("makeDirectory", vec![path("notes/deep")]).await;
    let deep = object(reference.call("lookup", vec![text("deep")]).await.unwrap());
    deep.call("list", vec![]).await.unwrap();

    // By another process, as `powerbox grant revoke` is.
    home.ledger().revoke(grant).unwrap();
    assert!(refusal(reference.call("list", vec![]).await).contains("revoked"));
    assert!(refusal(deep.call("list", vec![]).await).contains("revoked"));
    daemon.stop().await;

    let daemon = home.start();
    let client = home.client().await;
    assert!(refusal(shared(&client).await.call("list", vec![]).await).contains("revoked"));
    daemon.stop().await;
}

#[tokio::test]
async fn its_grant_is_told_to_the_owner_and_made_of_real_things_only() {
    let home = Home::new();
    let daemon = home.start();
    let client = home.client().await;
    let grant = share(&home, &client, &[]).await;
    let number = |name: &'static str| {
        let client = &client;
        async move {
            let id = client.ok("identify", names(name)).await;
            client.bootstrap.call("grantOf", vec![id]).await.unwrap()
        }
    };
    assert_eq!(number("shared").await, Value::bigint(grant.get()));
    assert_eq!(number("notes").await, Value::Undefined);
    // Data has no methods, so there is nothing to attenuate.
    let data = client.ok("identify", names("notes/todo")).await;
    let args = vec![data, Value::bigint(grant.get()), text("no")];
    assert!(client.bootstrap.call("attenuate", args).await.is_err());
    let unknown = text(&format!("{}:{}", "0".repeat(64), "0".repeat(64)));
    assert!(client.bootstrap.call("attenuate", vec![unknown, Value::bigint(1), text("no")]).await.is_err());
    daemon.stop().await;
}
