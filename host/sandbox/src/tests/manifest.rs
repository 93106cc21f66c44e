//! Reading components without running them.

use wit_parser::Resolve;

use super::fixture::{CAPS, component, dummy};
use crate::manifest::DOCS_SECTION;
use crate::{Digest, Manifest, ManifestError, SlotKind};

const WORLD: &str = "
    interface commands { describe: func() -> string; run: async func(words: list<string>) -> result<string, string>; }
    world plugin { import inventory: directory; import trash: directory; export commands; }";

fn append_section(bytes: &mut Vec<u8>, name: &str, data: &[u8]) {
    fn length(mut value: usize) -> Vec<u8> {
        let mut bytes = Vec::new();
        loop {
            let low = (value & 0x7f) as u8;
            value >>= 7;
            if value == 0 {
                bytes.push(low);
                return bytes;
            }
            bytes.push(low | 0x80);
        }
    }
    let mut body = length(name.len());
    body.extend(name.as_bytes());
    body.extend(data);
    bytes.push(0);
    bytes.extend(length(body.len()));
    bytes.extend(body);
}

#[test]
fn a_manifest_names_slots_interfaces_and_types() {
    let bytes = dummy(&format!("{CAPS} {WORLD}"));
    let manifest = Manifest::read(&bytes).unwrap();
    assert_eq!((manifest.size, manifest.digest), (bytes.len() as u64, Digest::of(&bytes)));
    let slots: Vec<_> =
        manifest.imports.iter().map(|i| (&*i.slot, i.interface.as_deref().unwrap(), i.named)).collect();
    assert_eq!(
        slots,
        [
            ("demo:caps/types@0.1.0", "demo:caps/types@0.1.0", false),
            ("inventory", "demo:caps/directory@0.1.0", true),
            ("trash", "demo:caps/directory@0.1.0", true),
        ]
    );
    let types = manifest.import("demo:caps/types@0.1.0").unwrap();
    assert_eq!(types.resources, ["object"]);
    assert_eq!(types.types, ["record reply { text: string, slots: list<object> }"]);
    let mut signatures: Vec<_> = types.functions.iter().map(|f| &*f.signature).collect();
    signatures.sort();
    assert_eq!(
        signatures,
        [
            "object.call: async func(method: string, others: list<borrow<object>>) -> result<reply, string>",
            "object.duplicate: func() -> object",
        ]
    );
    let trash = manifest.import("trash").unwrap();
    let lookup = trash.functions.iter().find(|f| f.name == "lookup").unwrap();
    assert_eq!(lookup.signature, "lookup: async func(path: string) -> result<object, string>");
    assert!(lookup.is_async);
    let [commands] = &*manifest.exports else { panic!("{:?}", manifest.exports) };
    assert_eq!(commands.interface.as_deref(), Some("demo:caps/commands@0.1.0"));
    assert_eq!(commands.functions.len(), 2);
}

#[test]
fn a_slot_has_the_functions_that_are_used_of_it() {
    // `remove` is used of the trash alone.
    let bytes = component(
        &format!("{CAPS} {WORLD}"),
        r#"
        (import "inventory" "lookup" (func (param i32 i32 i32)))
        (import "trash" "remove" (func (param i32 i32 i32)))
        (memory (export "memory") 1)
        (func (export "cabi_realloc") (param i32 i32 i32 i32) (result i32) unreachable)
        (func (export "demo:caps/commands@0.1.0#describe") (result i32) unreachable)
        (func (export "demo:caps/commands@0.1.0#run") (param i32 i32) (result i32) unreachable)"#,
    );
    let manifest = Manifest::read(&bytes).unwrap();
    let functions = |slot: &str| -> Vec<String> {
        manifest.import(slot).unwrap().functions.iter().map(|f| f.name.clone()).collect()
    };
    assert_eq!((functions("inventory"), functions("trash")), (vec!["lookup".into()], vec!["remove".into()]));
}

#[test]
fn documentation_comes_from_a_custom_section() {
    let wit = format!("{CAPS} {WORLD}");
    let mut bytes = dummy(&wit);
    let mut resolve = Resolve::default();
    let package = resolve.push_str("test.wit", &wit).unwrap();
    let encoded = wit_component::encode(&resolve, package, false).unwrap();
    append_section(&mut bytes, DOCS_SECTION, &encoded);
    append_section(&mut bytes, "note", b"hello");
    let manifest = Manifest::read(&bytes).unwrap();
    assert_eq!(manifest.section("note"), Some(&b"hello"[..]));
    assert_eq!(manifest.section(DOCS_SECTION).map(<[u8]>::len), Some(encoded.len()));
    let trash = manifest.import("trash").unwrap();
    assert_eq!(trash.docs.as_deref(), Some("Names."));
    let lookup = trash.functions.iter().find(|f| f.name == "lookup").unwrap();
    assert_eq!(lookup.docs.as_deref(), Some("Finds."));
    // Documentation that cannot be read is none.
    let mut bytes = dummy(&wit);
    append_section(&mut bytes, DOCS_SECTION, &encoded[..encoded.len() / 2]);
    assert_eq!(Manifest::read(&bytes).unwrap().import("trash").unwrap().docs, None);
}

#[test]
fn bare_imports_are_shown_as_what_they_are() {
    let bytes = dummy("package a:b; world plugin { import beep: func(times: u32); export go: func(); }");
    let manifest = Manifest::read(&bytes).unwrap();
    let [beep] = &*manifest.imports else { panic!("{:?}", manifest.imports) };
    assert_eq!((beep.kind, &*beep.functions[0].signature), (SlotKind::Function, "beep: func(times: u32)"));
    assert_eq!(manifest.exports[0].kind, SlotKind::Function);
}

#[test]
fn names_that_are_words_of_wit_are_marked() {
    let bytes = dummy(
        "package a:b; interface i { record r { %list: %list } type %list = u8; %use: func(%own: r) -> %list; }
         world plugin { import i; }",
    );
    let manifest = Manifest::read(&bytes).unwrap();
    let import = &manifest.imports[0];
    assert_eq!(import.functions[0].signature, "%use: func(%own: r) -> %list");
    assert!(import.types.contains(&"record r { %list: %list }".to_owned()), "{:?}", import.types);
}

#[test]
fn a_manifest_survives_json() {
    let manifest = Manifest::read(&dummy(&format!("{CAPS} {WORLD}"))).unwrap();
    let json = serde_json::to_string(&manifest).unwrap();
    let mut back: Manifest = serde_json::from_str(&json).unwrap();
    for (section, original) in back.sections.iter_mut().zip(&manifest.sections) {
        section.data = original.data.clone();
    }
    assert_eq!(back, manifest);
}

#[test]
fn what_is_no_component_is_refused_with_its_kind() {
    assert_eq!(Manifest::read(b""), Err(ManifestError::NotWasm));
    assert_eq!(Manifest::read(b"hello"), Err(ManifestError::NotWasm));
    assert_eq!(Manifest::read(&wat::parse_str("(module)").unwrap()), Err(ManifestError::CoreModule));
    let mut resolve = Resolve::default();
    let package = resolve.push_str("test.wit", CAPS).unwrap();
    let package = wit_component::encode(&resolve, package, false).unwrap();
    assert_eq!(Manifest::read(&package), Err(ManifestError::WitPackage));
    let large = vec![0; crate::Limits::FILE_BYTES + 1];
    assert!(matches!(Manifest::read(&large), Err(ManifestError::TooLarge { .. })));
}

#[test]
fn no_prefix_and_no_flipped_byte_makes_reading_panic() {
    let bytes = dummy(&format!("{CAPS} {WORLD}"));
    for length in 0..bytes.len() {
        let _ = Manifest::read(&bytes[..length]);
    }
    for index in (0..bytes.len()).step_by(3) {
        let mut bytes = bytes.clone();
        bytes[index] ^= 0x41;
        let _ = Manifest::read(&bytes);
    }
}

#[test]
fn a_section_that_claims_gigabytes_costs_nothing() {
    let mut bytes = dummy(&format!("{CAPS} {WORLD}"));
    bytes.extend([0, 0xff, 0xff, 0xff, 0xff, 0x0f]);
    assert!(matches!(Manifest::read(&bytes), Err(ManifestError::Invalid(_))));
}
