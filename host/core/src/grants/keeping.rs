//! References that a plugin stores: whoever looks one up later has what the plugin had, and no more.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use powerbox_authority::audit::Audit;
use powerbox_authority::caveat::{Caveat, Functions};
use powerbox_authority::grant::{Grant, GrantId, Holder};
use powerbox_authority::ledger::{Ledger, NewGrant, Origin};
use powerbox_captp::{Object, Value};

use super::held::record_act;
use crate::daemon::{Daemon, Dialect};
use crate::membrane::Problem;

/// Has the embedded daemon keep references with limits, for one run of a plugin.
pub struct Keeper {
    ledger: Ledger,
    audit: Arc<Audit>,
    bootstrap: Object,
    kept: AtomicUsize,
}

/// How many references with limits one run may store. Each is a grant in the ledger.
const MOST_KEPT: usize = 64;

/// A reference to be kept.
pub(crate) struct Kept<'a> {
    /// The object.
    pub(crate) object: &'a Object,
    /// The right through which the plugin has it.
    pub(crate) grant: &'a Arc<Grant>,
    /// The only methods that the plugin may call, if not all.
    pub(crate) methods: Option<&'a [String]>,
    /// Where it will be stored, in words.
    pub(crate) place: &'a str,
    /// Who stores it, in words.
    pub(crate) giver: &'a str,
}

impl Keeper {
    /// Makes one, if the daemon keeps such references.
    pub(crate) fn new(daemon: &Daemon, ledger: &Ledger, audit: &Arc<Audit>) -> Option<Arc<Self>> {
        (daemon.dialect() == Dialect::Embedded).then(|| {
            Arc::new(Self {
                ledger: ledger.clone(),
                audit: Arc::clone(audit),
                bootstrap: daemon.bootstrap().clone(),
                kept: AtomicUsize::new(0),
            })
        })
    }

    /// Makes an object that passes on what the plugin itself may do, under a child of the grant that it came by. It is
    /// revoked again when the guard is dropped, unless that is told to [keep](Keeping::keep) it.
    pub(crate) async fn keep(&self, kept: Kept<'_>) -> Result<(Object, Keeping), Problem> {
        let refused = |reason: &str| Problem::denied(format!("the reference cannot be stored: {reason}"));
        let parent = kept.grant.id().ok_or_else(|| refused("it ends with the command"))?;
        let caveats = match kept.methods {
            None => Vec::new(),
            Some(methods) => {
                let allowed =
                    methods.iter().map(String::as_str).filter(|name| kept.grant.allows_function(name));
                let functions = Functions::new(allowed).map_err(|error| refused(&error.to_string()))?;
                vec![Caveat::Functions(functions)]
            }
        };
        if self.kept.fetch_add(1, Ordering::Relaxed) >= MOST_KEPT {
            return Err(Problem::Limit(format!("a command may store {MOST_KEPT} references with limits")));
        }
        let unwritten = |error: &dyn std::fmt::Display| {
            tracing::error!(%error, "a reference is not stored");
            Problem::Other(
                "the ledger of grants cannot be written, so the reference is not stored".to_owned(),
            )
        };
        let holder = Holder::reference(kept.place);
        // What is at this place already may have been moved elsewhere, and goes on.
        let before = self.ledger.ever_filled(&holder).map_err(|error| unwritten(&error))?.len();
        let record = self
            .ledger
            .add(&NewGrant {
                origin: Origin::Child(parent),
                holder,
                slot: format!("{} #{}", kept.grant.what(), before + 1),
                caveats,
                giver: kept.giver.to_owned(),
            })
            .map_err(|error| unwritten(&error))?;
        let keeping = Keeping { ledger: self.ledger.clone(), id: Some(record.id) };
        let number = Value::bigint(record.id.get());
        let made = self.bootstrap.call("attenuateObject", vec![kept.object.clone().into(), number]);
        match made.await {
            Ok(Value::Capability(object)) => {
                record_act(&self.audit, kept.giver, "store", &record);
                Ok((object, keeping))
            }
            Ok(_) => Err(refused("the daemon does not keep it")),
            Err(error) => {
                tracing::debug!(%error, "the daemon does not keep a reference");
                Err(refused("the daemon did not make it, or it has not settled"))
            }
        }
    }
}

/// A grant that was made for a reference that is not stored yet.
#[derive(Debug)]
pub(crate) struct Keeping {
    ledger: Ledger,
    id: Option<GrantId>,
}

impl Keeping {
    /// The reference is stored.
    pub(crate) fn keep(mut self) {
        self.id = None;
    }
}

impl Drop for Keeping {
    fn drop(&mut self) {
        let Some(id) = self.id.take() else { return };
        if let Err(error) = self.ledger.revoke(id) {
            tracing::warn!(%error, %id, "the grant of a reference that was not stored cannot be revoked");
        }
    }
}
