use powerbox_passable::{BigInt, ErrorValue, Symbol, Tagged, Text, Value};

use super::*;

type V = Value<()>;

fn show(args: &[V]) -> String {
    Redactor::default().arguments(args).0
}

#[test]
fn every_kind_is_shown() {
    let mut error = ErrorValue::new("TypeError", "no");
    error.cause = Some(V::Null);
    error.errors = Some(vec![V::error("Error", "one"), V::Null]);
    let cases = [
        (V::Undefined, "undefined"),
        (V::Null, "null"),
        (V::Bool(true), "true"),
        (V::Number(0.5), "0.5"),
        (V::Number(-0.0), "-0"),
        (V::Number(f64::NAN), "NaN"),
        (V::Number(f64::NEG_INFINITY), "-Infinity"),
        (V::Number(1e300), "1e300"),
        (V::bigint(7), "7"),
        (V::BigInt(BigInt::from(1) << 200), "(a large bigint)"),
        (V::text("a \"b\" \\ \n\u{1b}\u{202e}é"), r#""a \"b\" \\ \n\u{1b}\u{202e}é""#),
        (V::text("x".repeat(1000)), "(text of 1000 characters)"),
        (V::Text(Text::from_utf16(&[0xd800])), "\"\u{fffd}\""),
        (V::Symbol(Symbol::Registered("a".into())), r#"Symbol.for("a")"#),
        (V::Symbol(Symbol::WellKnown("asyncIterator".into())), "Symbol.asyncIterator"),
        (V::list([]), "[]"),
        (V::list([V::Null, V::texts(["a"])]), r#"[null, ["a"]]"#),
        (V::record([("b\n", V::Null), ("a", V::list([]))]), r"{a: [], b\n: null}"),
        (
            V::Tagged(Box::new(Tagged { tag: "copySet".into(), payload: V::texts(["a"]) })),
            r#"copySet(["a"])"#,
        ),
        (V::Error(Box::new(error)), r#"TypeError("no", cause: null, errors: [Error("one"), null])"#),
        (V::Capability(()), "a reference"),
    ];
    for (value, expected) in cases {
        assert_eq!(show(&[value]), expected);
    }
    assert_eq!(show(&[V::Null, V::Bool(false)]), "null, false");
    assert_eq!(show(&[]), "");
}

#[test]
fn different_arguments_have_different_digests() {
    let with_id = |id: Option<&str>| {
        let mut error = ErrorValue::new("E", "m");
        error.error_id = id.map(Text::from);
        V::Error(Box::new(error))
    };
    let with_cause = |cause, errors| {
        let mut error = ErrorValue::new("E", "m");
        (error.cause, error.errors) = (cause, errors);
        V::Error(Box::new(error))
    };
    let all = [
        vec![],
        vec![V::Null],
        vec![V::Null, V::Null],
        vec![V::list([V::Null]), V::Null],
        vec![V::list([V::Null, V::Null])],
        vec![V::texts(["ab", ""])],
        vec![V::texts(["a", "b"])],
        vec![V::text("x".repeat(999) + "y")],
        vec![V::text("x".repeat(1000))],
        vec![V::Number(1.0)],
        vec![V::bigint(1)],
        vec![V::Number(0.0)],
        vec![V::Number(-0.0)],
        vec![V::Text(Text::from_utf16(&[0xd800]))],
        vec![V::Text(Text::from_utf16(&[0xd801]))],
        vec![V::text("\u{fffd}")],
        vec![V::record([("a", V::Null)])],
        vec![V::Symbol(Symbol::Registered("a".into()))],
        vec![V::Symbol(Symbol::WellKnown("a".into()))],
        vec![with_id(None)],
        vec![with_id(Some("1"))],
        vec![with_cause(Some(V::Null), None)],
        vec![with_cause(None, Some(vec![V::Null]))],
        vec![with_cause(None, Some(vec![]))],
        vec![V::list((0..1000).map(|n| V::Number(n.into())))],
        vec![V::list((0..1000).map(|n| V::Number((n - n / 999).into())))],
    ];
    let digests: std::collections::HashSet<_> =
        all.iter().map(|args| Redactor::default().arguments(args).1).collect();
    assert_eq!(digests.len(), all.len());
    assert!(digests.iter().all(|digest| digest.len() == 64));
}

#[test]
fn large_and_deep_arguments_stay_short() {
    let shown = show(&[V::list((0..100_000).map(|n| V::Number(n.into())))]);
    assert_eq!(shown.chars().count(), 201);
    assert!(shown.starts_with("[0, 1, 2") && shown.ends_with('…'));
    let mut deep = V::Null;
    for level in 0..1024 {
        deep = match level % 3 {
            0 => V::list([deep]),
            1 => V::record([("a", deep)]),
            _ => V::Tagged(Box::new(Tagged { tag: "t".into(), payload: deep })),
        };
    }
    assert_eq!(show(&[deep]).chars().count(), 201);
}

#[test]
fn secrets_are_nowhere_in_the_log_wherever_they_were() {
    let secret = "hunter2 \"x\"";
    let nested = |secret: &str| {
        let mut error = ErrorValue::new(secret, format!("not {secret}"));
        error.error_id = Some(secret.into());
        error.cause = Some(V::text(secret));
        let payload = V::list([V::record([(format!("k{secret}"), V::text(format!("<{secret}>")))])]);
        vec![
            V::Tagged(Box::new(Tagged { tag: secret.into(), payload })),
            V::Error(Box::new(error)),
            V::Symbol(Symbol::Registered(secret.into())),
            V::text(serde_json::to_string(secret).unwrap()),
        ]
    };
    let bench = Bench::new();
    let write = |redactor: &Redactor| {
        let (arguments, digest) = redactor.arguments(&nested(secret));
        let entry = Entry { arguments: &arguments, digest: &digest, ..entry("login") };
        let number = bench.open().begin(&entry).unwrap();
        bench.open().end(number, redactor.text("wrong password: hunter2 \"x\""), 1).unwrap();
        (arguments, digest)
    };
    let (shown, digest) = write(&Redactor::new(["", " hunter2 \"x\"\n"]));
    assert!(!bench.text().contains("hunter2"), "{}", bench.text());
    assert!(shown.contains("(secret)") && !shown.contains("hunter2"), "{shown}");
    // The digest tells nothing about the secret either.
    let other = Redactor::new(["swordfish"]);
    assert_eq!(other.arguments(&nested("swordfish")), (shown.clone(), digest.clone()));
    // The control: without a redactor that knows it, it is there.
    let (_, plain) = write(&Redactor::default());
    assert!(bench.text().contains("hunter2"));
    assert_ne!(plain, digest);
}

#[test]
fn numbers_that_are_secret_and_secrets_made_of_neighbours_are_kept() {
    let redactor = Redactor::new(["4711"]);
    let pin = |value: V| redactor.arguments(&[value]).0;
    assert_eq!(pin(V::Number(4711.0)), "(secret)");
    assert_eq!(pin(V::bigint(4711)), "(secret)");
    assert_eq!(pin(V::text("the pin 4711")), "(secret)");
    assert_eq!(pin(V::Number(4712.0)), "4712");
    let redactor = Redactor::new([r#"a", "b"#]);
    assert_eq!(redactor.arguments(&[V::text("a"), V::text("b")]).0, "(secret)");
    assert_eq!(format!("{redactor:?}"), "Redactor { secrets: 2 }");
}
