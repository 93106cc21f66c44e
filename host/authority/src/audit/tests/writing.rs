use super::*;

#[test]
fn a_line_is_in_the_file_before_begin_returns() {
    let bench = Bench::new();
    let audit = bench.open();
    let number = audit.begin(&entry("list")).unwrap();
    assert_eq!(number.get(), 1);
    let text = bench.text();
    assert!(text.ends_with("\"}\n") && text.contains(r#""function":"list""#), "{text}");
    assert_eq!(text.lines().count(), 1);
    audit.end(number, "ok", 5).unwrap();
    assert_eq!(bench.text().lines().count(), 2);
}

#[test]
fn the_hash_is_that_of_the_bytes_before_it() {
    use sha2::Digest as _;
    let bench = Bench::new();
    call(&bench.open(), "list");
    let text = bench.text();
    let mut previous = "0".repeat(64);
    for line in text.lines() {
        let (content, hash) = line.split_once(",\"hash\":\"").unwrap();
        assert_eq!(super::hash::hex(&sha2::Sha256::digest(content)), hash.trim_end_matches("\"}"));
        assert!(content.contains(&format!("\"prev\":\"{previous}\"")));
        previous = hash.trim_end_matches("\"}").to_owned();
    }
    assert_eq!(bench.verify().head.unwrap().to_string(), format!("2:{previous}"));
}

#[test]
fn the_chain_goes_on_after_a_restart() {
    let bench = Bench::new();
    for round in 0..3 {
        let audit = bench.open();
        assert_eq!(call(&audit, "list").get(), round * 2 + 1);
    }
    let report = bench.verify();
    sound(&report);
    assert_eq!((report.lines, report.first, report.last), (6, Some(1), Some(6)));
    assert_eq!((report.crossings, report.unfinished), (3, 0));
}

#[test]
fn two_writers_make_one_chain_and_both_notice_that_it_rolls() {
    let bench = Bench::new();
    let (one, other) = (bench.open_small(), bench.open_small());
    std::thread::scope(|scope| {
        for audit in [&one, &other, &one] {
            scope.spawn(move || {
                for _ in 0..200 {
                    call(audit, "list");
                }
            });
        }
    });
    let report = bench.verify();
    sound(&report);
    assert_eq!((report.crossings, report.unfinished), (600, 0));
    assert!(report.segments > 100, "{report:?}");
    assert_eq!(report.lines, 1200 + report.segments - 1);
    assert_eq!(bench.read(&Filter::default()).len(), 600);
    for path in bench.segments() {
        assert!(path.metadata().unwrap().len() < 2 * 1400);
    }
}

#[test]
fn a_writer_that_slept_while_another_rolled_goes_on_at_the_end() {
    let bench = Bench::new();
    let (sleeper, busy) = (bench.open_small(), bench.open_small());
    let open = sleeper.begin(&entry("first")).unwrap();
    for _ in 0..50 {
        call(&busy, "list");
    }
    sleeper.end(open, "ok", 1).unwrap();
    let last = bench.segments().pop().unwrap();
    assert!(fs::read_to_string(last).unwrap().contains(&format!("\"ends\":{open}")));
    sound(&bench.verify());
}

#[test]
fn old_segments_are_removed_and_the_log_says_so() {
    let bench = Bench::new();
    let bounds = AuditBounds { segment: 1400, total: 6000, ..AuditBounds::default() };
    let (audit, other) =
        (Audit::open(&bench.path(), bounds).unwrap(), Audit::open(&bench.path(), bounds).unwrap());
    call(&other, "list");
    for _ in 0..100 {
        call(&audit, "list");
    }
    // Its segment was removed.
    call(&other, "late");
    let report = bench.verify();
    sound(&report);
    assert!(report.first.unwrap() > 150, "{report:?}");
    let total: u64 = bench.segments().iter().map(|path| path.metadata().unwrap().len()).sum();
    assert!(total < 6000 + 2 * 1400, "{total}");
    assert_eq!(functions(&bench.read(&Filter::default())).pop(), Some("late"));
    // A first line cannot come back at the end.
    let fresh = Bench::new();
    call(&fresh.open(), "list");
    let segment = bench.segments().pop().unwrap();
    let text = fs::read_to_string(&segment).unwrap();
    fs::write(&segment, text.clone() + &fresh.text()).unwrap();
    assert!(!bench.verify().is_sound());
    fs::write(&segment, text).unwrap();
    // The control: segments that somebody else removed are missed.
    fs::remove_file(&bench.segments()[0]).unwrap();
    assert!(bench.verify().problems[0].what.contains("missing"), "{:?}", bench.verify());
}

#[test]
fn segments_that_are_smaller_than_a_line_hold_one() {
    let bench = Bench::new();
    let bounds = AuditBounds { segment: 0, total: 0, sync: Duration::ZERO };
    let audit = Audit::open(&bench.path(), bounds).unwrap();
    for _ in 0..20 {
        call(&audit, "list");
    }
    sound(&bench.verify());
}

#[test]
fn texts_are_bounded_and_stay_on_their_line() {
    let bench = Bench::new();
    let audit = bench.open();
    let hostile = "\u{1b}\n\u{202e}\"\\}".repeat(10_000);
    let entry = Entry {
        principal: &hostile,
        agent: Some(&hostile),
        plugin: &hostile,
        slot: &hostile,
        function: &hostile,
        arguments: &hostile,
        digest: &hostile,
        ..entry("")
    };
    audit.record(&entry, Decision::Denied, &hostile, u64::MAX).unwrap();
    audit.act(&hostile, &hostile, Some(u64::MAX), &hostile).unwrap();
    let text = bench.text();
    assert_eq!(text.lines().count(), 2);
    assert!(text.lines().all(|line| line.len() < super::line::MAX_LINE), "{}", text.len());
    assert!(!text.contains(['\u{1b}', '\u{202e}']));
    sound(&bench.verify());
    drop(audit);
    call(&bench.open(), "list");
    sound(&bench.verify());
}

#[test]
fn a_discarding_log_touches_no_disk() {
    let audit = Audit::discarding();
    assert_eq!(call(&audit, "list").get(), 1);
    assert_eq!(audit.record(&entry("list"), Decision::Denied, "no", 0).unwrap().get(), 3);
    audit.sync().unwrap();
    assert_eq!(audit.folder(), None);
}
