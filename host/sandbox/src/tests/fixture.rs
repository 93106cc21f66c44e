//! Test components and a host that notes what it is asked.

use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use wit_component::{ComponentEncoder, StringEncoding, dummy_module, embed_component_metadata};
use wit_parser::{ManglingAndAbi, Resolve, WorldId};

use crate::wit::{Function, Val};
use crate::{Component, Engine, EngineOptions, Failure, Host, HostError, Limits, Reply, Usage};

/// The interfaces that most test components use.
pub(super) const CAPS: &str = r#"
    package demo:caps@0.1.0;

    /// Shared.
    interface types {
        resource object {
            call: async func(method: string, others: list<borrow<object>>) -> result<reply, string>;
            duplicate: func() -> object;
        }
        record reply { text: string, slots: list<object> }
    }

    /// Names.
    interface directory {
        use types.{object};
        /// Finds.
        lookup: async func(path: string) -> result<object, string>;
        remove: async func(path: string) -> result<_, string>;
    }
"#;

/// The start of every core module: memory and an allocator that never frees.
pub(super) const MEMORY: &str = r#"
    (memory (export "memory") 4)
    (global $free (mut i32) (i32.const 4096))
    (func $realloc (export "cabi_realloc") (param $old i32) (param $old-size i32) (param $align i32) (param $size i32)
        (result i32)
        (local $at i32)
        (local.set $at (i32.and
            (i32.add (global.get $free) (i32.const 7)) (i32.const -8)))
        (global.set $free (i32.add (local.get $at) (local.get $size)))
        (local.get $at))
"#;

fn world(wit: &str) -> (Resolve, WorldId) {
    let mut resolve = Resolve::default();
    let package = resolve.push_str("test.wit", wit).unwrap();
    let world = resolve.select_world(&[package], Some("plugin")).unwrap();
    (resolve, world)
}

fn encode(mut module: Vec<u8>, resolve: &Resolve, world: WorldId) -> Vec<u8> {
    embed_component_metadata(&mut module, resolve, world, StringEncoding::UTF8, false).unwrap();
    ComponentEncoder::default().module(&module).unwrap().validate(true).encode().unwrap()
}

/// A component of a world that uses all it imports, and traps when it is called.
pub(super) fn dummy(wit: &str) -> Vec<u8> {
    let (resolve, world) = world(wit);
    let module = dummy_module(&resolve, world, ManglingAndAbi::Legacy(wit_parser::LiftLowerAbi::Sync));
    encode(module, &resolve, world)
}

/// A component of a world with this core module in it (its fields as text).
pub(super) fn component(wit: &str, core: &str) -> Vec<u8> {
    let (resolve, world) = world(wit);
    let module = wat::parse_str(format!("(module {core})")).unwrap();
    encode(module, &resolve, world)
}

/// A handle: just a name. Clones are the same object.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Object(pub(super) String);

type Answer = dyn Fn(&Function, &[Val<Object>]) -> Reply<Object> + Send + Sync;

/// Answers as it is told and notes calls, drops, and what invocations used.
pub(super) struct Recorder {
    answer: Box<Answer>,
    pub(super) calls: Mutex<Vec<String>>,
    pub(super) dropped: Mutex<Vec<String>>,
    pub(super) finished: Mutex<Vec<Usage>>,
}

impl Recorder {
    pub(super) fn new(
        answer: impl Fn(&Function, &[Val<Object>]) -> Reply<Object> + Send + Sync + 'static,
    ) -> Arc<Recorder> {
        Arc::new(Recorder {
            answer: Box::new(answer),
            calls: Mutex::default(),
            dropped: Mutex::default(),
            finished: Mutex::default(),
        })
    }

    /// One that is not to be called.
    pub(super) fn idle() -> Arc<Recorder> {
        Recorder::new(|function, _| Reply::error(format!("{function} is not expected")))
    }

    pub(super) fn calls(&self) -> Vec<String> {
        self.calls.lock().unwrap().clone()
    }

    pub(super) fn dropped(&self) -> Vec<String> {
        let mut dropped = self.dropped.lock().unwrap().clone();
        dropped.sort();
        dropped
    }

    pub(super) fn finished(&self) -> Vec<Usage> {
        self.finished.lock().unwrap().clone()
    }
}

impl Host<Object> for Recorder {
    fn call(&self, function: &Arc<Function>, params: Vec<Val<Object>>) -> Reply<Object> {
        self.calls.lock().unwrap().push(format!("{function}{}", show(&params)));
        (self.answer)(function, &params)
    }

    fn dropped(&self, handle: Object) {
        self.dropped.lock().unwrap().push(handle.0);
    }

    fn finished(&self, usage: &Usage) {
        self.finished.lock().unwrap().push(usage.clone());
    }
}

fn show(values: &[Val<Object>]) -> String {
    let shown: Vec<_> = values.iter().map(show_one).collect();
    format!("({})", shown.join(", "))
}

fn show_one(value: &Val<Object>) -> String {
    match value {
        Val::String(text) => text.clone(),
        Val::Handle(object) => format!("<{}>", object.0),
        Val::List(values) => format!("[{}]", values.iter().map(show_one).collect::<Vec<_>>().join(", ")),
        other => format!("{other:?}"),
    }
}

pub(super) fn object(name: &str) -> Val<Object> {
    Val::Handle(Object(name.to_owned()))
}

pub(super) fn engine() -> Engine {
    Engine::new(EngineOptions::default()).unwrap()
}

/// Loads a component for a host that offers everything.
pub(super) async fn load(bytes: Vec<u8>) -> Component<Object> {
    Component::load(&engine(), None, bytes, |_| true).await.unwrap()
}

/// Calls `demo:caps/commands.<function>`.
pub(super) async fn run(
    component: &Component<Object>,
    function: &str,
    params: Vec<Val<Object>>,
    host: Arc<Recorder>,
    limits: &Limits,
) -> Result<Option<Val<Object>>, Failure> {
    component.invoke("demo:caps/commands", function, params, host, limits).await
}

/// Waits until it is so.
pub(super) async fn until(what: &str, mut is: impl FnMut() -> bool) {
    let start = Instant::now();
    while !is() {
        // Nothing is judged by this: it ends what would hang.
        assert!(start.elapsed() < Duration::from_secs(120), "not so: {what}");
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
}

/// The processor time that this thread has used: a busy machine makes everything slower, but nothing costlier.
pub(super) fn processor_time() -> Duration {
    let time = rustix::time::clock_gettime(rustix::time::ClockId::ThreadCPUTime);
    Duration::new(u64::try_from(time.tv_sec).unwrap(), u32::try_from(time.tv_nsec).unwrap())
}

pub(super) fn failed(message: &str) -> Reply<Object> {
    Reply::Now(Err(HostError::new(message)))
}
