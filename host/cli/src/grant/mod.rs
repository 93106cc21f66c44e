//! `grant …`: what the person gives and takes back.

mod add;
mod agent;
mod caveats;
mod list;
mod revoke;
mod tree;
pub(crate) mod words;

pub(crate) use caveats::CaveatFlags;
pub(crate) use tree::Tree;

use clap::Subcommand;
use powerbox_authority::grant::{GrantId, Record};
use powerbox_authority::ledger::LedgerError;
use powerbox_core::Host;
use serde_json::json;

use self::add::AddArguments;
use crate::exit::Failure;
use crate::render::{print, print_json};

/// What can be done with grants.
#[derive(Debug, Subcommand)]
pub(crate) enum GrantVerb {
    /// List grants as a tree: under each one what came of it
    List {
        /// Only those that this plugin holds, with what they came from and what came of them
        plugin: Option<String>,
        /// Those that have ended, too
        #[arg(long)]
        all: bool,
    },
    /// Show all about one grant
    Show {
        /// The grant's number
        id: GrantId,
    },
    /// Give a plugin something for one of its slots
    ///
    /// What filled the slot before is taken back in the same step. At a terminal, what is left out is asked for.
    Add(Box<AddArguments>),
    /// Add caveats to a grant; what came of it is bound by them, too
    Narrow {
        /// The grant's number
        id: GrantId,
        #[command(flatten)]
        caveats: Box<CaveatFlags>,
    },
    /// Take back a grant and all that came of it, calls in flight included
    Revoke {
        /// The grant's number
        id: GrantId,
        /// Take it back without asking
        #[arg(long, short)]
        yes: bool,
    },
    /// Allow one call that a `confirm` caveat asked for, within the next ten minutes
    Allow {
        /// The grant's number
        id: GrantId,
        /// The digest of the call, as the refusal told it
        #[arg(value_parser = digest)]
        digest: String,
    },
}

/// Runs one of the verbs.
pub(crate) async fn run(
    host: &Host,
    verb: GrantVerb,
    agent: Option<&str>,
    json: bool,
) -> Result<(), Failure> {
    match verb {
        GrantVerb::List { plugin, all } => list::list(host, plugin.as_deref(), all, json),
        GrantVerb::Show { id } => list::show(host, id, json),
        GrantVerb::Add(arguments) => add::run(host, *arguments, agent, json).await,
        GrantVerb::Narrow { id, caveats } => narrow(host, id, &caveats, json),
        GrantVerb::Revoke { id, yes } => revoke::run(host, id, yes, json),
        GrantVerb::Allow { id, digest } => {
            known(host, id)?;
            host.approve_call(id, &digest)?;
            if json {
                return print(&json!({ "grant": id, "digest": digest }).to_string());
            }
            eprintln!("grant {id} allows this one call within the next ten minutes");
            Ok(())
        }
    }
}

fn narrow(host: &Host, id: GrantId, caveats: &CaveatFlags, json: bool) -> Result<(), Failure> {
    let caveats = read(host, caveats)?;
    if caveats.is_empty() {
        return Err(Failure::usage(format!("nothing to narrow grant {id} by")).hinted(
            "give a caveat, as in `--read-only` or `--calls 10`; `powerbox grant narrow --help` lists them",
        ));
    }
    let record = host.narrow_grant(id, &caveats)?;
    given("narrowed", &record, json)
}

/// The caveats that the flags mean now.
pub(crate) fn read(
    host: &Host,
    flags: &CaveatFlags,
) -> Result<Vec<powerbox_authority::caveat::Caveat>, Failure> {
    flags.at(host.ledger().clock().now()).map_err(|error| Failure::usage(error.to_string()))
}

/// Tells what was done to a grant.
pub(crate) fn given(what: &str, record: &Record, json: bool) -> Result<(), Failure> {
    if json {
        return print_json(record);
    }
    let caveats = words::caveats(&record.caveats).map_or_else(String::new, |caveats| format!("; {caveats}"));
    eprintln!("{what}: grant {}, {}, {}{caveats}", record.id, record.holder, words::reach(record));
    Ok(())
}

/// The grant of a number.
fn known(host: &Host, id: GrantId) -> Result<Record, Failure> {
    Ok(host.ledger().get(id)?.ok_or(LedgerError::Unknown(id))?)
}

fn digest(text: &str) -> Result<String, String> {
    let digits = text.len() == 64 && text.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'));
    if digits {
        Ok(text.to_owned())
    } else {
        Err("a digest has 64 hexadecimal digits; the refusal of the call told it".to_owned())
    }
}
