//! Several processes and threads at once.

use super::*;

#[test]
fn two_processes_see_what_the_other_did() {
    let home = Home::new();
    let (here, there) = (home.open(), home.open());
    let record = add(&here, "root", &["calls 3"]);
    let below = child(&there, &record, "below", &[]).unwrap();
    let grant = here.grant(below.id).unwrap();
    assert!(grant.admit(&LIST, None).is_ok());
    assert_eq!(
        (list(&there, &record), list(&here, &record), list(&there, &below)),
        ("granted", "granted", "denied")
    );
    there.narrow(record.id, &caveats(&["functions lookup"])).unwrap();
    assert!(matches!(grant.admit(&LIST, None), Err(Refusal::Denied { rule, .. }) if rule.contains("lookup")));
    assert!(!grant.has_ended());
    there.revoke(record.id).unwrap();
    assert!(matches!(grant.admit(&LIST, None), Err(Refusal::Ended { .. })));
    assert!(grant.has_ended());
    // Without a change nothing needs to be read but a number.
    let told = std::fs::read(here.changed_file()).unwrap();
    assert_eq!(told[..8], here.known_revision().to_le_bytes());
    assert_eq!(here.known_revision(), there.known_revision());
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
