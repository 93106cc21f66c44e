//! `why`: what a plugin may reach and through which grants, or who may reach what a name stands for.

mod name;
mod plugin;

use clap::Args;
use powerbox_authority::grant::Record;
use powerbox_core::text::clean_line;

use crate::app::App;
use crate::exit::Failure;
use crate::grant::{Tree, name_agents, words};
use crate::moment::ago;

/// What is asked about.
#[derive(Debug, Args)]
pub(crate) struct WhyArguments {
    /// A plugin, or a name
    what: String,
    /// It is a name, also if a plugin is called so
    #[arg(long)]
    name: bool,
    /// A name in the names of this agent
    #[arg(long = "as", value_name = "AGENT")]
    agent: Option<String>,
}

/// Answers.
pub(crate) async fn run(
    app: &App,
    arguments: WhyArguments,
    agent: Option<&str>,
    json: bool,
) -> Result<(), Failure> {
    app.host.ledger().note_use()?;
    name_agents(&app.host).await;
    let agent = match arguments.agent.as_deref().or(agent) {
        Some(path) => Some(app.host.agent(path).await?),
        None => None,
    };
    let grants = Tree::new(app.host.ledger().list(true)?);
    match app.host.registry().plugin(&arguments.what) {
        Some(plugin) if !arguments.name => plugin::run(app, plugin, &grants, json),
        _ => name::run(&app.host, &arguments.what, agent.as_ref(), &grants, json).await,
    }
}

/// How somebody came to a grant: its number, those that it came from up to the person, what they refuse, and how it
/// was used.
fn explained(grant: &Record, grants: &Tree, now: u64) -> Vec<String> {
    let mut chain = Vec::new();
    let mut giver = None;
    let mut caveats = Vec::new();
    for link in grants.chain(grant.id) {
        let own = link.id == grant.id;
        chain.push(match own {
            true => format!("grant {}", link.id),
            false => format!("grant {} ({})", link.id, clean_line(&link.holder.to_string())),
        });
        let from = if own { String::new() } else { format!(" (of grant {})", link.id) };
        caveats.extend(words::caveats(&link.caveats).map(|caveats| format!("{caveats}{from}")));
        giver = Some((clean_line(&link.giver), link.made));
    }
    if let Some((giver, made)) = giver {
        chain.push(format!("{giver}, {}", ago(made, now)));
    }
    let mut lines = vec![chain.join(" ← ")];
    lines.extend(caveats);
    lines.extend(words::ended(grant, now).map(str::to_owned));
    lines.push(words::used(grant, now));
    lines
}
