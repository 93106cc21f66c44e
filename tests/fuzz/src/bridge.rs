use std::borrow::Cow;
use std::sync::Arc;

use arbitrary::{Result, Unstructured};
use powerbox_core::bridge::{Reference, from_wit, read_body, to_wit, write_body};
use powerbox_passable::{Limits, SlotKind, Value};
use powerbox_sandbox::Type;
use powerbox_sandbox::wit::{Case, Field, ResultType};

/// A reference is a number; odd ones are promises.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
struct Numbered(u8);

impl Reference for Numbered {
    fn slot_kind(&self) -> SlotKind {
        if self.0.is_multiple_of(2) { SlotKind::Object } else { SlotKind::Promise }
    }

    fn interface(&self) -> Option<Cow<'_, str>> {
        Some("Alleged: Thing".into())
    }
}

/// Converting values: any value fits any type or is an error; what fits has that type, and goes out and in again as the
/// same; a body that can be read is written as one that reads as the same.
pub fn bridge(data: &[u8]) {
    let mut input = Unstructured::new(data);
    let Ok(ty) = type_of(&mut input, 4) else { return };
    let Ok(value) = value_of(&mut input, 5) else { return };
    let limits = Limits::default();
    if let Ok(val) = to_wit(&ty, &value) {
        assert!(val.check(&ty).is_ok(), "{val:?} is no {ty}");
        let out = from_wit(&ty, val.clone(), &limits).expect("what came in goes out");
        let again = to_wit(&ty, &out).expect("what went out comes in");
        assert!(again.check(&ty).is_ok(), "{again:?} is no {ty}");
        let twice = from_wit(&ty, again, &limits).expect("what came in goes out");
        assert!(same(&out, &twice), "{out:?} became {twice:?}");
    }
    let slots = [Numbered(0), Numbered(1)];
    let rest = String::from_utf8_lossy(input.take_rest()).into_owned();
    if let Ok(read) = read_body(&format!("#{rest}"), &slots, &limits) {
        let (body, slots) = write_body(&read).expect("what was read can be written");
        let again = read_body(&body, &slots, &limits).expect("what was written can be read");
        assert!(same(&read, &again), "{read:?} became {again:?}");
    }
}

/// Equal, with one not-a-number as good as another, and zero without a sign: smallcaps writes none.
fn same(one: &Value<Numbered>, two: &Value<Numbered>) -> bool {
    let shown = |value: &Value<Numbered>| format!("{value:?}").replace("Number(-0.0)", "Number(0.0)");
    shown(one) == shown(two)
}

const NAMES: [&str; 6] = ["a", "b-c", "other", "body", "slots", "value"];

fn names<'a>(input: &mut Unstructured<'a>) -> Result<Vec<&'static str>> {
    let count = input.int_in_range(1..=4)?;
    let first = input.int_in_range(0..=5)?;
    // Names are unique within a type.
    Ok(NAMES.iter().cycle().skip(first).take(count).copied().collect())
}

fn type_of(input: &mut Unstructured<'_>, depth: u32) -> Result<Type> {
    const SIMPLE: [Type; 13] = [
        Type::Bool,
        Type::S8,
        Type::U8,
        Type::S16,
        Type::U16,
        Type::S32,
        Type::U32,
        Type::S64,
        Type::U64,
        Type::F32,
        Type::F64,
        Type::Char,
        Type::String,
    ];
    let Some(deeper) = depth.checked_sub(1) else { return Ok(input.choose(&SIMPLE)?.clone()) };
    let optional = |input: &mut Unstructured<'_>| -> Result<Option<Type>> {
        if input.arbitrary()? { type_of(input, deeper).map(Some) } else { Ok(None) }
    };
    Ok(match input.int_in_range(0..=9)? {
        0 => Type::List(Arc::new(type_of(input, deeper)?)),
        1 => {
            let names = names(input)?;
            let fields: Result<Vec<_>> = names
                .into_iter()
                .map(|name| Ok(Field { name: name.into(), ty: type_of(input, deeper)? }))
                .collect();
            Type::Record(fields?.into())
        }
        2 => {
            let count = input.int_in_range(0..=3)?;
            let items: Result<Vec<_>> = (0..count).map(|_| type_of(input, deeper)).collect();
            Type::Tuple(items?.into())
        }
        3 => {
            let names = names(input)?;
            let cases: Result<Vec<_>> =
                names.into_iter().map(|name| Ok(Case { name: name.into(), ty: optional(input)? })).collect();
            Type::Variant(cases?.into())
        }
        4 => Type::Enum(names(input)?.into_iter().map(Into::into).collect()),
        5 => Type::Option(Arc::new(type_of(input, deeper)?)),
        6 => Type::Result(Arc::new(ResultType { ok: optional(input)?, err: optional(input)? })),
        7 => Type::Flags(names(input)?.into_iter().map(Into::into).collect()),
        _ => input.choose(&SIMPLE)?.clone(),
    })
}

fn value_of(input: &mut Unstructured<'_>, depth: u32) -> Result<Value<Numbered>> {
    let deeper = depth.saturating_sub(1);
    let kinds = if depth == 0 { 7 } else { 9 };
    Ok(match input.int_in_range(0..=kinds)? {
        0 => Value::Undefined,
        1 => Value::Null,
        2 => Value::Bool(input.arbitrary()?),
        3 => Value::Number(input.arbitrary()?),
        4 => Value::bigint(input.arbitrary::<i128>()?),
        5 => Value::text(input.arbitrary::<&str>()?),
        6 => Value::text(*input.choose(&["a", "bC", "other", "ok", "err", "AAEC", "é"])?),
        7 => Value::Capability(Numbered(input.arbitrary()?)),
        8 => {
            let count = input.int_in_range(0..=4)?;
            let items: Result<Vec<_>> = (0..count).map(|_| value_of(input, deeper)).collect();
            Value::list(items?)
        }
        _ => {
            let keys = ["a", "bC", "other", "body", "slots", "value", "ok", "err"];
            let first = input.int_in_range(0..=7)?;
            let count = input.int_in_range(0..=4)?;
            let entries: Result<Vec<_>> = keys
                .iter()
                .cycle()
                .skip(first)
                .take(count)
                .map(|key| Ok((*key, value_of(input, deeper)?)))
                .collect();
            Value::record(entries?)
        }
    })
}
