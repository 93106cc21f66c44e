//! Bodies made to hurt: they may be refused, but not slowly, and nothing may panic or overflow.

// Here a panic is a failed test.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

use std::{fs, thread, time::Duration};

use powerbox_passable::{
    DecodeError, Limits, SlotError, SlotKind, Value, WriteSlot, WrittenSlot, capdata, decode, smallcaps,
};
use proptest::prelude::*;
use rustix::time::{ClockId, clock_gettime};

type Data = Value<usize>;

/// The processor time that this thread has used: a busy machine makes everything slower, but nothing costlier.
fn processor_time() -> Duration {
    let time = clock_gettime(ClockId::ThreadCPUTime);
    Duration::new(time.tv_sec.try_into().unwrap(), time.tv_nsec.try_into().unwrap())
}

fn read(body: &str) -> Result<Data, DecodeError> {
    decode(
        body,
        &mut |index: usize, _: Option<SlotKind>, _: Option<&str>| {
            if index < 100 { Ok(index) } else { Err(SlotError::Missing(index)) }
        },
        &Limits::default(),
    )
}

struct AnySlot;

impl WriteSlot<usize> for AnySlot {
    fn write_slot(&mut self, capability: &usize) -> Result<WrittenSlot<'_>, SlotError> {
        Ok(WrittenSlot { index: *capability, kind: SlotKind::Object, iface: None })
    }
}

/// Does with a body whatever can be done with one.
fn use_up(body: &str) {
    let Ok(value) = read(body) else { return };
    // The formats are told apart by the first character, so both are written and read again.
    for encode in [capdata::encode, smallcaps::encode] {
        let mut again = String::new();
        // A record may be written in two levels where it was read from one.
        if encode(&value, &mut AnySlot, &mut again).is_ok() {
            let _ = read(&again);
        }
    }
    let copy = value.clone();
    assert_eq!(copy, value);
    assert!(format!("{copy:?}").len() > 1);
    let mapped: Result<Value<String>, ()> = copy.try_map(&mut |slot| Ok(slot.to_string()));
    drop(mapped);
}

/// Runs on a stack as Rust gives it to threads by default, whatever runs the tests.
fn with_small_stack(work: impl FnOnce() + Send + 'static) {
    thread::Builder::new().stack_size(2 << 20).spawn(work).unwrap().join().unwrap();
}

fn nested(levels: usize, open: &str, close: &str) -> String {
    format!("{}1{}", open.repeat(levels), close.repeat(levels))
}

#[test]
fn the_deepest_values_can_be_used_on_a_small_stack() {
    with_small_stack(|| {
        for (open, close) in [
            ("[", "]"),
            (r#"{"a":"#, "}"),
            (r#"{"@qclass":"tagged","tag":"t","payload":"#, "}"),
            (r#"{"@qclass":"hilbert","original":"#, "}"),
            (r#"{"@qclass":"error","name":"Error","message":"m","cause":"#, "}"),
        ] {
            let body = nested(Limits::MAX_DEPTH, open, close);
            assert!(read(&body).is_ok());
            use_up(&body);
        }
        let lists = nested(
            Limits::MAX_DEPTH / 2,
            r#"{"@qclass":"error","name":"Error","message":"m","errors":["#,
            "]}",
        );
        use_up(&lists);
    });
}

#[test]
fn depth_bombs_are_refused_soon() {
    with_small_stack(|| {
        let start = processor_time();
        for (open, close) in [
            ("[", ""),
            ("[", "]"),
            (r#"{"a":"#, "}"),
            (r#"{"@qclass":"hilbert","original":1,"rest":"#, "}"),
            (r#"[{"a":1},"#, "]"),
            ("[[],", "]"),
        ] {
            for start in ["", "#"] {
                let body = format!("{start}{}", nested(100_000, open, close));
                let strict = read(&body).unwrap_err();
                assert!(strict.is_limit(), "{open} {strict}");
                // Asking for more does not give more than values can bear.
                let wide = Limits { depth: usize::MAX, ..Limits::default() };
                let error = decode::<usize>(&body, &mut powerbox_passable::NoSlots, &wide).unwrap_err();
                assert!(error.is_limit(), "{open} {error}");
            }
        }
        assert!((processor_time() - start).as_secs() < 5);
    });
}

#[test]
fn wide_bodies_take_time_in_proportion() {
    let start = processor_time();
    let keys: Vec<_> = (0..100_000).rev().map(|key| format!(r#""{key}":1"#)).collect();
    assert!(read(&format!("{{{}}}", keys.join(","))).is_ok());
    let same = vec![r#""a":1"#; 100_000].join(",");
    assert_eq!(read(&format!("{{{same}}}")).unwrap(), read(r#"{"a":1}"#).unwrap());
    let marks = vec![r#""@qclass":"tagged""#; 100_000].join(",");
    assert!(read(&format!("{{{marks}}}")).is_err());
    let bigints = vec![format!("\"+{}\"", "9".repeat(1000)); 1000].join(",");
    assert!(read(&format!("#[{bigints}]")).is_ok());
    assert!(read(&format!("#\"+{}\"", "9".repeat(10_000_000))).unwrap_err().is_limit());
    assert!(read(&format!("[{}0]", "0,".repeat(2_000_000))).unwrap_err().is_limit());
    assert!((processor_time() - start).as_secs() < 20);
}

#[test]
fn records_that_change_order_at_every_level_are_written_in_one_pass() {
    let filler = "x".repeat(1 << 20);
    let value =
        (0..1000).fold(Data::text(filler), |value, _| Value::record([("10", value), ("9", Value::Null)]));
    let start = processor_time();
    let mut body = String::new();
    capdata::encode(&value, &mut AnySlot, &mut body).unwrap();
    assert!(body.starts_with(r#"{"9":null,"10":{"9":null,"10":"#));
    assert_eq!(read(&body).unwrap(), value);
    assert!((processor_time() - start).as_secs() < 5);
}

#[test]
fn errors_quote_no_more_than_a_little() {
    let long = "x".repeat(1 << 20);
    for body in [
        format!(r#"{{"@qclass":"{long}"}}"#),
        format!(r#"{{"@qclass":"slot","index":0,"{long}":1}}"#),
        format!(r##"#"#{long}""##),
        format!(r##"#"+{long}""##),
        format!(r##"#"${long}""##),
        format!(r##"#"%@@{long}""##),
        format!(r##"#"({long}""##),
        format!(r##"#{{"({long}":1}}"##),
        format!(r##"#{{"#{long}":1}}"##),
    ] {
        assert!(read(&body).unwrap_err().to_string().len() < 300);
    }
}

fn bodies() -> Vec<String> {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../tests/vectors/marshal.json");
    let vectors: serde_json::Value = serde_json::from_str(&fs::read_to_string(path).unwrap()).unwrap();
    let mut bodies = Vec::new();
    for case in ["values", "decodeOnly", "invalid"].iter().flat_map(|list| vectors[list].as_array().unwrap())
    {
        let found = [&case["body"], &case["capdata"]["body"], &case["smallcaps"]["body"]];
        bodies.extend(found.into_iter().filter_map(|body| body.as_str().map(str::to_owned)));
    }
    assert!(bodies.len() > 500);
    bodies
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 4000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_text_is_read_or_refused(body in "\\PC*", mark in "#?") {
        use_up(&format!("{mark}{body}"));
    }

    #[test]
    fn any_text_of_json_characters_is_read_or_refused(body in r#"#?[\[\]{}:,"\\u0-9dD8eE.+\- @qclasintf!$&%#]{0,60}"#) {
        use_up(&body);
    }

    #[test]
    fn bodies_with_changes_are_read_or_refused(
        which in any::<prop::sample::Index>(),
        changes in prop::collection::vec((any::<prop::sample::Index>(), 0..4_u8, any::<char>()), 1..6),
        splice in any::<prop::sample::Index>(),
    ) {
        let bodies = bodies_once();
        let mut body: Vec<char> = which.get(bodies).chars().collect();
        let other: Vec<char> = splice.get(bodies).chars().collect();
        for (at, what, character) in changes {
            let place = at.index(body.len() + 1);
            match what {
                0 if place < body.len() => { body.remove(place); }
                1 => body.insert(place, character),
                2 => { let _ = body.splice(place.., other[at.index(other.len() + 1)..].iter().copied()); }
                _ => body.insert(place, *at.get(&['"', '{', '}', '[', ']', ',', ':', '#', '!', '$', '0', '-', '\\'])),
            }
        }
        use_up(&body.into_iter().collect::<String>());
    }
}

fn bodies_once() -> &'static [String] {
    static BODIES: std::sync::OnceLock<Vec<String>> = std::sync::OnceLock::new();
    BODIES.get_or_init(bodies)
}
