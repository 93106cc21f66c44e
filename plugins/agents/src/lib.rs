//! The commands for agents: those who act with names of their own.

mod introduction;

use powerbox_sdk::{NewName, Output, Passable, Problem, command, smallcaps};

use crate::introduction::{introductions, quoted};

powerbox_sdk::slots!("powerbox:agents/agents@0.1.0");

powerbox_sdk::group! {
    /// Agents that act with names of their own
    agents: [mkguest]
}

/// Make a guest: a confined agent with names of its own
///
/// Run commands for it with `--as AGENT`. It reaches what is in its own directory and nothing of yours, except what you
/// introduce to it. Both names must be free, and the names to introduce must exist; otherwise nothing is made.
#[command(alias = "guest", effect = writes, category = "Agents")]
async fn mkguest(
    /// The name for its mail address
    handle: NewName,
    /// The name for the agent itself
    agent: NewName,
    /// One of your names that it gets, too, as NAME or as NAME=ITS-NAME
    #[option(short = 'i')]
    introduce: Option<Vec<String>>,
) -> Result<Output, Problem> {
    let introductions = introductions(introduce.unwrap_or_default())?;
    if handle.text() == agent.text() {
        return Err(Problem::invalid("the mail address and the agent need different names"));
    }
    for name in [&handle, &agent] {
        if name.text().contains('/') {
            return Err(Problem::invalid(format!(
                "{name} is a path; a guest gets names in your own directory"
            )));
        }
        if let Some(held) = name.holds().await? {
            return Err(taken(name, &held));
        }
    }
    for (name, _) in &introductions {
        if !slots::names::has(vec![name.clone()]).await? {
            return Err(Problem::NotFound(name.clone()));
        }
    }
    let introduced: Vec<_> = introductions
        .iter()
        .map(|(name, its_name)| format!("{}:{}", quoted(name), quoted(its_name)))
        .collect();
    let options = format!(
        "{{\"agentName\":{},\"introducedNames\":{{{}}}}}",
        quoted(&agent.text()),
        introduced.join(",")
    );
    let options = Passable { body: smallcaps::from_json(&options)?, slots: Vec::new() };
    let provided = slots::maker::provide_guest(handle.text(), options).await?;
    // A daemon that finds the first name taken gives what it holds, and makes nothing.
    let made = provided.interface_name().is_some_and(|name| name.ends_with("EndoGuest"));
    match agent.holds().await?.as_deref() {
        Some("guest") if made => Ok(Output::message(format!("Guest {agent} created"))),
        held => {
            let held = held
                .map_or_else(|| format!("{agent} holds nothing"), |held| format!("{agent} holds a {held}"));
            Err(Problem::other(format!("no guest was made: {handle} was taken meanwhile, and {held}")))
        }
    }
}

fn taken(name: &NewName, held: &str) -> Problem {
    Problem::invalid(format!("{name} holds a {held} already; choose another name, or remove it first"))
}
