//! Changing names. None of these commands reads what a name holds.

use powerbox_sdk::{Movable, NewName, Output, Problem, Readable, Removable, command};

/// Remove names
///
/// What a name held lives on if it has another name. If one name can not be removed, the others are removed all the
/// same.
#[command(alias = "rm", effect = destroys)]
pub(crate) async fn remove(
    /// The names to remove
    names: Vec<Removable>,
) -> Result<Output, Problem> {
    if let [name] = names.as_slice() {
        name.remove().await?;
        return Ok(Output::message(format!("{name} removed")));
    }
    let mut failed = Vec::new();
    for name in &names {
        match name.remove().await {
            Ok(()) => powerbox_sdk::emit(Output::message(format!("{name} removed"))).await?,
            Err(problem) => failed.push(format!("{name} ({})", problem.explain())),
        }
    }
    if failed.is_empty() {
        return Ok(Output::Nothing);
    }
    let (failures, all) = (failed.len(), names.len());
    Err(Problem::other(format!("{failures} of {all} names not removed: {}", failed.join(", "))))
}

/// Move a thing to another name
#[command(alias = "mv", effect = writes)]
pub(crate) async fn r#move(
    /// The name that it has
    from: Movable,
    /// The name that it gets; what this name held before is forgotten
    to: NewName,
) -> Result<Output, Problem> {
    to.move_from(&from).await?;
    Ok(Output::message(format!("{from} moved to {to}")))
}

/// Give a thing one more name
#[command(alias = "cp", effect = writes)]
pub(crate) async fn copy(
    /// A name that it has
    from: Readable,
    /// The name that it gets, too; what this name held before is forgotten
    to: NewName,
) -> Result<Output, Problem> {
    to.copy_from(&from).await?;
    Ok(Output::message(format!("{from} copied to {to}")))
}

/// Make an empty directory
#[command(effect = writes)]
pub(crate) async fn mkdir(
    /// The name of the new directory; what this name held before is forgotten
    name: NewName,
) -> Result<Output, Problem> {
    name.make_directory().await?;
    Ok(Output::message(format!("Directory {name} created")))
}
