//! References that are stored where others look them up: only whole if the plugin had them whole, and else with the
//! limits that they have here.

use std::collections::HashMap;
use std::sync::Arc;

use powerbox_authority::caveat::Caveat;
use powerbox_authority::grant::Grant;
use powerbox_captp::{Answer, Object, Value as OuterValue};
use powerbox_passable::Value;

use super::act::Begun;
use super::crossing::Inner;
use super::handle::{Handle, Kind, ObjectRef, Rights};
use super::outward::alive;
use super::problem::Problem;
use crate::grants::{Keeping, Kept};

/// How a reference is stored.
enum Storing<'a> {
    /// As it is: it is found where it was found.
    Whole(&'a Object),
    /// With its limits, by the daemon.
    Limited(&'a ObjectRef),
}

impl Inner {
    /// How a reference may be stored by a call through the grant `to`.
    ///
    /// # Errors
    ///
    /// Why it may not be.
    fn storing<'a>(&self, handle: &'a Handle, to: &Grant) -> Result<Storing<'a>, Problem> {
        let reference = match handle.kind() {
            Kind::Object(reference) => reference,
            Kind::Own(_) => {
                return Err(Problem::denied(
                    "an object of the plugin's own ends with the command, so it cannot be stored",
                ));
            }
            Kind::Name(_) | Kind::Blob(_) | Kind::Changes(_) => {
                return Err(Problem::Invalid(
                    "a name, blob or stream of changes cannot be stored in a value".to_owned(),
                ));
            }
        };
        alive(&reference.grant)?;
        if reference.rights == Rights::Opaque {
            return Err(Problem::denied(
                "what is read from a name can be shown, not stored; its user can copy the name",
            ));
        }
        let whole = reference.rights == Rights::All
            && reference.grant.is_akin(to)
            && reference.grant.is_unrestricted();
        if whole {
            return Ok(Storing::Whole(&reference.object));
        }
        if self.keeper.is_none() {
            return Err(Problem::denied(
                "this reference has limits, which the daemon cannot keep with it, so it cannot be stored; the embedded \
                 daemon can",
            ));
        }
        let mut caveats = reference.grant.chain().flat_map(|link| link.caveats().to_vec());
        if !reference.direct && caveats.any(|caveat| matches!(caveat, Caveat::Path(_) | Caveat::Argument(_)))
        {
            // These speak of the granted object's own functions; on another they would mean something else.
            return Err(Problem::denied(
                "this reference came through a grant with rules on paths or arguments, which it would not keep, so it \
                 cannot be stored",
            ));
        }
        if reference.object.is_promise() {
            return Err(Problem::denied(
                "this reference has limits and is a promise; wait for what it comes to, and store that",
            ));
        }
        Ok(Storing::Limited(reference))
    }

    /// Checks that references may be stored, before the call is recorded as one that is made.
    pub(super) fn may_be_stored(&self, args: &[Value<Handle>], to: &Grant) -> Result<(), Problem> {
        args.iter().try_for_each(|arg| {
            let checked = arg.clone().try_map(&mut |handle: Handle| self.storing(&handle, to).map(drop));
            checked.map(drop)
        })
    }

    /// Makes a call that stores the references in its arguments, at a place that is told in words.
    #[allow(clippy::mutable_key_type, reason = "a handle is hashed by what it leads to, which never changes")]
    pub(super) fn store(
        self: &Arc<Self>,
        args: Vec<Value<Handle>>,
        to: &Arc<Grant>,
        place: String,
        rights: Rights,
        call: impl FnOnce(Vec<OuterValue>) -> Result<Answer, Problem> + Send + 'static,
    ) -> Result<Begun, Problem> {
        let mut limited = Vec::new();
        for arg in &args {
            arg.clone().try_map(&mut |handle: Handle| {
                if let Storing::Limited(_) = self.storing(&handle, to)? {
                    limited.push(handle.clone());
                }
                Ok::<_, Problem>(())
            })?;
        }
        if limited.is_empty() {
            let args = self.taken_out(args, to, &HashMap::new())?;
            return Ok(Begun::Awaited(call(args)?, rights));
        }
        let (this, to) = (Arc::clone(self), Arc::clone(to));
        Ok(Begun::Later(Box::pin(async move {
            let mut kept = HashMap::new();
            let mut keepings = Vec::new();
            for handle in limited {
                if kept.contains_key(&handle) {
                    continue;
                }
                let (object, keeping) = this.keep(&handle, &to, &place).await?;
                keepings.push(keeping);
                kept.insert(handle, object);
            }
            let args = this.taken_out(args, &to, &kept)?;
            this.unanswered.until(call(args)?).await?;
            keepings.into_iter().for_each(Keeping::keep);
            Ok(Value::Undefined)
        })))
    }

    async fn keep(&self, handle: &Handle, to: &Grant, place: &str) -> Result<(Object, Keeping), Problem> {
        let (Storing::Limited(reference), Some(keeper)) = (self.storing(handle, to)?, &self.keeper) else {
            return Err(Problem::denied("the reference cannot be stored"));
        };
        let methods = if let Rights::Methods(methods) = &reference.rights { Some(&**methods) } else { None };
        let kept = Kept {
            object: &reference.object,
            grant: &reference.grant,
            methods,
            place,
            giver: &self.whose.principal,
        };
        keeper.keep(kept).await
    }

    /// Takes references out of their handles, those with limits as what stands for them.
    #[allow(clippy::mutable_key_type, reason = "a handle is hashed by what it leads to, which never changes")]
    fn taken_out(
        &self,
        args: Vec<Value<Handle>>,
        to: &Grant,
        kept: &HashMap<Handle, Object>,
    ) -> Result<Vec<OuterValue>, Problem> {
        let take = |handle: Handle| match (kept.get(&handle), self.storing(&handle, to)?) {
            (Some(object), _) => Ok(object.clone()),
            (None, Storing::Whole(object)) => Ok(object.clone()),
            (None, Storing::Limited(_)) => Err(Problem::denied("the reference cannot be stored")),
        };
        args.into_iter().map(|arg| arg.try_map(&mut { take })).collect()
    }
}
