use std::sync::Arc;

use futures_util::future::BoxFuture;
use powerbox_authority::caveat::{Crossing, Which, paths_named};
use powerbox_captp::Answer;
use powerbox_passable::{Symbol, Value};
use powerbox_sandbox::Function;

use super::exact::{Once, exact};
use super::handle::{Handle, Rights};
use super::name::Name;
use super::problem::Problem;
use crate::daemon::{Put, put};
use crate::local::wasi::Gives;
use powerbox_authority::grant::Grant;
use powerbox_authority::identifiers::Said;

/// One call that a plugin wants to make, understood but not yet allowed.
pub(super) struct Act {
    /// The right that it needs.
    pub(super) grant: Arc<Grant>,
    /// Rights beyond that: of other references that it uses up.
    pub(super) also: Vec<Arc<Grant>>,
    /// The method, in camelCase.
    pub(super) method: String,
    /// Whether it is made on the granted object itself.
    pub(super) direct: bool,
    /// How it names paths.
    pub(super) paths: Paths,
    /// Its arguments, where they are no parameters of the plugin's function: they have places, but no names.
    pub(super) listed: Option<Vec<Value<Handle>>>,
    /// How it is judged and recorded. This is said by what is called, never by what the plugin calls it.
    pub(super) weight: Weight,
    /// What its answer is.
    pub(super) said: Said,
    /// How to make it.
    pub(super) make: Box<dyn FnOnce() -> Result<Begun, Problem> + Send>,
}

/// How a call is judged and recorded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Weight {
    /// In full: a line before it is made, and one with what came of it.
    Call,
    /// The host itself answers at once, so one line with what came of it will do.
    AtOnce,
    /// What it says is recorded elsewhere; a line is written only if it is refused.
    Noted,
    /// It gives nothing: its grant has to live, and no more; a line is written only if it is refused.
    Nothing,
}

impl From<Gives> for Weight {
    fn from(gives: Gives) -> Self {
        match gives {
            Gives::Something => Self::AtOnce,
            Gives::ALine => Self::Noted,
            Gives::Nothing => Self::Nothing,
        }
    }
}

/// How a call names paths.
pub(super) enum Paths {
    /// By its arguments, put so.
    Arguments(&'static [Put]),
    /// These: the names that the user designated.
    Names(Vec<Vec<String>>),
}

/// A crossing that has begun.
pub(super) enum Begun {
    /// It is over already.
    Done(Result<Value<Handle>, Problem>),
    /// The answer is awaited; its references are wrapped with these rights.
    Awaited(Answer, Rights),
    /// Something else is awaited.
    Later(BoxFuture<'static, Result<Value<Handle>, Problem>>),
}

/// A call as caveats see it.
pub(super) struct Judged<'a> {
    pub(super) act: &'a Act,
    pub(super) function: &'a Function,
    pub(super) args: &'a [Value<Handle>],
    /// What no other crossing has, for calls that cannot be told from others by what is in them.
    pub(super) once: &'a Once,
}

impl Crossing for Judged<'_> {
    fn function(&self) -> &str {
        &self.act.method
    }

    fn is_direct(&self) -> bool {
        self.act.direct
    }

    fn paths(&self) -> Option<Vec<Vec<String>>> {
        match &self.act.paths {
            Paths::Names(paths) => Some(paths.clone()),
            Paths::Arguments(how) => {
                let args = self.act.listed.as_deref().unwrap_or(self.args).to_vec();
                paths_named(&self.act.method, &put(args, how).ok()?)
            }
        }
    }

    fn argument(&self, which: &Which) -> Option<Value<()>> {
        let (args, place) = match (which, self.act.listed.as_deref()) {
            (Which::Place(place), listed) => (listed.unwrap_or(self.args), *place),
            (Which::Name(name), None) => {
                (self.args, self.function.params.iter().position(|param| *param.name == **name)?)
            }
            (Which::Name(_), Some(_)) => return None,
        };
        plain(args.get(place)?)
    }

    fn bytes(&self) -> u64 {
        self.args.iter().map(size).sum()
    }

    fn digest(&self) -> String {
        exact(self.act, self.args, self.once)
    }
}

/// A value without references; `None` if it has some.
fn plain(value: &Value<Handle>) -> Option<Value<()>> {
    value.clone().try_map(&mut |_| Err(())).ok()
}

/// About how many bytes a value is.
pub(super) fn size<C>(value: &Value<C>) -> u64 {
    match value {
        Value::Text(text) => text.to_string_lossy().len() as u64 + 8,
        Value::BigInt(integer) => integer.bits() / 8 + 8,
        Value::List(items) => items.iter().map(size).sum::<u64>() + 8,
        Value::Record(record) => {
            record.iter().map(|(key, value)| key.to_string_lossy().len() as u64 + size(value)).sum::<u64>()
                + 8
        }
        Value::Tagged(tagged) => tagged.tag.to_string_lossy().len() as u64 + size(&tagged.payload) + 8,
        Value::Error(error) => {
            (error.name.to_string_lossy().len() + error.message.to_string_lossy().len()) as u64 + 16
        }
        Value::Symbol(Symbol::Registered(name) | Symbol::WellKnown(name)) => {
            name.to_string_lossy().len() as u64 + 8
        }
        _ => 8,
    }
}

/// The paths of names that the user designated.
pub(super) fn names<'a>(names: impl IntoIterator<Item = &'a Name>) -> Paths {
    Paths::Names(names.into_iter().map(|name| name.names().to_vec()).collect())
}
