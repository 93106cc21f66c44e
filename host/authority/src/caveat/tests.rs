//! Caveats as they are read, shown, compared and applied.

use std::time::Duration;

use powerbox_passable::Value;
use proptest::prelude::*;

use super::*;

fn read(text: &str) -> Result<Caveat, CaveatError> {
    text.parse()
}

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
        ("functions list,lookup", &["functions list", "functions lookup,list"], &["functions has", "functions list,has"]),
        ("path notes/work", &["path notes/work", "path notes/work/a"], &["path notes", "path notes/work2", "path other"]),
        ("expires 2026-12-01T00:00:00Z", &["expires 2026-12-01T00:00:00Z", "expires 2026-11-30T23:59:59.999Z"], &["expires 2026-12-01T00:00:00.001Z"]),
        ("calls 10", &["calls 10", "calls 1"], &["calls 11"]),
        ("rate 10/1m", &["rate 10/1m", "rate 10/2m", "rate 1/6s"], &["rate 11/1m", "rate 10/59s", "rate 2/6s", "rate 20/2m"]),
        ("bytes 1KiB", &["bytes 1024", "bytes 1"], &["bytes 1025", "bytes 1MiB"]),
        ("arg f.0 = 1", &["arg f.0 = 1", "arg f.0 = 1.0", "arg f.0 in [1]", "arg f.1 = 2", "arg g.0 = 2"], &["arg f.0 = 2", "arg f.0 = \"1\"", "arg f.0 in [1,2]", "arg f.0 between 1 2"]),
        ("arg f.0 in [1,\"a\"]", &["arg f.0 = \"a\"", "arg f.0 in [\"a\",1,1]"], &["arg f.0 = \"b\"", "arg f.0 in [1,2]", "arg f.0 between 1 1", "arg f.0 under a"]),
        ("arg f.0 between 1 10", &["arg f.0 between 1 10", "arg f.0 between 2.5 3", "arg f.0 = 10", "arg f.0 in [1,2]"], &["arg f.0 between 0.5 10", "arg f.0 between 1 11", "arg f.0 = 0", "arg f.0 in [1,\"a\"]", "arg f.0 under a"]),
        ("arg f.0 under a/b", &["arg f.0 under a/b", "arg f.0 under a/b/c", "arg f.0 = \"a/b/c\""], &["arg f.0 under a", "arg f.0 = \"a\"", "arg f.0 = \"a/b/../c\"", "arg f.0 = 1"]),
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

/// A call as a test tells it.
struct Told {
    function: &'static str,
    is_direct: bool,
    args: Vec<Value<()>>,
}

impl Crossing for Told {
    fn function(&self) -> &str {
        self.function
    }

    fn is_direct(&self) -> bool {
        self.is_direct
    }

    fn paths(&self) -> Option<Vec<Vec<String>>> {
        paths_named(self.function, &self.args)
    }

    fn argument(&self, which: &Which) -> Option<Value<()>> {
        match which {
            Which::Place(place) => self.args.get(*place).cloned(),
            Which::Name(_) => None,
        }
    }

    fn bytes(&self) -> u64 {
        0
    }

    fn digest(&self) -> String {
        String::new()
    }
}

fn allows(caveat: &str, function: &'static str, args: Vec<Value<()>>) -> bool {
    read(caveat).unwrap().check(&Told { function, is_direct: true, args }).is_ok()
}

#[test]
fn numbers_are_compared_exactly() {
    let number = |number: f64| vec![Value::Number(number)];
    let integer = |integer: i64| vec![Value::bigint(integer)];
    let exact = "arg f.0 = 9007199254740991";
    assert!(allows(exact, "f", number(9_007_199_254_740_991.0)));
    assert!(allows(exact, "f", integer(9_007_199_254_740_991)));
    assert!(!allows(exact, "f", number(9_007_199_254_740_992.0)));
    assert!(!allows(exact, "f", integer(9_007_199_254_740_990)));
    let range = "arg f.0 between -2.5 2.5";
    for (value, allowed) in [(-2.5, true), (2.5, true), (-2.500_000_1, false), (2.6, false), (-0.0, true)] {
        assert_eq!(allows(range, "f", number(value)), allowed, "{value}");
    }
    for value in [f64::NAN, f64::INFINITY, f64::NEG_INFINITY] {
        assert!(!allows(range, "f", number(value)));
    }
    for (value, allowed) in [(-2, true), (2, true), (-3, false), (3, false), (i64::MAX, false), (i64::MIN, false)] {
        assert_eq!(allows(range, "f", integer(value)), allowed, "{value}");
    }
    assert!(!allows(range, "f", vec![Value::text("1")]));
    assert!(!allows("arg f.0 = 1", "f", vec![Value::text("1")]));
    assert!(!allows("arg f.0 = \"1\"", "f", number(1.0)));
    assert!(!allows("arg f.0 = null", "f", vec![Value::Undefined]));
    assert!(!allows("arg f.0 = null", "f", vec![]));
    assert!(allows("arg f.0 = null", "f", vec![Value::Null]));
}

#[test]
fn a_rule_on_an_argument_is_no_on_what_it_cannot_judge() {
    let caveat = read("arg send.0 = \"bob\"").unwrap();
    let told = |function, is_direct| Told { function, is_direct, args: vec![Value::text("bob")] };
    assert!(caveat.check(&told("send", true)).is_ok());
    assert!(caveat.check(&told("send", false)).is_err(), "another object's function");
    assert!(caveat.check(&told("list", false)).is_ok());
    assert!(!allows("arg send.0 = \"bob\"", GET, vec![Value::text("send")]));
    assert!(allows("arg send.0 = \"bob\"", GET, vec![Value::text("length")]));
}

#[test]
fn paths_are_compared_name_by_name() {
    let has = |names: &[&str]| names.iter().map(|name| Value::text(*name)).collect::<Vec<_>>();
    let caveat = "path notes/work";
    assert!(allows(caveat, "has", has(&["notes", "work"])));
    assert!(allows(caveat, "has", has(&["notes", "work", "a b"])));
    for names in [
        &[][..],
        &["notes"],
        &["notes", "Work"],
        &["notes", "work\0"],
        &["notes", "work", ""],
        &["notes", "work", ".."],
        &["notes", "work", "a/../.."],
        &["notes/work"],
        &["notes", "w\u{43e}rk"],
    ] {
        assert!(!allows(caveat, "has", has(names)), "{names:?}");
    }
    assert!(!allows(caveat, "copy", vec![Value::texts(["notes", "work", "a"]), Value::texts(["other"])]));
    assert!(allows(caveat, "copy", vec![Value::texts(["notes", "work", "a"]), Value::texts(["notes", "work", "b"])]));
    assert!(!allows(caveat, "unheardOf", has(&["notes", "work"])));
    let indirect = Told { function: "unheardOf", is_direct: false, args: vec![] };
    assert!(read(caveat).unwrap().check(&indirect).is_ok(), "it was reached by a path that was allowed");
}

#[test]
fn the_names_of_methods_pass_only_where_they_are_filtered() {
    let told = Told { function: METHOD_NAMES, is_direct: true, args: vec![] };
    assert!(read("functions list").unwrap().check(&told).is_err());
    assert!(read("functions __getMethodNames__").unwrap().check(&told).is_ok());
    assert!(read("read-only").unwrap().check(&told).is_ok());
}

fn name() -> impl Strategy<Value = String> {
    "[a-zA-Z_$][a-zA-Z0-9_$]{0,12}(-[a-z0-9]{1,5}){0,2}"
}

fn scalar() -> impl Strategy<Value = serde_json::Value> {
    prop_oneof![
        Just(serde_json::Value::Null),
        any::<bool>().prop_map(Into::into),
        any::<String>().prop_map(Into::into),
        (-9_007_199_254_740_991_i64..=9_007_199_254_740_991).prop_map(Into::into),
        (-1e15..1e15_f64).prop_map(Into::into),
        prop::num::f64::NORMAL.prop_filter_map("too large", |number| {
            (number.abs() < 9e15).then(|| serde_json::Value::from(number))
        }),
    ]
}

fn path() -> impl Strategy<Value = String> {
    prop::collection::vec("\\PC{1,10}", 1..4).prop_map(|names| names.join("/"))
}

/// Caveats as a person may write them; some are none.
fn written() -> impl Strategy<Value = String> {
    let which = prop_oneof![(0..70_u8).prop_map(|place| place.to_string()), "[a-z][a-z0-9-]{0,8}"];
    let condition = prop_oneof![
        scalar().prop_map(|value| format!("= {value}")),
        prop::collection::vec(scalar(), 1..4)
            .prop_map(|values| format!("in {}", serde_json::Value::Array(values))),
        (-1e15..1e15_f64, 0.0..1e10_f64).prop_map(|(low, more)| format!("between {low} {}", low + more)),
        path().prop_map(|path| format!("under {path}")),
    ];
    prop_oneof![
        prop::collection::vec(name(), 1..4).prop_map(|names| format!("functions {}", names.join(","))),
        path().prop_map(|path| format!("path {path}")),
        (name(), which, condition).prop_map(|(name, which, condition)| format!("arg {name}.{which} {condition}")),
        (1..253_402_300_799_999_u64).prop_map(|millis| {
            Caveat::expires_in(Duration::from_millis(millis), 0).unwrap().to_string()
        }),
        (1..u64::MAX).prop_map(|count| format!("calls {count}")),
        (1..=1_000_000_u64, 1..=31_622_400_000_u64).prop_map(|(calls, millis)| {
            format!("rate {calls}/{}", humantime::format_duration(Duration::from_millis(millis)))
        }),
        (1..u64::MAX, "|KiB|MiB|GiB").prop_map(|(count, unit)| format!("bytes {count}{unit}")),
        (1..2000_u64, "|KiB|MiB|GiB").prop_map(|(count, unit)| format!("bytes {count}{unit}")),
        Just("read-only".to_owned()),
        Just("confirm".to_owned()),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(2000) })]

    #[test]
    fn what_is_read_is_the_same_when_it_is_shown_and_read_again(text in written()) {
        if let Ok(caveat) = read(&text) {
            let shown = caveat.to_string();
            prop_assert_eq!(read(&shown).unwrap(), caveat.clone(), "{}", shown);
            let stored = serde_json::to_string(&caveat).unwrap();
            prop_assert_eq!(serde_json::from_str::<Caveat>(&stored).unwrap(), caveat.clone());
            prop_assert!(caveat.within(std::slice::from_ref(&caveat)).is_ok(), "{} is within itself", shown);
        }
    }

    #[test]
    fn no_text_makes_the_reader_panic(text in "\\PC{0,40}", kind in "functions|path|arg|expires|calls|rate|bytes|confirm|") {
        let _ = read(&text);
        let _ = read(&format!("{kind} {text}"));
        let _ = read(&format!("arg f.0 = {text}"));
        let _ = read(&format!("arg f.0 between {text}"));
    }
}
