//! Components that must not be loaded.

use super::fixture::{CAPS, Object, dummy, engine};
use crate::{Component, Limits, LoadError};

async fn load(bytes: impl AsRef<[u8]> + Send + Sync + 'static, offered: &[&str]) -> Result<(), LoadError> {
    Component::<Object>::load(&engine(), None, bytes, |import| offered.contains(&&*import.interface))
        .await
        .map(drop)
}

fn wit(imports: &str) -> String {
    format!(
        "{CAPS}
         interface clock {{ now: func() -> u64; }}
         interface labels {{ enum colour {{ red, green }} }}
         world plugin {{ {imports} }}"
    )
}

#[tokio::test]
async fn one_message_names_every_import_that_is_not_offered() {
    let bytes =
        dummy(&wit("import clock; import inbox: directory; import trash: directory; import beep: func();"));
    let error = load(bytes, &["demo:caps/types@0.1.0"]).await.unwrap_err();
    assert_eq!(
        error.to_string(),
        "the component imports what is not offered here: demo:caps/clock@0.1.0, inbox \
         (demo:caps/directory@0.1.0), trash (demo:caps/directory@0.1.0), beep (a bare function, not an interface)"
    );
    let LoadError::Refused(refused) = error else { panic!("{error:?}") };
    assert_eq!(refused.len(), 4);
}

#[tokio::test]
async fn what_is_offered_loads() {
    let bytes = dummy(&wit("import clock; import inbox: directory;"));
    let offered = ["demo:caps/types@0.1.0", "demo:caps/clock@0.1.0", "demo:caps/directory@0.1.0"];
    load(bytes, &offered).await.unwrap();
}

#[tokio::test]
async fn an_interface_of_types_alone_needs_no_offer() {
    let bytes =
        dummy(&wit("import labels; import paint: interface { use labels.{colour}; mix: func() -> colour; }"));
    let error = load(bytes, &[]).await.unwrap_err();
    assert_eq!(error.to_string(), "the component imports what is not offered here: paint");
}

#[tokio::test]
async fn streams_and_futures_are_refused_by_name() {
    let bytes = dummy(&wit("import pipe: interface { open: func() -> stream<u8>; }"));
    let error = load(bytes, &["pipe"]).await.unwrap_err();
    assert_eq!(
        error.to_string(),
        "the component imports what is not offered here: pipe (open uses a stream)"
    );
}

#[tokio::test]
async fn what_is_no_component_is_refused() {
    let module = wat::parse_str("(module)").unwrap();
    for bytes in [module, b"hello".to_vec(), b"(component)".to_vec(), Vec::new()] {
        let error = load(bytes, &[]).await.unwrap_err();
        assert!(matches!(error, LoadError::Compile(_)), "{error:?}");
    }
    let error = load(vec![0; Limits::FILE_BYTES + 1], &[]).await.unwrap_err();
    assert!(matches!(error, LoadError::TooLarge { .. }), "{error:?}");
}

#[tokio::test]
async fn a_truncated_component_is_refused() {
    let bytes = dummy(&wit("import inbox: directory;"));
    for length in [8, bytes.len() / 2, bytes.len() - 1] {
        let error = load(bytes[..length].to_vec(), &["demo:caps/directory@0.1.0"]).await.map(drop);
        // The bare preamble is a component, an empty one.
        assert_eq!(error.is_ok(), length == 8, "{length}: {error:?}");
    }
}

#[tokio::test]
async fn a_type_that_is_huge_when_written_out_is_refused() {
    let mut types = String::from("type t0 = tuple<u8, u8>;");
    for level in 1..=15 {
        types += &format!("type t{level} = tuple<t{}, t{}>;", level - 1, level - 1);
    }
    let bytes = dummy(&format!(
        "package demo:huge; interface huge {{ {types} take: func(value: option<t15>) -> list<t15>; }}
         world plugin {{ import huge; }}"
    ));
    let manifest = crate::Manifest::read(&bytes).unwrap();
    assert_eq!(manifest.imports[0].functions[0].signature, "take: func(value: option<t15>) -> list<t15>");
    let error = load(bytes, &["demo:huge/huge"]).await.unwrap_err();
    assert_eq!(
        error.to_string(),
        "the component imports what is not offered here: demo:huge/huge (take uses a type that is too large)"
    );
}
