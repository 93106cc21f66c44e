//! Whatever is read is shown so that it is read again.

use std::time::Duration;

use proptest::prelude::*;

use super::*;

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
        (name(), which, condition)
            .prop_map(|(name, which, condition)| format!("arg {name}.{which} {condition}")),
        (1..253_402_300_799_999_u64)
            .prop_map(|millis| { Caveat::expires_in(Duration::from_millis(millis), 0).unwrap().to_string() }),
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
