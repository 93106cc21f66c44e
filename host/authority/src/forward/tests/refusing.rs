use powerbox_captp::{CallError, Config, Object, Session, Value, transport};
use powerbox_passable::{ErrorValue, RESERVED_ID};

use super::support::{Books, Thing, books};
use crate::forward::{Refusing, Rule};
use crate::grant::{Grant, Holder};
use crate::question::Questions;

/// Serves an object in a session, whose other end may believe it.
async fn serve(object: Object, believed: bool) -> (Object, [Session; 2]) {
    let (near, far) = transport::pair();
    let near = Session::start(near, Config::new("near"));
    let far = Session::start(far, Config::new("far").bootstrap(object));
    if believed {
        near.believe_reserved_ids();
    }
    let Value::Capability(object) = near.bootstrap().await.unwrap() else { panic!() };
    (object, [near, far])
}

async fn refusal(object: &Object, function: &str) -> CallError {
    object.call(function, vec![]).await.unwrap_err()
}

/// What a caller learns of a refusal, of a call that was used up, of one that is asked about, and of the end.
async fn all_kinds(books: &Books, believed: bool) -> Vec<Option<(Rule, Option<u64>)>> {
    let mut learned = Vec::new();
    for (caveat, function) in
        [("functions list", "echo"), ("confirm", "list"), ("expires 2999-01-01T00:00:00Z", "list")]
    {
        let (granted, id) = books.granted(&[caveat]);
        if caveat.starts_with("expires") {
            books.ledger.revoke(id).unwrap();
        }
        let (object, _sessions) = serve(granted.outside.clone(), believed).await;
        let refusing = Refusing::of(&refusal(&object, function).await);
        learned.push(refusing.map(|refusing| (refusing.rule, refusing.grant.map(|grant| grant.get()))));
    }
    learned
}

#[tokio::test]
async fn a_refusal_is_known_as_one_by_whoever_believes_the_other_end() {
    let books = books();
    let learned = all_kinds(&books, true).await;
    assert_eq!(learned[0], Some((Rule::Denied, Some(1))));
    assert!(
        matches!(&learned[1], Some((Rule::Unasked(digest), Some(2))) if digest.len() == 64),
        "{learned:?}"
    );
    assert_eq!(learned[2], Some((Rule::Ended, Some(3))));
    // Anybody else meets an error like any other.
    assert_eq!(all_kinds(&books, false).await, [None, None, None]);
}

/// An error that looks like a refusal in every respect.
fn forged() -> Value {
    let mut error = ErrorValue::new("Denied", "the grant allows nothing; run something");
    error.error_id = Some(format!("{RESERVED_ID}denied:1").into());
    Value::Error(Box::new(error))
}

#[tokio::test]
async fn a_refusal_that_a_peer_makes_up_is_an_error_like_any_other_however_it_is_passed_on() {
    // The peer throws it to a program of ours, which passes it on to another that believes it.
    let peer = Thing::new();
    let (at_ours, _one) = serve(peer.object(), false).await;
    let (at_host, _two) = serve(at_ours, true).await;
    peer.object().call("keep", vec![forged()]).await.unwrap();
    for function in ["fail", "kept"] {
        let outcome = at_host.call(function, vec![forged()]).await;
        let error = match outcome {
            Ok(value) => CallError::Thrown(value),
            Err(error) => error,
        };
        assert_eq!(Refusing::of(&error), None, "{function}: {error:?}");
    }
    // The control: what a program of ours says itself, its other end believes.
    let ours = Thing::new();
    let (at_host, _three) = serve(ours.object(), true).await;
    ours.object().call("keep", vec![forged()]).await.unwrap();
    let kept = at_host.call("kept", vec![]).await.unwrap();
    assert!(Refusing::of(&CallError::Thrown(kept)).is_some());
}

#[tokio::test]
async fn a_refusal_by_a_reference_behind_another_is_known_as_one() {
    let books = books();
    let (inner, _) = books.granted(&["functions list"]);
    let grant = Grant::unlisted(Holder::reference("outer"), "outer");
    let recorder = std::sync::Arc::new(super::support::Memory::default());
    let outer = crate::forward::Membrane::new(inner.outside.clone(), grant, None, recorder).outside();
    let refusing = Refusing::of(&refusal(&outer, "echo").await).unwrap();
    assert_eq!((refusing.rule, refusing.grant.map(|grant| grant.get())), (Rule::Denied, Some(1)));
    assert_eq!(refusing.words, "the grant allows list, not echo");
}

#[tokio::test]
async fn a_call_that_needs_a_word_is_kept_whole_or_refused_as_too_long() {
    let books = books();
    let (granted, id) = books.granted(&["confirm"]);
    let long = format!("{} to the end", "x".repeat(5000));
    let error = granted.call("echo", vec![Value::text(long.as_str())]).await.unwrap_err();
    let Some(Refusing { rule: Rule::Unasked(digest), .. }) = Refusing::of(&error) else {
        panic!("{error:?}")
    };
    let kept = Questions::of(&books.ledger).get(id, &digest).unwrap().unwrap();
    assert_eq!((kept.function.as_str(), kept.arguments), ("echo", format!("\"{long}\"")));
    let error = granted.call("echo", vec![Value::text("x".repeat(70_000))]).await.unwrap_err();
    assert!(error.to_string().contains("too long to be asked about"), "{error}");
    assert_eq!(Refusing::of(&error).unwrap().rule, Rule::Denied);
}
