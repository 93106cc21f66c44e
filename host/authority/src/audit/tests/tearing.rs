use std::io::Write as _;

use super::*;

fn append(path: &Path, bytes: &[u8]) {
    fs::OpenOptions::new().append(true).open(path).unwrap().write_all(bytes).unwrap();
}

#[test]
fn a_torn_line_is_kept_and_announced() {
    let bench = Bench::new();
    call(&bench.open(), "list");
    append(&bench.segments()[0], br#"{"seq":3,"time":17"#);
    let report = bench.verify();
    sound(&report);
    assert_eq!((report.torn, report.rest), (0, 18));
    call(&bench.open(), "after");
    let text = bench.text();
    assert!(text.contains("{\"seq\":3,\"time\":17\n{\"seq\":3,"), "{text}");
    assert!(text.contains(r#""kind":"repaired","torn":18,"#), "{text}");
    let report = bench.verify();
    sound(&report);
    assert_eq!((report.torn, report.rest, report.last), (1, 0, Some(5)));
    assert_eq!(functions(&bench.read(&Filter::default())), ["list", "after"]);
}

#[test]
fn a_line_that_another_process_tore_is_repaired_without_a_restart() {
    let bench = Bench::new();
    let audit = bench.open();
    call(&audit, "list");
    append(&bench.segments()[0], b"{");
    call(&audit, "after");
    let report = bench.verify();
    sound(&report);
    assert_eq!((report.torn, report.crossings), (1, 2));
}

#[test]
fn a_line_that_lacks_only_its_end_is_completed() {
    let bench = Bench::new();
    call(&bench.open(), "list");
    let segment = bench.segments().remove(0);
    let text = fs::read(&segment).unwrap();
    fs::write(&segment, &text[..text.len() - 1]).unwrap();
    call(&bench.open(), "after");
    let report = bench.verify();
    sound(&report);
    assert_eq!((report.torn, report.lines, report.unfinished), (0, 4, 0));
}

#[test]
fn zeros_that_a_power_loss_left_are_announced() {
    for zeros in [1, 4096, 1 << 20] {
        let bench = Bench::new();
        call(&bench.open(), "list");
        append(&bench.segments()[0], &vec![0; zeros]);
        call(&bench.open(), "after");
        let report = bench.verify();
        sound(&report);
        assert_eq!((report.torn, report.last), (1, Some(5)));
    }
}

#[test]
fn a_torn_first_line_of_a_segment_is_announced() {
    let bench = Bench::new();
    let audit = bench.open_small();
    while bench.segments().len() < 2 {
        call(&audit, "list");
    }
    drop(audit);
    let last = bench.segments().pop().unwrap();
    fs::write(&last, b"{\"se").unwrap();
    call(&bench.open_small(), "after");
    let report = bench.verify();
    sound(&report);
    assert_eq!((report.torn, report.segments), (1, 2));
}

#[test]
fn a_segment_that_was_not_begun_is_begun_by_the_next_process() {
    let bench = Bench::new();
    let audit = bench.open_small();
    while bench.segments().len() < 2 {
        call(&audit, "list");
    }
    drop(audit);
    let last = bench.segments().pop().unwrap();
    fs::write(&last, b"").unwrap();
    call(&bench.open_small(), "after");
    sound(&bench.verify());
    // Or it was not even made.
    let audit = bench.open_small();
    let before = bench.segments().len();
    while bench.segments().len() == before {
        call(&audit, "list");
    }
    drop(audit);
    fs::remove_file(bench.segments().pop().unwrap()).unwrap();
    call(&bench.open_small(), "after");
    sound(&bench.verify());
}

#[test]
fn whole_lines_are_never_taken_for_torn() {
    // A changed last line must not be explained away by the next writer.
    let bench = Bench::new();
    call(&bench.open(), "list");
    let segment = bench.segments().remove(0);
    let text = fs::read_to_string(&segment).unwrap().replace(r#""outcome":"ok""#, r#""outcome":"no""#);
    fs::write(&segment, text).unwrap();
    call(&bench.open(), "after");
    let report = bench.verify();
    assert_eq!((report.problems.len(), report.torn), (1, 0), "{report:#?}");
    assert_eq!(report.problems[0].line, Some(2));
    assert_eq!(report.crossings, 2);
}

#[test]
fn rubbish_without_end_is_survived() {
    let bench = Bench::new();
    fs::create_dir(bench.path()).unwrap();
    let rubbish = [vec![b'{'; 200_000], b"\n\n{}\n".repeat(100_000), vec![b'x'; 300_000], b"\n".to_vec()];
    fs::write(segment::path(&bench.path(), 1), rubbish.concat()).unwrap();
    call(&bench.open(), "list");
    let report = bench.verify();
    assert!(!report.is_sound() && report.problems.len() == 1000 && report.further > 100_000);
    assert_eq!(functions(&bench.read(&Filter::default())), ["list"]);
}
