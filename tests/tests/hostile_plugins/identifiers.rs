//! Texts in which an object tells identifiers, which are as good as references: not only where it is there to tell them.
//! What the user stored is told all the same, also if it looks alike.

use std::borrow::Cow;
use std::sync::Arc;

use powerbox_captp::{CallError, Exo, Object, Reply, Value, promise};
use powerbox_core::grants::IfTaken;
use powerbox_passable::{ErrorValue, Symbol, Tagged};
use powerbox_tests::world::{Stage, World, read};
use serde_json::{Value as Json, json};

use crate::attack::{Came, Guard, attacks, attempt, told};
use crate::things::VAULT;

attacks! {
    in_a_name_of_an_interface by Word "Alleged: Inspector (directory …)",
    in_a_name_of_an_interface_of_what_a_promise_came_to by Word "Alleged: Inspector (directory …)",
    in_a_name_of_an_interface_shown_to_a_callback by Word "ok",
    in_a_text by Word "…",
    in_upper_case by Word "…",
    glued_to_a_word by Word "…",
    as_a_locator by Word "…",
    as_an_escaped_locator by Word "…",
    in_a_record_in_a_list by Word "…",
    as_number_and_node by Word "…",
    in_a_key by Word "…",
    in_a_tag by Word "…",
    in_a_symbol by Word "…",
    in_an_error_that_is_an_answer by Word "…",
    in_a_class_of_an_error by Word "it failed",
    in_help by Word "…",
    as_what_a_name_is_identified_by by Word "thing-",
    lent_in_a_name_of_an_interface by Word "Alleged: Inspector (directory)",
}

fn number() -> String {
    "0123456789abcdef".repeat(4)
}

fn node() -> String {
    "89abcdef01234567".repeat(4)
}

/// An object that tells its identifier in some way. It spells it so that nobody recognises it, if the protection shall
/// be passed by: then what it tells does arrive.
struct Teller {
    how: &'static str,
    spelled: bool,
}

impl Teller {
    fn on_stage(guard: Guard, how: &'static str) -> Arc<Stage> {
        let teller = Object::exo(Arc::new(Self { how, spelled: !guard.is_up() }));
        Stage::with([("vault", teller.into())])
    }

    fn spell(&self, digits: &str) -> String {
        if self.spelled {
            digits.as_bytes().chunks(8).map(String::from_utf8_lossy).collect::<Vec<_>>().join("-")
        } else {
            digits.to_owned()
        }
    }

    fn inspector(&self) -> Object {
        Object::exo(Arc::new(Self { how: "inspector", spelled: self.spelled }))
    }

    fn told(&self) -> Result<Value, CallError> {
        let (number, node) = (self.spell(&number()), self.spell(&node()));
        let id = format!("{number}:{node}");
        let locator = format!("endo://{node}/?id={number}&type=directory");
        let error = |name: &str, message: &str| {
            let mut error = ErrorValue::new("Error", message);
            error.name = name.into();
            Value::Error(Box::new(error))
        };
        Ok(match self.how {
            "interface" => self.inspector().into(),
            "promise" => {
                let (open, resolver) = promise();
                resolver.resolve(self.inspector().into());
                Value::list([open.into()])
            }
            "text" => Value::text(format!("it is {number}")),
            "upper" => Value::text(number.to_uppercase()),
            "glued" => Value::text(format!("node{number}")),
            "locator" => Value::text(locator),
            "escaped" => Value::text(locator.replace(':', "%3A").replace('/', "%2F")),
            "record" => Value::list([Value::record([("id", Value::text(id))])]),
            "parts" => Value::record([("number", Value::text(number)), ("node", Value::text(node))]),
            "key" => Value::record([(number, Value::Null)]),
            "tag" => Value::Tagged(Box::new(Tagged { tag: number.into(), payload: Value::Null })),
            "symbol" => Value::Symbol(Symbol::Registered(number.into())),
            "error" => error("Error", &format!("no formula {id}")),
            "class" => return Err(CallError::Thrown(error(&number, "it failed"))),
            _ => Value::text(format!("help for {id}")),
        })
    }
}

impl Exo for Teller {
    fn interface(&self) -> Cow<'_, str> {
        match self.how {
            "inspector" => format!("Alleged: Inspector (directory {})", self.spell(&number())).into(),
            _ => "Alleged: Teller".into(),
        }
    }

    fn methods(&self) -> &'static [&'static str] {
        &["help", "take", "tell"]
    }

    fn call(self: &Arc<Self>, method: &str, args: Vec<Value>) -> Reply {
        match (method, args.first()) {
            ("tell", Some(Value::Capability(listener))) => match self.told() {
                Ok(told) => Reply::Answer(listener.call("hear", vec![told])),
                Err(error) => Reply::error(error),
            },
            ("take", Some(what)) if what.as_str() == Some("self") => {
                Reply::value(Object::exo(Arc::clone(self)))
            }
            _ => self.told().map_or_else(Reply::error, Reply::value),
        }
    }
}

fn leaks(said: &str) -> bool {
    said.replace('-', "").to_lowercase().contains("0123456789abcdef01234567")
}

async fn telling(guard: Guard, how: &'static str, steps: Json) -> Came {
    let world = World::on(&Teller::on_stage(guard, how)).await.unwrap();
    world.install("attacker", &[(VAULT, "vault")]).await.unwrap();
    let said = attempt(&world, steps).await;
    Came::of(&world, leaks(&said), said)
}

async fn taken(guard: Guard, how: &'static str) -> Came {
    telling(guard, how, json!([["vault", "take", "it"]])).await
}

async fn in_a_name_of_an_interface(guard: Guard) -> Came {
    taken(guard, "interface").await
}

/// What the promise came to is shown by an object that tells it on.
async fn in_a_name_of_an_interface_of_what_a_promise_came_to(guard: Guard) -> Came {
    telling(guard, "promise", json!([["vault", "take", "it"], ["call", 0, "take", ["self"]]])).await
}

/// What the callback hears is told again in what it says.
async fn in_a_name_of_an_interface_shown_to_a_callback(guard: Guard) -> Came {
    let steps = json!([
        ["vault", "take", "self"],
        ["call", 0, "tell", [{"callback": [["call", 0, "take", ["self"]]]}]]
    ]);
    telling(guard, "interface", steps).await
}

async fn in_a_text(guard: Guard) -> Came {
    taken(guard, "text").await
}

async fn in_upper_case(guard: Guard) -> Came {
    taken(guard, "upper").await
}

async fn glued_to_a_word(guard: Guard) -> Came {
    taken(guard, "glued").await
}

async fn as_a_locator(guard: Guard) -> Came {
    taken(guard, "locator").await
}

async fn as_an_escaped_locator(guard: Guard) -> Came {
    taken(guard, "escaped").await
}

async fn in_a_record_in_a_list(guard: Guard) -> Came {
    taken(guard, "record").await
}

async fn as_number_and_node(guard: Guard) -> Came {
    taken(guard, "parts").await
}

async fn in_a_key(guard: Guard) -> Came {
    taken(guard, "key").await
}

async fn in_a_tag(guard: Guard) -> Came {
    taken(guard, "tag").await
}

async fn in_a_symbol(guard: Guard) -> Came {
    taken(guard, "symbol").await
}

async fn in_an_error_that_is_an_answer(guard: Guard) -> Came {
    taken(guard, "error").await
}

/// The control is an answer, since no class that JavaScript does not know crosses a session.
async fn in_a_class_of_an_error(guard: Guard) -> Came {
    if guard.is_up() { taken(guard, "class").await } else { taken(guard, "error").await }
}

async fn in_help(guard: Guard) -> Came {
    telling(guard, "help", json!([["vault", "take", "self"], ["call", 0, "help", []]])).await
}

/// Of a thing of the embedded daemon's; the control has the user tell it himself.
async fn as_what_a_name_is_identified_by(guard: Guard) -> Came {
    let world = World::new().await.unwrap();
    world.ask("makeDirectory", vec![Value::texts(["safe"])]).await.unwrap();
    world.install("attacker", &[("left", "@agent"), (VAULT, "@agent")]).await.unwrap();
    let id = world.ask("identify", vec![Value::text("safe")]).await.unwrap();
    let id = id.as_str().unwrap().to_owned();
    let number = id.split(':').next().unwrap();
    let steps = if guard.is_up() {
        json!([["left", "identify", ["safe"]], ["left", "lookup", ["@info", "safe"]]])
    } else {
        let told = number.as_bytes().chunks(8).map(String::from_utf8_lossy).collect::<Vec<_>>().join("-");
        world.ask("storeValue", vec![Value::text(told), Value::texts(["told"])]).await.unwrap();
        json!([["left", "lookup", ["told"]]])
    };
    let said = attempt(&world, steps).await;
    Came::of(&world, said.replace('-', "").contains(number), said)
}

/// A guest has the inspector with the right to read only, and makes a name of its own of the number that it finds.
async fn lent_in_a_name_of_an_interface(guard: Guard) -> Came {
    let world = World::new().await.unwrap();
    world.ask("makeDirectory", vec![Value::texts(["box"])]).await.unwrap();
    world.host.attenuate("@info", "lent", read(&["read-only"]).unwrap(), IfTaken::Refuse).await.unwrap();
    world.guest("scout", &["lent"]).await.unwrap();
    let object = |value: Value| value.as_capability().cloned().unwrap();
    let scout = object(world.ask("lookup", vec![Value::text("scout")]).await.unwrap());
    let lent = object(scout.call("lookup", vec![Value::text("lent")]).await.unwrap());
    let inspector = object(lent.call("lookup", vec![Value::text("box")]).await.unwrap());
    let shown = inspector.interface().unwrap_or_default();
    let id = world.ask("identify", vec![Value::text("box")]).await.unwrap();
    let id = id.as_str().unwrap().to_owned();
    let (number, node) = id.split_once(':').unwrap();
    let found = if guard.is_up() {
        shown.contains(number).then(|| number.to_owned())
    } else {
        Some(number.to_owned())
    };
    let reached = match found {
        Some(number) => {
            let raw = scout.call("lookupById", vec![Value::text(format!("{number}:{node}"))]).await.unwrap();
            object(raw).call("makeDirectory", vec![Value::text("written")]).await.is_ok()
        }
        None => false,
    };
    Came::of(&world, reached, shown)
}

/// A user who keeps digests, and a blob.
async fn keeps_digests() -> (World, String) {
    let world = World::new().await.unwrap();
    let digest = number();
    world.ask("makeDirectory", vec![Value::texts(["box"])]).await.unwrap();
    let list = format!("{digest}  a.txt\n");
    for (name, value) in [("digest", &digest), ("list", &list)] {
        world
            .ask("storeValue", vec![Value::text(value.as_str()), Value::texts(["box", name])])
            .await
            .unwrap();
    }
    let text = vec![Value::texts(["box", "file"]), Value::text(list)];
    world.ask("writeText", text).await.unwrap();
    world.install("attacker", &[("left", "box"), (VAULT, "box")]).await.unwrap();
    (world, digest)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_digest_that_the_user_stored_arrives() {
    let (world, digest) = keeps_digests().await;
    for path in [json!(["digest"]), json!(["list"])] {
        let said = attempt(&world, json!([["left", "lookup", path]])).await;
        assert!(said.contains(&digest), "{said}");
    }
    let said = told(world.run("show box/digest").await);
    assert!(said.contains(&digest), "{said}");
    // A name may be a digest, too.
    world.ask("storeValue", vec![Value::Null, Value::texts(["box", &digest])]).await.unwrap();
    let said = attempt(&world, json!([["left", "list", []]])).await;
    assert!(said.contains(&digest), "{said}");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_digest_and_the_bytes_of_a_blob_arrive() {
    let (world, digest) = keeps_digests().await;
    let steps = json!([["left", "lookup", ["file"]], ["call", 0, "sha256", []], ["call", 0, "text", []]]);
    let said = attempt(&world, steps).await;
    let blob = world.ask("lookup", vec![Value::texts(["box", "file"])]).await.unwrap();
    let sha256 = blob.as_capability().unwrap().call("sha256", vec![]).await.unwrap();
    assert!(said.contains(sha256.as_str().unwrap()) && said.contains(&digest), "{said}");
    let said = told(world.run("cat box/file").await);
    assert!(said.contains(&digest), "{said}");
}

#[tokio::test(flavor = "multi_thread")]
async fn bytes_that_look_like_digits_arrive_as_they_are() {
    let world = World::new().await.unwrap();
    world.ask("makeDirectory", vec![Value::texts(["box"])]).await.unwrap();
    // In base64 this is a run of letters that are hexadecimal digits, too.
    let bytes = vec![0_u8; 300];
    let file = world.folder().join("zeros");
    std::fs::write(&file, &bytes).unwrap();
    told(world.run(&format!("store box/zeros --file {}", file.display())).await);
    world.install("attacker", &[("left", "box"), (VAULT, "box")]).await.unwrap();
    let steps =
        json!([["left", "lookup", ["zeros"]], ["call", 0, "streamBase64", []], ["call", 1, "next", []]]);
    let said = attempt(&world, steps).await;
    assert!(said.contains(&"A".repeat(300)), "{said}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_whole_identifier_that_somebody_stored_does_not_arrive() {
    let world = World::new().await.unwrap();
    world.ask("makeDirectory", vec![Value::texts(["box"])]).await.unwrap();
    let id = world.ask("identify", vec![Value::text("box")]).await.unwrap();
    world.ask("storeValue", vec![id.clone(), Value::texts(["box", "id"])]).await.unwrap();
    world.install("attacker", &[("left", "box"), (VAULT, "box")]).await.unwrap();
    let said = attempt(&world, json!([["left", "lookup", ["id"]]])).await;
    let number = id.as_str().unwrap().split(':').next().unwrap();
    assert!(said.contains('…') && !said.contains(number), "{said}");
    // Whoever has the names themselves has what is there.
    assert_eq!(world.ask("lookup", vec![Value::texts(["box", "id"])]).await.unwrap(), id);
}
