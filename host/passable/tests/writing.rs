//! How values are written, by situation. What the vectors already show is not repeated here.

// Here a panic is a failed test.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

use powerbox_passable::{
    EncodeError, ErrorValue, Limits, Mentions, NoSlots, SlotError, SlotKind, Symbol, Tagged, Value,
    WriteSlot, WrittenSlot, capdata, decode, smallcaps,
};

type Data = Value<&'static str>;

/// Numbers capabilities by first mention, and errors from 1.
#[derive(Default)]
struct Numbered {
    mentions: Mentions<&'static str>,
    errors: usize,
}

impl WriteSlot<&'static str> for Numbered {
    fn write_slot(&mut self, capability: &&'static str) -> Result<WrittenSlot<'_>, SlotError> {
        let (index, first) = self.mentions.mention(capability);
        Ok(WrittenSlot { index, kind: SlotKind::Object, iface: first.then_some((*capability).into()) })
    }

    fn error_id(&mut self) -> Option<String> {
        self.errors += 1;
        Some(format!("#{}", self.errors))
    }
}

fn write(value: &Data) -> [String; 2] {
    let mut bodies = [String::new(), String::new()];
    capdata::encode(value, &mut Numbered::default(), &mut bodies[0]).unwrap();
    smallcaps::encode(value, &mut Numbered::default(), &mut bodies[1]).unwrap();
    bodies
}

#[test]
fn numbers_are_spelled_as_javascript_spells_them() {
    for (number, spelled) in [
        (-0.0, "0"),
        (-1.0, "-1"),
        (9_007_199_254_740_991.0, "9007199254740991"),
        (9_007_199_254_740_992.0, "9007199254740992"),
        (9_007_199_254_740_994.0, "9007199254740994"),
        (1e20, "100000000000000000000"),
        (1.5e20, "150000000000000000000"),
        (123_456_789_012_345_680_000.0, "123456789012345680000"),
        (1e21, "1e+21"),
        (1.25e21, "1.25e+21"),
        (-1.5, "-1.5"),
        (123.456, "123.456"),
        (2_251_799_813_685_249.5, "2251799813685249.5"),
        // Equally close to what ends with 3.
        (594_367_316_092_500.0 + 0.25, "594367316092500.2"),
        (5.684_341_886_080_802e-14, "5.684341886080802e-14"),
        (0.1, "0.1"),
        (0.000001, "0.000001"),
        (0.0000015, "0.0000015"),
        (1e-7, "1e-7"),
        (-1.5e-7, "-1.5e-7"),
        (5e-324, "5e-324"),
        (f64::MIN_POSITIVE, "2.2250738585072014e-308"),
        (f64::MAX, "1.7976931348623157e+308"),
    ] {
        assert_eq!(write(&number.into()), [spelled.to_owned(), format!("#{spelled}")]);
    }
}

#[test]
fn slots_are_numbered_by_key_and_written_in_the_order_of_javascript() {
    let cap = Value::Capability;
    let inner = || Value::record([("10", cap("A")), ("9", cap("B")), ("x", Value::error("Error", "e"))]);
    let value = Value::record([("b", inner()), ("10", inner()), ("9", cap("C")), ("!", cap("D"))]);
    // By key: `!`, then `10` with its `10` and `9`, then `9`, then `b`.
    let [capdata, smallcaps] = write(&value);
    assert_eq!(
        smallcaps,
        concat!(
            r##"#{"9":"$3.C","10":{"9":"$2.B","10":"$1.A","x":{"#error":"e","errorId":"!#1","name":"Error"}},"##,
            r##""!!":"$0.D","b":{"9":"$2","10":"$1","x":{"#error":"e","errorId":"!#2","name":"Error"}}}"##
        )
    );
    assert!(capdata.starts_with(r#"{"9":{"@qclass":"slot","iface":"C","index":3},"10":{"9":{"#), "{capdata}");
}

#[test]
fn a_reordered_record_leaves_what_stands_around_it() {
    let record = || Value::record([("10", Value::from(1.0)), ("9", Value::from(2.0))]);
    let mut out = "before".to_owned();
    capdata::encode(&Data::list([record(), Value::Null, record()]), &mut NoSlots, &mut out).unwrap();
    assert_eq!(out, r#"before[{"9":2,"10":1},null,{"9":2,"10":1}]"#);
}

#[test]
fn records_with_a_mark_of_their_own_nest() {
    let value = Data::record([
        ("@qclass", Value::record([("@qclass", Value::Null), ("1", Value::Null), ("!", Value::Null)])),
        ("a", Value::record([("@qclass", Value::Undefined)])),
    ]);
    let [capdata, _] = write(&value);
    assert_eq!(
        capdata,
        concat!(
            r#"{"@qclass":"hilbert","original":{"@qclass":"hilbert","original":null,"rest":{"1":null,"!":null}},"#,
            r#""rest":{"a":{"@qclass":"hilbert","original":{"@qclass":"undefined"}}}}"#
        )
    );
    assert_eq!(decode(&capdata, &mut NoSlots, &Limits::default()).unwrap(), value);
}

#[test]
fn an_error_without_a_new_id_keeps_its_own() {
    let error = ErrorValue { error_id: Some("theirs".into()), ..ErrorValue::new("Error", "m") };
    let value = Data::Error(Box::new(error));
    let mut body = String::new();
    capdata::encode(&value, &mut NoSlots, &mut body).unwrap();
    assert_eq!(body, r#"{"@qclass":"error","errorId":"theirs","message":"m","name":"Error"}"#);
    assert_eq!(write(&value)[0], r##"{"@qclass":"error","errorId":"#1","message":"m","name":"Error"}"##);
}

#[test]
fn a_reserved_id_is_written_as_it_is_and_read_by_those_who_believe_it() {
    let error = ErrorValue { error_id: Some("powerbox:x".into()), ..ErrorValue::new("Error", "m") };
    let value = Data::Error(Box::new(error));
    for body in write(&value) {
        assert!(body.contains(r#""errorId":"powerbox:x""#), "{body}");
        let Data::Error(read) = decode(&body, &mut NoSlots, &Limits::default()).unwrap() else {
            panic!("{body}")
        };
        assert_eq!(read.error_id, None, "whoever wrote this is not believed");
    }
    for id in ["powerbox", "Powerbox:x", "error:x#1"] {
        let body = format!(r##"#{{"#error":"m","errorId":"{id}","name":"Error"}}"##);
        let Data::Error(read) = decode(&body, &mut NoSlots, &Limits::default()).unwrap() else {
            panic!("{body}")
        };
        assert_eq!(read.error_id, Some(id.into()));
    }
}

#[test]
fn what_can_not_be_written_leaves_no_trace() {
    let mut out = "before".to_owned();
    let capability = Value::list([Value::Null, Value::Capability("x")]);
    assert!(matches!(capdata::encode(&capability, &mut NoSlots, &mut out), Err(EncodeError::Slot(_))));
    let symbol = Data::list([Value::Symbol(Symbol::WellKnown("nope".into()))]);
    assert!(matches!(smallcaps::encode(&symbol, &mut NoSlots, &mut out), Err(EncodeError::Symbol(_))));
    assert_eq!(out, "before");
}

#[test]
fn what_is_just_not_too_deep_can_be_read_again() {
    let nest = |levels: usize, inmost: Data| {
        (0..levels).fold(inmost, |value, level| match level % 4 {
            0 => Value::list([value]),
            1 => Value::record([("a", value)]),
            2 => Value::Tagged(Box::new(Tagged { tag: "t".into(), payload: value })),
            _ => Value::record([("@qclass", Value::Null), ("a", value)]),
        })
    };
    for inmost in
        [Value::list([]), Value::Undefined, Value::error("Error", "e"), Value::bigint(1), Value::from(1.0)]
    {
        let mut deepest = 0;
        // Capdata has two levels for each record with a mark, and so gets less deep.
        for levels in (810..826).chain(1018..1030).rev() {
            let value = nest(levels, inmost.clone());
            for encode in [capdata::encode, smallcaps::encode] {
                let mut body = String::new();
                match encode(&value, &mut NoSlots, &mut body) {
                    Ok(()) => {
                        deepest = deepest.max(levels);
                        assert_eq!(decode(&body, &mut NoSlots, &Limits::default()).unwrap(), value);
                    }
                    Err(error) => assert_eq!(error, EncodeError::TooDeep(Limits::MAX_DEPTH)),
                }
            }
        }
        assert!((1022..=1024).contains(&deepest), "{deepest}");
    }
}

#[test]
fn more_mentions_than_a_few_are_numbered_alike() {
    let mut mentions = Mentions::default();
    for index in 0..100_usize {
        assert_eq!(mentions.mention(&(index * 7)), (index, true));
        assert_eq!(mentions.mention(&(index * 7)), (index, false));
        assert_eq!(mentions.mention(&0), (0, false));
    }
    assert_eq!(mentions.into_order().len(), 100);
}
