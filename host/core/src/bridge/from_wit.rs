use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use powerbox_passable::{Limits, Value};
use powerbox_sandbox::{Type, Val};

use super::names::camel_case;
use super::passable_record::{from_record, is_passable};
use super::{Mismatch, Reference, Step};

/// Turns a WIT value of type `ty` into a passable value.
///
/// The depth of recursion is that of the type, which the component model bounds; bodies of `passable` records are
/// read within `limits`.
///
/// # Errors
///
/// A [`Mismatch`] if the value has not the type, which a sound sandbox never lets happen, or if the body of a
/// `passable` record is malformed.
pub fn from_wit<H: Reference>(ty: &Type, val: Val<H>, limits: &Limits) -> Result<Value<H>, Mismatch> {
    let found = val.kind();
    let mismatch = || Mismatch::new(ty.kind(), found);
    Ok(match (ty, val) {
        (Type::Bool, Val::Bool(value)) => Value::Bool(value),
        (Type::S8, Val::S8(value)) => Value::Number(value.into()),
        (Type::U8, Val::U8(value)) => Value::Number(value.into()),
        (Type::S16, Val::S16(value)) => Value::Number(value.into()),
        (Type::U16, Val::U16(value)) => Value::Number(value.into()),
        (Type::S32, Val::S32(value)) => Value::Number(value.into()),
        (Type::U32, Val::U32(value)) => Value::Number(value.into()),
        (Type::S64, Val::S64(value)) => Value::bigint(value),
        (Type::U64, Val::U64(value)) => Value::bigint(value),
        (Type::F32, Val::F32(value)) => Value::Number(value.into()),
        (Type::F64, Val::F64(value)) => Value::Number(value),
        (Type::Char, Val::Char(value)) => Value::text(value.to_string()),
        (Type::String, Val::String(value)) => Value::text(value),
        (Type::List(item), Val::List(items)) if **item == Type::U8 => {
            let bytes: Option<Vec<u8>> =
                items.iter().map(|item| if let Val::U8(byte) = item { Some(*byte) } else { None }).collect();
            Value::text(STANDARD.encode(bytes.ok_or_else(mismatch)?))
        }
        (Type::List(item), Val::List(items)) => Value::List(
            items
                .into_iter()
                .enumerate()
                .map(|(index, val)| from_wit(item, val, limits).map_err(|error| error.at(Step::Index(index))))
                .collect::<Result<_, _>>()?,
        ),
        (Type::Record(_), Val::Record(fields)) if is_passable(ty) => from_record(fields, limits)?,
        (Type::Record(types), Val::Record(fields)) if types.len() == fields.len() => {
            let mut entries = Vec::with_capacity(fields.len());
            for (field, (name, val)) in types.iter().zip(fields) {
                if *field.name != *name {
                    return Err(Mismatch::new(&*field.name, name));
                }
                if matches!(val, Val::Option(None)) {
                    continue;
                }
                let value = from_wit(&field.ty, val, limits).map_err(|error| error.at_key(&name))?;
                entries.push((camel_case(&name), value));
            }
            Value::record(entries)
        }
        (Type::Tuple(types), Val::Tuple(items)) if types.len() == items.len() => Value::List(
            types
                .iter()
                .zip(items)
                .enumerate()
                .map(|(index, (ty, val))| {
                    from_wit(ty, val, limits).map_err(|error| error.at(Step::Index(index)))
                })
                .collect::<Result<_, _>>()?,
        ),
        (Type::Variant(_), Val::Variant(name, payload)) => {
            let case = ty.case(&name).ok_or_else(|| Mismatch::new("a case of the variant", name.clone()))?;
            case_value(&name, case.ty.as_ref(), payload, limits)?
        }
        (Type::Enum(_), Val::Enum(name)) => Value::text(camel_case(&name)),
        (Type::Option(_), Val::Option(None)) => Value::Undefined,
        (Type::Option(inner), Val::Option(Some(val))) => {
            let value = from_wit(inner, *val, limits)?;
            if matches!(**inner, Type::Option(_)) { Value::List(vec![value]) } else { value }
        }
        (Type::Result(types), Val::Result(Ok(payload))) => {
            case_value("ok", types.ok.as_ref(), payload, limits)?
        }
        (Type::Result(types), Val::Result(Err(payload))) => {
            case_value("err", types.err.as_ref(), payload, limits)?
        }
        (Type::Flags(_), Val::Flags(names)) => Value::texts(names.iter().map(|name| camel_case(name))),
        (Type::Own(_) | Type::Borrow(_), Val::Handle(handle)) => Value::Capability(handle),
        _ => return Err(mismatch()),
    })
}

fn case_value<H: Reference>(
    name: &str,
    ty: Option<&Type>,
    payload: Option<Box<Val<H>>>,
    limits: &Limits,
) -> Result<Value<H>, Mismatch> {
    match (ty, payload) {
        (None, None) => Ok(Value::text(camel_case(name))),
        (Some(ty), Some(val)) => {
            let value = from_wit(ty, *val, limits).map_err(|error| error.at_key(name))?;
            Ok(Value::record([(camel_case(name), value)]))
        }
        (Some(ty), None) => Err(Mismatch::new(ty.kind(), "nothing").at_key(name)),
        (None, Some(val)) => Err(Mismatch::new("nothing", val.kind()).at_key(name)),
    }
}
