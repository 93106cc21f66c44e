//! The objects, which do as the model's do and tell what they see.

use std::sync::{Arc, Mutex, OnceLock};

use powerbox_captp::{CallError, Message, Method, Object, Receiver, Reply, Value};

use crate::model::{INNER, OWN, child_of};

/// What was seen: by which object, which function, with what.
pub(crate) type Seen = Arc<Mutex<Vec<(usize, String, Vec<Value>)>>>;

pub(crate) struct Thing {
    number: usize,
    things: Arc<OnceLock<Vec<Object>>>,
    stored: Mutex<Value>,
    seen: Seen,
}

/// Makes all objects; they know one another.
pub(crate) fn things(seen: &Seen) -> Vec<Object> {
    let all = Arc::new(OnceLock::new());
    let things: Vec<_> = (0..INNER + OWN)
        .map(|number| {
            Object::new(Thing {
                number,
                things: Arc::clone(&all),
                stored: Mutex::new(Value::Undefined),
                seen: Arc::clone(seen),
            })
        })
        .collect();
    all.set(things.clone()).unwrap();
    things
}

impl Receiver for Thing {
    fn receive(self: Arc<Self>, message: Message) -> Reply {
        let (function, args) = match message {
            Message::Call { method: Method::Name(name), args } => (name, args),
            Message::Apply { args } => ("(apply)".to_owned(), args),
            Message::Get { property } => ("(get)".to_owned(), vec![Value::Text(property)]),
            Message::Call { .. } => return Reply::error(CallError::error("no such method")),
        };
        self.seen.lock().unwrap().push((self.number, function.clone(), args.clone()));
        let first = args.into_iter().next().unwrap_or(Value::Undefined);
        match (function.as_str(), first) {
            ("read", first) => Reply::value(first),
            ("child", Value::Number(which)) => {
                Reply::value(self.things.get().unwrap()[child_of(self.number, which as i8)].clone())
            }
            ("put", first) => {
                *self.stored.lock().unwrap() = first;
                Reply::undefined()
            }
            ("fetch", _) => Reply::value(self.stored.lock().unwrap().clone()),
            ("tell", Value::Capability(other)) => {
                Reply::Answer(other.call("write", vec![Value::Number(1.0)]))
            }
            _ => Reply::undefined(),
        }
    }
}
