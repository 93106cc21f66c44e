use powerbox_sandbox::wit::interface_matches;
use powerbox_sandbox::{Function, Manifest, ManifestInterface, SlotKind};

use crate::local::LOCAL_INTERFACES;
use crate::local::wasi::{VIRTUAL_WASI, WASI, is_wasi};

/// The interfaces of this version of the contract whose functions go to daemon objects.
const DAEMON_INTERFACES: &[&str] = &[
    "endo:daemon/directory@0.1.0",
    "endo:daemon/directory-writer@0.1.0",
    "endo:daemon/storer@0.1.0",
    "endo:daemon/canceller@0.1.0",
    "endo:daemon/agents@0.1.0",
];

/// The version of the contract whose local powers this host serves.
const CONTRACT_VERSION: &str = "0.1.0";

/// Tells whether the host knows an interface, in a version that it serves.
pub fn known_interface(interface: &str) -> bool {
    DAEMON_INTERFACES.iter().any(|known| interface_matches(interface, known))
        || local_interface(interface).is_some()
}

/// The local power behind an interface, without its version.
pub(crate) fn local_interface(interface: &str) -> Option<&'static str> {
    if interface == WASI {
        return Some(VIRTUAL_WASI);
    }
    LOCAL_INTERFACES
        .iter()
        .find(|known| interface_matches(interface, &format!("{known}@{CONTRACT_VERSION}")))
        .copied()
}

/// Whether an interface is this one of the contract, in a version that the host serves.
pub(crate) fn is_power(interface: &str, power: &str) -> bool {
    interface_matches(interface, &format!("{power}@{CONTRACT_VERSION}"))
}

/// The local power of a name, without its version, if this host still has it.
pub(crate) fn local_interface_named(name: &str) -> Option<&'static str> {
    LOCAL_INTERFACES.iter().find(|known| **known == name).copied()
}

/// A slot of a component: what is granted and revoked as one. Mostly one import; all of WASI is one slot.
#[derive(Clone, Debug)]
pub struct AskedSlot<'a> {
    /// Its name.
    pub slot: &'a str,
    /// Its interface with the version, or [`WASI`].
    pub interface: &'a str,
    /// The imports that go through it.
    pub imports: Vec<&'a ManifestInterface>,
}

impl AskedSlot<'_> {
    /// Whether it has a name of its own, beside that of its interface.
    pub fn is_named(&self) -> bool {
        self.imports.iter().any(|import| import.named)
    }
}

/// The slots of a component: the interfaces that it imports with functions of their own, and [`WASI`] if it imports any
/// of that.
///
/// An interface that has only types, or methods of resources, asks for nothing: a method can only be called on a
/// reference that came through some slot or argument.
pub fn slots(manifest: &Manifest) -> impl Iterator<Item = AskedSlot<'_>> {
    let (of_wasi, others): (Vec<_>, Vec<_>) =
        manifest.imports.iter().filter(|import| asks(import)).partition(|import| imports_wasi(import));
    let wasi = (!of_wasi.is_empty()).then_some(AskedSlot { slot: WASI, interface: WASI, imports: of_wasi });
    let others = others.into_iter().map(|import| AskedSlot {
        slot: &import.slot,
        interface: import.interface_or_slot(),
        imports: vec![import],
    });
    others.chain(wasi)
}

/// Whether an import is one of those that go through the slot [`WASI`].
pub fn imports_wasi(import: &ManifestInterface) -> bool {
    import.kind == SlotKind::Interface && is_wasi(import.interface_or_slot())
}

/// The slot through which a function of an import is called.
pub(crate) fn slot_of(function: &Function) -> &str {
    if is_wasi(&function.interface) { WASI } else { &function.slot }
}

/// The slot that a user means: by its whole name, or for a plain import by the last part of its interface if only one
/// slot ends so: `http` for `powerbox:plugin/http@0.1.0`.
pub fn slot_meant<'a>(manifest: &'a Manifest, name: &str) -> Option<AskedSlot<'a>> {
    let last = |slot: &str| slot.rsplit('/').next().and_then(|last| last.split('@').next()) == Some(name);
    let mut near = slots(manifest).filter(|slot| last(slot.slot));
    let exact = slots(manifest).find(|slot| slot.slot == name);
    exact.or_else(|| near.next().filter(|_| near.next().is_none()))
}

fn asks(import: &ManifestInterface) -> bool {
    import.functions.iter().any(|function| makes_authority(&function.name))
}

/// Whether a function can be called without a reference that came from elsewhere: all but methods can.
fn makes_authority(function: &str) -> bool {
    !function.starts_with("[method]")
}

/// The imports that nobody can answer: interfaces that the host does not know and the user did not bind, versions of
/// the contract that it does not serve, and imports that are no interfaces. Each in words.
pub fn refused_imports(manifest: &Manifest, bound: impl Fn(&str) -> bool) -> Vec<String> {
    let mut refused = Vec::new();
    for import in &manifest.imports {
        let interface = import.interface_or_slot();
        let ours = interface.starts_with("powerbox:plugin/") || interface.starts_with("endo:daemon/");
        let (name, _) = interface.split_once('@').unwrap_or((interface, ""));
        let served = interface_matches(interface, &format!("{name}@{CONTRACT_VERSION}"));
        let fine = match import.kind {
            SlotKind::Function => false,
            SlotKind::Type => true,
            SlotKind::Interface if ours && !served => false,
            SlotKind::Interface if !asks(import) => true,
            SlotKind::Interface if is_wasi(interface) => true,
            // That name is taken.
            SlotKind::Interface if import.slot == WASI => false,
            SlotKind::Interface => known_interface(interface) || bound(&import.slot),
        };
        if !fine {
            refused.push(if import.named {
                format!("{} ({interface})", import.slot)
            } else {
                interface.to_owned()
            });
        }
    }
    refused
}
