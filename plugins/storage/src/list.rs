//! Listing and following directories.

use powerbox_sdk::{Change, Directory, Output, Problem, command};

use crate::slots::inventory;

/// List the names in a directory
///
/// With `--follow` each name that is there is shown as added, and then names as they are added and removed, until the
/// command is cancelled.
#[command(alias = "ls", effect = reads)]
pub(crate) async fn list(
    /// The directory to list; your own names if left out
    directory: Option<Directory>,
    /// Keep on showing changes
    #[option(short = 'f')]
    follow: bool,
) -> Result<Output, Problem> {
    match (directory, follow) {
        (Some(directory), false) => Ok(Output::Lines(directory.list().await?)),
        (None, false) => Ok(Output::Lines(inventory::list(Vec::new()).await?)),
        (Some(directory), true) => {
            let changes = directory.follow().await?;
            while let Some(change) = changes.next().await? {
                show(match change {
                    Change::Added(name) => added(&name),
                    Change::Removed(name) => removed(&name),
                })
                .await?;
            }
            Ok(Output::Nothing)
        }
        (None, true) => follow_inventory().await,
    }
}

async fn follow_inventory() -> Result<Output, Problem> {
    let changes = inventory::follow_name_changes().await?;
    loop {
        let step = changes.next().await?;
        let Some(change) = step.value.filter(|_| !step.done) else {
            return Ok(Output::Nothing);
        };
        // One change is one or the other; a daemon that sends neither says nothing.
        let lines = change.add.as_deref().map(added).into_iter().chain(change.remove.as_deref().map(removed));
        for line in lines {
            show(line).await?;
        }
    }
}

fn added(name: &str) -> String {
    format!("+{name}")
}

fn removed(name: &str) -> String {
    format!("-{name}")
}

async fn show(line: String) -> Result<(), Problem> {
    powerbox_sdk::emit(Output::Lines(vec![line])).await
}
