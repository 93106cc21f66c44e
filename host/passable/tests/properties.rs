//! What holds for all values.

// Here a panic is a failed test.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

use num_bigint::Sign;
use powerbox_passable::{
    BigInt, ErrorValue, Limits, SlotError, SlotKind, Symbol, Tagged, Text, Value, WriteSlot, WrittenSlot,
    capdata, decode, smallcaps,
};
use proptest::prelude::*;

type Data = Value<usize>;

/// Capabilities that are their own places.
struct Places;

impl WriteSlot<usize> for Places {
    fn write_slot(&mut self, capability: &usize) -> Result<WrittenSlot<'_>, SlotError> {
        Ok(WrittenSlot { index: *capability, kind: SlotKind::Object, iface: Some("Alleged: \"x\"".into()) })
    }
}

fn read(body: &str) -> Data {
    let mut places = |index: usize, _: Option<SlotKind>, iface: Option<&str>| {
        assert_eq!(iface, Some("Alleged: \"x\""));
        Ok(index)
    };
    decode(body, &mut places, &Limits::default()).unwrap()
}

fn any_text() -> impl Strategy<Value = Text> {
    let marked = prop::sample::select(vec![
        "@qclass",
        "#tag",
        "#error",
        "!",
        "@@iterator",
        "__proto__",
        "0",
        "1",
        "10",
        "9",
        "4294967294",
        "4294967295",
    ]);
    prop_oneof![
        any::<String>().prop_map(Text::from),
        "[!-.@a-c0-9\u{0}-\u{1f}\"\\\\]{0,5}".prop_map(Text::from),
        marked.prop_map(Text::from),
        prop::collection::vec(prop_oneof![any::<u16>(), 0xD7F0..0xE010_u16], 0..6)
            .prop_map(|units| Text::from_utf16(&units)),
    ]
}

fn any_number() -> impl Strategy<Value = f64> {
    prop_oneof![
        any::<f64>(),
        any::<u64>().prop_map(f64::from_bits),
        any::<i64>().prop_map(|integer| integer as f64),
        (any::<i32>(), -400..400_i32).prop_map(|(m, e)| format!("{m}e{e}").parse().unwrap()),
    ]
}

fn any_value() -> impl Strategy<Value = Data> {
    let leaf = prop_oneof![
        Just(Value::Undefined),
        Just(Value::Null),
        any::<bool>().prop_map(Value::Bool),
        // The sign of zero is lost in writing.
        any_number().prop_map(|number| Value::Number(if number == 0.0 { 0.0 } else { number })),
        (any::<bool>(), prop::collection::vec(any::<u32>(), 0..5)).prop_map(|(negative, digits)| {
            let integer = BigInt::from_slice(if negative { Sign::Minus } else { Sign::Plus }, &digits);
            Value::BigInt(integer)
        }),
        any_text().prop_map(Value::Text),
        any_text().prop_map(|name| Value::Symbol(Symbol::Registered(name))),
        prop::sample::select(vec!["iterator", "asyncIterator", "unscopables"])
            .prop_map(|name| Value::Symbol(Symbol::WellKnown(name.into()))),
        (
            prop::sample::select(vec!["Error", "TypeError", "URIError"]),
            any_text(),
            prop::option::of(any_text())
        )
            .prop_map(|(name, message, error_id)| {
                Value::Error(Box::new(ErrorValue { error_id, ..ErrorValue::new(name, message) }))
            }),
        any::<u16>().prop_map(|slot| Value::Capability(slot.into())),
    ];
    leaf.prop_recursive(5, 60, 6, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..6).prop_map(Value::List),
            prop::collection::vec((any_text(), inner.clone()), 0..6).prop_map(Value::record),
            (any_text(), inner).prop_map(|(tag, payload)| Value::Tagged(Box::new(Tagged { tag, payload }))),
        ]
    })
}

fn write(value: &Data) -> [String; 2] {
    let mut bodies = [String::new(), String::new()];
    capdata::encode(value, &mut Places, &mut bodies[0]).unwrap();
    smallcaps::encode(value, &mut Places, &mut bodies[1]).unwrap();
    bodies
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 2000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn what_is_written_is_read_again(value in any_value()) {
        let bodies = write(&value);
        for body in &bodies {
            let again = read(body);
            prop_assert_eq!(&again, &value);
            prop_assert_eq!(&write(&again), &bodies);
        }
    }

    #[test]
    fn what_is_written_is_json_that_others_read(value in any_value()) {
        for body in write(&value) {
            // serde_json takes no lone surrogates.
            if !body.contains("\\ud") {
                let json = serde_json::from_str::<serde_json::Value>(body.trim_start_matches('#'));
                prop_assert!(json.is_ok(), "{}", body);
            }
        }
    }

    #[test]
    fn numbers_are_read_as_they_were(number in any_number().prop_filter("finite", |number| number.is_finite())) {
        let [body, _] = write(&Value::Number(number));
        prop_assert_eq!(body.parse::<f64>().unwrap(), number);
        prop_assert_eq!(read(&body), Value::Number(if number == 0.0 { 0.0 } else { number }));
    }

    #[test]
    fn texts_sort_as_their_units(a in any_text(), b in any_text()) {
        let units = |text: &Text| text.utf16_units().collect::<Vec<_>>();
        prop_assert_eq!(a.cmp(&b), units(&a).cmp(&units(&b)));
    }
}
