use std::sync::{Arc, Mutex, OnceLock};

use powerbox_captp::{Answer, CallError, Message, Method, Object, Value};

use super::identity::Known;
use super::promises::Open;
use super::refused::Refused;
use super::{Forwarder, Recorder, identifiers, measure};
use crate::grant::Grant;
use crate::identifiers::{Said, Texts, described, value_without, without};

/// What stands around one granted object for one holder: see [the module](super).
pub struct Membrane {
    /// What was granted: an object, or a promise for one.
    pub(super) granted: Object,
    /// The granted object, once it is known.
    root: OnceLock<Object>,
    pub(super) grant: Arc<Grant>,
    pub(super) methods: Option<Arc<[String]>>,
    pub(super) recorder: Arc<dyn Recorder>,
    /// The forwarders that the holder has.
    outside: Known,
    /// The forwarders that what was granted has.
    inside: Known,
    pub(super) open: Mutex<Open>,
}

/// A side of a membrane.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum Side {
    /// Where the granted object is.
    Inside,
    /// Where the holder is.
    Outside,
}

impl Side {
    pub(super) fn other(self) -> Self {
        match self {
            Self::Inside => Self::Outside,
            Self::Outside => Self::Inside,
        }
    }
}

impl Membrane {
    /// Puts a membrane around `root`, which passes on what `grant` allows. If `methods` are given, only these can be
    /// called on `root` itself, by their names on the wire, and it can be neither applied nor read.
    ///
    /// Nothing else may hand `root` to the holder: what is reached in another way is not guarded here.
    pub fn new(
        root: Object,
        grant: Arc<Grant>,
        methods: Option<Arc<[String]>>,
        recorder: Arc<dyn Recorder>,
    ) -> Arc<Self> {
        let membrane = Self {
            root: OnceLock::new(),
            grant,
            methods,
            recorder,
            outside: Known::default(),
            inside: Known::default(),
            open: Mutex::default(),
            granted: root,
        };
        if !membrane.granted.is_promise() {
            membrane.settle_root(&membrane.granted);
        }
        Arc::new(membrane)
    }

    /// Gives the granted object as its holder sees it: a [`Forwarder`], or a promise for one if a promise was granted,
    /// which takes a tokio runtime.
    pub fn outside(self: &Arc<Self>) -> Object {
        let outside = self.object_across(self.granted.clone(), Side::Outside, 0, Said::default());
        outside.unwrap_or_else(|error| Answer::ready(Err(error)).object())
    }

    /// The grant that decides.
    pub fn grant(&self) -> &Arc<Grant> {
        &self.grant
    }

    /// Takes note of what a granted promise has settled to. Nothing has crossed before.
    pub(super) fn settle_root(&self, root: &Object) {
        // The first is what counts, and a promise settles once.
        let _ = self.root.set(root.clone());
    }

    pub(super) fn is_root(&self, object: &Object) -> bool {
        self.root.get() == Some(object)
    }

    pub(super) fn known(&self, side: Side) -> &Known {
        match side {
            Side::Inside => &self.inside,
            Side::Outside => &self.outside,
        }
    }

    /// How much is remembered: forwarders outside, forwarders inside, open promises.
    #[cfg(test)]
    pub(super) fn sizes(&self) -> (usize, usize, usize) {
        let open = self.open.lock().unwrap().len();
        (self.outside.len(), self.inside.len(), open)
    }

    /// Gives what stands for a message on side `to`.
    pub(super) fn message_across(self: &Arc<Self>, message: Message, to: Side) -> Result<Message, CallError> {
        let across = |args: Vec<Value>| -> Result<Vec<Value>, CallError> {
            args.into_iter().map(|arg| self.value_across(arg, to, 0, Said::default())).collect()
        };
        Ok(match message {
            Message::Call { method: Method::Name(name), args } if to == Side::Outside => {
                let name = without(&name, Texts::Told).into_owned();
                Message::Call { method: Method::Name(name), args: across(args)? }
            }
            Message::Call { method, args } => Message::Call { method, args: across(args)? },
            Message::Apply { args } => Message::Apply { args: across(args)? },
            Message::Get { property } => Message::Get { property },
        })
    }

    /// Gives what stands for an outcome on side `to`, if the grant lives and its budget suffices.
    pub(super) fn outcome_across(
        self: &Arc<Self>,
        outcome: Result<Value, CallError>,
        to: Side,
        depth: u32,
        said: Said,
    ) -> Result<Value, CallError> {
        let bytes = || match &outcome {
            Ok(value) | Err(CallError::Thrown(value)) => measure::bytes(std::slice::from_ref(value)),
            Err(_) => 0,
        };
        self.grant.admit_answer(bytes).map_err(Refused::from)?;
        match outcome {
            Ok(value) if to == Side::Outside => {
                self.value_across(identifiers::without(value), to, depth, said)
            }
            Ok(value) => self.value_across(value, to, depth, said),
            Err(CallError::Thrown(value)) => {
                Err(CallError::Thrown(self.value_across(value, to, depth, Said::default())?))
            }
            Err(CallError::Invalid(message)) if to == Side::Outside => {
                Err(CallError::Invalid(described(&message).into_owned()))
            }
            Err(error) => Err(error),
        }
    }

    /// Gives what stands for a value on side `to`. To the holder go no identifiers.
    fn value_across(
        self: &Arc<Self>,
        value: Value,
        to: Side,
        depth: u32,
        said: Said,
    ) -> Result<Value, CallError> {
        let value = if to == Side::Outside { value_without(value, said.texts) } else { value };
        value.try_map(&mut |object| self.object_across(object, to, depth, said))
    }

    fn object_across(
        self: &Arc<Self>,
        object: Object,
        to: Side,
        depth: u32,
        said: Said,
    ) -> Result<Object, CallError> {
        if object.is_promise() {
            return self.promise_across(object, to, depth, said);
        }
        if let Some(known) = object.downcast::<Forwarder>()
            && known.is_of(self)
        {
            // It comes home, or it is where it belongs already.
            return Ok(if known.side() == to { object } else { known.target().clone() });
        }
        let make = || Forwarder::new(Arc::clone(self), object.clone(), to, said.objects);
        Ok(Object::from_arc(self.known(to).forwarder(&object, make)))
    }
}

impl std::fmt::Debug for Membrane {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Membrane")
            .field("granted", &self.granted)
            .field("grant", &self.grant)
            .field("methods", &self.methods)
            .finish_non_exhaustive()
    }
}
