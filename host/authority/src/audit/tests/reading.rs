use super::*;

#[test]
fn a_beginning_and_its_end_are_one_record() {
    let bench = Bench::new();
    let audit = bench.open();
    let slow = audit.begin(&entry("slow")).unwrap();
    call(&audit, "quick");
    audit.record(&entry("denied"), Decision::Denied, "read-only", 1).unwrap();
    audit.end(slow, "failed", 99).unwrap();
    audit.begin(&entry("killed")).unwrap();
    audit.act("person", "revoke", Some(3), "compare, slot left").unwrap();
    let records = bench.read(&Filter::default());
    assert_eq!(functions(&records), ["slow", "quick", "denied", "killed", "revoke"]);
    let Record::Crossing(slow) = &records[0] else { panic!() };
    assert_eq!((slow.outcome.as_str(), slow.micros, slow.decision), ("failed", Some(99), Decision::Allowed));
    assert_eq!((slow.agent.as_deref(), slow.grant, slow.invocation), (Some("scout"), Some(3), 7));
    let Record::Crossing(denied) = &records[2] else { panic!() };
    assert_eq!((denied.outcome.as_str(), denied.decision), ("read-only", Decision::Denied));
    let Record::Crossing(killed) = &records[3] else { panic!() };
    assert_eq!((killed.outcome.as_str(), killed.micros), (UNFINISHED, None));
    let json = serde_json::to_value(&records[4]).unwrap();
    assert_eq!(json["kind"], "act");
    assert_eq!(json["detail"], "compare, slot left");
    assert_eq!(serde_json::to_value(&records[0]).unwrap()["decision"], "allowed");
    assert_eq!(bench.verify().unfinished, 1);
}

#[test]
fn filters_fit_together() {
    let bench = Bench::new();
    let audit = bench.open();
    audit.record(&entry("one"), Decision::Allowed, "ok", 1).unwrap();
    let other = Entry {
        principal: "person > plugin notes > invocation 8",
        agent: None,
        agent_key: None,
        plugin: "notes",
        slot: "inbox",
        grant: None,
        ..entry("two")
    };
    audit.record(&other, Decision::Denied, "expired", 1).unwrap();
    audit.act("person", "narrow", Some(3), "").unwrap();
    let text = |text: &str| Some(text.to_owned());
    let cases = [
        (Filter::default(), vec!["one", "two", "narrow"]),
        (Filter { plugin: text("notes"), ..Filter::default() }, vec!["two"]),
        (Filter { principal: text("scout"), ..Filter::default() }, vec!["one"]),
        (Filter { principal: text("person"), ..Filter::default() }, vec!["one", "two", "narrow"]),
        (Filter { agent: text("scout"), ..Filter::default() }, vec!["one"]),
        (Filter { slot: text("inbox"), ..Filter::default() }, vec!["two"]),
        (Filter { function: text("one"), ..Filter::default() }, vec!["one"]),
        (Filter { grant: Some(3), ..Filter::default() }, vec!["one", "narrow"]),
        (Filter { decision: Some(Decision::Denied), ..Filter::default() }, vec!["two"]),
        (Filter { slot: text("inbox"), plugin: text("compare"), ..Filter::default() }, vec![]),
        (Filter { since: Some(u64::MAX), ..Filter::default() }, vec![]),
        (Filter { until: Some(u64::MAX), ..Filter::default() }, vec!["one", "two", "narrow"]),
        (Filter { until: Some(0), ..Filter::default() }, vec![]),
        (Filter { last: Some(2), ..Filter::default() }, vec!["two", "narrow"]),
        (Filter { last: Some(1), grant: Some(3), slot: text("left"), ..Filter::default() }, vec!["one"]),
        (Filter { last: Some(0), ..Filter::default() }, vec![]),
    ];
    for (filter, expected) in cases {
        assert_eq!(functions(&bench.read(&filter)), expected, "{filter:?}");
    }
}

#[test]
fn the_last_records_are_whole_across_segments() {
    let bench = Bench::new();
    let audit = bench.open_small();
    audit.begin(&entry("killed")).unwrap();
    for n in 0..40 {
        let function = format!("f{n}");
        let number = audit.begin(&entry(&function)).unwrap();
        // So that the end is some segments later.
        call(&audit, "between");
        call(&audit, "between");
        audit.end(number, "late", 1).unwrap();
    }
    audit.begin(&entry("open")).unwrap();
    let all = bench.read(&Filter::default());
    assert_eq!(all.len(), 122);
    for wanted in [1, 2, 7, 50, 121, 122, 1000] {
        let last = bench.read(&Filter { last: Some(wanted), ..Filter::default() });
        assert_eq!(last, all[all.len().saturating_sub(wanted)..], "the last {wanted}");
    }
    let filter = Filter { last: Some(3), function: Some("f7".to_owned()), ..Filter::default() };
    let last = bench.read(&filter);
    let Record::Crossing(crossing) = &last[0] else { panic!() };
    assert_eq!((last.len(), crossing.outcome.as_str()), (1, "late"));
}

#[test]
fn one_that_never_ends_holds_back_only_so_many() {
    let bench = Bench::new();
    let audit = bench.open();
    audit.begin(&entry("killed")).unwrap();
    let slow = audit.begin(&entry("slow")).unwrap();
    for _ in 0..17_000 {
        audit.record(&entry("quick"), Decision::Allowed, "ok", 1).unwrap();
    }
    audit.end(slow, "ok", 1).unwrap();
    let records = bench.read(&Filter::default());
    assert_eq!(records.len(), 17_002);
    let place = |name| functions(&records).iter().position(|function| *function == name).unwrap();
    assert!(place("quick") < place("slow") && place("slow") < place("killed"));
    assert_eq!(place("killed"), 17_001);
}
