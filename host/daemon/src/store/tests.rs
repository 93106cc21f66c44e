use std::sync::{Arc, Mutex};

use super::*;
use crate::formula::Formula;
use crate::id::{FormulaId, FormulaNumber, NodeId};
use crate::name::PetName;

fn id(byte: u8) -> FormulaId {
    FormulaId { number: FormulaNumber::from_bytes([byte; 32]), node: NodeId::from_bytes([0; 32]) }
}

fn pet(name: &str) -> PetName {
    PetName::new(name).expect("a pet name")
}

fn open(folder: &tempfile::TempDir) -> Store {
    Store::open(&folder.path().join("daemon.sqlite"), 16, |_| Ok(())).expect("a store").0
}

const DIRECTORY: [u8; 32] = [9; 32];

fn directory() -> FormulaNumber {
    FormulaNumber::from_bytes(DIRECTORY)
}

async fn put(store: &Store, name: &str, value: FormulaId) -> Result<Vec<Change>, NameError> {
    let name = pet(name);
    store.write(move |tables| tables.store_name(directory(), &name, value, 3), |_| ()).await
}

async fn listed(store: &Store) -> Vec<String> {
    let names = store.read(|tables| tables.names(directory())).await.expect("names");
    names.into_iter().map(|(name, _)| name.to_string()).collect()
}

fn steps(changes: &[Change]) -> Vec<(ChangeKind, &str, FormulaId)> {
    changes.iter().map(|change| (change.kind, &*change.name, change.id)).collect()
}

#[tokio::test]
async fn each_way_of_writing_a_name_gives_the_changes_of_endo() {
    use ChangeKind::{Added, Removed};
    let folder = tempfile::tempdir().expect("a folder");
    let store = open(&folder);
    assert_eq!(steps(&put(&store, "a", id(1)).await.expect("put")), [(Added, "a", id(1))]);
    assert_eq!(steps(&put(&store, "a", id(1)).await.expect("put")), []);
    assert_eq!(
        steps(&put(&store, "a", id(2)).await.expect("put")),
        [(Removed, "a", id(1)), (Added, "a", id(2))]
    );
    put(&store, "b", id(3)).await.expect("put");
    let renamed = store
        .write(|tables| tables.rename(directory(), &pet("a"), &pet("b")), |_| ())
        .await
        .expect("renamed");
    assert_eq!(steps(&renamed), [(Removed, "b", id(3)), (Removed, "a", id(2)), (Added, "b", id(2))]);
    let removed =
        store.write(|tables| tables.remove_name(directory(), &pet("b")), |_| ()).await.expect("removed");
    assert_eq!(steps(&removed), [(Removed, "b", id(2))]);
    let absent = store.write(|tables| tables.remove_name(directory(), &pet("b")), |_| ()).await;
    assert!(matches!(absent, Err(NameError::Absent(_))));
}

#[tokio::test]
async fn a_directory_fills_up_but_can_still_be_overwritten() {
    let folder = tempfile::tempdir().expect("a folder");
    let store = open(&folder);
    for name in ["a", "b", "c"] {
        put(&store, name, id(1)).await.expect("put");
    }
    assert!(matches!(put(&store, "d", id(1)).await, Err(NameError::Full(3))));
    put(&store, "c", id(2)).await.expect("put");
}

#[tokio::test]
async fn operations_are_done_in_the_order_in_which_they_were_asked_for() {
    let folder = tempfile::tempdir().expect("a folder");
    let store = open(&folder);
    let seen = Arc::new(Mutex::new(Vec::new()));
    let mut waiting = Vec::new();
    for i in 0..100 {
        let seen = Arc::clone(&seen);
        let answer = store.write(
            move |tables| tables.store_name(directory(), &pet("a"), id(i), 3),
            move |_| seen.lock().expect("a lock").push(i),
        );
        waiting.push((answer, store.read(|tables| tables.named(directory(), &pet("a")))));
    }
    // The first sixteen are in the queue; the others were held back, and enter as they are awaited.
    for (i, (write, read)) in waiting.into_iter().enumerate() {
        write.await.expect("written");
        let read = read.await.expect("read");
        if i < 8 {
            assert_eq!(read, Some(id(i as u8)));
        }
    }
    assert_eq!(seen.lock().expect("a lock").len(), 100);
}

#[tokio::test]
async fn a_failed_operation_leaves_nothing_and_its_group_goes_on() {
    let folder = tempfile::tempdir().expect("a folder");
    let store = open(&folder);
    let good = put(&store, "good", id(1));
    let bad = store.write(
        |tables| {
            tables.store_name(directory(), &pet("bad"), id(2), 3)?;
            tables.remove_name(directory(), &pet("absent"))
        },
        |_| unreachable!("it failed"),
    );
    let last = put(&store, "last", id(3));
    let (good, bad, last) = tokio::join!(good, bad, last);
    assert!(good.is_ok() && last.is_ok());
    assert!(matches!(bad, Err(NameError::Absent(_))));
    assert_eq!(listed(&store).await, ["good", "last"]);
}

#[tokio::test]
async fn what_was_acknowledged_is_there_after_a_restart() {
    let folder = tempfile::tempdir().expect("a folder");
    let store = open(&folder);
    put(&store, "a", id(1)).await.expect("put");
    let formula = Formula::Marshal { body: "#1".to_owned(), slots: vec![id(7)] };
    let kept = formula.clone();
    store.write(move |tables| tables.add_formula(id(1), &kept), |()| ()).await.expect("kept");
    tokio::task::spawn_blocking(move || store.close()).await.expect("closed");

    let store = open(&folder);
    assert_eq!(listed(&store).await, ["a"]);
    let read = store.read(|tables| tables.formula(id(1))).await.expect("read");
    assert_eq!(read, formula);
}

#[tokio::test]
async fn nothing_is_done_after_the_end() {
    let folder = tempfile::tempdir().expect("a folder");
    let store = Arc::new(open(&folder));
    let closing = Arc::clone(&store);
    tokio::task::spawn_blocking(move || closing.close()).await.expect("closed");
    assert!(matches!(put(&store, "a", id(1)).await, Err(NameError::Store(StoreError::Stopped))));
}

#[tokio::test]
async fn names_of_a_formula_come_in_the_order_given_and_lists_sorted() {
    let folder = tempfile::tempdir().expect("a folder");
    let store = open(&folder);
    for name in ["b", "\u{ffff}", "\u{10000}"] {
        put(&store, name, id(1)).await.expect("put");
    }
    let of = store.read(|tables| tables.names_of(directory(), id(1))).await.expect("names");
    assert_eq!(of, ["b", "\u{ffff}", "\u{10000}"]);
    assert_eq!(listed(&store).await, ["b", "\u{10000}", "\u{ffff}"]);
}
