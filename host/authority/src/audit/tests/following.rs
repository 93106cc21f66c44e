use super::*;

#[test]
fn nothing_is_missed_or_repeated_while_the_log_rolls() {
    let bench = Bench::new();
    let audit = bench.open_small();
    let mut follow = Follow::new(&bench.path(), &Filter::default()).unwrap();
    let mut seen = Vec::new();
    std::thread::scope(|scope| {
        let writer = scope.spawn(|| {
            for n in 0..300 {
                call(&audit, &format!("f{n}"));
            }
        });
        while !writer.is_finished() {
            seen.extend(follow.next_batch().unwrap());
        }
    });
    loop {
        let batch = follow.next_batch().unwrap();
        if batch.is_empty() {
            break;
        }
        seen.extend(batch);
    }
    assert!(bench.segments().len() > 50);
    let expected: Vec<_> = (0..300).map(|n| format!("f{n}")).collect();
    assert_eq!(functions(&seen), expected);
    assert_eq!(seen, bench.read(&Filter::default()));
}

#[test]
fn a_log_that_is_not_there_yet_is_waited_for() {
    let bench = Bench::new();
    let mut follow = Follow::new(&bench.path(), &Filter { last: Some(3), ..Filter::default() }).unwrap();
    assert!(follow.next_batch().unwrap().is_empty());
    let audit = bench.open();
    assert!(follow.next_batch().unwrap().is_empty());
    call(&audit, "list");
    assert_eq!(functions(&follow.next_batch().unwrap()), ["list"]);
    assert!(follow.next_batch().unwrap().is_empty());
}

#[test]
fn a_crossing_comes_when_it_is_over() {
    let bench = Bench::new();
    let audit = bench.open();
    call(&audit, "earlier");
    call(&audit, "before");
    let open = audit.begin(&entry("slow")).unwrap();
    let mut follow = Follow::new(&bench.path(), &Filter { last: Some(1), ..Filter::default() }).unwrap();
    assert_eq!(functions(&follow.next_batch().unwrap()), ["before"]);
    audit.record(&entry("quick"), Decision::Denied, "no", 1).unwrap();
    assert_eq!(functions(&follow.next_batch().unwrap()), ["quick"]);
    audit.end(open, "ok", 1).unwrap();
    assert_eq!(functions(&follow.next_batch().unwrap()), ["slow"]);
    assert!(follow.next_batch().unwrap().is_empty());
}

#[test]
fn the_end_of_a_crossing_that_began_segments_ago_comes_whole() {
    let bench = Bench::new();
    let audit = bench.open_small();
    let open = audit.begin(&entry("slow")).unwrap();
    let unwanted = audit.begin(&entry("list")).unwrap();
    for _ in 0..30 {
        call(&audit, "list");
    }
    let filter = Filter { last: Some(0), function: Some("slow".to_owned()), ..Filter::default() };
    let mut follow = Follow::new(&bench.path(), &filter).unwrap();
    audit.end(open, "ok", 1).unwrap();
    audit.end(unwanted, "ok", 1).unwrap();
    assert_eq!(functions(&follow.next_batch().unwrap()), ["slow"]);
}

#[test]
fn a_line_is_read_only_when_it_is_whole() {
    let bench = Bench::new();
    let audit = bench.open();
    audit.record(&entry("list"), Decision::Allowed, "ok", 1).unwrap();
    drop(audit);
    let segment = bench.segments().remove(0);
    let text = fs::read(&segment).unwrap();
    let mut follow = Follow::new(&bench.path(), &Filter::default()).unwrap();
    for length in [0, 1, 100, text.len() - 1] {
        fs::write(&segment, &text[..length]).unwrap();
        assert!(follow.next_batch().unwrap().is_empty());
    }
    fs::write(&segment, &text).unwrap();
    assert_eq!(functions(&follow.next_batch().unwrap()), ["list"]);
}

#[test]
fn a_part_that_was_removed_unread_is_passed_over() {
    let bench = Bench::new();
    let bounds = AuditBounds { segment: 1400, total: 6000, ..AuditBounds::default() };
    let audit = Audit::open(&bench.path(), bounds).unwrap();
    call(&audit, "first");
    let mut follow = Follow::new(&bench.path(), &Filter::default()).unwrap();
    assert_eq!(functions(&follow.next_batch().unwrap()), ["first"]);
    for _ in 0..100 {
        call(&audit, "list");
    }
    call(&audit, "last");
    let batch = follow.next_batch().unwrap();
    assert_eq!(functions(&batch).last(), Some(&"last"));
    assert!(follow.next_batch().unwrap().is_empty());
}
