//! Objects of a plugin's own, which others can call while a command runs.

use std::cell::RefCell;
use std::pin::Pin;
use std::rc::Rc;

use crate::bindings::powerbox::plugin::callbacks;
use crate::{Object, Passable, Problem};

type Answer = Pin<Box<dyn Future<Output = Result<Passable, Problem>>>>;
type Callback = Rc<dyn Fn(String, Passable) -> Answer>;

thread_local! {
    // A compartment has one thread and serves one command, so these are the objects of this command alone.
    static MADE: RefCell<Vec<Callback>> = const { RefCell::new(Vec::new()) };
}

/// Makes an object that answers messages with a function, to be passed to others.
///
/// ```no_run
/// # use powerbox_sdk::{Problem, callback};
/// # use std::{cell::Cell, rc::Rc};
/// let seen = Rc::new(Cell::new(0));
/// let listener = callback("Listener", {
///     let seen = Rc::clone(&seen);
///     move |method, arguments| {
///         let seen = Rc::clone(&seen);
///         async move {
///             match method.as_str() {
///                 "changed" => Ok(seen.set(seen.get() + 1)),
///                 other => Err(Problem::invalid(format!("a listener has no method {other:?}"))),
///             }
///         }
///     }
/// });
/// ```
///
/// The function gets the method's name and the list of arguments; [`Passable::decode`] and [`Passable::to_json`] read
/// them. What it returns becomes a [`Passable`] by `Into`; `()` becomes `undefined`. `interface_name` is what the
/// object tells others that it is.
///
/// Messages come while the command waits for something, so a command that wants any has to. Several may be under way
/// at once. The object lives as long as the command runs, and the function with all that it holds; afterwards calls to
/// it fail.
///
/// Using it makes a plugin ask for the local power `callbacks`, and the plugin's group must be marked `#[receives]`
/// (see [`group!`](crate::group)): without that no message arrives.
pub fn callback<R, F>(interface_name: &str, answer: impl Fn(String, Passable) -> F + 'static) -> Object
where
    R: Into<Passable>,
    F: Future<Output = Result<R, Problem>> + 'static,
{
    let callback: Callback = Rc::new(move |method, arguments| {
        let answered = answer(method, arguments);
        Box::pin(async move { answered.await.map(Into::into) })
    });
    let id = MADE.with_borrow_mut(|made| {
        made.push(callback);
        made.len() as u64 - 1
    });
    callbacks::make(id, interface_name)
}

// What `#[receives]` exports; called by no other.
#[doc(hidden)]
pub async fn receive(id: u64, method: String, body: String, slots: Vec<Object>) -> Result<Passable, Problem> {
    let callback = usize::try_from(id).ok().and_then(|id| MADE.with_borrow(|made| made.get(id).cloned()));
    match callback {
        Some(callback) => callback(method, Passable { body, slots }).await,
        None => Err(Problem::invalid(format!("this plugin made no object {id}"))),
    }
}

/// Nothing at all becomes `undefined`.
impl From<()> for Passable {
    fn from((): ()) -> Self {
        Self { body: "#\"#undefined\"".to_owned(), slots: Vec::new() }
    }
}
