//! What the ledger keeps, over restarts and between processes. Each protection with what it lets through.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use powerbox_passable::Value;
use rusqlite::Connection;

use super::*;
use crate::caveat::{Caveat, Crossing, Which};
use crate::grant::{Admission, Ending, Holder, Record, Refusal, Target};

const NOW: u64 = 1_700_000_000_000;
const MINUTE: u64 = 60_000;

/// A folder for a ledger, and the machine's clock.
struct Home {
    folder: tempfile::TempDir,
    time: Arc<AtomicU64>,
}

impl Home {
    fn new() -> Self {
        Self { folder: tempfile::tempdir().unwrap(), time: Arc::new(AtomicU64::new(NOW)) }
    }

    fn path(&self) -> PathBuf {
        self.folder.path().join("grants.sqlite")
    }

    /// Opens the ledger as a process of its own would.
    fn open(&self) -> Ledger {
        let time = Arc::clone(&self.time);
        Ledger::open(&self.path(), Clock::with(move || time.load(Ordering::SeqCst))).unwrap()
    }

    fn set(&self, time: u64) {
        self.time.store(time, Ordering::SeqCst);
    }

    /// Does something to the database behind everybody's back.
    fn tamper(&self, sql: &str) {
        Connection::open(self.path()).unwrap().execute_batch(sql).unwrap();
    }
}

fn caveats(texts: &[&str]) -> Vec<Caveat> {
    texts.iter().map(|text| text.parse().unwrap()).collect()
}

fn new(origin: Origin, slot: &str, texts: &[&str]) -> NewGrant {
    NewGrant {
        origin,
        holder: Holder::plugin(None, "notes"),
        slot: slot.to_owned(),
        caveats: caveats(texts),
        giver: "person".to_owned(),
    }
}

fn object() -> Origin {
    Origin::Object(Target::Object { name: vec!["notes".to_owned()], id: Some("0123".to_owned()) })
}

fn add(ledger: &Ledger, slot: &str, texts: &[&str]) -> Record {
    ledger.add(&new(object(), slot, texts)).unwrap()
}

fn child(ledger: &Ledger, parent: &Record, slot: &str, texts: &[&str]) -> Result<Record, AddError> {
    ledger.add(&new(Origin::Child(parent.id), slot, texts))
}

/// A call as a test tells it.
struct Told {
    function: &'static str,
    bytes: u64,
    digest: &'static str,
}

const LIST: Told = Told { function: "list", bytes: 10, digest: "d1" };

impl Crossing for Told {
    fn function(&self) -> &str {
        self.function
    }

    fn is_direct(&self) -> bool {
        true
    }

    fn paths(&self) -> Option<Vec<Vec<String>>> {
        None
    }

    fn argument(&self, _which: &Which) -> Option<Value<()>> {
        None
    }

    fn bytes(&self) -> u64 {
        self.bytes
    }

    fn digest(&self) -> String {
        self.digest.to_owned()
    }
}

/// What becomes of a call, in a word.
fn call(ledger: &Ledger, record: &Record, call: &Told) -> &'static str {
    match ledger.grant(record.id).and_then(|grant| Ok(grant.admit(call, None))) {
        Ok(Ok(Admission::Granted)) => "granted",
        Ok(Ok(Admission::Ask { .. })) => "ask",
        Ok(Err(Refusal::Ended { ending: Ending::Revoked, .. })) => "revoked",
        Ok(Err(Refusal::Ended { ending: Ending::Expired, .. })) => "expired",
        Ok(Err(Refusal::Ended { ending: Ending::Removed, .. })) => "removed",
        Ok(Err(Refusal::Denied { .. })) => "denied",
        Ok(Err(Refusal::Ledger(_))) => "ledger",
        Err(LedgerError::Damaged(..)) => "damaged",
        Err(error) => panic!("{error}"),
    }
}

fn list(ledger: &Ledger, record: &Record) -> &'static str {
    call(ledger, record, &LIST)
}

#[test]
fn grants_survive_reopening_as_they_were() {
    let home = Home::new();
    let ledger = home.open();
    let texts = ["functions list,lookup", "path a/b", "arg list.0 = 0.1", "expires 2030-01-01T00:00:00Z", "confirm"];
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
    let both = ledger.add_all(&[new(object(), "two", &[]), new(Origin::Child(one.id), "three", &[])]).unwrap();
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
    assert_eq!([&root, &one, &deep, &two].map(|record| list(&ledger, record)), ["granted", "revoked", "revoked", "granted"]);
    assert_eq!(ledger.list(false).unwrap(), [ledger.get(root.id).unwrap().unwrap(), ledger.get(two.id).unwrap().unwrap()]);
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
    assert!(matches!(ledger.add(&new(Origin::Child("99".parse().unwrap()), "x", &[])), Err(AddError::Ledger(_))));
}

#[test]
fn only_an_agent_is_the_origin_of_other_objects() {
    let home = Home::new();
    let ledger = home.open();
    let plain = add(&ledger, "store", &[]);
    let of = |id| new(Origin::OfAgent(id, Target::OwnNames), "names", &[]);
    assert!(matches!(ledger.add(&of(plain.id)), Err(AddError::NoAgent(_))));
    let agent = Origin::Object(Target::Agent { name: vec!["scout".to_owned()] });
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
        assert!(matches!(outcome, Err(AddError::Wider { parent, .. }) if parent == by.id), "{text}: {outcome:?}");
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
fn counts_of_calls_and_bytes_survive_reopening_and_are_shared_by_the_children() {
    let home = Home::new();
    let ledger = home.open();
    let root = add(&ledger, "root", &["calls 4"]);
    let one = child(&ledger, &root, "one", &["calls 2"]).unwrap();
    let bytes = add(&ledger, "bytes", &["bytes 100"]);
    assert_eq!((list(&ledger, &one), list(&ledger, &root)), ("granted", "granted"));
    let large = Told { bytes: 60, ..LIST };
    assert_eq!((call(&ledger, &bytes, &large), call(&ledger, &bytes, &large)), ("granted", "denied"));
    drop(ledger);
    let ledger = home.open();
    assert_eq!(call(&ledger, &bytes, &large), "denied");
    assert_eq!(list(&ledger, &bytes), "granted", "what fits still fits");
    assert_eq!((list(&ledger, &one), list(&ledger, &one)), ("granted", "denied"));
    assert_eq!((list(&ledger, &root), list(&ledger, &root)), ("granted", "denied"), "a refused call counted nowhere");
}

#[test]
fn a_rate_survives_reopening_and_a_clock_that_is_set() {
    let home = Home::new();
    let ledger = home.open();
    let rate = add(&ledger, "rate", &["rate 7/1m"]);
    let share = MINUTE.div_ceil(7);
    let burst = |ledger: &Ledger| (0..20).filter(|_| list(ledger, &rate) == "granted").count();
    assert_eq!(burst(&ledger), 7, "so many at once");
    drop(ledger);
    let ledger = home.open();
    assert_eq!(burst(&ledger), 0);
    home.set(NOW + share);
    assert_eq!(burst(&ledger), 1);
    home.set(NOW - 10 * MINUTE);
    assert_eq!(burst(&ledger), 0);
    drop(ledger);
    let ledger = home.open();
    assert_eq!(burst(&ledger), 0, "nor does a restart help");
    home.set(NOW + share + MINUTE + 1);
    assert_eq!(burst(&ledger), 7);
    // In the long run never more than was said.
    let from = NOW + 100 * MINUTE;
    let mut passed = 0;
    for step in 0..600 {
        home.set(from + step * MINUTE / 60);
        passed += burst(&ledger);
    }
    assert!((70..=77).contains(&passed), "{passed}");
}

#[test]
fn a_grant_expires_for_good_whatever_the_clock_says_later() {
    let home = Home::new();
    let ledger = home.open();
    let expiry = 1_701_388_800_000;
    let root = add(&ledger, "root", &["expires 2023-12-01T00:00:00Z"]);
    let below = child(&ledger, &root, "below", &["expires 2023-11-20T00:00:00Z"]).unwrap();
    let beside = add(&ledger, "beside", &[]);
    home.set(expiry - 1);
    assert_eq!([&root, &below, &beside].map(|record| list(&ledger, record)), ["granted", "expired", "granted"]);
    home.set(NOW);
    assert_eq!([&root, &below, &beside].map(|record| list(&ledger, record)), ["granted", "expired", "granted"]);
    home.set(expiry);
    assert_eq!(list(&ledger, &root), "expired");
    assert_eq!(ledger.get(root.id).unwrap().unwrap().ended, Some(Ending::Expired));
    drop(ledger);
    home.set(NOW);
    let ledger = home.open();
    assert_eq!([&root, &below, &beside].map(|record| list(&ledger, record)), ["expired", "expired", "granted"]);
}

#[test]
fn time_that_passed_unused_is_remembered_over_a_restart_too() {
    let home = Home::new();
    let expiry = 1_701_388_800_000;
    let root = add(&home.open(), "root", &["expires 2023-12-01T00:00:00Z"]);
    // A process that runs when the time is over, and has other things to do.
    home.set(expiry + MINUTE);
    drop(home.open());
    home.set(NOW);
    assert_eq!(list(&home.open(), &root), "expired");
    // And one that notices only at its end.
    let ledger = home.open();
    let later = add(&ledger, "later", &["expires 2024-12-01T00:00:00Z"]);
    assert_eq!(list(&ledger, &later), "granted");
    home.set(1_733_011_200_000 + MINUTE);
    drop(ledger);
    home.set(NOW);
    assert_eq!(list(&home.open(), &later), "expired");
}

#[test]
fn two_processes_see_what_the_other_did() {
    let home = Home::new();
    let (here, there) = (home.open(), home.open());
    let record = add(&here, "root", &["calls 3"]);
    let below = child(&there, &record, "below", &[]).unwrap();
    let grant = here.grant(below.id).unwrap();
    assert!(grant.admit(&LIST, None).is_ok());
    assert_eq!((list(&there, &record), list(&here, &record), list(&there, &below)), ("granted", "granted", "denied"));
    there.narrow(record.id, &caveats(&["functions lookup"])).unwrap();
    assert!(matches!(grant.admit(&LIST, None), Err(Refusal::Denied { rule, .. }) if rule.contains("lookup")));
    assert!(!grant.has_ended());
    there.revoke(record.id).unwrap();
    assert!(matches!(grant.admit(&LIST, None), Err(Refusal::Ended { .. })));
    assert!(grant.has_ended());
    // The other way round, and for a grant that only the answer of a call is missing of.
    let record = add(&there, "root", &[]);
    let grant = there.grant(record.id).unwrap();
    assert!(grant.admit_answer(|| 0).is_ok());
    here.revoke(record.id).unwrap();
    assert!(grant.admit_answer(|| 0).is_err());
}

#[test]
fn a_process_that_is_killed_in_the_middle_of_a_change_hides_none() {
    let home = Home::new();
    let (here, there) = (home.open(), home.open());
    let record = add(&here, "root", &[]);
    let grant = there.grant(record.id).unwrap();
    assert!(grant.admit(&LIST, None).is_ok());
    // It has written the number of a change that it then did not make.
    let number = here.known_revision() + 1;
    std::fs::write(here.changed_file(), number.to_le_bytes()).unwrap();
    assert!(grant.admit(&LIST, None).is_ok());
    // The next change has the same number.
    here.revoke(record.id).unwrap();
    assert!(grant.admit(&LIST, None).is_err());
    // The file is lost with all that was in it.
    let record = add(&here, "root", &[]);
    let grant = there.grant(record.id).unwrap();
    std::fs::write(here.changed_file(), []).unwrap();
    assert!(grant.admit(&LIST, None).is_ok());
    here.revoke(record.id).unwrap();
    assert!(grant.admit(&LIST, None).is_err());
}

#[test]
fn never_more_calls_than_counted_by_many_processes_at_once() {
    let home = Home::new();
    let record = add(&home.open(), "root", &["calls 60"]);
    let granted: usize = std::thread::scope(|scope| {
        let threads: Vec<_> = (0..4)
            .map(|_| {
                let ledger = home.open();
                let record = &record;
                scope.spawn(move || (0..40).filter(|_| list(&ledger, record) == "granted").count())
            })
            .collect();
        threads.into_iter().map(|thread| thread.join().unwrap()).sum()
    });
    assert_eq!(granted, 60);
}

#[test]
fn no_thread_undoes_what_another_narrowed_or_misses_what_was_revoked() {
    let home = Home::new();
    let (here, there) = (home.open(), home.open());
    for round in 0..30 {
        let record = add(&here, "root", &[]);
        std::thread::scope(|scope| {
            for _ in 0..3 {
                scope.spawn(|| {
                    for _ in 0..20 {
                        here.grant(record.id).unwrap().admit(&LIST, None).ok();
                    }
                });
            }
            scope.spawn(|| {
                there.narrow(record.id, &caveats(&["functions lookup,has"])).unwrap();
                there.narrow(record.id, &caveats(&["functions lookup"])).unwrap();
            });
            here.keep_up().unwrap();
        });
        let grant = here.grant(record.id).unwrap();
        assert!(grant.admit(&LIST, None).is_err(), "round {round}");
        assert_eq!(grant.caveats().len(), 2, "round {round}");
        std::thread::scope(|scope| {
            let opened = scope.spawn(|| here.grant(record.id).unwrap());
            there.revoke(record.id).unwrap();
            let opened = opened.join().unwrap();
            assert!(opened.check().is_err(), "round {round}");
        });
    }
}

#[test]
fn an_approval_is_for_one_call_once_and_for_ten_minutes() {
    let home = Home::new();
    let ledger = home.open();
    let root = add(&ledger, "root", &["confirm"]);
    let below = child(&ledger, &root, "below", &[]).unwrap();
    let other = add(&ledger, "other", &["confirm"]);
    let another = Told { digest: "d2", ..LIST };
    assert_eq!(list(&ledger, &below), "ask");
    ledger.approve(root.id, "d1").unwrap();
    assert_eq!((call(&ledger, &below, &another), list(&ledger, &other)), ("ask", "ask"));
    assert_eq!((list(&ledger, &below), list(&ledger, &below)), ("granted", "ask"));
    // Over a restart, by another process.
    home.open().approve(root.id, "d1").unwrap();
    drop(ledger);
    let ledger = home.open();
    home.set(NOW + 10 * MINUTE);
    assert_eq!(list(&ledger, &below), "granted");
    home.open().approve(root.id, "d1").unwrap();
    home.set(NOW + 20 * MINUTE + 1);
    assert_eq!(list(&ledger, &below), "ask");
    home.set(NOW);
    assert_eq!(list(&ledger, &below), "ask", "nor when the clock is set back");
    // What the person agrees to on the spot needs no entry, and is as exact.
    let grant = ledger.grant(root.id).unwrap();
    assert!(matches!(grant.admit(&LIST, Some("d1")), Ok(Admission::Granted)));
    assert!(matches!(grant.admit(&LIST, Some("d2")), Ok(Admission::Ask { .. })));
    assert!(ledger.approve("99".parse().unwrap(), "d1").is_err());
}

#[test]
fn a_question_costs_nothing_and_what_is_used_up_is_not_asked_for() {
    let home = Home::new();
    let ledger = home.open();
    let record = add(&ledger, "root", &["confirm", "calls 1", "rate 1/1m", "bytes 10"]);
    assert_eq!((list(&ledger, &record), list(&ledger, &record)), ("ask", "ask"));
    ledger.approve(record.id, "d1").unwrap();
    assert_eq!((list(&ledger, &record), list(&ledger, &record)), ("granted", "denied"));
}

#[test]
fn a_damaged_grant_is_of_no_use_and_stands_in_nobodys_way() {
    for damage in [
        "UPDATE grants SET caveats = '[\"unheard-of 1\"]' WHERE id = 1",
        "UPDATE grants SET caveats = '[\"calls 0\"]' WHERE id = 1",
        "UPDATE grants SET caveats = '[\"calls 99\",7]' WHERE id = 1",
        "UPDATE grants SET caveats = '' WHERE id = 1",
        "UPDATE grants SET caveats = '{}' WHERE id = 1",
        "UPDATE grants SET target = '{\"kind\":\"everything\"}' WHERE id = 1",
        "UPDATE grants SET made = -1 WHERE id = 1",
    ] {
        let home = Home::new();
        let ledger = home.open();
        let record = add(&ledger, "root", &["calls 99"]);
        let below = child(&ledger, &record, "below", &[]).unwrap();
        let beside = add(&ledger, "beside", &[]);
        assert_eq!(list(&ledger, &record), "granted");
        drop(ledger);
        home.tamper(damage);
        let ledger = home.open();
        assert_eq!((list(&ledger, &record), list(&ledger, &below)), ("damaged", "damaged"), "{damage}");
        assert!(child(&ledger, &record, "more", &[]).is_err());
        assert_eq!(list(&ledger, &beside), "granted", "the others are as good as before");
        let error = ledger.list(false).unwrap_err().to_string();
        assert!(error.contains("grant 1") && error.contains("revoke it"), "{error}");
        // That can be done.
        assert_eq!(ledger.revoke(record.id).unwrap(), [record.id, below.id]);
        assert_eq!(ledger.list(false).unwrap(), [ledger.get(beside.id).unwrap().unwrap()]);
        assert_eq!(ledger.list(true).unwrap().len(), 2);
        assert_eq!(list(&ledger, &beside), "granted");
    }
}

#[test]
fn a_grant_that_another_process_damages_ends_here() {
    let home = Home::new();
    let ledger = home.open();
    let (record, beside) = (add(&ledger, "root", &[]), add(&ledger, "beside", &[]));
    let grant = ledger.grant(record.id).unwrap();
    let other = home.open();
    home.tamper("UPDATE grants SET caveats = '[\"from a later version\"]', revision = revision + 1000 WHERE id = 1");
    home.tamper("UPDATE state SET value = value + 1000 WHERE name = 'revision'");
    add(&other, "third", &[]);
    assert!(matches!(grant.admit(&LIST, None), Err(Refusal::Ended { .. })));
    assert_eq!(list(&ledger, &beside), "granted");
}

#[test]
fn a_ledger_that_cannot_be_read_allows_nothing() {
    let home = Home::new();
    let ledger = home.open();
    let record = add(&ledger, "root", &[]);
    let grant = ledger.grant(record.id).unwrap();
    assert!(grant.admit(&LIST, None).is_ok());
    home.tamper("ALTER TABLE grants RENAME TO gone");
    std::fs::write(ledger.changed_file(), [1; 8]).unwrap();
    assert!(matches!(grant.admit(&LIST, None), Err(Refusal::Ledger(_))));
    assert!(matches!(grant.admit_answer(|| 0), Err(Refusal::Ledger(_))));
}

#[test]
fn holders_that_are_gone_leave_nothing_even_if_it_is_damaged() {
    let home = Home::new();
    let ledger = home.open();
    let (record, other) = (add(&ledger, "root", &[]), add(&ledger, "other", &[]));
    let kept = ledger.add(&NewGrant { holder: Holder::plugin(None, "kept"), ..new(object(), "root", &[]) }).unwrap();
    home.tamper("UPDATE grants SET caveats = '' WHERE id = 2");
    let mut ended = ledger.remove_holders(|holder| holder.plugin_name() == Some("notes")).unwrap();
    ended.sort();
    assert_eq!(ended, [record.id, other.id]);
    assert_eq!((list(&ledger, &record), list(&ledger, &kept)), ("removed", "granted"));
    assert!(ledger.remove_holders(|_| false).unwrap().is_empty());
}

#[test]
fn a_file_of_something_else_is_refused_and_left_as_it_is() {
    let home = Home::new();
    let open = || Ledger::open(&home.path(), Clock::with(|| NOW));
    std::fs::write(home.path(), "this is no database, but somebody wrote it").unwrap();
    assert!(matches!(open(), Err(LedgerError::Foreign(_))));
    assert_eq!(std::fs::read(home.path()).unwrap(), b"this is no database, but somebody wrote it");
    std::fs::remove_file(home.path()).unwrap();
    home.tamper("CREATE TABLE grants (id INTEGER PRIMARY KEY); PRAGMA user_version = 1");
    let before = std::fs::read(home.path()).unwrap();
    assert!(matches!(open(), Err(LedgerError::Foreign(_))));
    assert_eq!(std::fs::read(home.path()).unwrap(), before);
    std::fs::remove_file(home.path()).unwrap();
    // One of a later version.
    drop(home.open());
    home.tamper("PRAGMA user_version = 1000");
    assert!(matches!(open(), Err(LedgerError::Foreign(_))));
    home.tamper("PRAGMA user_version = 1");
    assert!(open().is_ok());
    let missing = home.folder.path().join("missing/grants.sqlite");
    assert!(matches!(Ledger::open(&missing, Clock::with(|| NOW)), Err(LedgerError::File { .. })));
}

#[test]
fn the_files_are_for_their_owner_only() {
    use std::os::unix::fs::PermissionsExt as _;

    let home = Home::new();
    let ledger = home.open();
    add(&ledger, "root", &[]);
    for entry in std::fs::read_dir(home.folder.path()).unwrap() {
        let entry = entry.unwrap();
        let mode = entry.metadata().unwrap().permissions().mode();
        assert_eq!(mode & 0o077, 0, "{:?}", entry.path());
    }
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
