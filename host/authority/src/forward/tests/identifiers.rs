use std::borrow::Cow;
use std::sync::Arc;

use powerbox_captp::{CallError, Exo, Object, Reply, Value};

use super::support::{Memory, Thing, granted, object};
use crate::forward::Membrane;
use crate::grant::{Grant, Holder};

fn number() -> String {
    "0123456789abcdef".repeat(4)
}

fn leaks(shown: &str) -> bool {
    shown.to_lowercase().contains("0123456789abcdef")
}

/// Names itself after its identifier, and tells that in some ways; what it keeps is content.
struct Inspector;

impl Exo for Inspector {
    fn interface(&self) -> Cow<'_, str> {
        Cow::Owned(format!("Alleged: Inspector (directory {})", number()))
    }

    fn methods(&self) -> &'static [&'static str] {
        &["help", "tell", "fail", "lookup", "sha256", "streamBase64", "next", "call"]
    }

    fn call(self: &Arc<Self>, method: &str, args: Vec<Value>) -> Reply {
        let id = format!("{}:{}", number(), number());
        match method {
            "fail" => Reply::error(CallError::error(format!("no formula {id}"))),
            "tell" => Reply::value(Value::record([(number(), Value::list([Value::text(id)]))])),
            "help" => Reply::value(format!("this is {id}")),
            "streamBase64" => Reply::value(Object::exo(Arc::new(Self))),
            "call" => {
                let listener = args.first().and_then(Value::as_capability).cloned().unwrap();
                let me = Object::exo(Arc::clone(self));
                Reply::Answer(listener.call("take", vec![Value::text(id), me.into()]))
            }
            _ => Reply::value(number()),
        }
    }
}

fn lent() -> Object {
    let grant = Grant::unlisted(Holder::reference("test"), "inspector");
    let inspector = Object::exo(Arc::new(Inspector));
    Membrane::new(inspector, grant, None, Arc::new(Memory::default())).outside()
}

#[tokio::test]
async fn no_text_of_what_was_lent_holds_its_identifier() {
    let lent = lent();
    assert_eq!(lent.interface().as_deref(), Some("Alleged: Inspector (directory …)"));
    let fail = lent.call("fail", vec![]).await.unwrap_err().to_string();
    assert!(fail.contains("no formula") && !leaks(&fail), "{fail}");
    for method in ["tell", "help", "next"] {
        let told = format!("{:?}", lent.call(method, vec![]).await.unwrap());
        assert!(told.contains('…') && !leaks(&told), "{told}");
    }
    // The positive control: without the membrane all of it is told.
    let raw = Object::exo(Arc::new(Inspector));
    assert!(leaks(&raw.interface().unwrap()));
    assert!(leaks(&format!("{:?}", raw.call("tell", vec![]).await.unwrap())));
}

#[tokio::test]
async fn a_callback_of_the_holder_is_told_no_identifier_either() {
    let listener = Thing::new();
    lent().call("call", vec![listener.object().into()]).await.unwrap();
    let heard = listener.last();
    let interface = heard[1].as_capability().unwrap().interface().unwrap();
    assert!(!leaks(&format!("{:?}", heard[0])) && !leaks(&interface), "{heard:?} {interface}");
}

#[tokio::test]
async fn what_the_user_stored_arrives_also_if_it_looks_alike() {
    let lent = lent();
    for method in ["lookup", "sha256"] {
        assert_eq!(lent.call(method, vec![]).await.unwrap(), Value::text(number()));
    }
    let stream = object(lent.call("streamBase64", vec![]).await);
    assert_eq!(stream.call("next", vec![]).await.unwrap(), Value::text(number()));
}

#[tokio::test]
async fn the_holders_own_texts_are_left_as_they_are() {
    let granted = granted();
    granted.call("keep", vec![Value::text(number())]).await.unwrap();
    assert_eq!(granted.thing.last(), [Value::text(number())]);
    granted.call("keep", vec![Object::exo(Arc::new(Inspector)).into()]).await.unwrap();
    let inside = granted.thing.last()[0].as_capability().cloned().unwrap();
    assert!(leaks(&inside.interface().unwrap()));
    assert_eq!(inside.call("next", vec![]).await.unwrap(), Value::text(number()));
}
