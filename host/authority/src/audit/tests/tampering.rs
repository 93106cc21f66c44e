use super::*;

type Tamper = fn(&mut Vec<Vec<String>>);

/// Makes a log of several segments, changes the lines of its segments, and verifies it.
fn after(tamper: Tamper) -> Report {
    let bench = Bench::new();
    let audit = bench.open_small();
    for _ in 0..10 {
        call(&audit, "list");
    }
    drop(audit);
    let segments = bench.segments();
    assert!(segments.len() >= 5, "{segments:?}");
    let mut lines: Vec<Vec<String>> = segments
        .iter()
        .map(|path| fs::read_to_string(path).unwrap().lines().map(str::to_owned).collect())
        .collect();
    tamper(&mut lines);
    for (path, lines) in segments.iter().zip(&lines) {
        if lines.is_empty() {
            fs::remove_file(path).unwrap();
        } else {
            fs::write(path, lines.join("\n") + "\n").unwrap();
        }
    }
    bench.verify()
}

/// Writes a line anew, with a hash that fits.
fn forge(line: &str, change: impl Fn(&str) -> String) -> String {
    let (content, _) = line.split_once(",\"hash\"").unwrap();
    let content = change(content);
    let mut hash = Vec::new();
    super::hash::Hash::of(content.as_bytes()).write(&mut hash);
    format!("{content},\"hash\":\"{}\"}}", String::from_utf8(hash).unwrap())
}

fn copy(segments: &mut [Vec<String>], from: usize) {
    let line = segments[from][0].clone();
    segments[1].insert(1, line);
}

#[test]
fn an_untouched_log_is_sound() {
    let report = after(|_| {});
    sound(&report);
    assert_eq!((report.crossings, report.torn, report.first), (10, 0, Some(1)));
    assert_eq!(report.last, Some(report.lines));
}

#[test]
fn every_tampering_is_found() {
    let tamperings: &[(&str, Tamper, &str)] = &[
        ("a changed byte", |s| s[1][0] = s[1][0].replace("list", "lisp"), "was changed"),
        ("a changed number", |s| s[1][0] = s[1][0].replacen("\"seq\":", "\"seq\":1", 1), "was changed"),
        ("a changed hash", |s| s[1][0] = s[1][0].replace("\"hash\":\"", "\"hash\":\"0"), "was changed"),
        ("a changed form", |s| s[1][0] = s[1][0].replace("\"}", "\" }"), "was changed"),
        ("an added property", |s| s[1][0] = s[1][0].replace("\"}", "\",\"x\":1}"), "was changed"),
        ("a property twice", |s| s[1][0].insert_str(1, "\"seq\":4,"), "not a line"),
        ("a broken line", |s| s[1][0] = s[1][0].replace('{', "["), "not a line"),
        ("an empty line", |s| s[1].insert(1, String::new()), "not a line"),
        ("a removed line", |s| drop(s[1].remove(1)), "is missing before it"),
        ("a removed first line", |s| drop(s[1].remove(0)), "is missing before it"),
        ("swapped lines", |s| s[1].swap(1, 2), "is missing before it"),
        ("a line that is there twice", |s| copy(s, 1), "stands after"),
        ("a line of elsewhere", |s| copy(s, 3), "missing before it"),
        (
            "a forged line",
            |s| s[1][1] = forge(&s[1][1], |content| content.replace("\"time\":1", "\"time\":2")),
            "does not follow",
        ),
        (
            "a forged number",
            |s| s[1][1] = forge(&s[1][1], |content| content.replacen("\"seq\":", "\"seq\":9", 1)),
            "are missing before it",
        ),
        (
            "an announcement of a changed line",
            |s| {
                let torn = s[1][1].len();
                s[1][1].replace_range(10..20, "0123456789");
                s[1][2] = forge(&s[1][2], |content| {
                    content
                        .replace("\"kind\":\"continued\"", &format!("\"kind\":\"repaired\",\"torn\":{torn}"))
                });
            },
            "is not a line",
        ),
        ("a segment's end", |s| drop(s[1].pop()), "the segment was cut"),
        ("a line after a segment's end", |s| s[1].push("{}".to_owned()), "not a line"),
        ("a missing segment", |s| s[2].clear(), "missing before it"),
        ("a missing first segment", |s| s[0].clear(), "missing before it"),
        ("swapped segments", |s| s.swap(1, 2), "not with the one in its name"),
    ];
    for (name, tamper, expected) in tamperings {
        let report = after(*tamper);
        assert!(
            report.problems.iter().any(|problem| problem.what.contains(expected)),
            "{name}: {:#?}",
            report.problems
        );
        assert!(report.problems.len() <= 8, "{name}: {:#?}", report.problems);
    }
}

#[test]
fn each_byte_of_a_line_counts() {
    let bench = Bench::new();
    call(&bench.open(), "list");
    let segment = bench.segments().remove(0);
    let text = fs::read(&segment).unwrap();
    let second = text.iter().position(|byte| *byte == b'\n').unwrap() + 1;
    for index in 0..text.len() {
        let mut changed = text.clone();
        changed[index] ^= 1;
        fs::write(&segment, changed).unwrap();
        let report = bench.verify();
        // A last line without its end is one that is being written.
        let seen = !report.is_sound() || (index == text.len() - 1 && report.rest > 0);
        assert!(seen, "byte {index}, the second line begins at {second}");
    }
}

#[test]
fn a_noted_head_shows_that_the_end_was_cut_off_or_made_anew() {
    let bench = Bench::new();
    call(&bench.open(), "list");
    let early = bench.verify().head.unwrap();
    call(&bench.open(), "list");
    let late = bench.verify().head.unwrap();
    let late: Head = late.to_string().parse().unwrap();
    for head in [&early, &late] {
        sound(&verify_until(&bench.path(), head).unwrap());
    }
    let segment = bench.segments().remove(0);
    let text = fs::read_to_string(&segment).unwrap();
    let kept: String = text.split_inclusive('\n').take(3).collect();
    fs::write(&segment, kept).unwrap();
    sound(&bench.verify());
    sound(&verify_until(&bench.path(), &early).unwrap());
    let report = verify_until(&bench.path(), &late).unwrap();
    assert!(report.problems[0].what.contains("cut off after line 3"), "{report:?}");

    fs::remove_file(&segment).unwrap();
    call(&bench.open(), "another");
    call(&bench.open(), "history");
    sound(&bench.verify());
    let report = verify_until(&bench.path(), &late).unwrap();
    assert!(report.problems[0].what.contains("made anew"), "{report:?}");
}

#[test]
fn what_is_no_head_is_refused() {
    for text in ["", "1", "1:", "x:00", "1:zz", &format!("1:{}", "A".repeat(64)), &"0".repeat(1 << 20)] {
        let error = text.parse::<Head>().unwrap_err();
        assert!(error.to_string().len() < 500);
    }
}

#[test]
fn a_log_that_is_not_there_is_empty() {
    let bench = Bench::new();
    sound(&bench.verify());
    assert!(bench.read(&Filter::default()).is_empty());
}
