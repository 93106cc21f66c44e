//! What bodies mean, by situation. What the vectors already show is not repeated here.

// Here a panic is a failed test.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

use powerbox_passable::{
    BigInt, DecodeError, Limits, NoSlots, SlotError, SlotKind, Symbol, Text, Value, capdata, decode,
    smallcaps,
};

type Data = Value<usize>;

fn read(body: &str) -> Result<Data, DecodeError> {
    decode(body, &mut NoSlots, &Limits::default())
}

/// Reads a body, and tells which slots it mentions in which order.
fn read_slots(body: &str) -> Vec<(usize, Option<SlotKind>, Option<String>)> {
    let mut mentions = Vec::new();
    let mut note = |index: usize, kind: Option<SlotKind>, iface: Option<&str>| {
        mentions.push((index, kind, iface.map(str::to_owned)));
        Ok(index)
    };
    decode(body, &mut note, &Limits::default()).unwrap();
    mentions
}

fn bigint(digits: &str) -> Result<Data, DecodeError> {
    read(&format!(r#"{{"@qclass":"bigint","digits":"{digits}"}}"#))
}

#[test]
fn json_is_read_as_javascript_reads_it() {
    for (body, number) in [
        ("0", 0.0),
        ("-0", -0.0),
        ("-0.0e5", -0.0),
        ("9007199254740993", 9_007_199_254_740_992.0),
        ("123456789012345678901234567890", 123_456_789_012_345_680_000_000_000_000.0),
        ("1e400", f64::INFINITY),
        ("-1e400", f64::NEG_INFINITY),
        ("1e-400", 0.0),
        ("5e-324", 5e-324),
        ("\t\r\n 1.25E+2 ", 125.0),
    ] {
        assert_eq!(read(body).unwrap(), Value::Number(number), "{body}");
    }
    let malformed = [
        "",
        " ",
        "01",
        "-",
        "+1",
        ".5",
        "1.",
        "1e",
        "1e+",
        "0x1",
        "1_0",
        "Infinity",
        "nul",
        "nulll",
        "True",
        "'a'",
        "[1,]",
        "[,1]",
        "[1 2]",
        "[",
        "]",
        "[}",
        "{]",
        "{",
        "{,}",
        "{\"a\"}",
        "{\"a\":}",
        "{\"a\":1,}",
        "{a:1}",
        "{1:2}",
        "{\"a\" 1}",
        "\"",
        "\"\\\"",
        "\"\\x41\"",
        "\"\\u12\"",
        "\"\\u+123\"",
        "\"\\u12g4\"",
        "\"\t\"",
        "\"\u{1f}\"",
        "\u{a0}1",
        "\u{feff}1",
        "1 1",
        "[]]",
        "// 1",
        "null\u{0}",
    ];
    for body in malformed {
        assert!(matches!(read(body), Err(DecodeError::Json { .. })), "{body}");
        assert!(matches!(read(&format!("#{body}")), Err(DecodeError::Json { .. })), "#{body}");
    }
}

#[test]
fn an_error_tells_where_json_ends_to_be_json() {
    let at = |body| match read(body) {
        Err(DecodeError::Json { at, .. }) => at,
        other => panic!("{other:?}"),
    };
    assert_eq!(at("[1,x]"), 3);
    assert_eq!(at("#[1,x]"), 4);
}

#[test]
fn lone_surrogates_are_kept_and_pairs_are_joined() {
    let units = |body| match read(body).unwrap() {
        Value::Text(text) => text.utf16_units().collect::<Vec<_>>(),
        other => panic!("{other:?}"),
    };
    assert_eq!(read(r#""\ud83d\ude00""#).unwrap(), Value::text("😀"));
    assert_eq!(read(r#""\uD83D\uDE00""#).unwrap(), Value::text("😀"));
    assert_eq!(units(r#""\ud83d""#), [0xD83D]);
    assert_eq!(units(r#""\ud83d\u0041""#), [0xD83D, 0x41]);
    assert_eq!(units(r#""\ud83d\n""#), [0xD83D, 0x0A]);
    assert_eq!(units(r#""\ud83d\ud83d\ude00""#), [0xD83D, 0xD83D, 0xDE00]);
    assert_eq!(units(r#""é\ude00ü😀""#), [0xE9, 0xDE00, 0xFC, 0xD83D, 0xDE00]);
    assert_eq!(units(r##"#"!\ud83d""##), [0xD83D]);
    assert!(read(r#""\ud83d\u12""#).is_err());
}

#[test]
fn of_equal_keys_the_last_counts_and_the_others_are_not_looked_at() {
    let bad = r#"{"@qclass":"nope"}"#;
    assert_eq!(read(&format!(r#"{{"a":{bad},"b":1,"a":2}}"#)).unwrap(), read(r#"{"a":2,"b":1}"#).unwrap());
    assert!(read(&format!(r#"{{"a":2,"b":1,"a":{bad}}}"#)).is_err());
    assert_eq!(read(r#"{"\u0061":1,"a":2}"#).unwrap(), read(r#"{"a":2}"#).unwrap());
    assert_eq!(read(r#"{"@qclass":"nope","@qclass":"undefined"}"#).unwrap(), Value::Undefined);
    assert!(read(r#"{"@qclass":"undefined","@qclass":"nope"}"#).is_err());
    // Different as text, equal once read.
    assert_eq!(read(r##"#{"!a":1,"a":2}"##).unwrap(), read(r#"{"a":2}"#).unwrap());
    assert_eq!(read(r##"#{"a":2,"!a":1}"##).unwrap(), read(r#"{"a":1}"#).unwrap());
}

#[test]
fn slots_are_met_in_the_order_of_javascript() {
    let slot = |index: usize| format!(r#"{{"@qclass":"slot","index":{index}}}"#);
    let order = |body: String| read_slots(&body).into_iter().map(|(index, _, _)| index).collect::<Vec<_>>();
    assert_eq!(order(format!(r#"{{"b":{},"a":{}}}"#, slot(1), slot(0))), [1, 0]);
    assert_eq!(order(format!(r#"{{"b":{},"10":{},"9":{}}}"#, slot(1), slot(2), slot(3))), [3, 2, 1]);
    // A name keeps its first place when it is given again.
    assert_eq!(order(format!(r#"{{"b":1,"a":{},"b":{}}}"#, slot(1), slot(2))), [2, 1]);
}

#[test]
fn slots_tell_index_kind_and_interface() {
    let one = |body: &str| read_slots(body).pop().unwrap();
    assert_eq!(one(r#"{"@qclass":"slot","index":-0}"#), (0, None, None));
    assert_eq!(one(r#"{"index":7,"iface":"x","@qclass":"slot"}"#), (7, None, Some("x".to_owned())));
    for (index, number) in
        [("", 0), ("0", 0), ("-0", 0), (" 12\u{feff}", 12), ("+3", 3), ("0X1f", 31), ("0b11", 3)]
            .into_iter()
            .chain([("0o17", 15), ("2e3", 2000), ("20e-1", 2), ("007", 7)])
    {
        assert_eq!(one(&format!("#\"${index}\"")), (number, Some(SlotKind::Object), None), "{index}");
    }
    assert_eq!(one("#\"&4.a.b\""), (4, Some(SlotKind::Promise), Some("a.b".to_owned())));
    assert_eq!(one("#\"$0.5\""), (0, Some(SlotKind::Object), Some("5".to_owned())));
    let wrong =
        ["x", "-1", "0x", "0x-1", "+0x1", "1e", "1e-1", "9007199254740992", "inf", "NaN", "1_0", "$0", "1 2"];
    for index in wrong {
        assert!(
            matches!(read(&format!("#\"${index}\"")), Err(DecodeError::SlotIndex(_)) | Ok(Value::Number(_))),
            "{index}"
        );
    }
    for index in ["-1", "0.5", "1e300", "9007199254740992"] {
        let body = format!(r#"{{"@qclass":"slot","index":{index}}}"#);
        assert!(matches!(read(&body), Err(DecodeError::SlotIndex(_))), "{index}");
    }
    assert_eq!(read(r#"{"@qclass":"slot","index":3}"#), Err(DecodeError::Slot(SlotError::Missing(3))));
}

#[test]
fn bigints_are_what_javascript_takes_for_one() {
    for (digits, integer) in [
        ("", 0),
        (" ", 0),
        ("\\u00a0\\ufeff12\\n", 12),
        ("-0", 0),
        ("0b101", 5),
        ("0O17", 15),
        ("0XfF", 255),
        ("-00012", -12),
    ] {
        assert_eq!(bigint(digits).unwrap(), Value::bigint(integer), "{digits}");
    }
    for digits in
        ["+-1", "-+1", "--1", "- 1", "1_000", "1n", "0x", "-0x1", "0xg", "1e3", "\\u0085", "٣", "+", "-"]
    {
        assert!(matches!(bigint(digits), Err(DecodeError::BigInt(_))), "{digits}");
    }
    assert_eq!(read("#\"-12 \"").unwrap(), Value::bigint(-12));
}

#[test]
fn symbols_are_registered_or_well_known() {
    let symbol = |name: &str| read(&format!(r#"{{"@qclass":"symbol","name":"{name}"}}"#));
    assert_eq!(symbol("@@matchAll").unwrap(), Value::Symbol(Symbol::WellKnown("matchAll".into())));
    assert_eq!(symbol("@@@@matchAll").unwrap(), Value::Symbol(Symbol::Registered("@@matchAll".into())));
    assert_eq!(symbol("@x").unwrap(), Value::Symbol(Symbol::Registered("@x".into())));
    assert!(symbol("@@").is_err());
    assert!(symbol("@@@").is_err());
}

#[test]
fn errors_keep_their_id_and_only_errors_as_causes() {
    let error = |body: &str| match read(body).unwrap() {
        Value::Error(error) => *error,
        other => panic!("{other:?}"),
    };
    let plain = error(r#"{"@qclass":"error","errorId":"error:x#1","message":"m","name":"TypeError"}"#);
    assert_eq!(plain.error_id, Some("error:x#1".into()));
    let odd = error(r#"{"@qclass":"error","errorId":5,"message":"m","name":"Error","cause":1,"errors":[1]}"#);
    assert_eq!((odd.error_id, odd.cause, odd.errors), (None, None, None));
    let aggregate = error(r##"#{"#error":"m","name":"AggregateError","errors":[1]}"##);
    assert_eq!(aggregate.errors, Some(vec![]));
    // What gets dropped must make sense all the same, unless JavaScript takes it for nothing.
    assert!(read(r#"{"@qclass":"error","message":"m","name":"Error","x":{"@qclass":"nope"}}"#).is_err());
    assert!(read(r##"#{"#error":"m","name":"Error","cause":"","errorId":null,"errors":0}"##).is_ok());
    assert!(read(r#"{"@qclass":"error","message":"m","name":"AggregateError","errors":5}"#).is_err());
    let slots = read_slots(r##"#{"#error":"m","name":"Error","x":"$1","cause":"$0"}"##);
    assert_eq!(slots.len(), 2);
}

#[test]
fn the_rest_of_a_hilbert_record_must_be_a_record() {
    let rest = |rest: &str| read(&format!(r#"{{"@qclass":"hilbert","original":1,"rest":{rest}}}"#));
    assert!(rest(r#"{"a":2}"#).is_ok());
    assert!(rest(r#"{"@qclass":"undefined"}"#).is_err());
    assert!(rest("[1]").is_err());
    assert!(rest("null").is_err());
}

#[test]
fn the_format_follows_from_the_first_character() {
    assert_eq!(read("\"#undefined\"").unwrap(), Value::text("#undefined"));
    assert_eq!(read("#\"#undefined\"").unwrap(), Value::Undefined);
    assert!(smallcaps::decode::<usize>("1", &mut NoSlots, &Limits::default()).is_err());
    assert!(capdata::decode::<usize>("#1", &mut NoSlots, &Limits::default()).is_err());
}

#[test]
fn texts_sort_by_utf16_unit() {
    let mut texts =
        ["\u{FFFD}", "\u{10000}", "\u{E000}", "\u{D7FF}", "a", "", "aa", "\u{10FFFF}"].map(Text::from);
    texts.sort();
    let sorted = ["", "a", "aa", "\u{D7FF}", "\u{10000}", "\u{10FFFF}", "\u{E000}", "\u{FFFD}"];
    assert_eq!(texts, sorted.map(Text::from));
}

#[test]
fn each_limit_is_kept_to_the_unit() {
    let small = Limits { depth: 3, body_bytes: 40, nodes: 6, bigint_digits: 4 };
    let read = |body: &str| decode::<usize>(body, &mut NoSlots, &small);
    assert!(read("[[[1]]]").is_ok());
    assert!(read("[[[[]]]]").unwrap_err().is_limit());
    assert!(read("#[[[[]]]]").unwrap_err().is_limit());
    assert!(read("[1,2,3,4,5]").is_ok());
    assert!(read("[1,2,3,4,5,6]").unwrap_err().is_limit());
    assert!(read(r#"{"a":1,"b":2,"c":3}"#).unwrap_err().is_limit());
    assert!(read(&format!("{:40}", 1)).is_ok());
    assert!(read(&format!("{:41}", 1)).unwrap_err().is_limit());
    assert_eq!(read("#\"-1234\"").unwrap(), Value::BigInt(BigInt::from(-1234)));
    assert!(read("#\"+12345\"").unwrap_err().is_limit());
    assert!(read("#\"+00001\"").unwrap_err().is_limit());
}
