//! Calls and handles across the boundary.

use super::fixture::{CAPS, MEMORY, Object, Recorder, component, failed, load, object, run};
use crate::wit::{Function, FunctionKind, Type, Val};
use crate::{Failure, Limits, Reply};

const WORLD: &str = "
    interface commands {
        use types.{object, reply};
        variant argument { text(string), target(object) }
        /// Looks up in both slots, and calls one found object with the other and the given one.
        run: async func(args: list<argument>) -> result<reply, string>;
        /// Calls `duplicate` and drops what it gets.
        copy: func(of: borrow<object>) -> u32;
        nothing: func();
    }
    world plugin { import inventory: directory; import trash: directory; export commands; }";

const CORE: &str = r#"
    (import "inventory" "lookup" (func $inventory (param i32 i32 i32)))
    (import "trash" "lookup" (func $trash (param i32 i32 i32)))
    (import "demo:caps/types@0.1.0" "[method]object.call" (func $call (param i32 i32 i32 i32 i32 i32)))
    (import "demo:caps/types@0.1.0" "[method]object.duplicate" (func $duplicate (param i32) (result i32)))
    (import "demo:caps/types@0.1.0" "[resource-drop]object" (func $drop (param i32)))
    (data (i32.const 16) "greet")
    ;; Results: 64 inventory, 128 trash, 192 call. Borrowed handles: 256.
    (func (export "demo:caps/commands@0.1.0#run") (param $args i32) (param $count i32) (result i32)
        ;; args[0] is a text: its pointer and length are the path.
        (call $inventory (i32.load offset=4 (local.get $args)) (i32.load offset=8 (local.get $args)) (i32.const 64))
        (call $trash (i32.load offset=4 (local.get $args)) (i32.load offset=8 (local.get $args)) (i32.const 128))
        ;; If the trash has it not, its error is ours: both results have their text at the same place.
        (if (i32.load8_u (i32.const 128)) (then (return (i32.const 128))))
        (i32.store (i32.const 256) (i32.load offset=4 (i32.const 128)))
        ;; args[1] is a target.
        (i32.store (i32.const 260) (i32.load offset=16 (local.get $args)))
        (call $call (i32.load offset=4 (i32.const 64)) (i32.const 16) (i32.const 5) (i32.const 256) (i32.const 2)
            (i32.const 192))
        (call $drop (i32.load offset=4 (i32.const 128)))
        (i32.const 192))
    (func (export "demo:caps/commands@0.1.0#copy") (param $of i32) (result i32)
        (call $drop (call $duplicate (local.get $of)))
        (call $drop (local.get $of))
        (i32.const 7))
    (func (export "demo:caps/commands@0.1.0#nothing"))
"#;

fn plugin() -> Vec<u8> {
    component(&format!("{CAPS} {WORLD}"), &format!("{CORE} {MEMORY}"))
}

fn answer(function: &Function, params: &[Val<Object>]) -> Reply<Object> {
    let slot = function.slot.clone();
    match (&*function.name, params) {
        ("lookup", [Val::String(path)]) if path == "missing" && &*slot == "trash" => {
            Reply::value(Val::err(Some(Val::string("no such name"))))
        }
        ("lookup", [Val::String(path)]) => {
            let found = object(&format!("{slot}/{path}"));
            Reply::later(async move {
                tokio::time::sleep(std::time::Duration::from_millis(1)).await;
                Ok(Some(Val::ok(Some(found))))
            })
        }
        ("[method]object.call", [_, _, Val::List(others)]) => Reply::value(Val::ok(Some(Val::record([
            ("text", Val::string("done")),
            ("slots", Val::List(vec![object("new"), others[0].clone()])),
        ])))),
        // A plain func whose answer takes time: the guest waits.
        ("[method]object.duplicate", _) => Reply::later(async {
            tokio::time::sleep(std::time::Duration::from_millis(1)).await;
            Ok(Some(object("copy")))
        }),
        _ => failed("not expected"),
    }
}

fn text(path: &str) -> Val<Object> {
    Val::variant("text", Some(Val::string(path)))
}

fn arguments(path: &str) -> Vec<Val<Object>> {
    vec![Val::List(vec![text(path), Val::variant("target", Some(object("mine")))])]
}

#[tokio::test]
async fn slots_are_told_apart_and_handles_come_out_exactly_once() {
    let component = load(plugin()).await;
    let host = Recorder::new(answer);
    let result = run(&component, "run", arguments("x"), host.clone(), &Limits::default()).await.unwrap();
    assert_eq!(
        result,
        Some(Val::ok(Some(Val::record([
            ("text", Val::string("done")),
            ("slots", Val::List(vec![object("new"), object("trash/x")])),
        ]))))
    );
    assert_eq!(
        host.calls(),
        [
            "inventory.lookup(x)",
            "trash.lookup(x)",
            "demo:caps/types@0.1.0.[method]object.call(<inventory/x>, greet, [<trash/x>, <mine>])",
        ]
    );
    // In: mine, inventory/x, trash/x (by the answers), new, trash/x (again, in the reply).
    // Out: new and trash/x in the result, trash/x by its drop, mine and inventory/x with the compartment.
    assert_eq!(host.dropped(), ["inventory/x", "mine", "trash/x"]);
}

#[tokio::test]
async fn error_results_are_results() {
    let component = load(plugin()).await;
    let host = Recorder::new(answer);
    let result =
        run(&component, "run", arguments("missing"), host.clone(), &Limits::default()).await.unwrap();
    assert_eq!(result, Some(Val::err(Some(Val::string("no such name")))));
    assert_eq!(host.dropped(), ["inventory/missing", "mine"]);
}

#[tokio::test]
async fn plain_functions_work_both_ways() {
    let component = load(plugin()).await;
    let host = Recorder::new(answer);
    let result =
        run(&component, "copy", vec![object("mine")], host.clone(), &Limits::default()).await.unwrap();
    assert_eq!(result, Some(Val::U32(7)));
    assert_eq!(host.dropped(), ["copy", "mine"]);
    let nothing = run(&component, "nothing", vec![], host, &Limits::default()).await.unwrap();
    assert_eq!(nothing, None);
}

#[tokio::test]
async fn a_component_describes_what_it_imports_and_exports() {
    let component = load(plugin()).await;
    let slots: Vec<_> = component.imports().iter().map(|i| (&*i.slot, &*i.interface, i.named)).collect();
    assert_eq!(
        slots,
        [
            ("demo:caps/types@0.1.0", "demo:caps/types@0.1.0", false),
            ("inventory", "demo:caps/directory@0.1.0", true),
            ("trash", "demo:caps/directory@0.1.0", true),
        ]
    );
    let [types, inventory, trash] = component.imports() else { panic!() };
    assert_eq!((types.resources.len(), inventory.resources.len()), (1, 0));
    // The shared resource is the same one through every slot.
    let Some(Type::Result(lookup)) = &trash.functions[0].result else { panic!() };
    assert_eq!(lookup.ok, Some(Type::Own(types.resources[0].clone())));
    assert_eq!(types.resources[0].interface(), "demo:caps/types@0.1.0");
    let call = types.functions.iter().find(|f| &*f.item == "call").unwrap();
    assert_eq!(call.kind, FunctionKind::Method(types.resources[0].clone()));
    assert!(call.is_async);
    assert_eq!(call.params[2].ty.to_string(), "list<borrow<object>>");
    assert_eq!(
        call.result.as_ref().unwrap().to_string(),
        "result<record { text: string, slots: list<object> }, string>"
    );
    // Each imported function has its own number.
    let mut numbers: Vec<_> =
        component.imports().iter().flat_map(|i| &i.functions).map(|f| f.index).collect();
    numbers.sort();
    assert_eq!(numbers, [0, 1, 2, 3]);
    let run = component.function("demo:caps/commands", "run").unwrap();
    assert_eq!(run.params[0].ty.to_string(), "list<variant { text(string), target(object) }>");
    assert!(component.function("demo:caps/commands@0.2.0", "run").is_none());
}

#[tokio::test]
async fn parameters_of_the_wrong_type_are_rejected_and_given_back() {
    let component = load(plugin()).await;
    let host = Recorder::idle();
    let failure =
        run(&component, "run", vec![object("mine")], host.clone(), &Limits::default()).await.unwrap_err();
    assert_eq!(
        failure.to_string(),
        "wrong parameters for demo:caps/commands@0.1.0.run: args: value: expected list<variant { text(string), \
         target(object) }>, got handle"
    );
    let failure = run(&component, "run", vec![], host.clone(), &Limits::default()).await.unwrap_err();
    assert!(matches!(failure, Failure::Rejected { .. }));
    let failure =
        run(&component, "walk", vec![object("other")], host.clone(), &Limits::default()).await.unwrap_err();
    assert!(matches!(failure, Failure::NoSuchExport { .. }));
    let limits = Limits::default();
    let unpolled = component.invoke("x", "y", vec![object("third")], host.clone(), &limits);
    drop(unpolled);
    assert_eq!(host.dropped(), ["mine", "other", "third"]);
}

#[tokio::test]
async fn an_answer_of_the_wrong_type_ends_the_invocation() {
    let component = load(plugin()).await;
    let host = Recorder::new(|_, _| Reply::value(Val::List(vec![object("stray")])));
    let failure = run(&component, "run", arguments("x"), host.clone(), &Limits::default()).await.unwrap_err();
    let Failure::Host { function, error } = &failure else { panic!("{failure:?}") };
    assert_eq!(function, "inventory.lookup");
    let source = std::error::Error::source(error).unwrap().to_string();
    assert_eq!(source, "value: expected result<object, string>, got list");
    assert_eq!(host.dropped(), ["mine", "stray"]);
    let host = Recorder::new(|_, _| Reply::Now(Ok(None)));
    let failure = run(&component, "run", arguments("x"), host, &Limits::default()).await.unwrap_err();
    assert!(matches!(failure, Failure::Host { .. }), "{failure:?}");
}

#[tokio::test]
async fn the_host_can_end_an_invocation() {
    let component = load(plugin()).await;
    let host = Recorder::new(|_, _| failed("the line is dead"));
    let failure = run(&component, "run", arguments("x"), host, &Limits::default()).await.unwrap_err();
    assert_eq!(failure.to_string(), "inventory.lookup: the line is dead");
}

#[tokio::test]
async fn a_third_partys_own_resources_are_two_types_in_two_slots() {
    let wit = "
        package other:shop@1.0.0;
        interface shop { resource cart { items: func() -> u32; } open: func() -> cart; }
        world plugin { import left: shop; import right: shop; export go: func() -> u32; }";
    let core = r#"
        (import "left" "open" (func $left (result i32)))
        (import "right" "open" (func $right (result i32)))
        (import "left" "[method]cart.items" (func $left-items (param i32) (result i32)))
        (import "right" "[method]cart.items" (func $right-items (param i32) (result i32)))
        (func (export "go") (result i32)
            (i32.add
                (i32.mul (i32.const 10) (call $left-items (call $left)))
                (call $right-items (call $right))))"#;
    let component = load(component(wit, &format!("{core} {MEMORY}"))).await;
    let ids: Vec<_> = component
        .imports()
        .iter()
        .flat_map(|import| &import.resources)
        .map(|resource| (resource.id(), resource.slot(), resource.interface()))
        .collect();
    assert_eq!(ids, [(0, "left", "other:shop/shop@1.0.0"), (1, "right", "other:shop/shop@1.0.0")]);
    let host = Recorder::new(|function, params| match (&*function.item, params) {
        ("open", _) => Reply::value(object(&function.slot)),
        ("items", [Val::Handle(cart)]) if cart.0 == *function.slot => {
            Reply::value(Val::U32(if cart.0 == "left" { 4 } else { 2 }))
        }
        _ => failed("mixed up"),
    });
    let result = component.invoke("", "go", vec![], host.clone(), &Limits::default()).await.unwrap();
    assert_eq!(result, Some(Val::U32(42)));
    assert_eq!(host.dropped(), ["left", "right"]);
}

/// Starts a lookup in both slots before it waits for either.
const BOTH: &str = r#"
    (import "inventory" "[async-lower]lookup" (func $inventory (param i32 i32 i32) (result i32)))
    (import "trash" "[async-lower]lookup" (func $trash (param i32 i32 i32) (result i32)))
    (import "$root" "[waitable-set-new]" (func $set-new (result i32)))
    (import "$root" "[waitable-set-wait]" (func $set-wait (param i32 i32) (result i32)))
    (import "$root" "[waitable-join]" (func $join (param i32 i32)))
    (import "$root" "[subtask-drop]" (func $subtask-drop (param i32)))
    (data (i32.const 16) "x")
    (func (export "both") (result i32)
        (local $a i32) (local $b i32) (local $set i32)
        ;; The handle of the pending call is above four bits of its state.
        (local.set $a (i32.shr_u (call $inventory (i32.const 16) (i32.const 1) (i32.const 64)) (i32.const 4)))
        (local.set $b (i32.shr_u (call $trash (i32.const 16) (i32.const 1) (i32.const 128)) (i32.const 4)))
        (local.set $set (call $set-new))
        (call $join (local.get $a) (local.get $set))
        (call $join (local.get $b) (local.get $set))
        (drop (call $set-wait (local.get $set) (i32.const 256)))
        (drop (call $set-wait (local.get $set) (i32.const 256)))
        (call $subtask-drop (local.get $a))
        (call $subtask-drop (local.get $b))
        (i32.add (i32.load8_u (i32.const 64)) (i32.load8_u (i32.const 128))))
"#;

#[tokio::test]
async fn a_guest_can_have_several_calls_pending() {
    let wit = format!(
        "{CAPS} world plugin {{ import inventory: directory; import trash: directory; export both: async func() -> u32; }}"
    );
    let component = load(component(&wit, &format!("{BOTH} {MEMORY}"))).await;
    let gate = std::sync::Arc::new(tokio::sync::Barrier::new(2));
    let host = Recorder::new(move |_, _| {
        let gate = gate.clone();
        Reply::later(async move {
            // Neither is answered before both are asked, and the second not at once: it would not be pending then.
            gate.wait().await;
            tokio::time::sleep(std::time::Duration::from_millis(1)).await;
            Ok(Some(Val::err(Some(Val::string("no")))))
        })
    });
    let limits = Limits { wall: Some(std::time::Duration::from_secs(10)), ..Limits::default() };
    let result = component.invoke("", "both", vec![], host.clone(), &limits).await.unwrap();
    assert_eq!(result, Some(Val::U32(2)));
    assert_eq!(host.calls(), ["inventory.lookup(x)", "trash.lookup(x)"]);
}
