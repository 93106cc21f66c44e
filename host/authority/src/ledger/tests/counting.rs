//! What is used up, over restarts and turned clocks.

use super::*;

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
    assert_eq!(
        (list(&ledger, &root), list(&ledger, &root)),
        ("granted", "denied"),
        "a refused call counted nowhere"
    );
}

#[test]
fn a_call_that_one_rule_refuses_costs_nothing_by_the_others() {
    let home = Home::new();
    let ledger = home.open();
    let root = add(&ledger, "root", &["rate 1/1m"]);
    let one = child(&ledger, &root, "one", &["calls 2", "bytes 20"]).unwrap();
    assert_eq!([0; 5].map(|_| list(&ledger, &one)), ["granted", "denied", "denied", "denied", "denied"]);
    home.set(NOW + MINUTE);
    assert_eq!(list(&ledger, &one), "granted", "there is a call left, and ten bytes");
    home.set(NOW + 2 * MINUTE);
    assert_eq!((list(&ledger, &one), list(&ledger, &root)), ("denied", "granted"));
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
    assert_eq!(
        [&root, &below, &beside].map(|record| list(&ledger, record)),
        ["granted", "expired", "granted"]
    );
    home.set(NOW);
    assert_eq!(
        [&root, &below, &beside].map(|record| list(&ledger, record)),
        ["granted", "expired", "granted"]
    );
    home.set(expiry);
    assert_eq!(list(&ledger, &root), "expired");
    assert_eq!(ledger.get(root.id).unwrap().unwrap().ended, Some(Ending::Expired));
    drop(ledger);
    home.set(NOW);
    let ledger = home.open();
    assert_eq!(
        [&root, &below, &beside].map(|record| list(&ledger, record)),
        ["expired", "expired", "granted"]
    );
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
