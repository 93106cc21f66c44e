//! What is a caveat and what is none, and what is wider than what.

use std::time::Duration;

use super::*;

#[test]
fn well_formed_caveats_are_read_and_shown_in_one_way() {
    let table = [
        ("functions list", "functions list"),
        ("functions lookup, list", "functions list,lookup"),
        ("functions make-directory,makeDirectory", "functions makeDirectory"),
        ("functions  list ", "functions list"),
        ("functions __getMethodNames__,$x", "functions $x,__getMethodNames__"),
        ("read-only", "read-only"),
        ("confirm", "confirm"),
        ("path notes", "path notes"),
        ("path notes/my work", "path notes/my work"),
        ("path ünï/códe", "path ünï/códe"),
        ("arg send.0 = \"bob\"", "arg send.0 = \"bob\""),
        ("arg send.to = null", "arg send.to = null"),
        ("arg make-it.007 = true", "arg makeIt.7 = true"),
        ("arg send.to in [1, \"a\", 1]", "arg send.to in [1,\"a\",1]"),
        ("arg send.to = \"a \\\" = b\"", "arg send.to = \"a \\\" = b\""),
        ("arg f.0 between -1.5 2e3", "arg f.0 between -1.5 2000"),
        ("arg f.0 between 5 5", "arg f.0 between 5 5"),
        ("arg f.0 under notes/work", "arg f.0 under notes/work"),
        ("arg f.0 = 9007199254740991", "arg f.0 = 9007199254740991"),
        ("expires 2026-12-01T00:00:00Z", "expires 2026-12-01T00:00:00.000Z"),
        ("expires 9999-12-31T23:59:59.999Z", "expires 9999-12-31T23:59:59.999Z"),
        ("calls 1", "calls 1"),
        ("calls 007", "calls 7"),
        ("calls 9223372036854775807", "calls 9223372036854775807"),
        ("rate 5/1m", "rate 5/1m"),
        ("rate 5 / 90s", "rate 5/1m30s"),
        ("rate 1/1ms", "rate 1/1ms"),
        ("bytes 1", "bytes 1"),
        ("bytes 2048", "bytes 2KiB"),
        ("bytes 64 KiB", "bytes 64KiB"),
        ("bytes 1023KiB", "bytes 1023KiB"),
        ("bytes 1024KiB", "bytes 1MiB"),
        ("bytes 3GiB", "bytes 3GiB"),
    ];
    for (given, shown) in table {
        let caveat = read(given).unwrap_or_else(|error| panic!("{given}: {error}"));
        assert_eq!(caveat.to_string(), shown);
        assert_eq!(read(shown).unwrap(), caveat, "{shown}");
    }
}

#[test]
fn what_is_odd_is_no_caveat() {
    let table: &[&str] = &[
        "",
        " ",
        "unknown",
        "unknown 1",
        "Functions list",
        "functions",
        "functions ",
        "functions ,",
        "functions list,",
        "functions li st",
        "functions (apply)",
        "functions -list",
        "functions list-",
        "functions lïst",
        "functions list\u{200b}",
        "functions l\u{456}st",
        "functions *",
        "read-only yes",
        "read-only ",
        "confirm 1",
        " confirm",
        "path",
        "path ",
        "path /",
        "path /notes",
        "path notes/",
        "path notes//work",
        "path .",
        "path notes/..",
        "path notes/../work",
        "path no\u{0}tes",
        "path no\u{1b}[2Jtes",
        "path a/\u{202e}b",
        "path a/ b",
        "path a /b",
        "arg",
        "arg send",
        "arg send.0",
        "arg send.0 =",
        "arg send.0 = ",
        "arg send.0 = bob",
        "arg send.0 == 1",
        "arg send.0 = [1]",
        "arg send.0 = {}",
        "arg send.0 = NaN",
        "arg send.0 = 1 2",
        "arg send.0 = +1",
        "arg send.0 = 1e999",
        "arg send.0 = 9007199254740992",
        "arg send.0 = 9007199254740993",
        "arg send.0 = -9007199254740992",
        "arg send.0 = 18446744073709551616",
        "arg send.0 in",
        "arg send.0 in []",
        "arg send.0 in 1",
        "arg send.0 in [[1]]",
        "arg send.0 in [9007199254740993]",
        "arg send.0 between",
        "arg send.0 between 1",
        "arg send.0 between 2 1",
        "arg send.0 between 1 2 3",
        "arg send.0 between NaN 1",
        "arg send.0 between 0 NaN",
        "arg send.0 between -inf inf",
        "arg send.0 between 0 infinity",
        "arg send.0 between +1 2",
        "arg send.0 between 0 1e300",
        "arg send.0 between 0 9007199254740993",
        "arg send.0 between 0 \u{661}",
        "arg send.0 under",
        "arg send.0 under /",
        "arg send.0 under ..",
        "arg .0 = 1",
        "arg send. = 1",
        "arg send.64 = 1",
        "arg send.-1 = 1",
        "arg send.+1 = 1",
        "arg send.18446744073709551616 = 1",
        "arg send.To = 1",
        "arg send.\u{661} = 1",
        "expires",
        "expires tomorrow",
        "expires 0",
        "expires 1970-01-01T00:00:00Z",
        "expires 1969-12-31T23:59:59Z",
        "expires 10000-01-01T00:00:00Z",
        "expires 2026-13-01T00:00:00Z",
        "expires 2026-02-30T00:00:00Z",
        "expires 2026-12-01",
        "expires 2026-12-01T00:00:00",
        "expires ２026-12-01T00:00:00Z",
        "calls",
        "calls 0",
        "calls 00",
        "calls -1",
        "calls +1",
        "calls 1.0",
        "calls 1e3",
        "calls 0x10",
        "calls 1_000",
        "calls 9223372036854775808",
        "calls 18446744073709551617",
        "calls 99999999999999999999999999",
        "calls １",
        "calls ١",
        "calls NaN",
        "calls inf",
        "rate",
        "rate 5",
        "rate 5/",
        "rate /1m",
        "rate 0/1m",
        "rate -1/1m",
        "rate +5/1m",
        "rate 5/0s",
        "rate 5/1ns",
        "rate 5/-1m",
        "rate 5/1",
        "rate 5/400days",
        "rate 5/1000000years",
        "rate 5/99999999999999999999s",
        "rate 1000001/1m",
        "rate ５/1m",
        "rate 5/１m",
        "bytes",
        "bytes 0",
        "bytes 0KiB",
        "bytes -1",
        "bytes +1",
        "bytes KiB",
        "bytes 1.5KiB",
        "bytes 1kb",
        "bytes 1kib",
        "bytes 9223372036854775807KiB",
        "bytes 8589934592GiB",
        "bytes 18014398509481984KiB",
    ];
    for text in table {
        if let Ok(caveat) = read(text) {
            panic!("`{text}` was read as `{caveat}`");
        }
    }
}

#[test]
fn what_is_too_large_is_no_caveat() {
    let many = |count: usize, separator: &str, one: &dyn Fn(usize) -> String| {
        (0..count).map(one).collect::<Vec<_>>().join(separator)
    };
    let functions = |count| format!("functions {}", many(count, ",", &|n| format!("f{n}")));
    assert!(read(&functions(256)).is_ok());
    assert!(read(&functions(257)).is_err());
    assert!(read(&format!("functions {}", "f".repeat(128))).is_ok());
    assert!(read(&format!("functions {}", "f".repeat(129))).is_err());
    let path = |count| format!("path {}", many(count, "/", &|n| format!("n{n}")));
    assert!(read(&path(64)).is_ok());
    assert!(read(&path(65)).is_err());
    assert!(read(&format!("path {}", "n".repeat(255))).is_ok());
    assert!(read(&format!("path {}", "n".repeat(256))).is_err());
    let set = |count| format!("arg f.0 in [{}]", many(count, ",", &|n| n.to_string()));
    assert!(read(&set(1000)).is_ok());
    assert!(read(&set(1001)).is_err());
    assert!(read(&format!("arg f.0 = {}1{}", "[".repeat(100_000), "]".repeat(100_000))).is_err());
    assert!(Functions::new([]).is_err());
    assert!(PathPrefix::new(vec![]).is_err());
    assert!(PathPrefix::new(vec!["a/b".to_owned()]).is_err());
    assert!(PathPrefix::new(vec![" a".to_owned()]).is_err(), "it would be read back as another name");
    assert!(PathPrefix::new(vec!["a".to_owned(), "b c".to_owned()]).is_ok());
}

#[test]
fn an_error_says_what_is_wrong_without_repeating_a_book() {
    let error = read(&format!("calls {}", "9".repeat(10_000))).unwrap_err();
    assert!(error.to_string().len() < 200, "{error}");
    assert_eq!(error.reason, "a whole number above zero is needed");
    let error = read("\u{1b}[2J").unwrap_err();
    assert!(!error.to_string().contains('\u{1b}'));
}

#[test]
fn an_expiry_that_is_told_as_a_span_lies_in_the_future_and_can_be_written() {
    let now = 1_700_000_000_000;
    let after = |span| Caveat::expires_in(span, now);
    assert_eq!(after(Duration::from_secs(60)).unwrap().to_string(), "expires 2023-11-14T22:14:20.000Z");
    assert!(after(Duration::ZERO).is_err());
    assert!(after(Duration::from_nanos(999)).is_err());
    assert!(after(Duration::from_secs(400_000_000_000)).is_err());
    assert!(after(Duration::MAX).is_err());
    assert!(Caveat::expires_in(Duration::from_secs(1), u64::MAX).is_err());
}

#[test]
fn a_child_may_say_less_and_never_more() {
    // Of each kind: the parent's, what is within, what is wider.
    let table: &[(&str, &[&str], &[&str])] = &[
        (
            "functions list,lookup",
            &["functions list", "functions lookup,list"],
            &["functions has", "functions list,has"],
        ),
        (
            "path notes/work",
            &["path notes/work", "path notes/work/a"],
            &["path notes", "path notes/work2", "path other"],
        ),
        (
            "expires 2026-12-01T00:00:00Z",
            &["expires 2026-12-01T00:00:00Z", "expires 2026-11-30T23:59:59.999Z"],
            &["expires 2026-12-01T00:00:00.001Z"],
        ),
        ("calls 10", &["calls 10", "calls 1"], &["calls 11"]),
        (
            "rate 10/1m",
            &["rate 10/1m", "rate 10/2m", "rate 1/6s"],
            &["rate 11/1m", "rate 10/59s", "rate 2/6s", "rate 20/2m"],
        ),
        ("bytes 1KiB", &["bytes 1024", "bytes 1"], &["bytes 1025", "bytes 1MiB"]),
        (
            "arg f.0 = 1",
            &["arg f.0 = 1", "arg f.0 = 1.0", "arg f.0 in [1]", "arg f.1 = 2", "arg g.0 = 2"],
            &["arg f.0 = 2", "arg f.0 = \"1\"", "arg f.0 in [1,2]", "arg f.0 between 1 2"],
        ),
        (
            "arg f.0 in [1,\"a\"]",
            &["arg f.0 = \"a\"", "arg f.0 in [\"a\",1,1]"],
            &["arg f.0 = \"b\"", "arg f.0 in [1,2]", "arg f.0 between 1 1", "arg f.0 under a"],
        ),
        (
            "arg f.0 between 1 10",
            &["arg f.0 between 1 10", "arg f.0 between 2.5 3", "arg f.0 = 10", "arg f.0 in [1,2]"],
            &[
                "arg f.0 between 0.5 10",
                "arg f.0 between 1 11",
                "arg f.0 = 0",
                "arg f.0 in [1,\"a\"]",
                "arg f.0 under a",
            ],
        ),
        (
            "arg f.0 under a/b",
            &["arg f.0 under a/b", "arg f.0 under a/b/c", "arg f.0 = \"a/b/c\""],
            &["arg f.0 under a", "arg f.0 = \"a\"", "arg f.0 = \"a/b/../c\"", "arg f.0 = 1"],
        ),
        ("read-only", &["read-only", "functions writeText", "calls 5"], &[]),
        ("confirm", &["confirm", "calls 5"], &[]),
    ];
    for (parent, within, wider) in table {
        let parents = [read("confirm").unwrap(), read(parent).unwrap()];
        for own in *within {
            let told = read(own).unwrap().within(&parents);
            assert!(told.is_ok(), "`{own}` within `{parent}`: {told:?}");
        }
        for own in *wider {
            let told = read(own).unwrap().within(&parents).unwrap_err();
            assert!(told.contains("wider"), "{told}");
        }
    }
}
