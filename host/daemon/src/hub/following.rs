//! Subscriptions to changes of names.

use std::sync::Arc;

use powerbox_captp::{Object, Value};
use powerbox_passable::Text;

use super::{Hub, Outcome};
use crate::changes::{Record, Topic};
use crate::failure::Failure;
use crate::locator::parse_locator;
use crate::name::sort_key;
use crate::objects::iterator::IteratorRef;

impl Hub {
    pub(super) async fn follow_name_changes(&self) -> Outcome {
        let subscription = self.world.changes.subscription(self.number, Topic::Names)?;
        let (number, begun, specials) = (self.number, subscription.clone(), self.sorted_specials());
        let begin = self.world.store.read_then(
            move |tables| tables.names(number),
            move |names| {
                let specials = specials.into_iter().map(|(name, id)| Record::Added(name.into(), id));
                let names = names.iter().map(|(name, id)| Record::Added(name.clone(), *id));
                begun.begin(specials.chain(names));
            },
        );
        begin.await.map_err(Failure::from)?;
        Ok(Value::Capability(Object::exo(IteratorRef::new(subscription))))
    }

    pub(super) async fn follow_locator_name_changes(&self, locator: &Text) -> Outcome {
        let locator = locator.to_string();
        let id = parse_locator(&locator).map_err(Failure::from)?;
        let topic = Topic::Locator(id, locator.into());
        let subscription = self.world.changes.subscription(self.number, topic)?;
        let mut specials: Vec<Arc<str>> = self
            .specials
            .iter()
            .filter(|(_, special)| *special == id)
            .map(|(name, _)| (*name).into())
            .collect();
        // The root host is its own host, which Endo does not mention.
        if specials.iter().any(|name| &**name == "@self") {
            specials.retain(|name| &**name != "@host");
        }
        let (number, begun) = (self.number, subscription.clone());
        let begin = self.world.store.read_then(
            move |tables| tables.names_of(number, id),
            move |names| {
                let mut names: Vec<Arc<str>> =
                    specials.into_iter().chain(names.iter().map(|name| name.as_str().into())).collect();
                names.sort_by_cached_key(|name| sort_key(name));
                begun.begin([Record::Has(names)]);
            },
        );
        begin.await.map_err(Failure::from)?;
        Ok(Value::Capability(Object::exo(IteratorRef::new(subscription))))
    }
}
