//! What is kept, and what comes of what.

use super::*;

#[test]
fn grants_survive_reopening_as_they_were() {
    let home = Home::new();
    let ledger = home.open();
    let texts =
        ["functions list,lookup", "path a/b", "arg list.0 = 0.1", "expires 2030-01-01T00:00:00Z", "confirm"];
    let one = add(&ledger, "store", &texts);
    let two = child(&ledger, &one, "other", &["calls 5"]).unwrap();
    drop(ledger);
    let ledger = home.open();
    assert_eq!(ledger.list(false).unwrap(), [one.clone(), two.clone()]);
    assert_eq!(ledger.get(one.id).unwrap().unwrap().caveats, caveats(&texts));
    assert_eq!(two.parent, Some(one.id));
    assert_eq!(two.target, one.target);
    assert_eq!(ledger.grant(two.id).unwrap().chain().count(), 2);
    assert!(matches!(ledger.grant("99".parse().unwrap()), Err(LedgerError::Unknown(_))));
}

#[test]
fn a_grant_is_one_in_a_process_and_numbers_are_never_used_again() {
    let home = Home::new();
    let ledger = home.open();
    let one = add(&ledger, "store", &[]);
    assert!(Arc::ptr_eq(&ledger.grant(one.id).unwrap(), &ledger.grant(one.id).unwrap()));
    ledger.revoke(one.id).unwrap();
    home.tamper("PRAGMA foreign_keys = false; DELETE FROM grants");
    drop(ledger);
    let two = add(&home.open(), "store", &[]);
    assert!(two.id > one.id);
}

#[test]
fn a_new_grant_for_a_slot_ends_the_one_before_with_what_came_of_it() {
    let home = Home::new();
    let ledger = home.open();
    let before = add(&ledger, "store", &[]);
    let below = child(&ledger, &before, "below", &[]).unwrap();
    let beside = add(&ledger, "other", &[]);
    let (live, live_below) = (ledger.grant(before.id).unwrap(), ledger.grant(below.id).unwrap());
    let after = add(&ledger, "store", &["read-only"]);
    assert_eq!((live.ending(), live_below.ending()), (Some(Ending::Revoked), Some(Ending::Revoked)));
    assert_eq!((list(&ledger, &before), list(&ledger, &below)), ("revoked", "revoked"));
    assert_eq!((list(&ledger, &after), list(&ledger, &beside)), ("granted", "granted"));
    assert_eq!(ledger.filling(&after.holder, "store").unwrap(), ledger.get(after.id).unwrap());
    // It cannot take the place of what it comes from: it would be dead from the start.
    assert!(matches!(child(&ledger, &after, "store", &[]), Err(AddError::Replaces(id)) if id == after.id));
    assert_eq!(list(&ledger, &after), "granted", "nothing was changed");
}

#[test]
fn several_grants_are_made_all_or_none() {
    let home = Home::new();
    let ledger = home.open();
    let one = add(&ledger, "one", &["calls 5"]);
    let wider = new(Origin::Child(one.id), "three", &["calls 6"]);
    assert!(ledger.add_all(&[new(object(), "two", &[]), wider]).is_err());
    assert_eq!(ledger.list(true).unwrap().len(), 1);
    let both =
        ledger.add_all(&[new(object(), "two", &[]), new(Origin::Child(one.id), "three", &[])]).unwrap();
    assert_eq!(ledger.list(false).unwrap(), [one, both[0].clone(), both[1].clone()]);
}

#[test]
fn revoking_ends_the_subtree_for_good_and_nothing_else() {
    let home = Home::new();
    let ledger = home.open();
    let root = add(&ledger, "root", &[]);
    let one = child(&ledger, &root, "one", &[]).unwrap();
    let deep = child(&ledger, &one, "deep", &[]).unwrap();
    let two = child(&ledger, &root, "two", &[]).unwrap();
    let live: Vec<_> = [&root, &one, &deep, &two].map(|record| ledger.grant(record.id).unwrap()).into();
    assert_eq!(ledger.revoke(one.id).unwrap(), [one.id, deep.id]);
    assert_eq!(live.iter().map(|grant| grant.has_ended()).collect::<Vec<_>>(), [false, true, true, false]);
    assert_eq!(ledger.revoke(one.id).unwrap(), [], "once");
    assert!(ledger.revoke("99".parse().unwrap()).is_err());
    drop((live, ledger));
    let ledger = home.open();
    assert_eq!(
        [&root, &one, &deep, &two].map(|record| list(&ledger, record)),
        ["granted", "revoked", "revoked", "granted"]
    );
    assert_eq!(
        ledger.list(false).unwrap(),
        [ledger.get(root.id).unwrap().unwrap(), ledger.get(two.id).unwrap().unwrap()]
    );
    assert_eq!(ledger.list(true).unwrap().len(), 4);
}

#[test]
fn nothing_comes_of_a_grant_that_has_ended() {
    let home = Home::new();
    let ledger = home.open();
    let root = add(&ledger, "root", &["expires 2023-12-01T00:00:00Z"]);
    let one = child(&ledger, &root, "one", &[]).unwrap();
    ledger.revoke(one.id).unwrap();
    assert!(matches!(child(&ledger, &one, "two", &[]), Err(AddError::Ended(id)) if id == one.id));
    assert!(matches!(ledger.narrow(one.id, &caveats(&["calls 1"])), Err(AddError::Ended(_))));
    assert!(child(&ledger, &root, "two", &[]).is_ok());
    // Nor of one whose time is over, noticed by somebody or not.
    home.set(1_701_388_800_000);
    assert!(matches!(child(&ledger, &root, "three", &[]), Err(AddError::Ended(id)) if id == root.id));
    let over = ledger.add(&new(object(), "four", &["expires 2023-12-01T00:00:00Z"]));
    assert!(matches!(over, Err(AddError::Over(_))));
    assert!(matches!(
        ledger.add(&new(Origin::Child("99".parse().unwrap()), "x", &[])),
        Err(AddError::Ledger(_))
    ));
}

#[test]
fn only_an_agent_is_the_origin_of_other_objects() {
    let home = Home::new();
    let ledger = home.open();
    let plain = add(&ledger, "store", &[]);
    let of = |id| new(Origin::OfAgent(id, Target::OwnNames), "names", &[]);
    assert!(matches!(ledger.add(&of(plain.id)), Err(AddError::NoAgent(_))));
    let agent = Origin::Object(Target::Agent { name: vec!["scout".to_owned()], id: None });
    let agent = ledger.add(&new(agent, Record::AGENT, &["calls 3"])).unwrap();
    let names = ledger.add(&of(agent.id)).unwrap();
    assert_eq!(names.target, Target::OwnNames);
    assert_eq!([0; 4].map(|_| list(&ledger, &names)), ["granted", "granted", "granted", "denied"]);
}

#[test]
fn a_child_that_would_be_wider_is_refused_with_all_that_it_came_from_counted() {
    let home = Home::new();
    let ledger = home.open();
    let root = add(&ledger, "root", &["calls 10", "functions list,lookup,has"]);
    let middle = child(&ledger, &root, "middle", &["functions list,lookup", "read-only"]).unwrap();
    let refused = |record: &Record, text: &str, by: &Record| {
        let outcome = child(&ledger, record, "leaf", &[text]);
        assert!(
            matches!(outcome, Err(AddError::Wider { parent, .. }) if parent == by.id),
            "{text}: {outcome:?}"
        );
    };
    refused(&middle, "calls 11", &root);
    refused(&middle, "functions has", &middle);
    refused(&middle, "functions writeText", &middle);
    refused(&root, "calls 11", &root);
    assert!(matches!(ledger.narrow(middle.id, &caveats(&["calls 11"])), Err(AddError::Wider { .. })));
    // What is left away is kept from above, which is not wider.
    let leaf = child(&ledger, &middle, "leaf", &["calls 10"]).unwrap();
    let write = Told { function: "writeText", ..LIST };
    assert_eq!((call(&ledger, &leaf, &write), list(&ledger, &leaf)), ("denied", "granted"));
    let many = vec!["confirm"; 65];
    assert!(matches!(ledger.add(&new(object(), "many", &many)), Err(AddError::TooMany(_))));
}

#[test]
fn narrowing_holds_at_once_for_the_live_grant_and_after_reopening() {
    let home = Home::new();
    let ledger = home.open();
    let root = add(&ledger, "root", &[]);
    let below = child(&ledger, &root, "below", &[]).unwrap();
    let grant = ledger.grant(below.id).unwrap();
    assert!(grant.is_unrestricted());
    assert!(grant.admit(&LIST, None).is_ok());
    let narrowed = ledger.narrow(root.id, &caveats(&["functions lookup"])).unwrap();
    assert_eq!(narrowed.caveats, caveats(&["functions lookup"]));
    assert!(grant.admit(&LIST, None).is_err());
    assert!(!grant.is_unrestricted());
    ledger.narrow(root.id, &caveats(&["calls 1"])).unwrap();
    drop((grant, ledger));
    let ledger = home.open();
    assert_eq!(ledger.get(root.id).unwrap().unwrap().caveats, caveats(&["functions lookup", "calls 1"]));
    let lookup = Told { function: "lookup", ..LIST };
    assert_eq!(list(&ledger, &below), "denied");
    assert_eq!((call(&ledger, &below, &lookup), call(&ledger, &below, &lookup)), ("granted", "denied"));
}

#[test]
fn use_is_noted_for_the_grant_and_those_it_came_from() {
    let home = Home::new();
    let ledger = home.open();
    let root = add(&ledger, "root", &["functions list"]);
    let below = child(&ledger, &root, "below", &[]).unwrap();
    let (grant, parent) = (ledger.grant(below.id).unwrap(), ledger.grant(root.id).unwrap());
    let invocation = grant.child("invocation");
    invocation.admit(&LIST, None).unwrap();
    home.set(NOW + 5);
    grant.admit(&LIST, None).unwrap();
    parent.admit(&LIST, None).unwrap();
    assert!(grant.admit(&Told { function: "has", ..LIST }, None).is_err());
    ledger.note_use().unwrap();
    ledger.note_use().unwrap();
    drop((grant, parent, invocation, ledger));
    let ledger = home.open();
    let used = |record: &Record| ledger.get(record.id).unwrap().unwrap().used;
    assert_eq!((used(&below).calls, used(&below).last), (2, Some(NOW + 5)));
    assert_eq!(used(&root).calls, 3);
}
