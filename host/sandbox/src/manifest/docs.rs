//! The documentation that a component carries along.

use std::collections::HashMap;

use wit_component::DecodedWasm;

/// Doc comments by interface.
#[derive(Default)]
pub(super) struct Documentation(HashMap<String, InterfaceDocs>);

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
        Some(Documentation(docs))
    }

    /// Adds what another package documents. The first to say something of an interface is believed.
    pub(super) fn and(mut self, other: Documentation) -> Documentation {
        for (name, docs) in other.0 {
            let known = self.0.entry(name).or_default();
            known.text = known.text.take().or(docs.text);
            for (function, text) in docs.functions {
                known.functions.entry(function).or_insert(text);
            }
        }
        self
    }

    pub(super) fn interface(&self, name: &str) -> Option<&InterfaceDocs> {
        self.0.get(name)
    }
}
