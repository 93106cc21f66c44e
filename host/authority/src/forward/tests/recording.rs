use std::sync::Arc;
use std::sync::atomic::Ordering;

use powerbox_captp::Value;

use super::support::{Thing, books, class, granted, is_pending, references};
use crate::audit::{Audit, AuditBounds, Decision, Filter, Reader, Record};
use crate::forward::{AuditRecorder, Membrane, Way};

#[tokio::test]
async fn each_crossing_has_one_line_with_its_outcome() {
    let books = books();
    let (granted, _) = books.granted(&["functions echo,fail,keep"]);
    granted.call("echo", vec![]).await.unwrap();
    let _ = granted.call("fail", vec![]).await;
    let _ = granted.call("list", vec![]).await;
    let callback = Thing::new();
    granted.call("keep", vec![callback.object().into()]).await.unwrap();
    let stored = references(&granted.thing.last()[0]).remove(0);
    stored.call("take", vec![]).await.unwrap();
    let lines = granted.recorder.lines.lock().unwrap().clone();
    let told: Vec<_> = lines.iter().map(|line| (line.way, &*line.function, &*line.outcome)).collect();
    assert_eq!(
        told,
        [
            (Way::In, "echo", "answered"),
            (Way::In, "fail", "Error: as asked"),
            (Way::In, "list", "refused: the grant allows echo,fail,keep, not list"),
            (Way::In, "keep", "answered"),
            (Way::Out, "take", "answered"),
        ]
    );
}

#[tokio::test]
async fn without_a_record_nothing_passes() {
    let granted = granted();
    assert_eq!(class(granted.call("echo", vec![]).await), "answered");
    granted.recorder.is_broken.store(true, Ordering::SeqCst);
    assert_eq!(class(granted.call("echo", vec![]).await), "Denied");
    assert_eq!(granted.thing.asked(), ["echo"], "it never arrived");
    granted.recorder.is_broken.store(false, Ordering::SeqCst);
    granted.recorder.is_full.store(true, Ordering::SeqCst);
    assert_eq!(class(granted.call("echo", vec![]).await), "Denied", "an answer is withheld, too");
}

#[tokio::test]
async fn a_line_is_there_before_the_call_arrives() {
    let granted = granted();
    let answer = granted.outside.call("slow", vec![]);
    assert!(is_pending(&answer).await);
    assert_eq!(granted.recorder.lines(), [("slow".to_owned(), "unfinished".to_owned())]);
    granted.thing.go.notify_one();
    answer.await.unwrap();
    assert_eq!(granted.recorder.lines(), [("slow".to_owned(), "answered".to_owned())]);
}

#[tokio::test]
async fn the_audit_log_tells_what_crossed() {
    let folder = tempfile::tempdir().unwrap();
    let audit = Audit::open(&folder.path().join("audit"), AuditBounds::default()).unwrap();
    let books = books();
    let record = books.add(&["functions echo,keep"]);
    let recorder = AuditRecorder {
        audit: Arc::clone(&audit),
        principal: "person > reference test".to_owned(),
        agent: Some("scout".to_owned()),
        agent_key: None,
        plugin: "notes".to_owned(),
        slot: "thing".to_owned(),
    };
    let thing = Thing::new();
    let grant = books.ledger.grant(record.id).unwrap();
    let outside = Membrane::new(thing.object(), grant, None, Arc::new(recorder)).outside();
    outside.call("echo", vec![Value::text("hello")]).await.unwrap();
    let _ = outside.call("list", vec![]).await;
    outside.call("keep", vec![Thing::new().object().into()]).await.unwrap();
    references(&thing.last()[0]).remove(0).call("take", vec![]).await.unwrap();
    let crossings: Vec<_> = Reader::open(&folder.path().join("audit"), &Filter::default())
        .unwrap()
        .filter_map(|record| match record.unwrap() {
            Record::Crossing(crossing) => Some(crossing),
            Record::Act(_) => None,
        })
        .collect();
    let told: Vec<_> = crossings
        .iter()
        .map(|line| (&*line.function, line.decision, &*line.outcome, &*line.arguments))
        .collect();
    assert_eq!(told.len(), 4);
    assert_eq!(told[0], ("echo", Decision::Allowed, "answered", "\"hello\""));
    assert_eq!((told[1].0, told[1].1), ("list", Decision::Denied));
    assert_eq!((told[3].0, told[3].1), ("callback take", Decision::Allowed));
    assert_eq!((crossings[0].grant, crossings[0].plugin.as_str()), (Some(record.id.get()), "notes"));
}
