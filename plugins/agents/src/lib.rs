//! The commands for agents: those who act with names of their own.

use powerbox_sdk::{Output, Passable, Problem, command, smallcaps};

powerbox_sdk::slots!("powerbox:agents/agents@0.1.0");

powerbox_sdk::group! {
    /// Agents that act with names of their own
    agents: [mkguest]
}

/// Make a guest: a confined agent with names of its own
///
/// Run commands for it with `--as AGENT`. It reaches what is in its own directory and nothing of yours, except what you
/// introduce to it. A guest that is there already is left as it is.
#[command(alias = "guest", effect = writes, category = "Agents")]
async fn mkguest(
    /// The name for its mail address
    handle: String,
    /// The name for the agent itself
    agent: String,
    /// One of your names that it shall have, too, as NAME or as NAME=ITS-NAME
    #[option(short = 'i')]
    introduce: Option<Vec<String>>,
) -> Result<Output, Problem> {
    let introduce = introduce.unwrap_or_default();
    let introduced = introduce.iter().map(|names| {
        let (name, its_name) = names.split_once('=').unwrap_or((names, names));
        format!("{}:{}", quoted(name), quoted(its_name))
    });
    let introduced: Vec<_> = introduced.collect();
    let options =
        format!("{{\"agentName\":{},\"introducedNames\":{{{}}}}}", quoted(&agent), introduced.join(","));
    let options = Passable { body: smallcaps::from_json(&options)?, slots: Vec::new() };
    slots::maker::provide_guest(handle, options).await?;
    Ok(Output::message(format!("Guest \"{agent}\" created")))
}

/// Text as JSON writes it.
fn quoted(text: &str) -> String {
    let mut quoted = String::from("\"");
    for character in text.chars() {
        match character {
            '"' | '\\' => quoted.extend(['\\', character]),
            character if character.is_control() => {
                quoted.push_str(&format!("\\u{:04x}", u32::from(character)))
            }
            character => quoted.push(character),
        }
    }
    quoted.push('"');
    quoted
}
