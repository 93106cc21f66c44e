//! Changing names. None of these commands reads what a name holds.

use powerbox_sdk::{
    Designated, Movable, NewName, Output, Problem, Readable, Removable, Replaceable, command,
};

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
    let mut denied = None;
    for name in &names {
        match name.remove().await {
            Ok(()) => powerbox_sdk::emit(Output::message(format!("{name} removed"))).await?,
            Err(problem) => {
                failed.push(format!("{name} ({})", problem.explain()));
                if matches!(problem, Problem::Denied(_) | Problem::Revoked) {
                    denied.get_or_insert(problem);
                }
            }
        }
    }
    if failed.is_empty() {
        return Ok(Output::Nothing);
    }
    let (failures, all) = (failed.len(), names.len());
    let failed = format!("{failures} of {all} names not removed: {}", failed.join(", "));
    match denied {
        // What was refused is told as that, by the host, with what to do.
        Some(problem) => {
            powerbox_sdk::emit(Output::message(failed)).await?;
            Err(problem)
        }
        None => Err(Problem::other(failed)),
    }
}

/// Move a name
///
/// If TO is a directory, it is moved into that and keeps its last name. A name that holds something already stays as it
/// is, unless `--force` is given.
#[command(alias = "mv", effect = destroys)]
pub(crate) async fn r#move(
    /// The name to move
    from: Movable,
    /// The new name, or the directory to move into
    to: Replaceable,
    /// Replace what the new name holds already
    #[option]
    force: bool,
) -> Result<Output, Problem> {
    let to = place(&from, &to, force).await?;
    to.move_from(&from).await?;
    Ok(Output::message(format!("{from} moved to {to}")))
}

/// Copy a name
///
/// If TO is a directory, the new name is made in that and spelled as the last name of FROM. A name that holds something
/// already stays as it is, unless `--force` is given.
#[command(alias = "cp", effect = destroys)]
pub(crate) async fn copy(
    /// The name to copy
    from: Readable,
    /// The new name, or the directory to copy into
    to: Replaceable,
    /// Replace what the new name holds already
    #[option]
    force: bool,
) -> Result<Output, Problem> {
    let to = place(&from, &to, force).await?;
    to.copy_from(&from).await?;
    Ok(Output::message(format!("{from} copied to {to}")))
}

/// Where a thing goes that is copied or moved.
async fn place(from: &impl Designated, to: &Replaceable, force: bool) -> Result<Replaceable, Problem> {
    let place = to.place_for(from).await?;
    if force { place.replacing() } else { Ok(place) }
}

/// Make an empty directory
#[command(effect = writes)]
pub(crate) async fn mkdir(
    /// The name of the new directory; it must be free
    name: NewName,
) -> Result<Output, Problem> {
    name.make_directory().await?;
    Ok(Output::message(format!("Directory {name} created")))
}
