//! Reading a manifest.
//!
//! Two readers see the bytes. `wasmparser` validates them and says exactly which functions each import has;
//! `wit-parser` gives the types their names. The second merges slots of one interface, so its functions are taken by
//! the names that the first one found.

use wasmparser::component_types::{ComponentEntityType, ComponentItem};
use wasmparser::types::TypesRef;
use wasmparser::{Encoding, Parser, Payload, Validator, WasmFeatures};
use wit_component::DecodedWasm;
use wit_parser::{Function, FunctionKind, InterfaceId, Resolve, TypeDefKind, WorldItem};

use super::docs::Documentation;
use super::{
    About, CustomSection, Manifest, ManifestError, ManifestFunction, ManifestInterface, ManifestParam,
    SlotKind,
};
use crate::digest::Digest;
use crate::wit_text;

/// The custom sections in which our build step keeps the WIT packages of a component, documentation included: one
/// section for each package, since an encoded package has the documentation of itself alone.
pub const DOCS_SECTION: &str = "powerbox:docs";

pub(super) fn read(bytes: &[u8]) -> Result<Manifest, ManifestError> {
    let outline = Outline::of(bytes)?;
    let (resolve, world) = match wit_component::decode(bytes).map_err(|error| invalid(&error))? {
        DecodedWasm::Component(resolve, world) => (resolve, world),
        DecodedWasm::WitPackage(..) => return Err(ManifestError::WitPackage),
    };
    let world =
        resolve.worlds.get(world).ok_or_else(|| ManifestError::Invalid("it has no world".to_owned()))?;
    let docs = outline
        .sections
        .iter()
        .filter(|section| section.name == DOCS_SECTION)
        .filter_map(|section| Documentation::read(&section.data))
        .fold(Documentation::default(), Documentation::and);
    let side = |items: &[Outlined], world: &dyn Fn(&str) -> Option<WorldItem>| {
        items
            .iter()
            .map(|item| {
                let known = world(&item.name).ok_or_else(|| {
                    ManifestError::Invalid(format!("{} is no interface, function or type", item.name))
                })?;
                Ok(describe(&resolve, item, &known, &docs))
            })
            .collect::<Result<Vec<_>, ManifestError>>()
    };
    let imports = side(&outline.imports, &|name| {
        let found = world.imports.iter().find(|(key, _)| resolve.name_world_key(key) == name);
        found.map(|(_, item)| item.clone())
    })?;
    let exports = side(&outline.exports, &|name| {
        let found = world.exports.iter().find(|(key, _)| resolve.name_world_key(key) == name);
        found.map(|(_, item)| item.clone())
    })?;
    Ok(Manifest {
        digest: Digest::of(bytes),
        size: bytes.len() as u64,
        about: About::read(&outline.sections),
        imports,
        exports,
        sections: outline.sections,
    })
}

fn invalid(error: &dyn std::fmt::Display) -> ManifestError {
    ManifestError::Invalid(format!("{error:#}"))
}

/// What `wasmparser` sees.
#[derive(Default)]
struct Outline {
    imports: Vec<Outlined>,
    exports: Vec<Outlined>,
    sections: Vec<CustomSection>,
}

struct Outlined {
    name: String,
    named: bool,
    /// The functions, where it is an interface.
    functions: Vec<String>,
}

impl Outlined {
    fn new(types: &TypesRef<'_>, name: String, item: Option<&ComponentItem>) -> Outlined {
        let mut functions = Vec::new();
        if let Some(ComponentEntityType::Instance(instance)) = item.map(|item| &item.ty) {
            let exports = &types[*instance].exports;
            let is_function = |item: &ComponentItem| matches!(item.ty, ComponentEntityType::Func(_));
            functions
                .extend(exports.iter().filter(|(_, item)| is_function(item)).map(|(name, _)| name.clone()));
        }
        let named = item.is_some_and(|item| item.implements.is_some());
        Outlined { name, named, functions }
    }
}

impl Outline {
    fn of(bytes: &[u8]) -> Result<Outline, ManifestError> {
        if !bytes.starts_with(b"\0asm") {
            return Err(ManifestError::NotWasm);
        }
        let mut outline = Outline::default();
        let (mut imports, mut exports) = (Vec::new(), Vec::new());
        let mut validator = Validator::new_with_features(WasmFeatures::all());
        let mut depth = 0usize;
        for payload in Parser::new(0).parse_all(bytes) {
            let payload = payload.map_err(|error| invalid(&error))?;
            match &payload {
                Payload::Version { encoding: Encoding::Module, .. } if depth == 0 => {
                    return Err(ManifestError::CoreModule);
                }
                Payload::Version { .. } => depth += 1,
                Payload::End(_) => depth = depth.saturating_sub(1),
                Payload::CustomSection(section) if depth == 1 => outline.sections.push(CustomSection {
                    name: section.name().to_owned(),
                    size: section.data().len() as u64,
                    data: section.data().to_vec(),
                }),
                Payload::ComponentImportSection(section) if depth == 1 => {
                    for import in section.clone() {
                        imports.push(import.map_err(|error| invalid(&error))?.name.name.to_owned());
                    }
                }
                Payload::ComponentExportSection(section) if depth == 1 => {
                    for export in section.clone() {
                        exports.push(export.map_err(|error| invalid(&error))?.name.name.to_owned());
                    }
                }
                _ => {}
            }
            let valid = validator.payload(&payload).map_err(|error| invalid(&error))?;
            if let wasmparser::ValidPayload::End(types) = valid
                && depth == 0
            {
                let types = types.as_ref();
                for name in imports.drain(..) {
                    let item = types.component_item_for_import(&name);
                    outline.imports.push(Outlined::new(&types, name, item));
                }
                for name in exports.drain(..) {
                    let item = types.component_item_for_export(&name);
                    outline.exports.push(Outlined::new(&types, name, item));
                }
            }
        }
        Ok(outline)
    }
}

fn describe(
    resolve: &Resolve,
    outlined: &Outlined,
    item: &WorldItem,
    docs: &Documentation,
) -> ManifestInterface {
    let mut described = ManifestInterface {
        slot: outlined.name.clone(),
        kind: SlotKind::Interface,
        interface: None,
        named: outlined.named,
        functions: Vec::new(),
        resources: Vec::new(),
        types: Vec::new(),
        docs: None,
    };
    match item {
        WorldItem::Interface { id, .. } => {
            describe_interface(resolve, outlined, *id, docs, &mut described);
            // What the author says of this very slot tells more than what the interface is in general.
            if let Some(text) = docs.slot(&outlined.name) {
                described.docs = Some(text.clone());
            }
        }
        WorldItem::Function(function) => {
            described.kind = SlotKind::Function;
            described.functions.push(describe_function(resolve, function, None));
        }
        WorldItem::Type { id, .. } => {
            described.kind = SlotKind::Type;
            described.types.extend(wit_text::definition(resolve, *id));
        }
    }
    described
}

fn describe_interface(
    resolve: &Resolve,
    outlined: &Outlined,
    id: InterfaceId,
    docs: &Documentation,
    described: &mut ManifestInterface,
) {
    let Some(interface) = resolve.interfaces.get(id) else { return };
    described.interface = interface.package.and_then(|_| resolve.id_of(id));
    let docs = described.interface.as_deref().and_then(|name| docs.interface(name));
    described.docs = docs.and_then(|docs| docs.text.clone());
    for id in interface.types.values() {
        let Some(ty) = resolve.types.get(*id) else { continue };
        match (&ty.kind, &ty.name) {
            (TypeDefKind::Resource, Some(name)) => described.resources.push(name.clone()),
            _ => described.types.extend(wit_text::definition(resolve, *id)),
        }
    }
    for name in &outlined.functions {
        if let Some(function) = interface.functions.get(name) {
            let text = docs.and_then(|docs| docs.functions.get(name).cloned());
            described.functions.push(describe_function(resolve, function, text));
        }
    }
}

fn describe_function(resolve: &Resolve, function: &Function, docs: Option<String>) -> ManifestFunction {
    ManifestFunction {
        name: function.name.clone(),
        is_async: is_async(&function.kind),
        params: function
            .params
            .iter()
            .map(|param| ManifestParam { name: param.name.clone(), ty: wit_text::ty(resolve, &param.ty) })
            .collect(),
        result: function.result.as_ref().map(|ty| wit_text::ty(resolve, ty)),
        signature: wit_text::signature(resolve, function),
        docs,
    }
}

fn is_async(kind: &FunctionKind) -> bool {
    matches!(
        kind,
        FunctionKind::AsyncFreestanding | FunctionKind::AsyncMethod(_) | FunctionKind::AsyncStatic(_)
    )
}
