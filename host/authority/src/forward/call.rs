use std::borrow::Cow;
use std::slice;

use powerbox_captp::{Message, Method, Value};
use powerbox_passable::Value as Passable;

use super::digest::{Named, digest};
use super::{Crossed, Forwarder, Way, measure};
use crate::caveat::{APPLY, Crossing, GET, METHOD_NAMES, Which, paths_named};

/// A message to a forwarder, as it is judged and recorded.
pub(super) struct Call<'a> {
    forwarder: &'a Forwarder,
    function: Cow<'a, str>,
    arguments: Cow<'a, [Value]>,
}

impl<'a> Call<'a> {
    pub(super) fn new(forwarder: &'a Forwarder, message: &'a Message) -> Self {
        let (function, arguments) = match message {
            Message::Call { method: Method::Name(name), args } => {
                (Cow::Borrowed(name.as_str()), Cow::Borrowed(&**args))
            }
            Message::Call { method, args } => (Cow::Owned(method.to_string()), Cow::Borrowed(&**args)),
            Message::Apply { args } => (Cow::Borrowed(APPLY), Cow::Borrowed(&**args)),
            Message::Get { property } => {
                (Cow::Borrowed(GET), Cow::Owned(vec![Value::Text(property.clone())]))
            }
        };
        Self { forwarder, function, arguments }
    }

    /// Whether it asks for the names of methods.
    pub(super) fn asks_for_names(&self) -> bool {
        self.function == METHOD_NAMES
    }

    pub(super) fn crossed(&self, way: Way) -> Crossed<'_> {
        Crossed { grant: self.forwarder.grant(), way, function: &self.function, arguments: &self.arguments }
    }
}

impl Crossing for Call<'_> {
    fn function(&self) -> &str {
        &self.function
    }

    fn is_direct(&self) -> bool {
        self.forwarder.is_root()
    }

    fn paths(&self) -> Option<Vec<Vec<String>>> {
        paths_named(&self.function, &self.arguments)
    }

    fn argument(&self, which: &Which) -> Option<Passable<()>> {
        match which {
            Which::Place(place) => plain(self.arguments.get(*place)?),
            // Parameters have no names on the wire.
            Which::Name(_) => None,
        }
    }

    fn bytes(&self) -> u64 {
        let function = u64::try_from(self.function.len()).unwrap_or(u64::MAX);
        measure::bytes(&self.arguments).saturating_add(function)
    }

    fn digest(&self) -> String {
        let forwarder = self.forwarder;
        digest(forwarder.named(), &self.function, &self.arguments, |object| {
            if object.is_promise() {
                // It may come to anything: what the person agrees to today is not what will be passed tomorrow.
                return Named::Number(Forwarder::next_number());
            }
            let known = object.downcast::<Forwarder>().filter(|known| known.is_beside(forwarder));
            known.map_or(Named::Own, Forwarder::named)
        })
    }

    fn filters_names(&self) -> bool {
        true
    }
}

/// A value without references.
fn plain(value: &Value) -> Option<Passable<()>> {
    let mut has_references = false;
    measure::each(slice::from_ref(value), |part| has_references |= matches!(part, Value::Capability(_)));
    if has_references {
        return None;
    }
    value.clone().try_map(&mut |_| Err(())).ok()
}
