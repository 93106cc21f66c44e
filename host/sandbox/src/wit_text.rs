//! Types and functions of a decoded component as WIT text.
//!
//! Named types are written by name, so texts stay short however large a type is when spelled out. A component can nest
//! nameless types (tuples, lists, …) in a graph that is far larger written out than in the file, so a text ends with
//! `…` when it gets too long.

use std::fmt::Write;

use wit_parser::{Function, FunctionKind, Handle, Resolve, Type, TypeDefKind, TypeId};

/// No honest declaration is longer than this.
const MAX_TEXT: usize = 16 << 10;

/// Words that WIT takes for itself.
const KEYWORDS: &[&str] = &[
    "as",
    "async",
    "bool",
    "borrow",
    "char",
    "constructor",
    "enum",
    "error-context",
    "export",
    "external",
    "f32",
    "f64",
    "flags",
    "from",
    "func",
    "future",
    "import",
    "include",
    "interface",
    "list",
    "map",
    "option",
    "own",
    "package",
    "record",
    "resource",
    "result",
    "s16",
    "s32",
    "s64",
    "s8",
    "static",
    "stream",
    "string",
    "tuple",
    "type",
    "u16",
    "u32",
    "u64",
    "u8",
    "use",
    "variant",
    "with",
    "world",
];

/// A type where it is used.
pub(crate) fn ty(resolve: &Resolve, ty: &Type) -> String {
    let mut writer = Writer { resolve, text: String::new() };
    writer.ty(ty);
    writer.finish()
}

/// A function's declaration, such as `lookup: async func(path: list<string>) -> result<object, problem>`.
pub(crate) fn signature(resolve: &Resolve, function: &Function) -> String {
    let mut writer = Writer { resolve, text: String::new() };
    writer.signature(function);
    writer.finish()
}

/// The definition of a named type, or nothing for what has no name.
pub(crate) fn definition(resolve: &Resolve, id: TypeId) -> Option<String> {
    let name = resolve.types.get(id)?.name.as_ref()?;
    let mut writer = Writer { resolve, text: String::new() };
    writer.definition(name, id);
    Some(writer.finish())
}

struct Writer<'a> {
    resolve: &'a Resolve,
    text: String,
}

impl Writer<'_> {
    fn finish(mut self) -> String {
        if self.full() {
            let end = (0..=MAX_TEXT).rev().find(|end| self.text.is_char_boundary(*end)).unwrap_or(0);
            self.text.truncate(end);
            self.text.push('…');
        }
        self.text
    }

    fn full(&self) -> bool {
        self.text.len() > MAX_TEXT
    }

    fn push(&mut self, text: &str) {
        self.text.push_str(text);
    }

    /// Writes a name, marked where it is also a word of WIT.
    fn name(&mut self, name: &str) {
        if KEYWORDS.contains(&name) {
            self.push("%");
        }
        self.push(name);
    }

    fn listed<T>(&mut self, items: impl IntoIterator<Item = T>, write: impl Fn(&mut Self, T)) {
        for (index, item) in items.into_iter().enumerate() {
            if index > 0 {
                self.push(", ");
            }
            if self.full() {
                return;
            }
            write(self, item);
        }
    }

    fn signature(&mut self, function: &Function) {
        let is_method = matches!(
            function.kind,
            FunctionKind::Method(_)
                | FunctionKind::AsyncMethod(_)
                | FunctionKind::MethodGetter(_)
                | FunctionKind::MethodSetter(_)
        );
        let word = match function.kind {
            FunctionKind::AsyncFreestanding | FunctionKind::AsyncMethod(_) => "async func",
            FunctionKind::Static(_) => "static func",
            FunctionKind::AsyncStatic(_) => "static async func",
            _ => "func",
        };
        match (
            &function.kind,
            function.kind.resource().and_then(|id| self.resolve.types.get(id)?.name.as_ref()),
        ) {
            (FunctionKind::Constructor(_), Some(resource)) => {
                self.name(resource);
                self.push(".constructor(");
            }
            (_, Some(resource)) => {
                let item = function.name.split_once('.').map_or(function.name.as_str(), |(_, item)| item);
                self.name(resource);
                self.push(".");
                self.name(item);
                let _ = write!(self.text, ": {word}(");
            }
            (_, None) => {
                self.name(&function.name);
                let _ = write!(self.text, ": {word}(");
            }
        }
        let params = function.params.iter().skip(usize::from(is_method));
        self.listed(params, |writer, param| {
            writer.name(&param.name);
            writer.push(": ");
            writer.ty(&param.ty);
        });
        self.push(")");
        if let Some(result) = &function.result
            && !matches!(function.kind, FunctionKind::Constructor(_))
        {
            self.push(" -> ");
            self.ty(result);
        }
    }

    fn ty(&mut self, ty: &Type) {
        if self.full() {
            return;
        }
        match ty {
            Type::Bool => self.push("bool"),
            Type::U8 => self.push("u8"),
            Type::U16 => self.push("u16"),
            Type::U32 => self.push("u32"),
            Type::U64 => self.push("u64"),
            Type::S8 => self.push("s8"),
            Type::S16 => self.push("s16"),
            Type::S32 => self.push("s32"),
            Type::S64 => self.push("s64"),
            Type::F32 => self.push("f32"),
            Type::F64 => self.push("f64"),
            Type::Char => self.push("char"),
            Type::String => self.push("string"),
            Type::ErrorContext => self.push("error-context"),
            Type::Id(id) => match self.resolve.types.get(*id) {
                Some(definition) => match &definition.name {
                    Some(name) => self.name(name),
                    None => self.kind(&definition.kind),
                },
                None => self.push("?"),
            },
        }
    }

    fn optional(&mut self, ty: Option<&Type>) {
        match ty {
            Some(ty) => self.ty(ty),
            None => self.push("_"),
        }
    }

    fn wrapped(&mut self, word: &str, ty: &Type) {
        self.push(word);
        self.push("<");
        self.ty(ty);
        self.push(">");
    }

    /// What stands for a type without a name.
    fn kind(&mut self, kind: &TypeDefKind) {
        match kind {
            TypeDefKind::Handle(Handle::Own(id)) => self.ty(&Type::Id(*id)),
            TypeDefKind::Handle(Handle::Borrow(id)) => self.wrapped("borrow", &Type::Id(*id)),
            TypeDefKind::Option(ty) => self.wrapped("option", ty),
            TypeDefKind::List(ty) => self.wrapped("list", ty),
            TypeDefKind::FixedLengthList(ty, length) => {
                self.push("list<");
                self.ty(ty);
                let _ = write!(self.text, ", {length}>");
            }
            TypeDefKind::Map(key, value) => {
                self.push("map<");
                self.ty(key);
                self.push(", ");
                self.ty(value);
                self.push(">");
            }
            TypeDefKind::Tuple(tuple) => {
                self.push("tuple<");
                self.listed(&tuple.types, |writer, ty| writer.ty(ty));
                self.push(">");
            }
            TypeDefKind::Result(result) => match (&result.ok, &result.err) {
                (None, None) => self.push("result"),
                (Some(ok), None) => self.wrapped("result", ok),
                (ok, err) => {
                    self.push("result<");
                    self.optional(ok.as_ref());
                    self.push(", ");
                    self.optional(err.as_ref());
                    self.push(">");
                }
            },
            TypeDefKind::Future(None) => self.push("future"),
            TypeDefKind::Future(Some(ty)) => self.wrapped("future", ty),
            TypeDefKind::Stream(None) => self.push("stream"),
            TypeDefKind::Stream(Some(ty)) => self.wrapped("stream", ty),
            TypeDefKind::Type(ty) => self.ty(ty),
            // These always have names in a valid component.
            TypeDefKind::Record(_)
            | TypeDefKind::Variant(_)
            | TypeDefKind::Enum(_)
            | TypeDefKind::Flags(_)
            | TypeDefKind::Resource
            | TypeDefKind::Unknown => self.push(kind.as_str()),
        }
    }

    fn definition(&mut self, name: &str, id: TypeId) {
        let Some(definition) = self.resolve.types.get(id) else { return };
        let open = |writer: &mut Self, word: &str| {
            writer.push(word);
            writer.push(" ");
            writer.name(name);
            writer.push(" { ");
        };
        match &definition.kind {
            TypeDefKind::Record(record) => {
                open(self, "record");
                self.listed(&record.fields, |writer, field| {
                    writer.name(&field.name);
                    writer.push(": ");
                    writer.ty(&field.ty);
                });
                self.push(" }");
            }
            TypeDefKind::Variant(variant) => {
                open(self, "variant");
                self.listed(&variant.cases, |writer, case| {
                    writer.name(&case.name);
                    if let Some(ty) = &case.ty {
                        writer.push("(");
                        writer.ty(ty);
                        writer.push(")");
                    }
                });
                self.push(" }");
            }
            TypeDefKind::Enum(cases) => {
                open(self, "enum");
                self.listed(&cases.cases, |writer, case| writer.name(&case.name));
                self.push(" }");
            }
            TypeDefKind::Flags(flags) => {
                open(self, "flags");
                self.listed(&flags.flags, |writer, flag| writer.name(&flag.name));
                self.push(" }");
            }
            TypeDefKind::Resource => {
                self.push("resource ");
                self.name(name);
            }
            TypeDefKind::Type(Type::Id(other)) => self.alias(name, *other),
            kind => {
                self.push("type ");
                self.name(name);
                self.push(" = ");
                self.kind(kind);
            }
        }
    }

    /// A second name for a type, or a use of another interface's.
    fn alias(&mut self, name: &str, of: TypeId) {
        let owner = self.resolve.types.get(of).map(|definition| definition.owner);
        let interface = match owner {
            Some(wit_parser::TypeOwner::Interface(id)) => self
                .resolve
                .interfaces
                .get(id)
                .and_then(|interface| interface.package)
                .and_then(|_| self.resolve.id_of(id)),
            _ => None,
        };
        match interface {
            Some(interface) => {
                let _ = write!(self.text, "use {interface}.{{{name}}}");
            }
            None => {
                self.push("type ");
                self.name(name);
                self.push(" = ");
                self.ty(&Type::Id(of));
            }
        }
    }
}
