use crate::daemon::{Daemon, locate, located};
use crate::membrane::Problem;

/// Checks that a path of the person's names leads to an agent: something that has names of its own and acts with them. A
/// directory has names, too, but nobody acts with it, and a command that runs for one would do nothing that it says.
///
/// The daemon's own record of what it keeps there decides, not what the object says that it is.
pub(crate) async fn must_be_agent(daemon: &Daemon, names: Vec<String>, text: &str) -> Result<(), Problem> {
    let path = daemon.dialect().path(names);
    match located(&locate(daemon.host(), &path).await?) {
        Some(held) if held.is_agent() => Ok(()),
        Some(held) => Err(Problem::Invalid(format!(
            "`{text}` is {}, not an agent; `powerbox mkguest` makes one",
            held.in_words()
        ))),
        None => Err(Problem::NotFound(text.to_owned())),
    }
}
