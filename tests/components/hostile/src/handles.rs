//! Commands that misuse references.

use std::{cell::RefCell, mem::ManuallyDrop};

use powerbox_sdk::{Name, Object, Output, Problem, Readable, command};

/// Use a reference that it was never given
#[command(effect = reads)]
pub(crate) async fn forge(
    /// A guess
    #[default = 1]
    guess: u64,
) -> Result<Output, Problem> {
    // SAFETY: it is none; the host must notice. Dropping a guess would be a second attack, and only one is wanted.
    let name = ManuallyDrop::new(unsafe { Name::from_handle(u32::try_from(guess).unwrap_or(u32::MAX)) });
    Ok(Output::Value(name.lookup().await?))
}

thread_local! {
    static KEPT: RefCell<Vec<Readable>> = const { RefCell::new(Vec::new()) };
}

/// Keep a reference for the next time
///
/// Without a name it uses what it kept before.
#[command(effect = reads)]
pub(crate) async fn keep(
    /// What to keep
    name: Option<Readable>,
) -> Result<Output, Problem> {
    if let Some(name) = name {
        KEPT.with_borrow_mut(|kept| kept.push(name));
        return Ok(Output::message("kept"));
    }
    match KEPT.with_borrow_mut(Vec::pop) {
        Some(name) => Ok(Output::Value(name.lookup().await?)),
        None => Ok(Output::message("nothing was kept")),
    }
}

/// Make references
#[command(effect = reads)]
pub(crate) async fn hoard(
    /// What to refer to
    #[methods("describe")]
    object: Object,
    /// How many
    #[option]
    #[default = 1_000_000_000]
    count: u64,
) -> Result<Output, Problem> {
    // Room is made as it goes: all at once would be another attack.
    let mut hoard = Vec::new();
    for _ in 0..count {
        hoard.push(object.duplicate());
    }
    Ok(Output::message(hoard.len().to_string()))
}
