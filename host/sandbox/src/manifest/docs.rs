//! The documentation that a component carries along.

use std::collections::HashMap;

use wit_component::DecodedWasm;
use wit_parser::{WorldItem, WorldKey};

/// Doc comments by interface, and by slot.
#[derive(Default)]
pub(super) struct Documentation {
    interfaces: HashMap<String, InterfaceDocs>,
    /// What worlds say of their imports. A package with several worlds says it of all of them.
    slots: HashMap<String, String>,
}

/// Doc comments of one interface.
#[derive(Default)]
pub(super) struct InterfaceDocs {
    pub(super) text: Option<String>,
    pub(super) functions: HashMap<String, String>,
}

impl Documentation {
    /// Reads an encoded WIT package. One that cannot be read documents nothing.
    pub(super) fn read(package: &[u8]) -> Option<Documentation> {
        // First in one piece, since the decoder would make room for whatever a section claims to hold.
        wasmparser::Validator::new_with_features(wasmparser::WasmFeatures::all())
            .validate_all(package)
            .ok()?;
        let DecodedWasm::WitPackage(resolve, _) = wit_component::decode(package).ok()? else { return None };
        let mut docs = HashMap::new();
        for (id, interface) in resolve.interfaces.iter() {
            let Some(name) = interface.package.and_then(|_| resolve.id_of(id)) else { continue };
            let functions = interface
                .functions
                .iter()
                .filter_map(|(name, function)| Some((name.clone(), function.docs.contents.clone()?)))
                .collect();
            docs.insert(name, InterfaceDocs { text: interface.docs.contents.clone(), functions });
        }
        let mut slots = HashMap::new();
        for (_, world) in resolve.worlds.iter() {
            for (key, item) in &world.imports {
                let WorldItem::Interface { docs, .. } = item else { continue };
                let name = match key {
                    WorldKey::Name(name) => Some(name.clone()),
                    WorldKey::Interface(id) => resolve.id_of(*id),
                };
                if let (Some(name), Some(text)) = (name, &docs.contents) {
                    slots.entry(name).or_insert_with(|| text.clone());
                }
            }
        }
        Some(Documentation { interfaces: docs, slots })
    }

    /// Adds what another package documents. The first to say something of an interface is believed.
    pub(super) fn and(mut self, other: Documentation) -> Documentation {
        for (name, docs) in other.interfaces {
            let known = self.interfaces.entry(name).or_default();
            known.text = known.text.take().or(docs.text);
            for (function, text) in docs.functions {
                known.functions.entry(function).or_insert(text);
            }
        }
        for (name, text) in other.slots {
            self.slots.entry(name).or_insert(text);
        }
        self
    }

    pub(super) fn interface(&self, name: &str) -> Option<&InterfaceDocs> {
        self.interfaces.get(name)
    }

    pub(super) fn slot(&self, name: &str) -> Option<&String> {
        self.slots.get(name)
    }
}
