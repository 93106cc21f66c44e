use std::borrow::Cow;
use std::sync::Arc;

use crate::{CallError, Message, Method, Object, Receiver, Reply, Value};

/// An object with named methods, as most are.
///
/// It answers `__getMethodNames__` with its list of methods, and any unknown method, an application as a function and a
/// property in Endo's words.
pub trait Exo: Send + Sync + Sized + 'static {
    /// Names the kind of object for people, for instance `Alleged: EndoDirectory`.
    fn interface(&self) -> Cow<'_, str>;

    /// Lists the methods, in any order and without `__getMethodNames__`.
    fn methods(&self) -> &'static [&'static str];

    /// Runs a method, which is one of [`methods`](Exo::methods).
    fn call(self: &Arc<Self>, method: &str, args: Vec<Value>) -> Reply;
}

impl Object {
    /// Makes an object of an exo; the same `Arc` gives an equal object.
    pub fn exo<T: Exo>(exo: Arc<T>) -> Self {
        Self::from_arc(exo)
    }

    /// Makes a function: an object that is applied and has no methods.
    pub fn function(
        interface: impl Into<Cow<'static, str>>,
        body: impl Fn(Vec<Value>) -> Reply + Send + Sync + 'static,
    ) -> Self {
        Self::new(Function { interface: interface.into(), body })
    }
}

const METHOD_NAMES: &str = "__getMethodNames__";

impl<T: Exo> Receiver for T {
    fn receive(self: Arc<Self>, message: Message) -> Reply {
        let known = self.methods();
        match message {
            Message::Call { method: Method::Name(name), args } if known.contains(&name.as_str()) => {
                Exo::call(&self, &name, args)
            }
            Message::Call { method: Method::Name(name), .. } if name == METHOD_NAMES => {
                Reply::Ready(Ok(Value::texts(method_names(known))))
            }
            Message::Call { method, .. } => Reply::Ready(Err(no_method(&method, &method_names(known)))),
            Message::Apply { .. } => Reply::Ready(Err(CallError::type_error(
                "Cannot invoke target as a function; typeof target is \"object\"",
            ))),
            Message::Get { property } => match property.as_str() {
                Some(name) if name == METHOD_NAMES || known.contains(&name) => {
                    Reply::Ready(Err(bare_method(name)))
                }
                _ => Reply::undefined(),
            },
        }
    }

    fn interface(&self) -> Option<Cow<'_, str>> {
        Some(Exo::interface(self))
    }
}

fn method_names(known: &[&'static str]) -> Vec<&'static str> {
    let mut names = known.to_vec();
    names.push(METHOD_NAMES);
    // Method names are ASCII, where the order of bytes is that of UTF-16 code units.
    names.sort_unstable();
    names.dedup();
    names
}

fn no_method(method: &Method, known: &[&str]) -> CallError {
    let known: Vec<_> = known.iter().map(|name| format!("\"{name}\"")).collect();
    CallError::type_error(format!("target has no method \"{method}\", has [{}]", known.join(",")))
}

/// A method by itself is not passable.
fn bare_method(name: &str) -> CallError {
    CallError::error(format!("Remotables must be explicitly declared: \"[Function {name}]\""))
}

struct Function<F> {
    interface: Cow<'static, str>,
    body: F,
}

/// What a JavaScript function has besides being one.
const FUNCTION_METHODS: [&str; 6] =
    ["[Symbol(Symbol.hasInstance)]", "apply", "bind", "call", "constructor", "toString"];

impl<F: Fn(Vec<Value>) -> Reply + Send + Sync + 'static> Receiver for Function<F> {
    fn receive(self: Arc<Self>, message: Message) -> Reply {
        match message {
            Message::Apply { args } => (self.body)(args),
            Message::Call { method, .. } => Reply::Ready(Err(no_method(&method, &FUNCTION_METHODS))),
            Message::Get { .. } => Reply::undefined(),
        }
    }

    fn interface(&self) -> Option<Cow<'_, str>> {
        Some(Cow::Borrowed(&self.interface))
    }
}
