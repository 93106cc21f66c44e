use powerbox_authority::grant::GrantId;
use powerbox_authority::ledger::LedgerError;
use powerbox_core::Host;
use serde_json::json;

use super::tree::Tree;
use crate::ask;
use crate::exit::{Failure, Status};
use crate::render::print;

/// Takes a grant back, after showing what ends with it.
pub(super) fn run(host: &Host, id: GrantId, yes: bool, json: bool) -> Result<(), Failure> {
    let mut shown = String::new();
    match host.ledger().list(false) {
        Ok(records) => {
            let tree = Tree::new(records);
            let ends: Vec<_> = tree.subtree(id).into_iter().cloned().collect();
            if ends.is_empty() {
                super::known(host, id)?;
                return told(id, &[], json);
            }
            let more = ends.len() - 1;
            let with = if more == 0 { String::new() } else { format!(" and the {more} that came of it") };
            let tree = Tree::new(ends).text(host.ledger().clock().now());
            shown = format!("this takes back grant {id}{with}:\n{tree}");
        }
        // A grant that cannot be read is one to be taken back.
        Err(error @ LedgerError::Damaged(..)) => eprintln!("warning: {error}"),
        Err(error) => return Err(error.into()),
    }
    if yes && !json {
        eprint!("{shown}");
    }
    if !yes && !ask::agree(&ask::lines(&shown), "take it back?")? {
        return Err(Failure::new(Status::Failed, "nothing was taken back"));
    }
    let ended = host.revoke_grant(id)?;
    told(id, &ended, json)
}

fn told(id: GrantId, ended: &[GrantId], json: bool) -> Result<(), Failure> {
    if json {
        return print(&json!({ "ended": ended }).to_string());
    }
    match ended {
        [] => eprintln!("grant {id} had ended already"),
        [_] => eprintln!("grant {id} is taken back"),
        [_, more @ ..] => {
            let more: Vec<_> = more.iter().map(ToString::to_string).collect();
            eprintln!("grant {id} is taken back, and with it {}", more.join(", "));
        }
    }
    Ok(())
}
