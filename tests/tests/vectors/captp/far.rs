//! Objects for recordings.

use std::borrow::Cow;
use std::sync::{Arc, Mutex};

use powerbox_captp::{CallError, Exo, Message, Method, Object, Receiver, Reply, Value};

type Body = Box<dyn Fn(Vec<Value>) -> Reply + Send + Sync>;

/// An object with the methods given.
pub(super) struct Far {
    interface: &'static str,
    names: &'static [&'static str],
    methods: Vec<(&'static str, Body)>,
}

impl Far {
    pub(super) fn new(interface: &'static str) -> Self {
        Self { interface, names: &[], methods: Vec::new() }
    }

    pub(super) fn method(
        mut self,
        name: &'static str,
        body: impl Fn(Vec<Value>) -> Reply + Send + Sync + 'static,
    ) -> Self {
        self.methods.push((name, Box::new(body)));
        self
    }

    /// Answers with one value, always.
    pub(super) fn gives(self, name: &'static str, value: impl Into<Value>) -> Self {
        let value = value.into();
        self.method(name, move |_| Reply::value(value.clone()))
    }

    /// Answers with the first argument.
    pub(super) fn returns_argument(self, name: &'static str) -> Self {
        self.method(name, |args| Reply::value(first(args)))
    }

    pub(super) fn throws(self, name: &'static str, thrown: Value) -> Self {
        self.method(name, move |_| Reply::error(CallError::Thrown(thrown.clone())))
    }

    pub(super) fn object(mut self) -> Object {
        let names: Vec<_> = self.methods.iter().map(|(name, _)| *name).collect();
        // Tests may leak a little.
        self.names = names.leak();
        Object::exo(Arc::new(self))
    }
}

impl Exo for Far {
    fn interface(&self) -> Cow<'_, str> {
        self.interface.into()
    }

    fn methods(&self) -> &'static [&'static str] {
        self.names
    }

    fn call(self: &Arc<Self>, method: &str, args: Vec<Value>) -> Reply {
        self.methods.iter().find(|(name, _)| *name == method).unwrap().1(args)
    }
}

/// The counter of several recordings.
pub(super) fn counter() -> Object {
    object_with_self(|itself| {
        let count = Arc::new(Mutex::new(0.0));
        let read = count.clone();
        Far::new("Alleged: Counter")
            .method("incr", move |_| {
                *count.lock().unwrap() += 1.0;
                Reply::value(*count.lock().unwrap())
            })
            .method("read", move |_| Reply::value(*read.lock().unwrap()))
            .method("self", move |_| Reply::value(itself.lock().unwrap().clone().unwrap()))
    })
}

/// Makes an object that can name itself.
pub(super) fn object_with_self(make: impl FnOnce(Arc<Mutex<Option<Object>>>) -> Far) -> Object {
    let itself = Arc::new(Mutex::new(None));
    let object = make(itself.clone()).object();
    *itself.lock().unwrap() = Some(object.clone());
    object
}

/// An object whose methods are named by symbols.
pub(super) struct Symbols(pub Vec<(Method, Value)>);

impl Receiver for Symbols {
    fn receive(self: Arc<Self>, message: Message) -> Reply {
        let Message::Call { method, .. } = message else { return Reply::undefined() };
        match self.0.iter().find(|(name, _)| *name == method) {
            Some((_, value)) => Reply::value(value.clone()),
            None => Reply::error(CallError::type_error("target has no such method")),
        }
    }

    fn interface(&self) -> Option<Cow<'_, str>> {
        Some("Alleged: Symbols".into())
    }
}

pub(super) fn first(args: Vec<Value>) -> Value {
    args.into_iter().next().unwrap_or(Value::Undefined)
}

/// The object that an argument or answer is.
pub(super) fn object(value: Value) -> Object {
    match value {
        Value::Capability(object) => object,
        other => panic!("{other:?} is no object"),
    }
}
