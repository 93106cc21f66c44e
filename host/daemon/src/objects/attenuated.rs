use std::borrow::Cow;
use std::sync::Arc;

use powerbox_authority::forward::{AuditRecorder, Membrane};
use powerbox_authority::grant::GrantId;
use powerbox_captp::{Answer, CallError, Message, Object, Receiver, Reply, promise};

use crate::failure::Failure;
use crate::id::FormulaId;
use crate::world::World;

/// An object that passes on to another what a grant allows, for as long as the grant lives.
///
/// Not one of Endo's kinds: its methods are those of the other object. The formula has the grant's number; what it
/// allows stands in the user's ledger, which the command host writes and this daemon reads.
#[derive(Debug)]
pub(crate) struct Attenuated {
    world: Arc<World>,
    id: FormulaId,
    outside: Object,
}

impl Attenuated {
    pub(crate) fn new(world: Arc<World>, id: FormulaId, target: FormulaId, grant: GrantId) -> Arc<Self> {
        let outside = outside(&world, target, grant)
            .unwrap_or_else(|reason| Answer::ready(Err(CallError::error(reason))).object());
        Arc::new(Self { world, id, outside })
    }

    /// Gives the identifier of the formula, if `world` is the daemon that keeps it.
    pub(crate) fn id_in(&self, world: &Arc<World>) -> Option<FormulaId> {
        Arc::ptr_eq(&self.world, world).then_some(self.id)
    }
}

/// Makes what the holder has in the place of the target.
fn outside(world: &Arc<World>, target: FormulaId, grant: GrantId) -> Result<Object, String> {
    let authority = world.authority.as_ref().ok_or("this daemon has no ledger of grants")?;
    let record = authority.ledger.get(grant).map_err(|error| error.to_string())?;
    let record = record.ok_or_else(|| format!("grant {grant} is not in the ledger"))?;
    let grant = authority.ledger.grant(grant).map_err(|error| error.to_string())?;
    let recorder = AuditRecorder {
        audit: authority.audit.clone(),
        principal: record.holder.to_string(),
        agent: None,
        agent_key: None,
        plugin: String::new(),
        slot: record.slot,
    };
    // A promise keeps the calls that come before the target is there in their order.
    let (promise, resolver) = promise();
    let world = world.clone();
    tokio::spawn(async move {
        let found = world.provide(target).await.map_err(|failure: Failure| CallError::from(failure));
        resolver.resolve(Answer::ready(found).object().into());
    });
    Ok(Membrane::new(promise, grant, None, Arc::new(recorder)).outside())
}

impl Receiver for Attenuated {
    fn receive(self: Arc<Self>, message: Message) -> Reply {
        Reply::Answer(self.outside.deliver(message))
    }

    fn interface(&self) -> Option<Cow<'_, str>> {
        Some(Cow::Borrowed("Alleged: Attenuated"))
    }
}
