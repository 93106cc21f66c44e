//! The documentation that a component carries.
//!
//! Documentation comments of WIT do not survive into a component's types. So a component gets WIT packages beside them,
//! each in a custom section `powerbox:docs` of its own: one with a world `docs` that imports and exports just what the
//! component does, with the documentation of its slots, then the packages that these interfaces come from. It is what
//! the plugin's author says; what counts are the component's own types.

use std::fmt::Write as _;

use anyhow::{Context, Result, bail};
use wit_component::DecodedWasm;
use wit_parser::{PackageName, Resolve, WorldId, WorldItem, WorldKey};

/// Encodes the WIT packages for a component. `resolve` has the sources of all packages that it uses.
pub(crate) fn encode(mut resolve: Resolve, component: &[u8]) -> Result<Vec<Vec<u8>>> {
    let DecodedWasm::Component(found, world) = wit_component::decode(component)? else {
        bail!("it is no component");
    };
    let text = world_text(&resolve, &found, world)?;
    let package = resolve.push_str("docs.wit", &text).with_context(|| text.clone())?;
    // An encoded package has the documentation of its own interfaces, and none of those that it refers to.
    let used: Vec<PackageName> = found.packages.iter().map(|(_, package)| package.name.clone()).collect();
    let others = used.iter().filter_map(|name| resolve.package_names.get(name).copied());
    std::iter::once(package)
        .chain(others)
        .map(|package| wit_component::encode(&resolve, package, false))
        .collect()
}

/// Writes the world, with the documentation that the sources give to its imports.
fn world_text(sources: &Resolve, found: &Resolve, world: WorldId) -> Result<String> {
    let mut text = "package powerbox:docs;\nworld docs {\n".to_owned();
    let world = found.worlds.get(world).context("it has no world")?;
    for (direction, items) in [("import", &world.imports), ("export", &world.exports)] {
        for (key, item) in items {
            let WorldItem::Interface { id, .. } = item else { continue };
            // What an engine brings along, WASI, nobody here has documented.
            let package =
                found.interfaces.get(*id).and_then(|interface| found.packages.get(interface.package?));
            if package.is_some_and(|package| !sources.package_names.contains_key(&package.name)) {
                continue;
            }
            let name = found.name_world_key(key);
            for line in item_docs(sources, &name).lines() {
                writeln!(text, "/// {line}")?;
            }
            match found.implements_interface(key, item).and_then(|id| found.id_of(id)) {
                Some(interface) => writeln!(text, "{direction} %{name}: {interface};")?,
                None if matches!(key, WorldKey::Interface(_)) => writeln!(text, "{direction} {name};")?,
                // An interface that has no name of its own has no documentation to be found by.
                None => {}
            }
        }
    }
    text.push_str("}\n");
    Ok(text)
}

/// Gives what any world of the sources says about an import of this name.
fn item_docs(sources: &Resolve, name: &str) -> String {
    let worlds = sources.worlds.iter().flat_map(|(_, world)| &world.imports);
    let docs =
        worlds.filter(|(key, _)| sources.name_world_key(key) == name).find_map(|(_, item)| match item {
            WorldItem::Interface { docs, .. } => docs.contents.clone(),
            _ => None,
        });
    docs.unwrap_or_default()
}
