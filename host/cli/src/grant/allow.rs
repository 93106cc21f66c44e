//! `grant allow`: the person's word for a call that they could not be asked about when it was made.

use powerbox_authority::grant::GrantId;
use powerbox_authority::question::Question;
use powerbox_core::Host;
use powerbox_core::text::clean_line;
use serde_json::json;

use super::known;
use crate::ask;
use crate::exit::{Failure, Status};
use crate::render::print;

/// Shows the call, asks if somebody is there, and allows it.
pub(super) fn run(host: &Host, id: GrantId, digest: &str, yes: bool, json: bool) -> Result<(), Failure> {
    known(host, id)?;
    let question = host.question(id, digest).map_err(|error| {
        Failure::new(Status::Failed, format!("cannot read what grant {id} asked about: {error}"))
    })?;
    // A digest alone says nothing to a person, and a plugin can tell them any.
    let question = question.ok_or_else(|| {
        Failure::new(Status::Failed, format!("grant {id} did not ask about a call with this digest"))
            .hinted("run the command again; the refusal says what to allow")
    })?;
    if !json {
        show(&question);
    }
    if !yes && !ask::confirm("allow this one call?")? {
        return Err(Failure::new(Status::Failed, "nothing was allowed"));
    }
    host.approve_call(id, digest)?;
    if json {
        return print(&json!({ "grant": id, "digest": digest, "call": question }).to_string());
    }
    eprintln!("grant {id} allows this one call within the next ten minutes");
    Ok(())
}

fn show(question: &Question) {
    for (label, text) in [
        ("for", &question.principal),
        ("slot", &question.slot),
        ("function", &question.function),
        ("arguments", &question.arguments),
    ] {
        eprintln!("{label:11}{}", clean_line(text));
    }
}
