use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use powerbox_passable::Value;
use powerbox_sandbox::wit::Case;
use powerbox_sandbox::{Type, Val};

use super::names::camel_case;
use super::passable_record::{is_passable, to_record};
use super::{Mismatch, Reference, Step};

/// Turns a passable value into a WIT value of type `ty`.
///
/// The depth of recursion is that of the type, which the component model bounds.
///
/// # Errors
///
/// A [`Mismatch`] if the value does not fit the type.
pub fn to_wit<H: Reference>(ty: &Type, value: &Value<H>) -> Result<Val<H>, Mismatch> {
    let mismatch = || Mismatch::new(ty.kind(), kind(value));
    Ok(match ty {
        Type::Bool => Val::Bool(value.as_bool().ok_or_else(mismatch)?),
        Type::S8 => Val::S8(integer(ty, value)?),
        Type::U8 => Val::U8(integer(ty, value)?),
        Type::S16 => Val::S16(integer(ty, value)?),
        Type::U16 => Val::U16(integer(ty, value)?),
        Type::S32 => Val::S32(integer(ty, value)?),
        Type::U32 => Val::U32(integer(ty, value)?),
        Type::S64 => Val::S64(integer(ty, value)?),
        Type::U64 => Val::U64(integer(ty, value)?),
        // Nothing is lost that an f32 could hold.
        #[allow(clippy::cast_possible_truncation)]
        Type::F32 => Val::F32(value.as_f64().ok_or_else(mismatch)? as f32),
        Type::F64 => Val::F64(value.as_f64().ok_or_else(mismatch)?),
        Type::Char => {
            let text = value.as_str().ok_or_else(mismatch)?;
            let mut characters = text.chars();
            match (characters.next(), characters.next()) {
                (Some(character), None) => Val::Char(character),
                _ => return Err(Mismatch::new("a string of one character", "another string")),
            }
        }
        Type::String => match value {
            // WIT strings are well-formed Unicode: a lone surrogate becomes U+FFFD.
            Value::Text(text) => Val::String(text.to_string_lossy().into_owned()),
            _ => return Err(mismatch()),
        },
        Type::List(item) if **item == Type::U8 && value.as_list().is_none() => {
            let text = value.as_str().ok_or_else(mismatch)?;
            let bytes =
                STANDARD.decode(text).map_err(|error| Mismatch::new("base64 text", error.to_string()))?;
            Val::List(bytes.into_iter().map(Val::U8).collect())
        }
        Type::List(item) => Val::List(
            value
                .as_list()
                .ok_or_else(mismatch)?
                .iter()
                .enumerate()
                .map(|(index, value)| to_wit(item, value).map_err(|error| error.at(Step::Index(index))))
                .collect::<Result<_, _>>()?,
        ),
        Type::Record(_) if is_passable(ty) => to_record(value)?,
        Type::Record(fields) => {
            let record = value.as_record().ok_or_else(mismatch)?;
            let mut vals = Vec::with_capacity(fields.len());
            for field in fields.iter() {
                let value = record.get(&camel_case(&field.name)).unwrap_or(&Value::Undefined);
                let val = to_wit(&field.ty, value).map_err(|error| error.at_key(&field.name))?;
                vals.push((field.name.to_string(), val));
            }
            Val::Record(vals)
        }
        Type::Tuple(types) => {
            let items = value.as_list().ok_or_else(mismatch)?;
            if items.len() != types.len() {
                let expected = format!("a list of {} items", types.len());
                return Err(Mismatch::new(expected, format!("one of {}", items.len())));
            }
            let items = types.iter().zip(items).enumerate();
            let vals = items
                .map(|(index, (ty, value))| to_wit(ty, value).map_err(|error| error.at(Step::Index(index))));
            Val::Tuple(vals.collect::<Result<_, _>>()?)
        }
        Type::Variant(cases) => variant(cases, value)?,
        Type::Enum(cases) => {
            let text = value.as_str().ok_or_else(mismatch)?;
            let case = cases.iter().find(|case| camel_case(case) == text);
            Val::Enum(case.ok_or_else(|| Mismatch::new("a case of the enum", quoted(text)))?.to_string())
        }
        Type::Option(inner) => match (value, inner.as_ref()) {
            (Value::Undefined | Value::Null, _) => Val::none(),
            (Value::List(items), Type::Option(_)) => match items.as_slice() {
                [value] => Val::some(to_wit(inner, value)?),
                _ => return Err(Mismatch::new("a list of one item", format!("one of {}", items.len()))),
            },
            (_, Type::Option(_)) => return Err(Mismatch::new("a list of one item", kind(value))),
            (value, inner) => Val::some(to_wit(inner, value)?),
        },
        Type::Result(types) => {
            let (name, payload) = one_case(value).ok_or_else(mismatch)?;
            match name.as_str() {
                "ok" => Val::ok(payload_val(types.ok.as_ref(), payload).map_err(|error| error.at_key("ok"))?),
                "err" => {
                    Val::err(payload_val(types.err.as_ref(), payload).map_err(|error| error.at_key("err"))?)
                }
                _ => return Err(Mismatch::new("`ok` or `err`", quoted(&name))),
            }
        }
        Type::Flags(flags) => {
            let mut set = Vec::new();
            for value in value.as_list().ok_or_else(mismatch)? {
                let text = value.as_str().ok_or_else(mismatch)?;
                let flag = flags.iter().find(|flag| camel_case(flag) == text);
                set.push(flag.ok_or_else(|| Mismatch::new("a flag of the type", quoted(text)))?.to_string());
            }
            Val::Flags(set)
        }
        Type::Own(_) | Type::Borrow(_) => Val::Handle(value.as_capability().ok_or_else(mismatch)?.clone()),
        Type::Unsupported(what) => {
            return Err(Mismatch::new(format!("{what}, which cannot cross"), kind(value)));
        }
    })
}

fn variant<H: Reference>(cases: &[Case], value: &Value<H>) -> Result<Val<H>, Mismatch> {
    let Some((name, payload)) = one_case(value) else {
        return Err(Mismatch::new("a case of a variant", kind(value)));
    };
    if let Some(case) = cases.iter().find(|case| camel_case(&case.name) == name) {
        let payload = payload_val(case.ty.as_ref(), payload).map_err(|error| error.at_key(&case.name))?;
        return Ok(Val::variant(&*case.name, payload));
    }
    // A newer object may know cases that the component does not.
    match cases.iter().find(|case| &*case.name == "other") {
        Some(other) if other.ty == Some(Type::String) => Ok(Val::variant("other", Some(Val::String(name)))),
        _ => Err(Mismatch::new("a case of the variant", quoted(&name))),
    }
}

/// Takes a value apart as a variant: its case in camelCase, and the payload if there is one.
fn one_case<H>(value: &Value<H>) -> Option<(String, Option<&Value<H>>)> {
    match value {
        Value::Text(name) => Some((name.as_str()?.to_owned(), None)),
        Value::Record(record) if record.len() == 1 => {
            let (name, payload) = record.iter().next()?;
            Some((name.as_str()?.to_owned(), Some(payload)))
        }
        _ => None,
    }
}

fn payload_val<H: Reference>(
    ty: Option<&Type>,
    value: Option<&Value<H>>,
) -> Result<Option<Val<H>>, Mismatch> {
    match (ty, value) {
        (None, None | Some(Value::Undefined)) => Ok(None),
        (None, Some(value)) => Err(Mismatch::new("nothing", kind(value))),
        (Some(ty), value) => to_wit(ty, value.unwrap_or(&Value::Undefined)).map(Some),
    }
}

/// Reads an integer of any width from a number without a fraction, or from a bigint.
fn integer<H, N>(ty: &Type, value: &Value<H>) -> Result<N, Mismatch>
where
    N: TryFrom<i128>,
{
    let wide = match value {
        Value::BigInt(integer) => {
            i128::try_from(integer).map_err(|_| Mismatch::new(ty.kind(), "a larger bigint"))?
        }
        // Beyond 2^53 a double is no longer one integer but a range of them.
        Value::Number(number) if number.fract() == 0.0 && number.abs() <= 9_007_199_254_740_992.0 => {
            #[allow(clippy::cast_possible_truncation)]
            let integer = *number as i64;
            i128::from(integer)
        }
        Value::Number(number) => return Err(Mismatch::new(ty.kind(), format!("the number {number}"))),
        other => return Err(Mismatch::new(ty.kind(), kind(other))),
    };
    N::try_from(wide).map_err(|_| Mismatch::new(ty.kind(), format!("{wide}, which is out of range")))
}

fn quoted(text: &str) -> String {
    let short: String = text.chars().take(64).collect();
    format!("`{}`", crate::text::clean_line(&short))
}

/// The name of a value's kind, as `@endo/pass-style` has them.
pub(crate) fn kind<H>(value: &Value<H>) -> &'static str {
    match value {
        Value::Undefined => "undefined",
        Value::Null => "null",
        Value::Bool(_) => "a boolean",
        Value::Number(_) => "a number",
        Value::BigInt(_) => "a bigint",
        Value::Text(_) => "a string",
        Value::Symbol(_) => "a symbol",
        Value::List(_) => "a list",
        Value::Record(_) => "a record",
        Value::Tagged(_) => "a tagged value",
        Value::Error(_) => "an error",
        Value::Capability(_) => "a reference",
    }
}
