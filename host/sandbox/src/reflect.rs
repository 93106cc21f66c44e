//! Reading a compiled component's types into the host's own, once per load.

use std::sync::Arc;

use wasmtime::component::types::{self, ComponentItem};
use wasmtime::component::{ComponentExportIndex, ResourceType};

use crate::component::Refusal;
use crate::engine::Engine;
use crate::wit::{Case, Export, Field, Function, FunctionKind, Import, Param, Resource, ResultType, Type};

/// Types are trees here and graphs in a component, where a few bytes can name a type of a million nodes. Above this
/// many nodes in all, types count as unsupported.
const MAX_TYPE_NODES: usize = 200_000;

/// What a component shows to its host.
pub(crate) struct Surface {
    pub(crate) imports: Vec<Import>,
    /// Per import: the resources its instance names, declared there or only used, with their numbers.
    pub(crate) resources: Vec<Vec<(String, u32)>>,
    pub(crate) exports: Vec<Export>,
    /// By index of the exported functions.
    pub(crate) calls: Vec<ComponentExportIndex>,
}

/// Reads imports and exports, or lists every import that is not to be had.
pub(crate) fn surface(
    engine: &Engine,
    compiled: &wasmtime::component::Component,
    offered: impl Fn(&Import) -> bool,
) -> Result<Surface, Vec<Refusal>> {
    let engine = engine.wasmtime();
    let ty = compiled.component_type();
    let mut reader = Reader { resources: Vec::new(), nodes: 0 };
    let mut surface =
        Surface { imports: Vec::new(), resources: Vec::new(), exports: Vec::new(), calls: Vec::new() };
    let mut refused = Vec::new();
    let mut index = 0;
    for (slot, item) in ty.imports(engine) {
        let refusal = |reason: Option<String>| Refusal {
            slot: slot.to_owned(),
            interface: item.implements.map(str::to_owned),
            reason,
        };
        let ComponentItem::ComponentInstance(instance) = &item.ty else {
            refused.push(refusal(Some(format!("a bare {}, not an interface", what(&item.ty)))));
            continue;
        };
        match reader.import(engine, slot, item.implements, instance, &mut index) {
            Err(reason) => refused.push(refusal(Some(reason))),
            Ok((import, resources)) => {
                let idle = import.functions.is_empty() && import.resources.is_empty();
                if !idle && !offered(&import) {
                    refused.push(refusal(None));
                }
                surface.imports.push(import);
                surface.resources.push(resources);
            }
        }
    }
    if !refused.is_empty() {
        return Err(refused);
    }
    for (name, item) in ty.exports(engine) {
        match &item.ty {
            ComponentItem::ComponentInstance(instance) => {
                let Some(parent) = compiled.get_export_index(None, name) else { continue };
                let slot: Arc<str> = name.into();
                let interface = item.implements.map_or_else(|| Arc::clone(&slot), Arc::from);
                let mut functions = Vec::new();
                for (name, item) in instance.exports(engine) {
                    if let ComponentItem::ComponentFunc(ty) = &item.ty
                        && let Some(call) = compiled.get_export_index(Some(&parent), name)
                    {
                        let index = surface.calls.len();
                        let function = reader.function(index, &slot, &interface, name, ty);
                        if function.unsupported().is_none() {
                            functions.push(Arc::new(function));
                            surface.calls.push(call);
                        }
                    }
                }
                surface.exports.push(Export { name: slot, interface, functions });
            }
            ComponentItem::ComponentFunc(ty) => {
                let Some(call) = compiled.get_export_index(None, name) else { continue };
                let function = reader.function(surface.calls.len(), &"".into(), &"".into(), name, ty);
                if function.unsupported().is_none() {
                    surface.calls.push(call);
                    surface.exports.push(Export {
                        name: name.into(),
                        interface: "".into(),
                        functions: vec![Arc::new(function)],
                    });
                }
            }
            // Other exports are of no use to this host, and no harm.
            _ => {}
        }
    }
    Ok(surface)
}

/// What an import is, where it is no interface.
fn what(item: &ComponentItem) -> &'static str {
    match item {
        ComponentItem::ComponentFunc(_) | ComponentItem::CoreFunc(_) => "function",
        ComponentItem::Module(_) => "module",
        ComponentItem::Component(_) => "component",
        ComponentItem::ComponentInstance(_) => "interface",
        ComponentItem::Type(_) => "type",
        ComponentItem::Resource(_) => "resource",
    }
}

/// Reads types and numbers the imported resources as it meets them.
struct Reader {
    resources: Vec<(ResourceType, Resource)>,
    nodes: usize,
}

impl Reader {
    fn import(
        &mut self,
        engine: &wasmtime::Engine,
        slot: &str,
        implements: Option<&str>,
        instance: &types::ComponentInstance,
        index: &mut usize,
    ) -> Result<(Import, Vec<(String, u32)>), String> {
        let named = implements.is_some();
        let slot: Arc<str> = slot.into();
        let interface = implements.map_or_else(|| Arc::clone(&slot), Arc::from);
        let mut import = Import { slot, interface, named, functions: Vec::new(), resources: Vec::new() };
        let mut bindings = Vec::new();
        // Resources first: functions refer to them, and may come before them.
        for (name, item) in instance.exports(engine) {
            if let ComponentItem::Resource(ty) = &item.ty {
                let known = self.resources.iter().find(|(known, _)| known == ty);
                let id = match known {
                    Some((_, resource)) => resource.id(),
                    None => {
                        let id = u32::try_from(self.resources.len())
                            .map_err(|_| "too many resources".to_owned())?;
                        let resource = Resource::new(id, name, &import.slot, &import.interface);
                        self.resources.push((*ty, resource.clone()));
                        import.resources.push(resource);
                        id
                    }
                };
                bindings.push((name.to_owned(), id));
            }
        }
        for (name, item) in instance.exports(engine) {
            match &item.ty {
                ComponentItem::ComponentFunc(ty) => {
                    let function = self.function(*index, &import.slot, &import.interface, name, ty);
                    if let Some(unsupported) = function.unsupported() {
                        return Err(format!("{name} uses a {unsupported}"));
                    }
                    import.functions.push(Arc::new(function));
                    *index += 1;
                }
                ComponentItem::Resource(_) | ComponentItem::Type(_) => {}
                other => return Err(format!("{name} is a {}", what(other))),
            }
        }
        Ok((import, bindings))
    }

    fn function(
        &mut self,
        index: usize,
        slot: &Arc<str>,
        interface: &Arc<str>,
        name: &str,
        ty: &types::ComponentFunc,
    ) -> Function {
        let params: Arc<[Param]> =
            ty.params().map(|(name, ty)| Param { name: name.into(), ty: self.ty(&ty) }).collect();
        let result = ty.results().next().map(|ty| self.ty(&ty));
        let (kind, item) = match name.strip_prefix('[').and_then(|rest| rest.split_once(']')) {
            Some(("method", path)) => match (params.first().map(|param| &param.ty), path.split_once('.')) {
                (Some(Type::Borrow(resource)), Some((_, item))) => {
                    (FunctionKind::Method(resource.clone()), item)
                }
                _ => (FunctionKind::Free, name),
            },
            Some(("static", path)) => match path.split_once('.') {
                Some((resource, item)) => (FunctionKind::Static(resource.into()), item),
                None => (FunctionKind::Free, name),
            },
            Some(("constructor", resource)) => (FunctionKind::Constructor(resource.into()), resource),
            _ => (FunctionKind::Free, name),
        };
        Function {
            index,
            slot: Arc::clone(slot),
            interface: Arc::clone(interface),
            name: name.into(),
            item: item.into(),
            kind,
            is_async: ty.async_(),
            params,
            result,
        }
    }

    fn resource(&self, ty: &ResourceType) -> Option<Resource> {
        self.resources.iter().find(|(known, _)| known == ty).map(|(_, resource)| resource.clone())
    }

    fn ty(&mut self, ty: &types::Type) -> Type {
        self.nodes += 1;
        if self.nodes > MAX_TYPE_NODES {
            return Type::Unsupported("type that is too large");
        }
        match ty {
            types::Type::Bool => Type::Bool,
            types::Type::S8 => Type::S8,
            types::Type::U8 => Type::U8,
            types::Type::S16 => Type::S16,
            types::Type::U16 => Type::U16,
            types::Type::S32 => Type::S32,
            types::Type::U32 => Type::U32,
            types::Type::S64 => Type::S64,
            types::Type::U64 => Type::U64,
            types::Type::Float32 => Type::F32,
            types::Type::Float64 => Type::F64,
            types::Type::Char => Type::Char,
            types::Type::String => Type::String,
            types::Type::List(list) => Type::List(Arc::new(self.ty(&list.ty()))),
            types::Type::Option(option) => Type::Option(Arc::new(self.ty(&option.ty()))),
            types::Type::Result(result) => Type::Result(Arc::new(ResultType {
                ok: result.ok().map(|ty| self.ty(&ty)),
                err: result.err().map(|ty| self.ty(&ty)),
            })),
            types::Type::Tuple(tuple) => Type::Tuple(tuple.types().map(|ty| self.ty(&ty)).collect()),
            types::Type::Record(record) => Type::Record(
                record
                    .fields()
                    .map(|field| Field { name: field.name.into(), ty: self.ty(&field.ty) })
                    .collect(),
            ),
            types::Type::Variant(variant) => Type::Variant(
                variant
                    .cases()
                    .map(|case| Case { name: case.name.into(), ty: case.ty.map(|ty| self.ty(&ty)) })
                    .collect(),
            ),
            types::Type::Enum(cases) => Type::Enum(cases.names().map(Arc::from).collect()),
            types::Type::Flags(flags) => Type::Flags(flags.names().map(Arc::from).collect()),
            types::Type::Own(ty) => match self.resource(ty) {
                Some(resource) => Type::Own(resource),
                None => Type::Unsupported("resource of the component's own"),
            },
            types::Type::Borrow(ty) => match self.resource(ty) {
                Some(resource) => Type::Borrow(resource),
                None => Type::Unsupported("resource of the component's own"),
            },
            types::Type::Map(_) => Type::Unsupported("map"),
            types::Type::Future(_) => Type::Unsupported("future"),
            types::Type::Stream(_) => Type::Unsupported("stream"),
            types::Type::ErrorContext => Type::Unsupported("error-context"),
            types::Type::FixedLengthList(_) => Type::Unsupported("list of fixed length"),
        }
    }
}
