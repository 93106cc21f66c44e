//! A command that hands out an object which does harm when it is called.

use std::hint::black_box;

use powerbox_sdk::{Object, Output, Problem, callback, command};

/// Hand out an object and wait until whoever has it is done
#[command(effect = communicates)]
#[allow(clippy::panic, reason = "it is what this command is for")]
pub(crate) async fn bait(
    /// Who gets it
    #[methods("tease", "swarm")]
    object: Object,
    /// What the object does when it is called: nothing, panic, spin
    #[default = "nothing"]
    does: String,
    /// The method that is told of it
    #[option]
    #[default = "tease"]
    method: String,
) -> Result<Output, Problem> {
    let listener = callback("Listener", move |_, _| {
        let does = does.clone();
        async move {
            match does.as_str() {
                "panic" => panic!("this object panics when it is called"),
                "spin" => loop {
                    black_box(());
                },
                _ => Ok(()),
            }
        }
    });
    let answer = object.call(method, "#[\"$0\"]".to_owned(), vec![&listener]).await?;
    Ok(Output::Value(answer))
}
