use powerbox_authority::caveat::Caveat;
use powerbox_authority::grant::{Holder, Record, Target};
use powerbox_authority::ledger::{NewGrant, Origin};
use powerbox_core::Host;
use powerbox_core::designation::parse_path;

use super::words;
use crate::exit::Failure;

/// Who gives what is given here, in grants and in the audit.
const PERSON: &str = "person";

/// Gives an agent what it is: the grant from which come all grants to plugins that act for it. The first is made by
/// itself; one that was taken back only the person gives again.
pub(super) fn give(host: &Host, agent: &str, caveats: Vec<Caveat>) -> Result<Record, Failure> {
    let name = parse_path(agent).map_err(Failure::usage)?;
    let record = host.ledger().add(&NewGrant {
        origin: Origin::Object(Target::Agent { name }),
        holder: Holder::agent(agent),
        slot: Record::AGENT.to_owned(),
        caveats,
        giver: PERSON.to_owned(),
    })?;
    let caveats =
        words::caveats(&record.caveats).map_or_else(String::new, |caveats| format!(" with {caveats}"));
    let detail = format!("{} holds {} as {}{caveats}", record.holder, record.target, record.slot);
    host.audit().act(PERSON, "grant", Some(record.id.get()), &detail)?;
    Ok(record)
}
