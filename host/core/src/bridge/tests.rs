use std::borrow::Cow;
use std::sync::Arc;

use powerbox_passable::{Limits, SlotKind, Value};
use powerbox_sandbox::wit::{Case, Field, ResultType};
use powerbox_sandbox::{Type, Val};
use proptest::prelude::*;

use super::*;

/// A reference is a number; odd ones are promises.
impl Reference for u32 {
    fn slot_kind(&self) -> SlotKind {
        if self.is_multiple_of(2) { SlotKind::Object } else { SlotKind::Promise }
    }

    fn interface(&self) -> Option<Cow<'_, str>> {
        Some(format!("Alleged: Thing {self}").into())
    }
}

type V = Value<u32>;

fn record(fields: &[(&str, Type)]) -> Type {
    let fields = fields.iter().map(|(name, ty)| Field { name: (*name).into(), ty: ty.clone() });
    Type::Record(fields.collect())
}

fn variant(cases: &[(&str, Option<Type>)]) -> Type {
    Type::Variant(cases.iter().map(|(name, ty)| Case { name: (*name).into(), ty: ty.clone() }).collect())
}

fn option(ty: Type) -> Type {
    Type::Option(Arc::new(ty))
}

fn list(ty: Type) -> Type {
    Type::List(Arc::new(ty))
}

/// Checks that a WIT value and a passable value are each other's image.
fn pair(ty: &Type, val: Val<u32>, value: V) {
    assert_eq!(from_wit(ty, val.clone(), &Limits::default()).unwrap(), value, "{ty} outward");
    assert_eq!(to_wit(ty, &value).unwrap(), val, "{ty} inward");
}

#[test]
fn each_type_follows_its_rule() {
    pair(&Type::U32, Val::U32(7), V::Number(7.0));
    pair(&Type::S64, Val::S64(-7), V::bigint(-7));
    pair(&Type::U64, Val::U64(u64::MAX), V::bigint(u64::MAX));
    pair(&Type::Char, Val::Char('é'), V::text("é"));
    pair(&list(Type::U8), Val::List(vec![Val::U8(1), Val::U8(255)]), V::text("Af8="));
    pair(&list(Type::Bool), Val::List(vec![Val::Bool(true)]), V::list([V::Bool(true)]));
    let fields = record(&[("first-name", Type::String), ("age", option(Type::U8))]);
    pair(
        &fields,
        Val::record([("first-name", Val::string("x")), ("age", Val::none())]),
        V::record([("firstName", V::text("x"))]),
    );
    let tuple = Type::Tuple([Type::U8, Type::String].into());
    pair(&tuple, Val::Tuple(vec![Val::U8(1), Val::string("a")]), V::list([V::Number(1.0), V::text("a")]));
    let shape = variant(&[("no-shape", None), ("circle", Some(Type::F64))]);
    pair(&shape, Val::variant("no-shape", None), V::text("noShape"));
    pair(&shape, Val::variant("circle", Some(Val::F64(1.5))), V::record([("circle", V::Number(1.5))]));
    let direction = Type::Enum(["due-north".into(), "south".into()].into());
    pair(&direction, Val::Enum("due-north".into()), V::text("dueNorth"));
    let flags = Type::Flags(["can-read".into(), "write".into()].into());
    pair(&flags, Val::Flags(vec!["can-read".into()]), V::list([V::text("canRead")]));
    let result = Type::Result(Arc::new(ResultType { ok: Some(Type::U8), err: None }));
    pair(&result, Val::ok(Some(Val::U8(3))), V::record([("ok", V::Number(3.0))]));
    pair(&result, Val::err(None), V::text("err"));
}

#[test]
fn options_within_options_keep_their_levels() {
    let ty = option(option(Type::U8));
    pair(&ty, Val::none(), V::Undefined);
    pair(&ty, Val::some(Val::none()), V::list([V::Undefined]));
    pair(&ty, Val::some(Val::some(Val::U8(1))), V::list([V::Number(1.0)]));
}

#[test]
fn readers_are_lenient_where_writers_are_strict() {
    assert_eq!(to_wit(&Type::U64, &V::Number(5.0)).unwrap(), Val::U64(5));
    assert_eq!(to_wit(&Type::U8, &V::bigint(5)).unwrap(), Val::U8(5));
    assert_eq!(to_wit(&option(Type::U8), &V::Null).unwrap(), Val::none());
    let bytes = V::list([V::Number(1.0), V::Number(2.0)]);
    assert_eq!(to_wit(&list(Type::U8), &bytes).unwrap(), Val::List(vec![Val::U8(1), Val::U8(2)]));
    let known = variant(&[("a", None), ("other", Some(Type::String))]);
    assert_eq!(to_wit(&known, &V::text("new")).unwrap(), Val::variant("other", Some(Val::string("new"))));
    let fields = record(&[("a", Type::Bool)]);
    let more = V::record([("a", V::Bool(true)), ("b", V::Null)]);
    assert_eq!(to_wit(&fields, &more).unwrap(), Val::record([("a", Val::Bool(true))]));
}

#[test]
fn what_does_not_fit_says_where_and_why() {
    let people = list(record(&[("age", Type::U8)]));
    let value = V::list([V::record([("age", V::Number(1.0))]), V::record([("age", V::Number(300.0))])]);
    let error = to_wit(&people, &value).unwrap_err();
    assert_eq!(error.to_string(), "[1].age: expected u8, got 300, which is out of range");
    for (ty, value) in [
        (Type::U8, V::Number(1.5)),
        (Type::U8, V::Number(-1.0)),
        (Type::S64, V::Number(1e300)),
        (Type::S64, V::Number(f64::NAN)),
        (Type::U64, V::bigint(-1)),
        (Type::Char, V::text("ab")),
        (Type::String, V::Undefined),
        (list(Type::U8), V::text("not base64!")),
        (Type::Enum(["a".into()].into()), V::text("b")),
        (variant(&[("a", None)]), V::record([("a", V::Null), ("b", V::Null)])),
        (Type::Unsupported("stream"), V::Null),
    ] {
        assert!(to_wit(&ty, &value).is_err(), "{ty} took {value:?}");
    }
}

proptest! {
    #[test]
    fn integers_of_every_width_survive(n: i64, m: u64, b: u8) {
        for (ty, val) in [(Type::S64, Val::<u32>::S64(n)), (Type::U64, Val::U64(m)), (Type::U8, Val::U8(b))] {
            let value = from_wit(&ty, val.clone(), &Limits::default()).unwrap();
            prop_assert_eq!(to_wit(&ty, &value).unwrap(), val);
        }
    }

    #[test]
    fn bytes_survive(bytes: Vec<u8>) {
        let val: Val<u32> = Val::List(bytes.into_iter().map(Val::U8).collect());
        let value = from_wit(&list(Type::U8), val.clone(), &Limits::default()).unwrap();
        prop_assert_eq!(to_wit(&list(Type::U8), &value).unwrap(), val);
    }

    #[test]
    fn no_body_makes_the_bridge_panic(body: String, slots in prop::collection::vec(any::<u32>(), 0..3)) {
        let _ = read_body(&format!("#{body}"), &slots, &Limits::default());
    }
}
