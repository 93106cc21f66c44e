//! References with less authority than what they stand for, for others: a guest, a peer.

use powerbox_authority::caveat::Caveat;
use powerbox_authority::grant::{Holder, Record, Target};
use powerbox_authority::ledger::{NewGrant, Origin};
use powerbox_captp::Value;

use super::giving::GiveError;
use super::held::{PERSON, record_act};
use crate::daemon::Dialect;
use crate::designation::parse_path;
use crate::host::Host;
use crate::membrane::Problem;

impl Host {
    /// Makes an object that passes on to what `name` stands for only what the caveats allow, and stores it as
    /// `new_name`. The embedded daemon keeps it; it ends when its grant is taken back.
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
    ) -> Result<Record, GiveError> {
        let failed = |problem| GiveError::Name { name: name.to_owned(), problem };
        let daemon = self.daemon().await?;
        if daemon.dialect() != Dialect::Embedded {
            let reason = "only the embedded daemon keeps attenuated references; this one forgets them";
            return Err(failed(Problem::Other(reason.to_owned())));
        }
        let path = parse_path(new_name).map_err(|reason| failed(Problem::Invalid(reason)))?;
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
            vec![Value::text(id), Value::bigint(record.id.get()), Value::texts(daemon.dialect().path(path))],
        );
        if let Err(error) = made.await {
            // Nobody has it: it must not stay.
            self.ledger().revoke(record.id)?;
            return Err(failed(error.into()));
        }
        record_act(self.audit(), PERSON, "attenuate", &record);
        Ok(record)
    }
}
