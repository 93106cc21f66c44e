//! References on their way in: every one is wrapped, and what is known comes as what it is.

use std::sync::{Arc, PoisonError};

use powerbox_authority::grant::Grant;
use powerbox_authority::identifiers::{Said, Texts, value_without};
use powerbox_captp::{CallError, Object, Value as OuterValue};
use powerbox_passable::Value;

use super::crossing::Inner;
use super::handle::{Handle, Kind, ObjectRef, Rights};
use super::problem::Problem;

impl Inner {
    /// Wraps every reference in an answer, and takes identifiers out of its texts.
    pub(super) fn wrap(
        &self,
        outcome: Result<OuterValue, CallError>,
        rights: &Rights,
        grant: &Arc<Grant>,
        said: Said,
    ) -> Result<Value<Handle>, Problem> {
        Ok(self.wrap_value(outcome?, rights, grant, said))
    }

    pub(super) fn wrap_value(
        &self,
        value: OuterValue,
        rights: &Rights,
        grant: &Arc<Grant>,
        said: Said,
    ) -> Value<Handle> {
        let wrapped: Result<_, std::convert::Infallible> = value_without(value, said.texts)
            .try_map(&mut |object| Ok(self.wrap_object(object, rights, grant, said.objects)));
        match wrapped {
            Ok(value) => value,
            Err(never) => match never {},
        }
    }

    fn wrap_object(&self, object: Object, rights: &Rights, grant: &Arc<Grant>, texts: Texts) -> Handle {
        // What the plugin passed out comes home as what it was.
        if let Some(handle) = self.passed.lock().unwrap_or_else(PoisonError::into_inner).home(&object) {
            return handle;
        }
        // What the user designated keeps the rights of its parameter: no detour makes them wider.
        let designated = self.designated.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(handle) = designated.get(&object)
            && handle.grant().is_some_and(|known| known.is_akin(grant))
        {
            return handle.clone();
        }
        drop(designated);
        let direct = !grant.is_unrestricted() && self.is_root(&object, grant);
        let (rights, grant) = (rights.clone(), Arc::clone(grant));
        Handle::new(Kind::Object(ObjectRef { object, rights, grant, direct, texts, _open: None }))
    }

    /// Whether it is the very object that a slot's grant is to.
    fn is_root(&self, object: &Object, grant: &Arc<Grant>) -> bool {
        let mut slots = self.slots.values().filter(|slot| slot.grant.is_akin(grant));
        slots.any(|slot| {
            slot.object == *object
                || matches!(slot.object.settled().outcome(), Some(Ok(OuterValue::Capability(root))) if root == *object)
        })
    }
}
