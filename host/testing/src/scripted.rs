use std::borrow::Cow;
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use powerbox_captp::{CallError, Message, Method, Object, Receiver, Reply, Value};
use powerbox_core::bridge::{from_json, plain_json};
use serde_json::Value as Json;
use tokio::sync::watch;

use crate::compare::same;
use crate::held::{Answer, Held};

/// The scripted objects of a scenario, by name.
pub(crate) type Objects = BTreeMap<String, Object>;

/// Makes the objects that a scenario's names hold.
///
/// `waiting` counts the calls that they leave without an answer.
pub(crate) fn objects(names: &BTreeMap<String, Held>, waiting: &watch::Sender<u64>) -> Arc<Objects> {
    let known = Arc::new(OnceLock::new());
    let made = names.iter().filter_map(|(name, held)| {
        let Held::Object { object, answers } = held else { return None };
        let scripted = Scripted {
            interface: object.clone(),
            answers: Mutex::new(answers.clone()),
            others: Arc::clone(&known),
            waiting: waiting.clone(),
        };
        Some((name.clone(), Object::new(scripted)))
    });
    let all = Arc::new(made.collect());
    // Set once, here.
    let _ = known.set(Arc::clone(&all));
    all
}

/// An object that answers as it is told.
struct Scripted {
    interface: String,
    answers: Mutex<Vec<Answer>>,
    others: Arc<OnceLock<Arc<Objects>>>,
    waiting: watch::Sender<u64>,
}

impl Scripted {
    fn answer(&self, method: &str, args: &[Value]) -> Option<Answer> {
        let mut answers = self.answers.lock().unwrap_or_else(PoisonError::into_inner);
        let given = || Json::Array(args.iter().map(|arg| plain_json(arg).unwrap_or(Json::Null)).collect());
        let answer = answers.iter_mut().find(|answer| {
            answer.method == method
                && answer.times != Some(0)
                && answer.args.as_ref().is_none_or(|wanted| same(wanted, &given()))
        })?;
        if let Some(times) = &mut answer.times {
            *times -= 1;
        }
        Some(answer.clone())
    }
}

impl Receiver for Scripted {
    fn receive(self: Arc<Self>, message: Message) -> Reply {
        let Message::Call { method: Method::Name(method), args } = message else {
            return Reply::error(CallError::type_error("a scripted object has methods only"));
        };
        if method == "__getMethodNames__" {
            let answers = self.answers.lock().unwrap_or_else(PoisonError::into_inner);
            let mut names: Vec<_> = answers.iter().map(|answer| answer.method.clone()).collect();
            names.sort();
            names.dedup();
            return Reply::value(Value::texts(names));
        }
        let Some(answer) = self.answer(&method, &args) else {
            let message = format!("the scenario gives {} no answer to {method}", self.interface);
            return Reply::error(CallError::type_error(message));
        };
        if answer.never {
            self.waiting.send_modify(|waiting| *waiting += 1);
            return Reply::pending(std::future::pending());
        }
        if let Some(message) = answer.throws {
            return Reply::error(CallError::error(message));
        }
        if let Some(name) = answer.returns_object {
            let object = self.others.get().and_then(|others| others.get(&name));
            return match object {
                Some(object) => Reply::value(object.clone()),
                None => Reply::error(CallError::type_error(format!("the scenario has no object {name}"))),
            };
        }
        match answer.returns {
            Some(json) => Reply::value(from_json::<Object>(&json)),
            None => Reply::undefined(),
        }
    }

    fn interface(&self) -> Option<Cow<'_, str>> {
        Some(Cow::Borrowed(&self.interface))
    }
}
