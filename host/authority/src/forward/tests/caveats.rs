use powerbox_captp::{Message, Method, Object, Value};
use powerbox_passable::Symbol;

use super::support::{NOW, Thing, around, books, class, error, granted, object, references};
use crate::grant::{Grant, Holder};

fn text(text: &str) -> Value {
    Value::text(text)
}

async fn outcomes(object: &Object, calls: &[(&str, Vec<Value>)]) -> Vec<String> {
    let mut outcomes = Vec::new();
    for (function, args) in calls {
        outcomes.push(class(object.call(*function, args.clone()).await));
    }
    outcomes
}

#[tokio::test]
async fn functions_that_are_listed_pass_on_the_object_and_on_all_it_leads_to() {
    let books = books();
    let (granted, _) = books.granted(&["functions child,echo"]);
    let child = granted.object("child", vec![]).await;
    for object in [&granted.outside, &child] {
        assert_eq!(
            outcomes(object, &[("echo", vec![]), ("list", vec![]), ("Echo", vec![]), ("echo ", vec![])])
                .await,
            ["answered", "Denied", "Denied", "Denied"]
        );
        assert_eq!(class(object.apply(vec![]).await), "Denied");
        assert_eq!(class(object.get("echo").await), "Denied");
        let symbol =
            Message::Call { method: Method::Symbol(Symbol::WellKnown("asyncIterator".into())), args: vec![] };
        assert_eq!(class(object.deliver(symbol).await), "Denied");
        assert_eq!(class(object.call("(apply)", vec![]).await), "Denied");
    }
    let rule = error(granted.call("list", vec![]).await);
    assert_eq!(rule, ("Denied".to_owned(), "the grant allows child,echo, not list".to_owned()));
    assert_eq!(granted.thing.asked(), ["child", "echo"]);
}

#[tokio::test]
async fn a_grant_without_functions_lets_apply_and_get_through() {
    let granted = granted();
    let (class_, message) = error(granted.outside.apply(vec![]).await);
    assert_eq!(class_, "TypeError", "the target itself said so: {message}");
    assert_eq!(granted.outside.get("nothing").await.unwrap(), Value::Undefined);
    assert_eq!(granted.recorder.lines()[0].0, "(apply)");
    assert_eq!(granted.recorder.lines()[1].0, "(get)");
}

#[tokio::test]
async fn the_names_of_methods_are_those_that_may_be_called() {
    let books = books();
    let names = |names: &[&str]| Value::texts(names.iter().copied());
    let (granted, _) = books.granted(&["functions list,echo,unknown,me"]);
    assert_eq!(
        granted.call("__getMethodNames__", vec![]).await.unwrap(),
        names(&["__getMethodNames__", "echo", "list", "me"])
    );
    let (granted, _) = books.granted(&["read-only"]);
    assert_eq!(
        granted.call("__getMethodNames__", vec![]).await.unwrap(),
        names(&["__getMethodNames__", "has", "list"])
    );
    let grant = books.ledger.grant(books.add(&["functions list,echo,child"]).id).unwrap();
    let granted = around(grant, Some(&["list", "child", "me"]));
    assert_eq!(
        granted.call("__getMethodNames__", vec![]).await.unwrap(),
        names(&["__getMethodNames__", "child", "list"])
    );
    let child = granted.object("child", vec![]).await;
    assert_eq!(
        child.call("__getMethodNames__", vec![]).await.unwrap(),
        names(&["__getMethodNames__", "child", "echo", "list"]),
        "the methods are of the object itself only"
    );
    let (granted, _) = books.granted(&["functions echo"]);
    granted.call("echo", vec![text("x")]).await.unwrap();
    let everything = super::support::granted().call("__getMethodNames__", vec![]).await.unwrap();
    assert_eq!(everything.as_list().unwrap().len(), 16);
}

#[tokio::test]
async fn methods_hold_for_the_object_itself() {
    let granted = around(Grant::unlisted(Holder::reference("test"), "thing"), Some(&["child", "me"]));
    let child = granted.object("child", vec![]).await;
    assert_eq!(class(child.call("echo", vec![]).await), "answered");
    let root = granted.object("me", vec![]).await;
    for object in [&granted.outside, &root] {
        assert_eq!(class(object.call("echo", vec![]).await), "Denied");
        assert_eq!(class(object.apply(vec![]).await), "Denied");
        assert_eq!(class(object.get("child").await), "Denied");
    }
    assert_eq!(error(granted.call("echo", vec![]).await).1, "the reference allows child, me, not echo");
    assert_eq!(granted.thing.asked(), ["child", "me"]);
}

#[tokio::test]
async fn a_callback_cannot_fetch_more_than_its_holder_has() {
    let books = books();
    let (granted, _) = books.granted(&["functions pass,child"]);
    let callback = Thing::new();
    granted.call("pass", vec![callback.object().into()]).await.unwrap();
    let got: Vec<Object> = callback.last().iter().flat_map(references).collect();
    for object in got {
        assert_eq!(class(object.call("writeText", vec![]).await), "Denied");
        assert_eq!(class(object.call("child", vec![]).await), "answered");
    }
    assert_eq!(granted.thing.asked(), ["pass", "child"]);
}

#[tokio::test]
async fn read_only_lets_nothing_through_that_may_change_something() {
    let books = books();
    let (granted, _) = books.granted(&["read-only"]);
    let calls =
        [("list", vec![]), ("has", vec![]), ("writeText", vec![]), ("echo", vec![]), ("unheardOf", vec![])];
    assert_eq!(
        outcomes(&granted.outside, &calls).await,
        ["answered", "answered", "Denied", "Denied", "Denied"]
    );
    assert_eq!(granted.thing.asked(), ["list", "has"]);
}

#[tokio::test]
async fn paths_are_those_under_the_prefix() {
    let books = books();
    let (granted, _) = books.granted(&["path notes/work"]);
    let path = |names: &[&str]| Value::texts(names.iter().copied());
    let calls = [
        ("has", vec![text("notes"), text("work"), text("todo")]),
        ("has", vec![text("notes"), text("work")]),
        ("has", vec![text("notes")]),
        ("has", vec![]),
        ("has", vec![text("notes"), text("work"), text("..")]),
        ("has", vec![text("notes"), text("work2")]),
        ("writeText", vec![path(&["notes", "work", "a"]), text("x")]),
        ("writeText", vec![path(&["notes", "other"]), text("x")]),
        ("writeText", vec![text("notes/work/a"), text("x")]),
        ("writeText", vec![Value::Null]),
        ("echo", vec![path(&["notes", "work"])]),
    ];
    let (yes, no) = ("answered", "Denied");
    assert_eq!(outcomes(&granted.outside, &calls).await, [yes, yes, no, no, no, no, yes, no, no, no, no]);
}

#[tokio::test]
async fn arguments_are_as_told() {
    let books = books();
    let (granted, _) = books.granted(&["arg send.0 in [\"bob\",3]", "arg send.1 between 1 10"]);
    let own = Thing::new().object();
    let calls = [
        ("send", vec![text("bob"), Value::Number(1.0)]),
        ("send", vec![Value::bigint(3), Value::bigint(10)]),
        ("send", vec![text("eve"), Value::Number(1.0)]),
        ("send", vec![text("bob"), Value::Number(10.5)]),
        ("send", vec![text("bob"), Value::Number(f64::NAN)]),
        ("send", vec![text("bob"), Value::bigint(11)]),
        ("send", vec![text("bob")]),
        ("send", vec![]),
        ("send", vec![own.into(), Value::Number(1.0)]),
        ("echo", vec![text("eve")]),
    ];
    let (yes, no) = ("answered", "Denied");
    assert_eq!(outcomes(&granted.outside, &calls).await, [yes, yes, no, no, no, no, no, no, no, yes]);
    // The function itself cannot be read off and then called with anything.
    assert_eq!(class(granted.outside.get("send").await), no);
    assert_eq!(class(granted.outside.get("other").await), yes);
    // By name nothing can be told on the wire.
    let (granted, _) = books.granted(&["arg send.to = \"bob\""]);
    let calls = [("send", vec![text("bob")]), ("echo", vec![])];
    assert_eq!(outcomes(&granted.outside, &calls).await, [no, yes]);
}

#[tokio::test]
async fn calls_are_counted_with_those_of_all_that_came_back() {
    let books = books();
    let (granted, _) = books.granted(&["calls 3", "functions child,echo"]);
    let child = granted.object("child", vec![]).await;
    assert_eq!(class(granted.call("list", vec![]).await), "Denied", "which costs nothing");
    let calls = [("echo", vec![]), ("echo", vec![]), ("echo", vec![])];
    assert_eq!(outcomes(&child, &calls).await, ["answered", "answered", "Denied"]);
    assert_eq!(error(granted.call("echo", vec![]).await).1, "the grant's `calls 3` is used up");
}

#[tokio::test]
async fn a_rate_lets_more_through_as_time_goes_by() {
    let books = books();
    let (granted, _) = books.granted(&["rate 3/1m"]);
    let calls = [("echo", vec![]), ("echo", vec![]), ("echo", vec![]), ("echo", vec![])];
    assert_eq!(outcomes(&granted.outside, &calls).await, ["answered", "answered", "answered", "Denied"]);
    books.set_time(NOW + 20_000);
    assert_eq!(outcomes(&granted.outside, &calls[..2]).await, ["answered", "Denied"]);
    books.set_time(NOW);
    assert_eq!(outcomes(&granted.outside, &calls[..1]).await, ["Denied"]);
    books.set_time(NOW + 80_000);
    assert_eq!(outcomes(&granted.outside, &calls).await, ["answered", "answered", "answered", "Denied"]);
}

#[tokio::test]
async fn bytes_count_in_arguments_answers_callbacks_and_promises() {
    let long = text(&"x".repeat(3000));
    let books = books();
    let (granted, _) = books.granted(&["bytes 4KiB"]);
    assert_eq!(class(granted.call("list", vec![long.clone()]).await), "answered");
    assert_eq!(class(granted.call("list", vec![long.clone()]).await), "Denied");
    assert_eq!(class(granted.call("list", vec![text("short")]).await), "answered");
    // An answer that is too long is not given, though the call was made.
    let (granted, _) = books.granted(&["bytes 4KiB"]);
    granted.thing.object().call("keep", vec![long.clone()]).await.unwrap();
    assert_eq!(class(granted.call("kept", vec![]).await), "answered");
    assert_eq!(error(granted.call("kept", vec![]).await).1, "the grant's `bytes 4KiB` is used up");
    assert_eq!(granted.thing.asked(), ["keep", "kept", "kept"]);
    // What is told to the holder's own objects is told to him.
    let (granted, _) = books.granted(&["bytes 4KiB"]);
    let callback = Thing::new();
    granted.call("keep", vec![callback.object().into()]).await.unwrap();
    let stored = references(&granted.thing.last()[0]).remove(0);
    assert_eq!(class(stored.call("list", vec![long.clone()]).await), "answered");
    assert_eq!(class(stored.call("list", vec![long.clone()]).await), "Denied");
    assert_eq!(callback.asked(), ["list"]);
    // What a promise comes to counts when it does, and so does what is thrown.
    let (granted, _) = books.granted(&["bytes 4KiB"]);
    let (promise, resolver) = super::support::open();
    granted.thing.object().call("keep", vec![Value::list([promise])]).await.unwrap();
    let promise = references(&granted.call("kept", vec![]).await.unwrap()).remove(0);
    resolver.resolve(text(&"x".repeat(5000)));
    assert_eq!(class(promise.settled().await), "Denied");
    let (granted, _) = books.granted(&["bytes 4KiB"]);
    let child = Thing::new();
    child.object().call("keep", vec![long.clone()]).await.unwrap();
    assert_eq!(error(granted.call("fail", vec![long]).await).1, "the grant's `bytes 4KiB` is used up");
}

#[tokio::test]
async fn confirm_needs_the_persons_word_once_for_each_call() {
    let books = books();
    let (granted, id) = books.granted(&["confirm"]);
    let (class_, message) = error(granted.call("echo", vec![text("a")]).await);
    assert_eq!(class_, "Denied");
    let digest = message.rsplit(' ').next().unwrap();
    assert!(granted.thing.asked().is_empty());
    books.ledger.approve(id, digest).unwrap();
    assert_eq!(class(granted.call("echo", vec![text("b")]).await), "Denied", "this is another call");
    assert_eq!(class(granted.call("list", vec![text("a")]).await), "Denied");
    assert_eq!(granted.call("echo", vec![text("a")]).await.unwrap(), text("a"));
    assert_eq!(class(granted.call("echo", vec![text("a")]).await), "Denied", "once");
    assert_eq!(granted.thing.asked(), ["echo"]);
}

#[tokio::test]
async fn a_word_for_one_object_is_none_for_another() {
    let books = books();
    let (granted, id) = books.granted(&["confirm"]);
    let digest = |outcome| error(outcome).1.rsplit(' ').next().unwrap().to_owned();
    let of_root = digest(granted.call("child", vec![]).await);
    books.ledger.approve(id, &of_root).unwrap();
    let child = object(granted.call("child", vec![]).await);
    let of_child = digest(child.call("child", vec![]).await);
    assert_ne!(of_root, of_child);
    assert_eq!(digest(child.call("child", vec![]).await), of_child, "the same call is the same");
    // Nor is a reference as an argument any reference.
    let with_child = digest(granted.call("keep", vec![child.clone().into()]).await);
    let with_root = digest(granted.call("keep", vec![granted.outside.clone().into()]).await);
    assert_ne!(with_child, with_root);
    let promise = || vec![super::support::open().0];
    assert_ne!(
        digest(granted.call("keep", promise()).await),
        digest(granted.call("keep", promise()).await),
        "what a promise will be cannot be agreed to"
    );
    books.ledger.approve(id, &with_child).unwrap();
    assert_eq!(class(granted.call("keep", vec![granted.outside.clone().into()]).await), "Denied");
    assert_eq!(class(granted.call("keep", vec![child.into()]).await), "answered");
}

#[tokio::test]
async fn a_refused_call_costs_nothing_and_uses_up_no_word() {
    let books = books();
    let (granted, id) = books.granted(&["confirm", "calls 1"]);
    let digest = |outcome| error(outcome).1.rsplit(' ').next().unwrap().to_owned();
    let echo = digest(granted.call("echo", vec![]).await);
    let list = digest(granted.call("list", vec![]).await);
    books.ledger.approve(id, &echo).unwrap();
    books.ledger.approve(id, &list).unwrap();
    assert_eq!(class(granted.call("echo", vec![]).await), "answered", "the two questions cost no call");
    assert_eq!(error(granted.call("list", vec![]).await).1, "the grant's `calls 1` is used up");
    books.ledger.narrow(id, &["functions list".parse().unwrap()]).unwrap();
    assert_eq!(class(granted.call("list", vec![]).await), "Denied");
}
