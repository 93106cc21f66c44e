//! Two slots of one interface, and an object that is called.

use powerbox_sdk::{Json, Object, Output, Passable, Problem, command, smallcaps};

use crate::slots;

/// List the names at home
#[command(effect = reads)]
pub(crate) async fn home(
    /// Where, below the directory that the slot is bound to
    path: Option<Vec<String>>,
) -> Result<Output, Problem> {
    Ok(Output::Lines(slots::home::list(path.unwrap_or_default()).await?))
}

/// List the names at work
#[command(effect = reads)]
pub(crate) async fn work(
    /// Where, below the directory that the slot is bound to
    path: Option<Vec<String>>,
) -> Result<Output, Problem> {
    Ok(Output::Lines(slots::work::list(path.unwrap_or_default()).await?))
}

/// Look a name up in both directories
#[command(effect = reads)]
pub(crate) async fn both(
    /// The name
    name: String,
) -> Result<Output, Problem> {
    let home = report(slots::home::lookup(vec![name.clone()]).await);
    let work = report(slots::work::lookup(vec![name]).await);
    Ok(Output::lines([format!("home: {home}"), format!("work: {work}")]))
}

fn report(answer: Result<Passable, Problem>) -> String {
    match answer {
        Ok(value) => {
            let names = value.slots.iter().map(|slot| slot.interface_name().unwrap_or_default());
            format!("{} [{}]", value.body, names.collect::<Vec<_>>().join(", "))
        }
        Err(problem) => problem.explain(),
    }
}

/// Call a method of an object
///
/// `describe` is the only method that its parameter declares.
#[command(effect = executes)]
pub(crate) async fn call(
    /// The object
    #[methods("describe")]
    object: Object,
    /// The method to call
    method: String,
    /// The arguments, as a list
    #[default = "[]"]
    arguments: Json,
) -> Result<Output, Problem> {
    let body = smallcaps::from_json(&arguments.0)?;
    Ok(Output::Value(object.call(method, body, Vec::new()).await?))
}
