use std::borrow::Cow;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use powerbox_captp::{CallError, Message, Object, Receiver, Reply, Value};

use super::call::Call;
use super::digest::Named;
use super::membrane::{Membrane, Side};
use super::ongoing::Ongoing;
use super::refused::Refused;
use super::{Unrecorded, Way, identifiers};
use crate::audit::Redactor;
use crate::caveat::{APPLY, Crossing as _, METHOD_NAMES};
use crate::grant::{Admission, Grant, GrantId};
use crate::identifiers::{Said, Texts, described};
use crate::question::{Question, quote, whole};

/// Stands on one side of a membrane for an object on the other.
pub struct Forwarder {
    membrane: Arc<Membrane>,
    target: Object,
    side: Side,
    number: u64,
    /// What the target's answers are, unless its method says otherwise.
    texts: Texts,
}

impl Forwarder {
    pub(super) fn new(membrane: Arc<Membrane>, target: Object, side: Side, texts: Texts) -> Self {
        Self { membrane, target, side, number: Self::next_number(), texts }
    }

    /// A number that no forwarder of this process has.
    pub(super) fn next_number() -> u64 {
        static NEXT: AtomicU64 = AtomicU64::new(0);
        NEXT.fetch_add(1, Ordering::Relaxed)
    }

    /// The grant that decides what it passes on.
    pub fn grant(&self) -> &Arc<Grant> {
        &self.membrane.grant
    }

    /// Whether it stands for the very object that was granted.
    pub fn is_root(&self) -> bool {
        self.side == Side::Outside && self.membrane.is_root(&self.target)
    }

    pub(super) fn target(&self) -> &Object {
        &self.target
    }

    /// The side on which it stands, where whoever calls it is.
    pub(super) fn side(&self) -> Side {
        self.side
    }

    pub(super) fn is_of(&self, membrane: &Arc<Membrane>) -> bool {
        Arc::ptr_eq(&self.membrane, membrane)
    }

    pub(super) fn is_beside(&self, other: &Self) -> bool {
        self.is_of(&other.membrane)
    }

    pub(super) fn named(&self) -> Named {
        if self.is_root() { Named::Root } else { Named::Number(self.number) }
    }

    fn way(&self) -> Way {
        match self.side {
            Side::Outside => Way::In,
            Side::Inside => Way::Out,
        }
    }

    /// Judges a call and records it.
    fn begin(&self, call: &Call<'_>) -> Result<Ongoing, Refused> {
        let recorder = &self.membrane.recorder;
        let crossed = call.crossed(self.way());
        if let Err(refused) = self.admit(call) {
            recorder.refused(&crossed, &refused.to_string());
            return Err(refused);
        }
        Ok(recorder.begin(&crossed).map(Ongoing::new)?)
    }

    fn admit(&self, call: &Call<'_>) -> Result<(), Refused> {
        let grant = self.grant();
        if self.side == Side::Inside {
            // It is the holder's own object, on which there are no rules. What it is told counts as told to the holder.
            return Ok(grant.admit_answer(|| call.bytes())?);
        }
        if let Some(methods) = self.methods()
            && !call.asks_for_names()
            && !methods.iter().any(|method| method == call.function())
        {
            let function = crate::text::clean_line(call.function());
            return Err(Refused::Method { allowed: methods.join(", "), function });
        }
        if identifiers::tells(call.function()) {
            return Err(Refused::Identifying(call.function().to_owned()));
        }
        match grant.admit(call, None)? {
            Admission::Granted => Ok(()),
            Admission::Ask { grant: id, digest } => {
                self.keep_question(call, id, &digest)?;
                Err(Refused::Unasked { grant: id, digest })
            }
        }
    }

    /// Keeps what the person would be asked, so that whoever allows the call by its digest is shown it.
    fn keep_question(&self, call: &Call<'_>, id: Option<GrantId>, digest: &str) -> Result<(), Refused> {
        let grant = self.grant();
        let crossed = call.crossed(self.way());
        let arguments = whole(crossed.arguments, &Redactor::default(), &|object: &Object| {
            let interface = object.interface().unwrap_or_default();
            format!("a reference that calls itself {}", quote(&interface))
        })?;
        let target = self.target.interface().unwrap_or_default();
        let slot = match self.is_root() {
            true => grant.what().to_owned(),
            false => format!("something that {} led to, which calls itself {}", grant.what(), quote(&target)),
        };
        let question = Question {
            principal: grant.holder().to_string(),
            slot,
            function: crate::text::clean_line(crossed.function),
            arguments,
        };
        if let (Some(id), Some(questions)) = (id, grant.questions())
            && let Err(error) = questions.keep(id, digest, &question)
        {
            tracing::warn!(%error, "a question cannot be kept, so its call cannot be allowed afterwards");
        }
        Ok(())
    }

    /// The only methods that may be called on its target, if it was made for some.
    fn methods(&self) -> Option<&[String]> {
        self.membrane.methods.as_deref().filter(|_| self.is_root())
    }

    /// Leaves the names of methods that may be called.
    fn allowed_names(&self, names: Value) -> Value {
        let grant = self.grant();
        let methods = self.methods();
        if self.side == Side::Inside || (methods.is_none() && grant.allows_function(APPLY)) {
            return names;
        }
        let Value::List(mut names) = names else { return Value::List(Vec::new()) };
        names.retain(|name| {
            name.as_str().is_some_and(|name| {
                let listed = || methods.is_none_or(|methods| methods.iter().any(|method| method == name));
                name == METHOD_NAMES || (grant.allows_function(name) && listed())
            })
        });
        Value::List(names)
    }

    /// Passes an outcome on, and records it before.
    fn answer(
        &self,
        mut outcome: Result<Value, CallError>,
        asked_for_names: bool,
        said: Said,
        ongoing: Ongoing,
    ) -> Result<Value, CallError> {
        if asked_for_names {
            outcome = outcome.map(|names| self.allowed_names(names));
        }
        let outcome = self.membrane.outcome_across(outcome, self.side, 0, said);
        self.end(outcome, ongoing)
    }

    fn end(&self, outcome: Result<Value, CallError>, ongoing: Ongoing) -> Result<Value, CallError> {
        let recorded = ongoing.end(&outcome);
        recorded.map_err(|error: Unrecorded| CallError::from(Refused::from(error)))?;
        outcome
    }
}

impl Receiver for Forwarder {
    fn receive(self: Arc<Self>, message: Message) -> Reply {
        let call = Call::new(&self, &message);
        let asks_for_names = call.asks_for_names();
        let said = self.texts.answer(call.function());
        let ongoing = match self.begin(&call) {
            Ok(ongoing) => ongoing,
            Err(refused) => return Reply::error(refused.into()),
        };
        drop(call);
        let message = match self.membrane.message_across(message, self.side.other()) {
            Ok(message) => message,
            Err(error) => return self.end(Err(error), ongoing).into(),
        };
        // Sent before this returns, so that messages keep their order.
        let answer = self.target.deliver(message);
        if let Some(outcome) = answer.outcome() {
            return self.answer(outcome, asks_for_names, said, ongoing).into();
        }
        Reply::pending(async move {
            let grant = self.grant();
            let outcome = tokio::select! {
                biased;
                ending = grant.ended() => Err(Refused::ended(grant, ending).into()),
                outcome = answer => outcome,
            };
            self.answer(outcome, asks_for_names, said, ongoing)
        })
    }

    /// What the target calls itself: a claim of its maker, as for any object. Some name themselves after their
    /// identifier.
    fn interface(&self) -> Option<Cow<'_, str>> {
        let interface = self.target.interface()?;
        Some(match self.side {
            Side::Outside => Cow::Owned(described(&interface).into_owned()),
            Side::Inside => Cow::Owned(interface),
        })
    }
}

impl Drop for Forwarder {
    fn drop(&mut self) {
        self.membrane.known(self.side).forget(self);
    }
}

impl std::fmt::Debug for Forwarder {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Forwarder")
            .field("target", &self.target)
            .field("side", &self.side)
            .finish_non_exhaustive()
    }
}
