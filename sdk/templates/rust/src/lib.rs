//! {{name}}: counts the names in a directory.

mod tally;

use powerbox_sdk::{Directory, Output, Problem, command};

// The functions of the slots that `wit/{{name}}.wit` asks for, in a module `slots`.
powerbox_sdk::slots!("plugin:{{name}}/{{name}}@0.1.0");

powerbox_sdk::group! {
    /// Counting names
    "{{name}}": [count]
}

/// Count the names in a directory
///
/// Without a directory, the one is counted that the slot `inventory` is bound to.
#[command(name = "{{name}}", effect = reads)]
async fn count(
    /// The directory
    directory: Option<Directory>,
    /// Only names that begin with this
    #[option(short = 'p')]
    prefix: Option<String>,
) -> Result<Output, Problem> {
    let names = match directory {
        // What the user named: this one directory, to read.
        Some(directory) => directory.list().await?,
        // What the slot was bound to at installation.
        None => slots::inventory::list(Vec::new()).await?,
    };
    Ok(Output::message(tally::tally(&names, prefix.as_deref().unwrap_or_default())))
}
