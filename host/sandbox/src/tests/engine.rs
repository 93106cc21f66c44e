//! What is relied on of wasmtime and is not promised.

use std::time::{Duration, Instant};

use wasmtime::component::types::ComponentItem;
use wasmtime::{Config, Engine as Bare};

use super::fixture::{CAPS, dummy, processor_time};
use crate::{Engine, EngineOptions};

fn two_slots() -> Vec<u8> {
    dummy(&format!("{CAPS} world plugin {{ import inventory: directory; import trash: directory; }}"))
}

#[test]
fn named_slots_keep_their_names_and_show_their_interface() {
    let engine = Engine::new(EngineOptions::default()).unwrap();
    let component = wasmtime::component::Component::from_binary(engine.wasmtime(), &two_slots()).unwrap();
    let ty = component.component_type();
    let imports: Vec<_> = ty.imports(engine.wasmtime()).map(|(name, item)| (name.to_owned(), item)).collect();
    let names: Vec<_> = imports.iter().map(|(name, item)| (name.as_str(), item.implements)).collect();
    assert_eq!(
        names,
        [
            ("demo:caps/types@0.1.0", None),
            ("inventory", Some("demo:caps/directory@0.1.0")),
            ("trash", Some("demo:caps/directory@0.1.0")),
        ]
    );
    // The shared resource is one resource, seen through three instances.
    let resources: Vec<_> = imports
        .iter()
        .map(|(_, item)| match &item.ty {
            ComponentItem::ComponentInstance(instance) => {
                match instance.get_export(engine.wasmtime(), "object").unwrap().ty {
                    ComponentItem::Resource(resource) => resource,
                    other => panic!("{other:?}"),
                }
            }
            other => panic!("{other:?}"),
        })
        .collect();
    assert!(resources.iter().all(|resource| *resource == resources[0]));
}

#[test]
fn named_slots_need_the_setting_that_this_crate_makes() {
    let mut config = Config::new();
    config.wasm_component_model_async(true);
    let bare = Bare::new(&config).unwrap();
    let error = wasmtime::component::Component::from_binary(&bare, &two_slots()).map(drop).unwrap_err();
    assert!(format!("{error:#}").contains("implements"), "{error:#}");
}

#[test]
fn an_engine_is_made_quickly() {
    let start = processor_time();
    let engines: Vec<_> = (0..100).map(|_| Engine::new(EngineOptions::default()).unwrap()).collect();
    let used = processor_time() - start;
    assert!(used < Duration::from_millis(100), "{used:?} for a hundred");
    drop(engines);
}

#[test]
fn the_ticker_ends_with_its_engine() {
    let engine = Engine::new(EngineOptions::default()).unwrap();
    engine.ticker().unwrap();
    let weak = engine.wasmtime().weak();
    drop(engine);
    let start = Instant::now();
    // The thread holds the last reference to wasmtime's engine.
    while weak.upgrade().is_some() {
        assert!(start.elapsed() < Duration::from_secs(120), "the ticker still runs");
        std::thread::sleep(Duration::from_millis(1));
    }
}

#[test]
fn code_depends_on_the_options() {
    let a = Engine::new(EngineOptions::default()).unwrap();
    let b = Engine::new(EngineOptions::default()).unwrap();
    assert_eq!(a.compatibility(), b.compatibility());
    let pooled = Engine::new(EngineOptions::pooling(1)).unwrap();
    assert_eq!(a.compatibility(), pooled.compatibility(), "a host that stays and a command share a cache");
    assert_eq!(a.compatibility().len(), 16);
}
