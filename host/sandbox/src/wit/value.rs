//! Values as they cross between a compartment and its host.

use super::Type;

/// A component-model value whose resources are the host's own handles.
///
/// Whether a [`Handle`](Val::Handle) is given away or lent is said by its type ([`Type::Own`], [`Type::Borrow`]).
#[derive(Clone, Debug, PartialEq)]
pub enum Val<H> {
    /// `bool`
    Bool(bool),
    /// `s8`
    S8(i8),
    /// `u8`
    U8(u8),
    /// `s16`
    S16(i16),
    /// `u16`
    U16(u16),
    /// `s32`
    S32(i32),
    /// `u32`
    U32(u32),
    /// `s64`
    S64(i64),
    /// `u64`
    U64(u64),
    /// `f32`
    F32(f32),
    /// `f64`
    F64(f64),
    /// `char`
    Char(char),
    /// `string`
    String(String),
    /// `list<T>`
    List(Vec<Val<H>>),
    /// A record: all fields, in the order of the type.
    Record(Vec<(String, Val<H>)>),
    /// `tuple<…>`
    Tuple(Vec<Val<H>>),
    /// A case of a variant with its payload.
    Variant(String, Payload<H>),
    /// A case of an enum.
    Enum(String),
    /// `option<T>`
    Option(Payload<H>),
    /// `result<T, E>`
    Result(Result<Payload<H>, Payload<H>>),
    /// The flags that are set.
    Flags(Vec<String>),
    /// A resource, own or borrowed.
    Handle(H),
}

/// What a case, an option or a side of a result carries, if anything.
pub type Payload<H> = Option<Box<Val<H>>>;

/// A value does not have the type that the other side declared.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{path}: expected {expected}, got {found}")]
pub struct Mismatch {
    /// Where in the value, such as `result.ok.slots[3]`.
    pub path: String,
    /// What the type asks for.
    pub expected: String,
    /// What was there.
    pub found: String,
}

impl<H> Val<H> {
    /// Text.
    pub fn string(text: impl Into<String>) -> Val<H> {
        Val::String(text.into())
    }

    /// A `list<u8>`.
    ///
    /// A byte takes as much room as any value while it crosses (and counts for 32 or so against
    /// [`Limits::call_bytes`](crate::Limits::call_bytes)), so pass large data in pieces of 64 KiB or so.
    pub fn bytes(bytes: &[u8]) -> Val<H> {
        Val::List(bytes.iter().map(|byte| Val::U8(*byte)).collect())
    }

    /// The bytes of a `list<u8>`.
    pub fn to_bytes(&self) -> Option<Vec<u8>> {
        let Val::List(values) = self else { return None };
        values
            .iter()
            .map(|value| match value {
                Val::U8(byte) => Some(*byte),
                _ => None,
            })
            .collect()
    }

    /// The text of a `string`.
    pub fn as_str(&self) -> Option<&str> {
        match self {
            Val::String(text) => Some(text),
            _ => None,
        }
    }

    /// A record from names and values.
    pub fn record<N: Into<String>>(fields: impl IntoIterator<Item = (N, Val<H>)>) -> Val<H> {
        Val::Record(fields.into_iter().map(|(name, value)| (name.into(), value)).collect())
    }

    /// A case of a variant.
    pub fn variant(case: impl Into<String>, payload: Option<Val<H>>) -> Val<H> {
        Val::Variant(case.into(), payload.map(Box::new))
    }

    /// `some`.
    pub fn some(value: Val<H>) -> Val<H> {
        Val::Option(Some(Box::new(value)))
    }

    /// `none`.
    pub fn none() -> Val<H> {
        Val::Option(None)
    }

    /// A successful `result`.
    pub fn ok(value: Option<Val<H>>) -> Val<H> {
        Val::Result(Ok(value.map(Box::new)))
    }

    /// A failed `result`.
    pub fn err(value: Option<Val<H>>) -> Val<H> {
        Val::Result(Err(value.map(Box::new)))
    }

    /// The word WIT uses for this kind of value.
    pub fn kind(&self) -> &'static str {
        match self {
            Val::Bool(_) => "bool",
            Val::S8(_) => "s8",
            Val::U8(_) => "u8",
            Val::S16(_) => "s16",
            Val::U16(_) => "u16",
            Val::S32(_) => "s32",
            Val::U32(_) => "u32",
            Val::S64(_) => "s64",
            Val::U64(_) => "u64",
            Val::F32(_) => "f32",
            Val::F64(_) => "f64",
            Val::Char(_) => "char",
            Val::String(_) => "string",
            Val::List(_) => "list",
            Val::Record(_) => "record",
            Val::Tuple(_) => "tuple",
            Val::Variant(..) => "variant",
            Val::Enum(_) => "enum",
            Val::Option(_) => "option",
            Val::Result(_) => "result",
            Val::Flags(_) => "flags",
            Val::Handle(_) => "handle",
        }
    }

    /// The field of a record with this name.
    pub fn field(&self, name: &str) -> Option<&Val<H>> {
        match self {
            Val::Record(fields) => fields.iter().find(|(field, _)| field == name).map(|(_, value)| value),
            _ => None,
        }
    }

    /// Says whether the value has the type, and if not, where it first does not.
    pub fn check(&self, ty: &Type) -> Result<(), Mismatch> {
        check(self, ty, &mut Vec::new())
    }
}

/// One step into a value, kept as parts so that a value that fits costs no text.
enum Step<'a> {
    Name(&'a str),
    Index(usize),
}

fn check<'a, H>(value: &'a Val<H>, ty: &Type, path: &mut Vec<Step<'a>>) -> Result<(), Mismatch> {
    let wrong = |path: &[Step<'_>], expected: String, found: String| {
        Err(Mismatch { path: render(path), expected, found })
    };
    match (value, ty) {
        (Val::Bool(_), Type::Bool)
        | (Val::S8(_), Type::S8)
        | (Val::U8(_), Type::U8)
        | (Val::S16(_), Type::S16)
        | (Val::U16(_), Type::U16)
        | (Val::S32(_), Type::S32)
        | (Val::U32(_), Type::U32)
        | (Val::S64(_), Type::S64)
        | (Val::U64(_), Type::U64)
        | (Val::F32(_), Type::F32)
        | (Val::F64(_), Type::F64)
        | (Val::Char(_), Type::Char)
        | (Val::String(_), Type::String)
        | (Val::Handle(_), Type::Own(_) | Type::Borrow(_)) => Ok(()),
        (Val::List(values), Type::List(element)) => {
            for (index, value) in values.iter().enumerate() {
                step(value, element, Step::Index(index), path)?;
            }
            Ok(())
        }
        (Val::Tuple(values), Type::Tuple(types)) if values.len() == types.len() => {
            for (index, (value, ty)) in values.iter().zip(types.iter()).enumerate() {
                step(value, ty, Step::Index(index), path)?;
            }
            Ok(())
        }
        (Val::Record(values), Type::Record(fields)) if values.len() == fields.len() => {
            for ((name, value), field) in values.iter().zip(fields.iter()) {
                if **name != *field.name {
                    return wrong(path, format!("field {}", field.name), format!("field {name}"));
                }
                step(value, &field.ty, Step::Name(name), path)?;
            }
            Ok(())
        }
        (Val::Variant(name, payload), Type::Variant(cases)) => {
            let Some(case) = cases.iter().find(|case| *case.name == **name) else {
                return wrong(path, ty.to_string(), format!("case {name}"));
            };
            payload_fits(payload.as_deref(), case.ty.as_ref(), Step::Name(name), path)
        }
        (Val::Enum(name), Type::Enum(names)) if names.iter().any(|known| **known == **name) => Ok(()),
        (Val::Flags(set), Type::Flags(names)) => {
            match set.iter().find(|name| !names.iter().any(|known| **known == ***name)) {
                Some(unknown) => wrong(path, ty.to_string(), format!("flag {unknown}")),
                None => Ok(()),
            }
        }
        (Val::Option(None), Type::Option(_)) => Ok(()),
        (Val::Option(Some(value)), Type::Option(ty)) => step(value, ty, Step::Name("some"), path),
        (Val::Result(Ok(value)), Type::Result(sides)) => {
            payload_fits(value.as_deref(), sides.ok.as_ref(), Step::Name("ok"), path)
        }
        (Val::Result(Err(value)), Type::Result(sides)) => {
            payload_fits(value.as_deref(), sides.err.as_ref(), Step::Name("err"), path)
        }
        (value, ty) => wrong(path, ty.to_string(), value.kind().to_owned()),
    }
}

fn step<'a, H>(
    value: &'a Val<H>,
    ty: &Type,
    step: Step<'a>,
    path: &mut Vec<Step<'a>>,
) -> Result<(), Mismatch> {
    path.push(step);
    check(value, ty, path)?;
    path.pop();
    Ok(())
}

fn payload_fits<'a, H>(
    value: Option<&'a Val<H>>,
    ty: Option<&Type>,
    name: Step<'a>,
    path: &mut Vec<Step<'a>>,
) -> Result<(), Mismatch> {
    path.push(name);
    match (value, ty) {
        (Some(value), Some(ty)) => check(value, ty, path)?,
        (None, None) => {}
        (value, ty) => {
            return Err(Mismatch {
                path: render(path),
                expected: ty.map_or_else(|| "no payload".to_owned(), Type::to_string),
                found: value.map_or("no payload", Val::kind).to_owned(),
            });
        }
    }
    path.pop();
    Ok(())
}

fn render(path: &[Step<'_>]) -> String {
    let mut text = String::from("value");
    for step in path {
        match step {
            Step::Name(name) => {
                text.push('.');
                text.push_str(name);
            }
            Step::Index(index) => text.push_str(&format!("[{index}]")),
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wit::{Case, Field};

    fn outcome() -> Type {
        Type::Variant(
            [
                Case { name: "none".into(), ty: None },
                Case {
                    name: "many".into(),
                    ty: Some(Type::List(
                        Type::Record([Field { name: "size".into(), ty: Type::U64 }].into()).into(),
                    )),
                },
            ]
            .into(),
        )
    }

    #[test]
    fn bytes_are_a_list() {
        let value: Val<()> = Val::bytes(b"abc");
        assert_eq!(value.check(&Type::List(Type::U8.into())), Ok(()));
        assert_eq!(value.to_bytes().as_deref(), Some(&b"abc"[..]));
        assert_eq!(Val::<()>::List(vec![Val::Bool(true)]).to_bytes(), None);
    }

    #[test]
    fn a_value_that_fits_passes() {
        let value: Val<()> =
            Val::variant("many", Some(Val::List(vec![Val::record([("size", Val::U64(1))])])));
        assert_eq!(value.check(&outcome()), Ok(()));
        assert_eq!(Val::<()>::variant("none", None).check(&outcome()), Ok(()));
    }

    #[test]
    fn the_first_place_that_does_not_fit_is_named() {
        let value: Val<()> = Val::variant(
            "many",
            Some(Val::List(vec![Val::record([("size", Val::U64(1))]), Val::record([("size", Val::U32(1))])])),
        );
        let error = value.check(&outcome()).unwrap_err();
        assert_eq!(error.to_string(), "value.many[1].size: expected u64, got u32");
        let error = Val::<()>::variant("none", Some(Val::Bool(true))).check(&outcome()).unwrap_err();
        assert_eq!(error.to_string(), "value.none: expected no payload, got bool");
    }
}
