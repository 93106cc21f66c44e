//! Attacks as lists of steps.

use powerbox_sdk::{
    Cancellable, Change, Json, Name, Object, Output, Passable, Problem, Secret, Value, command, smallcaps,
};

use crate::step::Tries;

/// Carry out steps, one after the other, and tell what came of each
///
/// A step is a list: what to call, and with what. References in answers are numbered in the order in which they come,
/// after the objects that are given, and `{"ref": 0}` in a value stands for one.
#[command(effect = executes)]
pub(crate) async fn attempt(
    /// The steps
    steps: Json,
    /// Objects to begin with
    #[option]
    #[methods("text")]
    object: Option<Object>,
    /// The same, of which more may be called
    #[option]
    #[methods("text", "wreck")]
    strong: Option<Object>,
    /// The same, to which things may be given
    #[option]
    #[methods("put")]
    taker: Option<Object>,
    /// A name that may be read
    #[option]
    #[rights(read)]
    from: Option<Name>,
    /// A name that may be written
    #[option]
    #[rights(write)]
    to: Option<Name>,
    /// A text that is shown nowhere
    #[option]
    secret: Option<Secret>,
) -> Result<Output, Problem> {
    let Value::List(steps) = value(&steps)? else { return Err(Problem::invalid("steps are a list")) };
    let mut tries = Tries::new([object, strong, taker].into_iter().flatten().collect(), from, to);
    drop(secret);
    let mut said = Vec::new();
    for step in &steps {
        said.push(tell(tries.step(step).await));
    }
    Ok(Output::Lines(said))
}

/// What came of a step, in words.
pub(crate) fn tell(outcome: Result<String, Problem>) -> String {
    match outcome {
        Ok(answer) => format!("ok {answer}"),
        Err(problem) => format!("no {}", problem.explain()),
    }
}

/// End what a name holds
#[command(effect = destroys)]
pub(crate) async fn end(
    /// The name
    name: Cancellable,
) -> Result<Output, Problem> {
    name.cancel(None).await?;
    Ok(Output::message(format!("{name} ended")))
}

/// Follow the changes of a directory, and show each as it comes
#[command(effect = reads)]
pub(crate) async fn follow(
    /// The directory
    #[rights(read)]
    directory: Name,
) -> Result<Output, Problem> {
    let changes = directory.follow().await?;
    while let Some(change) = changes.next().await? {
        let (Change::Added(name) | Change::Removed(name)) = change;
        powerbox_sdk::emit(Output::Message(name)).await?;
    }
    Ok(Output::Nothing)
}

fn value(json: &Json) -> Result<Value, Problem> {
    Passable { body: smallcaps::from_json(&json.0)?, slots: Vec::new() }.decode()
}
