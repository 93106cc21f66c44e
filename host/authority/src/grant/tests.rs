//! Grants in memory.

use std::sync::Arc;

use super::*;

#[test]
fn a_holder_is_read_as_it_was_made_and_no_name_passes_for_two_links() {
    let plugin = Holder::plugin(Some("guests/scout"), "notes");
    assert_eq!(plugin.as_str(), "agent guests/scout > plugin notes");
    assert_eq!((plugin.agent_name(), plugin.plugin_name()), (Some("guests/scout"), Some("notes")));
    let own = Holder::plugin(None, "notes");
    assert_eq!((own.agent_name(), own.plugin_name()), (None, Some("notes")));
    assert_eq!(Holder::agent("scout").plugin_name(), None);
    assert_eq!(Holder::reference("x").agent_name(), None);
    let tricky = Holder::agent("scout > plugin notes");
    assert_ne!(tricky, Holder::plugin(Some("scout"), "notes"));
    assert_eq!(tricky.plugin_name(), None);
    assert_ne!(Holder::plugin(None, "a > plugin b").plugin_name(), Some("b"));
    assert_eq!(Holder::agent("a\u{1b}[2J\n").as_str(), "agent a\\u{1b}[2J\\n");
}

#[test]
fn a_number_of_a_grant_is_digits_above_zero() {
    assert_eq!("7".parse::<GrantId>().unwrap().get(), 7);
    for text in ["", "0", "-1", "+1", "1.0", " 1", "１", "9223372036854775808", "all"] {
        assert!(text.parse::<GrantId>().is_err(), "{text}");
    }
}

#[test]
fn an_end_goes_down_to_all_that_came_of_it_and_not_up() {
    let root = Grant::unlisted(Holder::reference("test"), "root");
    let (one, two) = (root.child("one"), root.child("two"));
    let grandchild = one.child("grandchild");
    one.end(Ending::Expired);
    assert_eq!(grandchild.ending(), Some(Ending::Expired));
    assert!(!root.has_ended() && !two.has_ended());
    root.end(Ending::Revoked);
    assert_eq!(one.ending(), Some(Ending::Expired), "it ended once");
    assert_eq!(two.ending(), Some(Ending::Revoked));
    assert_eq!(two.child("late").ending(), Some(Ending::Revoked));
    assert!(two.alive().is_err() && two.check().is_err());
}

#[tokio::test]
async fn whoever_waits_is_told_of_the_end() {
    let grant = Grant::unlisted(Holder::reference("test"), "root").child("child");
    let waiting = tokio::spawn({
        let grant = Arc::clone(&grant);
        async move { grant.ended().await }
    });
    tokio::task::yield_now().await;
    grant.end(Ending::Expired);
    assert_eq!(waiting.await.unwrap(), Ending::Expired);
    assert_eq!(grant.ended().await, Ending::Expired);
}

#[test]
fn children_that_are_gone_are_not_remembered() {
    let root = Grant::unlisted(Holder::reference("test"), "root");
    for _ in 0..10_000 {
        root.child("invocation");
    }
    assert!(root.children.lock().unwrap().capacity() < 100);
}
