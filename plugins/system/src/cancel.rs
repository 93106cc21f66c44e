use powerbox_sdk::{Cancellable, Output, Problem, command};

/// End what a name holds
///
/// The live value is dropped, and with it what depends on it. It is made anew when it is next looked up.
#[command(effect = destroys)]
pub(crate) async fn cancel(
    /// The name of what is to end
    name: Cancellable,
    /// Why, for those who depend on it
    reason: Option<String>,
) -> Result<Output, Problem> {
    name.cancel(reason).await?;
    Ok(Output::message(format!("{name} cancelled")))
}
