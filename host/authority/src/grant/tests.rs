//! Grants in memory.

use std::sync::Arc;

use super::*;

#[test]
fn a_holder_is_read_as_it_was_made_and_no_name_passes_for_two_links() {
    let scout = agent('a', "guests/scout");
    let plugin = Holder::plugin(Some(&scout), "notes");
    assert_eq!(plugin.to_string(), "agent guests/scout > plugin notes");
    assert_eq!((plugin.agent_name(), plugin.plugin_name()), (Some("guests/scout"), Some("notes")));
    assert_eq!(plugin.agent_key().as_ref(), Some(scout.key()));
    let own = Holder::plugin(None, "notes");
    assert_eq!((own.agent_name(), own.plugin_name()), (None, Some("notes")));
    assert_eq!(Holder::agent(&scout).plugin_name(), None);
    assert_eq!(Holder::reference("x").agent_key(), None);
    let tricky = Holder::agent(&agent('b', "scout > plugin notes"));
    assert_ne!(tricky, Holder::plugin(Some(&scout), "notes"));
    assert_eq!(tricky.plugin_name(), None);
    assert_ne!(Holder::plugin(None, "a > plugin b").plugin_name(), Some("b"));
    assert_eq!(Holder::agent(&agent('b', "a\u{1b}[2J\n")).to_string(), "agent a\\u{1b}[2J\\n");
}

fn agent(digit: char, name: &str) -> Agent {
    let number: String = std::iter::repeat_n(digit, 64).collect();
    Agent::new(AgentId::parse(&format!("{number}:{number}")).unwrap(), name)
}

#[test]
fn an_agent_is_its_identifier_and_not_its_name() {
    let scout = Holder::agent(&agent('a', "scout"));
    assert_eq!(scout, Holder::agent(&agent('a', "old-scout")));
    assert_ne!(scout, Holder::agent(&agent('b', "scout")));
    assert_eq!(agent('a', "scout"), agent('a', "old-scout"));
    // What stands for an agent does not lead to it.
    let (one, key) = (agent('a', "scout"), agent('a', "scout").key().to_string());
    assert!(!one.id().as_str().contains(&key) && !format!("{:?}", one.id()).contains("aaaa"));
}

#[test]
fn a_name_is_no_identifier() {
    let number = "0".repeat(64);
    for text in [
        "",
        "scout",
        "guests/scout",
        ":",
        &number,
        &format!("{number}:"),
        &format!("{number}:x"),
        "id of scout",
    ] {
        assert_eq!(AgentId::parse(text), Err(NotAnIdentifier), "{text}");
    }
    assert!(AgentId::parse(&format!("{number}:{number}")).is_ok());
    let long = "f".repeat(128);
    assert!(AgentId::parse(&format!("{long}:{long}")).is_ok(), "Endo's master branch");
    assert!(AgentId::parse(&format!("{long}0:{long}")).is_err());
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
