//! Counting names.

use powerbox_sdk::{Directory, Output, Problem, command};

mod tally;

powerbox_sdk::slots!("local:{{name}}/plugin@0.1.0");

powerbox_sdk::group! {
    /// Counting names
    {{name_}}: [count]
}

/// Count the names in a directory
///
/// Without a name it counts those of the directory that the slot `inventory` was bound to when the plugin was
/// installed.
#[command(effect = reads)]
async fn count(
    /// The directory whose names to count
    r#where: Option<Directory>,
) -> Result<Output, Problem> {
    let names = match &r#where {
        Some(directory) => directory.list().await?,
        None => slots::inventory::list(vec![]).await?,
    };
    let mut rows = tally::tally(&names);
    rows.push(("(all)".to_owned(), names.len()));
    let rows = rows.into_iter().map(|(start, count)| vec![start, count.to_string()]);
    Ok(Output::table(["begins with", "names"], rows))
}
