//! What is broken, foreign or gone.

use super::*;

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
    home.tamper(
        "UPDATE grants SET caveats = '[\"from a later version\"]', revision = revision + 1000 WHERE id = 1",
    );
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
    let kept =
        ledger.add(&NewGrant { holder: Holder::plugin(None, "kept"), ..new(object(), "root", &[]) }).unwrap();
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
    let version: i64 = Connection::open(home.path())
        .unwrap()
        .pragma_query_value(None, "user_version", |row| row.get(0))
        .unwrap();
    home.tamper("PRAGMA user_version = 1000");
    assert!(matches!(open(), Err(LedgerError::Foreign(_))));
    home.tamper(&format!("PRAGMA user_version = {version}"));
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
