//! Types of values, cheap to clone and comparable.

use std::fmt;
use std::sync::Arc;

/// A component-model type. Clones share their parts.
///
/// Names of record fields, variant cases, enum cases and flags are kept; names of the types themselves are not,
/// since a compiled component does not carry them (see [`Manifest`](crate::Manifest) for those).
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Type {
    /// `bool`
    Bool,
    /// `s8`
    S8,
    /// `u8`
    U8,
    /// `s16`
    S16,
    /// `u16`
    U16,
    /// `s32`
    S32,
    /// `u32`
    U32,
    /// `s64`
    S64,
    /// `u64`
    U64,
    /// `f32`
    F32,
    /// `f64`
    F64,
    /// `char`
    Char,
    /// `string`
    String,
    /// `list<T>`
    List(Arc<Type>),
    /// `record { … }`
    Record(Arc<[Field]>),
    /// `tuple<…>`
    Tuple(Arc<[Type]>),
    /// `variant { … }`
    Variant(Arc<[Case]>),
    /// `enum { … }`
    Enum(Arc<[Arc<str>]>),
    /// `option<T>`
    Option(Arc<Type>),
    /// `result<T, E>`
    Result(Arc<ResultType>),
    /// `flags { … }`
    Flags(Arc<[Arc<str>]>),
    /// An owned handle: passing it gives it away.
    Own(Resource),
    /// A borrowed handle: the callee may use it until the call ends.
    Borrow(Resource),
    /// Something that cannot cross between host and compartment here (streams, futures, a component's own
    /// resources, …). Functions that mention it are refused as imports and absent as exports.
    Unsupported(&'static str),
}

/// A field of a record.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Field {
    /// Its name, kebab-case.
    pub name: Arc<str>,
    /// Its type.
    pub ty: Type,
}

/// A case of a variant.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Case {
    /// Its name, kebab-case.
    pub name: Arc<str>,
    /// Its payload, if any.
    pub ty: Option<Type>,
}

/// Both sides of a `result`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ResultType {
    /// The type of success, if it carries a value.
    pub ok: Option<Type>,
    /// The type of failure, if it carries a value.
    pub err: Option<Type>,
}

/// A resource type that a component imports.
///
/// Two are equal when they are the same resource of the same component: `types.object` seen through two slots is one
/// resource, while two slots of an interface that declares its own resource have two.
#[derive(Clone)]
pub struct Resource(Arc<ResourceInner>);

struct ResourceInner {
    id: u32,
    name: Arc<str>,
    slot: Arc<str>,
    interface: Arc<str>,
}

impl Resource {
    pub(crate) fn new(id: u32, name: &str, slot: &Arc<str>, interface: &Arc<str>) -> Resource {
        Resource(Arc::new(ResourceInner {
            id,
            name: name.into(),
            slot: Arc::clone(slot),
            interface: Arc::clone(interface),
        }))
    }

    /// Its number within the component, from 0, in order of declaration. The same for every load of the same bytes.
    pub fn id(&self) -> u32 {
        self.0.id
    }

    /// Its name in the interface that declares it, such as `object`.
    pub fn name(&self) -> &str {
        &self.0.name
    }

    /// The slot through which the component imports the declaring interface.
    pub fn slot(&self) -> &str {
        &self.0.slot
    }

    /// The interface that declares it, such as `powerbox:plugin/types@0.1.0`.
    pub fn interface(&self) -> &str {
        &self.0.interface
    }
}

impl PartialEq for Resource {
    fn eq(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.0, &other.0)
            || (self.0.id == other.0.id
                && self.0.name == other.0.name
                && self.0.slot == other.0.slot
                && self.0.interface == other.0.interface)
    }
}

impl Eq for Resource {}

impl std::hash::Hash for Resource {
    fn hash<S: std::hash::Hasher>(&self, state: &mut S) {
        self.0.id.hash(state);
        self.0.name.hash(state);
        self.0.interface.hash(state);
    }
}

impl fmt::Debug for Resource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Resource({} = {}.{})", self.0.id, self.0.interface, self.0.name)
    }
}

impl fmt::Display for Resource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0.name)
    }
}

impl Type {
    /// The field of a record with this name.
    pub fn field(&self, name: &str) -> Option<&Type> {
        match self {
            Type::Record(fields) => fields.iter().find(|field| &*field.name == name).map(|field| &field.ty),
            _ => None,
        }
    }

    /// The case of a variant with this name.
    pub fn case(&self, name: &str) -> Option<&Case> {
        match self {
            Type::Variant(cases) => cases.iter().find(|case| &*case.name == name),
            _ => None,
        }
    }

    /// What keeps values of this type from crossing, if something does.
    pub fn unsupported(&self) -> Option<&'static str> {
        match self {
            Type::Unsupported(what) => Some(what),
            Type::List(ty) | Type::Option(ty) => ty.unsupported(),
            Type::Record(fields) => fields.iter().find_map(|field| field.ty.unsupported()),
            Type::Tuple(types) => types.iter().find_map(Type::unsupported),
            Type::Variant(cases) => cases.iter().find_map(|case| case.ty.as_ref()?.unsupported()),
            Type::Result(result) => result
                .ok
                .as_ref()
                .and_then(Type::unsupported)
                .or_else(|| result.err.as_ref().and_then(Type::unsupported)),
            _ => None,
        }
    }

    /// The word WIT uses for this kind of type.
    pub fn kind(&self) -> &'static str {
        match self {
            Type::Bool => "bool",
            Type::S8 => "s8",
            Type::U8 => "u8",
            Type::S16 => "s16",
            Type::U16 => "u16",
            Type::S32 => "s32",
            Type::U32 => "u32",
            Type::S64 => "s64",
            Type::U64 => "u64",
            Type::F32 => "f32",
            Type::F64 => "f64",
            Type::Char => "char",
            Type::String => "string",
            Type::List(_) => "list",
            Type::Record(_) => "record",
            Type::Tuple(_) => "tuple",
            Type::Variant(_) => "variant",
            Type::Enum(_) => "enum",
            Type::Option(_) => "option",
            Type::Result(_) => "result",
            Type::Flags(_) => "flags",
            Type::Own(_) => "own",
            Type::Borrow(_) => "borrow",
            Type::Unsupported(what) => what,
        }
    }
}

/// Writes the type much as WIT would, with records and variants spelled out in place.
impl fmt::Display for Type {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fn or_blank(ty: Option<&Type>) -> &dyn fmt::Display {
            match ty {
                Some(ty) => ty,
                None => &"_",
            }
        }
        fn listed<T>(
            f: &mut fmt::Formatter<'_>,
            items: &[T],
            write: impl Fn(&mut fmt::Formatter<'_>, &T) -> fmt::Result,
        ) -> fmt::Result {
            for (index, item) in items.iter().enumerate() {
                if index > 0 {
                    f.write_str(", ")?;
                }
                write(f, item)?;
            }
            Ok(())
        }
        match self {
            Type::List(ty) => write!(f, "list<{ty}>"),
            Type::Option(ty) => write!(f, "option<{ty}>"),
            Type::Own(resource) => write!(f, "{resource}"),
            Type::Borrow(resource) => write!(f, "borrow<{resource}>"),
            Type::Result(result) => match (&result.ok, &result.err) {
                (None, None) => f.write_str("result"),
                (Some(ok), None) => write!(f, "result<{ok}>"),
                (ok, err) => write!(f, "result<{}, {}>", or_blank(ok.as_ref()), or_blank(err.as_ref())),
            },
            Type::Tuple(types) => {
                f.write_str("tuple<")?;
                listed(f, types, |f, ty| write!(f, "{ty}"))?;
                f.write_str(">")
            }
            Type::Record(fields) => {
                f.write_str("record { ")?;
                listed(f, fields, |f, field| write!(f, "{}: {}", field.name, field.ty))?;
                f.write_str(" }")
            }
            Type::Variant(cases) => {
                f.write_str("variant { ")?;
                listed(f, cases, |f, case| match &case.ty {
                    Some(ty) => write!(f, "{}({ty})", case.name),
                    None => f.write_str(&case.name),
                })?;
                f.write_str(" }")
            }
            Type::Enum(names) | Type::Flags(names) => {
                write!(f, "{} {{ ", self.kind())?;
                listed(f, names, |f, name| f.write_str(name))?;
                f.write_str(" }")
            }
            simple => f.write_str(simple.kind()),
        }
    }
}
