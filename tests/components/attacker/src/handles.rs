//! Misuse of references themselves: of the numbers by which a compartment knows them.

use std::cell::Cell;
use std::mem::ManuallyDrop;

use powerbox_sdk::{Name, Object, Output, Passable, Problem, command};

/// Tell the number of a reference, or use one that is only a number
#[command(effect = reads)]
pub(crate) async fn forge(
    /// What to begin with
    #[methods("text")]
    object: Object,
    /// How far from its number to guess
    #[option]
    #[default = 0]
    beside: u64,
) -> Result<Output, Problem> {
    let number = object.handle().wrapping_add(beside as u32);
    // SAFETY: it is none; the host must notice. Dropping a guess would be a second attack, and only one is wanted.
    let guess = ManuallyDrop::new(unsafe { Object::from_handle(number) });
    said(&guess).await
}

/// Use a name as if it were an object
#[command(effect = reads)]
pub(crate) async fn confuse(
    /// The object
    #[methods("text")]
    object: Object,
    /// The name
    #[rights(read)]
    name: Name,
    /// Whether to take the name for the object
    #[option]
    swap: bool,
) -> Result<Output, Problem> {
    let number = if swap { name.handle() } else { object.handle() };
    // SAFETY: as above.
    let taken = ManuallyDrop::new(unsafe { Object::from_handle(number) });
    said(&taken).await
}

/// Use a reference that was given up
#[command(effect = reads)]
pub(crate) async fn stale(
    /// What to begin with
    #[methods("text")]
    object: Object,
    /// Whether to give it up first
    #[option]
    give_up: bool,
) -> Result<Output, Problem> {
    let number = object.handle();
    let kept = ManuallyDrop::new(object);
    if give_up {
        drop(ManuallyDrop::into_inner(kept));
    }
    // SAFETY: as above.
    let again = ManuallyDrop::new(unsafe { Object::from_handle(number) });
    said(&again).await
}

thread_local! {
    static KEPT: Cell<Option<u32>> = const { Cell::new(None) };
}

/// Keep a reference's number for later, and use what was kept
#[command(effect = reads)]
pub(crate) async fn keep(
    /// What to keep
    #[methods("text")]
    object: Option<Object>,
    /// Whether to use it at once
    #[option]
    now: bool,
) -> Result<Output, Problem> {
    if let Some(object) = object {
        KEPT.set(Some(ManuallyDrop::new(object).handle()));
        if !now {
            return Ok(Output::message("kept"));
        }
    }
    // Without a number that was kept, the one that the first reference had the last time.
    // SAFETY: as above.
    let kept = ManuallyDrop::new(unsafe { Object::from_handle(KEPT.get().unwrap_or(1)) });
    said(&kept).await
}

/// Give one reference away twice
#[command(effect = reads)]
pub(crate) async fn twice(
    /// What to give away
    #[methods("text")]
    object: Object,
    /// Whether to make no second one for the second time
    #[option]
    double: bool,
) -> Result<Output, Problem> {
    let second = if double {
        // SAFETY: as above.
        unsafe { Object::from_handle(object.handle()) }
    } else {
        object.duplicate()
    };
    Ok(Output::Value(Passable { body: "#[\"$0\",\"$1\"]".to_owned(), slots: vec![object, second] }))
}

async fn said(object: &Object) -> Result<Output, Problem> {
    let answer = object.call("text".to_owned(), "#[]".to_owned(), Vec::new()).await?;
    Ok(Output::Text(answer.to_text().unwrap_or(answer.body)))
}
