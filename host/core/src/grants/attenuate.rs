//! References with less authority than what they stand for, for others: a guest, a peer.

use powerbox_authority::caveat::Caveat;
use powerbox_authority::grant::{Holder, Record, Target};
use powerbox_authority::ledger::{NewGrant, Origin};
use powerbox_captp::{CallError, Value};

use super::giving::GiveError;
use super::held::{PERSON, record_act};
use crate::daemon::{Dialect, HeldKind, locate, located};
use crate::designation::parse_path;
use crate::host::Host;
use crate::membrane::Problem;

/// What becomes of what a name holds that is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum IfTaken {
    /// It stays, and nothing is written.
    Refuse,
    /// The name forgets it.
    Replace,
}

impl Host {
    /// Makes an object that passes on to what `name` stands for only what the caveats allow, and stores it as
    /// `new_name`. The embedded daemon keeps it; it ends when its grant is taken back. What `new_name` holds already stays
    /// unless `if_taken` says otherwise.
    ///
    /// Attenuating an object that is itself such a reference makes a child of its grant.
    ///
    /// # Errors
    ///
    /// Why it cannot be made. Other daemons than the embedded one keep no objects of ours.
    pub async fn attenuate(
        &self,
        name: &str,
        new_name: &str,
        caveats: Vec<Caveat>,
        if_taken: IfTaken,
    ) -> Result<Record, GiveError> {
        let failed = |problem| GiveError::Name { name: name.to_owned(), problem };
        let named = |error: CallError| GiveError::Name { name: new_name.to_owned(), problem: error.into() };
        let daemon = self.daemon().await?;
        if daemon.dialect() != Dialect::Embedded {
            let reason = "only the embedded daemon keeps attenuated references; this one forgets them";
            return Err(failed(Problem::Other(reason.to_owned())));
        }
        let path = parse_path(new_name).map_err(|reason| failed(Problem::Invalid(reason)))?;
        if new_name == name {
            // Its own name is often the only one that the object has.
            return Err(GiveError::Object(format!("the reference needs another name than `{name}`")));
        }
        let spelled = daemon.dialect().path(path);
        if spelled.last().is_some_and(|last| daemon.dialect().is_special(last)) {
            return Err(GiveError::Object(format!(
                "`{new_name}` is a special name of the daemon; it cannot be replaced"
            )));
        }
        let taken = |held: HeldKind| GiveError::Taken { name: new_name.to_owned(), held: held.in_words() };
        // The daemon looks once more when it writes; this keeps the ledger free of grants that come to nothing.
        if if_taken == IfTaken::Refuse
            && let Some(held) = located(&locate(daemon.host(), &spelled).await.map_err(named)?)
        {
            return Err(taken(held));
        }
        let target = self.object_target(None, name).await?;
        let Target::Object { id: Some(id), .. } = &target else {
            return Err(failed(Problem::Other("it has no identifier".to_owned())));
        };
        let id = id.clone();
        let facts = daemon.bootstrap().call("grantOf", vec![Value::text(id.as_str())]);
        let parent = match facts.await {
            Ok(Value::BigInt(number)) => u64::try_from(&number).ok(),
            Ok(_) => None,
            Err(error) => return Err(failed(error.into())),
        };
        let parent = match parent {
            Some(number) => Some(number.to_string().parse().map_err(|_| failed(Problem::Revoked))?),
            None => None,
        };
        let record = self.ledger().add(&NewGrant {
            origin: match parent {
                Some(parent) => Origin::Child(parent),
                None => Origin::Object(target),
            },
            holder: Holder::reference(new_name),
            slot: new_name.to_owned(),
            caveats,
            giver: PERSON.to_owned(),
        })?;
        let made = daemon.bootstrap().call(
            "attenuate",
            vec![
                Value::text(id),
                Value::bigint(record.id.get()),
                Value::texts(spelled),
                Value::record([("replace", Value::Bool(if_taken == IfTaken::Replace))]),
            ],
        );
        if let Err(error) = made.await {
            // Nobody has it: it must not stay.
            self.ledger().revoke(record.id)?;
            return Err(match HeldKind::in_the_way(&error) {
                Some(held) => taken(held),
                None => named(error),
            });
        }
        record_act(self.audit(), PERSON, "attenuate", &record);
        Ok(record)
    }
}
